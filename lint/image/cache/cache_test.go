package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var today = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *Cache {
	t.Helper()
	c := Open(filepath.Join(t.TempDir(), "cache"))
	c.now = func() time.Time { return today }
	return c
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func TestBlobs(t *testing.T) {
	c := open(t)
	data := []byte(`{"schemaVersion":2}`)
	digest := digestOf(data)
	if _, ok := c.Blob(digest); ok {
		t.Error("there is something in an empty cache")
	}
	if err := c.PutBlob(digest, data); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Blob(digest); !ok || string(got) != string(data) {
		t.Errorf("got %q, %v", got, ok)
	}
	if err := c.PutBlob(digestOf([]byte("other")), data); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Blob(digestOf([]byte("other"))); ok {
		t.Error("content is kept under a digest that it does not have")
	}
	for _, digest := range []string{"", "sha256:", "sha256:../../../etc/passwd", "md5:" + strings.Repeat("a", 32), "sha256:" + strings.Repeat("A", 64), "sha256:" + strings.Repeat("a", 63) + "/"} {
		if err := c.PutBlob(digest, data); err != nil {
			t.Errorf("%q: %v", digest, err)
		}
		if _, ok := c.Blob(digest); ok {
			t.Errorf("%q is there", digest)
		}
	}
}

func TestADamagedFileIsMissing(t *testing.T) {
	data := []byte("content")
	digest := digestOf(data)
	for name, damage := range map[string]func(file string) error{
		"cut":   func(file string) error { return os.Truncate(file, 3) },
		"empty": func(file string) error { return os.Truncate(file, 0) },
		"other": func(file string) error { return os.WriteFile(file, []byte("CONTENT"), 0o644) },
		"huge":  func(file string) error { return os.Truncate(file, maxBlob+1) },
		"directory": func(file string) error {
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o755))
		},
		"link": func(file string) error {
			return errors.Join(os.Rename(file, file+".x"), os.Symlink(file+".x", file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t)
			if err := c.PutBlob(digest, data); err != nil {
				t.Fatal(err)
			}
			if err := c.PutTag("a:1", Tag{digest, today}); err != nil {
				t.Fatal(err)
			}
			blob, _ := c.blob(digest)
			for _, file := range []string{blob, c.tag("a:1")} {
				if err := damage(filepath.Join(c.base, file)); err != nil {
					t.Skip(err) // no symbolic links here
				}
			}
			if got, ok := c.Blob(digest); ok {
				t.Errorf("content %q", got)
			}
			if got, ok := c.Tag("a:1"); ok {
				t.Errorf("tag %v", got)
			}
			if name == "directory" {
				_ = os.Remove(filepath.Join(c.base, c.tag("a:1")))
			}
			if err := errors.Join(c.PutBlob(digest, data), c.PutTag("a:1", Tag{digest, today})); err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Tag("a:1"); !ok {
				t.Error("the tag cannot be written anew")
			}
			if _, ok := c.Blob(digest); !ok {
				t.Error("the content cannot be written anew")
			}
		})
	}
}

