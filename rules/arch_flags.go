package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/graph"
)

// ArchFlags finds options for compilers that one architecture has.
func ArchFlags() *lint.Rule {
	return &lint.Rule{
		Name: "arch-flags", Since: "0.1.0", Severity: lint.Error, Page: page("arch_flags.md"),
		Summary: "an option of a compiler that only one architecture has",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-flags", func(s *graph.Selection) (string, string) {
				missing := platforms(s.Platforms)
				return fmt.Sprintf("%s is an option for %s only; the compiler for %s refuses it", s.Word.Text, s.Architecture, missing),
					fmt.Sprintf("leave it out, or give it for %s only: choose by ${TARGETARCH}%s", s.Architecture, declare(s))
			})
		},
	}
}
