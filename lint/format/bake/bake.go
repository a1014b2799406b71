// Package bake reads docker-bake.hcl and docker-bake.json, in which Buildx finds
// what to build.
//
// A target says nothing of whether it is published: that is up to whoever calls
// bake. So each target is a build that is not pushed, under its name, and the graph
// joins it with the workflows that push it.
//
// A value that depends on variables is what their defaults make of it, and says so,
// since the environment may set them: whoever calls bake may know better. Functions
// are known as far as lists of platforms are made with them (variables.go). A target
// with a matrix becomes a target for each of its rows (matrix.go). Inherited attributes
// are followed.
package bake

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/hclbounds"
	"github.com/archlint/archlint/lint/source"
)

// Bounds on a file.
const (
	maxTargets = 500
	maxDepth   = 20 // of inheritance and of groups
)

var (
	file = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "target", LabelNames: []string{"name"}},
		{Type: "group", LabelNames: []string{"name"}},
		{Type: "variable", LabelNames: []string{"name"}},
	}}
	body = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "inherits"},
		{Name: "platforms"},
		{Name: "dockerfile"},
		{Name: "context"},
		{Name: "target"},
		{Name: "tags"},
		{Name: "args"},
		{Name: "output"},
		{Name: "matrix"},
		{Name: "name"},
		{Name: "targets"},
		{Name: "dockerfile-inline"},
	}}
)

// target is a target with what it inherits.
type target struct {
	name       string
	span       source.Span // of the name
	attributes map[string]*hcl.Attribute
	row        row // of its matrix, nil if it has none

	read, unknown bool // parents are known, or cannot be
	parents       []string
}

type reader struct {
	file     *source.File
	document *facts.Document
	targets  map[string]*target
	order    []string
	// variables are those of the file, by name.
	variables map[string]*variable
}

// Parse reads a file.
func Parse(f *source.File) *facts.Document {
	r := &reader{file: f, document: &facts.Document{File: f, Kind: facts.Bake}, targets: map[string]*target{}, variables: map[string]*variable{}}
	if p, is := hclbounds.Check(f); is {
		r.document.Problems = append(r.document.Problems, p)
		return r.document
	}
	r.document.Comments = comments(f)
	parsed, diagnostics := r.parse()
	if parsed == nil || diagnostics.HasErrors() {
		for _, d := range diagnostics {
			if d.Severity == hcl.DiagError {
				at := hcl.Range{}
				if d.Subject != nil {
					at = *d.Subject
				}
				r.problem(at, strings.TrimSuffix(d.Summary, ".")+"; see https://docs.docker.com/build/bake/reference")
				break
			}
		}
	}
	if parsed == nil {
		return r.document
	}
	content, _, _ := parsed.Body.PartialContent(file)
	for _, block := range content.Blocks {
		attributes, _, _ := block.Body.PartialContent(body)
		name := block.Labels[0]
		if block.Type == "variable" {
			r.variable(name, block)
			continue
		}
		if block.Type == "group" {
			r.document.Groups = append(r.document.Groups, &facts.Group{Name: name, Targets: r.words(attributes.Attributes["targets"])})
			continue
		}
		if len(r.targets) >= maxTargets && r.targets[name] == nil {
			r.problem(block.DefRange, fmt.Sprintf("there are more than %d targets; the others are not read: split the file", maxTargets))
			break
		}
		if have := r.targets[name]; have != nil { // blocks of one name add up
			for k, a := range attributes.Attributes {
				have.attributes[k] = a
			}
			continue
		}
		r.targets[name] = &target{name: name, span: r.span(block.LabelRanges[0]), attributes: attributes.Attributes}
		r.order = append(r.order, name)
	}
	r.expand()
	for _, name := range r.order {
		r.document.Builds = append(r.document.Builds, r.build(r.targets[name]))
	}
	return r.document
}

// parse reads the syntax. What its libraries panic at is no file.
func (r *reader) parse() (parsed *hcl.File, diagnostics hcl.Diagnostics) {
	defer func() {
		if recover() != nil {
			parsed, diagnostics = nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The file cannot be read"}}
		}
	}()
	if strings.HasSuffix(strings.ToLower(r.file.Path), ".json") {
		return json.Parse(r.file.Data, r.file.Path)
	}
	return hclsyntax.ParseConfig(r.file.Data, r.file.Path, hcl.InitialPos)
}

