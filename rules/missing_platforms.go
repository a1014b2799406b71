package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// MissingPlatforms finds images that are published for fewer platforms than
// required.
func MissingPlatforms() *lint.Rule {
	return &lint.Rule{
		Name: "missing-platforms", Since: "0.1.0", Severity: lint.Error, Page: page("missing_platforms.md"), Fixable: true,
		Summary: "an image is published for fewer platforms than required",
		Check: func(p *lint.Pass) {
			publications := publishing(p.Project.Documents)
			published := 0 // of publications
			for _, d := range p.Project.Documents {
				reported := map[[2]int]bool{} // one finding for all that a matrix makes of a step
				for _, build := range d.Builds {
					if build.Push == facts.No {
						continue
					}
					own := &publications[published]
					published++
					have, known := publishedFor(build)
					if !known || !build.Script.IsZero() && forTests(build) {
						continue
					}
					missing := have.Missing(linuxOnly(p.Required(build.Span)))
					if len(missing) == 0 {
						for _, f := range leftBehind(build, linuxOnly(p.Required(build.Span))) {
							p.Report(f)
						}
					}
					if len(missing) == 0 || namedForOthers(build, have, missing) || publishedElsewhere(own, missing, publications) || mayBeOneOfSeveral(build) && accountedFor(own, missing, publications) {
						continue
					}
					f := missingPlatforms(build, have, missing, d.Kind == facts.Workflow || d.Kind == facts.Action)
					if place := [2]int{f.Span.Start, f.Span.End}; !reported[place] {
						reported[place] = true
						p.Report(f)
					}
				}
			}
		},
	}
}

// leftBehind finds the rows of a matrix that leave out a platform where others are for
// all by themselves: each row then makes an image of its own.
func leftBehind(b *facts.Build, required arch.Set) []lint.Finding {
	var out []lint.Finding
	whole := slices.ContainsFunc(b.Platforms.Each, func(s arch.Set) bool { return len(s.Missing(required)) == 0 })
	for i, set := range b.Platforms.Each {
		missing := set.Missing(required)
		if !whole || len(missing) == 0 || b.Digest || i >= len(b.Platforms.Rows) || b.Platforms.Rows[i].IsZero() || len(linuxOnly(set)) == 0 {
			continue
		}
		out = append(out, lint.Finding{
			Span: b.Platforms.Rows[i], Severity: lint.Warning, Platforms: missing, Related: []lint.Related{{Span: b.Span, Message: "published here"}},
			Message: fmt.Sprintf("this row of the matrix publishes for %s only, where others are for %s too", set, missing),
			Help:    "add " + missing.String() + " to the list",
		})
	}
	return out
}

// test matches the names of images that only tests pull.
var test = regexp.MustCompile(`(?:^|[-_./])(?:e2e|tests?|testing)(?:[-_./]|$)`)

// forTests reports whether all names of an image say that it is for tests.
func forTests(b *facts.Build) bool {
	for _, tag := range b.Tags {
		if !test.MatchString(imageName(tag)) {
			return false
		}
	}
	return len(b.Tags) > 0
}

// publication is a build that is published, and where it stands.
type publication struct {
	build    *facts.Build
	document *facts.Document
	tags     []pushed
	// have are the platforms that it is for, as far as they are known.
	have  arch.Set
	known bool
}

// pushed is a tag of a publication, put apart once: each publication is compared with
// all others.
type pushed struct {
	name, tag       string // as cutTag returns them
	image           string // as imageName returns it
	known, released bool
	// rest and named are what withoutArchitecture returns of the whole.
	rest  string
	named arch.Set
}

func publishing(documents []*facts.Document) []publication {
	var out []publication
	for _, d := range documents {
		for _, b := range d.Builds {
			if b.Push == facts.No {
				continue
			}
			p := publication{build: b, document: d}
			p.have, p.known = publishedFor(b)
			for _, tag := range b.Tags {
				reference := written(tag)
				name, text := cutTag(reference)
				rest, named := withoutArchitecture(reference)
				p.tags = append(p.tags, pushed{name, text, imageName(tag), tag.Known(), released.MatchString(text), rest, named})
			}
			out = append(out, p)
		}
	}
	return out
}

