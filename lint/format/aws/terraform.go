package aws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/hclbounds"
	"github.com/archlint/archlint/lint/source"
)

// MayBeTerraform turns down, by its bytes, a file of Terraform without anything to read.
func MayBeTerraform(data []byte) bool {
	for _, kind := range [][]byte{[]byte("aws_ecs_task_definition"), []byte("aws_lambda_function"), []byte("aws_codebuild_project")} {
		if bytes.Contains(data, kind) {
			return true
		}
	}
	return false
}

// ParseTerraform reads a file of Terraform. Variables are not known.
func ParseTerraform(f *source.File) (doc *facts.Document) {
	doc = &facts.Document{File: f, Kind: facts.Terraform, Doubtful: true}
	if !MayBeTerraform(f.Data) {
		return doc
	}
	if p, is := hclbounds.Check(f); is {
		doc.Doubtful, doc.Problems = false, append(doc.Problems, p)
		return doc
	}
	defer func() {
		if recover() != nil { // what the parser panics at is no file
			doc = &facts.Document{File: f, Kind: facts.Terraform, Doubtful: true}
		}
	}()
	parsed, _ := hclsyntax.ParseConfig(f.Data, f.Path, hcl.InitialPos)
	if parsed == nil {
		return doc
	}
	body, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		return doc
	}
	t := &terraform{file: f, doc: doc}
	for n, block := range body.Blocks {
		if n >= maxResources {
			doc.Problems = append(doc.Problems, facts.Problem{Span: t.span(block.DefRange()), Message: fmt.Sprintf("there are more than %d blocks; the others are not read: split the file", maxResources)})
			break
		}
		if block.Type == "resource" && len(block.Labels) == 2 && len(block.Labels[1]) <= 100 {
			t.resource(block)
		}
	}
	if len(doc.Images)+len(doc.Placements) > 0 {
		doc.Doubtful = false
		doc.Comments = comments(f)
	}
	return doc
}

type terraform struct {
	file *source.File
	doc  *facts.Document
}

// span is the place of a range, without quotes around it.
func (t *terraform) span(at hcl.Range) source.Span {
	start, end := min(at.Start.Byte, len(t.file.Data)), min(at.End.Byte, len(t.file.Data))
	if end-start > 1 && t.file.Data[start] == '"' && t.file.Data[end-1] == '"' {
		start, end = start+1, end-1
	}
	return t.file.Span(start, max(start, end))
}

// constant returns the value of an expression without variables.
func constant(e hcl.Expression, functions map[string]function.Function) (cty.Value, bool) {
	if len(e.Variables()) > 0 {
		return cty.NilVal, false
	}
	v, diagnostics := e.Value(&hcl.EvalContext{Functions: functions})
	return v, !diagnostics.HasErrors() && !v.IsNull() && v.IsWhollyKnown()
}