func (r *reader) problem(at hcl.Range, message string) {
	r.document.Problems = append(r.document.Problems, facts.Problem{Span: r.span(at), Message: message})
}

// span returns the place of a range, without the quotes around a name.
func (r *reader) span(at hcl.Range) source.Span {
	start, end := min(at.Start.Byte, len(r.file.Data)), min(at.End.Byte, len(r.file.Data))
	for start < end && r.file.Data[start] == '"' && r.file.Data[end-1] == '"' && end-start > 1 {
		start, end = start+1, end-1
	}
	return r.file.Span(start, max(start, end))
}

// attribute returns what holds for a target: its own, or that of the last of those it
// inherits from that has one. A target that several inherit from is looked at once.
func (r *reader) attribute(t *target, name string) *hcl.Attribute {
	return r.find(t, name, map[*target]bool{}, 0)
}

func (r *reader) find(t *target, name string, seen map[*target]bool, depth int) *hcl.Attribute {
	if a := t.attributes[name]; a != nil {
		return a
	}
	if depth >= maxDepth || seen[t] {
		return nil
	}
	seen[t] = true
	parents, _ := r.parents(t)
	for _, p := range slices.Backward(parents) {
		if parent := r.targets[p]; parent != nil {
			if a := r.find(parent, name, seen, depth+1); a != nil {
				return a
			}
		}
	}
	return nil
}

// parents returns the names that a target inherits from, false if they are not known.
func (r *reader) parents(t *target) ([]string, bool) {
	if a := t.attributes["inherits"]; a != nil && !t.read {
		t.read = true
		list, ok := constant(a.Expr)
		for _, w := range list {
			t.parents = append(t.parents, w.text)
		}
		if !ok {
			t.parents, ok = r.inRow(t, a.Expr)
		}
		t.unknown = !ok
	}
	return t.parents, !t.unknown
}

// inheritsUnknown reports whether a target, or one that it inherits from, takes over
// from what is not in this file.
func (r *reader) inheritsUnknown(t *target) bool {
	return r.leavesFile(t, map[*target]bool{}, 0)
}

// leavesFile goes through what a target inherits from; done is false for those that
// it is within, to which only a circle leads back.
func (r *reader) leavesFile(t *target, done map[*target]bool, depth int) bool {
	parents, ok := r.parents(t)
	if finished, seen := done[t]; !ok || seen {
		return !ok || !finished
	}
	if len(parents) == 0 {
		return false
	}
	if depth >= maxDepth {
		return true
	}
	done[t] = false
	for _, name := range parents {
		if parent := r.targets[name]; parent == nil || r.leavesFile(parent, done, depth+1) {
			return true
		}
	}
	done[t] = true
	return false
}

// build returns the build of a target.
func (r *reader) build(t *target) *facts.Build {
	b := &facts.Build{
		Span: t.span, Tool: "docker buildx bake", Job: t.name, Push: facts.No, OpaqueArgs: r.inheritsUnknown(t),
		Platforms: facts.Platforms{State: facts.PlatformsAbsent},
	}
	directory := path.Dir(r.file.Path)
	if directory == "." {
		directory = ""
	}
	context, contextKnown := r.text(t, "context", ".")
	dockerfile, dockerfileKnown := r.text(t, "dockerfile", "Dockerfile")
	_, inline := t.attributes["dockerfile-inline"]
	if contextKnown && dockerfileKnown && !inline && !strings.Contains(context, "://") && !strings.HasPrefix(context, "git@") {
		// Bake reads paths from where it is called, which is the folder of the file
		// more often than not.
		b.Context = context
		if p := path.Join(directory, context, dockerfile); !path.IsAbs(dockerfile) && !strings.HasPrefix(p, "../") {
			b.Dockerfile = p
		}
	}
	if text, ok := r.text(t, "target", ""); ok {
		b.Target = text
	}
	if a := r.attribute(t, "args"); a != nil {
		b.Args = map[string][]facts.Value{}
		pairs, diagnostics := hcl.ExprMap(a.Expr)
		b.OpaqueArgs = b.OpaqueArgs || diagnostics.HasErrors()
		for _, p := range pairs {
			if key, ok := literal(p.Key); ok {
				b.Args[key.text] = nil
			}
		}
	}
	if a := r.attribute(t, "tags"); a != nil {
		if tags, ok := constant(a.Expr); ok {
			for _, tag := range tags {
				b.Tags = append(b.Tags, facts.Of(source.Verbatim(r.span(tag.at))))
			}
		} else if tags, _, ok := r.value(a.Expr, t.row); ok && (t.row != nil || !t.varies(a.Expr)) {
			for _, tag := range tags {
				b.Tags = append(b.Tags, facts.Text(tag))
			}
		} else {
			b.Tags = append(b.Tags, facts.Unknowable())
		}
	}
	if a := r.attribute(t, "output"); a != nil {
		outputs, ok := constant(a.Expr)
		b.Registry = ok && slices.ContainsFunc(outputs, func(o word) bool {
			return strings.Contains(o.text, "type=registry") || strings.Contains(o.text, "push=true")
		})
	}
	r.platforms(b, t)
	return b
}

