package lock

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
)

var (
	one   = "sha256:" + strings.Repeat("1", 64)
	two   = "sha256:" + strings.Repeat("2", 64)
	today = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
)

func reference(t *testing.T, s string) image.Reference {
	t.Helper()
	r, err := image.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func full(t *testing.T) *Lock {
	return &Lock{Entries: map[image.Reference]Entry{
		reference(t, "nginx:1.25"):          {Digest: one, Platforms: arch.Default(), Date: today},
		reference(t, "localhost:5000/a/b"):  {Digest: two, Platforms: arch.Set{arch.LinuxAMD64, {OS: "windows", Architecture: "amd64"}, {OS: "linux", Architecture: "arm", Variant: "v7"}}, Date: today},
		reference(t, "alpine:3.20@"+two):    {Digest: two, Platforms: arch.Set{arch.LinuxAMD64}, Date: today, Single: true, Tagged: &image.Tagged{Digest: one, Platforms: arch.Default(), Contains: true}},
		reference(t, "quay.io/team/lies:1"): {Digest: one, Platforms: arch.Set{arch.LinuxAMD64}, Date: today, Contradictions: []image.Contradiction{{Platform: arch.LinuxARM64, Evidence: "its configuration says linux/amd64", Certain: true}}},
	}}
}

const written = `# What registries said about the images of this repository.
# Written by archlint lock; archlint lock --check tells what has changed since.
version: 1
images:
  docker.io/library/alpine:3.20@TWO:
    digest: TWO
    manifest: true
    platforms: [linux/amd64]
    date: 2026-11-26
    tag:
      digest: ONE
      platforms: [linux/amd64, linux/arm64]
      contains: true
  docker.io/library/nginx:1.25:
    digest: ONE
    platforms: [linux/amd64, linux/arm64]
    date: 2026-11-26
  localhost:5000/a/b:latest:
    digest: TWO
    platforms: [linux/amd64, linux/arm/v7, windows/amd64]
    date: 2026-11-26
  quay.io/team/lies:1:
    digest: ONE
    platforms: [linux/amd64]
    date: 2026-11-26
    contradictions:
      - platform: linux/arm64
        evidence: its configuration says linux/amd64
        certain: true
`

func TestFormatAndParse(t *testing.T) {
	want := strings.NewReplacer("ONE", one, "TWO", two).Replace(written)
	l := full(t)
	text := l.Format()
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	back, err := Parse(Name, text)
	if err != nil {
		t.Fatal(err)
	}
	for r, e := range l.Entries {
		if got := back.Entries[r]; !got.Same(e) || !got.Date.Equal(e.Date) {
			t.Errorf("%s: %+v, want %+v", r, got, e)
		}
	}
	if diff := cmp.Diff(string(text), string(back.Format())); diff != "" {
		t.Error(diff)
	}
	empty := (&Lock{}).Format()
	if back, err := Parse(Name, empty); err != nil || len(back.Entries) != 0 {
		t.Errorf("empty: %v, %v", back, err)
	}
}

func TestImage(t *testing.T) {
	l := full(t)
	got, ok := l.Image(reference(t, "docker.io/library/nginx:1.25"))
	want := image.Answer{Known: true, Platforms: arch.Default(), Provenance: image.FromLock, AsOf: today, Digest: one}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Error(ok, diff)
	}
	if _, ok := l.Image(reference(t, "nginx:1.26")); ok {
		t.Error("an image that is not locked is known")
	}
	if _, ok := (*Lock)(nil).Image(reference(t, "nginx:1.25")); ok {
		t.Error("no lock knows an image")
	}
}

func TestOf(t *testing.T) {
	a := image.Answer{Known: true, Digest: one, Platforms: arch.Set{arch.LinuxARM64, arch.LinuxAMD64}, Single: true}
	e, ok := Of(a, today.Add(5*time.Hour))
	if !ok || !e.Date.Equal(today) || e.Platforms.String() != "linux/amd64, linux/arm64" || !e.Single {
		t.Errorf("%+v, %v", e, ok)
	}
	later, _ := Of(a, today.Add(50*time.Hour))
	if !e.Same(later) {
		t.Error("the day makes a difference")
	}
	later.Platforms = arch.Set{arch.LinuxAMD64}
	if e.Same(later) {
		t.Error("platforms make none")
	}
	if _, ok := Of(image.Answer{Known: true, Platforms: arch.Default()}, today); ok {
		t.Error("an answer without a digest is locked")
	}
}

