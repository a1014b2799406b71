package report

import (
	"bytes"
	"io"
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/secret"
	"github.com/archlint/archlint/lint/source"
)

// maxSuggestion is the most lines that a suggestion replaces: it holds also what stays
// between the edits, and a review shows all of it.
const maxSuggestion = 30

type rdResult struct {
	Source      rdSource       `json:"source"`
	Diagnostics []rdDiagnostic `json:"diagnostics"`
}

type rdSource struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type rdDiagnostic struct {
	Message     string         `json:"message"`
	Location    *rdLocation    `json:"location,omitempty"`
	Severity    string         `json:"severity"`
	Source      *rdSource      `json:"source,omitempty"` // where there is no result around it
	Code        *rdCode        `json:"code,omitempty"`
	Suggestions []rdSuggestion `json:"suggestions,omitempty"`
	Related     []rdRelated    `json:"related_locations,omitempty"`
}

type rdCode struct {
	Value string `json:"value"`
	URL   string `json:"url"`
}

type rdLocation struct {
	Path  string   `json:"path"`
	Range *rdRange `json:"range,omitempty"`
}

type rdRange struct {
	Start rdPosition  `json:"start"`
	End   *rdPosition `json:"end,omitempty"`
}

// rdPosition counts columns in bytes.
type rdPosition struct {
	Line   int `json:"line"`
	Column int `json:"column,omitempty"`
}

type rdSuggestion struct {
	Range rdRange `json:"range"`
	Text  string  `json:"text"`
}

type rdRelated struct {
	Message  string     `json:"message"`
	Location rdLocation `json:"location"`
}

var rdArchlint = rdSource{Name: "archlint", URL: homepage}

// RDJSON writes the report in the Reviewdog Diagnostic Format, one document.
func RDJSON(w io.Writer, r *lint.Result, o Options) error {
	return writeJSON(w, rdResult{Source: rdArchlint, Diagnostics: rdDiagnostics(r, o)}, "  ")
}

// RDJSONL writes the report in the Reviewdog Diagnostic Format, one document a line.
func RDJSONL(w io.Writer, r *lint.Result, o Options) error {
	var b bytes.Buffer
	for _, d := range rdDiagnostics(r, o) {
		d.Source = &rdArchlint
		if err := writeJSON(&b, d, ""); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func rdDiagnostics(r *lint.Result, o Options) []rdDiagnostic {
	out := make([]rdDiagnostic, 0, len(r.Findings)+len(r.Problems))
	for i := range r.Findings {
		f := &r.Findings[i]
		d := rdDiagnostic{
			Message: rdText(withHelp(f)), Severity: strings.ToUpper(f.Severity.String()),
			Code: &rdCode{Value: f.Rule, URL: ruleURL(f.Rule)}, Suggestions: rdSuggestions(f),
		}
		if !f.Span.IsZero() {
			d.Location = rdLocationOf(f.Span, o)
		}
		for _, related := range f.Related {
			if !related.Span.IsZero() {
				d.Related = append(d.Related, rdRelated{Message: rdText(related.Message), Location: *rdLocationOf(related.Span, o)})
			}
		}
		out = append(out, d)
	}
	for _, p := range r.Problems {
		d := rdDiagnostic{Message: rdText(p.Message), Severity: "WARNING", Location: &rdLocation{Path: o.rel(p.Path)}}
		if p.Line > 0 { // the column is not in bytes
			d.Location.Range = &rdRange{Start: rdPosition{Line: p.Line}}
		}
		out = append(out, d)
	}
	return out
}

// rdSuggestions returns the fix of a finding as the one suggestion that it is: reviews
// offer each suggestion on its own, so edits that go together are made one, with
// what stands between them. There is none for a fix that changes another file, too.
func rdSuggestions(f *lint.Finding) []rdSuggestion {
	list := edits(f)
	if len(list) == 0 {
		return nil
	}
	file := f.Span.File
	var plan fix.Plan
	var change []fix.Edit
	first, last := list[0].Span.Start, list[0].Span.End
	for _, e := range list {
		if e.Span.File != file {
			return nil
		}
		first, last = min(first, e.Span.Start), max(last, e.Span.End)
	}
	for _, e := range list {
		change = append(change, fix.Edit{Path: file.Path, Start: e.Span.Start - first, End: e.Span.End - first, Text: fix.LineEnds(e.Text, file.Data)})
	}
	if file.LineAt(last)-file.LineAt(first) >= maxSuggestion || !plan.Add(change) {
		return nil
	}
	text := plan.Apply(file.Path, file.Data[first:last])
	if len(secret.Find(string(text))) > 0 {
		return nil // a review shows it to others
	}
	return []rdSuggestion{{Range: rdRangeOf(file.Span(first, last)), Text: string(text)}}
}

func rdLocationOf(s source.Span, o Options) *rdLocation {
	at := rdRangeOf(s)
	return &rdLocation{Path: o.rel(s.File.Path), Range: &at}
}

func rdRangeOf(s source.Span) rdRange {
	end := rdPositionOf(s.File, s.End)
	return rdRange{Start: rdPositionOf(s.File, s.Start), End: &end}
}

func rdPositionOf(f *source.File, offset int) rdPosition {
	line := max(1, f.LineAt(offset))
	start, _ := f.LineRange(line)
	return rdPosition{Line: line, Column: offset - start + 1}
}

var htmlStart = regexp.MustCompile(`<([A-Za-z/!?])`)

// rdText returns a message for a place that is not known: reviewdog prints it, or posts
// it as Markdown, where text from a repository must not become HTML, a link or a call for
// somebody. A blank takes the effect off and leaves the rest readable in both.
func rdText(s string) string {
	s = strings.ReplaceAll(Printable(s), "](", "] (")
	return apart(calls, htmlStart.ReplaceAllString(s, "< $1"), " ")
}
