package compose

import (
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

const (
	// maxValue is the longest value that is expanded, in bytes. References,
	// platforms and paths are shorter; variables that stand for each other several
	// times over would grow without bound.
	maxValue = 4096
	// maxNesting is how deep defaults stand in defaults.
	maxNesting = 16
	// maxEnvironment is the largest .env file that is read, in bytes.
	maxEnvironment = 256 << 10
)

// environment holds the variables that values are expanded with. A nil one is
// empty.
type environment struct {
	values map[string]facts.Value
	// unreadable is true if there are variables that could not be read, so that
	// any name may have a value.
	unreadable bool
}

// lookup returns the value of a variable and whether it is set. A variable that
// is set may still have an unknown value.
func (e *environment) lookup(name string) (facts.Value, bool) {
	if e == nil {
		return facts.Value{}, false
	}
	v, ok := e.values[name]
	if !ok && e.unreadable {
		return facts.Unknowable(), true
	}
	return v, ok
}

// over returns the variables of e and, where it has none, those of o.
func (e *environment) over(o *environment) *environment {
	if e == nil || len(e.values) == 0 && !e.unreadable {
		return o
	}
	out := &environment{values: map[string]facts.Value{}, unreadable: e.unreadable || o.unreadable}
	for name, v := range o.values {
		out.values[name] = v
	}
	for name, v := range e.values {
		out.values[name] = v
	}
	return out
}

// expand replaces the variables in a text as Compose does: $NAME, ${NAME},
// ${NAME:-default}, ${NAME:+other}, ${NAME:?message}, each also without the
// colon, and $$ for a dollar sign. The parts of the result that stand in the
// text, defaults too, are mapped to it. A variable without a value, which
// Compose takes for empty with a warning, makes the value unknown, as does text
// that Compose refuses.
func (e *environment) expand(t source.Text) facts.Value {
	if len(t.String) > maxValue {
		return facts.Unknowable()
	}
	return e.expandNested(t, 0)
}

func (e *environment) expandNested(t source.Text, depth int) facts.Value {
	s := t.String
	if strings.IndexByte(s, '$') < 0 {
		return literal(t)
	}
	if depth > maxNesting {
		return facts.Unknowable()
	}
	var out facts.Value
	size, start := 0, 0
	add := func(v facts.Value) {
		size += len(v.String())
		out.Parts = append(out.Parts, v.Parts...)
	}
	for i := 0; i+1 < len(s); {
		if s[i] != '$' {
			i++
			continue
		}
		n := nameLength(s[i+1:])
		switch {
		case s[i+1] == '$':
			add(literal(t.Slice(start, i+1)))
			i += 2
			start = i
		case n > 0:
			add(literal(t.Slice(start, i)))
			v, ok := e.lookup(s[i+1 : i+1+n])
			if !ok {
				v = facts.Unknowable()
			}
			add(v)
			i += 1 + n
			start = i
		case s[i+1] == '{':
			end := closing(s[i:])
			if end < 0 {
				return facts.Unknowable()
			}
			add(literal(t.Slice(start, i)))
			add(e.braced(t.Slice(i+2, i+end), depth))
			i += end + 1
			start = i
		default:
			i++ // a dollar sign that stands for itself
		}
		if size > maxValue {
			return facts.Unknowable()
		}
	}
	add(literal(t.Slice(start, len(s))))
	return out
}

// braced returns the value of what stands between the braces of a variable.
func (e *environment) braced(t source.Text, depth int) facts.Value {
	s := t.String
	n := nameLength(s)
	if n == 0 || strings.IndexByte(s, '\n') >= 0 {
		return facts.Unknowable()
	}
	v, set := e.lookup(s[:n])
	if set && !v.Known() {
		return facts.Unknowable()
	}
	op := n
	if op < len(s) && s[op] == ':' {
		op++
		set = set && v.String() != ""
	}
	switch {
	case n == len(s) && set:
		return v
	case op == len(s):
		return facts.Unknowable()
	}
	word := t.Slice(op+1, len(s))
	switch c := s[op]; {
	case (c == '-' || c == '?') && set:
		return v
	case c == '-', c == '+' && set:
		return e.expandNested(word, depth+1)
	case c == '+':
		return facts.Value{}
	}
	return facts.Unknowable()
}

// literal returns the value of text without variables.
func literal(t source.Text) facts.Value {
	v := facts.Of(t)
	if t.File == nil && len(v.Parts) == 1 {
		v.Parts[0].Source = source.Text{} // from a .env file
	}
	return v
}

// nameLength returns the length of the variable's name that s begins with.
func nameLength(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || n > 0 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	return n
}

// closing returns the offset of the brace that closes the first one, -1 if there
// is none. As in Compose a brace in a default counts, and the character behind an
// opening one is skipped.
func closing(s string) int {
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '}':
			open--
			if open == 0 {
				return i
			}
		case '{':
			open++
			i++
		}
	}
	return -1
}