// publishedFor returns the platforms that a build makes its image for. It is not
// known when they are not, and for images that are not for Linux.
func publishedFor(b *facts.Build) (set arch.Set, known bool) {
	switch b.Platforms.State {
	case facts.PlatformsKnown:
		return b.Platforms.Set, len(linuxOnly(b.Platforms.Set)) > 0
	case facts.PlatformsAbsent, facts.PlatformsIgnored:
		for _, a := range b.Runner {
			set = set.Add(arch.Platform{OS: "linux", Architecture: a})
		}
		return set, len(set) > 0
	}
	return nil, false
}

func linuxOnly(s arch.Set) arch.Set {
	var out arch.Set
	for _, p := range s {
		if p.OS == "linux" {
			out = append(out, p)
		}
	}
	return out
}

// publishedElsewhere reports whether the platforms that a build leaves out are
// published by others: a job for each architecture, rows of a matrix, a small
// image for a test beside the real one. One of which the platforms are not known
// has the benefit of the doubt if it stands in the same file.
func publishedElsewhere(own *publication, missing arch.Set, publications []publication) bool {
	b, d := own.build, own.document
	merged := len(d.Merges) > 0
	for i := range publications {
		other := &publications[i]
		// What is handed to the tests is often another stage of what is released.
		handedOver := b.Passing && b.Dockerfile != "" && b.Dockerfile == other.build.Dockerfile && !other.build.Passing
		// What bake files build has no name here: several in one file are likely a job
		// for each platform.
		unnamed := other.document == d && nameless(b) && nameless(other.build)
		if other.build == b || !sameImage(own, other) && !handedOver && !unnamed || releasedApart(own, other) {
			continue
		}
		if !other.known {
			if other.document == d && (merged || other.build.Platforms.State == facts.PlatformsUnknown) {
				return true
			}
			continue
		}
		missing = other.have.Missing(missing)
	}
	return len(missing) == 0
}

// released matches the tags that people pull without a thought for how they came to
// be: not those of a branch, of a test, of a night.
var released = regexp.MustCompile(`^(?:latest|stable|lts|release|v?\d+(?:\.\d+)*)$`)

// releasedApart reports whether a build pushes released tags of an image, and another
// one certainly none of them: what app:beta is made for is no help to app:latest.
func releasedApart(b, other *publication) bool {
	same := false
	for _, tag := range other.tags {
		if !tag.known {
			return false
		}
		for _, own := range b.tags {
			if !own.known || !own.released || own.name != tag.name {
				continue
			}
			if own.tag == tag.tag {
				return false
			}
			same = true
		}
	}
	return same
}

// cutTag cuts a reference at its tag, which is latest if there is none.
func cutTag(reference string) (name, tag string) {
	if i := strings.LastIndexByte(reference, ':'); i > strings.LastIndexByte(reference, '/') {
		return strings.TrimPrefix(reference[:i], "docker.io/"), reference[i+1:]
	}
	return strings.TrimPrefix(reference, "docker.io/"), "latest"
}

func nameless(b *facts.Build) bool {
	return !b.Inferred && b.Dockerfile == "" && len(b.Tags) == 0
}

// mayBeOneOfSeveral reports whether the platform of a build is not said by the build
// itself, so that its name may say more.
func mayBeOneOfSeveral(b *facts.Build) bool {
	return b.Inferred || !b.Script.IsZero() && b.Platforms.State == facts.PlatformsAbsent
}

// accountedFor reports whether an image of which the build is not seen may well
// be one of several: something in the file merges images, or the same name with
// another architecture in it is published too.
func accountedFor(own *publication, missing arch.Set, publications []publication) bool {
	if len(own.document.Merges) > 0 {
		return true
	}
	for _, tag := range own.tags {
		if len(tag.named) == 0 {
			continue
		}
		for i := range publications {
			for _, x := range publications[i].tags {
				if x.rest == tag.rest && len(x.named) > 0 {
					missing = x.named.Missing(missing)
				}
			}
		}
	}
	return len(missing) == 0
}

// namedForOthers reports whether an image says by its name that it is for another
// platform than what nearly all machines build: nobody leaves out amd64 by
// accident.
func namedForOthers(b *facts.Build, have, missing arch.Set) bool {
	if len(b.Tags) == 0 || have.Has(arch.LinuxAMD64) || !missing.Has(arch.LinuxAMD64) {
		return false
	}
	for _, tag := range b.Tags {
		_, named := withoutArchitecture(written(tag))
		if len(named) == 0 || len(have.Missing(named)) > 0 {
			return false
		}
	}
	return true
}

