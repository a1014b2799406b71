package graph

import (
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// Image is one reference, used at one place, on one or more platforms.
type Image struct {
	Reference string // resolved, as it would be pulled
	Role      facts.Role
	Name      string      // what uses it, for messages
	Span      source.Span // of the reference, or of the variable's text that holds it
	Use       source.Span // of the reference as written where it is used
	// Platforms are those that the image has to have at this place.
	Platforms arch.Set
	// Pinned is the platform that is asked for beside the reference, nil if none.
	Pinned   *arch.Platform
	Document *facts.Document
	Variable *Variable
	// Placement is where the image is run, nil if nothing says that.
	Placement *facts.Placement
	// Likely is true if a part of the reference is only likely.
	Likely bool
	// Selected is true if the reference depends on the platform that is built
	// for, so that another platform has another one.
	Selected bool
}

// StagePin is a FROM instruction that fixes the platform of its stage.
type StagePin struct {
	Document *facts.Document
	Stage    *facts.Stage
	Platform arch.Platform
	Text     string      // as resolved
	Span     source.Span // of the text that fixes it
	Use      source.Span // of the flag's value
	// Builder is true if the stage is pinned to the machine that builds.
	Builder bool
	// Result is true if the stage, or one based on it, is the result; Copied is
	// true if files of it come into the result.
	Result, Copied bool
	// Delivers is true if the last stage is based on this one and is made to be
	// used: files are copied into it, or it says what to run. One that only runs
	// commands is a task (lint, test) in the form of a stage.
	Delivers bool
	// Cross is true if the stage makes use of the target platform.
	Cross bool
	Image string // the image the stage is based on
	// Platforms are the required platforms that the pin keeps out.
	Platforms arch.Set
}

// Switch is a decision on the architecture that leaves a platform without a way.
type Switch struct {
	Document  *facts.Document
	Span      source.Span
	Fails     bool
	Platforms arch.Set
}

// stageImages adds the images that the active stages are based on and copy from.
func (b *builder) stageImages(d *facts.Document, worlds []*world) {
	found := map[string]*Image{}
	add := func(w *world, s *stage, v facts.Value, role facts.Role, use source.Span, need *arch.Platform) {
		reference := v.String()
		if !v.Known() || reference == "" || reference == "scratch" || strings.HasPrefix(reference, "docker-image://") || strings.Contains(reference, "://") {
			return
		}
		span := v.Span(0, len(reference))
		if span.IsZero() {
			span = use
		}
		_, machine := v.Origins(0, len(reference))
		key := reference + "\x00" + itoa(int(role)) + position(use)
		image := found[key]
		if image == nil {
			image = &Image{Reference: reference, Role: role, Span: span, Use: use, Document: d, Selected: machine}
			if s.machine == OnFixed {
				fixed := s.fixed
				image.Pinned = &fixed
			}
			if s.Name != "" {
				image.Name = `stage "` + s.Name + `"`
			}
			if !use.Contains(span) {
				for _, v := range documentVariables(d, nil) {
					if v.Span.Contains(span) {
						image.Variable = v
					}
				}
			}
			found[key] = image
			b.project.Images = append(b.project.Images, image)
		}
		if need != nil {
			image.Platforms = image.Platforms.Add(*need)
		}
	}
	need := func(w *world, s *stage) *arch.Platform {
		switch s.machine {
		case OnTarget:
			return &w.platform
		case OnFixed:
			return &s.fixed
		}
		return nil
	}
	for _, w := range worlds {
		for _, s := range w.stages {
			if !s.active || s.windows {
				continue
			}
			if s.parent == nil && len(s.base) == 1 {
				add(w, s, s.base[0], facts.RoleBase, s.Base.All(), need(w, s))
			}
			for _, in := range s.Instructions {
				switch in := in.(type) {
				case *facts.Copy:
					if in.From != nil {
						b.fromImage(w, s, *in.From, add, need(w, s))
					}
				case *facts.Run:
					for _, f := range in.Froms {
						b.fromImage(w, s, f, add, need(w, s))
					}
				}
			}
		}
	}
}

// fromImage adds the image of a --from that names no stage. A name without a
// slash, colon or digest may as well be a build context, which are not known.
func (b *builder) fromImage(w *world, s *stage, f facts.From, add func(*world, *stage, facts.Value, facts.Role, source.Span, *arch.Platform), need *arch.Platform) {
	text := f.Value.String
	if text == "" || strings.Contains(text, "$") || !strings.ContainsAny(text, "/:@") {
		return
	}
	for _, other := range w.stages {
		if other.Name == strings.ToLower(text) {
			return
		}
	}
	add(w, s, facts.Of(f.Value), f.Role, f.Value.All(), need)
}

// pins finds the stages of which the platform is fixed.
func (b *builder) pins(d *facts.Document, worlds []*world) {
	found := map[int]*StagePin{}
	all := complete(worlds)
	for _, w := range worlds {
		for _, s := range w.stages {
			if !s.active || s.windows || !s.HasPlatform || s.parent != nil || all && s.machine == OnFixed && !s.result {
				continue
			}
			if s.machine != OnBuilder && s.machine != OnFixed || s.machine == OnFixed && (s.fixed.OS != "linux" || s.fixed.Architecture == w.platform.Architecture) {
				continue
			}
			pin := found[s.Index]
			if pin == nil {
				pin = &StagePin{Document: d, Stage: s.Stage, Platform: s.fixed, Builder: s.machine == OnBuilder, Use: s.Platform.All()}
				pin.Text = s.platform.Display()
				if pin.Span = s.platform.Span(0, len(s.platform.String())); pin.Span.IsZero() {
					pin.Span = pin.Use
				}
				pin.Image, _ = s.base.Single()
				found[s.Index] = pin
				b.project.Pins = append(b.project.Pins, pin)
			}
			pin.Result = pin.Result || s.result
			pin.Copied = pin.Copied || s.copied
			pin.Cross = pin.Cross || w.usesTarget(s)
			pin.Delivers = pin.Delivers || s.result && w.delivers(s)
			pin.Platforms = pin.Platforms.Add(w.platform)
		}
	}
}

// delivers reports whether the last stage, if it is based on s, copies files or
// says what to run.
func (w *world) delivers(s *stage) bool {
	last := w.stages[len(w.stages)-1]
	based := len(last.copies) > 0 && !last.endsInRun()
	for at := last; at != nil; at = at.parent {
		based = based || at.runs()
		if at == s {
			return based
		}
	}
	return false
}

// endsInRun reports whether the last thing that a stage does is to run commands.
func (s *stage) endsInRun() bool {
	if len(s.Instructions) == 0 {
		return false
	}
	_, ok := s.Instructions[len(s.Instructions)-1].(*facts.Run)
	return ok
}

// runs reports whether a stage has a CMD or an ENTRYPOINT.
func (s *stage) runs() bool {
	for _, in := range s.Instructions {
		if _, ok := in.(*facts.Command); ok {
			return true
		}
	}
	return false
}

// complete reports whether the fixed stages of a Dockerfile are one for each of the
// required platforms, so that what is taken from them is there for all.
func complete(worlds []*world) bool {
	for _, w := range worlds {
		own := false
		for _, s := range w.stages {
			own = own || s.active && s.machine == OnFixed && s.parent == nil && !s.result && s.fixed.Architecture == w.platform.Architecture
		}
		if !own {
			return false
		}
	}
	return len(worlds) > 1
}

// usesTarget reports whether a stage, or one based on it, makes use of the
// platform that is built for: it declares TARGETARCH or its like, or is one of
// several that are chosen by the architecture.
func (w *world) usesTarget(s *stage) bool {
	for _, other := range w.stages {
		for base := other; base != nil; base = base.parent {
			if base != s {
				continue
			}
			if other.family {
				return true
			}
			for _, name := range []string{"TARGETARCH", "TARGETPLATFORM", "TARGETVARIANT"} {
				if _, ok := other.args[name]; ok {
					return true
				}
			}
			for _, c := range other.commands {
				for _, a := range c.Assigns {
					if shell.VariableKind(a.Name, nil) == shell.Target {
						return true
					}
				}
			}
		}
	}
	return false
}

func (b *builder) switches(d *facts.Document, worlds []*world) {
	found := map[source.Span]*Switch{}
	for _, w := range worlds {
		for _, s := range w.stages {
			if !s.active || s.windows || s.machine != OnTarget {
				continue
			}
			for _, sw := range s.switches {
				have := found[sw.Span]
				if have == nil {
					have = &Switch{Document: d, Span: sw.Span, Fails: sw.Fails}
					found[sw.Span] = have
					b.project.Switches = append(b.project.Switches, have)
				}
				have.Platforms = have.Platforms.Add(w.platform)
			}
		}
	}
}

// images adds the images that are used outside of stages.
func (b *builder) images(d *facts.Document) {
	for _, use := range d.Images {
		if use.Builds || use.Role == facts.RoleSyntax || b.kustomized.gone[use] {
			continue
		}
		required := use.Platforms
		if required == nil {
			required = b.project.Required(d.File)
		}
		if use.Placement != nil {
			required = b.placed.platforms(use.Placement, required)
		}
		var pinned *arch.Platform
		if use.Platform != nil {
			if p, err := arch.Parse(use.Platform.Value.String()); err == nil && use.Platform.Value.Known() {
				pinned = &p
				required = arch.Set{p}
			} else {
				required = nil
			}
		}
		for _, v := range use.References {
			if !v.Known() || v.String() == "" {
				continue
			}
			span := v.Span(0, len(v.String()))
			if span.IsZero() {
				span = use.Span
			}
			if windowsImage(v.String()) {
				continue
			}
			b.project.Images = append(b.project.Images, &Image{
				Reference: v.String(), Role: use.Role, Name: use.Name, Span: span, Use: use.Span,
				Platforms: required, Pinned: pinned, Document: d, Placement: use.Placement, Likely: use.Inferred,
			})
		}
	}
}

// RunsOnTarget reports whether a build runs commands on one of the platforms: if
// a stage of its Dockerfile that is built for them has a RUN instruction. A
// Dockerfile that is not known is taken to have one.
func (p *Project) RunsOnTarget(build *facts.Build, platforms arch.Set) bool {
	at, found := slices.BinarySearchFunc(p.Documents, build.Dockerfile, func(d *facts.Document, path string) int { return strings.Compare(d.File.Path, path) })
	if !found || p.Documents[at].Kind != facts.Dockerfile {
		return true
	}
	for _, platform := range platforms {
		w := newWorld(p.Documents[at], platform, nil, nil)
		w.activate(starts([]*world{w}, nil)[0])
		for _, s := range w.stages {
			if s.active && s.machine == OnTarget && len(s.commands) > 0 {
				return true
			}
		}
	}
	return false
}

// Undeclared is the use of one of BuildKit's automatic arguments in a stage that
// does not declare it, where it is empty.
type Undeclared struct {
	Document  *facts.Document
	Name      string
	Stage     string // name of the stage, "" when it has none
	Span      source.Span
	Platforms arch.Set
}

// undeclared finds the automatic arguments that are used without an ARG: once in
// each stage, where they are used first.
func (b *builder) undeclared(d *facts.Document, worlds []*world) {
	type place struct {
		stage int
		name  string
	}
	found := map[place]*Undeclared{}
	for _, w := range worlds {
		automatic := w.automatic()
		for _, s := range w.stages {
			if !s.active || s.windows {
				continue
			}
			for _, u := range s.unset {
				if _, ok := automatic[u.Name]; !ok || u.Name == "TARGETVARIANT" || u.Name == "BUILDVARIANT" {
					continue
				}
				if _, ok := found[place{s.Index, "TARGETARCH"}]; ok && u.Name == "TARGETOS" {
					continue // one mistake, and the lesser half of it
				}
				have := found[place{s.Index, u.Name}]
				if have == nil {
					have = &Undeclared{Document: d, Name: u.Name, Stage: s.Name, Span: u.Span}
					found[place{s.Index, u.Name}] = have
					b.project.Undeclared = append(b.project.Undeclared, have)
				}
				have.Platforms = have.Platforms.Add(w.platform)
			}
		}
	}
}

// Shadowed is an automatic argument that has a default, which hides the value
// that BuildKit would set.
type Shadowed struct {
	Document  *facts.Document
	Arg       *facts.Arg
	Platforms arch.Set
}

// shadowed finds the automatic arguments that say for what the image is built and
// have a default. One that refers to itself is a default for other builders.
func (b *builder) shadowed(d *facts.Document, worlds []*world, set map[string]bool) {
	look := func(a *facts.Arg) {
		if a.Name != "TARGETARCH" && a.Name != "TARGETPLATFORM" || !a.HasDefault || set[a.Name] || strings.Trim(a.Default.String, `"'`) == "" || strings.Contains(a.Default.String, a.Name) {
			return
		}
		var wrong arch.Set
		for _, w := range worlds {
			values := shell.Expand(a.Default, nil)
			if text, ok := values.Single(); ok && arch.NameOf(text) != w.platform.Architecture {
				wrong = wrong.Add(w.platform)
			}
		}
		if len(wrong) > 0 {
			b.project.Shadowed = append(b.project.Shadowed, &Shadowed{Document: d, Arg: a, Platforms: wrong})
		}
	}
	for _, a := range d.Globals {
		look(a)
	}
	for _, s := range d.Stages {
		for _, in := range s.Instructions {
			if a, ok := in.(*facts.Arg); ok {
				look(a)
			}
		}
	}
}

// Miscompiled is a command that compiles on the build machine, and for it, what is
// then copied into the result.
type Miscompiled struct {
	Document *facts.Document
	Tool     string // "go build", "cargo build", "curl"
	// Fetched is, for a download that the machine that builds chooses, what of its
	// name is known.
	Fetched   string
	Setting   string      // what would have told it the target: GOARCH, --target
	Span      source.Span // of the command
	Copy      source.Span // of the COPY that takes the result
	Platforms arch.Set
}

// miscompiled finds compilers in stages on the build machine that nobody tells
// for what to compile, and of which the output is copied out of the stage.
func (b *builder) miscompiled(d *facts.Document, worlds []*world) {
	found := map[source.Span]*Miscompiled{}
	for _, w := range worlds {
		for _, s := range w.stages {
			if !s.active || s.windows || s.machine != OnBuilder || !s.copied {
				continue
			}
			for _, c := range s.commands {
				tool, setting, output := compiler(c)
				if tool == "" || w.told(s, setting) {
					continue
				}
				at := w.copiedFrom(s, output)
				if at.IsZero() {
					continue
				}
				have := found[c.Span]
				if have == nil {
					have = &Miscompiled{Document: d, Tool: tool, Setting: setting, Span: c.Words[0].Span, Copy: at}
					found[c.Span] = have
					b.project.Miscompiled = append(b.project.Miscompiled, have)
				}
				have.Platforms = have.Platforms.Add(w.platform)
			}
			for _, c := range s.commands {
				for _, u := range shell.Uses(c) {
					at := w.misfetched(s, u)
					if at.IsZero() {
						continue
					}
					have := found[u.Word.Span]
					if have == nil {
						text := strings.TrimRight(u.Word.Values[0].Display(), "/")
						have = &Miscompiled{Document: d, Tool: u.Subject, Fetched: text[strings.LastIndexByte(text, '/')+1:], Span: u.Word.Span, Copy: at}
						found[u.Word.Span] = have
						b.project.Miscompiled = append(b.project.Miscompiled, have)
					}
					have.Platforms = have.Platforms.Add(w.platform)
				}
			}
		}
	}
}

// misfetched returns the COPY that takes a file which is fetched for the machine that
// builds, the zero Span if it is not so for certain.
func (w *world) misfetched(s *stage, u shell.Use) source.Span {
	output, ok := u.Output.Single()
	if u.Kind != shell.Fetch || u.Maybe || !ok || len(u.Word.Values) != 1 {
		return source.Span{}
	}
	builder := false
	for _, p := range u.Word.Values[0].Parts {
		switch p.Origin {
		case facts.Builder:
			builder = true
		case facts.Machine:
			return source.Span{} // the target has a say, too
		}
	}
	if !builder {
		return source.Span{}
	}
	return w.copiedFrom(s, output)
}

// builderOnly reports whether values depend on the machine that builds.
func builderOnly(values shell.Values) bool {
	for _, v := range values {
		for _, p := range v.Parts {
			if p.Origin == facts.Builder {
				return true
			}
		}
	}
	return false
}

// compiler returns the compiler that a command is, what tells it the target, and
// the file or folder that it writes.
func compiler(c *shell.Command) (tool, setting, output string) {
	if len(c.Words) < 2 {
		return "", "", ""
	}
	verb, _ := c.Words[1].Text()
	switch c.Name() {
	case "go":
		if verb != "build" {
			return "", "", ""
		}
		for i, w := range c.Words {
			text, ok := w.Text()
			switch {
			case ok && text == "-o" && i+1 < len(c.Words):
				output, _ = c.Words[i+1].Text()
			case ok && strings.HasPrefix(text, "-o="):
				output = text[len("-o="):]
			}
		}
		return "go build", "GOARCH", output
	case "gcc", "g++", "cc", "c++", "clang", "clang++":
		compiles := true
		for i, w := range c.Words {
			text, ok := w.Text()
			switch {
			case !ok, strings.HasPrefix(text, "--target"), text == "-target":
				return "", "", "" // what is not known may be a target, too
			case text == "-c", text == "-E", text == "-S", text == "--version":
				compiles = false
			case text == "-o" && i+1 < len(c.Words):
				output, _ = c.Words[i+1].Text()
			}
		}
		if !compiles {
			return "", "", ""
		}
		return c.Name(), "--target", output
	case "dotnet":
		if verb != "publish" {
			return "", "", ""
		}
		own := false
		for i, w := range c.Words[2:] {
			text, ok := w.Text()
			switch {
			case !ok, text == "-a", text == "--arch", text == "-r", text == "--runtime", strings.HasPrefix(text, "--arch="), strings.HasPrefix(text, "--runtime="), strings.Contains(text, "RuntimeIdentifier"):
				return "", "", ""
			case text == "--self-contained", text == "--sc", strings.Contains(text, "PublishAot=true"), strings.Contains(text, "PublishSingleFile=true"), strings.Contains(text, "SelfContained=true"):
				own = text == "--self-contained" || text == "--sc" || own || strings.Contains(text, "=true")
			case text == "false" && i > 0:
				own = false
			case (text == "-o" || text == "--output") && i+3 < len(c.Words):
				output, _ = c.Words[i+3].Text()
			}
		}
		if !own {
			return "", "", "" // what it publishes runs wherever .NET does
		}
		return "dotnet publish", "--arch", output
	case "cargo":
		if verb != "build" {
			return "", "", ""
		}
		for _, w := range c.Words[2:] {
			// What is not known may be a target, too.
			if text, ok := w.Text(); !ok || strings.HasPrefix(text, "--target") || strings.HasPrefix(text, "--config") {
				return "", "", ""
			}
		}
		return "cargo build", "--target", "target"
	}
	return "", "", ""
}

// told reports whether something in a stage, or in one that it is based on, tells
// a compiler its target: the variable for it, or a wrapper that sets it.
func (w *world) told(s *stage, setting string) bool {
	names := []string{"GOARCH"}
	if setting != "GOARCH" {
		names = []string{"CARGO_BUILD_TARGET", "TARGETARCH", "TARGETPLATFORM", "TARGET"}
	}
	for _, name := range names {
		if v, ok := s.env[name]; ok && !builderOnly(v) {
			return true
		}
		if v, ok := s.args[name]; ok && !builderOnly(v) {
			return true
		}
	}
	for ; s != nil; s = s.parent {
		for _, c := range s.commands {
			for _, a := range c.Assigns {
				for _, name := range names {
					if a.Name == name && !builderOnly(a.Word.Values) {
						return true
					}
				}
			}
			name := c.Name()
			if name == "source" || name == "." || name == "eval" || strings.HasPrefix(name, "xx-") || strings.HasSuffix(name, ".sh") {
				return true
			}
			if name == "go" && len(c.Words) > 3 {
				verb, _ := c.Words[1].Text()
				if flag, _ := c.Words[2].Text(); verb == "env" && flag == "-w" {
					return true
				}
			}
		}
	}
	return false
}

// copiedFrom returns the COPY by which another stage takes a file that a stage has
// written into the last stage's result, the zero Span if there is none that does
// so for certain.
func (w *world) copiedFrom(s *stage, output string) source.Span {
	if output == "" {
		return source.Span{}
	}
	needed := w.reach(w.stages[len(w.stages)-1])
	for _, other := range w.stages {
		if !needed[other.Index] || other.machine != OnTarget || !other.result && !other.copied {
			continue
		}
		for _, c := range other.copies {
			if c.from == nil || c.from != s {
				continue
			}
			for _, src := range c.sources {
				text, ok := src.Values.Single()
				if !ok {
					continue
				}
				text = strings.Trim(text, "/")
				name := strings.Trim(strings.TrimPrefix(output, "./"), "/")
				if text == name || strings.HasSuffix(text, "/"+name) || strings.HasPrefix(name, text+"/") || name == "target" && strings.Contains("/"+text, "/target/release/") {
					return src.Span
				}
			}
		}
	}
	return source.Span{}
}
