package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
)

// multiPlatform says what to make of the image that has the name without the
// architecture.
func multiPlatform(name string, a image.Answer, missing arch.Set) string {
	switch {
	case !a.Known || a.Provenance == image.FromName:
		return fmt.Sprintf("use %s, if it has both platforms, or choose by ${TARGETARCH}", name)
	case len(a.Missing(missing)) == 0:
		return fmt.Sprintf("use %s, which has %s (%s)", name, missing, provenance(a))
	}
	return fmt.Sprintf("%s does not have %s either (%s): %s", name, missing, provenance(a), imageHelp(a, missing))
}

// families are the images that a file names once for each architecture: a service for
// each, say.
type families map[familyKey]arch.Set

type familyKey struct {
	path, name string
}

func eachArchitecture(images []*graph.Image) families {
	out := families{}
	for _, i := range images {
		name, named := withoutArchitecture(i.Reference)
		if len(named) == 1 {
			key := familyKey{i.Document.File.Path, name}
			for _, p := range named {
				out[key] = out[key].Add(p)
			}
		}
	}
	return out
}

// of returns the platforms that the image is named for beside a use. A Dockerfile that
// names several does not choose between them.
func (f families) of(use *graph.Image) arch.Set {
	if use.Document.Kind == facts.Dockerfile {
		return nil
	}
	name, _ := withoutArchitecture(use.Reference)
	return f[familyKey{use.Document.File.Path, name}]
}

// ArchTaggedImage finds references that name one architecture.
func ArchTaggedImage() *lint.Rule {
	return &lint.Rule{
		Name: "arch-tagged-image", Since: "0.1.0", Severity: lint.Error, Page: page("arch_tagged_image.md"), Fixable: true,
		Summary: "the reference names one architecture",
		Check: func(p *lint.Pass) {
			each := eachArchitecture(p.Project.Images)
			for _, use := range p.Project.Images {
				answer := p.Answer(use.Reference)
				if !answer.Known || answer.Provenance != image.FromName || use.Selected {
					continue
				}
				// A platform that is asked for beside the reference is the decision; the
				// reference goes with it.
				missing := answer.Missing(use.Platforms)
				if len(missing) == 0 || len(each.of(use).Missing(missing)) == 0 {
					continue
				}
				f := lint.Finding{
					Span: use.Span, Platforms: missing,
					Message: fmt.Sprintf("%s is by its name for %s only, not for %s", use.Reference, answer.Platforms, missing),
					Help:    "use a reference that stands for several platforms",
				}
				if len(answer.Platforms.Missing(p.Required(use.Span))) == len(p.Required(use.Span)) {
					f.Severity = lint.Info // for none of the required platforms: nobody names that by accident
				}
				if name, ok := image.MultiPlatformName(use.Reference); ok {
					other := p.Answer(name)
					f.Help = multiPlatform(name, other, missing)
					f.Fix = useMultiPlatform(use, name, other, p.Required(use.Span))
				}
				if v := use.Variable; v != nil {
					f.Message = fmt.Sprintf("%s %s makes the image %s, which is by its name for %s only", v.Kind, v.Name, use.Reference, answer.Platforms)
					f.Related = []lint.Related{{Span: use.Use, Message: "used here"}}
					if len(arch.Words(v.Span.Text())) > 0 {
						f.Severity = lint.Warning
					}
				}
				p.Report(f)
			}
		},
	}
}

// useMultiPlatform takes the image of all platforms, if it is known to have those that
// are required and the reference is written in one piece.
func useMultiPlatform(use *graph.Image, name string, other image.Answer, required arch.Set) *lint.Fix {
	if !other.Known || other.Guess || other.Provenance == image.FromName || len(other.Missing(required)) > 0 || use.Span.Text() != use.Reference || use.Pinned != nil {
		return nil
	}
	// Docker publishes the official images for one architecture under names of their own.
	owner, _, _ := strings.Cut(use.Reference, "/")
	official := len(arch.Words(owner)) == 1 && !strings.Contains(name, "/")
	return &lint.Fix{
		Safe: official, Description: "use " + name,
		Edits: []lint.Edit{{Span: use.Span, Text: name}},
	}
}
