package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// run carries out a command: what it does to the variables, and what it prints.
// scope has the assignments written before the command, st is what goes on.
func (e *evaluator) run(c *Command, st, scope *state) status {
	if len(c.Words) == 0 { // all of it expanded to nothing
		return assumed
	}
	name := c.Name()
	if f, ok := st.functions[name]; ok && name != "" {
		return e.callFunction(f, c, st)
	}
	args := c.Words[1:]
	switch name {
	case ":", "true":
		return succeeded
	case "false":
		return failed
	case "exit":
		code, known := "0", true
		if len(args) > 0 {
			code, known = args[0].Text()
		}
		if st.decided != nil && e.maybe == 0 && (!known || code != "0") {
			e.result.Switches = append(e.result.Switches, Switch{Span: *st.decided, Architecture: e.architecture(), Fails: true})
		}
		st.ended = true
		return assumed
	case "return":
		st.ended = true
		return assumed
	case "[":
		if n := len(args); n > 0 {
			if last, ok := args[n-1].Text(); ok && last == "]" {
				args = args[:n-1]
			}
		}
		e.askWords(args)
		return e.testWords(args)
	case "test":
		e.askWords(args)
		return e.testWords(args)
	case "export", "local", "readonly", "declare", "typeset":
		for _, w := range args {
			if assign, ok := assignmentWord(w); ok {
				st.variables[assign.Name] = assign.Word.Values
				assign.Export = name == "export"
				c.Assigns = append(c.Assigns, assign)
			}
		}
		return assumed
	case "unset":
		for _, w := range args {
			if n, ok := w.Text(); ok {
				delete(st.variables, n)
			}
		}
		return assumed
	case "read", "mapfile", "readarray", "getopts":
		if name == "getopts" {
			st.variables["OPTARG"] = Values{facts.Unknowable()}
		}
		for _, w := range args {
			if n, ok := w.Text(); ok && !strings.HasPrefix(n, "-") {
				st.variables[n] = Values{facts.Unknowable()}
				if name == "read" && len(args) == 1 && e.stdin != nil {
					st.variables[n] = e.stdin
				}
			}
		}
		return assumed
	case "set":
		for i, w := range args {
			if n, ok := w.Text(); ok && n == "--" {
				st.arguments = nil
				for _, rest := range args[i+1:] {
					st.arguments = append(st.arguments, rest.Values)
				}
				break
			}
		}
		return assumed
	case "shift":
		if len(st.arguments) > 0 {
			st.arguments = st.arguments[1:]
		}
		return assumed
	case ".", "source":
		// What the sourced file sets is not known; names that it may well set
		// (VERSION_CODENAME …) are unknown anyway.
		e.sourced = true
		return assumed
	case "eval":
		e.sourced = true
		if len(args) == 1 && len(args[0].Values) == 1 {
			e.nested(args[0].Values[0], st)
		}
		return assumed
	case "sh", "bash", "dash", "ash", "zsh", "ksh":
		e.runShell(args, c, scope)
		return assumed
	case "sudo", "env", "exec", "command", "time", "nice", "nohup", "eatmydata", "gosu", "su-exec", "chronic", "retry", "timeout", "xvfb-run", "fakeroot", "setarch", "travis_retry":
		if name == "command" && len(args) > 0 {
			if flag, _ := args[0].Text(); flag == "-v" || flag == "-V" {
				return undecided
			}
		}
		return e.prefix(name, args, c, st, scope)
	case "xargs":
		if e.handsOver(args, c, st, scope) {
			return assumed
		}
	case "command_exists", "which", "type", "hash", "mountpoint", "pgrep", "dpkg-query", "id", "getent":
		e.output(c)
		return undecided
	}
	if s, known := e.filter(name, c); known {
		return s
	}
	e.output(c)
	return assumed
}

