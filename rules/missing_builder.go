package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/facts"
)

// MissingBuilder finds builds for several platforms with a builder that may be able
// to make one only.
func MissingBuilder() *lint.Rule {
	return &lint.Rule{
		Name: "missing-builder", Since: "0.1.0", Severity: lint.Warning, Page: page("missing_builder.md"), Fixable: true,
		Summary: "several platforms are built with Docker's default builder, or loaded into its image store",
		Check: func(p *lint.Pass) {
			for _, d := range p.Project.Documents {
				for _, b := range d.Builds {
					// The rows of a matrix may each have one.
					if b.Platforms.State != facts.PlatformsKnown || len(linuxOnly(b.Platforms.Set)) < 2 || len(b.Platforms.Each) > 0 || b.Matrix || len(b.Runner) != 1 || b.IndexStore || !withBuildx(b.Tool) {
						continue
					}
					f := lint.Finding{Span: b.Span, Platforms: linuxOnly(b.Platforms.Set), Related: related(b.Platforms)}
					if !b.Call.IsZero() {
						f.Span = b.Call
					}
					switch {
					case !b.Builder:
						f.Message = fmt.Sprintf("%s is built with Docker's default builder, which makes several platforms at once only where Docker has containerd's image store", b.Platforms.Set)
						f.Help = "run docker/setup-buildx-action before this step"
						if edit, ok := addSteps(b, setupBuildx); ok {
							f.Fix = &lint.Fix{Description: "set up a builder before", Edits: []lint.Edit{edit}}
						}
					case b.Load:
						f.Message = fmt.Sprintf("%s is loaded into Docker's image store, which takes several platforms only where it is containerd's", b.Platforms.Set)
						f.Help = "push it in place of loading it, or load one platform"
					default:
						continue
					}
					p.Report(f)
				}
			}
		},
	}
}

// withBuildx reports whether a tool builds with Buildx. The first version of
// docker/build-push-action does not, nor has it platforms.
func withBuildx(tool string) bool {
	name, version, _ := strings.Cut(tool, "@")
	switch {
	case name == "docker/build-push-action":
		return version != "v1" && !strings.HasPrefix(version, "v1.")
	case name == "docker/bake-action":
		return true
	}
	return strings.Contains(name, "docker buildx ") || name == "docker build"
}