// withoutArchitecture takes the architectures out of a name.
func withoutArchitecture(name string) (rest string, named arch.Set) {
	at := 0
	for _, word := range arch.Words(name) {
		named = named.Add(arch.Platform{OS: "linux", Architecture: word.Architecture})
		rest += name[at:word.Start]
		at = word.End
	}
	return rest + name[at:], named
}

// sameImage reports whether two builds make the same image: of the same stage of
// the same Dockerfile, or under the same name.
func sameImage(a, b *publication) bool {
	if a.build.Dockerfile != "" && a.build.Dockerfile == b.build.Dockerfile && a.build.Target == b.build.Target {
		return true
	}
	for _, x := range a.tags {
		for _, y := range b.tags {
			if x.image != "" && x.image == y.image {
				return true
			}
		}
	}
	return false
}

// unknownPart is what Value.Display writes for what is not known.
const unknownPart = "…"

// imageName returns the repository part of a reference, "" if nothing of it is
// known.
func imageName(v facts.Value) string {
	name, _ := cutTag(written(v))
	if strings.Trim(name, unknownPart+"/") == "" {
		return ""
	}
	return name
}

// written returns a reference with a mark for each unknown part.
func written(v facts.Value) string {
	s := v.Display()
	for strings.Contains(s, unknownPart+unknownPart) {
		s = strings.ReplaceAll(s, unknownPart+unknownPart, unknownPart)
	}
	return s
}

func missingPlatforms(b *facts.Build, have, missing arch.Set, actions bool) lint.Finding {
	f := lint.Finding{Span: b.Platforms.Span, Platforms: missing}
	if f.Span.IsZero() {
		f.Span = b.Span
	}
	image := publishedName(b)
	switch {
	case b.Inferred && b.Platforms.State == facts.PlatformsKnown:
		f.Message = fmt.Sprintf("%s is %s only; %s is missing from the images that are built with it", b.Tool, have, missing)
	case b.Inferred:
		f.Message = fmt.Sprintf("%s is pushed from the runner, as it was built there: for %s only; %s is missing", image, have, missing)
	case b.Platforms.State == facts.PlatformsKnown:
		f.Message = fmt.Sprintf("%s is published for %s only; %s is missing", image, have, missing)
		f.Fix = addPlatforms(b, missing)
	case b.Platforms.State == facts.PlatformsIgnored:
		f.Message = fmt.Sprintf("%s is published for the runner's %s only; %s is missing: %s", image, have, missing, b.Platforms.Reason)
	case b.Tool == "ko" || b.Tool == "goreleaser kos":
		f.Message = fmt.Sprintf("%s is published for %s only, which is what ko builds when no platforms are given; %s is missing", image, have, missing)
	default:
		f.Message = fmt.Sprintf("%s is published for the runner's %s only, as no platforms are given; %s is missing", image, have, missing)
	}
	// Whether it is published at all, or for more when somebody asks for it,
	// cannot be seen here; a name with an architecture in it hides nothing.
	if b.Push == facts.Unknown || b.Inferred || !b.Script.IsZero() || b.Platforms.Reason != "" && b.Platforms.State == facts.PlatformsKnown || namedAfterArchitecture(b) {
		f.Severity = lint.Warning
	}
	if f.Fix == nil && b.Call.IsZero() && b.Caller.IsZero() && !b.Inferred {
		f.Fix = givePlatforms(b, append(have[:len(have):len(have)], missing...))
	}
	f.Help = platformsHelp(b, have, missing, actions)
	if !b.Call.IsZero() {
		f.Related = append(f.Related, lint.Related{Span: b.Call, Message: "published here"})
	}
	f.Related = append(f.Related, calledFrom(b, f.Span)...)
	if !b.Script.IsZero() {
		f.Related = append(f.Related, lint.Related{Span: b.Script, Message: "built here"})
	}
	return f
}

// calledFrom is the way from the file that has a build made to the step that makes
// it, as far as a finding does not stand there itself.
func calledFrom(b *facts.Build, at source.Span) []lint.Related {
	if b.Caller.IsZero() {
		return nil
	}
	var out []lint.Related
	if at.File.Path != b.Caller.File.Path {
		out = append(out, lint.Related{Span: b.Caller, Message: "called here"})
	}
	if at != b.Span {
		out = append(out, lint.Related{Span: b.Span, Message: "built here"})
	}
	return out
}

