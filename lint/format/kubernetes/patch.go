package kubernetes

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

const (
	maxSegments = 30  // of the path of an operation
	maxPatches  = 500 // and manifests, written out in one file
)

var operationKeys = [][]byte{[]byte("op"), []byte("path"), []byte("/spec")}

// saysPatch reports whether bytes may be a list of operations of JSON Patch (RFC 6902)
// that has something to say.
func saysPatch(data []byte) bool {
	for _, key := range operationKeys {
		if !bytes.Contains(data, key) {
			return false
		}
	}
	return hasSubject(data)
}

// operations reads a JSON Patch. What an operation adds is read as if it stood where its
// path leads to.
func (p *parser) operations(list *yaml.Node) {
	if p.what == "" {
		p.what = "patch"
	}
	for _, item := range p.walker.Items(list) {
		op, path, value := p.scalar(p.field(item, "op")), p.field(item, "path"), p.field(item, "value")
		segments := strings.Split(strings.TrimPrefix(p.scalar(path), "/"), "/")
		if value == nil || op != "add" && op != "replace" || !strings.HasPrefix(p.scalar(path), "/") || len(segments) > maxSegments {
			continue
		}
		for i := len(segments) - 1; i >= 0; i-- {
			if segments[i] == "-" || strings.Trim(segments[i], "0123456789") == "" {
				value = &yaml.Node{Kind: yaml.SequenceNode, Line: value.Line, Column: value.Column, Content: []*yaml.Node{value}}
				continue
			}
			name := strings.NewReplacer("~1", "/", "~0", "~").Replace(segments[i])
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: path.Line, Column: path.Column}
			value = &yaml.Node{Kind: yaml.MappingNode, Line: value.Line, Column: value.Column, Content: []*yaml.Node{key, value}}
		}
		before := len(p.doc.Placements)
		p.search(value, "", 0)
		for _, placement := range p.doc.Placements[before:] {
			placement.Whole = source.Span{} // it does not stand there as a whole
		}
	}
}

// inline reads a patch that is written out in a kustomization, or a manifest in a
// workflow.
func (p *parser) inline(n, target *yaml.Node) {
	if n == nil || n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "\n") {
		return
	}
	if p.patches++; p.patches > maxPatches || !hasSubject([]byte(n.Value)) {
		return
	}
	text := p.tree.Text(n)
	f := source.New(p.file.Path, []byte(text.String))
	sub := &parser{file: f, doc: &facts.Document{File: f}, mappings: map[*yaml.Node][]yamlnode.Entry{}}
	if kind := p.scalar(p.field(target, "kind")); kind != "" {
		sub.what = kind
		if name := p.scalar(p.field(target, "name")); name != "" {
			sub.what += " " + quote(name)
		}
	}
	sub.tree = yamlnode.Parse(f)
	sub.walker.Budget = sub.tree.Nodes + maxExpansion
	sub.steps = sub.tree.Nodes + maxExpansion
	for _, root := range sub.tree.Roots {
		if root.Kind == yaml.SequenceNode {
			sub.operations(root)
		} else {
			sub.manifest(root)
		}
	}
	move(sub.doc, func(s source.Span) source.Span {
		at := text.Span(s.Start, s.End)
		return p.file.Span(at.Start, at.End)
	})
	for _, use := range sub.doc.Images {
		if strings.Contains(use.Span.Text(), "{{") {
			use.References = nil
		}
	}
	p.doc.Images = append(p.doc.Images, sub.doc.Images[:min(len(sub.doc.Images), max(0, maxImages-len(p.doc.Images)))]...)
	p.doc.Placements = append(p.doc.Placements, sub.doc.Placements...)
}

// move gives facts the places that those which they have are somewhere else.
func move(doc *facts.Document, to func(source.Span) source.Span) {
	for _, use := range doc.Images {
		use.Span = to(use.Span)
		for i, v := range use.References {
			use.References[i] = facts.Text(v.String())
			if use.Span.Text() == v.String() {
				use.References[i] = facts.Of(source.Verbatim(use.Span))
			}
		}
	}
	for _, p := range doc.Placements {
		p.Span, p.Line, p.Whole = to(p.Span), to(p.Line), source.Span{}
		for i := range p.Values {
			p.Values[i] = to(p.Values[i])
		}
	}
}
