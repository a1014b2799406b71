package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/facts"
)

// BuildPlatformResult finds results that are made for the machine that builds.
func BuildPlatformResult() *lint.Rule {
	return &lint.Rule{
		Name: "build-platform-result", Since: "0.1.0", Severity: lint.Error, Page: page("build_platform_result.md"),
		Summary: "the final stage is made for the build machine: every platform's image holds the same programs",
		Check: func(p *lint.Pass) {
			for _, pin := range p.Project.Pins {
				if !pin.Builder || !pin.Result || pin.Stage == nil {
					continue
				}
				last := pin.Document.Stages[len(pin.Document.Stages)-1]
				if pin.Stage != last && !basedOn(pin.Document.Stages, last.Base.String, pin.Stage.Name) {
					continue // a stage that is asked for by name may well run on the build machine
				}
				severity := lint.Error
				if !pin.Delivers {
					severity = lint.Info
				}
				p.Report(lint.Finding{
					Severity: severity, Span: pin.Use, Platforms: pin.Platforms,
					Message: fmt.Sprintf("the result is the build machine's: the image for %s will contain programs for the machine that built it", platforms(pin.Platforms)),
					Help:    "leave --platform out of this FROM; $BUILDPLATFORM is for stages that compile for ${TARGETARCH}",
				})
			}
		},
	}
}

// basedOn reports whether a stage's base leads, over other stages, to a name.
func basedOn(stages []*facts.Stage, base, name string) bool {
	for range stages {
		if name != "" && strings.EqualFold(base, name) {
			return true
		}
		next := ""
		for _, s := range stages {
			if s.Name != "" && strings.EqualFold(s.Name, base) {
				next = s.Base.String
			}
		}
		if next == "" {
			return false
		}
		base = next
	}
	return false
}
