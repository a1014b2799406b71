package bake

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/archlint/archlint/lint/facts"
)

// maxRows is how many targets a matrix may make. One that makes more stays one target.
const maxRows = 64

// row gives the variables of a matrix their values.
type row map[string]cty.Value

// varies reports whether an expression may depend on the matrix of its target.
func (t *target) varies(e hcl.Expression) bool {
	matrix := t.attributes["matrix"]
	if matrix == nil {
		return false
	}
	pairs, diagnostics := hcl.ExprMap(matrix.Expr)
	if diagnostics.HasErrors() {
		return true
	}
	return slices.ContainsFunc(e.Variables(), func(v hcl.Traversal) bool {
		return slices.ContainsFunc(pairs, func(p hcl.KeyValuePair) bool {
			key, ok := literal(p.Key)
			return !ok || key.text == v.RootName()
		})
	})
}

// inRow evaluates an expression that depends on nothing but the row of its target.
func (r *reader) inRow(t *target, e hcl.Expression) ([]string, bool) {
	if t.row == nil {
		return nil, false
	}
	texts, needs, ok := r.value(e, t.row)
	return texts, ok && len(needs) == 0
}

// expand puts in the place of each target with a matrix those of its rows, and a group
// of them under its name. A matrix that is not known, or of which the rows have no names,
// stays one target.
func (r *reader) expand() {
	var order []string
	for _, label := range r.order {
		t := r.targets[label]
		made := r.rowsOf(t)
		if made == nil || len(order)+len(made) > maxTargets {
			order = append(order, label)
			continue
		}
		delete(r.targets, label)
		group := &facts.Group{Name: label}
		for _, m := range made {
			r.targets[m.name] = m
			order = append(order, m.name)
			group.Targets = append(group.Targets, m.name)
		}
		r.document.Groups = append(r.document.Groups, group)
	}
	r.order = order
}

// rowsOf returns the targets of a matrix, nil if they are not known.
func (r *reader) rowsOf(t *target) []*target {
	matrix, name := t.attributes["matrix"], t.attributes["name"]
	if matrix == nil || name == nil {
		return nil
	}
	pairs, diagnostics := hcl.ExprMap(matrix.Expr)
	if diagnostics.HasErrors() || len(pairs) == 0 {
		return nil
	}
	rows := []row{{}}
	for _, pair := range pairs {
		key, ok := literal(pair.Key)
		if !ok {
			return nil
		}
		v, needs, ok := r.evaluate(pair.Value, nil)
		if !ok || len(needs) > 0 || v.IsNull() || !v.IsWhollyKnown() || !v.CanIterateElements() {
			return nil
		}
		values := v.AsValueSlice()
		if len(values) == 0 || len(rows)*len(values) > maxRows {
			return nil
		}
		var longer []row
		for _, have := range rows {
			for _, value := range values {
				next := row{key.text: value}
				for k, v := range have {
					next[k] = v
				}
				longer = append(longer, next)
			}
		}
		rows = longer
	}
	var out []*target
	seen := map[string]bool{}
	for _, values := range rows {
		m := &target{span: t.span, attributes: t.attributes, row: values}
		texts, ok := r.inRow(m, name.Expr)
		if !ok || len(texts) != 1 || texts[0] == "" || seen[texts[0]] || r.targets[texts[0]] != nil {
			return nil
		}
		seen[texts[0]], m.name = true, texts[0]
		out = append(out, m)
	}
	return out
}
