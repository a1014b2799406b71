package main

import (
	"context"
	"os"
	"path/filepath"
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

func TestColoursAreForTerminals(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no terminal to try")
	}
	defer terminal.Close()
	for _, test := range []struct {
		color, noColor, term string
		out                  *os.File
		want                 bool
	}{
		{"auto", "", "xterm", terminal, true},
		{"auto", "", "xterm", file, false},
		{"auto", "1", "xterm", terminal, false},
		{"auto", "", "dumb", terminal, false},
		{"always", "1", "dumb", file, true},
		{"never", "", "xterm", terminal, false},
	} {
		t.Setenv("NO_COLOR", test.noColor)
		t.Setenv("TERM", test.term)
		if got := (&flags{color: test.color}).colored(test.out); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
