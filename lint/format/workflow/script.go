package workflow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// defaultPlatform is the variable that docker takes a platform from.
const defaultPlatform = "DOCKER_DEFAULT_PLATFORM"

// The files that the runner reads after a step: writing NAME=value to them sets
// a variable or an output. In scripts they get these paths, to be recognised.
const (
	envFile    = "/github/env"
	outputFile = "/github/output"
)

// relevant reports whether a script may say something about images, or run
// something that does; all others are not evaluated.
func relevant(script string) bool {
	return works(script) || containsAny(script, "qemu-user", defaultPlatform, "GITHUB_ENV", "GITHUB_OUTPUT", "::set-output",
		"./", "hack/", "script/", "scripts/", "bin/", "ci/", "build/", "tools/")
}

// works reports whether a script may work on images by itself, or call another one
// or make.
func works(script string) bool {
	return containsAny(script, "docker", "podman", "nerdctl", "buildah", "crane", "regctl", "manifest-tool", "depot ", "ko ", "buildctl", "make", "/executor", ".sh")
}

func containsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(s, word) })
}

// posix are the shells whose scripts are understood.
func posix(name string) bool {
	name, _, _ = strings.Cut(name, " ")
	switch name[strings.LastIndexByte(name, '/')+1:] {
	case "", "bash", "sh", "dash", "zsh", "ksh":
		return true
	}
	return false
}

// script produces the facts of a run: step.
func (w *walk) script(s *scope, st *step) {
	name := st.shell
	if name == "" && w.called == nil {
		name = w.job.shell
	}
	if !posix(name) || !relevant(st.run.String) || name == "" && s.machine.os == "windows" {
		return
	}
	script, variables := s.shellText(st.run)
	s.environment(variables, st.run.String)
	result := w.evaluate(script, shell.Options{Variables: variables, Architecture: s.machine.arch, Whole: s.called == nil && !s.open()})
	if result == nil {
		return
	}
	sc := &scriptWalk{walk: w, scope: s, step: st, directory: w.startDirectory(s, st), defaultPlatform: s.defaultPlatform()}
	for _, c := range result.Commands {
		sc.command(c)
	}
}

// open reports whether variables of the environment are set of which the names are
// not known.
func (s *scope) open() bool {
	return slices.ContainsFunc(s.env, func(l *layer) bool { return l.open })
}

// environment adds the variables that a script sees and names.
func (s *scope) environment(variables map[string]shell.Values, script string) {
	for _, l := range s.env {
		for _, v := range l.variables {
			if strings.Contains(script, v.name) {
				variables[v.name] = shellValues(s.variable(strings.ToLower(v.name)))
			}
		}
	}
	for name, path := range map[string]string{"GITHUB_ENV": envFile, "GITHUB_OUTPUT": outputFile, "GITHUB_WORKSPACE": "."} {
		variables[name] = shell.One(facts.Text(path))
	}
}

// evaluation is what the result of a script depends on: the script and the values that
// it sees, and the architecture of the machine.
type evaluation struct{ script, architecture string }

// evaluate runs a script in the mind, once for all rows on which it sees the same
// values. It returns nil for a script that cannot be parsed: that says nothing.
func (w *walk) evaluate(script source.Text, o shell.Options) *shell.Result {
	var key strings.Builder
	// Two scripts that are put together from lists may begin at the same place.
	at := script.All()
	key.WriteString(script.File.Path + "\x01" + itoa(at.Start) + "\x01" + itoa(at.End) + "\x01" + itoa(len(script.String)))
	for _, name := range sortedKeys(o.Variables) {
		key.WriteString("\x01" + name)
		for _, v := range o.Variables[name] {
			key.WriteString("\x02" + v.String())
		}
	}
	for _, argument := range o.Arguments {
		key.WriteString("\x01")
		for _, v := range argument {
			key.WriteString("\x02" + v.String())
		}
	}
	here, anywhere := evaluation{key.String(), o.Architecture}, evaluation{key.String(), "any"}
	for _, key := range []evaluation{here, anywhere} {
		if result, ok := w.shared.results[key]; ok {
			return result
		}
	}
	if w.shared.budget--; w.shared.budget < 0 || w.shared.work < 0 {
		w.shared.exceeded = true
		return nil
	}
	result, err := shell.Evaluate(script, o)
	switch {
	case err != nil:
		result, here = nil, anywhere
	case !result.Asked:
		here = anywhere
		fallthrough
	default:
		w.shared.work -= result.Work
	}
	w.shared.results[here] = result
	return result
}

// startDirectory is the directory that a script begins in, nil if unknown.
func (w *walk) startDirectory(s *scope, st *step) *string {
	written := st.directory
	if written.String == "" && w.called == nil {
		written = w.job.directory
	}
	v := s.one(written)
	if !v.Known() {
		return nil
	}
	directory := local(".", v.String())
	if directory == "" {
		return nil
	}
	return &directory
}

