package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestVersionsInTheManual holds the versions that people copy together: those of the
// action, of the hooks and of the release to come.
func TestVersionsInTheManual(t *testing.T) {
	root := filepath.Join("..", "..")
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	next := regexp.MustCompile(`To become (\d+\.\d+\.\d+)\.|## \[(\d+\.\d+\.\d+)\]`).FindStringSubmatch(read("CHANGELOG.md"))
	if next == nil {
		t.Fatal("the changelog names no version")
	}
	want := next[1] + next[2]
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?:archlint/archlint@|rev: )v(\d+\.\d+\.\d+)`)
	found := 0
	for _, name := range append([]string{filepath.Join(root, "README.md")}, files...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shown.FindAllSubmatch(data, -1) {
			found++
			if string(m[1]) != want {
				t.Errorf("%s shows version %s, the changelog is about %s", filepath.Base(name), m[1], want)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d versions are shown", found)
	}
}

// TestVersionOfTheAction: the action downloads the release that action/version names,
// so a tree that has more than that release must not name it.
func TestVersionOfTheAction(t *testing.T) {
	read := func(name ...string) string {
		data, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, name...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	version := read("action", "version")
	if version == "none\n" {
		return
	}
	_, changes, ok := strings.Cut(read("CHANGELOG.md"), "## [Unreleased]\n")
	if !ok {
		t.Fatal("the changelog has no section of what is not released")
	}
	unreleased, released, _ := strings.Cut(changes, "\n## [")
	if strings.TrimSpace(unreleased) != "" {
		t.Errorf("action/version names %q, but there is more than that: it has to be none", version)
	}
	if number, _, _ := strings.Cut(released, "]"); version != "v"+number+"\n" {
		t.Errorf("action/version names %q, the last release is %q", version, number)
	}
}
