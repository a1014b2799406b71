package devcontainer

import (
	"bytes"
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// mask returns the file as JSON without comments and without commas behind the last
// item, all of which become blanks, so that nothing moves; and the comments.
func mask(f *source.File) ([]byte, []facts.Comment) {
	out := bytes.Clone(f.Data)
	var comments []facts.Comment
	comma := -1 // before which nothing but blanks has come since
	for at := 0; at < len(out); {
		switch c := out[at]; {
		case c == '"':
			comma = -1
			at = maskString(out, at)
			continue
		case c == '/' && at+1 < len(out) && (out[at+1] == '/' || out[at+1] == '*'):
			end, close := endOfLine(out, at), 0
			if out[at+1] == '*' {
				end, close = len(out), 0
				if i := bytes.Index(out[at+2:], []byte("*/")); i >= 0 {
					end, close = at+2+i+2, 2
				}
			}
			text := string(f.Data[at+2 : end-close])
			comments = append(comments, facts.Comment{Text: strings.TrimSpace(strings.TrimLeft(text, "/*# ")), Span: f.Span(at, end)})
			blank(out[at:end])
			at = end
			continue
		case c == ',':
			comma = at
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			comma = -1
		}
		at++
	}
	return out, comments
}

// maskString returns the end of a string. Of escapes that JSON has and YAML has not,
// halves of a character beyond 16 bits, the text does not matter here.
func maskString(out []byte, at int) int {
	for at++; at < len(out) && out[at] != '"' && out[at] != '\n'; at++ {
		if out[at] != '\\' || at+1 >= len(out) {
			continue
		}
		if at+5 < len(out) && out[at+1] == 'u' && (out[at+2] == 'd' || out[at+2] == 'D') && strings.IndexByte("89abcdefABCDEF", out[at+3]) >= 0 {
			copy(out[at:at+6], "______")
			at += 5
			continue
		}
		at++
	}
	return min(at+1, len(out))
}

func endOfLine(data []byte, at int) int {
	if i := bytes.IndexAny(data[at:], "\r\n"); i >= 0 {
		return at + i
	}
	return len(data)
}

// blank writes blanks over everything but the ends of lines.
func blank(data []byte) {
	for i, c := range data {
		if c != '\n' && c != '\r' {
			data[i] = ' '
		}
	}
}
