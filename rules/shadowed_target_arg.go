package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/graph"
)

// ShadowedTargetArg finds automatic arguments of which a default hides the value
// that BuildKit would set.
func ShadowedTargetArg() *lint.Rule {
	return &lint.Rule{
		Name: "shadowed-target-arg", Since: "0.1.0", Severity: lint.Error, Page: page("shadowed_target_arg.md"),
		Summary: "`ARG TARGETARCH=amd64`: the default beats the value that BuildKit injects",
		Check: func(p *lint.Pass) {
			reportSelections(p, "shadowed-target-arg", func(s *graph.Selection) (string, string) {
				v := s.Variable
				return fmt.Sprintf("the default %s of ARG %s hides the value that BuildKit sets; on %s it is %s too", v.Span.Text(), v.Name, platforms(s.Platforms), v.Span.Text()),
					fmt.Sprintf("write ARG %s without a default", v.Name)
			})
		},
	}
}