func text(a *hclsyntax.Attribute) string {
	if a == nil {
		return ""
	}
	if v, ok := constant(a.Expr, nil); ok && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

// within returns the first block of a type in a body, nil if there is none.
func within(body *hclsyntax.Body, name string) *hclsyntax.Body {
	for _, b := range body.Blocks {
		if b.Type == name {
			return b.Body
		}
	}
	return nil
}

// fargate reports whether a task is for Fargate alone.
func fargate(a *hclsyntax.Attribute) bool {
	if a == nil {
		return false
	}
	items, diagnostics := hcl.ExprList(a.Expr)
	if diagnostics.HasErrors() || len(items) != 1 {
		return false
	}
	v, ok := constant(items[0], nil)
	return ok && v.Type() == cty.String && v.AsString() == "FARGATE"
}

// place notes an architecture; known is false if it is not a constant.
func (t *terraform) place(what, setting, architecture string, at source.Span, implicit bool) *facts.Placement {
	if architecture == "" {
		return nil
	}
	p := &facts.Placement{What: what, Setting: setting, Label: setting, Span: at, Line: at, Architectures: []string{architecture}, Service: true, Implicit: implicit}
	t.doc.Placements = append(t.doc.Placements, p)
	return p
}

func (t *terraform) resource(block *hclsyntax.Block) {
	name, at := `"`+block.Labels[1]+`"`, t.span(block.LabelRanges[1])
	attributes := block.Body.Attributes
	// A dynamic block may set what is looked for.
	dynamic := within(block.Body, "dynamic") != nil
	switch block.Labels[0] {
	case "aws_ecs_task_definition":
		what := "task definition " + name
		var placement *facts.Placement
		platform := within(block.Body, "runtime_platform")
		switch {
		case platform == nil && !dynamic && !fargate(attributes["requires_compatibilities"]), platform != nil && platform.Attributes["cpu_architecture"] == nil && !fargate(attributes["requires_compatibilities"]):
		case platform == nil && !dynamic:
			placement = t.place(what, "runtime_platform", "amd64", at, true)
		case platform == nil:
		case strings.HasPrefix(text(platform.Attributes["operating_system_family"]), "WINDOWS"):
			return
		case platform.Attributes["cpu_architecture"] == nil:
			placement = t.place(what, "runtime_platform", "amd64", at, true)
		default:
			a := platform.Attributes["cpu_architecture"]
			placement = t.place(what, "cpu_architecture", architectureOf(text(a)), t.span(a.Expr.Range()), false)
		}
		if a := attributes["container_definitions"]; a != nil {
			t.containers(what, a.Expr, placement)
		}
	case "aws_lambda_function":
		a := attributes["architectures"]
		if a == nil {
			t.place("function "+name, "architectures", "amd64", at, true)
			return
		}
		if items, diagnostics := hcl.ExprList(a.Expr); !diagnostics.HasErrors() && len(items) == 1 {
			if v, ok := constant(items[0], nil); ok && v.Type() == cty.String {
				t.place("function "+name, "architectures", architectureOf(v.AsString()), t.span(items[0].Range()), false)
			}
		}
	case "aws_codebuild_project":
		if body := within(block.Body, "environment"); body != nil && body.Attributes["type"] != nil {
			a := body.Attributes["type"]
			if p := t.place("build project "+name, "type", environment(text(a)), t.span(a.Expr.Range()), false); p != nil {
				p.Required = true
			}
		}
	}
}

// containers reads the images of a task: of a jsonencode(…) with its places, of a text
// in JSON at the place of all of it.
func (t *terraform) containers(what string, e hclsyntax.Expression, placement *facts.Placement) {
	add := func(reference string, at source.Span) {
		if reference == "" || strings.ContainsAny(reference, " ${}<>") {
			return
		}
		value := facts.Text(reference)
		if at.Text() == reference {
			value = facts.Of(source.Verbatim(at))
		}
		use := &facts.ImageUse{Role: facts.RolePod, Name: what, Span: at, References: []facts.Value{value}, Placement: placement}
		t.doc.Images = append(t.doc.Images, use)
		if placement != nil {
			placement.Images = append(placement.Images, use)
		}
	}
	if call, ok := e.(*hclsyntax.FunctionCallExpr); ok && call.Name == "jsonencode" && len(call.Args) == 1 {
		items, diagnostics := hcl.ExprList(call.Args[0])
		if diagnostics.HasErrors() {
			return
		}
		for _, item := range items {
			pairs, diagnostics := hcl.ExprMap(item)
			if diagnostics.HasErrors() {
				continue
			}
			for _, pair := range pairs {
				key, ok := constant(pair.Key, nil)
				if !ok {
					key = cty.StringVal(hcl.ExprAsKeyword(pair.Key))
				}
				if key.Type() != cty.String || key.AsString() != "image" {
					continue
				}
				if v, ok := constant(pair.Value, nil); ok && v.Type() == cty.String {
					add(v.AsString(), t.span(pair.Value.Range()))
				}
			}
		}
		return
	}
	v, ok := constant(e, map[string]function.Function{"trimspace": stdlib.TrimSpaceFunc})
	if !ok || v.Type() != cty.String {
		return
	}
	var list []struct {
		Image string `json:"image"`
	}
	if json.Unmarshal([]byte(v.AsString()), &list) != nil {
		return
	}
	whole := t.span(e.Range())
	for _, c := range list {
		at := whole
		if i := strings.Index(whole.Text(), c.Image); i >= 0 && c.Image != "" {
			at = t.file.Span(whole.Start+i, whole.Start+i+len(c.Image))
		}
		add(c.Image, at)
	}
}

// comments finds the comments of a file, for archlint:ignore.
func comments(f *source.File) []facts.Comment {
	if !bytes.Contains(f.Data, []byte("archlint:")) {
		return nil
	}
	tokens, _ := hclsyntax.LexConfig(f.Data, f.Path, hcl.InitialPos)
	var out []facts.Comment
	for _, token := range tokens {
		if token.Type != hclsyntax.TokenComment {
			continue
		}
		start, end := token.Range.Start.Byte, token.Range.End.Byte
		for end > start && (f.Data[end-1] == '\n' || f.Data[end-1] == '\r') {
			end--
		}
		out = append(out, facts.Comment{Text: strings.TrimSpace(strings.TrimLeft(string(token.Bytes), "#/")), Span: f.Span(start, end)})
	}
	return out
}
