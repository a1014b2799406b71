package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/catalog"
)

func TestReadLibrary(t *testing.T) {
	for _, test := range []struct {
		name string
		text string
		want map[string]string
		err  string
	}{
		{
			name: "the platforms of an entry, else those of the first paragraph",
			text: "# comment\nMaintainers: A (@a)\nGitRepo: https://example.com/x.git\nArchitectures: amd64, arm64v8\n\n" +
				"Tags: 2.0, 2, latest\nGitCommit: 1\n\nTags: 1.0\nArchitectures: arm32v7,\n  amd64, i386\narm64v8-GitCommit: 2\n",
			want: map[string]string{"2.0": "linux/amd64,linux/arm64", "2": "linux/amd64,linux/arm64", "latest": "linux/amd64,linux/arm64", "1.0": "linux/386,linux/amd64,linux/arm/v7"},
		},
		{
			name: "amd64 if nothing is said, also if a field is spelled wrongly",
			text: "Maintainers: A (@a)\n\nTags: 1\nArchitecture: arm64v8\n",
			want: map[string]string{"1": "linux/amd64"},
		},
		{
			name: "a shared tag is all entries together",
			text: "Maintainers: A (@a)\n\nTags: 1-linux\nSharedTags: 1\nArchitectures: arm64v8, amd64\n\nTags: 1-windows\nSharedTags: 1\nArchitectures: windows-amd64\n",
			want: map[string]string{"1": "linux/amd64,linux/arm64,windows/amd64", "1-linux": "linux/amd64,linux/arm64", "1-windows": "windows/amd64"},
		},
		{
			name: "Windows before it had a name",
			text: "Maintainers: A (@a)\n\nTags: 1-nanoserver\nConstraints: nanoserver\n",
			want: map[string]string{"1-nanoserver": "windows/amd64"},
		},
		{
			name: "a line commented out within a paragraph",
			text: "Maintainers: A (@a),\n#  B (@b),\n  C (@c)\n\nTags: 1\n#Architectures: arm64v8\n",
			want: map[string]string{"1": "linux/amd64"},
		},
		{
			name: "one tag a line",
			text: "# maintainer: A <a@example.com> (@a)\n\nlatest: git://github.com/a/b@0123 3.5\n3.5: git://github.com/a/b@0123 3.5\n1.0\tgit://github.com/a/b\tC:0123\n",
			want: map[string]string{"latest": "linux/amd64", "3.5": "linux/amd64", "1.0": "linux/amd64"},
		},
		{name: "nothing", text: "\n", want: map[string]string{}},
		{name: "comments alone", text: "# moved\n", want: map[string]string{}},
		{name: "something else", text: "{}", err: `neither a paragraph of fields nor a tag with its repository: "{}"`},
		{name: "a new architecture", text: "Maintainers: A (@a)\n\nTags: 1\nArchitectures: z80\n", err: `unknown architecture "z80": add it to libraryPlatforms`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readLibrary(test.text)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// repository is a git repository that a test makes.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := repository{t, t.TempDir()}
	r.git("", "init", "-q", "-b", "main")
	return r
}

// git runs git at a day (YYYY-MM-DD) and returns what it prints.
func (r repository) git(day string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	stamp := day + "T12:00:00Z"
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	if day != "" {
		cmd.Env = append(cmd.Env, "GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files ("" removes one) and commits them.
func (r repository) commit(day string, files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.dir, filepath.FromSlash(name))
		if text == "" {
			if err := os.Remove(path); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git(day, "add", "-A")
	r.git(day, "commit", "-q", "-m", "x")
	return r.git("", "rev-parse", "HEAD")
}

func library(architectures string, tags ...string) string {
	text := "Maintainers: A (@a)\nArchitectures: " + architectures + "\n"
	for _, tag := range tags {
		text += "\nTags: " + tag + "\n"
	}
	return text
}

func TestOfficialFromHistory(t *testing.T) {
	r := newRepository(t)
	r.commit("2016-01-01", map[string]string{
		"library/a": "1.0: git://github.com/a/b@0123 1\n1.1: git://github.com/a/b@0123 1\n", "README.md": "x", "library/MAINTAINERS": "nobody",
	})
	r.commit("2017-09-01", map[string]string{"library/a": library("amd64, arm64v8", "1.1", "1.2", "1.3")})
	// 1.1 was last listed on the 10th, when nobody could pull it for arm64.
	r.commit("2017-09-10", map[string]string{"README.md": "y"})
	r.commit("2017-09-14", map[string]string{"library/a": library("amd64, arm64v8", "1.2", "1.3")})
	r.commit("2017-09-15", map[string]string{"README.md": "z"})
	// The last listing of 1.2 was on the 15th, when they could.
	r.commit("2018-01-01", map[string]string{"library/a": library("amd64, arm64v8", "1.3"), "library/b": library("s390x", "old")})
	// A draft in a pull request was never in force.
	r.git("", "checkout", "-q", "-b", "draft")
	r.commit("2018-01-02", map[string]string{"library/a": library("amd64", "1.3", "1.4-draft")})
	r.commit("2018-01-03", map[string]string{"library/a": library("amd64", "1.3", "1.4")})
	r.git("", "checkout", "-q", "main")
	r.commit("2018-01-04", map[string]string{"README.md": "w"})
	r.git("2018-01-05", "merge", "-q", "--no-ff", "-m", "merge", "draft")
	until := r.commit("2018-01-06", map[string]string{"library/b": ""})
	r.commit("2018-01-07", map[string]string{"library/c": library("amd64", "later")})

	out := filepath.Join(t.TempDir(), "official.gz")
	var stderr bytes.Buffer
	if err := run([]string{"official", "-from", r.dir, "-commit", until, "-out", out}, io.Discard, &stderr); err != nil {
		t.Fatal(err)
	}
	if want := "6 tags of 2018-01-06"; !strings.Contains(stderr.String(), want) {
		t.Errorf("says %q, want %q", stderr.String(), want)
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.UnpackOfficial(packed)
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Row{
		{Image: "a", Tag: "1.0", Platforms: "linux/amd64"},
		{Image: "a", Tag: "1.1", Platforms: "linux/amd64"},
		{Image: "a", Tag: "1.2", Platforms: "linux/amd64,linux/arm64"},
		{Image: "a", Tag: "1.3", Platforms: "linux/amd64"}, // the last listing decides, also when it is smaller
		{Image: "a", Tag: "1.4", Platforms: "linux/amd64"},
		{Image: "b", Tag: "old", Platforms: "linux/s390x"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	sums, err := os.ReadFile(filepath.Join(filepath.Dir(out), "SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if line := catalog.Sum(want) + "  official 2018-01-06 " + until + " 6 rows\n"; string(sums) != line {
		t.Errorf("SUMS is %q, want %q", sums, line)
	}
}

func TestOfficialRefusesWhatItCannotRead(t *testing.T) {
	r := newRepository(t)
	r.commit("2018-01-01", map[string]string{"README.md": "x"})
	out := filepath.Join(t.TempDir(), "official.gz")
	for _, test := range []struct {
		name, dir, commit, want string
	}{
		{"no repository", t.TempDir(), "HEAD", "git rev-parse"},
		{"another repository", r.dir, "HEAD", "want a checkout of docker-library/official-images"},
		{"no such commit", r.dir, "nowhere", "git log"},
		{"an option", r.dir, "--all", "git log"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := run([]string{"official", "-from", test.dir, "-commit", test.commit, "-out", out}, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}

	r.commit("2018-01-02", map[string]string{"library/a": "what is this"})
	commit := r.commit("2018-01-03", map[string]string{"README.md": "y"})
	err := run([]string{"official", "-from", r.dir, "-out", out}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "library/a at commit ") {
		t.Errorf("error %v, want the file and the commit", err)
	}

	shallow := t.TempDir()
	r.git("", "clone", "-q", "--depth", "1", "file:///"+strings.TrimPrefix(filepath.ToSlash(r.dir), "/"), shallow)
	err = run([]string{"official", "-from", shallow, "-commit", commit, "-out", out}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "git fetch --unshallow") {
		t.Errorf("error %v, want how to get the whole history", err)
	}
}

func FuzzReadLibrary(f *testing.F) {
	f.Add(library("amd64, arm64v8", "1.0, 1", "2.0"))
	f.Add("# maintainer: A\nlatest: git://github.com/a/b@0123 3.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := readLibrary(text)
		if err != nil {
			return
		}
		for tag, platforms := range tags {
			if tag == "" || platforms == "" {
				t.Errorf("%q: %q", tag, platforms)
			}
		}
	})
}
