package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint"
)

func TestGeneratedDocumentationIsUpToDate(t *testing.T) {
	if err := run("../..", true); err != nil {
		t.Error(err)
	}
}

func TestCheckFindsDriftAndWritingRemovesIt(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{demo, reported} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join("../..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	readme := filepath.Join(root, "README.md")
	before := "# x\n<!-- demo:begin -->\nold\n<!-- demo:end -->\nbetween\n<!-- rules:begin -->\n<!-- rules:end -->\nafter\n"
	if err := os.WriteFile(readme, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := filepath.Join(root, "docs", "rules", "no-such-rule.md")
	if err := os.MkdirAll(filepath.Dir(stranger), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stranger, []byte("# no-such-rule\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(page), `"ruleId": "arch-download"`, `"ruleId": "another"`, 1)
	if err := os.WriteFile(filepath.Join(root, "docs", "reports.md"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	err = run(root, true)
	for _, name := range []string{"README.md", "docs/reports.md", "docs/rules/arch-download.md", "docs/rules/no-such-rule.md"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("check gave %v, want it to name %s", err, name)
		}
	}
	if err := run(root, false); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true); err != nil {
		t.Errorf("after writing: %v", err)
	}
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	for _, want := range []string{"# x\n", "\nbetween\n", "<!-- rules:end -->\nafter\n", "](docs/rules/arch-download.md)", "[single-arch-image]\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("README.md has no %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "old\n") {
		t.Errorf("README.md still has the old text:\n%s", got)
	}
}

func TestReplaceNeedsBothMarkers(t *testing.T) {
	for _, readme := range []string{"", "<!-- rules:begin -->\n", "<!-- rules:end -->\n", "<!-- rules:end -->\n<!-- rules:begin -->\n"} {
		if _, err := replace([]byte(readme), "rules", "x"); err == nil {
			t.Errorf("no error for %q", readme)
		}
	}
}

func TestTableEscapesCells(t *testing.T) {
	got := table([]*lint.Rule{{Name: "a-b", Severity: lint.Error, Summary: "x | y"}})
	if want := "| [`a-b`](docs/rules/a-b.md) | error | x \\| y |\n"; !strings.Contains(got, want) {
		t.Errorf("got %q, want a line %q", got, want)
	}
}
