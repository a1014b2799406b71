package terraform

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/hclbounds"
	"github.com/archlint/archlint/lint/format/kubernetes"
	"github.com/archlint/archlint/lint/source"
)

// containers are the blocks of a pod that are containers (the provider's schema of a
// pod's spec).
var containers = []string{"container", "init_container"}

// workload reads a resource of the provider for Kubernetes: pods are found by their form,
// as in manifests.
func (t *terraform) workload(block *hclsyntax.Block) {
	kind := strings.TrimPrefix(block.Labels[0], "kubernetes_")
	for _, version := range [...]string{"_v1", "_v2", "_v1beta1", "_v2beta2"} {
		kind = strings.TrimSuffix(kind, version)
	}
	var what strings.Builder
	for word := range strings.SplitSeq(kind, "_") {
		what.WriteString(strings.ToUpper(word[:min(1, len(word))]) + word[min(1, len(word)):])
	}
	t.pods(block.Body, what.String()+` "`+block.Labels[1]+`"`, 0)
}

func (t *terraform) pods(body *hclsyntax.Body, what string, depth int) {
	if depth > hclbounds.MaxNesting {
		return
	}
	if t.pod(body, what) {
		return
	}
	for _, b := range body.Blocks {
		t.pods(b.Body, what, depth+1)
	}
}

// pod reads the specification of a pod; false if the body is none.
func (t *terraform) pod(body *hclsyntax.Body, what string) bool {
	var images []*facts.ImageUse
	found := false
	for _, b := range body.Blocks {
		if !slices.Contains(containers, b.Type) {
			continue
		}
		found = true
		a := b.Body.Attributes["image"]
		reference := text(a)
		if reference == "" || strings.ContainsAny(reference, " ${}<>") {
			continue
		}
		at := t.span(a.Expr.Range())
		use := &facts.ImageUse{Role: facts.RolePod, Name: what, Span: at, References: []facts.Value{t.value(reference, at)}}
		if name := text(b.Body.Attributes["name"]); name != "" && len(name) <= 100 {
			use.Name = `container "` + name + `" of ` + what
		}
		images = append(images, use)
	}
	if !found {
		return false
	}
	selector, windows := t.selector(body.Attributes["node_selector"], what)
	affinity, other := t.affinity(body, what)
	if windows || other {
		return true
	}
	placement := selector
	if placement == nil || placement.Machine != "" && affinity != nil && affinity.Machine == "" {
		placement = affinity
	}
	if placement != nil {
		placement.Images = images
		t.doc.Placements = append(t.doc.Placements, placement)
	}
	for _, use := range images {
		use.Placement = placement
		if len(t.doc.Images) < maxImages {
			t.doc.Images = append(t.doc.Images, use)
		}
	}
	return true
}

// value is a text with its place, where it stands there as it is.
func (t *terraform) value(s string, at source.Span) facts.Value {
	if at.Text() == s {
		return facts.Of(source.Verbatim(at))
	}
	return facts.Text(s)
}

// selector reads the labels that a node must have, and whether they are for Windows.
func (t *terraform) selector(a *hclsyntax.Attribute, what string) (out *facts.Placement, windows bool) {
	if a == nil {
		return nil, false
	}
	pairs, diagnostics := hcl.ExprMap(a.Expr)
	if diagnostics.HasErrors() {
		return nil, false
	}
	for _, pair := range pairs {
		key, value := word(pair.Key), word(pair.Value)
		architecture, machine, ok := kubernetes.OfLabel(key, value)
		windows = windows || kubernetes.Windows(key, value)
		if !ok || out != nil && (machine || out.Machine == "") {
			continue
		}
		at := t.span(pair.Value.Range())
		out = &facts.Placement{What: what, Setting: "node_selector", Label: key, Span: at, Line: at, Architectures: []string{architecture}, Values: []source.Span{at}, Alone: len(pairs) == 1}
		if machine {
			out.Machine = value
		}
	}
	return out, windows
}

