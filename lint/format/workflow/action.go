package workflow

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// ParseAction reads an action.yml: the steps of a composite action, the image of
// a docker action. What its inputs are given is not known; their defaults are.
func ParseAction(f *source.File, o Options) *facts.Document {
	r := newReader(f, facts.Action, o)
	if !r.aliasesBounded() {
		return r.doc
	}
	var root yaml.Node
	if err := yaml.Unmarshal(f.Data, &root); err != nil {
		r.doc.Problems = append(r.doc.Problems, yamlnode.Problem(f, err))
		return r.doc
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
		return r.doc
	}
	top := entries(root.Content[0])
	for name, in := range entries(top["inputs"].value) {
		r.inputs[name] = r.actionInput(in.value)
	}
	runs := entries(top["runs"].value)
	j := &job{rows: noMatrix(), env: []*layer{{}}}
	if image := runs["image"].value; isText(image) && strings.HasPrefix(image.Value, "docker://") {
		j.steps = []*step{{uses: r.node(image), env: &layer{}}}
	}
	j.steps = append(j.steps, r.actionSteps(runs["steps"].value)...)
	if name := top["name"].value; isText(name) {
		j.id = name.Value
	}
	r.job(j)
	r.handedOver([]*job{j})
	return r.doc
}

// actionInput reads the declaration of an input; those of actions are all texts.
func (r *reader) actionInput(n *yaml.Node) declared {
	d := declared{kind: text}
	if value := entries(n)["default"].value; isText(value) {
		d.fallback, d.dynamic = r.node(value), strings.Contains(value.Value, "${{")
	}
	return d
}

func (r *reader) actionSteps(n *yaml.Node) []*step {
	var out []*step
	if n != nil && n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			out = append(out, r.actionStep(follow(item)))
		}
	}
	return out
}

func (r *reader) actionStep(n *yaml.Node) *step {
	in := entries(n)
	out := &step{env: r.nodeLayer(in["env"].value), with: map[string]input{}}
	if n.Line > 0 {
		at := r.file.Offset(n.Line, n.Column)
		out.at = r.file.Span(at, at)
	}
	if id := in["id"].value; isText(id) {
		out.id = strings.ToLower(id.Value)
	}
	for name, to := range map[string]*source.Text{"if": &out.condition, "uses": &out.uses, "run": &out.run, "working-directory": &out.directory} {
		if value := in[name].value; isText(value) {
			*to = r.node(value)
		}
	}
	if value := in["shell"].value; isText(value) {
		out.shell = value.Value
	}
	for name, e := range entries(in["with"].value) {
		if isText(e.value) {
			out.with[name] = input{key: r.node(e.key).All(), value: r.node(e.value)}
		}
	}
	return out
}

func (r *reader) nodeLayer(n *yaml.Node) *layer {
	out := &layer{}
	if n = follow(n); n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key, value := n.Content[i], follow(n.Content[i+1]); isText(key) && isText(value) {
			out.add(variable{name: key.Value, span: r.node(key).All(), value: r.node(value)})
		}
	}
	return out
}

// entry is a key and a value of a mapping.
type entry struct{ key, value *yaml.Node }

// entries returns a mapping by lower case key; the zero map for anything else.
func entries(n *yaml.Node) map[string]entry {
	n = follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	out := make(map[string]entry, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[strings.ToLower(n.Content[i].Value)] = entry{key: n.Content[i], value: follow(n.Content[i+1])}
	}
	return out
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isText(n *yaml.Node) bool { return n != nil && n.Kind == yaml.ScalarNode }

func (r *reader) node(n *yaml.Node) source.Text {
	return source.Scalar(r.file, n.Line, n.Column, n.Value)
}