func TestProblems(t *testing.T) {
	entry := func(text string) string { return "version: 1\nimages:\n  docker.io/library/a:1:\n" + text }
	ok := "    digest: " + one + "\n    platforms: [linux/amd64]\n    date: 2026-11-26\n"
	for text, want := range map[string]string{
		"":                                   ".archlint.lock: the lock is empty",
		"# nothing\n":                        ".archlint.lock: the lock is empty",
		"[]":                                 ".archlint.lock:1:1: the lock must be a mapping",
		"version: 2\nimages: {}\n":           `.archlint.lock:1:1: the lock has version "2", which this archlint does not know; update archlint`,
		"version: 2\nlayers: {}\n":           `.archlint.lock:1:1: the lock has version "2", which this archlint does not know; update archlint`,
		"version: one\nimages: {}\n":         `.archlint.lock:1:1: the lock has version "one"; run archlint lock to write it anew`,
		entry(ok) + "---\nversion: 1\n":      ".archlint.lock:7:1: a second YAML document; run archlint lock to write it anew",
		entry(ok) + "---\n\tx":               ".archlint.lock:8:1: not YAML",
		"images: {}\n":                       ".archlint.lock:1:1: the lock has no version",
		"version: 1\nimages: []\n":           ".archlint.lock:2:9: images must be a mapping",
		"version: 1\nimage: {}\n":            `.archlint.lock:2:1: unknown key "image" in the lock`,
		"version: 1\nimages:\n  nginx: {}\n": `.archlint.lock:3:3: "nginx" is not the full reference of an image`,
		"version: 1\nimages: {a: \x01}":      ".archlint.lock: not YAML",
		"version: 1\n\timages: {}\n":         ".archlint.lock:2:1: not YAML",
		entry("    digest: x\n"):             `.archlint.lock:4:13: "x" is not a digest`,
		entry("    digest: " + one + "\n"):   ".archlint.lock:4:5: an image has no platforms",
		entry(strings.Replace(ok, "2026-11-26", "yesterday", 1)):            `.archlint.lock:6:11: "yesterday" is not a day such as 2026-11-26`,
		entry(strings.Replace(ok, "[linux/amd64]", "[arm64]", 1)):           `.archlint.lock:5:17: "arm64" is not a platform`,
		entry(strings.Replace(ok, "[linux/amd64]", "linux/amd64", 1)):       ".archlint.lock:5:16: platforms must be a list",
		entry(ok + "    manifest: yes\n"):                                   ".archlint.lock:7:15: manifest must be true or false",
		entry(ok + "    manifest: true\n    manifest: true\n"):              `.archlint.lock:8:5: "manifest" is there twice`,
		entry(ok + "    tag: {digest: " + one + "}\n"):                      ".archlint.lock:7:10: tag has no platforms",
		entry(ok + "    contradictions: [{platform: linux/arm64}]\n"):       ".archlint.lock:7:22: a contradiction has no evidence",
		entry(ok) + "  docker.io/library/a:1: {}\n":                         `.archlint.lock:7:3: "docker.io/library/a:1" is there twice`,
		"version: 1\nimages: &a\n  docker.io/library/a:1: *a\n":             ".archlint.lock:3:26: an image must be a mapping",
		entry(strings.Replace(ok, "linux/amd64", "\"linux/\\x1b[31m\"", 1)): ".archlint.lock:5:17: a platform is not what archlint writes",
		strings.Repeat(" ", MaxSize+1):                                      ".archlint.lock: the lock is larger than 8 MiB",
	} {
		_, err := Parse(Name, []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.200q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(strings.NewReplacer("ONE", one, "TWO", two).Replace(written)))
	f.Add([]byte("version: 1\nimages: &a {x: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(Name, data)
		if err != nil {
			return
		}
		back, err := Parse(Name, l.Format())
		if err != nil {
			t.Fatalf("%v\n%s", err, l.Format())
		}
		if diff := cmp.Diff(string(l.Format()), string(back.Format())); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestReferencesThatAreNoPlainText(t *testing.T) {
	for _, s := range []string{"[::1]:5000/a:1", "[::1]/a/b@" + one, "127.0.0.1:5000/a", "_x.example/a"} {
		r, err := image.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		l := &Lock{Entries: map[image.Reference]Entry{r: {Digest: one, Platforms: arch.Default(), Date: today}}}
		back, err := Parse(Name, l.Format())
		if err != nil {
			t.Errorf("%s: %v\n%s", s, err, l.Format())
			continue
		}
		if _, ok := back.Image(r); !ok {
			t.Errorf("%s is not there any more", s)
		}
	}
}

// TestEvidenceThatIsNoPlainText keeps texts whose form has a meaning in YAML.
func TestEvidenceThatIsNoPlainText(t *testing.T) {
	r, err := image.Parse("a:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, evidence := range []string{"its configuration says linux/amd64", "it: says", "'x", "- x", "a #b", "a ", `\"x"`, "[x"} {
		want := []image.Contradiction{{Platform: arch.Default()[0], Evidence: evidence}}
		l := &Lock{Entries: map[image.Reference]Entry{r: {Digest: one, Platforms: arch.Default(), Date: today, Contradictions: want}}}
		back, err := Parse(Name, l.Format())
		if err != nil {
			t.Errorf("%s: %v\n%s", evidence, err, l.Format())
			continue
		}
		if diff := cmp.Diff(want, back.Entries[r].Contradictions); diff != "" {
			t.Error(diff)
		}
	}
}

func TestALockOfManyNodesIsNotReadToItsEnd(t *testing.T) {
	for name, text := range map[string]string{
		"keys":    "version: 1\nimages: {" + strings.Repeat("a,", MaxSize/2-20) + "}\n",
		"items":   "version: 1\nimages: [" + strings.Repeat("a,", MaxSize/2-20) + "]\n",
		"lines":   strings.Repeat("-\n", MaxSize/2),
		"pairs":   "{" + strings.Repeat("?", MaxSize-3) + "}\n",
		"aliases": "a: &a [x]\nb: [" + strings.Repeat("*a,", MaxSize/3-20) + "]\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(Name, []byte(text))
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) >> 20; err == nil || n > 256 {
			t.Errorf("%s: %d MiB, %v", name, n, err)
		}
	}
}
