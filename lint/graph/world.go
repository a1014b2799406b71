package graph

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// world is a Dockerfile as it is when it is built for one platform.
type world struct {
	document *facts.Document
	platform arch.Platform
	set      map[string]bool // build arguments that some build of it sets
	globals  map[string]shell.Values
	builtIn  map[string]shell.Values // the arguments that BuildKit provides
	stages   []*stage
	used     []seen // what uses returns, once it is known
	first    *world // another world of the same document and builds, nil in the first
	// commands and work are how much more its scripts may take.
	commands, work int
	cut            source.Span // the first script that took too much, zero if none did
}

// The bounds on the scripts of one Dockerfile, for one platform. Those of a small file
// are smaller, for it is the number of files that is not bounded.
const (
	leastCommands = 1000
	mostCommands  = 20_000
	mostWork      = 1_000_000
	workOfCommand = 100
)

// tooMuch notes a script that is not followed to its end.
func (w *world) tooMuch(script source.Text) {
	if w.cut.IsZero() {
		w.cut = script.All()
	}
}

// Machine says on which platform the commands of a stage run.
type Machine int

// The machines of stages.
const (
	OnTarget  Machine = iota // the platform that is built for
	OnBuilder                // the machine that builds
	OnFixed                  // one that is written down
	OnUnknown                // not known
)

// stage is a stage in a world.
type stage struct {
	*facts.Stage
	machine  Machine
	fixed    arch.Platform // for OnFixed
	platform facts.Value   // the value of --platform
	parent   *stage        // the stage it is based on, nil for an image
	base     shell.Values  // the image it is based on
	active   bool          // it is built in this world
	result   bool          // its file system is the result, or the base of it
	copied   bool          // something is copied from it into what is active
	windows  bool
	sources  map[*stage]bool // the stages it copies or mounts from

	env  map[string]shell.Values
	args map[string]shell.Values

	// assigned are the values that its ARGs and ENVs had, one after the other.
	assigned []shell.Values
	// like is the same stage of the first world as long as all variables are the same
	// there, else nil.
	like *stage
	// evaluated are the results of its scripts.
	evaluated map[*facts.Run][]*shell.Result

	commands  []*shell.Command
	picked    []shell.Use // words by which a download is picked out of a list
	switches  []shell.Switch
	decisions []shell.Decision
	// copies are its COPY and ADD instructions with their words expanded.
	copies []copied
	unset  []shell.Unset // variables used that are not set
	family bool          // one of several stages that an unknown argument chooses from
}

type copied struct {
	*facts.Copy
	sources []shell.Word
	dest    shell.Values
	from    *stage
}

// windowsImage reports whether an image is by its name for Windows only.
func windowsImage(reference string) bool {
	reference = strings.ToLower(reference)
	for _, s := range []string{"/windows", "nanoserver", "servercore", "windowsservercore", "-windows-", "ltsc20"} {
		if strings.Contains(reference, s) {
			return true
		}
	}
	return false
}

// newWorld evaluates a Dockerfile for a platform. set names the build arguments
// that the project's builds set. first is a world with the same ones, or nil: of what
// is no different there the results are taken over.
func newWorld(d *facts.Document, p arch.Platform, set map[string]bool, first *world) *world {
	w := &world{document: d, platform: p, set: set, first: first, globals: map[string]shell.Values{}}
	w.commands = min(leastCommands+len(d.File.Data)/4, mostCommands)
	w.work = min(workOfCommand*w.commands, mostWork)
	w.builtIn = w.automatic()
	scope := merged(w.builtIn)
	for i, a := range d.Globals {
		if i >= maxVariables {
			break
		}
		w.globals[a.Name] = w.argument(a, nil, scope)
		scope[a.Name] = w.globals[a.Name]
	}
	byName := map[string]*stage{}
	for _, fs := range d.Stages {
		s := &stage{Stage: fs, sources: map[*stage]bool{}}
		s.base = shell.Expand(fs.Base, scope)
		if name, ok := s.base.Single(); ok {
			s.parent = byName[strings.ToLower(name)]
			s.windows = windowsImage(name)
		} else if family := w.selected(s.base); len(family) > 1 {
			for _, other := range family {
				other.family = true
				if words := arch.Words(other.Name); words[0].Architecture == p.Architecture {
					s.parent = other
				}
			}
		} else if strings.Contains(strings.ToLower(fs.Base.String), "windows") {
			s.windows = true
		}
		w.role(s, scope)
		if s.parent != nil {
			s.windows = s.parent.windows
		}
		w.stages = append(w.stages, s)
		w.run(s, byName)
		if fs.Name != "" {
			byName[fs.Name] = s
		}
	}
	return w
}

