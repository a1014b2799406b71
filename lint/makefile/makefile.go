// Package makefile reads Makefiles for one thing: which shell commands making a
// target runs.
//
// Of make's language that is rules with their prerequisites, pattern rules with one
// %, variables, and $(shell …), which becomes $(…) of the shell. Nothing is
// executed, and nothing is included: what a condition, another function or another
// file decides is not known, and stands in the script as the shell variable
// [Unknown].
package makefile

import (
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// Unknown is the shell variable that stands for what is not known.
const Unknown = "archlint_unknown"

// The limits, for a Makefile may come from a stranger.
const (
	maxLines  = 20_000
	maxDepth  = 20       // variables that refer to variables, and targets that need targets
	maxRules  = 200      // rules of one script
	maxName   = 500      // bytes of the name of a target
	maxText   = 64 << 10 // bytes of one line after its expansion
	maxScript = 1000     // lines
	maxSteps  = 50_000   // references to variables
)

// File is a Makefile.
type File struct {
	file      *source.File
	variables map[string]*variable
	rules     []rule
	includes  bool // other files are read, too
}

// variable is what a Makefile says of a variable.
type variable struct {
	texts   []source.Text // one, or several that += has put together
	weak    bool          // set by ?= only
	unknown bool          // set under a condition, or for some targets
}

type rule struct {
	targets, needs source.Text
	recipe         []source.Text
}

var (
	assignment  = regexp.MustCompile(`^\s*(?:export\s+|override\s+)*([A-Za-z_][\w.-]*)\s*(\?|\+|:{1,3}|!)?=[ \t]*`)
	conditional = regexp.MustCompile(`^\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b`)
	including   = regexp.MustCompile(`^\s*[-s]?include\b`)
	defining    = regexp.MustCompile(`^\s*(?:override\s+)?define\b`)
	defined     = regexp.MustCompile(`^\s*endef\b`)
	plainName   = regexp.MustCompile(`^[\w.-]+$`)
)

// Parse reads a Makefile. There is no wrong one: a line that is not understood says
// nothing.
func Parse(f *source.File) *File {
	m := &File{file: f, variables: map[string]*variable{}}
	depth, inDefine, inRule := 0, false, false
	lines := min(f.Lines(), maxLines)
	for n := 1; n <= lines; n++ {
		line := f.Line(n)
		switch {
		case inDefine:
			inDefine = !defined.MatchString(line)
			continue
		case strings.HasPrefix(line, "\t") && inRule:
			last := &m.rules[len(m.rules)-1]
			var text source.Text
			text, n = m.recipeLine(n)
			last.recipe = append(last.recipe, text)
			continue
		}
		var text source.Text
		text, n = m.logicalLine(n)
		line = text.String
		switch word := conditional.FindStringSubmatch(line); {
		case strings.TrimSpace(line) == "":
			continue
		case word != nil:
			switch word[1] {
			case "endif":
				depth = max(0, depth-1)
			case "else":
			default:
				depth++
			}
			continue
		case defining.MatchString(line):
			inDefine = true
			continue
		case including.MatchString(line):
			m.includes = true
			continue
		}
		if at := assignment.FindStringSubmatchIndex(line); at != nil {
			operator := ""
			if at[4] >= 0 {
				operator = line[at[4]:at[5]]
			}
			m.assign(line[at[2]:at[3]], operator, text.Slice(at[1], len(strings.TrimRight(line, " \t\r"))), depth > 0)
			continue
		}
		if colon := ruleColon(line); colon >= 0 {
			inRule = m.rule(text, colon)
		}
	}
	return m
}

// logicalLine returns a line joined with those that continue it, without its comment,
// and the number of the last one.
func (m *File) logicalLine(n int) (source.Text, int) {
	b := source.NewBuilder(m.file)
	for ; ; n++ {
		start, end := m.file.LineRange(n)
		line := m.file.Line(n)
		if at := comment(line); at >= 0 {
			b.Keep(start, start+at)
			return b.Text(), n
		}
		if !strings.HasSuffix(line, `\`) || n >= m.file.Lines() || b.Len() > maxText {
			b.Keep(start, end)
			return b.Text(), n
		}
		b.Keep(start, end-1)
		b.Replace(" ", end-1, end)
	}
}

// recipeLine is logicalLine for a line of a recipe: it is left to the shell, but for
// the tabs and the characters that tell make how to run it.
func (m *File) recipeLine(n int) (source.Text, int) {
	b := source.NewBuilder(m.file)
	for first := true; ; n++ {
		start, end := m.file.LineRange(n)
		line := m.file.Line(n)
		skip := 0
		if strings.HasPrefix(line, "\t") {
			skip = 1
		}
		if first {
			for skip < len(line) && strings.IndexByte("@-+ \t", line[skip]) >= 0 {
				skip++
			}
		}
		first = false
		b.Keep(start+skip, end)
		if !strings.HasSuffix(line, `\`) || n >= m.file.Lines() || b.Len() > maxText {
			return b.Text(), n
		}
		b.Replace("\n", end, end)
	}
}

// comment returns where the comment of a line begins, -1 if it has none.
func comment(line string) int {
	for i := 0; i < len(line); i++ {
		if line[i] == '#' && (i == 0 || line[i-1] != '\\') {
			return i
		}
	}
	return -1
}

// ruleColon returns the place of the colon of a rule, -1 if a line is none.
func ruleColon(line string) int {
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		case '=':
			if depth == 0 {
				return -1
			}
		case ':':
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (m *File) assign(name, operator string, value source.Text, doubtful bool) {
	v := m.variables[name]
	switch {
	case v == nil:
		v = &variable{weak: operator == "?", texts: []source.Text{value}}
		m.variables[name] = v
	case operator == "?":
		// It is set already.
	case operator == "+":
		v.texts = append(v.texts, value)
	default:
		v.texts, v.weak = []source.Text{value}, false
	}
	v.unknown = v.unknown || doubtful || operator == "!" || len(v.texts) > maxDepth
}

func (m *File) rule(text source.Text, colon int) bool {
	rest := text.Slice(colon+1, len(text.String))
	rest = rest.Slice(len(rest.String)-len(strings.TrimLeft(rest.String, ": \t&")), len(rest.String))
	if at := assignment.FindStringSubmatchIndex(rest.String); at != nil {
		m.assign(rest.String[at[2]:at[3]], "", rest.Slice(at[1], len(rest.String)), true) // for this target
		return false
	}
	r := rule{targets: text.Slice(0, colon), needs: rest}
	if at := strings.IndexByte(rest.String, ';'); at >= 0 {
		r.needs = rest.Slice(0, at)
		r.recipe = append(r.recipe, rest.Slice(at+1, len(rest.String)))
	}
	m.rules = append(m.rules, r)
	return true
}

// Given is what make is started with.
type Given struct {
	// Arguments are the variables of the command line, which go before the file's.
	Arguments map[string]facts.Value
	// Environment returns variables of the environment, which go behind it.
	Environment func(name string) (facts.Value, bool)
}

// Script is what making targets runs.
type Script struct {
	// Lines are the lines of the recipes, each a script of its own.
	Lines []source.Text
	// Variables are the shell variables in them that stand for values of make.
	Variables map[string]shell.Values
}

// Script returns what making targets runs, those they need first; the first one of
// the file if none are given. It is false if that is not known.
func (m *File) Script(targets []string, g Given) (Script, bool) {
	e := &expansion{File: m, given: g, seen: map[string]bool{}, out: Script{Variables: map[string]shell.Values{
		Unknown: shell.One(facts.Unknowable()),
	}}}
	if len(targets) == 0 {
		for i := range m.rules {
			if names := strings.Fields(m.rules[i].targets.String); len(names) > 0 && !strings.HasPrefix(names[0], ".") && !strings.Contains(names[0], "%") {
				targets = names[:1]
				break
			}
		}
	}
	found := false
	for _, t := range targets {
		found = e.make(t, 0) || found
	}
	return e.out, found && !e.failed
}

// expansion makes a script.
type expansion struct {
	*File
	given  Given
	seen   map[string]bool
	rules  int
	steps  int
	out    Script
	failed bool // it became too large
}

// make adds what making a target runs; false if nothing is known of it.
func (e *expansion) make(target string, depth int) bool {
	if e.seen[target] {
		return true
	}
	e.seen[target] = true
	if e.rules++; e.rules > maxRules || depth > maxDepth || len(target) > maxName {
		e.failed = true
		return false
	}
	found := false
	for _, exact := range []bool{true, false} {
		for i := range e.File.rules {
			r := &e.File.rules[i]
			stem, ok := e.matches(r, target, exact)
			if !ok {
				continue
			}
			found = true
			for _, need := range strings.Fields(e.text(r.needs, target, stem)) {
				if need != "|" && !strings.Contains(need, "$") {
					e.make(strings.ReplaceAll(need, "%", stem), depth+1)
				}
			}
			for _, line := range r.recipe {
				if len(e.out.Lines) >= maxScript {
					e.failed = true
					return false
				}
				b := source.NewBuilder(e.file)
				e.expand(b, line, target, stem, 0)
				e.out.Lines = append(e.out.Lines, b.Text())
			}
		}
		if found {
			break
		}
	}
	return found
}

// matches reports whether a rule is for a target: by its name, or by a pattern with
// the stem in the place of %.
func (e *expansion) matches(r *rule, target string, exact bool) (stem string, ok bool) {
	for _, name := range strings.Fields(e.text(r.targets, target, "")) {
		before, after, pattern := strings.Cut(name, "%")
		switch {
		case exact && name == target:
			return "", true
		case !exact && pattern && len(target) >= len(before)+len(after) && strings.HasPrefix(target, before) && strings.HasSuffix(target, after):
			return target[len(before) : len(target)-len(after)], true
		}
	}
	return "", false
}

// text is expand for names of targets.
func (e *expansion) text(t source.Text, target, stem string) string {
	if !strings.Contains(t.String, "$") {
		return t.String
	}
	b := source.NewBuilder(e.file)
	e.expand(b, t, target, stem, 0)
	return b.Text().String
}

// expand writes a text as the shell gets it.
func (e *expansion) expand(b *source.Builder, t source.Text, target, stem string, depth int) {
	s := t.String
	at := 0
	for at < len(s) && !e.failed {
		if e.steps++; b.Len() > maxText || e.steps > maxSteps {
			e.failed = true
			return
		}
		dollar := strings.IndexByte(s[at:], '$')
		if dollar < 0 || at+dollar+1 >= len(s) {
			b.AppendText(t.Slice(at, len(s)))
			return
		}
		dollar += at
		b.AppendText(t.Slice(at, dollar))
		place := t.Span(dollar, dollar+2)
		switch c := s[dollar+1]; c {
		case '$':
			b.Replace("$", place.Start, place.End)
			at = dollar + 2
		case '(', '{':
			end := closing(s, dollar+1)
			if end < 0 {
				b.AppendText(t.Slice(dollar, len(s)))
				return
			}
			place = t.Span(dollar, end+1)
			e.reference(b, t.Slice(dollar+2, end), place, target, stem, depth)
			at = end + 1
		default:
			e.name(b, string(c), place, target, stem, depth)
			at = dollar + 2
		}
	}
}

// closing returns the place of the bracket that closes the one at a place, -1 if
// there is none.
func closing(s string, at int) int {
	open, shut := s[at], byte(')')
	if open == '{' {
		shut = '}'
	}
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// reference writes what stands in $(…).
func (e *expansion) reference(b *source.Builder, inner source.Text, place source.Span, target, stem string, depth int) {
	name := strings.TrimSpace(inner.String)
	if script, ok := strings.CutPrefix(name, "shell "); ok {
		from := strings.Index(inner.String, script)
		b.Replace("$(", place.Start, place.Start+1)
		e.expand(b, inner.Slice(from, from+len(script)), target, stem, depth+1)
		b.Replace(")", place.End-1, place.End)
		return
	}
	e.name(b, name, place, target, stem, depth)
}

// name writes the value of a variable.
func (e *expansion) name(b *source.Builder, name string, place source.Span, target, stem string, depth int) {
	switch name {
	case "@":
		b.Replace(target, place.Start, place.End)
		return
	case "*":
		b.Replace(stem, place.Start, place.End)
		return
	case "MAKE":
		b.Replace("make", place.Start, place.End)
		return
	case "CURDIR", "PWD":
		b.Replace(".", place.Start, place.End)
		return
	}
	if !plainName.MatchString(name) || depth > maxDepth {
		b.Replace("${"+Unknown+"}", place.Start, place.End)
		return
	}
	if value, ok := e.given.Arguments[name]; ok {
		e.value(b, name, value, place)
		return
	}
	var environment facts.Value
	set := false
	if e.given.Environment != nil {
		environment, set = e.given.Environment(name)
	}
	v := e.variables[name]
	switch {
	case set && (v == nil || v.weak):
		e.value(b, name, environment, place)
	case v == nil && e.includes, v != nil && v.unknown:
		b.Replace("${"+Unknown+"}", place.Start, place.End)
	case v != nil:
		for i, t := range v.texts {
			if i > 0 {
				b.Replace(" ", place.Start, place.Start+1)
			}
			e.expand(b, t, target, stem, depth+1)
		}
	}
}

// value writes a value that does not stand in the file.
func (e *expansion) value(b *source.Builder, name string, v facts.Value, place source.Span) {
	if v.Known() {
		b.Replace(v.String(), place.Start, place.End)
		return
	}
	as := "archlint_make_" + strings.Map(func(r rune) rune {
		if r == '.' || r == '-' {
			return '_'
		}
		return r
	}, name)
	e.out.Variables[as] = shell.One(v)
	b.Replace("${"+as+"}", place.Start, place.End)
}
