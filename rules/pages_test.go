package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/image/lock"
)

var headings = []string{"What it does", "Why it matters", "Example", "Fixed", "When to ignore it", "Options", "Sources"}

// TestPages holds every rule to a page in the common form.
func TestPages(t *testing.T) {
	for _, rule := range All() {
		t.Run(rule.Name, func(t *testing.T) {
			if rule.Page == "" {
				t.Fatalf("no page: write rules/%s.md", strings.ReplaceAll(rule.Name, "-", "_"))
			}
			if want := "# " + rule.Name; firstLine(rule.Page) != want {
				t.Errorf("the first line is %q, want %q", firstLine(rule.Page), want)
			}
			sections := sectionsOf(rule.Page)
			var got []string
			for _, s := range sections {
				got = append(got, s.heading)
				if strings.TrimSpace(s.text) == "" {
					t.Errorf("nothing under %q", s.heading)
				}
			}
			if diff := cmp.Diff(headings, got); diff != "" {
				t.Errorf("headings (-want +got):\n%s", diff)
			}
			if rule.Summary == "" || rule.Since == "" || rule.Severity == 0 {
				t.Error("the rule has no summary, version or severity")
			}
			if row := tableRow(rule.Page); row != nil {
				fixable := map[bool]string{false: "no", true: "yes"}[rule.Fixable]
				want := []string{rule.Since, rule.Severity.String(), fixable}
				if diff := cmp.Diff(want, []string{row[0], row[1], row[3]}); diff != "" {
					t.Errorf("table (-rule +page):\n%s", diff)
				}
			} else {
				t.Error("no table with Since, Severity, Needs the network, Fixable below the summary")
			}
		})
	}
}

// TestPageExamples lints what the pages show: the example has a finding of the
// rule, and the fixed version has nothing to find.
func TestPageExamples(t *testing.T) {
	for _, rule := range All() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, s := range sectionsOf(rule.Page) {
				switch s.heading {
				case "Example":
					found := examples(t, s.text).lint(t)
					if !slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Rule == rule.Name }) {
						t.Errorf("the example has no finding of the rule, only %v", describeAll(found))
					}
				case "Fixed":
					for _, f := range examples(t, s.text).lint(t) {
						if f.Severity >= lint.Warning {
							t.Errorf("the fixed version has a finding: %s", describe(f))
						}
					}
				}
			}
		})
	}
}

func describeAll(list []lint.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, describe(f))
	}
	return out
}

func firstLine(page string) string {
	line, _, _ := strings.Cut(page, "\n")
	return line
}

type section struct{ heading, text string }

// sectionsOf cuts a page at its second-level headings, those in fences excepted.
func sectionsOf(page string) []section {
	var out []section
	fenced := false
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if heading, ok := strings.CutPrefix(line, "## "); ok && !fenced {
			out = append(out, section{heading: strings.TrimSpace(heading)})
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].text += line + "\n"
		}
	}
	return out
}

// tableRow returns the cells of the table before the first section, nil if there
// is none.
func tableRow(page string) []string {
	head, _, _ := strings.Cut(page, "\n## ")
	_, table, ok := strings.Cut(head, "| Since | Severity | Needs the network | Fixable |\n|---|---|---|---|\n")
	if !ok {
		return nil
	}
	var cells []string
	for _, cell := range strings.Split(strings.Trim(firstLine(table), "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	if len(cells) != 4 {
		return nil
	}
	return cells
}

// examples lays the fenced blocks of a text out as a repository. A block's path
// stands behind its language, or in a comment that is its first line; one
// without is the Dockerfile.
func examples(t *testing.T, text string) repository {
	t.Helper()
	files := repository{}
	name, body, inside := "", "", false
	for _, line := range strings.Split(text, "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !inside:
			inside, name, body = true, "", ""
			if words := strings.Fields(info); len(words) > 1 {
				name = words[1]
			}
		case fence:
			inside = false
			if name == "" {
				first := strings.TrimSpace(strings.TrimPrefix(firstLine(body), "#"))
				if _, ok := discover.KindOf(first); ok {
					name = first
				}
			}
			if name == "" {
				name = "Dockerfile"
			}
			if _, ok := discover.KindOf(name); !ok && name != lock.Name && !strings.HasSuffix(name, ".yaml") {
				t.Fatalf("archlint does not read a file called %s", name)
			}
			if _, ok := files[name]; ok {
				t.Fatalf("two blocks are called %s", name)
			}
			files[name] = body
		case inside:
			body += line + "\n"
		}
	}
	if len(files) == 0 {
		t.Fatal("no block of code")
	}
	return files
}

func TestExamplesAreLaidOutAsARepository(t *testing.T) {
	got := examples(t, fmt.Sprint("text\n```dockerfile\nFROM a\n```\n```yaml compose.yaml\nservices: {}\n```\n",
		"```yaml\n# .github/workflows/x.yml\non: push\n```\n"))
	want := repository{
		"Dockerfile": "FROM a\n", "compose.yaml": "services: {}\n",
		".github/workflows/x.yml": "# .github/workflows/x.yml\non: push\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
