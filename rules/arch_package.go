package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/shell"
)

// ArchPackage finds packages and package repositories of one architecture.
func ArchPackage() *lint.Rule {
	return &lint.Rule{
		Name: "arch-package", Since: "0.1.0", Severity: lint.Error, Page: page("arch_package.md"), Fixable: true,
		Summary: "a package, repository line, wheel, npm or conda package for one architecture",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-package", func(s *graph.Selection) (string, string) {
				missing := platforms(s.Platforms)
				if s.Kind == shell.Repository {
					help := "if the repository has packages for " + missing + ", use [arch=$(dpkg --print-architecture)], or leave arch= out"
					if s.Subject == "yum" {
						help = "use $basearch in place of " + s.Word.Text
					}
					return fmt.Sprintf("this %s repository is read for %s only; on %s nothing can be installed from it", s.Subject, s.Architecture, missing), help
				}
				if s.Architecture == "386" {
					return fmt.Sprintf("%s is a package of 32-bit x86; there is none for %s", s.Text.Display(), missing), "install it on amd64 only: choose by ${TARGETARCH}" + declare(s)
				}
				return fmt.Sprintf("%s is a package for %s only; %s build cannot install it", s.Text.Display(), s.Architecture, article(missing)),
					fmt.Sprintf("leave the architecture out, so that %s takes the machine's own, or choose by ${TARGETARCH}%s", s.Subject, declare(s))
			})
		},
	}
}
