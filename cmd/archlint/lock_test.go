package main

import (
	"os"
	"strings"
	"testing"
)

// TestABrokenLockIsWrittenAnew does what the message about such a lock says.
func TestABrokenLockIsWrittenAnew(t *testing.T) {
	for name, broken := range map[string]string{"empty": "", "a conflict": "<<<<<<< ours\nversion: 1\n", "another key": "version: 1\nimages:\n  x: {}\n"} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir(".git", 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{"Dockerfile": "FROM scratch\n", ".archlint.lock": broken} {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range []struct {
				command string
				want    int
			}{{"lock --check", exitUsage}, {"lock", exitClean}, {"lock --check", exitClean}} {
				if code := run(t.Context(), append(strings.Fields(step.command), "--cache-dir", "", "--config", os.DevNull)); code != step.want {
					t.Errorf("%s: exit code %d, want %d", step.command, code, step.want)
				}
			}
		})
	}
}
