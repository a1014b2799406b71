// Package cache keeps on disk what registries have answered.
//
// Manifests and configurations are kept by digest. They are checked against it
// whenever they are read, so that they hold for ever and a damaged file, or one
// that somebody else has put there, counts as missing. Which digest a tag stands
// for is kept with the time at which that was so.
//
//	v1/CACHEDIR.TAG             marks the directory for backup programs and for Clean
//	v1/blobs/sha256/ab/abcd…    content, named by its digest
//	v1/tags/01/0123…            JSON, named by the SHA-256 of the reference
//
// Files are written beside their place and renamed, so that several programs may
// use a cache at a time and a crash leaves no half of a file under its name. No
// method fails because of what is on disk: what cannot be read is not there.
package cache

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	version = "v1"
	// maxBlob is the largest content that is kept, in bytes; the registry client
	// reads no more either.
	maxBlob = 8 << 20
	maxTag  = 4 << 10
	// unused is how long content is kept that no run has asked for.
	unused = 60 * 24 * time.Hour
	// touch is how old the time of last use may be before it is noted anew.
	touch = 24 * time.Hour
)

// signature begins a CACHEDIR.TAG; see https://bford.info/cachedir/.
const signature = "Signature: 8a477f597d28d172789f06886806bc55\n# What archlint has learnt from registries. It may be deleted at any time.\n"

// Cache is a directory of answers. The nil Cache keeps nothing.
type Cache struct {
	base string // the directory that nothing leads out of
	dir  string // of this version of the format, in base
	now  func() time.Time

	mu   sync.Mutex
	root *os.Root // base, when it was opened
}

// Dir returns the default directory: archlint below the user's cache directory.
func Dir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory: %w", err)
	}
	return filepath.Join(dir, "archlint"), nil
}

// Open returns the cache in a directory, which is made when something is written.
//
// It may lie in a repository of which a stranger has written a part, so no link in it
// leads out of it.
func Open(dir string) *Cache {
	return &Cache{base: dir, dir: filepath.Join(dir, version), now: time.Now}
}

// open returns the directory, which is made if that is asked for.
func (c *Cache) open(create bool) (*os.Root, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.root != nil {
		return c.root, nil
	}
	if create {
		if err := os.MkdirAll(c.base, 0o755); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(c.base)
	if err == nil {
		c.root = root
	}
	return root, err
}

// Path returns the directory that holds the files.
func (c *Cache) Path() string { return c.dir }

// Blob returns the content of a digest.
func (c *Cache) Blob(digest string) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	file, ok := c.blob(digest)
	if !ok {
		return nil, false
	}
	root, err := c.open(false)
	if err != nil {
		return nil, false
	}
	data, err := read(root, file, maxBlob)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil || !Matches(digest, data) {
		_ = root.Remove(file) // or nothing could take its place
		return nil, false
	}
	if info, err := root.Lstat(file); err == nil && c.now().Sub(info.ModTime()) > touch {
		_ = root.Chtimes(file, time.Time{}, c.now())
	}
	return data, true
}

// PutBlob keeps the content of a digest. Content of another digest is not kept.
func (c *Cache) PutBlob(digest string, data []byte) error {
	if c == nil || len(data) > maxBlob {
		return nil
	}
	file, ok := c.blob(digest)
	if !ok || !Matches(digest, data) {
		return nil
	}
	if _, ok := c.Blob(digest); ok {
		return nil
	}
	return c.write(file, data)
}

// Tag is what a tag stood for.
type Tag struct {
	Digest string
	At     time.Time
}

// tagFile is a Tag on disk. The reference is for people, and against two
// references in one file.
type tagFile struct {
	Reference string    `json:"reference"`
	Digest    string    `json:"digest"`
	At        time.Time `json:"at"`
}

// Tag returns what a reference stood for when it was last asked. A time in the
// future is no time: some clock was wrong.
func (c *Cache) Tag(reference string) (Tag, bool) {
	if c == nil {
		return Tag{}, false
	}
	root, err := c.open(false)
	if err != nil {
		return Tag{}, false
	}
	data, err := read(root, c.tag(reference), maxTag)
	if err != nil {
		return Tag{}, false
	}
	var t tagFile
	if json.Unmarshal(data, &t) != nil || t.Reference != reference || t.At.After(c.now()) {
		return Tag{}, false
	}
	if _, ok := c.blob(t.Digest); !ok {
		return Tag{}, false
	}
	return Tag{Digest: t.Digest, At: t.At}, true
}