// publishedName is what to call the result of a build.
func publishedName(b *facts.Build) string {
	best := ""
	for _, tag := range b.Tags {
		// A name with a registry or an owner is the one that is pushed.
		if s := written(tag); imageName(tag) != "" && len(s) <= 100 && (best == "" || !strings.Contains(best, "/") && strings.Contains(s, "/")) {
			best = s
		}
	}
	if best != "" {
		return best
	}
	if b.Dockerfile != "" {
		return "the image of " + b.Dockerfile
	}
	return "the image"
}

func namedAfterArchitecture(b *facts.Build) bool {
	for _, tag := range b.Tags {
		if len(arch.Words(written(tag))) == 0 {
			return false
		}
	}
	return len(b.Tags) > 0
}

// platformsHelp says how to publish for the missing platforms too: in GitHub Actions
// there are actions for what that takes.
func platformsHelp(b *facts.Build, have, missing arch.Set, actions bool) string {
	list := strings.Join(append(have.Strings(), missing.Strings()...), ",")
	switch {
	case b.Inferred && b.Platforms.State == facts.PlatformsKnown:
		return fmt.Sprintf("set `%s: %s`, and let what it is for build several platforms", b.Tool, list)
	case b.Inferred:
		return fmt.Sprintf("%s pushes the one platform that is in the local store; publish with `docker buildx build --platform %s --push`, or build on a runner of each platform and merge the two", b.Tool, list)
	}
	var help string
	switch tool, version, _ := strings.Cut(b.Tool, "@"); {
	case b.Platforms.Input != "" && b.Platforms.State != facts.PlatformsIgnored:
		help = fmt.Sprintf("give the input %s here: `%s: %s`", b.Platforms.Input, b.Platforms.Input, list)
		if b.Platforms.State == facts.PlatformsKnown {
			help = "set `" + b.Platforms.Input + ": " + list + "`"
		}
	case tool == "docker/build-push-action" && (version == "v1" || strings.HasPrefix(version, "v1.")):
		return "update to a current docker/build-push-action, which builds with buildx, and give it `platforms: " + list + "`"
	case tool == "ko":
		return fmt.Sprintf("build with `--platform=%s`, or list them under defaultPlatforms in .ko.yaml", list)
	case tool == "goreleaser dockers":
		return fmt.Sprintf("add an image for each of %s (`goarch`, and `--platform` in build_flag_templates) and join them in docker_manifests, or use dockers_v2", missing)
	case strings.HasPrefix(tool, "goreleaser "):
		return "list " + list + " under platforms"
	case tool == "kaniko":
		return "kaniko builds for the machine that it runs on: run it on one of each platform, and merge the images"
	case tool == "buildctl build":
		return fmt.Sprintf("build with `--opt platform=%s`", list)
	case strings.HasPrefix(tool, "podman "), strings.HasPrefix(tool, "buildah "):
		return fmt.Sprintf("build with `--platform %s --manifest NAME` and push the manifest", list)
	case !b.Call.IsZero() && b.Span.File != b.Call.File:
		help = fmt.Sprintf("set `platforms = [%s]` in target %s", `"`+strings.ReplaceAll(list, ",", `", "`)+`"`, b.Job)
		if b.Span.File.Path[strings.LastIndexByte(b.Span.File.Path, '.'):] != ".hcl" {
			help = fmt.Sprintf("list %s under the platforms of %s", list, b.Job)
		}
	case strings.Contains(tool, " buildx "), strings.HasPrefix(tool, "depot "):
		help = "build with `--platform " + list + "`"
	case strings.Contains(tool, " "):
		help = fmt.Sprintf("build with `docker buildx build --platform %s --push`", list)
	case b.Platforms.State == facts.PlatformsKnown || strings.HasSuffix(tool, "/build-push-action"):
		help = "set `platforms: " + list + "`"
	default:
		help = "set `platforms: " + list + "` where this action has such an input, else use docker/build-push-action"
	}
	if !actions {
		if !b.Emulation {
			help += ", after `docker run --privileged --rm tonistiigi/binfmt --install all`"
			if !b.Builder {
				help += " and `docker buildx create --use`"
			}
			help += ", or build on a machine of each platform and merge the images"
		}
		return help
	}
	var before []string
	if !b.Emulation {
		before = append(before, "docker/setup-qemu-action")
	}
	if !b.Builder {
		before = append(before, "docker/setup-buildx-action")
	}
	if len(before) > 0 {
		help += " and run " + strings.Join(before, " and ") + " before it"
	}
	for _, p := range missing {
		if p == arch.LinuxARM64 && !b.Emulation {
			help += ", or build " + p.String() + " on a native ubuntu-24.04-arm runner and merge the two"
		}
	}
	return help
}

