package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"

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

type checkstyleError struct {
	Line     int    `xml:"line,attr"`
	Column   int    `xml:"column,attr,omitempty"`
	Severity string `xml:"severity,attr"`
	Message  string `xml:"message,attr"`
	Source   string `xml:"source,attr"`
}

// Checkstyle writes the report in the form of the program of that name, which many
// others read.
func Checkstyle(w io.Writer, r *lint.Result, o Options) error {
	out := checkstyleReport{Version: "4.3"}
	add := func(path string, e checkstyleError) {
		name := Printable(o.rel(path))
		if n := len(out.Files); n == 0 || out.Files[n-1].Name != name {
			out.Files = append(out.Files, checkstyleFile{Name: name})
		}
		last := &out.Files[len(out.Files)-1]
		e.Message = Printable(e.Message)
		last.Errors = append(last.Errors, e)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		p := placeOf(f.Span)
		add(p.path, checkstyleError{Line: p.line, Column: p.column, Severity: f.Severity.String(), Message: advice(f), Source: "archlint." + f.Rule})
	}
	for _, p := range r.Problems {
		add(p.Path, checkstyleError{Line: max(1, p.Line), Column: p.Column, Severity: "error", Message: p.Message, Source: "archlint.problem"})
	}
	return writeXML(w, out)
}

type junitReport struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Error   *junitFailure `xml:"error,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as the outcome of tests: a suite a file, a case a finding. An
// info is a case that has passed; a problem is an error.
func JUnit(w io.Writer, r *lint.Result, o Options) error {
	out := junitReport{Name: "archlint"}
	add := func(path string, c junitCase) {
		name := Printable(o.rel(path))
		if name == "" {
			name = "archlint"
		}
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != name {
			out.Suites = append(out.Suites, junitSuite{Name: name})
		}
		suite := &out.Suites[len(out.Suites)-1]
		c.Class = name
		suite.Cases = append(suite.Cases, c)
		suite.Tests++
		out.Tests++
		if c.Failure != nil {
			suite.Failures++
			out.Failures++
		}
		if c.Error != nil {
			suite.Errors++
			out.Errors++
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		p := placeOf(f.Span)
		c := junitCase{Name: fmt.Sprintf("%s at line %d, column %d", f.Rule, p.line, p.column)}
		text := Printable(fmt.Sprintf("%s:%d:%d: %s", o.rel(p.path), p.line, p.column, advice(f)))
		if f.Severity == lint.Info {
			c.Output = text
		} else {
			c.Failure = &junitFailure{Type: f.Severity.String(), Message: Printable(f.Message), Text: text}
		}
		add(p.path, c)
	}
	for _, p := range r.Problems {
		add(p.Path, junitCase{Name: "can be read", Error: &junitFailure{Type: "problem", Message: Printable(p.Message)}})
	}
	if out.Tests == 0 {
		add("", junitCase{Name: "no findings"})
	}
	return writeXML(w, out)
}

func writeXML(w io.Writer, document any) error {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	encoder := xml.NewEncoder(&b)
	encoder.Indent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
