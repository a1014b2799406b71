package main

import (
	"context"
	"os"
	"testing"
)

func TestWhatCannotBeWrittenIsFailure(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("Dockerfile", []byte("FROM golang:1.26\nRUN GOARCH=amd64 go build\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]int{
		"json=out.json":  exitFindings,
		"json=none/x":    exitFailure,
		"json=.":         exitFailure,
		"json=":          exitUsage,
		"nothing=x.json": exitUsage,
	} {
		if got := run(context.Background(), []string{"--offline", "--cache-dir=", "--format", format}); got != want {
			t.Errorf("--format %s: exit code %d, want %d", format, got, want)
		}
	}
}
