package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
)

// UndeclaredTargetArg finds automatic arguments that are used in a stage without
// an ARG for them.
func UndeclaredTargetArg() *lint.Rule {
	return &lint.Rule{
		Name: "undeclared-target-arg", Since: "0.1.0", Severity: lint.Error, Page: page("undeclared_target_arg.md"), Fixable: true,
		Summary: "`TARGETARCH` and its like used in a stage that does not declare it, where it is empty",
		Check: func(p *lint.Pass) {
			for _, u := range p.Project.Undeclared {
				where := "this stage"
				if u.Stage != "" {
					where = fmt.Sprintf("stage %q", u.Stage)
				}
				p.Report(lint.Finding{
					Span: u.Span, Platforms: u.Platforms, Fix: fixUndeclared(u),
					Message: fmt.Sprintf("%s is empty here: %s does not declare it", u.Name, where),
					Help:    fmt.Sprintf("add ARG %s to the stage, below its FROM; one above the first FROM is not seen in stages", u.Name),
				})
			}
		},
	}
}
