package facts

import (
	"strings"

	"github.com/archlint/archlint/lint/source"
)

// Value is a text of which every part knows where it comes from: the result of
// expanding variables.
type Value struct {
	Parts []Part
}

// Part is a run of a Value with one origin.
type Part struct {
	Text   string
	Origin Origin
	// Source is the text in a file that a Literal was taken from; Source.String
	// equals Text. Zero for parts without a place of their own.
	Source source.Text
	// Name is the variable that a part which is not known was read from, and
	// NameAt the place of the name; "" and zero when there is none.
	Name   string
	NameAt source.Span
}

// Hole stands in a value's text for a part that is not known.
const Hole = "\x00"

// Origin says where a part of a value comes from.
type Origin int

// The origins of parts.
const (
	Literal Origin = iota // stands in a file
	Machine               // computed from the platform: TARGETARCH, uname -m
	Opaque                // not known; Text is Hole
	Builder               // depends on the machine that builds; Text is Hole
)

// String returns the value's text, with a [Hole] for each unknown part.
func (v Value) String() string {
	if len(v.Parts) == 1 {
		return v.Parts[0].Text
	}
	var b strings.Builder
	for _, p := range v.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// Known reports whether the whole value is known.
func (v Value) Known() bool {
	for _, p := range v.Parts {
		if p.Origin == Opaque || p.Origin == Builder {
			return false
		}
	}
	return true
}

// Unknown reports whether nothing of the value is known.
func (v Value) Unknown() bool {
	for _, p := range v.Parts {
		if p.Origin != Opaque && p.Origin != Builder {
			return false
		}
	}
	return len(v.Parts) > 0
}

// Display returns the value's text for people: "…" stands for unknown parts.
func (v Value) Display() string { return strings.ReplaceAll(v.String(), Hole, "…") }

// Empty reports whether the value is known to be empty.
func (v Value) Empty() bool { return v.Known() && v.String() == "" }

// Add appends the parts of o.
func (v Value) Add(o Value) Value {
	return Value{Parts: append(v.Parts[:len(v.Parts):len(v.Parts)], o.Parts...)}
}

// Span returns the place of the bytes [start, end) of the value's text, if all
// of them are literals that stand together in one file; else the place of the
// first literal part among them, else the zero Span.
func (v Value) Span(start, end int) source.Span {
	var out source.Span
	at := 0
	for _, p := range v.Parts {
		from, to := max(start, at), min(end, at+len(p.Text))
		if from < to && p.Origin == Literal && p.Source.File != nil {
			span := p.Source.Span(from-at, to-at)
			switch {
			case out.IsZero():
				out = span
			case out.File == span.File && span.Start >= out.Start:
				out.End = max(out.End, span.End)
			}
		}
		at += len(p.Text)
	}
	return out
}

// Origins reports which origins the bytes [start, end) of the text have.
func (v Value) Origins(start, end int) (literal, machine bool) {
	at := 0
	for _, p := range v.Parts {
		if max(start, at) < min(end, at+len(p.Text)) {
			literal = literal || p.Origin == Literal
			machine = machine || p.Origin == Machine
		}
		at += len(p.Text)
	}
	return literal, machine
}

// Slice returns the bytes [start, end) of the value's text.
func (v Value) Slice(start, end int) Value {
	var out Value
	at := 0
	for _, p := range v.Parts {
		from, to := max(start, at), min(end, at+len(p.Text))
		if from < to {
			q := Part{Text: p.Text[from-at : to-at], Origin: p.Origin}
			if p.Source.File != nil {
				q.Source = p.Source.Slice(from-at, to-at)
			}
			out.Parts = append(out.Parts, q)
		}
		at += len(p.Text)
	}
	return out
}

// Of returns the value that is a text as it stands in a file.
func Of(t source.Text) Value {
	if t.String == "" {
		return Value{}
	}
	return Value{Parts: []Part{{Text: t.String, Source: t}}}
}

// Text returns a known value that stands in no file.
func Text(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{Parts: []Part{{Text: s}}}
}

// FromMachine returns a known value that was computed from the platform.
func FromMachine(s string) Value {
	return Value{Parts: []Part{{Text: s, Origin: Machine}}}
}

// Unknowable returns a value of which nothing is known.
func Unknowable() Value { return Value{Parts: []Part{{Text: Hole, Origin: Opaque}}} }

// FromBuilder returns a value that depends on the machine that builds.
func FromBuilder() Value { return Value{Parts: []Part{{Text: Hole, Origin: Builder}}} }
