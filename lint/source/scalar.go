package source

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Scalar returns the text of the YAML scalar that begins at a line and column
// and has the given value, as a YAML parser reports them: the place is that of
// the first character of a plain scalar, of the opening quote, of the indicator
// of a block scalar, or of the tag or anchor in front of these.
//
// YAML parsers hand out the value only. Scalar reads the bytes of the file again
// to learn where each byte of the value stands: behind the indentation of a
// block scalar, within a line of a folded one, behind an escape. The value
// decides: the String of the result always equals it. Where the bytes do not
// lead to it (the place is wrong, or the parser is of another mind), value and
// file are compared byte by byte as far as only white space differs, and if that
// fails too, all of the text stands for the single place given.
func Scalar(f *File, line, column int, value string) Text {
	start := f.Offset(line, column)
	if line == 1 && bytes.HasPrefix(f.Data, byteOrderMark) {
		start = f.Offset(line, column+1) // YAML parsers do not count the mark
	}
	return ScalarAt(f, start, value)
}

// ScalarAt is Scalar for a scalar that begins at an offset.
func ScalarAt(f *File, start int, value string) Text {
	start = max(0, min(start, len(f.Data)))
	s := scalar{data: f.Data, at: start}
	s.properties()
	if value == "" {
		at := s.at
		if c := s.peek(); c == '"' || c == '\'' {
			at++
		}
		return Verbatim(f.Span(at, at))
	}
	if at, ok := s.simple(value); ok {
		return Verbatim(f.Span(at, at+len(value)))
	}
	for _, read := range s.readers(value) {
		b := NewBuilder(f)
		if read(b, value) && string(b.text) == value {
			return b.Text()
		}
	}
	end := start
	if end < len(f.Data) {
		_, size := utf8.DecodeRune(f.Data[end:])
		end += size
	}
	b := NewBuilder(f)
	b.Replace(value, start, end)
	return b.Text()
}

var byteOrderMark = []byte("\uFEFF")

// scalar reads one scalar from the bytes of a file.
type scalar struct {
	data []byte
	at   int // where the scalar begins, behind tag and anchor
}

// reader rebuilds the value from the file. It reports false when it cannot; what
// it has built is compared with the value by the caller.
type reader func(b *Builder, value string) bool

// readers returns the ways to read the scalar, the most likely one first.
func (s *scalar) readers(value string) []reader {
	var readers []reader
	switch s.peek() {
	case '"':
		readers = append(readers, s.quoted)
	case '\'':
		readers = append(readers, s.quoted)
	case '|', '>':
		if h, ok := s.header(); ok {
			for _, indent := range h.indents(s.data, value) {
				readers = append(readers, func(b *Builder, value string) bool { return s.block(b, h, indent, len(value)) })
			}
		}
	default:
		readers = append(readers, s.plain)
	}
	return append(readers, s.align)
}

