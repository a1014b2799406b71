package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"
	"sync"
)

// Changes are what is different in the files as they are from those of a commit.
type Changes struct {
	// Base is the commit, in full.
	Base string

	repository *repository
	tracked    map[string]bool    // files that git knows now
	files      map[string]*change // by path now
	gone       map[string]*change // by path then: what is not there any more
	mutex      sync.Mutex
	failure    error // of git in Read
}

// change is what has become of one file.
type change struct {
	before, after string // paths; before is "" for a new file, after for one that is gone
	blob          string // content before; "" if it was no regular file
	whole         bool   // all lines count as changed
	compared      bool   // lines are known
	lines         []span // changed lines, ordered
	content       []byte // of blob, when it was read
	read          bool
}

// span are lines, the last one included.
type span struct{ from, to int }

// WrongRevision is a revision that cannot be compared with.
type WrongRevision struct {
	Revision, Message string
}

func (w *WrongRevision) Error() string { return fmt.Sprintf("%q %s", w.Revision, w.Message) }

// Since returns what has changed in the working tree of the repository at root since
// its history and that of a revision went apart. Files that git does not know count as
// changed; a file with another name is the same file if git takes it for that.
func Since(ctx context.Context, root, revision string) (*Changes, error) {
	// Before anything else: this must never become an option of git.
	if revision == "" || strings.HasPrefix(revision, "-") || strings.ContainsAny(revision, "\x00\n") {
		return nil, &WrongRevision{revision, "is not a revision"}
	}
	r, err := open(ctx, root)
	if err != nil {
		return nil, err
	}
	c := &Changes{repository: r, tracked: map[string]bool{}, files: map[string]*change{}, gone: map[string]*change{}}
	if c.Base, err = r.mergeBase(ctx, revision); err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "ls-files", "-z", "--cached")
	if err != nil {
		return nil, err
	}
	for _, path := range fields(out) {
		c.tracked[path] = true
	}
	return c, c.listFiles(ctx)
}

// File returns a file as it is in a commit, up to limit bytes. The error is
// fs.ErrNotExist if the commit has no regular file of that path, and a *WrongRevision
// if there is no such commit.
func File(ctx context.Context, root, revision, path string, limit int) ([]byte, error) {
	if revision == "" || strings.HasPrefix(revision, "-") || strings.ContainsAny(revision, "\x00\n") {
		return nil, &WrongRevision{revision, "is not a revision"}
	}
	r, err := open(ctx, root)
	if err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	if err != nil {
		return nil, wrong(ctx, err, revision, "is not a commit of this repository")
	}
	// MODE TYPE BLOB, a tab, and the path.
	out, err = r.run(ctx, "ls-tree", "-z", "--full-tree", strings.TrimSpace(string(out)), "--", path)
	if err != nil {
		return nil, err
	}
	header, name, _ := strings.Cut(strings.TrimSuffix(string(out), "\x00"), "\t")
	words := strings.Fields(header)
	if len(words) != 3 || name != path || words[0] != "100644" && words[0] != "100755" {
		return nil, fs.ErrNotExist
	}
	var data []byte
	err = r.pipe(ctx, func(in io.Reader) error {
		if data, err = io.ReadAll(io.LimitReader(in, int64(limit)+1)); err == nil && len(data) > limit {
			err = fmt.Errorf("%s is larger than %d bytes", path, limit)
		}
		return err
	}, "cat-file", "blob", words[2])
	var f *failed
	if errors.As(err, &f) {
		err = fmt.Errorf("%w; %s", err, partial)
	}
	return data, err
}

