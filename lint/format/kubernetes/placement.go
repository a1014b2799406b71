package kubernetes

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
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

// machineLabels say of what type a node is.
var machineLabels = []string{
	"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "karpenter.k8s.aws/instance-family", "cloud.google.com/machine-family",
}

// OfLabel returns the architectures of the nodes on which a label has a value, if that
// decides it, and whether it is the type of the machine that does.
func OfLabel(label, value string) (architecture string, machine, ok bool) {
	switch {
	case slices.Contains(archLabels, label):
		return value, false, slices.Contains(architectures, value)
	case slices.Contains(machineLabels, label):
		architecture, ok = arch.OfInstance(value)
		return architecture, true, ok
	}
	return "", false, false
}

// Windows reports whether the nodes on which a label has a value run Windows.
func Windows(label, value string) bool { return slices.Contains(osLabels, label) && value == "windows" }

// Architectures are all values that the label for it has.
func Architectures() []string { return slices.Clone(architectures) }

// windows reports whether a pod is for nodes of Windows.
func (p *parser) windows(pod *yaml.Node) bool {
	if p.scalar(p.field(pod, "os", "name")) == "windows" {
		return true
	}
	selector := p.field(pod, "nodeSelector")
	for _, label := range osLabels {
		if Windows(label, p.scalar(p.field(selector, label))) {
			return true
		}
	}
	terms := p.walker.Items(p.field(required(p, pod), "nodeSelectorTerms"))
	for _, term := range terms {
		if !p.windowsOnly(p.walker.Items(p.field(term, "matchExpressions"))) {
			return false
		}
	}
	return len(terms) > 0
}

// windowsOnly reports whether expressions ask for nodes of Windows.
func (p *parser) windowsOnly(expressions []*yaml.Node) bool {
	for _, e := range expressions {
		values := p.walker.Items(p.field(e, "values"))
		if slices.Contains(osLabels, p.scalar(p.field(e, "key"))) && p.scalar(p.field(e, "operator")) == "In" && len(values) == 1 && p.scalar(values[0]) == "windows" {
			return true
		}
	}
	return false
}

// required returns the affinity that a pod insists on.
func required(p *parser, pod *yaml.Node) *yaml.Node {
	return p.field(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
}

// selector reads the nodeSelector of a pod: labels that a node must have.
func (p *parser) selector(pod *yaml.Node) *facts.Placement {
	var key, n *yaml.Node
	affinity := p.templated
	for _, e := range p.entries(pod) {
		switch e.Key.Value {
		case "nodeSelector":
			key, n = e.Key, p.walker.Resolve(e.Value)
		case "affinity":
			affinity = true
		}
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	entries := p.entries(n)
	var out *facts.Placement
	for _, e := range entries {
		value := p.walker.Resolve(e.Value)
		name := p.scalar(value)
		this := &facts.Placement{
			What: p.what, Setting: "nodeSelector", Label: e.Key.Value, Span: source.Span{}, Alone: len(entries) == 1,
		}
		architecture, machine, ok := OfLabel(e.Key.Value, name)
		if !ok || machine && out != nil {
			continue
		}
		if this.Architectures = []string{architecture}; machine {
			this.Machine = name
		}
		this.Span, this.Line = p.span(value), p.joined(e.Key, value)
		this.Values = []source.Span{this.Span}
		out = this
		if this.Machine == "" {
			break
		}
	}
	if out != nil && out.Machine == "" && !affinity {
		whole := p.span(n)
		out.Whole = p.file.Span(p.span(key).Start, max(whole.End, out.Line.End))
	}
	return out
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
		out.Values, out.Alone = nil, false // which of the lists to change is not said
	}
	return out
}

// term reads a term, nil if it says nothing of architectures, or is for Windows.
func (p *parser) term(n *yaml.Node) *facts.Placement {
	expressions := p.walker.Items(p.field(n, "matchExpressions"))
	if p.windowsOnly(expressions) {
		return nil
	}
	return p.expressions(expressions, "nodeAffinity")
}

// expressions reads what nodes must be, and returns what leaves the fewest
// architectures.
func (p *parser) expressions(list []*yaml.Node, setting string) *facts.Placement {
	var out *facts.Placement
	for _, e := range list {
		if this := p.expression(e, setting); this != nil && (out == nil || len(this.Architectures) < len(out.Architectures)) {
			out = this
		}
	}
	return out
}

func (p *parser) expression(e *yaml.Node, setting string) *facts.Placement {
	key, operator, list := p.scalar(p.field(e, "key")), p.scalar(p.field(e, "operator")), p.field(e, "values")
	values := p.walker.Items(list)
	machines := slices.Contains(machineLabels, key)
	if !machines && !slices.Contains(archLabels, key) || len(values) == 0 || operator != "In" && (machines || operator != "NotIn") {
		return nil
	}
	out := &facts.Placement{What: p.what, Setting: setting, Label: key, Line: p.span(list), Alone: operator == "In"}
	for _, v := range values {
		name, _, ok := OfLabel(key, p.scalar(v))
		if !ok {
			return nil
		}
		if machines && out.Machine == "" {
			out.Machine = p.scalar(v)
		}
		if !slices.Contains(out.Architectures, name) {
			out.Architectures = append(out.Architectures, name)
		}
		out.Values = append(out.Values, p.span(v))
	}
	if operator == "NotIn" {
		out.Architectures = slices.DeleteFunc(Architectures(), func(a string) bool { return slices.Contains(out.Architectures, a) })
	}
	out.Span = out.Values[0]
	if last := out.Values[len(out.Values)-1]; last.End > out.Span.End {
		out.Span = p.file.Span(out.Span.Start, last.End)
	}
	return out
}

// pools reads the pools of nodes that an object describes: those of Karpenter by what
// they require of nodes, those of eksctl by the type of their machines.
func (p *parser) pools(root *yaml.Node, kind string) {
	group, _, _ := strings.Cut(p.system, "/")
	switch {
	case group == "karpenter.sh" && (kind == "NodePool" || kind == "Provisioner"):
		requirements := p.field(root, "spec", "template", "spec", "requirements")
		if kind == "Provisioner" {
			requirements = p.field(root, "spec", "requirements")
		}
		list := p.walker.Items(requirements)
		placement := p.expressions(list, "requirements")
		if placement == nil {
			at := p.span(p.field(root, "kind"))
			placement = &facts.Placement{What: p.what, Setting: "requirements", Architectures: architectures, Span: at, Line: at}
		}
		if !p.windowsOnly(list) {
			p.pool(placement)
		}
	case group == "eksctl.io" && kind == "ClusterConfig":
		for _, key := range [...]string{"managedNodeGroups", "nodeGroups"} {
			for _, item := range p.walker.Items(p.field(root, key)) {
				n := p.field(item, "instanceType")
				name := p.scalar(n)
				if architecture, ok := arch.OfInstance(name); ok {
					p.pool(&facts.Placement{
						What: "node group " + quote(p.scalar(p.field(item, "name"))), Setting: "instanceType", Label: "instanceType", Machine: name,
						Architectures: []string{architecture}, Span: p.span(n), Line: p.span(n), Values: []source.Span{p.span(n)}, Alone: true,
					})
				}
			}
		}
	}
}

func (p *parser) pool(placement *facts.Placement) {
	placement.Pool = true
	p.doc.Placements = append(p.doc.Placements, placement)
}
