package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/graph"
)

// ArchPath finds paths that are there on one architecture only.
func ArchPath() *lint.Rule {
	return &lint.Rule{
		Name: "arch-path", Since: "0.1.0", Severity: lint.Error, Page: page("arch_path.md"), Fixable: true,
		Summary: "a path that exists on one architecture, or a copied file named after one",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-path", func(s *graph.Selection) (string, string) {
				text, missing := s.Text.Display(), platforms(s.Platforms)
				triplet := arch.Multiarch(s.Architecture)
				switch {
				case strings.Contains(text, triplet):
					help := "use $(dpkg-architecture -qDEB_HOST_MULTIARCH) or $(uname -m)-linux-gnu in a RUN"
					if s.Subject == "COPY" || s.Subject == "ADD" {
						help = "copy /usr/lib/*-linux-gnu/… with a wildcard, or gather the files under a fixed name in the stage before"
					} else if s.Variable != nil || s.Subject != "" && strings.ToUpper(s.Subject) == s.Subject {
						help = "make a link with a fixed name in a RUN, and point to that"
					}
					return fmt.Sprintf("%s is there on %s only; on %s it is %s", triplet, s.Architecture, missing, arch.Multiarch(s.Platforms[0].Architecture)), help
				case s.FromStage:
					return fmt.Sprintf("%s is there for %s only; on %s the copy fails, or brings the wrong file", text, s.Architecture, missing), instead(s)
				case s.Subject == "COPY" || s.Subject == "ADD":
					return fmt.Sprintf("%s copies %s, which is for %s; the image for %s would contain it", s.Subject, base(text), s.Architecture, missing), instead(s)
				case strings.Contains(text, "/jvm/"):
					return fmt.Sprintf("%s is there on %s only; on %s the directory ends in %s", text, s.Architecture, missing, arch.Spell(s.Platforms[0].Architecture, s.Word.Style)),
						fmt.Sprintf("make a link with a fixed name in a RUN (ln -s %s /usr/lib/jvm/default), and point to that", byArchitecture(s))
				}
				return fmt.Sprintf("%s is there on %s only, not on %s", text, s.Architecture, missing), instead(s)
			})
		},
	}
}

// byArchitecture is a path with the architecture as the machine gives it.
func byArchitecture(s *graph.Selection) string {
	text := s.Text.Display()
	words := arch.Words(text)
	if len(words) != 1 || words[0].Text != s.Architecture {
		return "/usr/lib/jvm/…"
	}
	return text[:words[0].Start] + "$(dpkg --print-architecture)" + text[words[0].End:]
}
