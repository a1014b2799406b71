package yamlnode

import (
	"bytes"
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// Comments returns the comments of a YAML file, in order. It reads the bytes of
// the file, not a tree, and so works for files that do not parse as well; in
// those it may take text for comments behind the place of the error.
func Comments(f *source.File) []facts.Comment {
	if bytes.IndexByte(f.Data, '#') < 0 {
		return nil
	}
	s := &scanner{data: f.Data, parent: -1}
	for s.at < len(s.data) {
		s.line()
	}
	out := make([]facts.Comment, 0, len(s.found))
	for _, at := range s.found {
		span := f.Span(at[0], at[1])
		out = append(out, facts.Comment{Text: strings.TrimSpace(strings.TrimLeft(span.Text(), "#")), Span: span})
	}
	return out
}

// scanner tells comments from text. It knows just enough of YAML for that: which
// characters open a quoted or a block scalar depends on what stands before them.
type scanner struct {
	data  []byte
	at    int
	found [][2]int // where comments begin and end

	parent int  // column of the innermost block collection, from 0; -1 for none
	flow   int  // depth of [ and {
	plain  bool // within a plain scalar, which may go on in the next line
}

// line scans a line, and the lines of the scalars that begin in it.
func (s *scanner) line() {
	if s.at == 0 && bytes.HasPrefix(s.data, []byte("\uFEFF")) {
		s.at = len("\uFEFF")
	}
	start := s.at
	s.blanks()
	if s.end() {
		s.newline() // an empty line ends nothing
		return
	}
	switch column := s.at - start; {
	case column == 0 && s.marker():
		s.parent, s.flow, s.plain = -1, 0, false
		s.at += len("---")
	case s.flow == 0 && column <= s.parent:
		s.plain = false
	}
	open := !s.plain // a token may begin here
	token := -1      // where the one that a ":" makes a key begins
	before := byte(' ')
	for !s.end() {
		c := s.data[s.at]
		if c == '#' && (!s.plain || blank(before)) {
			s.plain = false
			s.comment()
			break
		}
		if open && token < 0 && !blank(c) {
			token = s.at
		}
		before = c
		switch {
		case blank(c):
			s.at++
		case open && (c == '"' || c == '\''):
			s.quoted(c)
			open = false
		case open && s.flow == 0 && (c == '|' || c == '>'):
			s.block()
			return
		case open && (c == '!' || c == '&' || c == '*'):
			s.word()
			open = c != '*'
		case (open || s.flow > 0) && (c == '[' || c == '{'):
			s.flow++
			s.at++
			s.plain, open, token = false, true, -1
		case s.flow > 0 && (c == ']' || c == '}'):
			s.flow--
			s.at++
			s.plain, open = false, false
		case s.flow > 0 && c == ',':
			s.at++
			s.plain, open, token = false, true, -1
		case c == ':' && (s.indicator() || s.flow > 0 && !s.plain):
			if s.flow == 0 && token >= 0 {
				s.parent = token - start
			}
			s.at++
			s.plain, open, token = false, true, -1
		case open && s.flow == 0 && (c == '-' || c == '?') && s.indicator():
			s.parent = s.at - start
			s.at++
			token = -1
		default:
			s.at++
			s.plain, open = true, false
		}
	}
	s.newline()
}

// end reports whether the scanner is at the end of a line.
func (s *scanner) end() bool {
	return s.at >= len(s.data) || s.data[s.at] == '\n' || s.data[s.at] == '\r'
}

// newline moves behind a line break.
func (s *scanner) newline() {
	if s.at < len(s.data) && s.data[s.at] == '\r' {
		s.at++
	}
	if s.at < len(s.data) && s.data[s.at] == '\n' {
		s.at++
	}
}

func (s *scanner) blanks() {
	for s.at < len(s.data) && blank(s.data[s.at]) {
		s.at++
	}
}

// indicator reports whether the character here stands alone, as ":", "-" and
// "?" must to mean something.
func (s *scanner) indicator() bool {
	next := scanner{data: s.data, at: s.at + 1}
	return next.end() || blank(s.data[next.at])
}

// marker reports whether a document starts or ends here.
func (s *scanner) marker() bool {
	rest := s.data[s.at:]
	if !bytes.HasPrefix(rest, []byte("---")) && !bytes.HasPrefix(rest, []byte("...")) {
		return false
	}
	last := scanner{data: s.data, at: s.at + 2}
	return last.indicator()
}

// comment takes the rest of the line.
func (s *scanner) comment() {
	start := s.at
	for !s.end() {
		s.at++
	}
	s.found = append(s.found, [2]int{start, s.at})
}

// word moves behind a tag, an anchor or an alias.
func (s *scanner) word() {
	for !s.end() && !blank(s.data[s.at]) && (s.flow == 0 || !strings.ContainsRune(",[]{}", rune(s.data[s.at]))) {
		s.at++
	}
}

// quoted moves behind a quoted scalar.
func (s *scanner) quoted(quote byte) {
	for s.at++; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; {
		case c == '\\' && quote == '"':
			s.at++
		case c == quote && quote == '\'' && s.at+1 < len(s.data) && s.data[s.at+1] == quote:
			s.at++
		case c == quote:
			s.at++
			return
		}
	}
	s.at = len(s.data)
}

// block moves behind a block scalar, to the start of the line that ends it.
func (s *scanner) block() {
	indent := 0
	for s.at++; s.at < len(s.data); s.at++ {
		c := s.data[s.at]
		if c >= '1' && c <= '9' {
			indent = max(s.parent, 0) + int(c-'0')
		} else if c != '+' && c != '-' {
			break
		}
	}
	s.blanks()
	if s.at < len(s.data) && s.data[s.at] == '#' {
		s.comment()
	}
	for !s.end() {
		s.at++
	}
	s.newline()
	s.plain = false
	for widest := 0; s.at < len(s.data); {
		start := s.at
		for s.at < len(s.data) && s.data[s.at] == ' ' {
			s.at++
		}
		column := s.at - start
		widest = max(widest, column)
		if !s.end() {
			if indent == 0 {
				indent = max(widest, s.parent+1, 1)
			}
			if column < indent {
				s.at = start
				return
			}
		}
		for !s.end() {
			s.at++
		}
		s.newline()
	}
}

func blank(c byte) bool { return c == ' ' || c == '\t' }
