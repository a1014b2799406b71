package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
)

// TestTheTaskOfVSCodeMatchesFindings holds the pattern in docs/integrations.md to what
// the text looks like.
func TestTheTaskOfVSCodeMatchesFindings(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	text, _, _ := strings.Cut(rest, "```")
	var tasks struct {
		Tasks []struct {
			Args           []string
			ProblemMatcher struct {
				Pattern struct {
					Regexp                                      string
					File, Line, Column, Severity, Message, Code int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &tasks); err != nil || len(tasks.Tasks) != 1 {
		t.Fatal(err, tasks)
	}
	f := source.New("a: b/Dockerfile", []byte("FROM x\nFROM y\n"))
	result := &lint.Result{Platforms: arch.Default(), Files: 1, Findings: []lint.Finding{
		{Rule: "single-arch-image", Severity: lint.Error, Span: f.Span(5, 6), Message: "x: error: [no]", Help: "help: me [x]", Related: []lint.Related{{Span: f.Span(0, 1), Message: "here [y]"}}},
		{Rule: "arch-path", Severity: lint.Info, Span: f.Span(12, 13), Message: "y"},
	}}
	var b strings.Builder
	if err := report.Text(&b, result, report.Options{Quiet: true}); err != nil {
		t.Fatal(err)
	}
	p := tasks.Tasks[0].ProblemMatcher.Pattern
	pattern := regexp.MustCompile(p.Regexp)
	var got []string
	for line := range strings.Lines(b.String()) {
		if m := pattern.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			got = append(got, strings.Join([]string{m[p.File], m[p.Line], m[p.Column], m[p.Severity], m[p.Message], m[p.Code]}, "|"))
		}
	}
	want := "a: b/Dockerfile|1|6|error|x: error: [no]|single-arch-image\na: b/Dockerfile|2|6|info|y|arch-path"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	// The flags are those that there are.
	if err := newRoot().ParseFlags(tasks.Tasks[0].Args); err != nil {
		t.Error(err)
	}
}
