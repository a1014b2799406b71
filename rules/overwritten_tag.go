package rules

import (
	"fmt"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// OverwrittenTag finds tags that are pushed once for each platform, so that only the
// last one is left.
func OverwrittenTag() *lint.Rule {
	return &lint.Rule{
		Name: "overwritten-tag", Since: "0.1.0", Severity: lint.Error, Page: page("overwritten_tag.md"),
		Summary: "jobs or rows of a matrix push the same tag, each for its own platform, and nothing merges them",
		Check: func(p *lint.Pass) {
			for _, d := range p.Project.Documents {
				if len(d.Merges) > 0 {
					continue
				}
				for i, b := range d.Builds {
					if !overwrites(b) {
						continue
					}
					if rows := b.Platforms.Each; len(rows) > 1 && apart(rows) && len(b.Tags) == 1 && b.Tags[0].Known() {
						p.Report(lint.Finding{
							Span: b.Span, Platforms: b.Platforms.Set, Related: related(b.Platforms),
							Message: fmt.Sprintf("each row of the matrix pushes %s for its own platform; what is left is that of the last one", b.Tags[0].String()),
							Help:    "push each by digest (outputs: type=image,push-by-digest=true,push=true) and merge them with docker buildx imagetools create, or give each a tag of its own and merge those",
						})
						continue
					}
					for _, before := range d.Builds[:i] {
						tag, ok := sharedTag(before, b)
						if !ok || !overwrites(before) || before.Span == b.Span {
							continue
						}
						p.Report(lint.Finding{
							Span: b.Span, Platforms: b.Platforms.Set,
							Message: fmt.Sprintf("%s is pushed here for %s, and elsewhere for %s; what is left is that of the last one", tag, b.Platforms.Set, before.Platforms.Set),
							Help:    "build both platforms in one step, or give each a tag of its own and merge them with docker buildx imagetools create",
							Related: []lint.Related{{Span: before.Span, Message: "pushed for " + before.Platforms.Set.String() + " here"}},
						})
						break
					}
				}
			}
		},
	}
}

// overwrites reports whether a build pushes what its tags name for platforms that are
// known.
func overwrites(b *facts.Build) bool {
	return b.Push == facts.Yes && !b.Digest && !b.Inferred && b.Platforms.State == facts.PlatformsKnown
}

// apart reports whether lists of platforms are one each, and all of them different.
func apart(rows []arch.Set) bool {
	var seen arch.Set
	for _, row := range rows {
		if len(row) != 1 || seen.Has(row[0]) {
			return false
		}
		seen = seen.Add(row[0])
	}
	return true
}

// sharedTag returns a tag that two builds push, if they have no platform in common.
func sharedTag(a, b *facts.Build) (string, bool) {
	for _, p := range b.Platforms.Set {
		if a.Platforms.Set.Has(p) {
			return "", false
		}
	}
	if a.Matrix || b.Matrix {
		return "", false
	}
	for _, x := range a.Tags {
		for _, y := range b.Tags {
			if x.Known() && y.Known() && x.String() != "" && x.String() == y.String() {
				return x.String(), true
			}
		}
	}
	return "", false
}
