package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra/doc"
)

//go:generate go test -run TestManPages -update .

var update = flag.Bool("update", false, "write the manual pages in place of comparing them")

// TestManPages holds docs/man to the commands. What writes the pages is linked into
// this test alone.
func TestManPages(t *testing.T) {
	root := newRoot()
	root.DisableAutoGenTag = true
	// The default is a directory of whoever runs this.
	root.Flags().Lookup("cache-dir").DefValue = ""
	for _, cmd := range root.Commands() {
		if f := cmd.Flags().Lookup("cache-dir"); f != nil {
			f.DefValue = ""
		}
	}
	written := t.TempDir()
	var day time.Time // replaced below: pages change with the commands only
	header := &doc.GenManHeader{Section: "1", Manual: "archlint", Source: "archlint", Date: &day}
	if err := doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{Header: header, Path: written, CommandSeparator: "-"}); err != nil {
		t.Fatal(err)
	}
	want := pages(t, written)
	committed := filepath.Join("..", "..", "docs", "man")
	if *update {
		if err := os.RemoveAll(committed); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(committed, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(committed, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if diff := cmp.Diff(want, pages(t, committed)); diff != "" {
		t.Errorf("run make generate:\n%s", diff)
	}
}

// pages returns the files of a directory.
func pages(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = strings.Replace(string(data), `"Jan 0001"`, `""`, 1)
	}
	return files
}
