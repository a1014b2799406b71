// Package buildscript reads Makefiles, shell scripts, bake files and the
// configurations of CI systems for one thing only: the build arguments that they
// set. An ARG that a Makefile sets for each platform is not fixed by its default.
//
// The files are not parsed but searched for the option itself, which has the
// same spelling in all of them; the value is not looked at, and the names hold
// for every Dockerfile of the repository.
package buildscript

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// option matches --build-arg NAME, as the next element of a list too, and kaniko's
// and buildctl's forms of it.
var option = regexp.MustCompile(`--(?:build-arg|opt(?:=|\s+)build-arg)["']?[=:,\s][-,\s]*f?["']?(?:build-arg:)?([A-Za-z_][A-Za-z0-9_]*)`)

// table matches the tables of arguments of bake files and of CI configurations:
// args = { … }, build_args: …, buildArgs: ….
var (
	table = regexp.MustCompile(`(?m)^\s*-?\s*["']?(?:args|build[_-]?args|buildArgs|build_args_from_env|BUILD_ARGS|DOCKER_BUILD_ARGS)["']?\s*[:=]`)
	entry = regexp.MustCompile(`(?m)^\s*-?\s*["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*[:=]`)
)

// window is how far behind the beginning of a table its entries are looked for.
const window = 1500

// Parse returns the build arguments of a file as one build of an unknown
// Dockerfile.
func Parse(f *source.File) *facts.Document {
	d := &facts.Document{File: f, Kind: facts.BuildScript}
	args := map[string][]facts.Value{}
	if bytes.Contains(f.Data, []byte("build-arg")) {
		for _, m := range option.FindAllSubmatch(f.Data, -1) {
			args[string(m[1])] = nil
		}
	}
	if hasTables(f.Path) {
		for _, at := range table.FindAllIndex(f.Data, 64) {
			part := f.Data[at[1]:min(len(f.Data), at[1]+window)]
			for _, m := range entry.FindAllSubmatch(part, 64) {
				args[string(m[1])] = nil
			}
		}
	}
	if homeAssistant(f) {
		args["BUILD_FROM"], args["BUILD_ARCH"], args["BUILD_VERSION"] = nil, nil, nil
	}
	if len(args) > 0 {
		d.Builds = []*facts.Build{{Span: f.Span(0, 0), Tool: "build script", Args: args, Push: facts.No, Platforms: facts.Platforms{State: facts.PlatformsUnknown, Reason: "build scripts are not read for platforms"}}}
	}
	return d
}

// homeAssistant reports whether a file tells Home Assistant's builder what to
// build from for each architecture. The builder sets BUILD_FROM and BUILD_ARCH
// (developers.home-assistant.io, "App configuration", build file).
func homeAssistant(f *source.File) bool {
	return strings.HasPrefix(path.Base(f.Path), "build.") && bytes.Contains(f.Data, []byte("build_from"))
}

// hasTables reports whether a file is of a kind that lists arguments in tables.
func hasTables(file string) bool {
	switch ext := strings.ToLower(path.Ext(file)); ext {
	case ".hcl", ".json", ".yml", ".yaml":
		return true
	}
	return false
}