// word returns a constant text, "" for anything else.
func word(e hcl.Expression) string {
	if v, ok := constant(e, nil); ok && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

// affinity reads what nodes a pod requires, and whether that is Windows.
func (t *terraform) affinity(pod *hclsyntax.Body, what string) (out *facts.Placement, windows bool) {
	body := pod
	for _, name := range [...]string{"affinity", "node_affinity", "required_during_scheduling_ignored_during_execution"} {
		if body = within(body, name); body == nil {
			return nil, false
		}
	}
	terms := 0
	for _, b := range body.Blocks {
		if b.Type != "node_selector_term" {
			return nil, false // a dynamic block: what it holds is not known
		}
		var one *facts.Placement
		for _, e := range b.Body.Blocks {
			this, forWindows := t.expression(e, what)
			windows = windows || forWindows
			if this != nil && (one == nil || len(this.Architectures) < len(one.Architectures)) {
				one = this
			}
		}
		if one == nil {
			return nil, windows // a way for every architecture
		}
		if terms++; out == nil {
			out = one
			continue
		}
		for _, a := range one.Architectures {
			if !slices.Contains(out.Architectures, a) {
				out.Architectures = append(out.Architectures, a)
			}
		}
		out.Values, out.Alone = nil, false
	}
	return out, windows
}

// expression reads a requirement of one label.
func (t *terraform) expression(b *hclsyntax.Block, what string) (out *facts.Placement, windows bool) {
	list := b.Body.Attributes["values"]
	if b.Type != "match_expressions" || list == nil {
		return nil, false
	}
	key, operator := text(b.Body.Attributes["key"]), text(b.Body.Attributes["operator"])
	items, diagnostics := hcl.ExprList(list.Expr)
	if diagnostics.HasErrors() || len(items) == 0 || operator != "In" && operator != "NotIn" {
		return nil, false
	}
	out = &facts.Placement{What: what, Setting: "node_affinity", Label: key, Line: t.span(list.Expr.Range())}
	for _, item := range items {
		value := word(item)
		windows = windows || operator == "In" && len(items) == 1 && kubernetes.Windows(key, value)
		architecture, machine, ok := kubernetes.OfLabel(key, value)
		if !ok || machine && operator != "In" {
			return nil, windows
		}
		if machine && out.Machine == "" {
			out.Machine = value
		}
		if !slices.Contains(out.Architectures, architecture) {
			out.Architectures = append(out.Architectures, architecture)
		}
		out.Values = append(out.Values, t.span(item.Range()))
	}
	if operator == "NotIn" {
		out.Architectures = slices.DeleteFunc(kubernetes.Architectures(), func(a string) bool { return slices.Contains(out.Architectures, a) })
	}
	out.Span = out.Values[0]
	return out, windows
}

// release reads what a release of a chart is told of nodes: a value by the path of its
// key, in which dots of a label are escaped.
func (t *terraform) release(block *hclsyntax.Block) {
	what := `release "` + block.Labels[1] + `"`
	add := func(name, value hcl.Expression) {
		path := strings.ReplaceAll(word(name), `\.`, "\x00")
		at := strings.LastIndexByte(path, '.')
		if at < 0 || path[:at] != "nodeSelector" && !strings.HasSuffix(path[:at], ".nodeSelector") {
			return
		}
		label := strings.ReplaceAll(strings.Trim(path[at+1:], `"`), "\x00", ".")
		architecture, machine, ok := kubernetes.OfLabel(label, word(value))
		if !ok {
			return
		}
		span := t.span(value.Range())
		p := &facts.Placement{What: what, Setting: "nodeSelector", Label: label, Span: span, Line: span, Architectures: []string{architecture}, Values: []source.Span{span}}
		if machine {
			p.Machine = word(value)
		}
		t.doc.Placements = append(t.doc.Placements, p)
	}
	for _, b := range block.Body.Blocks {
		name, value := b.Body.Attributes["name"], b.Body.Attributes["value"]
		if b.Type == "set" && name != nil && value != nil {
			add(name.Expr, value.Expr)
		}
	}
	t.values(block.Body.Attributes["values"], what)
	// Since version 3 of the provider it is a list.
	if a := block.Body.Attributes["set"]; a != nil {
		items, _ := hcl.ExprList(a.Expr)
		for _, item := range items {
			pairs, _ := hcl.ExprMap(item)
			var name, value hcl.Expression
			for _, pair := range pairs {
				switch hcl.ExprAsKeyword(pair.Key) {
				case "name":
					name = pair.Value
				case "value":
					value = pair.Value
				}
			}
			if name != nil && value != nil {
				add(name, value)
			}
		}
	}
}

// pools are the resources that are pools of nodes: the block in which the type of their
// machines stands, "" for the resource itself, and the attribute.
var pools = map[string]struct{ block, attribute string }{
	"aws_eks_node_group":                   {"", "instance_types"},
	"google_container_node_pool":           {"node_config", "machine_type"},
	"google_container_cluster":             {"node_config", "machine_type"},
	"azurerm_kubernetes_cluster_node_pool": {"", "vm_size"},
	"azurerm_kubernetes_cluster":           {"default_node_pool", "vm_size"},
}

// pool reads a pool of nodes, by the type of its machines.
func (t *terraform) pool(block *hclsyntax.Block) {
	where, body := pools[block.Labels[0]], block.Body
	if where.block != "" {
		if body = within(body, where.block); body == nil {
			return
		}
	}
	a := body.Attributes[where.attribute]
	if a == nil || within(body, "guest_accelerator") != nil || strings.HasPrefix(text(body.Attributes["os_type"]), "Windows") || strings.HasPrefix(text(body.Attributes["ami_type"]), "WINDOWS") {
		return
	}
	list := []hcl.Expression{a.Expr}
	if items, diagnostics := hcl.ExprList(a.Expr); !diagnostics.HasErrors() {
		list = items
	}
	var p *facts.Placement
	for _, e := range list {
		architecture, ok := arch.OfInstance(word(e))
		if !ok {
			return
		}
		at := t.span(e.Range())
		if p == nil {
			p = &facts.Placement{What: `node group "` + block.Labels[1] + `"`, Setting: where.attribute, Label: where.attribute, Machine: word(e), Span: at, Line: at, Alone: len(list) == 1, Pool: true}
		}
		if p.Values = append(p.Values, at); !slices.Contains(p.Architectures, architecture) {
			p.Architectures = append(p.Architectures, architecture)
		}
	}
	if p != nil {
		t.doc.Placements = append(t.doc.Placements, p)
	}
}
