package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/source"
)

// ShadowedTargetArg finds automatic arguments of which a default hides the value
// that BuildKit would set.
func ShadowedTargetArg() *lint.Rule {
	return &lint.Rule{
		Name: "shadowed-target-arg", Since: "0.1.0", Severity: lint.Error, Page: page("shadowed_target_arg.md"), Fixable: true,
		Summary: "`ARG TARGETARCH=amd64`: the default beats the value that BuildKit injects",
		Check: func(p *lint.Pass) {
			reported := map[source.Span]bool{}
			reportSelections(p, "shadowed-target-arg", func(s *graph.Selection) (string, string) {
				reported[s.Variable.Span] = true
				return shadowed(s.Variable.Name, s.Variable.Span.Text(), s.Platforms)
			})
			for _, s := range p.Project.Shadowed {
				if at := s.Arg.Default.All(); !reported[at] {
					message, help := shadowed(s.Arg.Name, s.Arg.Default.String, s.Platforms)
					p.Report(lint.Finding{Severity: lint.Warning, Span: at, Message: message, Help: help, Platforms: s.Platforms, Fix: fixShadowed(s.Arg)})
				}
			}
		},
	}
}

func shadowed(name, value string, wrong arch.Set) (message, help string) {
	return fmt.Sprintf("the default %s of ARG %s hides the value that BuildKit sets; on %s it is %s too", value, name, platforms(wrong), value),
		fmt.Sprintf("write ARG %s without a default", name)
}
