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

// SingleArchImage finds images that do not exist for a required platform.
func SingleArchImage() *lint.Rule {
	return &lint.Rule{
		Name: "single-arch-image", Since: "0.1.0", Severity: lint.Error, Page: page("single_arch_image.md"),
		Summary: "an image used for a required platform does not exist for it",
		Check: func(p *lint.Pass) {
			for _, use := range p.Project.Images {
				answer := p.Answer(use.Reference)
				if !answer.Known || answer.Provenance == image.FromName {
					continue
				}
				if pinsOne(use, answer) {
					continue // single-platform-digest says what to do
				}
				f, ok := missingImage(use, answer, needed(p, use))
				if !ok {
					continue
				}
				if !use.Use.Contains(use.Span) {
					f.Related = []lint.Related{{Span: use.Use, Message: "used here"}}
				}
				if pin := use.Placement; pin != nil && len(answer.Missing(needed(p, use))) > 0 {
					f.Related = append(f.Related, lint.Related{Span: pin.Span, Message: "kept on " + strings.Join(pin.Architectures, ", ") + " nodes here"})
				}
				if use.Likely && f.Severity == 0 {
					f.Severity = lint.Warning
				}
				p.Report(f)
			}
		},
	}
}

// missingImage says what an image does not have of what is needed, or what its own
// manifests speak against.
func missingImage(use *graph.Image, answer image.Answer, needed arch.Set) (lint.Finding, bool) {
	disproved, doubtful, evidence := arch.Set(nil), arch.Set(nil), ""
	for _, c := range answer.Contradictions {
		if !needed.Has(c.Platform) {
			continue
		}
		if c.Certain {
			disproved = disproved.Add(c.Platform)
		} else {
			doubtful = doubtful.Add(c.Platform)
		}
		if evidence == "" || c.Certain {
			evidence = c.Evidence
		}
	}
	missing := answer.Missing(needed)
	f := lint.Finding{Span: use.Span, Platforms: missing, Help: imageHelp(answer, missing)}
	switch {
	case len(disproved) > 0:
		f.Message = fmt.Sprintf("%s says that it has %s, and the image behind that is not for it: %s (%s)", use.Reference, disproved, evidence, provenance(answer))
	case len(missing) > 0 && answer.Guess:
		f.Severity = lint.Warning
		f.Message = fmt.Sprintf("%s probably does not exist for %s (%s)", use.Reference, missing, provenance(answer))
	case len(missing) > 0:
		f.Message = fmt.Sprintf("%s does not exist for %s, only for %s (%s)", use.Reference, missing, short(answer.Platforms), provenance(answer))
	case len(doubtful) > 0:
		f.Severity, f.Platforms = lint.Warning, doubtful
		f.Help = "run it there before relying on it; if it is yours, look at how its index is put together"
		f.Message = fmt.Sprintf("%s has an entry for %s that is probably not for it: %s (%s)", use.Reference, doubtful, evidence, provenance(answer))
	default:
		return f, false
	}
	return f, true
}

// needed returns the platforms that an image must have: those of the place where
// it is used, or, where a platform is asked for that the image has, the required
// ones, for a pin to what the image has is there because of the image.
func needed(p *lint.Pass, use *graph.Image) arch.Set {
	if use.Pinned == nil || use.Role == facts.RoleRun {
		return use.Platforms
	}
	set := use.Platforms
	for _, r := range p.Required(use.Span) {
		set = set.Add(r)
	}
	return set
}

func short(s arch.Set) string {
	names := s.Sorted().Strings()
	if len(names) > 4 {
		names = append(names[:4], "…")
	}
	if len(names) == 0 {
		return "no platform"
	}
	return strings.Join(names, ", ")
}

// source says where an answer comes from.
func provenance(a image.Answer) string {
	switch {
	case a.Provenance == image.FromRegistry:
		return "says the registry"
	case a.AsOf.IsZero():
		return "says the " + string(a.Provenance)
	case a.Guess && len(a.Covers) == 0:
		return fmt.Sprintf("%s of %s, by the tags beside it", a.Provenance, a.AsOf.Format("2006-01-02"))
	}
	return fmt.Sprintf("%s of %s", a.Provenance, a.AsOf.Format("2006-01-02"))
}

func imageHelp(a image.Answer, missing arch.Set) string {
	var parts []string
	for _, p := range missing {
		if since := a.Since[p.String()]; since != "" {
			parts = append(parts, fmt.Sprintf("%s is there from %s on", p, since))
		}
	}
	if a.Advice != "" {
		parts = append(parts, strings.TrimSuffix(a.Advice, "."))
	}
	if len(parts) == 0 {
		return "take a version or an image that has the platform, or build it yourself; if this place never runs on it, say so with archlint:ignore"
	}
	return strings.Join(parts, ". ")
}
