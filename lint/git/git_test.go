package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repo is a repository for a test.
type repo struct {
	*testing.T
	dir string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(name, value)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &repo{t, dir}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repo) git(args ...string) string {
	r.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return string(out)
}

func (r *repo) write(path, data string) {
	r.Helper()
	path = filepath.Join(r.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		r.Fatal(err)
	}
}

func (r *repo) commit() {
	r.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "x")
}

// changed returns the lines of a file that have changed, of the first ten.
func changed(t *testing.T, c *Changes, path string) (out []int) {
	t.Helper()
	for line := 1; line <= 10; line++ {
		touched, err := c.Touches(context.Background(), path, line, line)
		if err != nil {
			t.Fatal(err)
		}
		if touched {
			out = append(out, line)
		}
	}
	return out
}

func since(t *testing.T, r *repo) *Changes {
	t.Helper()
	c, err := Since(context.Background(), r.dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var every = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}

func TestTouches(t *testing.T) {
	const five = "a\nb\nc\nd\ne\n"
	tests := map[string]struct {
		before, after string
		want          []int
	}{
		"nothing":                     {five, five, nil},
		"a line":                      {five, "a\nb\nC\nd\ne\n", []int{3}},
		"lines apart":                 {five, "A\nb\nc\nd\nE\n", []int{1, 5}},
		"a line more":                 {five, "a\nb\nc\nx\nd\ne\n", []int{4}},
		"a line less":                 {five, "a\nb\nd\ne\n", nil},
		"indentation":                 {"a\n  b\nc\n", "a\n\tb\nc \nd\n", []int{4}},
		"line ends":                   {"a\r\nb\r\n", "a\nB\n", []int{2}},
		"the last line has no end":    {five, "a\nb\nc\nd\ne", nil},
		"nor had it before":           {"a\nb", "a\nB", []int{2}},
		"an empty file gets lines":    {"", "a\nb\n", []int{1, 2}},
		"lines that look like hunks":  {"x\n", "@@ -1,9 +1,9 @@\n+++ b/other\ndiff --git a/x b/x\ny\n", []int{1, 2, 3, 4}},
		"lines longer than a buffer":  {strings.Repeat("x", 3*maxHeader) + "\nb\nc\n", strings.Repeat("y", 4*maxHeader) + "\nb\nC\n", []int{1, 3}},
		"a long line that is a hunk?": {"a\n@@ -1 +1 @@ " + strings.Repeat("x", 2*maxHeader) + "\nc\n", "a\n@@ -1 +1 @@ " + strings.Repeat("y", 2*maxHeader) + "\nC\n", []int{2, 3}},
		"what is no text":             {"a\x00\nb\n", "a\x00\nB\n", []int{2}},
		"line ends of Windows":        {"a\r\nb\r\n", "a\r\nB\r\n", []int{2}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.write("file", test.before)
			r.commit()
			r.write("file", test.after)
			if diff := cmp.Diff(test.want, changed(t, since(t, r), "file")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTouchesASpanOfLines(t *testing.T) {
	r := newRepo(t)
	r.write("file", "a\nb\nc\nd\n")
	r.commit()
	r.write("file", "a\nb\nC\nd\n")
	c := since(t, r)
	for lines, want := range map[[2]int]bool{{1, 2}: false, {1, 3}: true, {3, 4}: true, {4, 9}: false, {1, 9}: true} {
		if got, err := c.Touches(context.Background(), "file", lines[0], lines[1]); got != want || err != nil {
			t.Errorf("lines %v: %t, %v", lines, got, err)
		}
	}
}

// TestFiles goes through all that can become of a file, with names that git writes in
// another way than they are.
func TestFiles(t *testing.T) {
	r := newRepo(t)
	odd := "sp ace/é\t\"q\"\\:(glob)*\n"
	if runtime.GOOS == "windows" {
		odd = "sp ace/é"
	}
	text := func(name string) string {
		return name + "\n" + strings.Repeat("line of "+strings.TrimSpace(name)+"\n", 9)
	}
	for _, name := range []string{"same", "edited", "gone", "renamed", "renamed and edited", "untouched/" + odd, odd, "mode", "replaced"} {
		r.write(name, text(name))
	}
	r.commit()
	r.write("edited", text("edited")+"more\n")
	r.git("rm", "-q", "gone")
	r.git("mv", "renamed", "new name")
	r.write("b/"+filepath.Dir(odd)+"/x", "") // for the directory
	r.git("mv", "renamed and edited", "b/"+odd)
	r.write("b/"+odd, strings.Replace(text("renamed and edited"), "renamed", "another", 1))
	r.write(odd, text(odd)+"more\n")
	r.write("added", "x\n")
	r.git("add", "added")
	r.write("intended", "x\n")
	r.git("add", "-N", "intended")
	r.write("unknown", "x\n")
	r.write(".gitignore", "ignored\n")
	r.write("ignored", "x\n")
	r.git("mv", "replaced", "elsewhere")
	r.write("replaced", "something else\n")
	r.git("add", "replaced")
	if err := os.Chmod(filepath.Join(r.dir, "mode"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := since(t, r)
	for path, want := range map[string]struct {
		before string // "" for a new file
		lines  []int
	}{
		"same": {before: "same"}, "untouched/" + odd: {before: "untouched/" + odd}, "mode": {before: "mode"},
		"edited":   {before: "edited"}, // behind the tenth line
		"new name": {before: "renamed"}, "b/" + odd: {"renamed and edited", []int{1}}, odd: {before: odd}, "replaced": {"replaced", []int{1}},
		"added": {lines: every}, "intended": {lines: every}, "unknown": {lines: every}, "ignored": {lines: every}, "elsewhere": {lines: every},
	} {
		before, ok := c.Before(path)
		if before != want.before && ok || ok != (want.before != "") {
			t.Errorf("%q was %q, %t", path, before, ok)
		}
		if diff := cmp.Diff(want.lines, changed(t, c, path)); diff != "" {
			t.Errorf("%q: %s", path, diff)
		}
		if after, ok := c.After(want.before); want.before != "" && (after != path || !ok) {
			t.Errorf("%q is %q now, %t", want.before, after, ok)
		}
	}
	if diff := cmp.Diff([]string{"gone"}, c.Gone()); diff != "" {
		t.Error(diff)
	}
	if _, ok := c.After("gone"); ok {
		t.Error("a file that is gone is somewhere")
	}
	now := func(path string) ([]byte, error) { return []byte("now " + path), nil }
	for path, want := range map[string]string{
		"same": "now same", "edited": text("edited"), "gone": text("gone"), "renamed": text("renamed"), odd: text(odd),
		"replaced": text("replaced"), "new name": "", "added": "", "unknown": "", "ignored": "", "never there": "",
	} {
		for range 2 {
			got, err := c.Read(context.Background(), path, 1000, now)
			if string(got) != want || (want == "") != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q was %q, %v", path, got, err)
			}
		}
	}
	if _, err := c.Read(context.Background(), "gone", 3, now); err != nil {
		t.Errorf("what was read is read again: %v", err)
	}
	if _, err := since(t, r).Read(context.Background(), "gone", 3, now); err == nil || !strings.Contains(err.Error(), "gone was larger than 3 bytes") {
		t.Errorf("a file beyond the limit: %v", err)
	}
}

func TestAMergeThatIsNotFinished(t *testing.T) {
	r := newRepo(t)
	r.write("file", "a\n")
	r.commit()
	r.git("checkout", "-q", "-b", "other")
	r.write("file", "b\n")
	r.commit()
	r.git("checkout", "-q", "main")
	r.write("file", "c\n")
	r.commit()
	cmd := exec.Command("git", "merge", "-q", "other")
	cmd.Dir = r.dir
	if err := cmd.Run(); err == nil {
		t.Fatal("there is no conflict")
	}
	// The line of HEAD stands between the markers.
	if diff := cmp.Diff([]int{1, 3, 4, 5}, changed(t, since(t, r), "file")); diff != "" {
		t.Error(diff)
	}
}

// TestNothingElseIsRun sets everything that makes git run something, sees that it does,
// and that it does not for us.
func TestNothingElseIsRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	r := newRepo(t)
	marks := t.TempDir()
	program := func(name string) string {
		file := filepath.Join(marks, "run-"+name)
		if err := os.WriteFile(file, []byte(fmt.Sprintf("#!/bin/sh\ntouch '%s/%s'\ncat\n", marks, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	marked := func() (out []string) {
		found, err := filepath.Glob(filepath.Join(marks, "[^r]*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			out = append(out, filepath.Base(f))
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	r.write("file", "a\n")
	r.write(".gitattributes", "file filter=filter.with.dots diff=driver\n")
	r.commit()
	r.write("file", "b\n")
	for key, name := range map[string]string{
		"core.fsmonitor": "monitor", "diff.external": "external", "diff.driver.textconv": "textconv", "core.pager": "pager",
		"filter.filter.with.dots.clean": "clean", "diff.driver.command": "driver",
	} {
		r.git("config", key, program(name))
	}
	r.git("config", "filter.filter.with.dots.required", "true")
	hooks := filepath.Join(r.dir, ".git", "hooks")
	if err := os.MkdirAll(hooks, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(program("index-hook"), filepath.Join(hooks, "post-index-change")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_EXTERNAL_DIFF", program("environment"))
	t.Setenv("GIT_DIR", filepath.Join(marks, "elsewhere"))
	c := since(t, r)
	if diff := cmp.Diff([]int{1}, changed(t, c, "file")); diff != "" {
		t.Error(diff)
	}
	if got, err := c.Read(context.Background(), "file", 10, nil); string(got) != "a\n" {
		t.Errorf("it was %q, %v", got, err)
	}
	if ran := marked(); len(ran) != 0 {
		t.Errorf("git has run %q", ran)
	}

	// The traps are real ones.
	os.Unsetenv("GIT_DIR")
	r.git("config", "--unset", "filter.filter.with.dots.required")
	r.git("status")
	r.git("diff", "HEAD")
	os.Unsetenv("GIT_EXTERNAL_DIFF")
	r.git("diff", "HEAD")
	r.git("config", "--unset", "diff.driver.command")
	r.git("config", "--unset", "diff.external")
	r.git("diff", "HEAD")
	ran := strings.Join(marked(), " ")
	for _, name := range []string{"monitor", "clean", "textconv", "driver", "index-hook"} {
		if !strings.Contains(ran, name) {
			t.Errorf("git would not have run %s, only %s", name, ran)
		}
	}
}

func TestWrongRevisions(t *testing.T) {
	r := newRepo(t)
	r.write("file", "a\n")
	r.commit()
	for _, revision := range []string{"", "-", "--all", "-p", "--output=x", "nowhere", "HEAD\nHEAD", "HEAD\x00", "HEAD..HEAD", "^HEAD", "HEAD HEAD", "HEAD:file", "HEAD^{tree}", ":file"} {
		_, err := Since(context.Background(), r.dir, revision)
		var wrong *WrongRevision
		if !errors.As(err, &wrong) {
			t.Errorf("%q: %v", revision, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Since(ctx, r.dir, "HEAD"); !errors.Is(err, context.Canceled) {
		t.Errorf("when stopped: %v", err)
	}
}

func FuzzReadPatch(f *testing.F) {
	f.Add("diff --git a/x b/x\n@@ -1,2 +1 @@ x\n-a\n-b\n+c\n")
	f.Add("@@ -0,0 +1,999999999999 @@\n")
	f.Add("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n")
	f.Fuzz(func(t *testing.T, patch string) {
		lines, _, err := readPatch(strings.NewReader(patch))
		for _, l := range lines {
			if l.from < 0 || l.to < l.from {
				t.Fatalf("lines %v, %v", lines, err)
			}
		}
	})
}
