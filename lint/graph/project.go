// Package graph joins the files of a repository.
//
// A Dockerfile is evaluated once for each required platform, as a world of its
// own: TARGETARCH has that platform's value, `FROM build-${TARGETARCH}` leads to
// one stage, a `case` on `uname -m` takes one branch. What a world fetches,
// installs and copies is then compared with the platform that the world is for.
// A place is a finding of the rules if it is wrong whatever is not known, and if
// no other place of the same world offers the right thing beside it.
//
// The limits: a stage on $BUILDPLATFORM has an unknown machine; build arguments
// that any build of the repository sets are unknown; ONBUILD instructions count
// as instructions of the stage that has them.
package graph

import (
	"fmt"
	"path"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// Project is everything that is known of a repository, joined.
type Project struct {
	// Documents are the files, ordered by path.
	Documents []*facts.Document
	// Images are the uses of images, each on the platforms that need it.
	Images []*Image
	// Selections are the places where an architecture is chosen.
	Selections []*Selection
	// Pins are the FROM instructions that fix the platform of a stage.
	Pins []*StagePin
	// Switches are the decisions in scripts that leave a platform without a way.
	Switches []*Switch
	// Miscompiled are the compilers that make programs for the build machine.
	Miscompiled []*Miscompiled
	// Shadowed are the automatic arguments that have a default.
	Shadowed []*Shadowed
	// Placements are the rules that keep something off a required platform.
	Placements []*Placement
	// Undeclared are the uses of automatic arguments without an ARG.
	Undeclared []*Undeclared

	required func(path string) arch.Set
	siblings map[string]map[string]bool
}

// Options are what Build needs to know beside the documents.
type Options struct {
	// Required returns the platforms that a file has to support.
	Required func(path string) arch.Set
	// Download returns what is known of a file by its URL, in which [facts.Hole]
	// stands for unknown parts. Nil knows nothing.
	Download func(url string) (catalog.Download, bool)
}

// Build joins documents, which must be ordered by path.
func Build(documents []*facts.Document, o Options) *Project {
	p := &Project{Documents: documents, required: o.Required}
	dropCalled(documents)
	joinBakes(documents)
	boundBuilds(documents)
	builds := map[string][]*facts.Build{}
	for _, d := range documents {
		for _, build := range d.Builds {
			if build.Dockerfile != "" {
				file := path.Clean(build.Dockerfile)
				builds[file] = append(builds[file], build)
			}
		}
	}
	p.siblings = siblings(documents, builds)
	sets := buildArguments(documents)
	placed, kustomized := newPlacements(documents), kustomize(documents)

	// Documents are independent from here on. Each adds to a project of its own;
	// these are put together in the order of the documents.
	parts := make([]Project, len(documents))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range documents {
		parts[i] = Project{required: p.required, siblings: p.siblings}
		group.Go(func() error {
			b := &builder{project: &parts[i], lookup: o.Download, known: map[string]download{}, builds: builds, placed: placed, kustomized: kustomized}
			b.document(d, sets)
			return nil
		})
	}
	_ = group.Wait() // nothing above fails
	for i := range parts {
		p.Images = append(p.Images, parts[i].Images...)
		p.Selections = append(p.Selections, parts[i].Selections...)
		p.Pins = append(p.Pins, parts[i].Pins...)
		p.Switches = append(p.Switches, parts[i].Switches...)
		p.Miscompiled = append(p.Miscompiled, parts[i].Miscompiled...)
		p.Undeclared = append(p.Undeclared, parts[i].Undeclared...)
		p.Shadowed = append(p.Shadowed, parts[i].Shadowed...)
	}
	p.place(placed)
	return p
}

// maxBuilds is the number of builds of a project that are looked at: each is compared
// with all others.
const maxBuilds = 10_000

func boundBuilds(documents []*facts.Document) {
	left := maxBuilds
	for _, d := range documents {
		if len(d.Builds) > left {
			at := d.Builds[left].Span
			if at.IsZero() || at.File != d.File {
				at = d.File.Span(0, 0)
			}
			d.Builds = d.Builds[:left]
			d.Problems = append(d.Problems, facts.Problem{Span: at, Message: fmt.Sprintf("the repository builds more than %d images; from here on they are not looked at", maxBuilds)})
		}
		left -= len(d.Builds)
	}
}

// document adds what one document says. A panic is a bug of archlint, but no
// reason to say nothing about the other documents.
func (b *builder) document(d *facts.Document, sets arguments) {
	defer func() {
		if r := recover(); r != nil {
			d.Problems = append(d.Problems, facts.Problem{
				Span: d.File.Span(0, 0), Message: fmt.Sprintf("archlint failed on this file (%v); please report it with the file", r),
			})
		}
	}()
	if len(d.Stages) > 0 {
		b.dockerfile(d, sets)
	}
	b.images(d)
	b.kustomizedImages(d)
}

// Required returns the platforms that a file has to support. A file that is by
// its path for one architecture (Dockerfile.arm64, amd64/Dockerfile) has to
// support that one only; one that is for another system, or that names several
// architectures because it builds on one for another, has to support none.
func (p *Project) Required(f *source.File) arch.Set {
	required := p.required(f.Path)
	parts := strings.Split(f.Path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		named := pathArchitectures(parts[i])
		if len(named) == 0 {
			continue
		}
		var own arch.Set
		for _, want := range required {
			if len(named) == 1 && named[want.Architecture] {
				own = own.Add(want)
			}
		}
		return own
	}
	others := p.siblings[f.Path]
	if len(others) == 0 {
		return required
	}
	var own arch.Set
	for _, want := range required {
		if !others[want.Architecture] {
			own = own.Add(want)
		}
	}
	return own
}

// siblings returns, for each file, the architectures that have a file of their
// own beside it: Dockerfile.aarch64 beside Dockerfile, arm64/Dockerfile below it.
// A file that is known to be built for an architecture has no sibling for it.
func siblings(documents []*facts.Document, builds map[string][]*facts.Build) map[string]map[string]bool {
	type family struct {
		kind facts.Kind
		name string
	}
	own := map[family]map[string]bool{}
	for _, d := range documents {
		words := arch.Words(d.File.Path)
		if len(words) != 1 {
			continue
		}
		key := family{d.Kind, pathFamily(d.File.Path)}
		if own[key] == nil {
			own[key] = map[string]bool{}
		}
		own[key][words[0].Architecture] = true
	}
	out := map[string]map[string]bool{}
	for _, d := range documents {
		others := own[family{d.Kind, pathFamily(d.File.Path)}]
		if len(others) == 0 || len(arch.Words(d.File.Path)) > 0 || d.Kind == facts.Workflow || d.Kind == facts.Action {
			continue
		}
		left := map[string]bool{}
		for architecture := range others {
			left[architecture] = true
		}
		for _, b := range builds[d.File.Path] {
			for _, p := range b.Platforms.Set {
				delete(left, p.Architecture)
			}
		}
		out[d.File.Path] = left
	}
	return out
}

// pathFamily is what the paths of one file for several architectures have in
// common.
func pathFamily(file string) string {
	parts := strings.FieldsFunc(template(file), func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || r == 0
	})
	return strings.ToLower(strings.Join(parts, "/"))
}

