package workflow

import (
	"strconv"
	"strings"

	"github.com/archlint/archlint/lint/facts"
)

// maxAlternatives bounds how many values an expression may have before it counts
// as unknown.
const maxAlternatives = 16

// kind is the type of a value of an expression.
type kind int

const (
	unknown kind = iota // nothing is known
	falsy               // not known, but false when it is tested
	null
	boolean
	number
	text
	list
	object
)

// val is one possible value of an expression.
type val struct {
	kind   kind
	text   facts.Value    // of scalars, as it is written into a template
	items  []val          // of a list
	fields map[string]val // of an object, by lower case name
}

func unknownVal() val           { return val{kind: unknown} }
func textVal(v facts.Value) val { return val{kind: text, text: v} }
func stringVal(s string) val    { return val{kind: text, text: facts.Text(s)} }
func boolVal(b bool) val        { return val{kind: boolean, text: facts.Text(strconv.FormatBool(b))} }

func (v val) scalar() bool     { return v.kind >= null && v.kind <= text }
func (v val) equal(o val) bool { return v.key() == o.key() }

// certain returns the value if there is only one and something is known of it.
func certain(values []val) (val, bool) {
	if len(values) != 1 || values[0].kind <= falsy {
		return val{}, false
	}
	return values[0], true
}

// template returns what is written for the value where it stands in a text.
func (v val) template() facts.Value {
	switch v.kind {
	case null:
		return facts.Value{}
	case boolean, number, text:
		return v.text
	}
	return facts.Unknowable()
}

// truth returns whether the value counts as true.
func (v val) truth() facts.Known {
	switch v.kind {
	case null, falsy:
		return facts.No
	case boolean:
		return known(v.text.String() == "true")
	case number:
		return known(strings.Trim(v.text.String(), "0.-+") != "")
	case text:
		switch {
		case v.text.Unknown():
			return facts.Unknown
		case v.text.String() == "":
			return facts.No
		}
		return facts.Yes
	case list, object:
		return facts.Yes
	}
	return facts.Unknown
}

func known(b bool) facts.Known {
	if b {
		return facts.Yes
	}
	return facts.No
}

// key tells values apart.
func (v val) key() string {
	var b strings.Builder
	v.writeKey(&b)
	return b.String()
}

func (v val) writeKey(b *strings.Builder) {
	b.WriteByte(byte('a' + v.kind))
	b.WriteString(v.text.String())
	for _, item := range v.items {
		b.WriteByte(1)
		item.writeKey(b)
	}
	for _, name := range sortedKeys(v.fields) {
		b.WriteByte(2)
		b.WriteString(name)
		b.WriteByte(3)
		field := v.fields[name]
		field.writeKey(b)
	}
}

// distinct drops values that were there before.
func distinct(values []val) []val {
	if len(values) < 2 {
		return values
	}
	seen := make(map[string]bool, len(values))
	out := values[:0:0]
	for _, v := range values {
		if key := v.key(); !seen[key] {
			seen[key] = true
			out = append(out, v)
		}
	}
	if len(out) > maxAlternatives {
		return []val{unknownVal()}
	}
	return out
}

// distinctTexts drops texts that were there before.
func distinctTexts(values []facts.Value) []facts.Value {
	seen := make(map[string]bool, len(values))
	out := values[:0:0]
	for _, v := range values {
		if key := v.String(); !seen[key] {
			seen[key] = true
			out = append(out, v)
		}
	}
	return out
}

// split cuts a value at any of the bytes in separators and trims blanks; pieces
// that are empty are left out. What an unknown part may be cut into is not seen.
func split(v facts.Value, separators string) []facts.Value {
	s := v.String()
	var out []facts.Value
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && strings.IndexByte(separators, s[i]) < 0 {
			continue
		}
		if piece := trim(v.Slice(start, i)); len(piece.Parts) > 0 {
			out = append(out, piece)
		}
		start = i + 1
	}
	return out
}

// trim drops the blanks around a value.
func trim(v facts.Value) facts.Value {
	s := v.String()
	start, end := 0, len(s)
	for start < end && blank(s[start]) {
		start++
	}
	for end > start && blank(s[end-1]) {
		end--
	}
	if start == 0 && end == len(s) {
		return v
	}
	return v.Slice(start, end)
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// cut cuts a value at the first separator.
func cut(v facts.Value, separator byte) (before, after facts.Value, found bool) {
	s := v.String()
	i := strings.IndexByte(s, separator)
	if i < 0 {
		return v, facts.Value{}, false
	}
	return v.Slice(0, i), v.Slice(i+1, len(s)), true
}
