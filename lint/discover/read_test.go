package discover

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadFileStaysInTheRoot(t *testing.T) {
	root := tree(t, map[string]string{
		"secret": "s", "repo/a/file": "content", "repo/in": "-> a/file", "repo/out": "-> ../secret", "repo/away": "-> ..", "repo/loop": "-> loop", "repo/empty": "",
	})
	repo := filepath.Join(root, "repo")
	for name, want := range map[string]string{"a/file": "content", "in": "content", "a/../a/file": "content", "empty": ""} {
		got, err := ReadFile(repo, name, 100)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"../secret", "out", "away/secret", "loop", filepath.Join(root, "secret"), "a", "nowhere", ""} {
		if got, err := ReadFile(repo, name, 100); err == nil {
			t.Errorf("%s: read %q", name, got)
		}
	}
}

func TestReadFileIsBounded(t *testing.T) {
	root := tree(t, map[string]string{"f": strings.Repeat("x", 3<<19)})
	if data, err := ReadFile(root, "f", 3<<19); err != nil || len(data) != 3<<19 {
		t.Errorf("at the limit: %d bytes, %v", len(data), err)
	}
	_, err := ReadFile(root, "f", 1<<20)
	if e, ok := errors.AsType[*TooLargeError](err); !ok || e.Size != 3<<19 || e.Max != 1<<20 {
		t.Errorf("error %#v", err)
	}
	if want := "f is 1.5 MiB, larger than the limit of 1 MiB; exclude it or split it"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if data, err := readHead(root, "f", 10); err != nil || len(data) != 10 {
		t.Errorf("head: %d bytes, %v", len(data), err)
	}
}

func TestReadFileRefusesPipes(t *testing.T) {
	root := tree(t, map[string]string{"f": ""})
	if err := exec.Command("mkfifo", filepath.Join(root, "pipe")).Run(); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	if _, err := ReadFile(root, "pipe", 10); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}
