package workflow

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/makefile"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// A step often leaves the work to make or to a script of the repository. What these
// run is gone through as if it stood in the step; a build in it belongs to the
// command of the step.

// maxNestedScripts is how deep scripts and make call each other.
const maxNestedScripts = 5

// make goes through what make runs.
func (w *scriptWalk) make(c *shell.Command) {
	if w.directory == nil {
		return
	}
	directory, file := *w.directory, ""
	given := makefile.Given{Arguments: map[string]facts.Value{}, Environment: w.variable(c)}
	var targets []string
	for i := 1; i < len(c.Words); i++ {
		word := c.Words[i]
		text := beginning(word)
		value := func(short string) string {
			if rest := strings.TrimPrefix(text, short); rest != "" {
				return rest
			}
			if i++; i < len(c.Words) {
				next, ok := c.Words[i].Text()
				if ok {
					return next
				}
			}
			return ".." // nobody knows
		}
		switch {
		case strings.HasPrefix(text, "-C"):
			directory = local(directory, value("-C"))
		case strings.HasPrefix(text, "--directory="):
			directory = local(directory, strings.TrimPrefix(text, "--directory="))
		case strings.HasPrefix(text, "-f"):
			file = value("-f")
		case strings.HasPrefix(text, "-n"), text == "--dry-run", text == "--just-print":
			return
		case strings.HasPrefix(text, "-"):
		case len(word.Values) != 1:
			return
		default:
			if name, v, ok := cut(word.Values[0], '='); ok && name.Known() {
				given.Arguments[strings.TrimRight(name.String(), ":?+")] = v
				continue
			}
			target, ok := word.Text()
			if !ok {
				return
			}
			targets = append(targets, target)
		}
	}
	if directory == "" {
		return
	}
	names := []string{"GNUmakefile", "makefile", "Makefile"}
	if file != "" {
		names = []string{file}
	}
	for _, name := range names {
		m := w.openMakefile(w.inRepository(local(directory, name)))
		if m == nil {
			continue
		}
		script, ok := m.Script(targets, given)
		if !ok {
			return
		}
		leave, ok := w.into(c)
		if !ok {
			return
		}
		defer leave()
		for _, line := range script.Lines {
			if works(line.String) || strings.Contains(line.String, makefile.Unknown) {
				w.inner(line, directory, shell.Options{Variables: script.Variables, Architecture: w.scope.machine.arch})
			}
		}
		return
	}
}

// openMakefile reads a Makefile, nil if there is none.
func (r *reader) openMakefile(file string) *makefile.File {
	if m, ok := r.shared.makefiles[file]; ok {
		return m
	}
	var m *makefile.File
	if f := r.open(file); f != nil {
		m = makefile.Parse(f)
	}
	r.shared.makefiles[file] = m
	return m
}

// variable returns what tells the variables of the environment of a command.
func (w *scriptWalk) variable(c *shell.Command) func(name string) (facts.Value, bool) {
	return func(name string) (facts.Value, bool) {
		one := func(values shell.Values) (facts.Value, bool) {
			if len(values) == 1 {
				return values[0], true
			}
			return facts.Unknowable(), true
		}
		for _, a := range c.Assigns {
			if a.Name == name {
				return one(a.Word.Values)
			}
		}
		if values, ok := w.exported[name]; ok {
			return one(values)
		}
		for _, l := range w.scope.env {
			if l.open || l.find(strings.ToLower(name)) != nil {
				return one(shellValues(w.scope.variable(strings.ToLower(name))))
			}
		}
		return facts.Value{}, false
	}
}

// into begins to go through what a command runs, until leave is called. It is false
// if that leads too far.
func (w *scriptWalk) into(c *shell.Command) (leave func(), ok bool) {
	if w.shared.calls--; w.shared.calls < 0 || w.now.nesting >= maxNestedScripts {
		return nil, false
	}
	from, silent := w.now.from, w.silent
	if from.IsZero() {
		w.now.from = commandSpan(c)
	}
	w.now.nesting++
	w.silent = true
	return func() {
		w.now.from, w.silent = from, silent
		w.now.nesting--
	}, true
}

// commandSpan is the place of a command, or its first word's if the command goes on
// over other lines.
func commandSpan(c *shell.Command) source.Span {
	if span := c.Span; !strings.Contains(span.Text(), "\n") {
		return span
	}
	return c.Words[0].Span
}

// inner goes through a script that a command runs.
func (w *scriptWalk) inner(script source.Text, directory string, o shell.Options) {
	result := w.evaluate(script, o)
	if result == nil {
		return
	}
	inner := &scriptWalk{walk: w.walk, scope: w.scope, step: &step{}, directory: &directory, defaultPlatform: w.defaultPlatform, exported: w.exported}
	for _, c := range result.Commands {
		inner.command(c)
	}
}

// interpreted goes through the script that a shell is started with. What stands in
// the option -c is read already.
func (w *scriptWalk) interpreted(c *shell.Command) {
	for i, word := range c.Words[1:] {
		text, ok := word.Text()
		switch {
		case !ok, text == "-c", text == "-s":
			return
		case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "+"), text == "pipefail":
		default:
			w.scriptFile(c, text, c.Words[i+2:])
			return
		}
	}
}

