package kubernetes

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// The labels of nodes that say what they are (kubernetes.io, "Well-Known Labels,
// Annotations and Taints"); those of beta are older names of the same.
var (
	archLabels = []string{"kubernetes.io/arch", "beta.kubernetes.io/arch"}
	osLabels   = []string{"kubernetes.io/os", "beta.kubernetes.io/os"}
)

// architectures are the values of the labels, those that archlint has names for.
var architectures = []string{"amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64"}

// windows reports whether a selector is for nodes of Windows.
func (p *parser) windows(selector *yaml.Node) bool {
	for _, label := range osLabels {
		if p.scalar(p.field(selector, label)) == "windows" {
			return true
		}
	}
	return false
}

// selector reads a nodeSelector: labels that a node must have.
func (p *parser) selector(n *yaml.Node) *facts.Placement {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	entries := p.entries(n)
	for _, e := range entries {
		value := p.walker.Resolve(e.Value)
		if !slices.Contains(archLabels, e.Key.Value) || value == nil || !slices.Contains(architectures, p.scalar(value)) {
			continue
		}
		return &facts.Placement{
			What: p.what, Setting: "nodeSelector", Label: e.Key.Value, Span: p.span(value), Line: p.joined(e.Key, value),
			Architectures: []string{p.scalar(value)}, Values: []source.Span{p.span(value)}, Alone: len(entries) == 1,
		}
	}
	return nil
}

// joined is the place of a key and its value.
func (p *parser) joined(key, value *yaml.Node) source.Span {
	a, b := p.span(key), p.span(value)
	return p.file.Span(a.Start, max(a.End, b.End))
}

// affinity reads what nodes a pod requires: one of several terms, each with several
// expressions that must all hold.
func (p *parser) affinity(n *yaml.Node) *facts.Placement {
	terms := p.walker.Items(p.field(n, "nodeSelectorTerms"))
	var out *facts.Placement
	for _, term := range terms {
		one := p.term(term)
		if one == nil {
			return nil // a way for every architecture
		}
		if out == nil {
			out = one
			continue
		}
		for _, a := range one.Architectures {
			if !slices.Contains(out.Architectures, a) {
				out.Architectures = append(out.Architectures, a)
			}
		}
		out.Values = nil // which of the lists to change is not said
	}
	return out
}

// term reads a term, nil if it says nothing of architectures, or is for Windows.
func (p *parser) term(n *yaml.Node) *facts.Placement {
	var out *facts.Placement
	for _, e := range p.walker.Items(p.field(n, "matchExpressions")) {
		key, operator, list := p.scalar(p.field(e, "key")), p.scalar(p.field(e, "operator")), p.field(e, "values")
		values := p.walker.Items(list)
		if slices.Contains(osLabels, key) && operator == "In" && len(values) == 1 && p.scalar(values[0]) == "windows" {
			return nil
		}
		if !slices.Contains(archLabels, key) || len(values) == 0 {
			continue
		}
		this := &facts.Placement{What: p.what, Setting: "nodeAffinity", Label: key, Line: p.span(list), Alone: true}
		known := true
		var named []string
		for _, v := range values {
			known = known && slices.Contains(architectures, p.scalar(v))
			named = append(named, p.scalar(v))
			this.Values = append(this.Values, p.span(v))
		}
		switch {
		case !known:
			continue
		case operator == "In":
			this.Architectures = named
		case operator == "NotIn":
			for _, a := range architectures {
				if !slices.Contains(named, a) {
					this.Architectures = append(this.Architectures, a)
				}
			}
			this.Alone = false
		default:
			continue
		}
		this.Span = this.Values[0]
		if last := this.Values[len(this.Values)-1]; last.End > this.Span.End {
			this.Span = p.file.Span(this.Span.Start, last.End)
		}
		out = this
	}
	return out
}
