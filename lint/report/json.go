package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// jsonVersion changes when a key is removed or means something else, not when
// one is added.
const jsonVersion = 1

type jsonReport struct {
	Version   int           `json:"version"`
	Tool      jsonTool      `json:"tool"`
	Platforms []string      `json:"platforms"`
	Summary   jsonSummary   `json:"summary"`
	Findings  []jsonFinding `json:"findings"`
	Problems  []jsonProblem `json:"problems"`
}

type jsonTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type jsonSummary struct {
	Files      int `json:"files"`
	Findings   int `json:"findings"`
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
	Infos      int `json:"infos"`
	Suppressed int `json:"suppressed"`
	Baselined  int `json:"baselined"`
	Unchanged  int `json:"unchanged"`
}

type jsonFinding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	jsonRange
	Message   string        `json:"message"`
	Help      string        `json:"help"`
	Platforms []string      `json:"platforms"`
	URL       string        `json:"url"`
	Related   []jsonRelated `json:"related"`
	Fix       *jsonFix      `json:"fix,omitempty"`
}

// jsonRange is a range of a file; the end is the position behind the last
// character.
type jsonRange struct {
	Path      string `json:"path"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
}

type jsonRelated struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

type jsonFix struct {
	Safety      string     `json:"safety"`
	Description string     `json:"description"`
	Edits       []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	jsonRange
	Text string `json:"text"`
}

type jsonProblem struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// JSON writes the report for programs: one document, whose keys are stable.
// Characters that could play tricks on a terminal are written as \u escapes,
// so that nothing is lost.
func JSON(w io.Writer, r *lint.Result, o Options) error {
	errors, warnings, infos := r.Count()
	out := jsonReport{
		Version:   jsonVersion,
		Tool:      jsonTool{Name: "archlint", Version: o.Version},
		Platforms: r.Platforms.Strings(),
		Summary: jsonSummary{
			Files: r.Files, Findings: len(r.Findings), Errors: errors, Warnings: warnings, Infos: infos, Suppressed: r.Suppressed,
			Baselined: r.Baselined, Unchanged: r.Unchanged,
		},
		Findings: make([]jsonFinding, 0, len(r.Findings)),
		Problems: make([]jsonProblem, 0, len(r.Problems)),
	}
	for i := range r.Findings {
		out.Findings = append(out.Findings, jsonFindingOf(&r.Findings[i], o))
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, jsonProblem{Path: o.rel(p.Path), Line: p.Line, Column: p.Column, Message: p.Message})
	}
	return writeJSON(w, out, "  ")
}

// writeJSON writes one document; without an indent, on one line. Nothing in it is
// invisible.
func writeJSON(w io.Writer, document any, indent string) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}

func jsonFindingOf(f *lint.Finding, o Options) jsonFinding {
	out := jsonFinding{
		Rule: f.Rule, Severity: f.Severity.String(), jsonRange: jsonRangeOf(f.Span, o), Message: f.Message, Help: f.Help,
		Platforms: f.Platforms.Strings(), URL: ruleURL(f.Rule), Related: make([]jsonRelated, 0, len(f.Related)),
	}
	for _, related := range f.Related {
		at := jsonRangeOf(related.Span, o)
		out.Related = append(out.Related, jsonRelated{Path: at.Path, Line: at.Line, Column: at.Column, Message: related.Message})
	}
	if f.Fix != nil {
		fix := &jsonFix{Safety: "unsafe", Description: f.Fix.Description, Edits: make([]jsonEdit, 0, len(f.Fix.Edits))}
		if f.Fix.Safe {
			fix.Safety = "safe"
		}
		for _, edit := range f.Fix.Edits {
			fix.Edits = append(fix.Edits, jsonEdit{jsonRange: jsonRangeOf(edit.Span, o), Text: edit.Text})
		}
		out.Fix = fix
	}
	return out
}

func jsonRangeOf(s source.Span, o Options) jsonRange {
	p := placeOf(s)
	return jsonRange{Path: o.rel(p.path), Line: p.line, Column: p.column, EndLine: p.endLine, EndColumn: p.endColumn}
}

// escapeJSON writes what is not graphic as escapes. In a JSON document such
// characters stand only within strings, apart from line feeds.
func escapeJSON(data []byte) []byte {
	clean := true
	for _, c := range data {
		clean = clean && (c >= ' ' && c < 0x7f || c == '\n')
	}
	if clean {
		return data
	}
	out := make([]byte, 0, len(data)+len(data)/8)
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == '\n' || seen(r):
			out = append(out, data[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		data = data[size:]
	}
	return out
}
