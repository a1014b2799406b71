// Package devcontainer reads devcontainer.json: the image that developers work in, or
// how it is built, and the platform that it is pinned to.
//
// The file is JSON with comments and with commas behind the last item, and JSON without
// these is YAML. They are masked, byte for byte, so that everything keeps its place
// (jsonc.go). Compose files that it names are read for themselves, and features are
// scripts that are installed into the image, not images.
package devcontainer

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// maxNodes bounds what is looked at; JSON has no aliases, but what is read may not be JSON.
const maxNodes = 50_000

// Parse reads a devcontainer.json.
func Parse(f *source.File) *facts.Document {
	masked, comments := mask(f)
	p := &parser{file: f, doc: &facts.Document{File: f, Kind: facts.DevContainer, Comments: comments}}
	p.tree = yamlnode.Parse(source.New(f.Path, masked))
	p.walker.Budget = maxNodes
	for _, problem := range p.tree.Problems {
		if strings.Contains(string(f.Data), "{{") {
			break // a template of one
		}
		problem.Span = f.Span(problem.Span.Start, problem.Span.End)
		problem.Message = strings.Replace(problem.Message, "not valid YAML", "not valid JSON", 1)
		p.doc.Problems = append(p.doc.Problems, problem)
	}
	if len(p.tree.Roots) > 0 {
		p.container(p.tree.Roots[0])
	}
	return p.doc
}

type parser struct {
	file   *source.File
	doc    *facts.Document
	tree   *yamlnode.Tree
	walker yamlnode.Walker
}

func (p *parser) field(n *yaml.Node, name string) *yaml.Node {
	for _, e := range p.walker.Entries(n) {
		if e.Key.Value == name {
			return e.Value
		}
	}
	return nil
}

// value returns the text of a string, with its variables: a variable of the machine that
// the editor runs on has its default, others are not known.
func (p *parser) value(n *yaml.Node) facts.Value {
	if n == nil || n.Kind != yaml.ScalarNode {
		return facts.Unknowable()
	}
	text := p.tree.Text(n)
	// The text was read from the masked file; its places are those of the file itself.
	text.File = p.file
	v, out, at := facts.Of(text), facts.Value{}, 0
	for {
		start := strings.Index(text.String[at:], "${")
		if start < 0 {
			return out.Add(v.Slice(at, len(text.String)))
		}
		start += at
		end := strings.IndexByte(text.String[start:], '}')
		if end < 0 {
			return facts.Unknowable()
		}
		end += start
		out = out.Add(v.Slice(at, start))
		parts := strings.SplitN(text.String[start+len("${"):end], ":", 3)
		if len(parts) == 3 && (parts[0] == "localEnv" || parts[0] == "env") {
			out = out.Add(v.Slice(end-len(parts[2]), end))
		} else {
			out = out.Add(facts.Unknowable())
		}
		at = end + 1
	}
}

func (p *parser) text(n *yaml.Node) string {
	if v := p.value(n); v.Known() {
		return v.String()
	}
	return ""
}

func (p *parser) span(n *yaml.Node) source.Span {
	s := p.tree.Span(n)
	return p.file.Span(s.Start, s.End)
}

func (p *parser) container(root *yaml.Node) {
	what := "dev container"
	if name := p.text(p.field(root, "name")); name != "" && len(name) <= 100 {
		what += ` "` + name + `"`
	}
	var use *facts.ImageUse
	if n := p.field(root, "image"); n != nil && n.Kind == yaml.ScalarNode && n.Value != "" {
		use = &facts.ImageUse{Role: facts.RoleDevelop, Name: what, Span: p.span(n)}
		if v := p.value(n); v.Known() && v.String() != "" {
			use.References = []facts.Value{v}
		}
		p.doc.Images = append(p.doc.Images, use)
	}
	p.build(root, what)
	if pin := p.pin(p.field(root, "runArgs"), what, use); pin != nil && use != nil {
		use.Platform = pin
	}
}

// build reads how the image is built, in today's form and in the one before it.
func (p *parser) build(root *yaml.Node, what string) {
	options := p.field(root, "build")
	file, context := p.field(options, "dockerfile"), p.field(options, "context")
	if old := p.field(root, "dockerFile"); file == nil && old != nil {
		file = old
		if context == nil {
			context = p.field(root, "context")
		}
	}
	if file == nil || file.Kind != yaml.ScalarNode {
		return
	}
	b := &facts.Build{Span: p.span(file), Tool: what, Push: facts.No, Context: p.text(context), Target: p.text(p.field(options, "target"))}
	if name := p.text(file); name != "" && !path.IsAbs(name) {
		if at := path.Join(path.Dir(p.file.Path), name); at != ".." && !strings.HasPrefix(at, "../") {
			b.Dockerfile = at
		}
	}
	for _, e := range p.walker.Entries(p.field(options, "args")) {
		if b.Args == nil {
			b.Args = map[string][]facts.Value{}
		}
		b.Args[e.Key.Value] = nil
		if v := p.value(e.Value); v.Known() {
			b.Args[e.Key.Value] = []facts.Value{v}
		}
	}
	p.pin(p.field(options, "options"), "the build of "+what, nil)
	p.doc.Builds = append(p.doc.Builds, b)
}

// pin finds --platform among arguments of docker, nil if it is not there.
func (p *parser) pin(list *yaml.Node, what string, use *facts.ImageUse) *facts.Pin {
	var out *facts.Pin
	items := p.walker.Items(list)
	for i, item := range items {
		v := p.value(item)
		switch name, _, assigned := strings.Cut(v.String(), "="); {
		case name != "--platform":
			continue
		case assigned:
			v = v.Slice(len("--platform="), len(v.String()))
		case i+1 < len(items):
			v = p.value(items[i+1])
		default:
			continue
		}
		if v.Known() && !v.Empty() {
			out = &facts.Pin{Value: v, Span: v.Span(0, len(v.String())), What: what, Setting: "--platform", Image: use}
			if out.Span.IsZero() {
				out.Span = p.span(item)
			}
		}
	}
	if out != nil {
		p.doc.Pins = append(p.doc.Pins, out)
	}
	return out
}