// simple returns where the value of a plain or quoted scalar stands, if it does so as it
// is, in one line and without escapes. Nothing has to be built then.
func (s *scalar) simple(value string) (at int, ok bool) {
	at = s.at
	quote := s.peek()
	switch quote {
	case '|', '>':
		return 0, false
	case '"', '\'':
		at++
		if byteAt(s.data, at+len(value)) != quote || strings.ContainsAny(value, `"'\`) {
			return 0, false
		}
	}
	if at+len(value) > len(s.data) || string(s.data[at:at+len(value)]) != value {
		return 0, false
	}
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return 0, false
		}
	}
	return at, true
}

func (s *scalar) peek() byte { return byteAt(s.data, s.at) }

// properties moves behind the tag and the anchor in front of a scalar, and the
// white space, line breaks and comments that follow them.
func (s *scalar) properties() {
	for s.peek() == '!' || s.peek() == '&' {
		i := s.at
		for i < len(s.data) && !blank(s.data[i]) && lineBreak(s.data, i) == 0 {
			i++
		}
		for i < len(s.data) {
			switch n := lineBreak(s.data, i); {
			case n > 0:
				i += n
				continue
			case blank(s.data[i]):
				i++
				continue
			case s.data[i] == '#':
				for i < len(s.data) && lineBreak(s.data, i) == 0 {
					i++
				}
				continue
			}
			break
		}
		s.at = i
	}
}

// plain reads a plain scalar. Where it ends depends on the context; the value
// tells.
func (s *scalar) plain(b *Builder, value string) bool {
	for i := s.at; b.Len() < len(value); {
		if i >= len(s.data) {
			return false
		}
		if blank(s.data[i]) || lineBreak(s.data, i) > 0 {
			i = s.space(b, i, false)
			continue
		}
		if s.data[i] != value[b.Len()] {
			return false
		}
		b.Keep(i, i+1)
		i++
	}
	return true
}

// space appends what a run of white space in a plain or quoted scalar stands for
// and returns its end. Blanks within a line are kept, those around line breaks
// are dropped; one line break is folded into a space, of several all but the
// first are kept. After an escaped line break there is nothing left to fold.
func (s *scalar) space(b *Builder, start int, escaped bool) int {
	var first, rest string
	i, breaks := start, 0
	for i < len(s.data) {
		n := lineBreak(s.data, i)
		switch {
		case n == 0 && !blank(s.data[i]):
			n = -1
		case n == 0:
			n = 1
		default:
			text := breakText(s.data[i : i+n])
			if breaks == 0 && !escaped {
				first = text
			} else {
				rest += text
			}
			breaks++
		}
		if n < 0 {
			break
		}
		i += n
	}
	switch {
	case breaks == 0 && !escaped:
		b.Keep(start, i)
	case first == "\n" && rest == "":
		b.Replace(" ", start, i)
	case first == "\n":
		b.Replace(rest, start, i)
	default:
		b.Replace(first+rest, start, i)
	}
	return i
}

// quoted reads a scalar in single or double quotes.
func (s *scalar) quoted(b *Builder, value string) bool {
	quote := s.data[s.at]
	for i := s.at + 1; i < len(s.data) && b.Len() <= len(value); {
		c := s.data[i]
		switch {
		case blank(c) || lineBreak(s.data, i) > 0:
			i = s.space(b, i, false)
		case c == quote && quote == '\'' && byteAt(s.data, i+1) == '\'':
			b.Replace("'", i, i+2)
			i += 2
		case c == quote:
			return true
		case c == '\\' && quote == '"' && lineBreak(s.data, i+1) > 0:
			n := lineBreak(s.data, i+1)
			i = s.space(b, i+1+n, true)
		case c == '\\' && quote == '"':
			text, n := escape(s.data[i:])
			if n == 0 {
				return false
			}
			b.Replace(text, i, i+n)
			i += n
		default:
			b.Keep(i, i+1)
			i++
		}
	}
	return false
}

// escapes are the escape sequences of one letter in double-quoted scalars.
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': `"`, '/': "/", '\'': "'", '\\': `\`, 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape returns what the escape sequence at the start of data stands for and
// its length, 0 if it is none.
func escape(data []byte) (string, int) {
	c := byteAt(data, 1)
	if text, ok := escapes[c]; ok && len(data) > 1 {
		return text, 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 || len(data) < 2+digits {
		return "", 0
	}
	code, err := strconv.ParseUint(string(data[2:2+digits]), 16, 32)
	if err != nil || !utf8.ValidRune(rune(code)) {
		return "", 0
	}
	return string(rune(code)), 2 + digits
}

// header is the first line of a block scalar.
type header struct {
	folded bool
	keep   bool // "+": all trailing line breaks belong to the value
	strip  bool // "-": none does
	fixed  bool // the indentation is given by a digit
	body   int  // offset of the line after it
}

// header reads the indicators of a block scalar.
func (s *scalar) header() (header, bool) {
	h := header{folded: s.peek() == '>'}
	i := s.at + 1
	for ; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '+' && !h.strip:
			h.keep = true
			continue
		case c == '-' && !h.keep:
			h.strip = true
			continue
		case c >= '1' && c <= '9' && !h.fixed:
			h.fixed = true
			continue
		}
		break
	}
	for i < len(s.data) && blank(s.data[i]) {
		i++
	}
	if byteAt(s.data, i) == '#' {
		for i < len(s.data) && lineBreak(s.data, i) == 0 {
			i++
		}
	}
	n := lineBreak(s.data, i)
	h.body = i + n
	return h, n > 0
}

// indents returns the indentations that the body can have, in columns. It is
// that of the first line that is not empty; a given one counts from that of the
// parent, which is not known here, but follows from the blanks that the value
// begins with.
func (h header) indents(data []byte, value string) []int {
	first, widest := 0, 0
	for i := h.body; i < len(data); {
		first = 0
		for byteAt(data, i) == ' ' {
			first++
			i++
		}
		widest = max(widest, first)
		n := lineBreak(data, i)
		if n == 0 {
			break
		}
		i += n
	}
	if !h.fixed {
		return []int{max(widest, 1)}
	}
	text := strings.TrimLeft(value, "\n")
	blanks := len(text) - len(strings.TrimLeft(text, " "))
	out := []int{max(first-blanks, 1)}
	for indent := first; indent > 0 && indent > first-9; indent-- {
		out = append(out, indent)
	}
	return out
}

// block reads the body of a block scalar. It gives up when the text gets longer
// than limit.
func (s *scalar) block(b *Builder, h header, indent, limit int) bool {
	var ends []lineEnd // the line breaks since the last line with text
	indented := false  // the last line with text began with a blank
	for i := h.body; i < len(s.data) && b.Len() <= limit; {
		column := 0
		for column < indent && byteAt(s.data, i) == ' ' {
			column++
			i++
		}
		if n := lineBreak(s.data, i); n > 0 {
			ends = append(ends, lineEnd{start: i, end: i + n})
			i += n
			continue
		}
		if column < indent || i >= len(s.data) {
			break
		}
		more := blank(s.data[i])
		switch {
		case b.Len() > 0 && h.folded && !indented && !more && ends[0].text(s.data) == "\n":
			if len(ends) == 1 {
				b.Replace(" ", ends[0].start, i)
			} else {
				s.breaks(b, ends[1:])
			}
		default:
			s.breaks(b, ends)
		}
		ends, indented = ends[:0], more
		start := i
		for i < len(s.data) && lineBreak(s.data, i) == 0 {
			i++
		}
		b.Keep(start, i)
		if n := lineBreak(s.data, i); n > 0 {
			ends = append(ends, lineEnd{start: i, end: i + n})
			i += n
		}
	}
	switch {
	case h.keep:
		s.breaks(b, ends)
	case !h.strip && len(ends) > 0 && b.Len() > 0:
		s.breaks(b, ends[:1])
	}
	return true
}

// lineEnd is the place of a line break.
type lineEnd struct{ start, end int }

func (e lineEnd) text(data []byte) string { return breakText(data[e.start:e.end]) }

func (s *scalar) breaks(b *Builder, ends []lineEnd) {
	for _, e := range ends {
		if e.end == e.start+1 && s.data[e.start] == '\n' {
			b.Keep(e.start, e.end)
		} else {
			b.Replace(e.text(s.data), e.start, e.end)
		}
	}
}

// align compares value and file from the start of the scalar, skipping white
// space in the file that the value does not have and letting one stand for the
// other.
func (s *scalar) align(b *Builder, value string) bool {
	i := s.at
	switch s.peek() {
	case '|', '>':
		h, ok := s.header()
		if !ok {
			return false
		}
		i = h.body
	case '"', '\'':
		i++
	}
	for n := 0; n < len(value); {
		start := i
		for i < len(s.data) && s.data[i] != value[n] && white(s.data[i]) {
			i++
		}
		switch {
		case i < len(s.data) && s.data[i] == value[n]:
			b.Keep(i, i+1)
			i++
		case white(value[n]):
			b.Replace(value[n:n+1], start, max(start, i))
		default:
			return false
		}
		n++
	}
	return true
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

func white(c byte) bool { return blank(c) || c == '\n' || c == '\r' }

// byteAt returns the byte at an offset, 0 behind the end.
func byteAt(data []byte, i int) byte {
	if i < len(data) {
		return data[i]
	}
	return 0
}

// lineBreak returns the length of the line break at an offset, 0 if there is
// none. YAML parsers break lines also where [File] does not: at a carriage
// return alone, and at the next line, line and paragraph separators.
func lineBreak(data []byte, i int) int {
	switch byteAt(data, i) {
	case '\n':
		return 1
	case '\r':
		if byteAt(data, i+1) == '\n' {
			return 2
		}
		return 1
	case 0xc2:
		if byteAt(data, i+1) == 0x85 {
			return 2
		}
	case 0xe2:
		if byteAt(data, i+1) == 0x80 && byteAt(data, i+2)&^1 == 0xa8 {
			return 3
		}
	}
	return 0
}

// breakText returns what a line break is in a value: separators stay, all else
// is a newline.
func breakText(b []byte) string {
	if len(b) == 3 {
		return string(b)
	}
	return "\n"
}
