package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
)

// UnknownImage says of which images the platforms could not be learnt.
func UnknownImage() *lint.Rule {
	return &lint.Rule{
		Name: "unknown-image", Since: "0.1.0", Severity: lint.Info, Page: page("unknown_image.md"),
		Summary: "the platforms of an image could not be learnt, and why",
		Check: func(p *lint.Pass) {
			built := builtHere(p.Project)
			first := map[string]*lint.Finding{}
			var order []string
			for _, use := range p.Project.Images {
				answer := p.Answer(use.Reference)
				if answer.Known || len(use.Platforms) == 0 || use.Likely || built[repositoryOf(use.Reference)] {
					continue
				}
				if answer.Reason == image.Offline && !p.Strict() {
					continue // nobody was to be asked
				}
				if answer.Reason == image.Invalid && placeholder(use.Reference) {
					continue
				}
				if f := first[use.Reference]; f != nil {
					if len(f.Related) < 3 {
						f.Related = append(f.Related, lint.Related{Span: use.Use, Message: "and used here"})
					}
					continue
				}
				f := &lint.Finding{
					Span: use.Span, Platforms: use.Platforms,
					Message: fmt.Sprintf("it is not known for which platforms %s exists: %s", use.Reference, answer.Detail),
				}
				if r, err := image.Parse(use.Reference); err == nil || answer.Reason == image.Invalid {
					f.Help = image.Remedy(r, answer)
				}
				if p.Strict() {
					f.Severity = lint.Error
				}
				first[use.Reference] = f
				order = append(order, use.Reference)
			}
			for _, reference := range order {
				p.Report(*first[reference])
			}
		},
	}
}

// placeholder reports whether a text stands for a reference that somebody, or some
// program, puts in its place: BASE_IMAGE, [image], <registry>/app.
func placeholder(reference string) bool {
	return strings.ContainsAny(reference, "[]<>{}%") || reference == strings.ToUpper(reference)
}

// builtHere are the repositories of the images that the project builds itself: they
// may not be anywhere yet.
func builtHere(p *graph.Project) map[string]bool {
	out := map[string]bool{}
	for _, d := range p.Documents {
		for _, b := range d.Builds {
			for _, tag := range b.Tags {
				// Of a tag with unknown parts at its end, the name may be known.
				text, _, _ := strings.Cut(tag.Display(), "…")
				if name := repositoryOf(strings.TrimRight(text, ":-.")); text == tag.Display() || strings.Contains(text[strings.LastIndexByte(text, '/')+1:], ":") {
					out[name] = true
				}
			}
		}
		for _, i := range d.Images {
			if i.Builds {
				for _, v := range i.References {
					out[repositoryOf(v.Display())] = true
				}
			}
		}
	}
	delete(out, "")
	return out
}

// repositoryOf returns a reference without tag and digest, "" for what is none.
func repositoryOf(reference string) string {
	r, err := image.Parse(reference)
	if err != nil {
		return ""
	}
	return r.Registry + "/" + r.Repository
}
