package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/graph"
)

// ArchVariable finds variables that hold one architecture for every platform.
func ArchVariable() *lint.Rule {
	return &lint.Rule{
		Name: "arch-variable", Since: "0.1.0", Severity: lint.Error, Page: page("arch_variable.md"),
		Summary: "a variable fixes one architecture and nothing sets it per platform",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-variable", func(s *graph.Selection) (string, string) {
				v, missing := s.Variable, platforms(s.Platforms)
				message := fmt.Sprintf("%s %s is %s for every platform, also for %s", v.Kind, v.Name, v.Span.Text(), missing)
				switch v.Kind {
				case "ARG", "ENV":
					return message, fmt.Sprintf("use ${TARGETARCH} in its place%s, or pass --build-arg %s=… for each platform", declare(s), v.Name)
				}
				return message, "set it from $(dpkg --print-architecture), $(uname -m) or ${TARGETARCH}" + declare(s)
			})
		},
	}
}
