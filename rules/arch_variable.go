package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/graph"
)

// ArchVariable finds variables that hold one architecture for every platform.
func ArchVariable() *lint.Rule {
	return &lint.Rule{
		Name: "arch-variable", Since: "0.1.0", Severity: lint.Error, Page: page("arch_variable.md"), Fixable: true,
		Summary: "a variable fixes one architecture and nothing sets it per platform",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-variable", func(s *graph.Selection) (string, string) {
				v, missing := s.Variable, platforms(s.Platforms)
				message := fmt.Sprintf("%s %s is %s for every platform, also for %s", v.Kind, v.Name, v.Span.Text(), missing)
				switch v.Kind {
				case "ARG", "ENV":
					return message, fmt.Sprintf("%s%s, or pass --build-arg %s=… for each platform", perPlatform(s), declare(s), v.Name)
				}
				return message, "set it from $(dpkg --print-architecture), $(uname -m) or ${TARGETARCH}" + declare(s)
			})
		},
	}
}

// perPlatform says what to write in place of a fixed architecture.
func perPlatform(s *graph.Selection) string {
	text := strings.Trim(s.Variable.Span.Text(), "\"'")
	words := arch.Words(text)
	if len(words) != 1 || len(s.Platforms) == 0 {
		return "choose it by ${TARGETARCH}"
	}
	w := words[0]
	if w.Text == w.Architecture {
		return "use " + text[:w.Start] + "${TARGETARCH}" + text[w.End:] + " in its place"
	}
	return fmt.Sprintf("choose %s or what stands for %s (%s?) by ${TARGETARCH}", text, s.Platforms[0].Architecture, arch.Spell(s.Platforms[0].Architecture, w.Style))
}
