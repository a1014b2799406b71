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
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// Bounds on a file.
const (
	maxTargets = 500
	maxDepth   = 20 // of inheritance and of groups
	maxNesting = 64 // of brackets
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
	if nesting(f.Data) > maxNesting {
		r.problem(hcl.Range{}, "brackets nest too deep; exclude the file")
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
		if len(r.targets) >= maxTargets {
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

// nesting is how deep brackets are opened, wherever they stand.
func nesting(data []byte) int {
	depth, most := 0, 0
	for _, c := range data {
		switch c {
		case '{', '[', '(':
			depth++
			most = max(most, depth)
		case '}', ']', ')':
			depth = max(0, depth-1)
		}
	}
	return most
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
// inherits from that has one.
func (r *reader) attribute(t *target, name string, depth int) *hcl.Attribute {
	if a := t.attributes[name]; a != nil {
		return a
	}
	if depth >= maxDepth {
		return nil
	}
	parents, _ := r.parents(t)
	for _, p := range slices.Backward(parents) {
		if parent := r.targets[p]; parent != nil {
			if a := r.attribute(parent, name, depth+1); a != nil {
				return a
			}
		}
	}
	return nil
}

// inheritsUnknown reports whether a target, or one that it inherits from, takes over
// from what is not in this file.
func (r *reader) inheritsUnknown(t *target, depth int) bool {
	names, ok := r.parents(t)
	if !ok || depth >= maxDepth {
		return true
	}
	for _, n := range names {
		if parent := r.targets[n]; parent == nil || r.inheritsUnknown(parent, depth+1) {
			return true
		}
	}
	return false
}

// parents returns the targets that one inherits from, false if they are not known.
func (r *reader) parents(t *target) ([]string, bool) {
	a := t.attributes["inherits"]
	if a == nil {
		return nil, true
	}
	if list, ok := constant(a.Expr); ok {
		var out []string
		for _, w := range list {
			out = append(out, w.text)
		}
		return out, true
	}
	return r.inRow(t, a.Expr)
}

// build returns the build of a target.
func (r *reader) build(t *target) *facts.Build {
	b := &facts.Build{
		Span: t.span, Tool: "docker buildx bake", Job: t.name, Push: facts.No, OpaqueArgs: r.inheritsUnknown(t, 0),
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
	if a := r.attribute(t, "args", 0); a != nil {
		b.Args = map[string][]facts.Value{}
		pairs, diagnostics := hcl.ExprMap(a.Expr)
		b.OpaqueArgs = b.OpaqueArgs || diagnostics.HasErrors()
		for _, p := range pairs {
			if key, ok := literal(p.Key); ok {
				b.Args[key.text] = nil
			}
		}
	}
	if a := r.attribute(t, "tags", 0); a != nil {
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
	if a := r.attribute(t, "output", 0); a != nil {
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
	a := r.attribute(t, "platforms", 0)
	switch {
	case a == nil && r.inheritsUnknown(t, 0):
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
	a := r.attribute(t, name, 0)
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
