package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint"
)

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
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Error   *junitResult `xml:"error"`
	Failure *junitResult `xml:"failure"`
	Output  string       `xml:"system-out,omitempty"`
}

type junitResult struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as that of a test: each rule is a suite, each file in which it
// finds something a case. Names have no line numbers, so that programs that keep a history
// know a case again. Advice is output of a case that passes. A rule that
// finds nothing is a case, too: a report without one is taken for a mistake.
func JUnit(w io.Writer, r *lint.Result, o Options) error {
	type key struct{ rule, path string }
	found := map[key][]*lint.Finding{}
	files := map[string][]string{} // by rule, each once
	var names []string             // of rules
	for _, rule := range o.Rules {
		names = append(names, rule.Name)
		files[rule.Name] = nil
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if _, ok := files[f.Rule]; !ok {
			names = append(names, f.Rule)
			files[f.Rule] = nil
		}
		k := key{f.Rule, placeOf(f.Span).path}
		if found[k] == nil {
			files[f.Rule] = append(files[f.Rule], k.path)
		}
		found[k] = append(found[k], f)
	}
	out := junitReport{Name: "archlint"}
	for _, name := range names {
		suite := junitSuite{Name: "archlint." + Printable(name)}
		for _, path := range files[name] {
			suite.Cases = append(suite.Cases, junitCaseOf(suite.Name, path, found[key{name, path}], o))
		}
		if len(suite.Cases) == 0 {
			suite.Cases = []junitCase{{Class: suite.Name, Name: "all files"}}
		}
		out.Suites = append(out.Suites, suite)
	}
	if len(r.Problems) > 0 || len(out.Suites) == 0 {
		out.Suites = append(out.Suites, junitProblems(r, o))
	}
	for i := range out.Suites {
		s := &out.Suites[i]
		for _, c := range s.Cases {
			s.Tests++
			if c.Failure != nil {
				s.Failures++
			}
			if c.Error != nil {
				s.Errors++
			}
		}
		out.Tests, out.Failures, out.Errors = out.Tests+s.Tests, out.Failures+s.Failures, out.Errors+s.Errors
	}
	return writeXML(w, out)
}

// junitCaseOf returns the case of a rule's findings in one file.
func junitCaseOf(class, path string, findings []*lint.Finding, o Options) junitCase {
	c := junitCase{Class: class, Name: junitName(path, o)}
	worst := slices.MaxFunc(findings, func(a, b *lint.Finding) int { return cmp.Compare(a.Severity, b.Severity) })
	var text strings.Builder
	for _, f := range findings {
		if at := placeOf(f.Span); at.path != "" {
			fmt.Fprintf(&text, "%s:%d:%d: ", Printable(o.rel(at.path)), at.line, at.column)
		}
		fmt.Fprintf(&text, "%s: %s\n", f.Severity, Printable(f.Message))
		if f.Help != "" {
			fmt.Fprintf(&text, "   help: %s\n", Printable(f.Help))
		}
	}
	if worst.Severity == lint.Info {
		c.Output = text.String()
		return c
	}
	message := Printable(worst.Message)
	if n := len(findings) - 1; n > 0 {
		message += fmt.Sprintf(" (and %d more)", n)
	}
	c.Failure = &junitResult{Type: worst.Severity.String(), Message: message, Text: text.String()}
	return c
}

// junitProblems returns the suite of what could not be read.
func junitProblems(r *lint.Result, o Options) junitSuite {
	suite := junitSuite{Name: "archlint.files"}
	for _, p := range r.Problems {
		text := Printable(p.Message)
		if p.Line > 0 {
			text = fmt.Sprintf("%s:%d:%d: %s", Printable(o.rel(p.Path)), p.Line, p.Column, text)
		}
		suite.Cases = append(suite.Cases, junitCase{
			Class: suite.Name, Name: junitName(p.Path, o),
			Error: &junitResult{Type: "problem", Message: Printable(p.Message), Text: text + "\n"},
		})
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Class: suite.Name, Name: "all files"}}
	}
	return suite
}

func junitName(path string, o Options) string {
	if path == "" {
		return "all files"
	}
	return Printable(o.rel(path))
}