// mergeBase returns the commit where the history of HEAD left that of a revision.
func (r *repository) mergeBase(ctx context.Context, revision string) (string, error) {
	shallow := ""
	if out, err := r.run(ctx, "rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(string(out)) == "true" {
		shallow = "; this clone is shallow: get the history with git fetch --unshallow, or with fetch-depth: 0 for actions/checkout"
	}
	out, err := r.run(ctx, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	if err != nil {
		return "", wrong(ctx, err, revision, "is not a commit of this repository"+shallow)
	}
	commit := strings.TrimSpace(string(out))
	if _, err := r.run(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		return "", wrong(ctx, err, revision, "has nothing to be compared with: there is no commit yet")
	}
	out, err = r.run(ctx, "merge-base", commit, "HEAD")
	base, _, _ := strings.Cut(string(out), "\n")
	if err != nil || base == "" {
		return "", wrong(ctx, err, revision, "has no history in common with HEAD"+shallow)
	}
	return base, nil
}

// wrong explains what git refused, unless it did not come to that.
func wrong(ctx context.Context, err error, revision, message string) error {
	var f *failed
	if ctx.Err() != nil || err != nil && !errors.As(err, &f) {
		return err
	}
	return &WrongRevision{revision, message}
}

// compare are the options of git diff that make it independent of configurations.
var compare = []string{"--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--find-renames"}

// listFiles asks which files have changed.
func (c *Changes) listFiles(ctx context.Context) error {
	args := append([]string{"diff", "--raw", "-z", "--no-abbrev"}, compare...)
	out, err := c.repository.run(ctx, append(args, c.Base, "--")...)
	if err != nil {
		// To find files with another name, contents are compared, which a partial
		// clone may lack. That the same content has another name is seen without.
		var again error
		if out, again = c.repository.run(ctx, append(args, "--find-renames=100%", c.Base, "--")...); again != nil {
			return err
		}
	}
	list := fields(out)
	for len(list) > 0 {
		// :MODE MODE BLOB BLOB STATUS, then a path, or two for another name.
		header := strings.Fields(list[0])
		if len(header) != 5 || len(list) < 2 {
			return fmt.Errorf("git diff: %q is not understood", list[0])
		}
		ch := &change{before: list[1], after: list[1]}
		if (header[0] == ":100644" || header[0] == ":100755") && strings.Trim(header[2], "0") != "" {
			ch.blob = header[2]
		}
		ch.whole = ch.blob == ""
		used := 2
		switch header[4][0] {
		case 'A':
			ch.before = ""
		case 'D':
			ch.after = ""
		case 'R':
			if len(list) < 3 {
				return fmt.Errorf("git diff: %q is not understood", list[0])
			}
			ch.after, used = list[2], 3
		case 'M':
		case 'U': // a merge that is not finished
			ch.whole = true
		}
		list = list[used:]
		if ch.after != "" {
			if other := c.files[ch.after]; other != nil { // a merge that is not finished
				ch.whole = true
			}
			c.files[ch.after] = ch
		}
		if ch.before != ch.after && ch.before != "" {
			c.gone[ch.before] = ch
		}
	}
	return nil
}

// Touches reports whether one of the lines of a file has changed.
func (c *Changes) Touches(ctx context.Context, path string, from, to int) (bool, error) {
	ch := c.files[path]
	if ch == nil {
		return !c.tracked[path], nil
	}
	if !ch.compared && !ch.whole {
		if err := c.compareLines(ctx, ch); err != nil {
			return false, err
		}
	}
	if ch.whole {
		return true, nil
	}
	i := sort.Search(len(ch.lines), func(i int) bool { return ch.lines[i].to >= from })
	return i < len(ch.lines) && ch.lines[i].from <= to, nil
}

// partial is why git may not know a content that it has the name of.
const partial = "a partial clone lacks contents: clone without --filter"

// compareLines asks which lines of a file have changed. It is asked for each file on its
// own, since the names of files in a patch are hard to tell from one another. More or less
// of a blank is no change: who indents old lines has not written them.
func (c *Changes) compareLines(ctx context.Context, ch *change) error {
	args := append([]string{"diff", "--patch", "--text", "--unified=0", "--inter-hunk-context=0", "--ignore-space-change"}, compare...)
	err := c.repository.pipe(ctx, func(in io.Reader) error {
		lines, known, err := readPatch(in)
		ch.lines, ch.whole, ch.compared = lines, !known, err == nil
		return err
	}, append(args, ch.blob, "--", ch.after)...)
	var f *failed
	if errors.As(err, &f) {
		err = fmt.Errorf("%w; %s", err, partial)
	}
	return err
}

// Before returns the path that a file had, false if it is new.
func (c *Changes) Before(path string) (string, bool) {
	ch := c.files[path]
	if ch == nil {
		return path, c.tracked[path]
	}
	return ch.before, ch.before != "" && ch.blob != ""
}

// After returns the path that a file of the commit has now, false if it is gone.
func (c *Changes) After(path string) (string, bool) {
	if ch := c.gone[path]; ch != nil {
		return ch.after, ch.after != ""
	}
	return path, c.tracked[path]
}

// Gone returns the paths of the commit that are not there any more, in order.
func (c *Changes) Gone() []string {
	var out []string
	for path, ch := range c.gone {
		if ch.after == "" && ch.blob != "" {
			out = append(out, path)
		}
	}
	sort.Strings(out)
	return out
}

// Failure returns why git could not be asked for a content, nil if it always could. Where
// one is missing, findings look new that are not.
func (c *Changes) Failure() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.failure
}

// Read returns the content that a file of the commit had, up to limit bytes; now
// returns that of a file that has not changed.
func (c *Changes) Read(ctx context.Context, path string, limit int, now func(path string) ([]byte, error)) ([]byte, error) {
	ch := c.gone[path]
	if ch == nil {
		ch = c.files[path]
		if ch != nil && ch.before != path { // something else has the name now
			return nil, fs.ErrNotExist
		}
	}
	if ch == nil {
		if !c.tracked[path] {
			return nil, fs.ErrNotExist
		}
		return now(path)
	}
	if ch.blob == "" {
		return nil, fs.ErrNotExist
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if ch.read {
		return ch.content, nil
	}
	err := c.repository.pipe(ctx, func(in io.Reader) error {
		var err error
		if ch.content, err = io.ReadAll(io.LimitReader(in, int64(limit)+1)); err == nil && len(ch.content) > limit {
			err = fmt.Errorf("%s was larger than %d bytes", path, limit)
		}
		return err
	}, "cat-file", "blob", ch.blob)
	if err != nil {
		ch.content = nil
		var f *failed
		if errors.As(err, &f) && c.failure == nil {
			c.failure = fmt.Errorf("%w; %s", err, partial)
		}
		return nil, err
	}
	ch.read = true
	return ch.content, nil
}