// program goes through a script that is started by its name.
func (w *scriptWalk) program(c *shell.Command) {
	if name, ok := c.Words[0].Text(); ok && strings.Contains(name, "/") && !strings.HasPrefix(name, "/") {
		w.scriptFile(c, name, c.Words[1:])
	}
}

func (w *scriptWalk) scriptFile(c *shell.Command, name string, words []shell.Word) {
	if w.directory == nil {
		return
	}
	f := w.openScript(w.inRepository(local(*w.directory, name)))
	if f == nil {
		return
	}
	leave, ok := w.into(c)
	if !ok {
		return
	}
	defer leave()
	o := shell.Options{Variables: map[string]shell.Values{}, Architecture: w.scope.machine.arch, Whole: w.whole(c)}
	text := string(f.Data)
	w.scope.environment(o.Variables, text)
	for name, values := range w.exported {
		o.Variables[name] = values
	}
	for _, a := range c.Assigns {
		o.Variables[a.Name] = a.Word.Values
	}
	for _, word := range words {
		o.Arguments = append(o.Arguments, word.Values)
	}
	w.inner(source.Verbatim(f.Span(0, len(f.Data))), *w.directory, o)
}

// whole reports whether the environment of a command is known: all of its variables
// stand in the workflow.
func (w *scriptWalk) whole(c *shell.Command) bool {
	return w.scope.called == nil && !w.scope.open() && !c.Maybe
}

// openScript reads a script for a shell that may work on images, nil if there is none.
func (r *reader) openScript(file string) *source.File {
	if f, ok := r.shared.scripts[file]; ok {
		return f
	}
	f := r.open(file)
	if f != nil && (!shellScript(f) || !works(string(f.Data))) {
		f = nil
	}
	r.shared.scripts[file] = f
	return f
}

// shellScript reports whether a file is a script for a shell, by its first line or
// else by its name.
func shellScript(f *source.File) bool {
	if bytes.IndexByte(f.Data, 0) >= 0 {
		return false
	}
	line := f.Line(1)
	if strings.HasPrefix(line, "#!") {
		words := strings.Fields(line[2:])
		if len(words) > 1 && path.Base(words[0]) == "env" {
			words = words[1:]
		}
		return len(words) > 0 && posix(words[0])
	}
	return strings.HasSuffix(f.Path, ".sh") || strings.HasSuffix(f.Path, ".bash")
}

var composeSwitches = flagSet("--all-resources --compatibility --dry-run --verbose --no-ansi --push --pull --no-cache --quiet -q --with-dependencies --include-deps --ignore-push-failures --no-rm --force-rm --compress --parallel")

// compose reads docker compose build and push: what is built stands in the compose
// file.
func (w *scriptWalk) compose(name string, place source.Span, words []shell.Word) {
	global := parseArguments(words, composeSwitches, true)
	if len(global.positional) == 0 {
		return
	}
	verb, _ := global.positional[0].Text()
	a := parseArguments(global.positional[1:], composeSwitches, false)
	switch verb {
	case "build":
		out := facts.Build{Span: place, Tool: name + " build", Push: facts.No, OpaqueArgs: true}
		if a.has("--push") {
			out.Push = w.switched(a, "--push")
		}
		out.Bake = w.bakeCall(arguments{flags: global.flags, positional: a.positional})
		if out.Bake == nil || global.has("--project-directory") {
			return
		}
		out.Bake.Compose = true
		w.record(out, facts.Platforms{State: facts.PlatformsUnknown, Reason: "platforms are set in the compose file"}, false)
	case "push":
		for _, rec := range w.now.records {
			if rec.build.Bake != nil && rec.build.Bake.Compose {
				rec.build.Push = facts.Yes
			}
		}
	}
}

// depot reads depot build and depot bake, which have the arguments of buildx and a
// machine of its own for each platform.
func (w *scriptWalk) depot(c *shell.Command) {
	if len(c.Words) < 2 {
		return
	}
	verb, _ := c.Words[1].Text()
	before := len(w.now.records)
	place := c.Words[0].Span
	switch verb {
	case "build":
		w.build("depot", "depot build", place, c.Words[2:])
	case "bake":
		w.bake("depot bake", place, c.Words[2:])
	}
	for _, rec := range w.now.records[before:] {
		rec.build.Emulation, rec.build.Builder = true, true
	}
}

