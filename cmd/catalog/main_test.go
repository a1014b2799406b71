package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/catalog"
)

const officialTable = "image\ttag\tplatforms\tlast_seen\tcurrent\n" +
	"a\t1.0\tlinux/amd64,linux/arm64\t2026-08-21\t1\n" +
	"a\t1.0-alpine\tlinux/amd64\t2017-01-01\t0\n"

func TestRunWritesTablesThatReadBack(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.tsv"), filepath.Join(dir, "out.gz")
	if err := os.WriteFile(in, []byte(officialTable), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if err := run([]string{"official", "-in", in, "-out", out, "-commit", "c0ffee"}, &stderr); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stderr.String(), "2 tags of 2026-08-21") {
		t.Errorf("says %q", stderr.String())
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := catalog.UnpackOfficial(packed)
	if err != nil || len(rows) != 2 || rows[0] != (catalog.Row{Image: "a", Tag: "1.0", Platforms: "linux/amd64,linux/arm64"}) {
		t.Errorf("got %v, %v", rows, err)
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("x\ty\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		nil,
		{"other"},
		{"official"},
		{"official", "-in", in},
		{"official", "-in", in, "-out", out},
		{"official", "-in", in + "2", "-out", out},
		{"downloads", "-in", in, "-out", out},
		{"downloads", "-in", in, "-out", out, "-date", "2026-01-01"},
		{"ecosystem", "-in", in, "-out", out},
	} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written")
	}
}
