package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
)

// SinglePlatformDigest finds references that are pinned to the manifest of one
// platform.
func SinglePlatformDigest() *lint.Rule {
	return &lint.Rule{
		Name: "single-platform-digest", Since: "0.1.0", Severity: lint.Error, Page: page("single_platform_digest.md"), Fixable: true,
		Summary: "a digest pins the manifest of one platform",
		Check: func(p *lint.Pass) {
			for _, use := range p.Project.Images {
				answer := p.Answer(use.Reference)
				missing := answer.Missing(needed(p, use))
				if !pinsOne(use, answer) || len(missing) == 0 || use.Selected {
					continue
				}
				reference, err := image.Parse(use.Reference)
				if err != nil {
					continue
				}
				f := lint.Finding{
					Span: use.Span, Platforms: missing,
					Message: fmt.Sprintf("%s is the image for %s alone; for %s there is nothing behind this digest (%s)",
						brief(reference), short(answer.Platforms), missing, provenance(answer)),
				}
				f.Help, f.Fix = otherDigest(use, reference, answer, missing)
				if use.Pinned != nil {
					// The platform beside it keeps the other ones out, too.
					f.Help, f.Fix = f.Help+", and take away the platform that is asked for beside it", nil
				}
				if !use.Use.Contains(use.Span) {
					f.Related = []lint.Related{{Span: use.Use, Message: "used here"}}
				}
				p.Report(f)
			}
		},
	}
}

// pinsOne reports whether a reference is pinned by the digest of a single manifest.
func pinsOne(use *graph.Image, answer image.Answer) bool {
	return answer.Known && answer.Single && strings.Contains(use.Reference, "@")
}

// brief is a reference with its digest cut.
func brief(r image.Reference) string {
	algorithm, sum, _ := strings.Cut(r.Digest, ":")
	if len(sum) > 12 {
		r.Digest = algorithm + ":" + sum[:12] + "…"
	}
	return r.Familiar()
}

// otherDigest says which digest to take, and takes it.
func otherDigest(use *graph.Image, r image.Reference, a image.Answer, missing arch.Set) (string, *lint.Fix) {
	name := r
	name.Digest = ""
	t := a.Tagged
	switch {
	case t == nil:
		if r.Tag == "" {
			name.Tag = "TAG"
		}
		return fmt.Sprintf("pin the digest of the index; docker buildx imagetools inspect %s prints it first", name.Familiar()), nil
	case len(t.Platforms.Missing(missing)) > 0 && t.Digest == r.Digest:
		return "the tag beside it is this one image, too: " + imageHelp(a, missing), nil
	case len(t.Platforms.Missing(missing)) > 0:
		return fmt.Sprintf("what is tagged %s does not have %s either: %s", name.Familiar(), missing, imageHelp(a, missing)), nil
	}
	help := fmt.Sprintf("pin %s, the digest of the index that it is from", t.Digest)
	if !t.Contains {
		help = fmt.Sprintf("pin %s, the digest of the index that is tagged %s now; it holds a newer image", t.Digest, name.Familiar())
	}
	text := use.Span.Text()
	at := strings.Index(text, r.Digest)
	if at < 0 || strings.Count(text, r.Digest) > 1 {
		return help, nil // it is put together from pieces
	}
	at += use.Span.Start
	return help, &lint.Fix{
		Safe: t.Contains, Description: "pin the digest of the index",
		Edits: []lint.Edit{{Span: use.Span.File.Span(at, at+len(r.Digest)), Text: t.Digest}},
	}
}
