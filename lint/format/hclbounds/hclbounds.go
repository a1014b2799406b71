// Package hclbounds turns down HCL that its parser should not be given.
//
// The parser, and whatever walks the tree that it returns, goes down into each bracket
// and each operand by recursion. A stack that overflows ends the program: no deferred
// function sees it. So what nobody writes by hand is found before, in the tokens.
package hclbounds

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// The bounds.
const (
	MaxSize      = 512 << 10 // bytes of a file; its tree takes some hundred times that
	MaxNesting   = 64        // brackets in brackets
	MaxOperators = 1000      // operators of one expression, outside of inner brackets and commas
)

// Check returns what keeps a file from being parsed, if anything does.
func Check(f *source.File) (facts.Problem, bool) {
	message := ""
	switch {
	case len(f.Data) > MaxSize:
		message = fmt.Sprintf("is larger than %d KiB; split the file or exclude it", MaxSize>>10)
	case nesting(f.Data) > MaxNesting:
		message = "brackets nest too deep; exclude the file"
	case operators(f) > MaxOperators:
		message = fmt.Sprintf("an expression has more than %d operators; exclude the file", MaxOperators)
	default:
		return facts.Problem{}, false
	}
	return facts.Problem{Span: f.Span(0, 0), Message: message}, true
}

// nesting is how deep brackets are opened, wherever they stand.
func nesting(data []byte) int {
	depth, most := 0, 0
	for _, c := range data {
		switch c {
		case '{', '[', '(':
			depth++
			most = max(most, depth)
		case '}', ']', ')':
			depth = max(0, depth-1)
		}
	}
	return most
}

// operators is the largest number of operators, dots and brackets that one expression
// may have: those between two commas or, where line ends count, two line ends.
func operators(f *source.File) int {
	tokens, _ := hclsyntax.LexConfig(f.Data, f.Path, hcl.InitialPos)
	count, most := 0, 0
	var open []hclsyntax.TokenType // brackets around
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenOQuote, hclsyntax.TokenCQuote,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc, hclsyntax.TokenComment, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenTemplateSeqEnd:
		case hclsyntax.TokenComma:
			count = 0
		case hclsyntax.TokenNewline:
			if len(open) == 0 || open[len(open)-1] == hclsyntax.TokenOBrace {
				count = 0
			}
		default:
			count++
			most = max(most, count)
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			open = append(open, t.Type)
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	return most
}
