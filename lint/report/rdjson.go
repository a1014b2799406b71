package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// The parts of reviewdog's diagnostic format that are written
// (github.com/reviewdog/reviewdog, proto/rdf/reviewdog.proto).
type (
	rdResult struct {
		Source      rdSource       `json:"source"`
		Severity    string         `json:"severity,omitempty"`
		Diagnostics []rdDiagnostic `json:"diagnostics"`
	}
	rdSource struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	rdDiagnostic struct {
		Message     string         `json:"message"`
		Location    rdLocation     `json:"location"`
		Severity    string         `json:"severity"`
		Source      *rdSource      `json:"source,omitempty"`
		Code        *rdCode        `json:"code,omitempty"`
		Suggestions []rdSuggestion `json:"suggestions,omitempty"`
		Related     []rdRelated    `json:"relatedLocations,omitempty"`
	}
	rdCode struct {
		Value string `json:"value"`
		URL   string `json:"url"`
	}
	rdLocation struct {
		Path  string   `json:"path"`
		Range *rdRange `json:"range,omitempty"`
	}
	rdRange struct {
		Start rdPosition  `json:"start"`
		End   *rdPosition `json:"end,omitempty"`
	}
	rdPosition struct {
		Line   int `json:"line"`
		Column int `json:"column,omitempty"`
	}
	rdSuggestion struct {
		Range rdRange `json:"range"`
		Text  string  `json:"text"`
	}
	rdRelated struct {
		Message  string     `json:"message,omitempty"`
		Location rdLocation `json:"location"`
	}
)

var rdArchlint = rdSource{Name: "archlint", URL: "https://github.com/archlint/archlint"}

// RDJSON writes the report for reviewdog, as one document.
func RDJSON(w io.Writer, r *lint.Result, o Options) error {
	return writeJSON(w, rdResult{Source: rdArchlint, Diagnostics: diagnostics(r, o)})
}

// RDJSONL writes the report for reviewdog, a diagnostic a line.
func RDJSONL(w io.Writer, r *lint.Result, o Options) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, d := range diagnostics(r, o) {
		d.Source = &rdArchlint
		if err := encoder.Encode(d); err != nil {
			return fmt.Errorf("encoding the report: %w", err)
		}
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}

func diagnostics(r *lint.Result, o Options) []rdDiagnostic {
	out := []rdDiagnostic{}
	for i := range r.Findings {
		f := &r.Findings[i]
		d := rdDiagnostic{
			Message: advice(f), Location: rdLocationOf(f.Span, o), Severity: map[lint.Severity]string{lint.Error: "ERROR", lint.Warning: "WARNING"}[f.Severity],
			Code: &rdCode{Value: f.Rule, URL: ruleURL(f.Rule)},
		}
		if d.Severity == "" {
			d.Severity = "INFO"
		}
		for _, related := range f.Related {
			d.Related = append(d.Related, rdRelated{Message: related.Message, Location: rdLocationOf(related.Span, o)})
		}
		// Each suggestion stands for itself: one of several edits would be half a fix. A
		// comment can only suggest what is in the file it stands in.
		if fix := f.Fix; fix != nil && len(fix.Edits) == 1 && fix.Edits[0].Span.File == f.Span.File {
			d.Suggestions = []rdSuggestion{{Range: rdRangeOf(fix.Edits[0].Span), Text: fix.Edits[0].Text}}
		}
		out = append(out, d)
	}
	for _, p := range r.Problems {
		d := rdDiagnostic{Message: p.Message, Location: rdLocation{Path: o.rel(p.Path)}, Severity: "ERROR"}
		if p.Line > 0 {
			d.Location.Range = &rdRange{Start: rdPosition{Line: p.Line}}
		}
		out = append(out, d)
	}
	return out
}

func rdLocationOf(s source.Span, o Options) rdLocation {
	if s.IsZero() {
		return rdLocation{}
	}
	span := rdRangeOf(s)
	return rdLocation{Path: o.rel(s.File.Path), Range: &span}
}

// rdRangeOf is a range with columns in bytes.
func rdRangeOf(s source.Span) rdRange {
	position := func(offset int) rdPosition {
		line := s.File.LineAt(offset)
		start, _ := s.File.LineRange(line)
		return rdPosition{Line: line, Column: offset - start + 1}
	}
	end := position(s.End)
	return rdRange{Start: position(s.Start), End: &end}
}
