package rules

import (
	"bytes"
	"fmt"
	"regexp"
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
	if d.Kind == facts.Compose {
		f.Fix = unpin(p, pin)
	}
	p.Report(f)
}

// setting is a line that sets a platform and says nothing else.
var setting = regexp.MustCompile(`^[ \t]*platform:[ \t]+["']?[a-z0-9/]+["']?[ \t]*\r?\n?$`)

// unpin takes the line out that pins services, if their images are known to be there for
// all required platforms.
func unpin(p *lint.Pass, pin *facts.Pin) *lint.Fix {
	if pin.Image == nil {
		return nil
	}
	for _, d := range p.Project.Documents {
		for _, use := range d.Images {
			if use.Platform == nil || use.Platform.Span != pin.Span {
				continue // services may share the line, also those of other files
			}
			if use.Builds || len(use.References) != 1 {
				return nil
			}
			answer := p.Answer(use.References[0].String())
			if !answer.Known || answer.Guess || len(answer.Missing(p.Required(pin.Span))) > 0 {
				return nil
			}
		}
	}
	file := pin.Span.File
	start, end := file.LineRange(file.LineAt(pin.Span.Start))
	if end < len(file.Data) && file.Data[end] == '\r' {
		end++
	}
	if end < len(file.Data) && file.Data[end] == '\n' {
		end++
	}
	if !setting.Match(file.Data[start:end]) || alone(file.Data, start, end) {
		return nil
	}
	return &lint.Fix{Safe: true, Description: "take the platform away", Edits: []lint.Edit{{Span: file.Span(start, end)}}}
}

// alone reports whether a line is the only entry of a block of YAML, which would be empty
// without it: there is none of its indentation before or behind it.
func alone(data []byte, start, end int) bool {
	indentation := func(line []byte) int {
		if text := bytes.TrimLeft(line, " "); len(bytes.TrimSpace(text)) > 0 && text[0] != '#' {
			return len(line) - len(text)
		}
		return -1 // blank
	}
	own := indentation(data[start:end])
	for before := data[:start]; len(before) > 0; {
		before = before[:len(before)-1] // the line end
		at := bytes.LastIndexByte(before, '\n') + 1
		if n := indentation(before[at:]); n >= own {
			return false
		} else if n >= 0 {
			break
		}
		before = before[:at]
	}
	for line := range bytes.Lines(data[end:]) {
		if n := indentation(line); n >= 0 {
			return n < own
		}
	}
	return true
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