// platforms reads for what a target is built.
func (r *reader) platforms(b *facts.Build, t *target) {
	unknown := func(why string) {
		b.Platforms.State, b.Platforms.Reason = facts.PlatformsUnknown, why
	}
	a := r.attribute(t, "platforms")
	switch {
	case a == nil && r.inheritsUnknown(t):
		unknown("the target inherits from one that is not in the file")
		return
	case a == nil:
		return
	}
	b.Platforms.Span = r.span(a.Expr.Range())
	words, ok := constant(a.Expr)
	if !ok {
		if t.varies(a.Expr) {
			unknown("the platforms depend on the matrix")
			return
		}
		if words, ok = r.evaluated(b, a.Expr); !ok {
			unknown("the platforms depend on what is not in the file")
			return
		}
	}
	for _, w := range words {
		if w.text == "local" {
			unknown("the platforms name the builder's own")
			return
		}
		p, err := arch.Parse(w.text)
		if err != nil {
			unknown(err.Error())
			return
		}
		b.Platforms.Set = b.Platforms.Set.Add(p)
	}
	if len(words) > 0 {
		b.Platforms.State = facts.PlatformsKnown
	}
}

// text returns an attribute that is one word: the fallback if there is none, false if
// it is not known.
func (r *reader) text(t *target, name, fallback string) (string, bool) {
	a := r.attribute(t, name)
	if a == nil {
		return fallback, true
	}
	if w, ok := literal(a.Expr); ok {
		return w.text, true
	}
	texts, ok := r.inRow(t, a.Expr)
	if !ok || len(texts) != 1 {
		return "", false
	}
	return texts[0], true
}

// words returns a constant list of words, nil for what is none.
func (r *reader) words(a *hcl.Attribute) []string {
	if a == nil {
		return nil
	}
	list, _ := constant(a.Expr)
	var out []string
	for _, w := range list {
		out = append(out, w.text)
	}
	return out
}

// word is a constant text in a file.
type word struct {
	text string
	at   hcl.Range
}

// constant returns a list of constant words. It is false if anything in it has to be
// evaluated.
func constant(e hcl.Expression) ([]word, bool) {
	list, diagnostics := hcl.ExprList(e)
	if diagnostics.HasErrors() {
		return nil, false
	}
	var out []word
	for _, item := range list {
		w, ok := literal(item)
		if !ok {
			return nil, false
		}
		out = append(out, w)
	}
	return out, true
}

// literal returns a constant word.
func literal(e hcl.Expression) (word, bool) {
	if len(e.Variables()) > 0 {
		return word{}, false
	}
	v, diagnostics := e.Value(nil) // without functions, too
	if diagnostics.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return word{}, false
	}
	return word{v.AsString(), e.Range()}, true
}

// comments finds the comments of an HCL file, for archlint:ignore.
func comments(f *source.File) []facts.Comment {
	if strings.HasSuffix(strings.ToLower(f.Path), ".json") || !bytes.Contains(f.Data, []byte("archlint:")) {
		return nil
	}
	tokens, _ := hclsyntax.LexConfig(f.Data, f.Path, hcl.InitialPos)
	var out []facts.Comment
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		text := strings.TrimSpace(strings.TrimLeft(string(t.Bytes), "#/"))
		start, end := t.Range.Start.Byte, t.Range.End.Byte
		for end > start && (f.Data[end-1] == '\n' || f.Data[end-1] == '\r') {
			end--
		}
		out = append(out, facts.Comment{Text: text, Span: f.Span(start, end)})
	}
	return out
}