// defaultPlatform returns what DOCKER_DEFAULT_PLATFORM is set to, if it is.
func (s *scope) defaultPlatform() *facts.Value {
	for i := len(s.env) - 1; i >= 0; i-- {
		if s.env[i].find(strings.ToLower(defaultPlatform)) == nil {
			continue
		}
		value := facts.Unknowable()
		if values := s.variable(strings.ToLower(defaultPlatform)); len(values) == 1 {
			value = values[0].template()
		}
		return &value
	}
	return nil
}

func shellValues(values []val) shell.Values {
	out := make(shell.Values, 0, len(values))
	for _, v := range values {
		out = append(out, v.template())
	}
	return out
}

// shellText puts a variable in place of every ${{ … }} of a script, so that the
// shell's rules for quotes and blanks apply to a value that is known, and none
// to one that is not.
func (s *scope) shellText(t source.Text) (source.Text, map[string]shell.Values) {
	variables := map[string]shell.Values{}
	parts := segments(t.String)
	if len(parts) == 1 && !parts[0].expression {
		return t, variables
	}
	b := source.NewBuilder(t.File)
	var q quotes
	names := map[string]string{}
	for _, part := range parts {
		if !part.expression {
			b.AppendText(t.Slice(part.start, part.end))
			q.read(t.String[part.start:part.end])
			continue
		}
		body := t.String[part.from:part.to]
		name, ok := names[body]
		if !ok {
			name = "archlint_expression_" + itoa(len(names))
			names[body] = name
			variables[name] = shellValues(s.expression(t, part))
		}
		reference := "${" + name + "}"
		if q.single && q.heredoc == "" {
			reference = `'"` + reference + `"'`
		}
		span := t.Span(part.start, part.end)
		b.Replace(reference, span.Start, span.End)
	}
	return b.Text(), variables
}

// quotes follows a script just closely enough to know where text stands between
// single quotes.
type quotes struct {
	single, double bool
	heredoc        string // the word that ends the here-document, "" outside
	pending        string // of a here-document that begins on the next line
	line           strings.Builder
	comment        bool
	escaped        bool
	last           byte
}

var heredocStart = regexp.MustCompile(`^<<-?\s*(?:'([A-Za-z_]\w*)'|"([A-Za-z_]\w*)"|\\?([A-Za-z_]\w*))`)

func (q *quotes) read(s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\n' {
			q.newline()
			continue
		}
		q.line.WriteByte(c)
		last := q.last
		q.last = c
		switch {
		case q.heredoc != "" || q.comment:
		case q.escaped:
			q.escaped = false
		case c == '\\' && !q.single:
			q.escaped = true
		case c == '\'' && !q.double:
			q.single = !q.single
		case c == '"' && !q.single:
			q.double = !q.double
		case q.single || q.double:
		case c == '#' && (last == 0 || blank(last) || last == ';'):
			q.comment = true
		case c == '<' && last != '<' && q.pending == "":
			if m := heredocStart.FindStringSubmatch(s[i:]); m != nil {
				q.pending = m[1] + m[2] + m[3]
				skip := len(m[0]) - 1
				q.line.WriteString(s[i+1 : i+1+skip])
				i += skip
			}
		}
	}
}

func (q *quotes) newline() {
	line := strings.Trim(q.line.String(), "\t\r ")
	q.line.Reset()
	q.comment, q.escaped, q.last = false, false, 0
	switch {
	case q.heredoc != "":
		if line == q.heredoc {
			q.heredoc = ""
		}
	case q.pending != "" && !q.single && !q.double:
		q.heredoc, q.pending = q.pending, ""
	}
}

// scriptWalk goes through the commands of a script.
type scriptWalk struct {
	*walk
	scope           *scope
	step            *step
	directory       *string // nil if unknown
	defaultPlatform *facts.Value
	subshell        int // where the ( … ) ends that the last cd is in, 0 if none
	outer           *string
	exported        map[string]shell.Values
	assigned        []string // for the command at hand alone
}

