package lint

import (
	"slices"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/source"
)

func TestFingerprints(t *testing.T) {
	const text = "FROM a\nRUN  b\nRUN b\nRUN b\n"
	of := func(path, text string) []string {
		f := source.New(path, []byte(text))
		var findings []Finding
		for at := range len(text) {
			if text[at] == 'b' {
				findings = append(findings, Finding{Rule: "r", Span: f.Span(at, at+1)})
			}
		}
		return Fingerprints(findings)
	}
	first := of("Dockerfile", text)
	if slices.Sort(first); len(slices.Compact(slices.Clone(first))) != 3 {
		t.Errorf("findings of the same code are not told apart: %v", first)
	}
	moved := of("Dockerfile", strings.Repeat("# x\n", 10)+strings.ReplaceAll(text, "RUN b", "  RUN b"))
	if slices.Sort(moved); !slices.Equal(first, moved) {
		t.Errorf("lines above and indentation change it: %v and %v", first, moved)
	}
	for _, other := range [][]string{of("other", text), of("Dockerfile", strings.ReplaceAll(text, "RUN", "ADD"))} {
		if slices.ContainsFunc(other, func(s string) bool { return slices.Contains(first, s) }) {
			t.Error("another path or code has the same fingerprint")
		}
	}
}
