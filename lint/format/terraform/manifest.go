package terraform

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/hclbounds"
	"github.com/archlint/archlint/lint/format/kubernetes"
	"github.com/archlint/archlint/lint/source"
)

// manifest reads a manifest that a resource holds, as an object or as a text.
func (t *terraform) manifest(e hclsyntax.Expression) {
	if call, ok := e.(*hclsyntax.FunctionCallExpr); ok && (call.Name == "yamlencode" || call.Name == "yamldecode") && len(call.Args) == 1 {
		e = call.Args[0]
	}
	if text, ok := t.heredoc(e); ok {
		t.add(kubernetes.ParseText(text))
		return
	}
	if n := t.node(e, 0); n != nil && n.Kind == yaml.MappingNode {
		t.add(kubernetes.ParseManifest(t.file, n))
	}
}

// values reads what a release gives its chart.
func (t *terraform) values(a *hclsyntax.Attribute, what string) {
	if a == nil {
		return
	}
	items, _ := hcl.ExprList(a.Expr)
	for _, item := range items {
		call, ok := item.(*hclsyntax.FunctionCallExpr)
		if !ok || call.Name != "yamlencode" || len(call.Args) != 1 {
			continue
		}
		if n := t.node(call.Args[0], 0); n != nil && n.Kind == yaml.MappingNode {
			t.add(kubernetes.ParseValues(t.file, n, what))
		}
	}
}

func (t *terraform) add(doc *facts.Document) {
	for _, p := range doc.Placements {
		// What would be written in its place is YAML.
		p.Whole, p.Values = source.Span{}, nil
	}
	t.doc.Placements = append(t.doc.Placements, doc.Placements...)
	t.doc.Images = append(t.doc.Images, doc.Images[:min(len(doc.Images), max(0, maxImages-len(t.doc.Images)))]...)
}

// heredoc returns a constant text of several lines that stands in the file as it is.
func (t *terraform) heredoc(e hclsyntax.Expression) (source.Text, bool) {
	v, ok := constant(e, nil)
	if !ok || v.Type() != cty.String || !strings.Contains(v.AsString(), "\n") {
		return source.Text{}, false
	}
	whole := t.span(e.Range())
	i := strings.Index(whole.Text(), v.AsString())
	if i < 0 {
		return source.Text{}, false // indented, or with escapes
	}
	return source.Verbatim(t.file.Span(whole.Start+i, whole.Start+i+len(v.AsString()))), true
}

// node makes of an expression the YAML that it stands for, nil where it is not known.
func (t *terraform) node(e hcl.Expression, depth int) *yaml.Node {
	at := t.file.Position(min(e.Range().Start.Byte, len(t.file.Data)))
	n := &yaml.Node{Line: at.Line, Column: at.Column}
	if depth > hclbounds.MaxNesting {
		return nil
	}
	if v, ok := constant(e, nil); ok && v.Type() == cty.String {
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!str", v.AsString()
		return n
	}
	if pairs, diagnostics := hcl.ExprMap(e); !diagnostics.HasErrors() {
		n.Kind = yaml.MappingNode
		for _, pair := range pairs {
			name := hcl.ExprAsKeyword(pair.Key)
			if name == "" {
				name = word(pair.Key)
			}
			value := t.node(pair.Value, depth+1)
			if name == "" || value == nil {
				continue
			}
			at := t.file.Position(min(pair.Key.Range().Start.Byte, len(t.file.Data)))
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: at.Line, Column: at.Column}, value)
		}
		return n
	}
	if items, diagnostics := hcl.ExprList(e); !diagnostics.HasErrors() {
		n.Kind = yaml.SequenceNode
		for _, item := range items {
			value := t.node(item, depth+1)
			if value == nil {
				// A list with a hole says less than it seems to: of values that are
				// allowed, one is missing.
				value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: at.Line, Column: at.Column}
			}
			n.Content = append(n.Content, value)
		}
		return n
	}
	return nil
}
