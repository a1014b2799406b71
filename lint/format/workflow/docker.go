package workflow

import (
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// Flags without a value, by command: for all others the next word is the value.
var (
	globalSwitches = flagSet("--debug -D --tls --tlsverify --help --version --remote --syslog")
	buildSwitches  = flagSet("--push --load --no-cache --pull --quiet -q --rm --force-rm --squash --squash-all --compress --check --debug -D " +
		"--stream --layers --all-platforms --tls-verify --no-hosts --no-hostname --omit-history --skip-unused-stages --disable-compression " +
		"--identity-label --http-proxy --save-stages --disable-content-trust --print --inherit-labels --rewrite-timestamp --stdin")
	runSwitches = flagSet("-d --detach -i --interactive -t --tty --rm --privileged --init --read-only -P --publish-all --no-healthcheck " +
		"--oom-kill-disable --sig-proxy -q --quiet --disable-content-trust --replace --tls-verify --no-hosts --rmi --env-host")
	pushSwitches  = flagSet("-a --all-tags -q --quiet --disable-content-trust --tls-verify --all --rm --purge -p --insecure --amend --dry-run --append -f")
	indexSwitches = flagSet("--append --dry-run --insecure --amend --flatten --all --allow-insecure-registry --prefer-index")
)

func flagSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

// arguments are the words of a command line, sorted.
type arguments struct {
	flags      map[string][]shell.Word // by name, without a value for switches
	positional []shell.Word
	// open is true if some words are not known at all: they may be flags.
	open bool
}

func (a arguments) has(names ...string) bool {
	for _, name := range names {
		if _, ok := a.flags[name]; ok {
			return true
		}
	}
	return false
}

func (a arguments) all(names ...string) []shell.Word {
	var out []shell.Word
	for _, name := range names {
		out = append(out, a.flags[name]...)
	}
	return out
}

func (a arguments) last(names ...string) (shell.Word, bool) {
	words := a.all(names...)
	if len(words) == 0 {
		return shell.Word{}, false
	}
	return words[len(words)-1], true
}

// parseArguments sorts words into flags and the rest. With stop, the first word
// that is no flag ends the flags.
func parseArguments(words []shell.Word, switches map[string]bool, stop bool) arguments {
	a := arguments{flags: map[string][]shell.Word{}}
	for i := 0; i < len(words); i++ {
		word := words[i]
		s := beginning(word)
		switch {
		case s == "--":
			a.positional = append(a.positional, words[i+1:]...)
			return a
		case strings.HasPrefix(s, "--"):
			name, _, assigned := strings.Cut(s, "=")
			switch {
			case assigned:
				a.flags[name] = append(a.flags[name], cutWord(word, len(name)+1))
			case switches[name] || i+1 >= len(words):
				a.flags[name] = append(a.flags[name], shell.Word{})
			default:
				i++
				a.flags[name] = append(a.flags[name], words[i])
			}
		case len(s) > 1 && s[0] == '-':
			for at := 1; at < len(s); at++ {
				name := "-" + s[at:at+1]
				if switches[name] {
					a.flags[name] = append(a.flags[name], shell.Word{})
					continue
				}
				if rest := cutWord(word, at+1); at+1 < len(s) || len(rest.Values) > 0 && !rest.Values[0].Empty() {
					if strings.HasPrefix(s[at+1:], "=") {
						rest = cutWord(word, at+2)
					}
					a.flags[name] = append(a.flags[name], rest)
				} else if i+1 < len(words) {
					i++
					a.flags[name] = append(a.flags[name], words[i])
				}
				break
			}
		default:
			a.open = a.open || anything(word)
			a.positional = append(a.positional, word)
			if stop {
				a.positional = append(a.positional, words[i+1:]...)
				return a
			}
		}
	}
	return a
}

// beginning returns what all values of a word begin with, as far as it is known.
func beginning(w shell.Word) string {
	if len(w.Values) == 0 {
		return ""
	}
	s, _, _ := strings.Cut(w.Values[0].String(), facts.Hole)
	for _, v := range w.Values[1:] {
		other := v.String()
		n := 0
		for n < len(s) && n < len(other) && s[n] == other[n] {
			n++
		}
		s = s[:n]
	}
	return s
}

// anything reports whether a word can be anything, several words too.
func anything(w shell.Word) bool {
	for _, v := range w.Values {
		if v.Unknown() {
			return true
		}
	}
	return len(w.Values) == 0
}

// cutWord drops the first n bytes of a word.
func cutWord(w shell.Word, n int) shell.Word {
	out := shell.Word{Span: w.Span}
	for _, v := range w.Values {
		out.Values = append(out.Values, v.Slice(n, len(v.String())))
	}
	if len(out.Values) == 1 {
		if span := spanOf(out.Values[0], w.Span); w.Span.Contains(span) {
			out.Span = span
		}
	}
	return out
}

// containerTool reads a command of docker or one of its relatives.
func (w *scriptWalk) containerTool(tool string, c *shell.Command) {
	global := parseArguments(c.Words[1:], globalSwitches, true)
	words := global.positional
	if len(words) == 0 {
		return
	}
	sub, _ := words[0].Text()
	span := c.Words[0].Span
	upTo := func(last shell.Word) source.Span {
		if last.Span.File == span.File && last.Span.End > span.Start {
			return span.File.Span(span.Start, last.Span.End)
		}
		return span
	}
	name := tool + " " + sub
	at := 0
	switch sub {
	case "image", "container", "buildx", "builder", "manifest", "imagetools", "index":
		if len(words) < 2 {
			return
		}
		inner := parseArguments(words[1:], globalSwitches, true) // docker buildx --builder x build
		if len(inner.positional) == 0 {
			return
		}
		verb, _ := inner.positional[0].Text()
		at = len(words) - len(inner.positional)
		name += " " + verb
		if verb == "imagetools" && len(inner.positional) > 1 {
			at++
			verb, _ = words[at].Text()
			name += " " + verb
		}
		switch sub {
		case "image", "container", "builder":
			sub = verb
		default:
			sub += " " + strings.TrimPrefix(name, tool+" "+sub+" ")
		}
	}
	args := words[at+1:]
	place := upTo(words[at])
	switch sub {
	case "build", "buildx build", "buildx b", "bud", "build-using-dockerfile":
		w.build(tool, name, place, args)
	case "buildx bake", "buildx f":
		w.bake(name, place, args)
	case "buildx create":
		w.now.builder = true
	case "run":
		w.run(name, place, args)
	case "pull":
		a := parseArguments(args, pushSwitches, false)
		w.platformPin(a, name, nil)
		for _, word := range a.positional {
			w.stranger(word.Values)
		}
	case "load", "import":
		w.now.loaded = true
	case "push", "manifest push":
		a := parseArguments(args, pushSwitches, false)
		if len(a.positional) > 0 {
			p := push{}
			if sub == "push" && tool != "crane" && tool != "regctl" {
				p.span, p.tool = upTo(a.positional[0]), name
			}
			for _, p.image = range a.positional[0].Values {
				w.pushed(p)
			}
			if sub == "manifest push" && tool != "podman" && tool != "buildah" {
				w.merge(&facts.Merge{Span: place, Tool: name, Job: w.job.id, Tags: a.positional[0].Values})
			}
		}
	case "compose":
		w.compose(name, place, args)
	case "tag":
		if len(args) > 1 {
			w.tag(args[len(args)-2], args[len(args)-1])
		}
	case "manifest create", "buildx imagetools create", "index append", "index create", "manifest-tool push":
		w.index(sub, name, place, args)
	}
}

// build reads the arguments of docker build and its like.
func (w *scriptWalk) build(tool, name string, place source.Span, words []shell.Word) {
	a := parseArguments(words, buildSwitches, false)
	out := facts.Build{Span: place, Tool: name, Push: facts.No, OpaqueArgs: a.open && len(a.positional) > 1}
	native := tool == "podman" || tool == "buildah" // build several platforms without buildx
	out.Builder = native

	for _, word := range a.all("-t", "--tag", "--manifest") {
		out.Tags = append(out.Tags, word.Values...)
	}
	for _, word := range a.all("--build-arg") {
		for _, v := range word.Values {
			if len(word.Values) > 1 {
				if key, _, ok := cut(v, '='); ok && key.Known() {
					v = key // one of several values
				}
			}
			w.argument(&out, v)
		}
	}
	if word, ok := a.last("--target"); ok {
		out.Target, _ = word.Text()
	}
	w.commandPaths(&out, a)

	platforms := facts.Platforms{}
	list := a.all("--platform")
	if native {
		list = append(list, a.all("--arch")...)
	}
	switch {
	case a.has("--all-platforms"):
		platforms = facts.Platforms{State: facts.PlatformsUnknown, Reason: "--all-platforms takes those of the base image"}
	case len(list) > 0:
		platforms = commandPlatforms(list)
	case w.defaultPlatform != nil:
		platforms = platformsOf([]facts.Value{*w.defaultPlatform}, source.Text{})
		platforms.Span = w.defaultPlatform.Span(0, len(w.defaultPlatform.String()))
		if platforms.State == facts.PlatformsUnknown {
			platforms.Reason = defaultPlatform + " is known only when the workflow runs"
		}
	}

	if platforms.State == facts.PlatformsAbsent && out.OpaqueArgs {
		platforms = facts.Platforms{State: facts.PlatformsUnknown, Reason: "the command has arguments that are not known"}
	}
	out.Load = a.has("--load")
	if a.has("--push") {
		out.Push = w.switched(a, "--push")
	}
	for _, word := range a.all("-o", "--output") {
		w.outputs(&out, word.Values)
		if text, _ := word.Text(); text == "type=docker" {
			out.Load = true
		}
	}
	w.record(out, platforms, out.Push != facts.Yes)
}

// switched reads --flag, --flag=false and --flag=$x.
func (w *scriptWalk) switched(a arguments, name string) facts.Known {
	word, _ := a.last(name)
	if len(word.Values) == 0 {
		return facts.Yes
	}
	text, ok := word.Text()
	if !ok {
		return facts.Unknown
	}
	return known(text != "false" && text != "0")
}

// commandPlatforms reads the values of --platform: they add up.
func commandPlatforms(words []shell.Word) facts.Platforms {
	out := facts.Platforms{State: facts.PlatformsKnown}
	for _, word := range words {
		one := platformsOf(word.Values, source.Text{})
		if out.Span.IsZero() {
			out.Span = word.Span
		}
		if len(word.Values) > 1 && anything(word) && one.State == facts.PlatformsKnown {
			one = facts.Platforms{State: facts.PlatformsUnknown, Reason: "the script may set another list"}
		}
		switch one.State {
		case facts.PlatformsKnown:
			for _, p := range one.Set {
				out.Set = out.Set.Add(p)
			}
		case facts.PlatformsUnknown:
			out.State, out.Reason = one.State, one.Reason
		}
	}
	if out.State == facts.PlatformsKnown && len(out.Set) == 0 {
		return facts.Platforms{}
	}
	return out
}

// commandPaths sets the context and the Dockerfile of a build command.
func (w *scriptWalk) commandPaths(out *facts.Build, a arguments) {
	context := "."
	if n := len(a.positional); n > 0 {
		text, ok := a.positional[n-1].Text()
		if !ok {
			return
		}
		context = text
	}
	out.Context = context
	file, given := a.last("-f", "--file")
	if w.directory == nil || isRemote(context) {
		return
	}
	if !given {
		out.Dockerfile = w.inRepository(local(*w.directory, context, "Dockerfile"))
		return
	}
	if text, ok := file.Text(); ok && text != "-" {
		out.Dockerfile = w.inRepository(local(*w.directory, text))
	}
}

// bake reads docker buildx bake.
func (w *scriptWalk) bake(name string, place source.Span, words []shell.Word) {
	a := parseArguments(words, buildSwitches, false)
	out := facts.Build{Span: place, Tool: name, Push: facts.Unknown, OpaqueArgs: true, Load: a.has("--load")}
	platforms := facts.Platforms{State: facts.PlatformsUnknown, Reason: bakeReason}
	switch {
	case a.has("--print"):
		return
	case a.has("--push"):
		out.Push = w.switched(a, "--push")
	case out.Load:
		out.Push = facts.No
	}
	for _, word := range a.all("--set") {
		w.bakeOverrides(&out, &platforms, word.Values, source.Text{})
	}
	if !a.has("--push") {
		tryOut(&out, platforms)
	}
	out.Bake = w.bakeCall(a)
	w.record(out, platforms, out.Push != facts.Yes)
}

// bakeCall notes which targets of which files a command builds, nil if that is not
// known.
func (w *scriptWalk) bakeCall(a arguments) *facts.BakeCall {
	if w.directory == nil {
		return nil
	}
	call := &facts.BakeCall{Directory: *w.directory}
	call.Variables, call.Open = w.scope.names()
	call.Open = call.Open || !w.now.from.IsZero() // make and scripts may set more
	call.Variables = append(call.Variables, w.assigned...)
	for name := range w.exported {
		call.Variables = append(call.Variables, name)
	}
	known := true
	texts := func(words []shell.Word) (out []string) {
		for _, word := range words {
			text, ok := word.Text()
			known = known && ok
			out = append(out, text)
		}
		return out
	}
	call.Files = texts(append(a.all("-f"), a.all("--file")...))
	call.Targets = texts(a.positional)
	for _, o := range a.all("--set") {
		key := o.Values
		if len(key) != 1 {
			return nil
		}
		name, _, _ := strings.Cut(key[0].Display(), "=")
		call.Set = append(call.Set, strings.TrimSuffix(name, "+"))
	}
	if !known {
		return nil
	}
	return call
}

// run reads docker run.
func (w *scriptWalk) run(name string, place source.Span, words []shell.Word) {
	a := parseArguments(words, runSwitches, true)
	if len(a.positional) == 0 {
		return
	}
	word := a.positional[0]
	if anything(word) {
		w.platformPin(a, name, nil)
		return // an image or options, who knows
	}
	span := word.Span
	if len(word.Values) == 1 {
		if v := word.Values[0]; v.Known() {
			span = spanOf(v, span)
		}
	}
	// Under emulation any image runs, and --platform says for itself what it takes.
	platforms := runnerPlatforms(w.now.machines)
	if asked := askedFor(a); asked != nil {
		platforms = asked
	} else if w.now.emulation {
		platforms = arch.Set{}
	}
	if text, ok := word.Text(); ok && isBinfmt(text) {
		w.now.emulation = true
	}
	w.platformPin(a, name, w.imageAt(facts.RoleRun, name, span, word.Values, platforms))
}

// askedFor returns the platform of a constant --platform, nil without one.
func askedFor(a arguments) arch.Set {
	word, ok := a.last("--platform")
	if !ok || len(word.Values) != 1 || !constant(word.Values[0]) {
		return nil
	}
	set, err := arch.ParseSet(word.Values[0].String())
	if err != nil {
		return nil
	}
	return set
}

// platformPin reports a constant --platform.
func (w *scriptWalk) platformPin(a arguments, what string, use *facts.ImageUse) {
	word, ok := a.last("--platform")
	if !ok || len(word.Values) != 1 || !constant(word.Values[0]) {
		return
	}
	p := &facts.Pin{Value: word.Values[0], Span: spanOf(word.Values[0], word.Span), What: what, Setting: "--platform", Image: use}
	w.pin(p)
	if use != nil {
		use.Platform = p
	}
}

// tag gives the results of earlier builds another name.
func (w *scriptWalk) tag(from, to shell.Word) {
	doubtful := false
	for _, v := range from.Values {
		doubtful = doubtful || mayBeOneOf(v, w.now.strangers) != facts.No
		for _, rec := range w.now.records {
			switch mayBeOneOf(v, rec.build.Tags) {
			case facts.Yes:
				rec.build.Tags = distinctTexts(append(rec.build.Tags[:len(rec.build.Tags):len(rec.build.Tags)], to.Values...))
			case facts.Unknown:
				doubtful = true
			}
		}
	}
	if doubtful {
		w.stranger(to.Values)
	}
}

// index reads the commands that make an index of images.
func (w *scriptWalk) index(sub, name string, place source.Span, words []shell.Word) {
	a := parseArguments(words, indexSwitches, false)
	m := &facts.Merge{Span: place, Tool: name, Job: w.job.id}
	add := func(to *[]facts.Value, words []shell.Word) {
		for _, word := range words {
			*to = append(*to, word.Values...)
		}
	}
	switch sub {
	case "buildx imagetools create":
		add(&m.Tags, a.all("-t", "--tag"))
		add(&m.Sources, a.positional)
	case "index append": // crane
		add(&m.Tags, a.all("-t", "--tag"))
		add(&m.Sources, a.all("-m", "--manifest"))
	case "index create": // regctl
		add(&m.Tags, a.positional)
		add(&m.Sources, a.all("--ref"))
	default:
		if len(a.positional) > 0 {
			add(&m.Tags, a.positional[:1])
			add(&m.Sources, a.positional[1:])
		}
	}
	w.merge(m)
}
