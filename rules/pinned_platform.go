package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// PinnedPlatform finds platforms that are written down as constants.
func PinnedPlatform() *lint.Rule {
	return &lint.Rule{
		Name: "pinned-platform", Since: "0.1.0", Severity: lint.Error, Page: page("pinned_platform.md"), Fixable: true,
		Summary: "a constant platform on a stage that reaches the result, a service, or a docker command",
		Check: func(p *lint.Pass) {
			for _, pin := range p.Project.Pins {
				if pin.Builder {
					continue // build-platform-result looks at these
				}
				f := lint.Finding{Span: pin.Span, Platforms: pin.Platforms}
				if !pin.Use.Contains(pin.Span) {
					f.Related = []lint.Related{{Span: pin.Use, Message: "the platform of the stage is set here"}}
				}
				missing := platforms(pin.Platforms)
				switch {
				case pin.Result:
					f.Message = fmt.Sprintf("the result is always %s; an image for %s would contain %s programs", pin.Text, missing, pin.Platform.Architecture)
					f.Help = "leave --platform out: the stage is then built for the platform that is asked for"
					if f.Fix = dropFlag(pin.Stage); f.Fix != nil {
						f.Fix.Safe = false // what the stage does may not be ready for it
					}
				case pin.Cross || neutral(pin.Image):
					f.Severity = lint.Info
					f.Message = fmt.Sprintf("this stage always runs on %s, under emulation where the build machine is %s", pin.Text, missing)
					f.Help = "write --platform=$BUILDPLATFORM: the stage then runs on the build machine, whatever that is"
				case pin.Copied:
					f.Severity = lint.Warning
					f.Message = fmt.Sprintf("this stage is always built for %s, and files of it are copied into the image for %s", pin.Text, missing)
					f.Help = "leave --platform out, or write --platform=$BUILDPLATFORM and build for ${TARGETARCH}, if the files depend on the platform"
				default:
					f.Severity = lint.Info
					f.Message = fmt.Sprintf("this stage always runs on %s", pin.Text)
					f.Help = "write --platform=$BUILDPLATFORM, or leave it out"
				}
				p.Report(f)
			}
			for _, d := range p.Project.Documents {
				for _, pin := range d.Pins {
					checkPin(p, d, pin)
				}
			}
		},
	}
}

// checkPin looks at a platform outside of FROM.
func checkPin(p *lint.Pass, d *facts.Document, pin *facts.Pin) {
	platform, err := arch.Parse(pin.Value.String())
	if !pin.Value.Known() || err != nil || platform.OS != "linux" || strings.HasSuffix(pin.What, " pull") {
		return // what is pulled runs nowhere yet
	}
	missing := arch.Set{platform}.Missing(p.Required(pin.Span))
	if len(missing) == 0 {
		return
	}
	f := lint.Finding{
		Severity: lint.Warning, Span: pin.Span, Platforms: missing,
		Message: fmt.Sprintf("%s is pinned to %s; on %s it runs under emulation, or not at all", pin.What, platform, platforms(missing)),
		Help:    "remove " + strings.TrimSuffix(pin.Setting, ":") + ", so that the machine's own platform is used",
	}
	switch {
	case pin.Setting == "--platform" && d.Kind != facts.Compose && d.Kind != facts.DevContainer:
		// A pipeline that runs an image for a platform tries that platform out.
		f.Severity = lint.Info
	case !p.Required(pin.Span).Has(platform):
		// Nobody asks for that platform by accident.
		f.Severity = lint.Info
	}
	if pin.Image != nil && !pin.Image.Builds && len(pin.Image.References) == 1 {
		answer := p.Answer(pin.Image.References[0].String())
		if lacking := answer.Missing(missing); answer.Known && len(lacking) > 0 {
			// The image is the reason, and single-arch-image says so.
			return
		}
	}
	p.Report(f)
}

// neutral reports whether a stage on an image usually makes files that are the
// same for every platform: scripts, style sheets, Java archives.
func neutral(image string) bool {
	name := image[strings.LastIndexByte(image, '/')+1:]
	if i := strings.IndexAny(name, ":@"); i >= 0 {
		name = name[:i]
	}
	switch name {
	case "node", "maven", "gradle", "composer", "hugo", "openjdk", "eclipse-temurin", "amazoncorretto", "busybox", "swagger-codegen-cli", "openapi-generator-cli", "buf", "protoc":
		return true
	}
	return false
}