func (w *scriptWalk) command(c *shell.Command) {
	if w.subshell > 0 && c.Span.Start >= w.subshell {
		w.directory, w.subshell = w.outer, 0
	}
	before := w.defaultPlatform
	for _, a := range c.Assigns {
		if a.Name != defaultPlatform || !a.Export && len(c.Words) == 0 {
			continue
		}
		value := w.pinned(a.Word)
		w.defaultPlatform = &value
	}
	for _, a := range c.Assigns {
		if a.Export && len(w.exported) < maxPushes {
			if w.exported == nil {
				w.exported = map[string]shell.Values{}
			}
			w.exported[a.Name] = a.Word.Values
		}
	}
	if len(c.Words) == 0 {
		return
	}
	w.runner(c)
	w.assigned = nil
	for _, a := range c.Assigns {
		w.assigned = append(w.assigned, a.Name)
	}
	switch name := c.Name(); name {
	case "cd", "pushd":
		w.changeDirectory(c)
	case "popd":
		w.directory = nil
	case "docker", "podman", "nerdctl", "buildah", "crane", "regctl", "manifest-tool":
		w.containerTool(name, c)
	case "docker-compose":
		w.compose(name, c.Words[0].Span, c.Words[1:])
	case "depot":
		w.depot(c)
	case "ko":
		w.ko(c)
	case "executor":
		w.kaniko(c)
	case "buildctl":
		w.buildctl(c)
	case "make", "gmake":
		w.make(c)
	case "bash", "sh", "source", ".":
		w.interpreted(c)
	case "apt-get", "apt", "dnf", "yum", "apk":
		for _, word := range c.Words[1:] {
			if text, ok := word.Text(); ok && (text == "qemu-user-static" || text == "binfmt-support") {
				w.now.emulation = true
			}
		}
	default:
		w.program(c)
	}
	exported := false
	for _, a := range c.Assigns {
		exported = exported || a.Export
	}
	if !exported {
		w.defaultPlatform = before
	}
}

// pinned reports the platform that DOCKER_DEFAULT_PLATFORM is set to.
func (w *scriptWalk) pinned(word shell.Word) facts.Value {
	if len(word.Values) != 1 {
		return facts.Unknowable()
	}
	value := word.Values[0]
	if constant(value) {
		w.pin(&facts.Pin{Value: value, Span: spanOf(value, word.Span), What: defaultPlatform, Setting: defaultPlatform})
	}
	return value
}

// constant reports whether a value is known, not empty and the same on every
// machine.
func constant(v facts.Value) bool {
	s := v.String()
	_, fromMachine := v.Origins(0, len(s))
	return v.Known() && s != "" && !fromMachine
}

// spanOf returns the place of a value, else the place given.
func spanOf(v facts.Value, or source.Span) source.Span {
	if span := v.Span(0, len(v.String())); !span.IsZero() {
		return span
	}
	return or
}

// runner reads what a command writes for the steps that follow.
func (w *scriptWalk) runner(c *shell.Command) {
	name := c.Name()
	if name != "echo" && name != "printf" || len(c.Words) != 2 || len(c.Words[1].Values) == 0 {
		return
	}
	target, _ := c.Output.Single()
	for _, line := range c.Words[1].Values {
		line := trim(line)
		if rest, ok := strings.CutPrefix(line.String(), "::set-output name="); ok {
			if i := strings.Index(rest, "::"); i >= 0 {
				at := len(line.String()) - len(rest)
				w.setOutput(rest[:i], line.Slice(at+i+2, len(line.String())))
			}
			continue
		}
		key, value, ok := cut(line, '=')
		if !ok || !key.Known() {
			continue
		}
		switch target {
		case outputFile:
			w.setOutput(key.String(), value)
		case envFile:
			w.setVariable(key.String(), value)
		}
	}
}

func (w *scriptWalk) setOutput(name string, value facts.Value) {
	if w.step.id == "" {
		return
	}
	if w.step.outputs == nil {
		w.step.outputs = map[string][]val{}
	}
	name = strings.ToLower(name)
	w.step.outputs[name] = distinct(append(w.step.outputs[name], textVal(value)))
}

// setVariable sets a variable for the steps that follow.
func (w *scriptWalk) setVariable(name string, value facts.Value) {
	if name == defaultPlatform && constant(value) {
		w.pin(&facts.Pin{Value: value, Span: spanOf(value, w.step.run.All()), What: defaultPlatform, Setting: defaultPlatform})
	}
	if v := w.now.written.find(strings.ToLower(name)); v != nil {
		v.set = distinct(append(v.set, textVal(value)))
		return
	}
	w.now.written.add(variable{name: name, set: []val{textVal(value)}})
}

// changeDirectory follows cd. One within ( … ) ends with it.
func (w *scriptWalk) changeDirectory(c *shell.Command) {
	if at := c.Span.Start - 1; w.subshell == 0 && !c.Span.IsZero() {
		data := c.Span.File.Data
		for at >= 0 && blank(data[at]) {
			at--
		}
		if at >= 0 && data[at] == '(' {
			w.outer, w.subshell = w.directory, closing(data, at)
		}
	}
	target := "."
	if len(c.Words) > 1 {
		text, ok := c.Words[1].Text()
		if !ok || strings.HasPrefix(text, "-") || w.directory == nil {
			w.directory = nil
			return
		}
		target = text
	} else {
		w.directory = nil // home
		return
	}
	if directory := local(*w.directory, target); directory != "" {
		w.directory = &directory
	} else {
		w.directory = nil
	}
}

// closing returns the offset of the parenthesis that closes the one at an
// offset, or of the end.
func closing(data []byte, at int) int {
	depth := 0
	for i := at; i < len(data); i++ {
		switch data[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(data)
}
