package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
)

// IncompleteArchSwitch finds decisions on the architecture that a required
// platform does not come through.
func IncompleteArchSwitch() *lint.Rule {
	return &lint.Rule{
		Name: "incomplete-arch-switch", Since: "0.1.0", Severity: lint.Error, Page: page("incomplete_arch_switch.md"),
		Summary: "a case or if on the architecture leaves a required platform without a way",
		Check: func(p *lint.Pass) {
			for _, s := range p.Project.Switches {
				missing := platforms(s.Platforms)
				f := lint.Finding{
					Span: s.Span, Platforms: s.Platforms,
					Message: fmt.Sprintf("no branch of this case is for %s", missing),
					Help:    "add a branch for it: uname -m says aarch64 on arm64, TARGETARCH and dpkg --print-architecture say arm64",
				}
				if s.Fails {
					f.Message = fmt.Sprintf("on %s this decision ends the build with an error", missing)
				}
				p.Report(f)
			}
		},
	}
}
