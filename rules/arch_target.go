package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/graph"
)

// ArchTarget finds compilers and tools that are told to build for one
// architecture.
func ArchTarget() *lint.Rule {
	return &lint.Rule{
		Name: "arch-target", Since: "0.1.0", Severity: lint.Error, Page: page("arch_target.md"), Fixable: true,
		Summary: "a compiler, toolchain or tool is told one target",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-target", func(s *graph.Selection) (string, string) {
				text := s.Text.Display()
				message := fmt.Sprintf("%s is told to build for %s (%s); the image for %s would contain that", s.Subject, s.Architecture, text, platforms(s.Platforms))
				help := fmt.Sprintf("choose the target by ${TARGETARCH}%s, or leave it out where the stage runs on the target platform", declare(s))
				if s.Subject == "GOARCH" {
					message = fmt.Sprintf("GOARCH=%s: the image for %s would contain a program for %s", text, platforms(s.Platforms), s.Architecture)
					help = "write GOARCH=${TARGETARCH}" + declare(s) + ", or leave GOARCH out where the stage runs on the target platform"
				}
				return message, help
			})
		},
	}
}