// PutTag keeps what a reference stands for.
func (c *Cache) PutTag(reference string, t Tag) error {
	if c == nil {
		return nil
	}
	data, err := json.Marshal(tagFile{Reference: reference, Digest: t.Digest, At: t.At.UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return c.write(c.tag(reference), append(data, '\n'))
}

// Info says what is in a cache.
type Info struct {
	Blobs, Tags int
	Bytes       int64
	// Oldest is when the oldest tag was asked; zero if there is none.
	Oldest time.Time
}

// Info counts what is there.
func (c *Cache) Info() (Info, error) {
	var info Info
	err := c.walk(func(path string, entry fs.FileInfo) {
		info.Bytes += entry.Size()
		switch kind, _, _ := strings.Cut(filepath.ToSlash(path), "/"); kind {
		case "blobs":
			info.Blobs++
		case "tags":
			info.Tags++
			if info.Oldest.IsZero() || entry.ModTime().Before(info.Oldest) {
				info.Oldest = entry.ModTime()
			}
		}
	})
	return info, err
}

// ErrForeign means that a directory was not made by this package.
var ErrForeign = errors.New("not a cache of archlint")

// Clean removes everything, and nothing of a directory that is not a cache.
func (c *Cache) Clean() error {
	if _, err := os.Stat(c.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	root, err := c.open(false)
	var tag []byte
	if err == nil {
		tag, err = read(root, filepath.Join(version, "CACHEDIR.TAG"), maxTag)
	}
	if err != nil || !bytes.Equal(tag, []byte(signature)) {
		return fmt.Errorf("%s: %w", c.dir, ErrForeign)
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("cleaning the cache: %w", err)
	}
	return nil
}

// Prune removes what no run has asked for in a long time, and what crashes have
// left behind. It looks once a day at most.
func (c *Cache) Prune() {
	if c == nil {
		return
	}
	mark := filepath.Join(version, "pruned")
	root, err := c.open(false)
	if err != nil {
		return
	}
	info, err := root.Lstat(version)
	if err != nil || !info.IsDir() {
		return
	}
	if info, err := root.Lstat(mark); err == nil && c.now().Sub(info.ModTime()) < 24*time.Hour {
		return
	}
	if c.write(mark, nil) != nil {
		return
	}
	_ = c.walk(func(path string, entry fs.FileInfo) {
		age := c.now().Sub(entry.ModTime())
		leftover := strings.HasSuffix(path, temporary) && age > time.Hour
		if leftover || age > unused && path != "CACHEDIR.TAG" && path != "pruned" {
			_ = root.Remove(filepath.Join(version, path))
		}
	})
}

// walk calls visit with each file, its path relative to the cache.
func (c *Cache) walk(visit func(path string, info fs.FileInfo)) error {
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // removed meanwhile, or never made
			}
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // removed meanwhile
		}
		rel, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		visit(rel, info)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the cache: %w", err)
	}
	return nil
}

// blob returns the file of a digest, which may come from anywhere.
func (c *Cache) blob(digest string) (string, bool) {
	algorithm, sum, ok := strings.Cut(digest, ":")
	if !ok || hasher(algorithm) == nil || len(sum) != 2*hasher(algorithm).Size() || strings.Trim(sum, "0123456789abcdef") != "" {
		return "", false
	}
	return filepath.Join(version, "blobs", algorithm, sum[:2], sum), true
}

func (c *Cache) tag(reference string) string {
	sum := sha256.Sum256([]byte(reference))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(version, "tags", name[:2], name)
}

// Matches reports whether content has a digest. Of algorithms other than SHA-256
// and SHA-512, which no registry uses, nothing matches.
func Matches(digest string, data []byte) bool {
	algorithm, sum, _ := strings.Cut(digest, ":")
	h := hasher(algorithm)
	if h == nil {
		return false
	}
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil)) == sum
}

func hasher(algorithm string) hash.Hash {
	switch algorithm {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// read returns a regular file of at most limit bytes.
func read(root *os.Root, file string, limit int64) ([]byte, error) {
	info, err := root.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fs.ErrInvalid
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

const temporary = ".new"

// write puts a file in its place at once.
func (c *Cache) write(file string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cache: %w", err)
		}
	}()
	root, err := c.open(true)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	mark := filepath.Join(version, "CACHEDIR.TAG")
	if _, err := root.Lstat(mark); err != nil && file != mark {
		if err := c.write(mark, []byte(signature)); err != nil {
			return err
		}
	}
	name := file + "." + rand.Text() + temporary
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(name, file)
	}
	if err != nil {
		_ = root.Remove(name)
	}
	return err
}
