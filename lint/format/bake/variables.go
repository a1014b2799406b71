package bake

import (
	"errors"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/archlint/archlint/lint/facts"
)

// Bounds on what is evaluated: an expression without loops, of so many bytes, with
// texts of so many bytes in its variables, cannot grow much.
const (
	maxExpression = 2000
	maxVariable   = 256
	maxVariables  = 200
	maxReferences = 50
)

// variable is a variable of a file.
type variable struct {
	fallback *hcl.Attribute // nil if it has no default
	value    cty.Value
	state    int // 0 not evaluated yet, 1 being evaluated, 2 known, 3 not known
}

var (
	variableBody = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "default"}}}
	// functions are those of bake (docs.docker.com, "Bake standard library functions")
	// that lists of platforms and names are made with, and that bound what they return
	// by what they get.
	functions = map[string]function.Function{
		"and": stdlib.AndFunc, "coalesce": stdlib.CoalesceFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"distinct": stdlib.DistinctFunc, "equal": stdlib.EqualFunc, "flatten": stdlib.FlattenFunc, "join": stdlib.JoinFunc, "length": stdlib.LengthFunc,
		"lower": stdlib.LowerFunc, "not": stdlib.NotFunc, "notequal": stdlib.NotEqualFunc, "or": stdlib.OrFunc, "split": stdlib.SplitFunc,
		"trimspace": stdlib.TrimSpaceFunc, "upper": stdlib.UpperFunc, "replace": replace, "sanitize": sanitize,
	}
	texts   = function.Parameter{Name: "text", Type: cty.String}
	replace = function.New(&function.Spec{
		Params: []function.Parameter{texts, {Name: "old", Type: cty.String}, {Name: "new", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, before, after := args[0].AsString(), args[1].AsString(), args[2].AsString()
			if strings.Count(text, before)*len(after)+len(text) > maxExpression {
				return cty.NilVal, errors.New("too long")
			}
			return cty.StringVal(strings.ReplaceAll(text, before, after)), nil
		},
	})
	// What may not be in the name of a target becomes an underscore.
	sanitize = function.New(&function.Spec{
		Params: []function.Parameter{texts},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(unsafeInNames.ReplaceAllString(args[0].AsString(), "_")), nil
		},
	})
	unsafeInNames = regexp.MustCompile(`[^a-zA-Z0-9_-]`)
)

func (r *reader) variable(name string, block *hcl.Block) {
	content, _, _ := block.Body.PartialContent(variableBody)
	if content == nil || len(r.variables) >= maxVariables {
		return
	}
	r.variables[name] = &variable{fallback: content.Attributes["default"]}
}

// evaluated returns the words that the defaults of variables make of an expression,
// and notes in the build which variables these are.
func (r *reader) evaluated(b *facts.Build, e hcl.Expression) ([]word, bool) {
	texts, needs, ok := r.value(e, nil)
	if !ok {
		return nil, false
	}
	b.Platforms.Needs = needs
	if len(needs) > 0 {
		b.Platforms.Reason = "default of variable " + needs[0]
	}
	if len(needs) == 1 {
		b.Platforms.Span = r.span(r.variables[needs[0]].fallback.Expr.Range())
	}
	var out []word
	for _, text := range texts {
		out = append(out, word{text, e.Range()})
	}
	return out, true
}

// value evaluates an expression to texts, in a row of a matrix or in none, and returns
// the variables that it names.
func (r *reader) value(e hcl.Expression, in row) (texts, needs []string, ok bool) {
	v, needs, ok := r.evaluate(e, in)
	if !ok || v.IsNull() || !v.IsWhollyKnown() {
		return nil, nil, false
	}
	if v.Type() == cty.String {
		return []string{v.AsString()}, needs, true
	}
	if !v.CanIterateElements() {
		return nil, nil, false
	}
	for _, item := range v.AsValueSlice() {
		if item.IsNull() || item.Type() != cty.String {
			return nil, nil, false
		}
		texts = append(texts, item.AsString())
	}
	return texts, needs, true
}

// evaluate evaluates an expression within the bounds.
func (r *reader) evaluate(e hcl.Expression, in row) (v cty.Value, needs []string, ok bool) {
	defer func() {
		if recover() != nil { // a library's bug says nothing
			v, needs, ok = cty.NilVal, nil, false
		}
	}()
	at := e.Range()
	if at.End.Byte-at.Start.Byte > maxExpression || loops(e) {
		return cty.NilVal, nil, false
	}
	references := e.Variables()
	if len(references) > maxReferences {
		return cty.NilVal, nil, false
	}
	context := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: functions}
	for _, reference := range references {
		name := reference.RootName()
		if _, done := context.Variables[name]; done {
			continue
		}
		if value, ok := in[name]; ok {
			context.Variables[name] = value
			continue
		}
		value, known := r.of(name)
		if !known {
			return cty.NilVal, nil, false
		}
		context.Variables[name] = value
		needs = append(needs, name)
	}
	v, diagnostics := e.Value(context)
	return v, needs, !diagnostics.HasErrors()
}

// of returns the default of a variable.
func (r *reader) of(name string) (cty.Value, bool) {
	x := r.variables[name]
	if x == nil || x.fallback == nil || x.state == 1 {
		return cty.NilVal, false
	}
	if x.state == 0 {
		x.state = 1
		v, _, ok := r.evaluate(x.fallback.Expr, nil)
		if x.value, x.state = v, 3; ok && small(v) {
			x.state = 2
		}
	}
	return x.value, x.state == 2
}

// small reports whether a value is short enough to be put into others.
func small(v cty.Value) bool {
	switch {
	case v.IsNull() || !v.IsWhollyKnown():
		return false
	case v.Type() == cty.String:
		return len(v.AsString()) <= maxVariable
	case v.Type().IsPrimitiveType():
		return true
	case !v.CanIterateElements():
		return false
	}
	items := v.AsValueSlice()
	for _, item := range items {
		if item.IsNull() || item.Type() != cty.String || len(item.AsString()) > maxVariable {
			return false
		}
	}
	return len(items) <= maxReferences
}

// loops reports whether an expression has a loop, or is not of the native syntax, of
// which the form cannot be seen.
func loops(e hcl.Expression) bool {
	node, ok := e.(hclsyntax.Expression)
	if !ok {
		return len(e.Variables()) > 1 // JSON: a text with at most one variable
	}
	found := false
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n.(type) {
		case *hclsyntax.ForExpr, *hclsyntax.SplatExpr:
			found = true
		}
		return nil
	})
	return found
}
