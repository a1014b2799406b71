package graph

import (
	"path"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/facts"
)

// bakeFiles are those that bake reads when it is told none.
var bakeFiles = []string{
	"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
	"docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl",
}

// composeFiles are those that compose reads when it is told none.
var composeFiles = []string{
	"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
	"compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml",
}

// joinBakes puts in the place of each call of bake the builds of its targets, for the
// platforms that the bake file names. A call stays as it is, with platforms that are
// not known, if anything about it is not.
func joinBakes(documents []*facts.Document) {
	files := map[string]*facts.Document{}
	for _, d := range documents {
		if d.Kind == facts.Bake || d.Kind == facts.Compose {
			files[d.File.Path] = d
		}
	}
	for _, d := range documents {
		if !slices.ContainsFunc(d.Builds, func(b *facts.Build) bool { return b.Bake != nil }) {
			continue
		}
		var builds []*facts.Build
		for _, b := range d.Builds {
			if targets := baked(b, files); targets != nil {
				builds = append(builds, targets...)
			} else {
				builds = append(builds, b)
			}
		}
		d.Builds = builds
	}
}

// baked returns the builds of a call, nil if they are not known.
func baked(call *facts.Build, files map[string]*facts.Document) []*facts.Build {
	if call.Bake == nil || call.Platforms.State == facts.PlatformsKnown {
		return nil
	}
	for _, key := range call.Bake.Set {
		if attribute := key[strings.LastIndexByte(key, '.')+1:]; attribute != "tags" && attribute != "args" && !strings.Contains(key, ".args.") &&
			!strings.HasPrefix(attribute, "cache") && attribute != "labels" && !strings.Contains(key, ".labels.") && attribute != "output" {
			return nil
		}
	}
	var read []*facts.Document
	names := call.Bake.Files
	switch {
	case len(names) > 0:
	case call.Bake.Compose:
		names = composeFiles
	default:
		names = bakeFiles
	}
	for _, name := range names {
		d := files[path.Join(call.Bake.Directory, name)]
		switch {
		case d != nil && len(d.Problems) == 0:
			read = append(read, d)
		case d != nil, len(call.Bake.Files) > 0:
			return nil
		}
	}
	targets := map[string]*facts.Build{}
	groups := map[string][]string{}
	for _, d := range read {
		for _, g := range d.Groups {
			groups[g.Name] = append(groups[g.Name], g.Targets...)
		}
		for _, b := range d.Builds {
			if b.Job != "" {
				targets[b.Job] = overridden(targets[b.Job], b)
			}
		}
	}
	wanted := call.Bake.Targets
	if len(wanted) == 0 && call.Bake.Compose {
		for name := range targets {
			wanted = append(wanted, name)
		}
	} else if len(wanted) == 0 {
		wanted = []string{"default"}
		if len(groups["default"]) == 0 && targets["default"] == nil && !slices.ContainsFunc(read, func(d *facts.Document) bool { return d.Kind == facts.Bake }) {
			wanted = nil // all services of compose files
			for name := range targets {
				wanted = append(wanted, name)
			}
		}
	}
	found := map[string]bool{}
	if !collect(wanted, groups, targets, found, 0) {
		return nil
	}
	var out []*facts.Build
	for name := range found {
		t := *targets[name]
		if len(t.Platforms.Needs) > 0 && (call.Bake.Open || slices.ContainsFunc(t.Platforms.Needs, func(n string) bool { return slices.Contains(call.Bake.Variables, n) })) {
			t.Platforms = facts.Platforms{State: facts.PlatformsUnknown, Span: t.Platforms.Span, Reason: "the call sets variables that the platforms depend on"}
		}
		t.Tool, t.Call, t.Bake = call.Tool, call.Span, nil
		t.Push, t.Load, t.Runner, t.Emulation, t.Builder, t.Matrix = call.Push, call.Load, call.Runner, call.Emulation, call.Builder, call.Matrix
		t.IndexStore, t.Caller = call.IndexStore, call.Caller
		t.Tags = append(slices.Clone(t.Tags), call.Tags...)
		if call.Bake.Compose && len(t.Tags) == 0 {
			t.Push = facts.No // compose pushes what has a name
		}
		if t.Push == facts.Unknown && !t.Registry {
			t.Push = facts.No // bake pushes what it is told to
		}
		if t.Registry && t.Push == facts.Unknown {
			t.Push = facts.Yes
		}
		out = append(out, &t)
	}
	slices.SortFunc(out, func(a, b *facts.Build) int { return a.Span.Compare(b.Span) })
	return out
}

// overridden returns a target to which a later file adds.
func overridden(before, after *facts.Build) *facts.Build {
	if before == nil {
		return after
	}
	out := *before
	if after.Platforms.State != facts.PlatformsAbsent {
		out.Platforms = after.Platforms
	}
	if len(after.Tags) > 0 {
		out.Tags = after.Tags
	}
	out.Registry = out.Registry || after.Registry
	return &out
}

// collect finds the targets that names stand for. It is false if one is not known.
func collect(names []string, groups map[string][]string, targets map[string]*facts.Build, found map[string]bool, depth int) bool {
	if depth > 20 {
		return false
	}
	for _, n := range names {
		members, isGroup := groups[n]
		switch {
		case isGroup:
			if !collect(members, groups, targets, found, depth+1) {
				return false
			}
		case targets[n] != nil:
			found[n] = true
		default:
			return false
		}
	}
	return true
}
