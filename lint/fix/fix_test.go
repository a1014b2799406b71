package fix

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlan(t *testing.T) {
	edit := func(start, end int, text string) Edit { return Edit{"f", start, end, text} }
	for _, test := range []struct {
		name    string
		changes [][]Edit
		taken   []bool
		want    string
	}{
		{"apart", [][]Edit{{edit(0, 1, "X")}, {edit(2, 3, "Y")}}, []bool{true, true}, "XbYdef"},
		{"in another order", [][]Edit{{edit(2, 3, "Y")}, {edit(0, 1, "X")}}, []bool{true, true}, "XbYdef"},
		{"side by side", [][]Edit{{edit(0, 1, "X")}, {edit(1, 2, "Y")}}, []bool{true, true}, "XYcdef"},
		{"overlapping", [][]Edit{{edit(0, 2, "X")}, {edit(1, 3, "Y")}}, []bool{true, false}, "Xcdef"},
		{"the same", [][]Edit{{edit(0, 2, "X"), edit(4, 4, "+")}, {edit(0, 2, "X"), edit(5, 6, "Z")}}, []bool{true, true}, "Xcd+eZ"},
		{"all or nothing", [][]Edit{{edit(0, 2, "X")}, {edit(4, 5, "Y"), edit(1, 2, "Z")}}, []bool{true, false}, "Xcdef"},
		{"against itself", [][]Edit{{edit(0, 2, "X"), edit(1, 2, "Y")}}, []bool{false}, "abcdef"},
		{"two insertions at one place", [][]Edit{{edit(2, 2, "X")}, {edit(2, 2, "Y")}}, []bool{true, false}, "abXcdef"},
		{"an insertion before a replacement", [][]Edit{{edit(2, 3, "X")}, {edit(2, 2, "Y")}}, []bool{true, true}, "abYXdef"},
		{"an insertion after a replacement", [][]Edit{{edit(2, 3, "X")}, {edit(3, 3, "Y")}}, []bool{true, true}, "abXYdef"},
		{"an insertion into a replacement", [][]Edit{{edit(2, 4, "X")}, {edit(3, 3, "Y")}}, []bool{true, false}, "abXef"},
		{"at both ends", [][]Edit{{edit(0, 0, "<")}, {edit(6, 6, ">")}}, []bool{true, true}, "<abcdef>"},
		{"nonsense", [][]Edit{{edit(3, 2, "X")}, {edit(-1, 2, "X")}}, []bool{false, false}, "abcdef"},
		{"beyond the end", [][]Edit{{edit(0, 1, "X")}, {edit(6, 9, "Y")}}, []bool{true, true}, "Xbcdef"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var plan Plan
			for i, change := range test.changes {
				if got := plan.Add(change); got != test.taken[i] {
					t.Errorf("change %d: taken %v", i, got)
				}
			}
			if got := string(plan.Apply("f", []byte("abcdef"))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := string(plan.Apply("other", []byte("abc"))); got != "abc" {
				t.Errorf("another file: %q", got)
			}
		})
	}
}

func TestLineEndsAreThoseOfTheFile(t *testing.T) {
	for data, want := range map[string]string{
		"a\r\nb\r\n":       "a\r\nx\r\ny\r\nb\r\n",
		"a\r\nb\nc\nd\r\n": "a\r\nx\ny\nb\nc\nd\r\n",
		"a\n\nb":           "a\n\nx\ny\nb",
	} {
		var plan Plan
		plan.Add([]Edit{{"f", 3, 3, "x\ny\n"}})
		if got := string(plan.Apply("f", []byte(data))); got != want {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
	}
}

func TestDiffIsWhatGitTakes(t *testing.T) {
	before := "FROM a\r\nRUN b\nRUN c\nRUN d\nRUN e\nRUN f\nRUN g\nRUN h"
	after := "FROM a\r\nRUN B\nRUN c\nRUN d\nRUN e\nRUN f\nRUN g\nRUN H"
	if got := Diff("x", []byte(before), []byte(before)); got != nil {
		t.Errorf("got %q for no difference", got)
	}
	text := Diff("sub/Dockerfile", []byte(before), []byte(after))
	if !strings.HasPrefix(string(text), "--- a/sub/Dockerfile\n+++ b/sub/Dockerfile\n@@") {
		t.Errorf("got\n%s", text)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", "Dockerfile")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(before), 0o644)); err != nil {
		t.Fatal(err)
	}
	apply := exec.Command("git", "apply", "-")
	apply.Dir = dir
	apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	apply.Stdin = strings.NewReader(string(text))
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != after {
		t.Errorf("git makes %q of it (%v)", got, err)
	}
}

func TestWrite(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "a", "run.sh")
	old, changed := []byte("old"), []byte("new content")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, old, 0o600), os.Chmod(file, 0o750)); err != nil {
		t.Fatal(err)
	}
	if err := Write(root, "a/run.sh", old, changed); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(changed), string(got)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o750 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	// Somebody was there before us.
	if err := Write(root, "a/run.sh", old, []byte("x")); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
	for _, path := range []string{"gone", "../a", "a", "", "/etc/passwd", "a/../../x"} {
		if err := Write(root, path, nil, []byte("x")); err == nil {
			t.Errorf("%q is written", path)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestWriteFollowsNoLinks(t *testing.T) {
	root, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	for _, file := range []string{outside, filepath.Join(root, "real")} {
		if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"out": outside, "in": "real", "dir": ".", "up": filepath.Dir(outside)} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Skip(err)
		}
	}
	for _, path := range []string{"out", "in", "dir/real", "up/outside"} {
		if err := Write(root, path, []byte("old"), []byte("new")); err == nil {
			t.Errorf("%s is written", path)
		}
	}
	for _, file := range []string{outside, filepath.Join(root, "real")} {
		if got, err := os.ReadFile(file); err != nil || string(got) != "old" {
			t.Errorf("%s: %q, %v", file, got, err)
		}
	}
}

func TestAFailedWriteLeavesTheFile(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("permissions do not stop this user")
	}
	root := t.TempDir()
	file := filepath.Join(root, "f")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o644), os.Chmod(root, 0o555)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(root, 0o755) })
	if err := Write(root, "f", []byte("old"), []byte("new")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}
