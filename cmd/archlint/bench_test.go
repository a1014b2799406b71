package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/archlint/archlint/internal/monorepo"
)

// BenchmarkProgram runs the program without a network or cache on one file and on
// repositories of 400 and of 10,000 files.
func BenchmarkProgram(b *testing.B) {
	for name, services := range map[string]int{"files=400": 100, "files=10000": 2500} {
		b.Run(name, func(b *testing.B) {
			b.Chdir(written(b, services))
			program(b, "./...")
		})
	}
	b.Run("files=1", func(b *testing.B) {
		b.Chdir(written(b, 1))
		program(b, "--isolated", "services/s0000/Dockerfile")
	})
}

// written writes a repository and returns where it is.
func written(b *testing.B, services int) string {
	dir := b.TempDir()
	for _, f := range monorepo.Files(services) {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.Text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		b.Fatal(err)
	}
	return dir
}

func program(b *testing.B, args ...string) {
	b.ReportAllocs()
	for b.Loop() {
		root := newRoot()
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		root.SetArgs(append([]string{"--offline", "--cache-dir=", "--format=json"}, args...))
		var exit *exitError
		if err := root.ExecuteContext(context.Background()); !errors.As(err, &exit) || exit.code != exitFindings {
			b.Fatal(err)
		}
	}
}
