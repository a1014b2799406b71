package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// MissingEmulation finds builds for a platform that the runner can only run
// under QEMU, where QEMU is not set up.
func MissingEmulation() *lint.Rule {
	return &lint.Rule{
		Name: "missing-emulation", Since: "0.1.0", Severity: lint.Warning, Page: page("missing_emulation.md"), Fixable: true,
		Summary: "a platform is built that the runner can only run under QEMU, and QEMU is not set up",
		Check: func(p *lint.Pass) {
			for _, d := range p.Project.Documents {
				for _, build := range d.Builds {
					foreign := unemulated(build)
					if len(foreign) == 0 || !p.Project.RunsOnTarget(build, foreign) {
						continue
					}
					f := lint.Finding{
						Span: build.Span, Platforms: foreign,
						Message: fmt.Sprintf("%s is built on %s runner without QEMU: RUN instructions fail with \"exec format error\"", foreign, article(build.Runner[0])),
						Help:    "add docker/setup-qemu-action before this step, or build on a runner of that platform (ubuntu-24.04-arm)",
						Related: related(build.Platforms),
					}
					if !build.Call.IsZero() {
						f.Span = build.Call // the build is described elsewhere
					}
					if build.Builder {
						// BuildKit's own image brings emulators for RUN, slower and older
						// ones than the action installs.
						f.Severity = lint.Info
						f.Message = fmt.Sprintf("%s is built on %s runner with nothing but the emulators inside of BuildKit's image", foreign, article(build.Runner[0]))
					}
					if edit, ok := addSteps(build, setupQEMU); ok {
						f.Fix = &lint.Fix{Description: "set up QEMU before", Edits: []lint.Edit{edit}, Safe: !build.Builder}
					}
					p.Report(f)
				}
			}
		},
	}
}

// unemulated returns the platforms of a build that its runner cannot run. A
// build of which runner or platforms are not certain has none.
func unemulated(b *facts.Build) arch.Set {
	if b.Emulation || b.Platforms.State != facts.PlatformsKnown || len(b.Runner) != 1 || b.Matrix {
		return nil
	}
	runner := arch.Platform{OS: "linux", Architecture: b.Runner[0]}
	var foreign arch.Set
	for _, p := range b.Platforms.Set {
		if p.OS == "linux" && !runner.Runs(p) && p.Architecture != "386" {
			foreign = foreign.Add(p)
		}
	}
	return foreign
}

func related(p facts.Platforms) []lint.Related {
	if p.Span.IsZero() {
		return nil
	}
	return []lint.Related{{Span: p.Span, Message: "the platforms are listed here"}}
}