// pathArchitectures returns the architectures that a part of a path names; one
// that is not for Linux names an architecture that nobody requires.
func pathArchitectures(part string) map[string]bool {
	var named map[string]bool
	add := func(architecture string) {
		if named == nil {
			named = map[string]bool{}
		}
		named[architecture] = true
	}
	for _, w := range arch.Words(part) {
		add(w.Architecture)
	}
	if named != nil {
		return named
	}
	for _, word := range strings.FieldsFunc(strings.ToLower(part), func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		switch word {
		case "arm", "m1", "graviton":
			add("arm64")
		case "x86":
			add("amd64")
		case "windows", "nanoserver", "windowsservercore", "servercore":
			add(word)
		}
	}
	return named
}

type builder struct {
	project *Project
	lookup  func(url string) (catalog.Download, bool)
	builds  map[string][]*facts.Build // by Dockerfile
	placed  *placements
	// kustomized is what kustomizations make of the images of manifests.
	kustomized *kustomized
	known      map[string]download // answers of lookup, for a URL is met in each world
}

type download struct {
	catalog.Download
	ok bool
}

func (b *builder) download(url string) (catalog.Download, bool) {
	if b.lookup == nil {
		return catalog.Download{}, false
	}
	d, asked := b.known[url]
	if !asked {
		d.Download, d.ok = b.lookup(url)
		b.known[url] = d
	}
	return d.Download, d.ok
}

// arguments are the build arguments that a project's builds set: for a
// Dockerfile, and for those of which nobody says by whom they are built.
type arguments struct {
	by  map[string]map[string]bool
	all map[string]bool
}

func buildArguments(documents []*facts.Document) arguments {
	a := arguments{by: map[string]map[string]bool{}, all: map[string]bool{}}
	for _, d := range documents {
		for _, build := range d.Builds {
			set := a.all
			// Bake reads paths from where it is called, which its file does not say.
			if build.Dockerfile != "" && d.Kind != facts.Bake {
				file := path.Clean(build.Dockerfile)
				if set = a.by[file]; set == nil {
					set = map[string]bool{}
					a.by[file] = set
				}
			}
			for name := range build.Args {
				set[name] = true
			}
		}
	}
	return a
}

func (a arguments) of(file string) map[string]bool {
	out := map[string]bool{}
	for name := range a.all {
		out[name] = true
	}
	for name := range a.by[file] {
		out[name] = true
	}
	return out
}

func (b *builder) dockerfile(d *facts.Document, sets arguments) {
	required := b.project.Required(d.File)
	set := sets.of(d.File.Path)
	var worlds []*world
	for _, p := range required {
		if p.OS == "linux" {
			var first *world
			if len(worlds) > 0 {
				first = worlds[0]
			}
			worlds = append(worlds, newWorld(d, p, set, first))
		}
	}
	for _, w := range worlds {
		if !w.cut.IsZero() {
			d.Problems = append(d.Problems, facts.Problem{Span: w.cut, Message: "the scripts up to here are too many, too long or too deep to be followed; what comes behind is not checked: move it into a file or exclude this one"})
			break
		}
	}
	for i, roots := range starts(worlds, b.builds[d.File.Path]) {
		worlds[i].activate(roots)
	}
	b.project.Selections = append(b.project.Selections, b.selections(d, worlds)...)
	b.stageImages(d, worlds)
	b.pins(d, worlds)
	b.switches(d, worlds)
	b.miscompiled(d, worlds)
	b.undeclared(d, worlds)
	b.shadowed(d, worlds, set)
}

func itoa(i int) string { return strconv.Itoa(i) }
