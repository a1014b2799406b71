package kubernetes

import (
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// ParseText reads manifests that are written out in a file of another format.
func ParseText(text source.Text) *facts.Document {
	doc := manifests(source.New(text.File.Path, []byte(text.String)))
	move(doc, func(s source.Span) source.Span { return text.Span(s.Start, s.End) })
	return doc
}

// ParseManifest reads a manifest that a file of another format holds as a tree, of which
// the nodes say where they stand in the file.
func ParseManifest(f *source.File, root *yaml.Node) *facts.Document {
	p := embedded(f)
	p.manifest(root)
	return p.doc
}

// ParseValues is ParseManifest for the values of a chart; what says whose they are.
func ParseValues(f *source.File, root *yaml.Node, what string) *facts.Document {
	p := embedded(f)
	p.kind, p.what = "values", what
	p.searchValues(root, "", &metadata{}, 0)
	return p.doc
}

func embedded(f *source.File) *parser {
	return &parser{
		file: f, doc: &facts.Document{File: f}, tree: &yamlnode.Tree{File: f}, mappings: map[*yaml.Node][]yamlnode.Entry{},
		walker: yamlnode.Walker{Budget: maxExpansion}, steps: maxExpansion,
	}
}