// handsOver runs the command that xargs runs, with what it reads as arguments. It
// reports whether both are known.
func (e *evaluator) handsOver(args []Word, c *Command, st, scope *state) bool {
	if len(e.stdin) != 1 || e.stdin[0].Unknown() {
		return false
	}
	each := false
	i := 0
	for ; i < len(args); i++ {
		text, ok := args[i].Text()
		if !ok || !strings.HasPrefix(text, "-") {
			break
		}
		switch {
		case text == "-n" || text == "-P" || text == "-L" || text == "-d":
			each = each || text == "-n" || text == "-L"
			i++
		case strings.HasPrefix(text, "-I"), strings.HasPrefix(text, "-i"), strings.HasPrefix(text, "-a"), strings.HasPrefix(text, "--replace"), strings.HasPrefix(text, "--arg-file"):
			return false // they are put elsewhere, or come from elsewhere
		case strings.HasPrefix(text, "-n"), strings.HasPrefix(text, "-L"):
			each = true
		}
	}
	if i >= len(args) {
		return false // without a command it is an echo
	}
	var words []Word
	for _, v := range split(e.stdin) {
		words = append(words, Word{Values: v, Span: c.Span})
		if len(words) > maxLoop {
			return false
		}
	}
	if len(words) == 0 {
		return false
	}
	runs := [][]Word{words}
	if each {
		runs = nil
		for _, w := range words {
			runs = append(runs, []Word{w})
		}
	}
	command := args[i:]
	c.Words = c.Words[:1:1]
	for _, last := range runs {
		one := &Command{Words: append(command[:len(command):len(command)], last...), Assigns: c.Assigns, Maybe: c.Maybe, Span: c.Span}
		e.result.Commands = append(e.result.Commands, one)
		e.run(one, st, scope)
	}
	return true
}

// prefix runs the command behind one that only changes how it is run.
func (e *evaluator) prefix(name string, args []Word, c *Command, st, scope *state) status {
	inner := scope.copy()
	inner.functions = st.functions
	i := 0
	for i < len(args) {
		text, ok := args[i].Text()
		if assign, is := assignmentWord(args[i]); is && (name == "env" || name == "sudo") {
			inner.variables[assign.Name] = assign.Word.Values
			assign.Export = true
			c.Assigns = append(c.Assigns, assign)
			i++
			continue
		}
		if !ok || !strings.HasPrefix(text, "-") {
			break
		}
		i++
		// Options with a value of their own.
		if (name == "sudo" && (text == "-u" || text == "-g" || text == "--user")) || (name == "env" && (text == "-u" || text == "-C")) ||
			(name == "nice" && text == "-n") || (name == "timeout" && (text == "-s" || text == "-k" || text == "--signal" || text == "--kill-after")) {
			i++
		}
	}
	if (name == "timeout" || name == "gosu" || name == "su-exec" || name == "setarch") && i < len(args) {
		i++ // the duration, the user, the architecture
	}
	if i >= len(args) {
		e.output(c)
		return assumed
	}
	command := &Command{Words: args[i:], Assigns: c.Assigns, Maybe: c.Maybe, Span: c.Span, Input: c.Input}
	c.Words, c.Assigns = c.Words[:1:1], nil
	e.result.Commands = append(e.result.Commands, command)
	result := e.run(command, inner, inner)
	if name == "exec" && !st.ended {
		st.ended = true
	}
	return result
}

// assignmentWord reads a word of the form NAME=value.
func assignmentWord(w Word) (Assign, bool) {
	if len(w.Values) == 0 || len(w.Values[0].Parts) == 0 {
		return Assign{}, false
	}
	first := w.Values[0].Parts[0].Text
	at := strings.IndexByte(first, '=')
	if at <= 0 || !syntax.ValidName(first[:at]) {
		return Assign{}, false
	}
	var values Values
	for _, v := range w.Values {
		text := v.String()
		if !strings.HasPrefix(text, first[:at+1]) {
			return Assign{}, false
		}
		values = append(values, v.Slice(at+1, len(text)))
	}
	return Assign{Name: first[:at], Word: Word{Values: values, Span: w.Span}, Span: w.Span}, true
}