func TestTags(t *testing.T) {
	c := open(t)
	digest := digestOf(nil)
	if err := c.PutTag("docker.io/library/nginx:1", Tag{digest, today.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	got, ok := c.Tag("docker.io/library/nginx:1")
	if !ok || got.Digest != digest || !got.At.Equal(today.Add(-time.Hour)) {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := c.Tag("docker.io/library/nginx:2"); ok {
		t.Error("another tag has the same answer")
	}
	// What was written by a clock that runs ahead would be fresh for ever.
	if err := c.PutTag("b:1", Tag{digest, today.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Tag("b:1"); ok {
		t.Error("an answer of the future counts")
	}
	// Two references in one file: only by a collision or by hand.
	if err := os.Rename(filepath.Join(c.base, c.tag("docker.io/library/nginx:1")), filepath.Join(c.base, c.tag("b:1"))); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Tag("b:1"); ok {
		t.Error("the answer of another reference counts")
	}
}

func TestInfoCleanAndPrune(t *testing.T) {
	c := open(t)
	if info, err := c.Info(); err != nil || info != (Info{}) {
		t.Errorf("empty: %+v, %v", info, err)
	}
	if err := c.Clean(); err != nil {
		t.Errorf("cleaning nothing: %v", err)
	}
	old, young := []byte("old"), []byte("young")
	for _, data := range [][]byte{old, young} {
		if err := errors.Join(c.PutBlob(digestOf(data), data), c.PutTag(string(data), Tag{digestOf(data), today})); err != nil {
			t.Fatal(err)
		}
	}
	info, err := c.Info()
	if err != nil || info.Blobs != 2 || info.Tags != 2 || info.Bytes == 0 || info.Oldest.IsZero() {
		t.Errorf("%+v, %v", info, err)
	}
	blob, _ := c.blob(digestOf(old))
	blob = filepath.Join(c.base, blob)
	leftover := filepath.Join(c.dir, "tags", "x.123"+temporary)
	if err := os.WriteFile(leftover, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	youngBlob, _ := c.blob(digestOf(young))
	youngBlob = filepath.Join(c.base, youngBlob)
	for file, age := range map[string]time.Duration{blob: unused + time.Hour, leftover: 2 * time.Hour, youngBlob: unused - time.Hour} {
		if err := os.Chtimes(file, today.Add(-age), today.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	c.Prune()
	for file, want := range map[string]bool{blob: false, leftover: false, youngBlob: true} {
		if _, err := os.Stat(file); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", file, err == nil, want)
		}
	}
	// Use keeps what would go next.
	if _, ok := c.Blob(digestOf(young)); !ok {
		t.Error("young is gone")
	}
	if info, err := os.Stat(youngBlob); err != nil || !info.ModTime().Equal(today) {
		t.Errorf("use is not noted: %v", err)
	}
	if err := c.Clean(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("still there")
	}
}

func TestCleanRemovesNothingForeign(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, version, "blobs", "thesis.txt")
	if err := errors.Join(os.MkdirAll(filepath.Dir(precious), 0o755), os.WriteFile(precious, []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := Open(dir).Clean(); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestADirectoryThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := Open(file) // a file is no directory
	data := []byte("x")
	if err := c.PutBlob(digestOf(data), data); err == nil {
		t.Error("no error")
	}
	if _, ok := c.Blob(digestOf(data)); ok {
		t.Error("it is there")
	}
	var none *Cache
	if err := errors.Join(none.PutBlob(digestOf(data), data), none.PutTag("a", Tag{})); err != nil {
		t.Error(err)
	}
	none.Prune()
}

// TestSeveralPrograms has programs write and read the same entries at once. One of
// them is killed each time.
func TestSeveralPrograms(t *testing.T) {
	if dir := os.Getenv("ARCHLINT_TEST_CACHE"); dir != "" {
		hammer(Open(dir), 1<<20)
		return
	}
	dir := t.TempDir()
	var programs sync.WaitGroup
	for range 3 {
		programs.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSeveralPrograms$")
			cmd.Env = append(os.Environ(), "ARCHLINT_TEST_CACHE="+dir)
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(200 * time.Millisecond)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	if wrong := hammer(Open(dir), 300); wrong > 0 {
		t.Errorf("%d wrong answers", wrong)
	}
	programs.Wait()
	if wrong := hammer(Open(dir), 100); wrong > 0 {
		t.Errorf("%d wrong answers after the crashes", wrong)
	}
}

// hammer writes and reads 16 entries and counts answers that nobody has written.
func hammer(c *Cache, times int) (wrong int) {
	for i := range times {
		data := []byte(strings.Repeat(fmt.Sprint(i%16), 5000))
		digest, reference := digestOf(data), fmt.Sprint("tag", i%4)
		_ = c.PutBlob(digest, data)
		_ = c.PutTag(reference, Tag{digest, time.Now()})
		if got, ok := c.Blob(digest); ok && string(got) != string(data) {
			wrong++
		}
		if t, ok := c.Tag(reference); ok && !strings.HasPrefix(t.Digest, "sha256:") {
			wrong++
		}
	}
	return wrong
}

// TestNothingIsWrittenElsewhere has a cache that came with a pull request, in which links
// lead out of it.
func TestNothingIsWrittenElsewhere(t *testing.T) {
	data := []byte("{}")
	for _, link := range []string{"v1", "v1/blobs", "v1/blobs/sha256", "v1/tags", "v1/CACHEDIR.TAG", "v1/pruned"} {
		t.Run(link, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(outside, "kept"), []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(dir, filepath.FromSlash(link))
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, at); err != nil {
				t.Skip(err)
			}
			c := Open(dir)
			c.now = func() time.Time { return time.Now().Add(unused * 2) }
			_ = c.PutBlob(digestOf(data), data)
			_ = c.PutTag("a:1", Tag{digestOf(data), time.Now()})
			c.Prune()
			_ = c.Clean()
			entries, err := os.ReadDir(outside)
			if err != nil || len(entries) != 1 || entries[0].Name() != "kept" {
				t.Errorf("%v, %v", entries, err)
			}
		})
	}
}