// selected returns the stages that a base which is partly unknown can stand for,
// if it is the architecture that is unknown: builder-${ARCH} beside stages
// builder-amd64 and builder-arm64.
func (w *world) selected(base shell.Values) []*stage {
	if len(base) != 1 || base[0].Unknown() {
		return nil
	}
	text := strings.ToLower(base[0].String())
	if strings.Count(text, facts.Hole) != 1 {
		return nil
	}
	before, after, _ := strings.Cut(text, facts.Hole)
	var out []*stage
	for _, s := range w.stages {
		if len(s.Name) > len(before)+len(after) && strings.HasPrefix(s.Name, before) && strings.HasSuffix(s.Name, after) {
			if words := arch.Words(s.Name); len(words) == 1 {
				out = append(out, s)
			}
		}
	}
	return out
}

func merged(maps ...map[string]shell.Values) map[string]shell.Values {
	out := map[string]shell.Values{}
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// automatic returns the arguments that BuildKit provides.
func (w *world) automatic() map[string]shell.Values {
	machine := func(s string) shell.Values {
		if s == "" {
			return shell.One(facts.Value{})
		}
		return shell.One(facts.FromMachine(s))
	}
	builder := shell.One(facts.FromBuilder())
	return map[string]shell.Values{
		"TARGETPLATFORM": machine(w.platform.String()),
		"TARGETOS":       shell.One(facts.Text(w.platform.OS)),
		"TARGETARCH":     machine(w.platform.Architecture),
		"TARGETVARIANT":  machine(w.platform.Variant),
		"BUILDPLATFORM":  builder,
		"BUILDOS":        shell.One(facts.Text("linux")),
		"BUILDARCH":      builder,
		"BUILDVARIANT":   shell.One(facts.Value{}),
	}
}

// argument returns the value of an ARG. BuildKit takes --build-arg, then the
// default in the stage, then a global ARG's value, then its own automatic one.
func (w *world) argument(a *facts.Arg, globals, scope map[string]shell.Values) shell.Values {
	if w.set[a.Name] {
		return shell.Values{facts.Unknowable()}
	}
	if a.HasDefault {
		return shell.Expand(a.Default, scope)
	}
	if v, ok := globals[a.Name]; ok {
		return v
	}
	if v, ok := w.builtIn[a.Name]; ok {
		return v
	}
	return shell.Values{facts.Unknowable()}
}

// role finds out on which machine a stage's commands run.
func (w *world) role(s *stage, scope map[string]shell.Values) {
	if s.parent != nil {
		s.machine, s.fixed, s.platform = s.parent.machine, s.parent.fixed, s.parent.platform
		return
	}
	if !s.HasPlatform {
		return
	}
	values := shell.Expand(s.Platform, scope)
	s.machine = OnUnknown
	if len(values) == 0 {
		return
	}
	// Of several possible values, one that is not known does not decide: the
	// default in ${X:-linux/amd64} is one among others.
	if len(values) > 1 {
		return
	}
	v := values[0]
	s.platform = v
	builder, machine := false, false
	for _, p := range v.Parts {
		builder = builder || p.Origin == facts.Builder
		machine = machine || p.Origin == facts.Machine
	}
	switch {
	case builder:
		s.machine = OnBuilder
	case v.Empty():
		s.machine = OnTarget
	case !v.Known():
	default:
		platform, err := arch.Parse(v.String())
		switch {
		case err != nil:
		case machine && w.platform.Runs(platform):
			s.machine = OnTarget
		default:
			s.machine, s.fixed = OnFixed, platform
		}
	}
}

// architecture is that of the machine the stage runs on, "" if it is not known.
func (w *world) architecture(s *stage) string {
	switch s.machine {
	case OnTarget:
		return w.platform.Architecture
	case OnFixed:
		return s.fixed.Architecture
	}
	return ""
}

// run evaluates the instructions of a stage.
func (w *world) run(s *stage, byName map[string]*stage) {
	s.env, s.args = map[string]shell.Values{}, map[string]shell.Values{}
	if s.parent != nil {
		s.env, s.args = merged(s.parent.env), merged(s.parent.args)
	}
	s.evaluated = map[*facts.Run][]*shell.Result{}
	if w.first != nil {
		s.like = w.first.stages[s.Index]
		if parent := s.like.parent; (parent == nil) != (s.parent == nil) || parent != nil && parent != s.parent.like {
			s.like = nil
		}
	}
	posix := true
	scope := merged(s.args, s.env)
	for _, in := range s.Instructions {
		switch in := in.(type) {
		case *facts.Arg:
			if len(scope) >= maxVariables {
				continue
			}
			s.args[in.Name] = w.argument(in, w.globals, scope)
			s.assign(s.args[in.Name])
			if in.HasDefault {
				w.expand(s, in.Default, scope)
				delete(s.env, in.Name) // the later one counts
			}
			// An ARG without a value leaves an ENV of the same name as it is.
			if _, ok := s.env[in.Name]; !ok {
				scope[in.Name] = s.args[in.Name]
			}
		case *facts.Env:
			if len(scope) >= maxVariables {
				continue
			}
			s.env[in.Name] = w.expand(s, in.Value, scope)
			s.assign(s.env[in.Name])
			scope[in.Name] = s.env[in.Name]
		case *facts.Shell:
			posix = len(in.Words) == 0 || strings.HasSuffix(in.Words[0], "sh") && !strings.Contains(strings.ToLower(in.Words[0]), "pwsh")
		case *facts.Run:
			w.from(s, in.Froms, byName)
			if posix {
				w.script(s, in, scope)
			}
		case *facts.Copy:
			c := copied{Copy: in}
			for _, src := range in.Sources {
				c.sources = append(c.sources, shell.Word{Values: w.expand(s, src, scope), Span: src.All()})
			}
			c.dest = w.expand(s, in.Dest, scope)
			if in.From != nil {
				w.from(s, []facts.From{*in.From}, byName)
				c.from = lookup(in.From.Value.String, byName, w.stages)
			}
			s.copies = append(s.copies, c)
		}
	}
}

// maxVariables is the number of ARGs and ENVs of a stage that are looked at, and of
// global ARGs. Each RUN starts with all of them.
const maxVariables = 400

// from notes the stages that an instruction takes files from.
func (w *world) from(s *stage, froms []facts.From, byName map[string]*stage) {
	for _, f := range froms {
		if other := lookup(f.Value.String, byName, w.stages); other != nil && other != s {
			s.sources[other] = true
		}
	}
}

func lookup(name string, byName map[string]*stage, stages []*stage) *stage {
	if s, ok := byName[strings.ToLower(name)]; ok {
		return s
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(stages) {
		return stages[n]
	}
	return nil
}

// assign notes the next value that a variable is given.
func (s *stage) assign(v shell.Values) {
	if s.like != nil && !equal(s.like.assigned[len(s.assigned)], v) {
		s.like = nil
	}
	s.assigned = append(s.assigned, v)
}

// equal reports whether values are the same text from the same places.
func equal(a, b shell.Values) bool {
	return slices.EqualFunc(a, b, func(a, b facts.Value) bool {
		return slices.EqualFunc(a.Parts, b.Parts, func(a, b facts.Part) bool {
			return a.Text == b.Text && a.Origin == b.Origin && a.Source.All() == b.Source.All() && a.Name == b.Name && a.NameAt == b.NameAt
		})
	})
}

// script adds what a RUN does.
func (w *world) script(s *stage, in *facts.Run, variables map[string]shell.Values) {
	results := w.evaluate(s, in, shell.Options{Variables: variables, Architecture: w.architecture(s), Builder: s.machine == OnBuilder})
	s.evaluated[in] = results
	for _, result := range results {
		s.commands = append(s.commands, result.Commands...)
		s.switches = append(s.switches, result.Switches...)
		s.unset = append(s.unset, result.Unset...)
		if len(in.Words) == 0 {
			s.decisions = append(s.decisions, result.Decisions...)
			s.picked = append(s.picked, shell.Picked(result.Commands)...)
		}
	}
}

// evaluate evaluates the scripts of a RUN, unless the first world has the result.
func (w *world) evaluate(s *stage, in *facts.Run, options shell.Options) []*shell.Result {
	var like []*shell.Result
	if w.first != nil {
		like = w.first.stages[s.Index].evaluated[in]
	}
	if s.like != nil && (s.like.machine == OnBuilder) == options.Builder {
		asked := slices.ContainsFunc(like, func(r *shell.Result) bool { return r.Asked })
		if like != nil && (!asked || w.first.architecture(s.like) == options.Architecture) {
			return like
		}
	}
	scripts := []source.Text{in.Script}
	if in.Script.String == "" {
		scripts = nil
		for _, h := range in.Heredocs {
			interpreter := h.Interpreter
			if interpreter == "" || strings.HasSuffix(strings.Fields(interpreter + " sh")[0], "sh") || strings.Contains(interpreter, "env bash") || strings.Contains(interpreter, "env sh") {
				scripts = append(scripts, h.Body)
			}
		}
	}
	if len(in.Words) > 0 {
		var words []shell.Word
		for _, t := range in.Words {
			words = append(words, shell.Word{Values: shell.One(facts.Of(t)), Span: t.All()})
		}
		return []*shell.Result{shell.EvaluateWords(words, in.Span, options)}
	}
	results := []*shell.Result{}
	for _, script := range scripts {
		if strings.TrimSpace(script.String) == "" {
			continue
		}
		if w.commands <= 0 || w.work <= 0 {
			w.tooMuch(script)
			break
		}
		if len(like) > len(results) {
			options.Like = like[len(results)]
		}
		result, err := shell.Evaluate(script, options)
		if errors.Is(err, shell.ErrTooLarge) {
			w.tooMuch(script)
			continue
		}
		if err != nil {
			result = shell.EvaluateLoosely(script, options)
		}
		w.commands -= len(result.Commands)
		w.work -= result.Work
		if result.Cut {
			w.tooMuch(script)
		}
		results = append(results, result)
	}
	return results
}

// expand expands a word of an instruction.
func (w *world) expand(s *stage, text source.Text, scope map[string]shell.Values) shell.Values {
	values, unset := shell.ExpandUnset(text, scope)
	s.unset = append(s.unset, unset...)
	return values
}

// activate finds the stages that are built, given the roots, and the part that
// each of them has in the result.
func (w *world) activate(roots map[int]bool) {
	var visit func(s *stage)
	visit = func(s *stage) {
		if s == nil || s.active {
			return
		}
		s.active = true
		visit(s.parent)
		for other := range s.sources {
			visit(other)
		}
	}
	last := len(w.stages) - 1
	for i, s := range w.stages {
		if roots[i] && (i == last || !w.otherArchitecture(s)) {
			visit(s)
			for r := s; r != nil; r = r.parent {
				r.result = true
			}
		}
	}
	// Copies count when they end, by any number of stages, in a result. What a
	// stage on the build machine takes is a tool of the build, or raw material.
	for changed := true; changed; {
		changed = false
		for _, s := range w.stages {
			if !s.active || !s.result && (!s.copied || s.machine == OnBuilder) {
				continue
			}
			for _, c := range s.copies {
				for from := c.from; from != nil && !from.copied; from = from.parent {
					from.copied, changed = true, true
				}
			}
		}
	}
}

// otherArchitecture reports whether a stage is by its name for one architecture
// that is not the world's.
func (w *world) otherArchitecture(s *stage) bool {
	words := arch.Words(s.Name)
	return len(words) == 1 && words[0].Architecture != w.platform.Architecture
}

// template is a text without its architectures: texts with the same template
// differ in nothing else.
func template(s string) string {
	words := arch.Words(s)
	if len(words) == 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for _, w := range words {
		b.WriteString(s[at:w.Start])
		b.WriteByte(0)
		at = w.End
	}
	b.WriteString(s[at:])
	return b.String()
}

// starts returns, for each world, the stages that can be its result: the last
// one, and those that no stage of any world makes use of (they are there to be
// asked for by --target). Left out are the stages that the last one needs for
// other platforms only, and those that are asked for by builds for other
// platforms only.
func starts(worlds []*world, builds []*facts.Build) []map[int]bool {
	if len(worlds) == 0 || len(worlds[0].stages) == 0 {
		return make([]map[int]bool, len(worlds))
	}
	last := len(worlds[0].stages) - 1
	roots := map[int]bool{}
	for i := range worlds[0].stages {
		roots[i] = true
	}
	reached := make([]map[int]bool, len(worlds)) // from the last stage
	anywhere := map[int]bool{}
	for n, w := range worlds {
		for _, s := range w.stages {
			if s.family {
				delete(roots, s.Index)
			}
			if s.parent != nil {
				delete(roots, s.parent.Index)
			}
			for other := range s.sources {
				delete(roots, other.Index)
			}
		}
		reached[n] = w.reach(w.stages[last])
		for i := range reached[n] {
			anywhere[i] = true
		}
	}
	roots[last] = true
	targets := targeted(builds)
	out := make([]map[int]bool, len(worlds))
	for n, w := range worlds {
		out[n] = map[int]bool{}
		for i := range roots {
			s := w.stages[i]
			if platforms, ok := targets[s.Name]; i != last && ok && s.Name != "" && len(platforms.Missing(arch.Set{w.platform})) > 0 {
				continue
			}
			if i != last && w.needsOthers(s, reached[n], anywhere) {
				continue
			}
			out[n][i] = true
		}
	}
	return out
}

// reach returns the stages that a stage needs, with itself.
func (w *world) reach(s *stage) map[int]bool {
	out := map[int]bool{}
	var visit func(s *stage)
	visit = func(s *stage) {
		if s == nil || out[s.Index] {
			return
		}
		out[s.Index] = true
		visit(s.parent)
		for other := range s.sources {
			visit(other)
		}
	}
	visit(s)
	return out
}

// needsOthers reports whether a stage needs one that the result needs on other
// platforms, and not on this one.
func (w *world) needsOthers(s *stage, here, anywhere map[int]bool) bool {
	for i := range w.reach(s) {
		if anywhere[i] && !here[i] {
			return true
		}
	}
	return false
}

// targeted returns the platforms for which builds ask for a stage, if that is
// known of all that ask for it.
func targeted(builds []*facts.Build) map[string]arch.Set {
	out := map[string]arch.Set{}
	unknown := map[string]bool{}
	for _, b := range builds {
		if b.Target == "" {
			continue
		}
		name := strings.ToLower(b.Target)
		if b.Platforms.State != facts.PlatformsKnown {
			unknown[name] = true
			continue
		}
		out[name] = union(out[name], b.Platforms.Set)
	}
	for name := range unknown {
		delete(out, name)
	}
	return out
}