func (e *evaluator) callFunction(f function, c *Command, st *state) status {
	if e.depth >= maxDepth {
		return assumed
	}
	arguments, ended := st.arguments, st.ended
	st.arguments = nil
	for _, w := range c.Words[1:] {
		st.arguments = append(st.arguments, w.Values)
	}
	text := e.text
	e.text = f.script
	e.depth++
	before := len(e.result.Switches)
	result := e.statement(f.body, st)
	e.depth--
	e.text = text
	st.arguments = arguments
	// A return ends the function only; an exit on the way is rare enough.
	if len(e.result.Switches) == before {
		st.ended = ended
	}
	return result
}

// runShell evaluates what a shell is given to run: -c and a here-document.
func (e *evaluator) runShell(args []Word, c *Command, st *state) {
	for i, w := range args {
		text, ok := w.Text()
		if !ok {
			return
		}
		if strings.HasPrefix(text, "-") && strings.Contains(text, "c") && !strings.HasPrefix(text, "--") {
			if i+1 < len(args) && len(args[i+1].Values) == 1 {
				inner := st.copy()
				inner.arguments = nil
				for _, a := range args[min(i+3, len(args)):] {
					inner.arguments = append(inner.arguments, a.Values)
				}
				e.nested(args[i+1].Values[0], inner)
			}
			return
		}
		if !strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "+") {
			return // a script file
		}
	}
	if len(c.Input) == 1 {
		e.nested(c.Input[0], st.copy())
	}
}

// nested evaluates a value as a script, if it stands in the file as it is.
func (e *evaluator) nested(v facts.Value, st *state) {
	if !v.Known() || len(v.Parts) == 0 {
		return
	}
	text := v.Parts[0].Source
	if len(v.Parts) > 1 || text.File == nil {
		joined, ok := joinParts(v)
		if !ok {
			return
		}
		text = joined
	}
	stdin := e.stdin
	e.stdin = nil
	// What cannot be parsed is not run.
	_ = e.script(text, st)
	e.stdin = stdin
}

// substitute evaluates $(…).
func (e *evaluator) substitute(c *syntax.CmdSubst, st *state) Values {
	if e.depth >= maxDepth {
		return Values{facts.Unknowable()}
	}
	capture := e.capture
	var out Values
	e.capture = &out
	e.depth++
	before := len(e.result.Commands)
	e.statements(c.Stmts, st.copy())
	for _, command := range e.result.Commands[before:] {
		command.readBy("$")
	}
	e.depth--
	e.capture = capture
	if out == nil {
		return Values{facts.Unknowable()}
	}
	return mapValues(out, func(v facts.Value) facts.Value {
		text := v.String()
		return v.Slice(0, len(strings.TrimRight(text, "\n")))
	})
}

// print sends text to whoever listens to standard output.
func (e *evaluator) print(v Values) {
	if e.capture == nil {
		return
	}
	if *e.capture == nil {
		*e.capture = v
		return
	}
	*e.capture = concat(*e.capture, v)
}

// silent are commands that print nothing worth reading.
var silent = map[string]bool{
	"cd": true, "mkdir": true, "rm": true, "cp": true, "mv": true, "ln": true, "chmod": true, "chown": true, "touch": true, "sleep": true, "wait": true,
	"pushd": true, "popd": true, "umask": true, "ulimit": true, "trap": true, "shopt": true, "rmdir": true, "install": true,
}

// output prints what cannot be known.
func (e *evaluator) output(c *Command) {
	if e.capture != nil && !silent[c.Name()] {
		*e.capture = Values{facts.Unknowable()}
	}
}

