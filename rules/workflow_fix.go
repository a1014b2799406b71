package rules

import (
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// The steps that are added are those that Docker's manual shows (docs.docker.com,
// "Multi-platform image with GitHub Actions").
const (
	setupQEMU   = "docker/setup-qemu-action@v3"
	setupBuildx = "docker/setup-buildx-action@v3"
)

// addSteps returns the edit that puts steps before the one that builds, in the form
// of that one. There is none where the file names actions by their commits: which
// they are is not for archlint to say.
func addSteps(b *facts.Build, actions ...string) (lint.Edit, bool) {
	at := b.Step
	if at.IsZero() || b.ByCommit || len(actions) == 0 || b.Span.File != at.File {
		return lint.Edit{}, false
	}
	f := at.File
	n := f.LineAt(at.Start)
	start, _ := f.LineRange(n)
	before := string(f.Data[start:at.Start])
	if indentation, dash, ok := strings.Cut(before, "-"); !ok || strings.TrimLeft(indentation, " ") != "" || strings.TrimLeft(dash, " ") != "" {
		return lint.Edit{}, false // in a flow, or not on the line of its dash
	}
	indentation := before[:strings.IndexByte(before, '-')]
	// A comment right above belongs to the step.
	for n > 1 && strings.HasPrefix(f.Line(n-1), indentation+"#") {
		n--
	}
	apart := n > 1 && strings.TrimSpace(f.Line(n-1)) == ""
	text := ""
	for _, action := range actions {
		text += before + "uses: " + action + "\n"
		if apart {
			text += "\n"
		}
	}
	start, _ = f.LineRange(n)
	return lint.Edit{Span: f.Span(start, start), Text: text}, true
}

// missingSetup returns the actions that have to run before a build of several
// platforms.
func missingSetup(b *facts.Build) []string {
	var out []string
	if !b.Emulation {
		out = append(out, setupQEMU)
	}
	if !b.Builder {
		out = append(out, setupBuildx)
	}
	return out
}

// givePlatforms gives a step that has no list of platforms one, and the steps that it
// then needs.
func givePlatforms(b *facts.Build, all arch.Set) *lint.Fix {
	if b.Takes == "" || len(b.Inputs) == 0 || b.Load || b.Matrix || b.Digest || len(b.Runner) != 1 || b.Platforms.Input != "" || b.Inputs[0].Key.File != b.Step.File {
		return nil
	}
	list := strings.Join(all.Strings(), ",")
	fix := &lint.Fix{Description: "publish for " + all.String()}
	switch b.Platforms.State {
	case facts.PlatformsAbsent:
		at := b.Inputs[0].Key
		for _, in := range b.Inputs {
			if in.Key.Text() == "push" {
				at = in.Key
			}
		}
		f := at.File
		line, _ := f.LineRange(f.LineAt(at.Start))
		indentation := string(f.Data[line:at.Start])
		edit := lint.Edit{Span: f.Span(at.Start, at.Start), Text: b.Takes + ": " + list + "\n" + indentation}
		if strings.TrimLeft(indentation, " ") != "" {
			if !strings.Contains(indentation, "{") {
				return nil
			}
			edit.Text = b.Takes + `: "` + list + `", `
		}
		fix.Edits = append(fix.Edits, edit)
	case facts.PlatformsIgnored:
		// The right name for a list that is complete.
		var given facts.Input
		for _, in := range b.Inputs {
			if in.Key == b.Platforms.Span {
				given = in
			}
		}
		set, err := arch.ParseSet(strings.Trim(given.Value.Text(), `"'`))
		if given.Key.IsZero() || err != nil || len(set.Missing(all)) > 0 {
			return nil
		}
		fix.Edits = append(fix.Edits, lint.Edit{Span: given.Key, Text: b.Takes})
	default:
		return nil
	}
	if setup := missingSetup(b); len(setup) > 0 {
		edit, ok := addSteps(b, setup...)
		if !ok {
			return nil
		}
		fix.Edits = append(fix.Edits, edit)
	}
	return fix
}
