package report

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"

	"github.com/archlint/archlint/lint"
)

type checkstyleReport struct {
	XMLName xml.Name         `xml:"checkstyle"`
	Version string           `xml:"version,attr"`
	Files   []checkstyleFile `xml:"file"`
}

type checkstyleFile struct {
	Name   string            `xml:"name,attr"`
	Errors []checkstyleError `xml:"error"`
}

// checkstyleError has no place when line is 0.
type checkstyleError struct {
	Line     int    `xml:"line,attr,omitempty"`
	Column   int    `xml:"column,attr,omitempty"`
	Severity string `xml:"severity,attr"`
	Message  string `xml:"message,attr"`
	Source   string `xml:"source,attr"`
}

// Checkstyle writes the report as Checkstyle does, which many programs read.
func Checkstyle(w io.Writer, r *lint.Result, o Options) error {
	out := checkstyleReport{Version: "4.3", Files: []checkstyleFile{}}
	index := map[string]int{}
	add := func(path string, e checkstyleError) {
		i, ok := index[path]
		if !ok {
			i = len(out.Files)
			index[path] = i
			out.Files = append(out.Files, checkstyleFile{Name: Printable(o.rel(path))})
		}
		e.Message = Printable(e.Message)
		out.Files[i].Errors = append(out.Files[i].Errors, e)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		at := placeOf(f.Span)
		add(at.path, checkstyleError{at.line, at.column, f.Severity.String(), withHelp(f), "archlint." + Printable(f.Rule)})
	}
	for _, p := range r.Problems {
		add(p.Path, checkstyleError{p.Line, p.Column, "warning", p.Message, "archlint.problem"})
	}
	slices.SortStableFunc(out.Files, func(a, b checkstyleFile) int { return cmp.Compare(a.Name, b.Name) })
	return writeXML(w, out)
}

// writeXML writes one document. Its texts must have gone through Printable: most control
// characters cannot stand in XML, not even as references.
func writeXML(w io.Writer, document any) error {
	b := bytes.NewBufferString(xml.Header)
	encoder := xml.NewEncoder(b)
	encoder.Indent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
