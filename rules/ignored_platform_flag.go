package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/facts"
)

// IgnoredPlatformFlag finds --platform flags that have no effect, because the stage
// is based on another stage.
func IgnoredPlatformFlag() *lint.Rule {
	return &lint.Rule{
		Name: "ignored-platform-flag", Since: "0.1.0", Severity: lint.Warning, Page: page("ignored_platform_flag.md"), Fixable: true,
		Summary: "`--platform` on a `FROM` that names a stage has no effect",
		Check: func(p *lint.Pass) {
			for _, d := range p.Project.Documents {
				stages := map[string]*facts.Stage{}
				for _, s := range d.Stages {
					base := stages[strings.ToLower(s.Base.String)]
					if base != nil && s.HasPlatform && s.Platform.String != effective(base, stages) {
						f := lint.Finding{
							Span: s.Platform.All(), Platforms: p.Project.Required(d.File),
							Message: fmt.Sprintf("--platform=%s has no effect: %s is a stage of this file, and keeps the platform of its own FROM", s.Platform.String, base.Name),
							Help:    "leave it out here, or set it on the FROM of stage " + base.Name,
							Related: []lint.Related{{Span: base.Span, Message: "the platform is decided here"}},
						}
						f.Fix = dropFlag(s)
						p.Report(f)
					}
					if s.Name != "" {
						stages[s.Name] = s
					}
				}
			}
		},
	}
}

// effective returns the text that decides on the platform of a stage.
func effective(s *facts.Stage, stages map[string]*facts.Stage) string {
	for range len(stages) + 1 {
		base := stages[strings.ToLower(s.Base.String)]
		if base == nil || base == s {
			break
		}
		s = base
	}
	return s.Platform.String
}

// dropFlag takes --platform away from a FROM.
func dropFlag(s *facts.Stage) *lint.Fix {
	at := s.Platform.All()
	if at.IsZero() || at.Text() != s.Platform.String || s.Platform.String == "" {
		return nil
	}
	const flag = "--platform="
	data := at.File.Data
	start, end := at.Start-len(flag), at.End
	if start < 0 || string(data[start:at.Start]) != flag || end >= len(data) || data[end] != ' ' && data[end] != '\t' {
		return nil
	}
	for end < len(data) && (data[end] == ' ' || data[end] == '\t') {
		end++
	}
	return &lint.Fix{
		Safe: true, Description: "leave --platform out",
		Edits: []lint.Edit{{Span: at.File.Span(start, end)}},
	}
}