// ko reads the commands of ko, which builds for linux/amd64 unless it is told
// otherwise: by --platform, KO_DEFAULTPLATFORMS or .ko.yaml (ko.build, "Multi-Platform
// Images").
func (w *scriptWalk) ko(c *shell.Command) {
	if len(c.Words) < 2 {
		return
	}
	switch verb, _ := c.Words[1].Text(); verb {
	case "build", "publish", "resolve", "apply", "create":
	default:
		return
	}
	a := parseArguments(c.Words[2:], flagSet("--push --local -L --bare -B --base-import-paths --preserve-import-paths -P --insecure-registry --recursive -R --disable-optimizations --debug -W --watch"), false)
	out := facts.Build{Span: c.Words[0].Span, Tool: "ko", Push: facts.Yes, Emulation: true, Builder: true, OpaqueArgs: true}
	if a.has("--push") {
		out.Push = w.switched(a, "--push")
	}
	repository, known := w.variable(c)("KO_DOCKER_REPO")
	if a.has("--local", "-L") || known && (strings.HasPrefix(repository.String(), "ko.local") || strings.HasPrefix(repository.String(), "kind.local") || onThisMachine(repository)) {
		out.Push = facts.No
	}
	if known && repository.Known() {
		out.Tags = []facts.Value{repository}
	}
	platforms := facts.Platforms{}
	switch list, given := a.flags["--platform"], a.has("--platform"); {
	case given:
		platforms = commandPlatforms(list)
		if text, _ := list[0].Text(); text == "all" {
			platforms = facts.Platforms{State: facts.PlatformsUnknown, Reason: "--platform=all takes those of the base image"}
		}
	default:
		if v, ok := w.variable(c)("KO_DEFAULTPLATFORMS"); ok {
			platforms = platformsOf([]facts.Value{v}, source.Text{})
		} else if w.directory == nil || w.koSettings() {
			platforms = facts.Platforms{State: facts.PlatformsUnknown, Reason: "platforms are set in .ko.yaml"}
		}
	}
	rec := w.record(out, platforms, false)
	rec.machines = []machine{{os: "linux", arch: "amd64"}}
}

// koSettings reports whether .ko.yaml gives platforms.
func (w *scriptWalk) koSettings() bool {
	f := w.open(w.inRepository(local(*w.directory, ".ko.yaml")))
	if f == nil {
		return false
	}
	var settings struct {
		DefaultPlatforms []string `yaml:"defaultPlatforms"`
	}
	return yaml.Unmarshal(f.Data, &settings) != nil || len(settings.DefaultPlatforms) > 0
}

// kaniko reads the arguments of kaniko's executor, which builds for its machine.
func (w *scriptWalk) kaniko(c *shell.Command) {
	a := parseArguments(c.Words[1:], flagSet("--no-push --cache --cleanup --force --insecure --insecure-pull --reproducible --single-snapshot --skip-tls-verify --skip-unused-stages --use-new-run --verbosity --skip-push-permission-check --cache-copy-layers --cache-run-layers --compressed-caching --no-push-cache"), false)
	if !a.has("--destination", "-d", "--dockerfile", "-f") {
		return
	}
	out := facts.Build{Span: c.Words[0].Span, Tool: "kaniko", Push: facts.Yes, Builder: true}
	if a.has("--no-push") {
		out.Push = w.switched(a, "--no-push")
		out.Push = map[facts.Known]facts.Known{facts.Yes: facts.No, facts.No: facts.Yes}[out.Push]
	}
	for _, word := range a.all("--destination", "-d") {
		out.Tags = append(out.Tags, word.Values...)
	}
	for _, word := range a.all("--build-arg") {
		for _, v := range word.Values {
			w.argument(&out, v)
		}
	}
	if word, ok := a.last("--target"); ok {
		out.Target, _ = word.Text()
	}
	platforms := facts.Platforms{}
	if list := a.all("--custom-platform", "--customPlatform"); len(list) > 0 {
		platforms = commandPlatforms(list)
	}
	w.record(out, platforms, false)
}

// buildctl reads the client of BuildKit: --opt platform=…, --output type=image,push=true.
func (w *scriptWalk) buildctl(c *shell.Command) {
	at := slices.IndexFunc(c.Words, func(word shell.Word) bool { text, _ := word.Text(); return text == "build" })
	if at < 0 {
		return
	}
	a := parseArguments(c.Words[at+1:], flagSet("--no-cache --trace-logs"), false)
	out := facts.Build{Span: c.Words[0].Span, Tool: "buildctl build", Push: facts.No, Builder: true}
	platforms := facts.Platforms{}
	for _, word := range a.all("--opt") {
		for _, v := range word.Values {
			key, value, ok := cut(v, '=')
			name, argument := strings.CutPrefix(key.String(), "build-arg:")
			switch {
			case !ok:
			case argument:
				if out.Args == nil {
					out.Args = map[string][]facts.Value{}
				}
				out.Args[name] = nil
			case name == "platform":
				platforms = platformsOf([]facts.Value{value}, source.Text{})
				if platforms.Span = exactly(value); platforms.Span.IsZero() {
					platforms.Span = word.Span
				}
			case name == "target" && value.Known():
				out.Target = value.String()
			}
		}
	}
	for _, word := range a.all("--output", "-o") {
		w.outputs(&out, word.Values)
		for _, v := range word.Values {
			for _, field := range split(v, ",") {
				if key, value, ok := cut(field, '='); ok && key.String() == "name" {
					out.Tags = append(out.Tags, value)
				}
			}
		}
	}
	w.record(out, platforms, false)
}