// addPlatforms adds the missing platforms to the list, where everything that
// building them takes is in place.
func addPlatforms(b *facts.Build, missing arch.Set) *lint.Fix {
	span := b.Platforms.Span
	if span.IsZero() {
		return nil
	}
	text := span.Text()
	if !b.Call.IsZero() {
		return addToBake(b, missing)
	}
	if strings.HasPrefix(b.Tool, "goreleaser ") {
		return addToList(b, missing)
	}
	if b.Push == facts.No || b.Load || b.Matrix || !b.Emulation || !b.Builder || len(b.Platforms.Each) > 0 || strings.ContainsAny(text, "\n\"'$# ") {
		return nil
	}
	if set, err := arch.ParseSet(text); err != nil || len(set) != len(b.Platforms.Set) || len(set) == 0 {
		return nil
	}
	return &lint.Fix{
		// A list that stands before the step may be used for other things too.
		Safe:        span.File == b.Span.File && span.Start > b.Span.Start || span.File == b.Caller.File && span.Start > b.Caller.Start,
		Description: "publish for " + missing.String() + " too",
		Edits:       []lint.Edit{{Span: span.File.Span(span.End, span.End), Text: "," + strings.Join(missing.Strings(), ",")}},
	}
}

// addToList adds the missing platforms to a list of YAML, in the form of its last item.
func addToList(b *facts.Build, missing arch.Set) *lint.Fix {
	span := b.Platforms.Span
	f, end, quote := span.File, span.End, ""
	line, _ := f.LineRange(f.LineAt(end))
	start := strings.LastIndexAny(string(f.Data[line:end]), " [,\"'") + 1 + line
	if end < len(f.Data) && (f.Data[end] == '"' || f.Data[end] == '\'') {
		quote = string(f.Data[end])
		start, end = start-1, end+1
	}
	before := string(f.Data[line:start])
	separator := ", "
	switch {
	case strings.TrimLeft(before, " ") == "- ":
		separator = "\n" + before
	case !strings.Contains(before, "["):
		return nil
	}
	text := ""
	for _, p := range missing {
		text += separator + quote + p.String() + quote
	}
	return &lint.Fix{
		// What is put into the image may not be built for them.
		Safe:        false,
		Description: "publish for " + missing.String() + " too",
		Edits:       []lint.Edit{{Span: f.Span(end, end), Text: text}},
	}
}

// addToBake adds the missing platforms to the list of a bake file, in the way that its
// items are written.
func addToBake(b *facts.Build, missing arch.Set) *lint.Fix {
	span := b.Platforms.Span
	text := span.Text()
	last := strings.LastIndexByte(text, '"')
	if b.Push == facts.No || b.Matrix || !b.Emulation || !b.Builder || last < 0 || !strings.HasSuffix(strings.TrimSpace(text), "]") || strings.ContainsAny(text, "#$") || strings.Contains(text, "//") {
		return nil
	}
	between := ", "
	if line := text[:strings.LastIndexByte(text[:last], '"')]; strings.Contains(text, "\n") {
		at := strings.LastIndexByte(line, '\n') + 1
		if strings.TrimSpace(line[at:]) != "" {
			return nil // several on a line, and several lines
		}
		between = ",\n" + line[at:]
	}
	added := ""
	for _, p := range missing {
		added += between + `"` + p.String() + `"`
	}
	return &lint.Fix{
		// A list that is inherited is for other targets, too.
		Safe:        false,
		Description: "publish for " + missing.String() + " too",
		Edits:       []lint.Edit{{Span: span.File.Span(span.Start+last+1, span.Start+last+1), Text: added}},
	}
}
