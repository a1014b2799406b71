package dockerfile

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/archlint/archlint/lint/source"
)

// The functions here cut the text of an instruction as BuildKit does, oddities
// included, but return ranges of it instead of new strings.

// span is a range of an instruction's text.
type span struct{ start, end int }

// form says whether arguments are a JSON array.
type form int

const (
	plain       form = iota // no array: words, or a line for the shell
	jsonStrings             // an array of strings
	jsonOther               // an array of other things, which is an error
)

// head is the beginning of an instruction and what it leaves to its arguments.
type head struct {
	name       string // lower case
	at         int    // offset of the name
	flags      []source.Text
	start, end int // the arguments, trimmed
	json       form
}

// head reads the instruction in [start, end): a whole one, or that of an ONBUILD.
func (in *instruction) head(start, end int, escape byte) head {
	h := head{}
	h.at, end = in.trim(start, end)
	i := h.at
	for i < end && !isBlank(in.text[i]) {
		i++
	}
	h.name = strings.ToLower(in.text[h.at:i])
	for i < end && isBlank(in.text[i]) {
		i++
	}
	h.flags, i = in.flags(i, end, escape)
	h.start, h.end = in.trim(i, end)
	if h.start < h.end && in.text[h.start] == '[' {
		h.json = formOf(in.text[h.start:h.end])
	}
	return h
}

// trim returns the range without the white space at its ends.
func (in *instruction) trim(start, end int) (int, int) {
	s := in.text[start:end]
	start += len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
	return start, start + len(strings.TrimSpace(s))
}

// isBlank reports whether c parts words where quotes mean nothing.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' }

// fields cuts the arguments at blanks.
func (in *instruction) fields(start, end int) []span {
	var out []span
	for i := start; i < end; {
		for i < end && isBlank(in.text[i]) {
			i++
		}
		from := i
		for i < end && !isBlank(in.text[i]) {
			i++
		}
		if from < i {
			out = append(out, span{from, i})
		}
	}
	return out
}

// words cuts the arguments at white space outside of quotes. Quotes and escapes
// stay part of the words.
func (in *instruction) words(start, end int, escape byte) []span {
	var out []span
	text := in.text[:end]
	for i := start; i < end; {
		c, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(c) {
			i += size
			continue
		}
		from, to := i, i // the word; a last, lone escape character is not part of it
		quote := byte(0)
		for i < end {
			c, size := utf8.DecodeRuneInString(text[i:])
			if quote == 0 && unicode.IsSpace(c) {
				break
			}
			if text[i] == escape && quote != '\'' {
				if i+1 == end {
					i = end
					break
				}
				i++
				_, size = utf8.DecodeRuneInString(text[i:])
			} else if quote == 0 && (text[i] == '\'' || text[i] == '"') {
				quote = text[i]
			} else if quote != 0 && text[i] == quote {
				quote = 0
			}
			i += size
			to = i
		}
		if from < to {
			out = append(out, span{from, to})
		}
	}
	return out
}

// flags reads the flags ("--name=value") at i and returns them without their
// quotes and escapes, and where the arguments begin.
func (in *instruction) flags(i, end int, escape byte) ([]source.Text, int) {
	var out []source.Text
	space := func(i int) bool { return unicode.IsSpace(rune(in.text[i])) }
	for {
		for i < end && space(i) {
			i++
		}
		if !strings.HasPrefix(in.text[i:end], "--") {
			return out, i
		}
		b := source.NewBuilder(in.file)
		quote := byte(0)
		empty := true
		for ; i < end && (quote != 0 || !space(i)); i++ {
			switch c := in.text[i]; {
			case quote != 0 && c == quote:
				quote = 0
				continue
			case quote == 0 && (c == '\'' || c == '"'):
				quote, empty = c, false
				continue
			case c == escape:
				if i+1 == end {
					continue
				}
				i++
			}
			at := in.offset(i)
			b.Keep(at, at+1)
		}
		word := b.Text()
		if word.String == "--" && (i < end || empty) {
			return out, i
		}
		out = append(out, word)
	}
}

// formOf returns what a text that begins with "[" is to BuildKit.
func formOf(s string) form {
	var list []json.RawMessage
	if json.Unmarshal([]byte(s), &list) != nil {
		return plain
	}
	for _, item := range list {
		if !bytes.HasPrefix(bytes.TrimLeft(item, " \t\r\n"), []byte{'"'}) {
			return jsonOther
		}
	}
	return jsonStrings
}

// strings returns the strings of the JSON array in [start, end), unescaped.
func (in *instruction) strings(start, end int) []source.Text {
	var out []source.Text
	for i := start; i < end; i++ {
		if in.text[i] != '"' {
			continue
		}
		i++
		from := i
		var b *source.Builder // nil as long as the string has no escapes
		for i < end && in.text[i] != '"' {
			if in.text[i] != '\\' {
				i++
				continue
			}
			if b == nil {
				b = source.NewBuilder(in.file)
			}
			in.keep(b, from, i)
			n := escapeLength(in.text[i:end])
			var decoded string
			if json.Unmarshal([]byte(`"`+in.text[i:i+n]+`"`), &decoded) == nil {
				place := in.span(i, i+n)
				b.Replace(decoded, place.Start, place.End)
			}
			i += n
			from = i
		}
		switch {
		case b == nil:
			out = append(out, in.slice(from, i))
		default:
			in.keep(b, from, i)
			out = append(out, b.Text())
		}
	}
	return out
}

// escapeLength returns the length of the JSON escape sequence at the start of s.
// The two halves of a surrogate pair are one sequence.
func escapeLength(s string) int {
	if len(s) < 2 || s[1] != 'u' {
		return min(2, len(s))
	}
	const half = len(`\uXXXX`)
	if len(s) >= 2*half && strings.ContainsRune("dD", rune(s[2])) && strings.ContainsRune("89abAB", rune(s[3])) &&
		s[half] == '\\' && s[half+1] == 'u' && strings.ContainsRune("dD", rune(s[half+2])) && strings.ContainsRune("cdefCDEF", rune(s[half+3])) {
		return 2 * half
	}
	return min(half, len(s))
}
