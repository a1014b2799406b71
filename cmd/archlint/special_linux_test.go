package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSpecialFilesAreNotWaitedFor has pipes, devices and a file with a hole in the places of
// files that are read.
func TestSpecialFilesAreNotWaitedFor(t *testing.T) {
	inRepository(t, map[string]string{"compose.yaml": "include: [pipe.yaml]\nservices: {a: {env_file: pipe, build: {dockerfile: pipe}}}\n", "kustomization.yaml": "resources: [pipe.yaml]\n"})
	for _, name := range []string{"Dockerfile", "pipe", "pipe.yaml", "Makefile", "docker-bake.hcl", ".env", ".dockerignore", ".gitignore", ".archlint.lock", "a/action.yml", "known"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o644); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Symlink("/dev/zero", "zero.Dockerfile"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("hole.Dockerfile", []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate("hole.Dockerfile", 1<<40); err != nil {
		t.Log(err)
	}
	// The lock is no file: that is an error, but not one to wait for.
	if code := run(t.Context(), []string{"--offline", "--cache-dir="}); code != exitUsage {
		t.Errorf("exit code %d with a pipe for a lock", code)
	}
	if err := os.Remove(".archlint.lock"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--isolated", "Dockerfile"}, {"Dockerfile"}, {"zero.Dockerfile"}, {"hole.Dockerfile"}, {"--config", "pipe"}, {"--baseline", "known"}, {"--fix"}} {
		if code := run(t.Context(), append(args, "--offline", "--cache-dir=")); code == exitFindings {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}
