package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/catalog"
)

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
		{"official", "-from", dir},
		{"official", "-from", dir, "-out", out},
		{"official", "-from", in + "2", "-out", out},
		{"downloads", "-from", dir, "-out", out},
		{"ecosystem", "-in", in, "-out", out},
		{"ecosystem", "-in", in, "-out", out, "more"},
		{"diff", in},
		{"diff", in, in},
	} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written")
	}
}

func TestSumsAreReplacedByTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "SUMS")
	for _, line := range []string{"1  official day commit\n", "2  downloads day commit\n", "3  official day commit\n"} {
		if err := writeSum(path, line); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "2  downloads day commit\n3  official day commit\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDiffNamesWhatGotLost(t *testing.T) {
	dir := t.TempDir()
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	save := func(name string, packed []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, packed, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	images := func(name string, rows ...catalog.Row) string {
		packed, err := catalog.PackOfficial(rows, day, "c0ffee")
		return save(name, packed, err)
	}
	releases := func(name string, rows ...catalog.Release) string {
		packed, err := catalog.PackReleases(rows, day, "c0ffee")
		return save(name, packed, err)
	}
	file := catalog.Release{
		Tool: "o/r", Range: "*", HasARM64: catalog.Yes, Since: "always", AMD64Word: "amd64", ARM64Word: "arm64",
		AMD64URL: "https://github.com/o/r/releases/download/{tag}/r-amd64", ARM64URL: "https://github.com/o/r/releases/download/{tag}/r-arm64",
	}
	without := file
	without.HasARM64, without.ARM64Word, without.ARM64URL = catalog.No, "", ""
	for _, test := range []struct {
		name     string
		old, new string
		want     string
	}{
		{
			name: "images",
			old: images("a.gz", catalog.Row{Image: "a", Tag: "1", Platforms: "linux/amd64,linux/arm64"}, catalog.Row{Image: "a", Tag: "2", Platforms: "linux/amd64"},
				catalog.Row{Image: "a", Tag: "3", Platforms: "linux/amd64"}),
			new: images("b.gz", catalog.Row{Image: "a", Tag: "1", Platforms: "linux/amd64"}, catalog.Row{Image: "a", Tag: "2", Platforms: "linux/amd64,linux/arm64"},
				catalog.Row{Image: "b", Tag: "1", Platforms: "linux/amd64"}),
			want: "3 tags before, 3 now, 1 of them new.\nlost linux/arm64: a, 1 tags: 1\ngone: a, 1 tags: 3\ngained linux/arm64: a, 1 tags: 2\n",
		},
		{
			name: "downloads", old: releases("c.gz", file), new: releases("d.gz", without),
			want: "1 rows before, 1 now, 0 of them new.\nlost linux/arm64: o/r, 1 rows: * https://github.com/o/r/releases/download/{tag}/r-amd64\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := run([]string{"diff", test.old, test.new}, &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReportIsBounded(t *testing.T) {
	var rows []catalog.Row
	for i := range mostGroups + 2 {
		for j := range mostNames + 1 {
			rows = append(rows, catalog.Row{Image: fmt.Sprint("image", i), Tag: fmt.Sprint(j)})
		}
	}
	var out bytes.Buffer
	report(&out, "tags", rows, nil, func(r catalog.Row) entry { return entry{group: r.Image, name: r.Tag} })
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != mostGroups+2 || lines[1] != "gone: image0, 5 tags: 0, 1, 2, 3 …" || lines[len(lines)-1] != "and 2 more lines" {
		t.Errorf("got %d lines:\n%s", len(lines), out.String())
	}
}
