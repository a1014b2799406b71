package workflow

import (
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// A job often hands its platforms to make or to a script in a variable:
//
//	env:
//	  PLATFORMS: linux/amd64
//	steps:
//	  - run: make -C images build
//
// The build is not seen then, but the list is.

var (
	// builds finds commands whose builds are seen.
	builds = regexp.MustCompile(`\b(?:docker|podman|buildah|nerdctl)\b[^\n]*\b(?:build|bake|bud)\b`)
	// hands finds lines that run make or a script of the repository.
	hands = regexp.MustCompile(`(?m)^(?:.*(?:&&|;|\|\||\b(?:if|time|exec|bash|sh|source)\b))?\s*(?:\w+=\S*\s+)*(?:make|(?:\.{1,2}/|[\w-]+/)\S+|\S+\.sh)(?:\s.*)?$`)
	// imageWork finds what such a line says when it is about images.
	imageWork = regexp.MustCompile(`(?i)image|build|push|release|multi|(?:make|sh|/)\b.*docker`)
	// containers finds jobs that have to do with images at all.
	containers = regexp.MustCompile(`(?i)docker|podman|buildx|image`)
)

// handed is a variable of which the value is a list of platforms.
type handed struct {
	variable
	platforms arch.Set
	job       *job
	steps     []*step // that see it
}

// handedOver adds the builds of which only the platforms are seen: those in a
// variable that nothing visible reads, where make or a script builds images.
func (r *reader) handedOver(jobs []*job) {
	var all []*handed
	at := map[source.Span]*handed{}
	widest := map[string]int{}
	for _, j := range jobs {
		for _, l := range j.env {
			for _, v := range l.variables {
				all = addHanded(all, at, v, j, j.steps)
			}
		}
		for _, st := range j.steps {
			if st.env == nil {
				continue
			}
			for _, v := range st.env.variables {
				all = addHanded(all, at, v, j, []*step{st})
			}
		}
	}
	for _, h := range all {
		widest[h.name] = max(widest[h.name], len(h.platforms))
	}
	for _, h := range all {
		if len(h.platforms) < widest[h.name] || !handsOn(h.steps) || readByBuild(jobs, h.name) {
			continue
		}
		r.doc.Builds = append(r.doc.Builds, &facts.Build{
			Span: h.value.All(), Tool: h.name, Job: h.job.id, OpaqueArgs: true, Inferred: true,
			Platforms: facts.Platforms{State: facts.PlatformsKnown, Set: h.platforms, Span: h.value.All()},
		})
	}
}

// maxHanded bounds the variables that are looked at: each is looked for in all
// scripts.
const maxHanded = 50

// addHanded adds a variable whose name and value are about platforms; one of the
// whole workflow is seen by the steps of every job.
func addHanded(all []*handed, at map[source.Span]*handed, v variable, j *job, steps []*step) []*handed {
	if h := at[v.span]; h != nil {
		h.steps = append(h.steps[:len(h.steps):len(h.steps)], steps...)
		return all
	}
	if len(all) == maxHanded || !strings.Contains(strings.ToUpper(v.name), "PLATFORM") || v.name == defaultPlatform || !strings.Contains(v.value.String, "/") {
		return all
	}
	set, err := parsePlatforms(v.value.String)
	if err != nil || len(set) == 0 {
		return all
	}
	h := &handed{variable: v, platforms: set, job: j, steps: steps}
	at[v.span] = h
	return append(all, h)
}

// handsOn reports whether one of the steps lets make or a script build images.
func handsOn(steps []*step) bool {
	found, about := false, false
	for _, st := range steps {
		about = about || containers.MatchString(st.uses.String) || containers.MatchString(st.run.String)
		for _, line := range hands.FindAllString(st.run.String, -1) {
			found = found || imageWork.MatchString(line)
		}
	}
	return found && about
}

// readByBuild reports whether a variable is named in an input of an action or
// beside a build command.
func readByBuild(jobs []*job, name string) bool {
	for _, j := range jobs {
		for _, st := range j.steps {
			if strings.Contains(st.run.String, name) && builds.MatchString(strings.ReplaceAll(st.run.String, "\\\n", " ")) {
				return true
			}
			for _, in := range st.with {
				if strings.Contains(in.value.String, name) {
					return true
				}
			}
		}
	}
	return false
}
