// Package terraform reads in which images and on which architecture something runs by
// files of Terraform: what AWS runs (aws.go), and what runs on a cluster of Kubernetes
// and on which nodes (kubernetes.go).
//
// Variables, modules and what a function makes are not known.
package terraform

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/hclbounds"
	"github.com/archlint/archlint/lint/source"
)

const (
	maxResources = 2000
	maxImages    = 5000
)

// mayBe turns down, by its bytes, a file of Terraform without anything to read.
func mayBe(data []byte) bool {
	for _, kind := range [][]byte{[]byte("aws_ecs_task_definition"), []byte("aws_lambda_function"), []byte("aws_codebuild_project"), []byte(`"kubernetes_`), []byte(`"azurerm_kubernetes_cluster`), []byte("kubectl_manifest"), []byte("helm_release"), []byte("aws_eks_node_group"), []byte("google_container_")} {
		if bytes.Contains(data, kind) {
			return true
		}
	}
	return false
}

// Parse reads a file of Terraform. One without anything that counts is doubtful.
func Parse(f *source.File) (doc *facts.Document) {
	doc = &facts.Document{File: f, Kind: facts.Terraform, Doubtful: true}
	if !mayBe(f.Data) {
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

// resource reads a resource.
func (t *terraform) resource(block *hclsyntax.Block) {
	kind := block.Labels[0]
	switch {
	case kind == "kubernetes_manifest" && block.Body.Attributes["manifest"] != nil:
		t.manifest(block.Body.Attributes["manifest"].Expr)
	case kind == "kubectl_manifest" && block.Body.Attributes["yaml_body"] != nil:
		t.manifest(block.Body.Attributes["yaml_body"].Expr)
	case strings.HasPrefix(kind, "kubernetes_"):
		t.workload(block)
	case kind == "helm_release":
		t.release(block)
	case pools[kind].attribute != "":
		t.pool(block)
	default:
		t.service(block)
	}
}