// read adds the variables of a .env file. In one that Compose would refuse, all
// that stands behind the fault is unknown.
func (e *environment) read(data []byte) {
	if e.values == nil {
		e.values = map[string]facts.Value{}
	}
	if len(data) > maxEnvironment {
		e.unreadable = true
		return
	}
	rest := strings.TrimPrefix(string(data), "\uFEFF")
	for {
		rest = strings.TrimLeft(rest, " \t\r\n\v\f")
		if rest == "" {
			return
		}
		if rest[0] == '#' {
			_, rest, _ = strings.Cut(rest, "\n")
			continue
		}
		if after, ok := strings.CutPrefix(rest, "export"); ok && strings.TrimLeft(after, " \t") != after {
			rest = strings.TrimLeft(after, " \t")
		}
		end := strings.IndexAny(rest, "=:\n")
		if end < 0 || rest[end] == '\n' {
			// A name alone takes its value from the environment.
			name, after, _ := strings.Cut(rest, "\n")
			if !validName(name) {
				e.unreadable = true
				return
			}
			rest = after
			continue
		}
		name := strings.TrimRight(rest[:end], " \t\r\v\f")
		if !validName(name) {
			e.unreadable = true
			return
		}
		value, after, ok := e.statement(strings.TrimLeft(rest[end+1:], " \t\r\v\f"))
		if !ok {
			e.unreadable = true
			return
		}
		if name[0] < '0' || name[0] > '9' {
			e.values[name] = value
		}
		rest = after
	}
}

func validName(name string) bool {
	name = strings.TrimRight(name, " \t\r")
	for _, r := range name {
		if !(r == '_' || r == '.' || r == '-' || r == '[' || r == ']' || r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return name != ""
}

// statement reads the value at the start of s and returns what follows it.
func (e *environment) statement(s string) (v facts.Value, rest string, ok bool) {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		line, rest, _ := strings.Cut(s, "\n")
		line, _, _ = strings.Cut(line, " #")
		return e.expand(source.Text{String: strings.TrimRight(line, " \t\r\v\f")}), rest, true
	}
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote && quote == '"':
			return e.expand(source.Text{String: unescape(b.String())}), s[i+1:], true
		case s[i] == quote:
			return literal(source.Text{String: b.String()}), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == quote:
			b.WriteByte(quote)
			i++
		case s[i] == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		default:
			b.WriteByte(s[i])
		}
	}
	return facts.Value{}, "", false
}

// unescape replaces the escape sequences of double-quoted values. An escaped
// dollar sign becomes two, which stand for one.
var unescape = strings.NewReplacer(`\\`, `\`, `\$`, "$$", `\n`, "\n", `\r`, "\r", `\t`, "\t", `\a`, "\a", `\b`, "\b", `\f`, "\f", `\v`, "\v").Replace
