// Package report writes the outcome of a run, one file a format.
//
// Reports know findings and nothing of how they came about. What they write goes
// to terminals, logs, browsers and other programs, while much of it (paths, lines
// of code, messages that quote them) may come from a stranger's pull request:
// control characters, terminal escapes, invisible and direction-changing characters
// go through [Printable] or the escaping of the format.
package report

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// DefaultWidth is the width of what is no terminal, in cells. A line of code has at least
// minWidth of them.
const (
	DefaultWidth = 160
	minWidth     = 20
)

// Options say how a report looks.
type Options struct {
	Color   bool // with ANSI colours; text only
	Quiet   bool // without the summary; text only
	Width   int  // cells of a line with code; DefaultWidth when 0; text only
	Version string
	// Rel turns a path relative to the repository root into the one shown, which
	// is relative to the working directory; nil leaves paths as they are.
	Rel func(path string) string
	// Rules are those that were run, for the formats that describe them.
	Rules []*lint.Rule
}

func (o Options) rel(path string) string {
	if o.Rel == nil || path == "" {
		return path
	}
	return o.Rel(path)
}

// Format writes a report.
type Format func(w io.Writer, r *lint.Result, o Options) error

// Formats returns the formats by name.
func Formats() map[string]Format {
	return map[string]Format{
		"text":       Text,
		"json":       JSON,
		"sarif":      SARIF,
		"rdjson":     RDJSON,
		"rdjsonl":    RDJSONL,
		"checkstyle": Checkstyle,
		"gitlab":     GitLab,
		"junit":      JUnit,
		"markdown":   Markdown,
		"html":       HTML,
		"github": func(w io.Writer, r *lint.Result, o Options) error {
			return GitHub(w, r, o, os.Getenv)
		},
	}
}

// Printable makes text from a repository safe to show on one line: control
// characters, invisible characters, those that change the direction of writing,
// and invalid bytes are written as escapes (\x1b, \u202e). Tabs stay.
func Printable(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= ' ' && s[i] < 0x7f || s[i] == '\t'
	}
	if clean {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		text, size := printable(s)
		b.WriteString(text)
		s = s[size:]
	}
	return b.String()
}

// printable returns the first character of s as Printable shows it, and how many
// bytes it takes in s.
func printable(s string) (text string, size int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == '\t':
		return "\t", size
	case r == '\n':
		return `\n`, size
	case r == '\r':
		return `\r`, size
	case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && !seen(r):
		return fmt.Sprintf(`\x%02x`, s[0]), size
	case seen(r):
		return s[:size], size
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r), size
	default:
		return fmt.Sprintf(`\u%04x`, r), size
	}
}

// seen reports whether a character can be seen, or is at least a blank. Unicode counts
// some among letters and marks that cannot, in which text can be hidden; of these, only
// the two that choose how a sign or an Emoji looks are common.
func seen(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r < 0x7f
	}
	if unicode.Is(unicode.Variation_Selector, r) {
		return r == 0xfe0e || r == 0xfe0f
	}
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// place is where something is, as people count. The zero place is none.
type place struct {
	path               string // relative to the repository root
	line, column       int
	endLine, endColumn int // behind the last character
}

func placeOf(s source.Span) place {
	if s.IsZero() {
		return place{}
	}
	from, to := s.From(), s.To()
	return place{path: s.File.Path, line: from.Line, column: from.Column, endLine: to.Line, endColumn: to.Column}
}

// withHelp returns a finding's message and what to do about it, on one line.
func withHelp(f *lint.Finding) string {
	if f.Help == "" {
		return f.Message
	}
	return f.Message + ": " + f.Help
}

// edits returns what a finding's fix replaces, nothing if there is no fix or a part of
// it has no place.
func edits(f *lint.Finding) []lint.Edit {
	if f.Fix == nil {
		return nil
	}
	for _, edit := range f.Fix.Edits {
		if edit.Span.IsZero() {
			return nil
		}
	}
	return f.Fix.Edits
}

// ruleURL returns the address of a rule's page.
func ruleURL(rule string) string {
	return (&lint.Rule{Name: rule}).URL()
}

// plural returns "1 file", "2 files".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// counts returns "3 errors, 1 warning", "" for nothing.
func counts(errors, warnings, infos int) string {
	var parts []string
	for _, c := range []struct {
		n    int
		word string
	}{{errors, "error"}, {warnings, "warning"}, {infos, "info"}} {
		if c.n > 0 {
			parts = append(parts, plural(c.n, c.word))
		}
	}
	return strings.Join(parts, ", ")
}
