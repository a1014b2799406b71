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
		Name: "build-platform-result", Since: "0.1.0", Severity: lint.Error, Page: page("build_platform_result.md"), Fixable: true,
		Summary: "the final stage, or a program copied into it, is made for the build machine: every platform's image holds the same",
		Check: func(p *lint.Pass) {
			for _, pin := range p.Project.Pins {
				if !pin.Builder || !pin.Result || pin.Stage == nil {
					continue
				}
				last := pin.Document.Stages[len(pin.Document.Stages)-1]
				if pin.Stage != last && !basedOn(pin.Document.Stages, last.Base.String, pin.Stage.Name) {
					continue // a stage that is asked for by name may well run on the build machine
				}
				if !pin.Delivers {
					continue // a task in the form of a stage
				}
				f := lint.Finding{
					Span: pin.Use, Platforms: pin.Platforms,
					Message: fmt.Sprintf("the result is the build machine's: the image for %s will contain programs for the machine that built it", platforms(pin.Platforms)),
					Help:    "leave --platform out of this FROM; $BUILDPLATFORM is for stages that compile for ${TARGETARCH}",
					Fix:     dropFlag(pin.Stage),
				}
				if empty(pin.Image) {
					f.Severity = lint.Warning
					f.Message = fmt.Sprintf("the result is based on the build machine's image: the image for %s says of itself that it is for that machine", platforms(pin.Platforms))
				}
				p.Report(f)
			}
			for _, m := range p.Project.Miscompiled {
				help := "write GOARCH=${TARGETARCH} before it, and declare ARG TARGETARCH in the stage"
				if m.Setting != "GOARCH" {
					help = "give it the " + m.Setting + " that goes with ${TARGETARCH}, or leave --platform out of the stage's FROM"
				}
				message := fmt.Sprintf("%s makes a program for the build machine here; the image for %s contains that, whatever machine it was", m.Tool, platforms(m.Platforms))
				if m.Fetched != "" {
					message = fmt.Sprintf("%s is chosen by the machine that builds; the image for %s contains the file for that machine", m.Fetched, platforms(m.Platforms))
					help = "choose it by ${TARGETARCH}, and declare ARG TARGETARCH in the stage: this stage runs on the build machine, for which uname and its like answer"
				}
				p.Report(lint.Finding{
					Span: m.Span, Platforms: m.Platforms,
					Message: message,
					Help:    help,
					Related: []lint.Related{{Span: m.Copy, Message: "copied into the image here"}},
					Fix:     fixCompiler(m),
				})
			}
		},
	}
}

// empty reports whether an image holds no programs of its own, so that nothing
// in it is for the wrong machine.
func empty(image string) bool {
	name, _, _ := strings.Cut(image, ":")
	return strings.Contains(name, "distroless/static") || strings.HasSuffix(name, "chainguard/static")
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
