package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// Text writes the report for people:
//
//	Dockerfile:12:9: error: jq-linux64 runs on amd64 only [arch-download]
//	 12 | RUN curl -O https://example.com/jq-linux64
//	    |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
//	   help: jq-linux-arm64 exists since 1.7
//	   note: release.yml:39:11: published for linux/arm64 here
//
//	12 files: 1 error
func Text(w io.Writer, r *lint.Result, o Options) error {
	t := &text{Writer: bufio.NewWriter(w), options: o}
	if o.Width <= 0 {
		t.options.Width = DefaultWidth
	}
	for i := range r.Findings {
		if i > 0 {
			t.print("\n")
		}
		t.finding(&r.Findings[i])
	}
	if len(r.Findings) > 0 && len(r.Problems) > 0 {
		t.print("\n")
	}
	for i := range r.Problems {
		t.problem(&r.Problems[i])
	}
	if !o.Quiet {
		if len(r.Findings)+len(r.Problems) > 0 {
			t.print("\n")
		}
		t.print(summary(r), "\n")
	}
	// A bufio.Writer keeps the first error.
	return t.Flush()
}

// The parts of the report that have a colour of their own, as parameters of the
// terminal's SGR sequence.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
	cyan   = "1;36"
	dim    = "2"
)

var colors = map[lint.Severity]string{lint.Error: red, lint.Warning: yellow, lint.Info: cyan}

type text struct {
	*bufio.Writer
	options Options
}

func (t *text) print(parts ...string) {
	for _, part := range parts {
		t.WriteString(part)
	}
}

func (t *text) color(style, s string) string {
	if !t.options.Color || style == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// at writes a place in front of a message, "" for none.
func (t *text) at(s source.Span) string {
	p := placeOf(s)
	if p.path == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d: ", Printable(t.options.rel(p.path)), p.line, p.column)
}

func (t *text) finding(f *lint.Finding) {
	style := colors[f.Severity]
	t.print(t.color(bold, t.at(f.Span)), t.color(style, f.Severity.String()+":"), " ", t.color(bold, Printable(f.Message)), " [", Printable(f.Rule), "]\n")
	if !f.Span.IsZero() {
		number := fmt.Sprintf("%3d", f.Span.From().Line)
		line, carets := excerpt(f.Span, max(t.options.Width-len(number)-len(" | "), minWidth))
		t.print(t.color(dim, number+" |"), " ", line, "\n")
		marks := strings.TrimLeft(carets, " \t")
		t.print(t.color(dim, strings.Repeat(" ", len(number))+" |"), " ", strings.TrimSuffix(carets, marks), t.color(style, marks), "\n")
	}
	help := f.Help
	if help == "" && f.Fix != nil {
		help = f.Fix.Description
	}
	if help != "" {
		t.print("   ", t.color(cyan, "help:"), " ", Printable(help), "\n")
	}
	for _, related := range f.Related {
		t.print("   ", t.color(dim, "note:"), " ", t.at(related.Span), Printable(related.Message), "\n")
	}
}

func (t *text) problem(p *lint.Problem) {
	at := Printable(t.options.rel(p.Path)) + ": "
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d: ", Printable(t.options.rel(p.Path)), p.Line, p.Column)
	}
	t.print(t.color(bold, at), t.color(yellow, "problem:"), " ", Printable(p.Message), "\n")
}

// summary returns the last line of the report.
func summary(r *lint.Result) string {
	var parts []string
	switch {
	case r.Files == 0 && len(r.Findings)+len(r.Problems) == 0:
		parts = append(parts, "no files to lint")
	case len(r.Findings) > 0:
		parts = append(parts, plural(r.Files, "file")+": "+counts(r.Count()))
	default:
		parts = append(parts, "no problems found in "+plural(r.Files, "file"))
		if len(r.Problems) > 0 {
			parts[0] = plural(r.Files, "file") + ": no findings"
		}
	}
	if n := len(r.Problems); n > 0 {
		parts = append(parts, plural(n, "problem")+" reading files")
	}
	if r.Suppressed > 0 {
		parts = append(parts, fmt.Sprintf("%d ignored", r.Suppressed))
	}
	if r.Baselined > 0 {
		parts = append(parts, fmt.Sprintf("%d in the baseline", r.Baselined))
	}
	if r.Unchanged > 0 {
		parts = append(parts, fmt.Sprintf("%d not of this change", r.Unchanged))
	}
	return strings.Join(parts, "; ")
}
