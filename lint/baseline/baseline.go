// Package baseline remembers the findings of an old code base, so that only new ones
// are reported.
//
// A baseline is a file of lines, one for each finding, in order:
//
//	api/Dockerfile arch-download linux/arm64 ADD https://example.com/tool-amd64 /
//
// They say the file, the rule, the platforms, and the code that the finding is on (see
// lint.Contents). There are no line numbers: a finding is known again as long as its own
// line is as it was. Findings that are alike have a line each, so that one more of them
// is new. A platform that a finding did not have before makes it new, too.
//
// The form is made for reading in a diff and for merging by lines.
package baseline

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/archlint/archlint/lint"
)

// MaxSize is the largest baseline that is read, in bytes.
const MaxSize = 16 << 20

// The first line of a file, and what else stands at its top.
const (
	signature = "# archlint baseline, version 1"
	preamble  = signature + `
# Findings that were there when this was written: file, rule, platforms, code.
# archlint --baseline does not report them; with --update it takes out those that
# are solved. There is nothing to edit here but lines to remove.
`
)

// none stands for the platforms of a finding that has none.
const none = "-"

// Entry is a finding that is known.
type Entry struct {
	Path      string   // relative to the repository root
	Rule      string   // the rule's name
	Platforms []string // ordered; nil for none
	Code      string   // that the finding is on, on one line
}

// key is what has to be the same for a finding to be known.
type key struct{ path, rule, code string }

func (e *Entry) key() key { return key{e.Path, e.Rule, e.Code} }

// compare orders entries as they stand in the file.
func (e Entry) compare(o Entry) int {
	for _, c := range []int{
		strings.Compare(e.Path, o.Path), strings.Compare(e.Rule, o.Rule), strings.Compare(e.Code, o.Code),
		slices.Compare(e.Platforms, o.Platforms),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// String returns the entry as it stands in the file.
func (e Entry) String() string {
	platforms := none
	if len(e.Platforms) > 0 {
		platforms = strings.Join(e.Platforms, ",")
	}
	return strings.TrimRight(strings.Join([]string{quote(e.Path), quote(e.Rule), quote(platforms), e.Code}, " "), " ")
}

// Of returns what a baseline says of findings, in its order.
func Of(findings []lint.Finding) []Entry {
	out := inOrder(findings)
	slices.SortFunc(out, Entry.compare)
	return out
}

// inOrder returns the entries of findings in the order of those.
func inOrder(findings []lint.Finding) []Entry {
	var contents lint.Contents
	out := make([]Entry, len(findings))
	for i := range findings {
		out[i] = of(&contents, &findings[i])
	}
	return out
}

func of(contents *lint.Contents, f *lint.Finding) Entry {
	e := Entry{Rule: f.Rule, Code: printable(contents.Of(f))}
	if !f.Span.IsZero() {
		e.Path = f.Span.File.Path
	}
	if len(f.Platforms) > 0 {
		e.Platforms = f.Platforms.Sorted().Strings()
	}
	return e
}

// Format writes a baseline.
func Format(entries []Entry) []byte {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, Entry.compare)
	out := []byte(preamble)
	for _, e := range entries {
		out = append(append(out, e.String()...), '\n')
	}
	return out
}

// Problem is a file that is no baseline.
type Problem struct {
	Path    string
	Line    int // from 1; 0 for the whole file
	Message string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.Path, p.Message)
	}
	return fmt.Sprintf("%s:%d: %s", p.Path, p.Line, p.Message)
}

// Parse reads a baseline. The path is the one shown in errors, which quote nothing of
// the file: it may not be what it is taken for.
func Parse(path string, data []byte) ([]Entry, error) {
	if len(data) > MaxSize {
		return nil, &Problem{Path: path, Message: fmt.Sprintf("a baseline is no larger than %d MiB", MaxSize>>20)}
	}
	number, signed := 0, false
	var out []Entry
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case !signed:
			if text != signature {
				return nil, &Problem{path, number, fmt.Sprintf("not a baseline: the first line is not %q", signature)}
			}
			signed = true
			continue
		case text == "" || text[0] == '#':
			continue
		case strings.HasPrefix(text, "<<<<<<< ") || text == "=======" || strings.HasPrefix(text, ">>>>>>> "):
			return nil, &Problem{path, number, "a merge that is not finished; keep the lines of both sides and run archlint with --update"}
		}
		e, ok := parse(text)
		if !ok {
			return nil, &Problem{path, number, "not an entry: they are file, rule, platforms, code, with a blank between"}
		}
		out = append(out, e)
	}
	if !signed {
		return nil, &Problem{Path: path, Message: fmt.Sprintf("not a baseline: the first line is not %q", signature)}
	}
	return out, nil
}

func parse(line string) (e Entry, ok bool) {
	var fields [3]string
	for i := range fields {
		if fields[i], line, ok = unquote(line); !ok {
			return e, false
		}
	}
	e = Entry{Path: fields[0], Rule: fields[1], Code: line}
	if fields[2] != none {
		e.Platforms = strings.Split(fields[2], ",")
	}
	return e, true
}

// quote makes one word of a text.
func quote(s string) string {
	if s == "" || strings.ContainsRune("#\"<=>", rune(s[0])) || strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r == unicode.ReplacementChar || !unicode.IsGraphic(r) }) {
		return strconv.QuoteToGraphic(s)
	}
	return s
}

// unquote takes the first word off a line.
func unquote(line string) (word, rest string, ok bool) {
	if strings.HasPrefix(line, `"`) {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return "", "", false
		}
		word, err = strconv.Unquote(quoted)
		rest = line[len(quoted):]
		if err != nil || rest != "" && rest[0] != ' ' {
			return "", "", false
		}
		return word, strings.TrimPrefix(rest, " "), true
	}
	word, rest, _ = strings.Cut(line, " ")
	return word, rest, word != ""
}

// printable writes what cannot be seen, or changes the direction of writing, as escapes:
// the code stands in a file that people review.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String()
}