// test decides [[ … ]].
func (e *evaluator) test(x syntax.TestExpr, st *state) status {
	switch x := x.(type) {
	case *syntax.ParenTest:
		return e.test(x.X, st)
	case *syntax.UnaryTest:
		switch x.Op {
		case syntax.TsNot:
			return not(e.test(x.X, st))
		case syntax.TsEmpStr, syntax.TsNempStr:
			w, ok := x.X.(*syntax.Word)
			if !ok {
				return undecided
			}
			return emptiness(e.word(w, st), x.Op == syntax.TsEmpStr)
		}
		return undecided
	case *syntax.BinaryTest:
		switch x.Op {
		case syntax.AndTest:
			return and(e.test(x.X, st), e.test(x.Y, st))
		case syntax.OrTest:
			return or(e.test(x.X, st), e.test(x.Y, st))
		case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch, syntax.TsReMatch:
			left, okLeft := x.X.(*syntax.Word)
			right, okRight := x.Y.(*syntax.Word)
			if !okLeft || !okRight {
				return undecided
			}
			values := e.word(left, st)
			e.ask(values, e.span(left))
			subject, known := values.Single()
			if !known {
				match := undecided
				if pat := e.word(right, st); x.Op != syntax.TsReMatch {
					match = e.equal(values, pat)
				}
				if x.Op == syntax.TsNoMatch {
					return not(match)
				}
				return match
			}
			if x.Op == syntax.TsReMatch {
				expr, known := e.word(right, st).Single()
				if !known {
					return undecided
				}
				e.charge(expr, values)
				re, ok := compile(expr)
				if !ok || len(subject) > maxSubject {
					return undecided
				}
				return truth(re.MatchString(subject))
			}
			pat, known := e.pattern(right, st)
			if !known {
				return undecided
			}
			e.charge(pat, values)
			match := truth(glob(pat, subject))
			if x.Op == syntax.TsNoMatch {
				return not(match)
			}
			return match
		}
		return undecided
	case *syntax.Word:
		return emptiness(e.word(x, st), false)
	}
	return undecided
}

func (e *evaluator) askWords(args []Word) {
	for _, a := range args {
		e.ask(a.Values, a.Span)
	}
}

// testWords decides [ … ].
func (e *evaluator) testWords(args []Word) status {
	for i := 1; i < len(args)-1; i++ {
		if text, _ := args[i].Text(); text == "-o" {
			return or(e.testWords(args[:i]), e.testWords(args[i+1:]))
		}
	}
	for i := 1; i < len(args)-1; i++ {
		if text, _ := args[i].Text(); text == "-a" {
			return and(e.testWords(args[:i]), e.testWords(args[i+1:]))
		}
	}
	if len(args) == 0 {
		return undecided
	}
	first, _ := args[0].Text()
	if len(args) > 1 && first == "!" {
		return not(e.testWords(args[1:]))
	}
	switch len(args) {
	case 1:
		return emptiness(args[0].Values, false)
	case 2:
		switch first {
		case "-z":
			return emptiness(args[1].Values, true)
		case "-n":
			return emptiness(args[1].Values, false)
		}
	case 3:
		switch operator, _ := args[1].Text(); operator {
		case "=", "==":
			return e.equal(args[0].Values, args[2].Values)
		case "!=":
			return not(e.equal(args[0].Values, args[2].Values))
		}
	}
	return undecided
}

// equal compares two values. What is not known but is compared with the name of
// an architecture is one: it is taken to be that of the machine.
func (e *evaluator) equal(a, b Values) status {
	left, okLeft := a.Single()
	right, okRight := b.Single()
	switch {
	case okLeft && okRight:
		return truth(left == right)
	case okRight && len(a) == 1 && a[0].Unknown():
		return e.isMachine(right)
	case okLeft && len(b) == 1 && b[0].Unknown():
		return e.isMachine(left)
	}
	return undecided
}

// isMachine decides whether a text names the architecture of the machine.
func (e *evaluator) isMachine(text string) status {
	name := arch.NameOf(text)
	if name == "" || e.architecture() == "" {
		return undecided
	}
	return truth(name == e.architecture())
}

func emptiness(v Values, wantEmpty bool) status {
	if len(v) != 1 {
		return undecided
	}
	switch {
	case v[0].Unknown():
		return undecided
	case v[0].String() != "":
		return truth(!wantEmpty)
	case v[0].Known():
		return truth(wantEmpty)
	}
	return undecided
}

func truth(b bool) status {
	if b {
		return succeeded
	}
	return failed
}

func not(s status) status {
	switch s {
	case succeeded:
		return failed
	case failed:
		return succeeded
	}
	return undecided
}

func and(a, b status) status {
	switch {
	case a == failed || b == failed:
		return failed
	case a == succeeded && b == succeeded:
		return succeeded
	}
	return undecided
}

func or(a, b status) status { return not(and(not(a), not(b))) }
