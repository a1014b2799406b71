// Package discover finds the files to lint.
//
// It walks the repository once and keeps the files whose names say that they are
// Dockerfiles, compose files, GitHub Actions workflows or actions. Directories
// that hold other people's files are not entered: .git, node_modules, vendored Go
// modules, nested repositories, and whatever .gitignore files leave out. Files below a
// directory testdata, which for Go, too, is none of ./..., are there to be wrong and are
// selected only by arguments that lead into it. Symbolic links are not followed. What the user names is taken although it is ignored,
// and told by its content when its name says nothing; patterns of the
// configuration's exclude hold for it too, so that a list of changed files can be
// handed over as it is.
//
// Paths in and out are relative to the root of the repository, with forward
// slashes, and never lead out of it.
package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/archlint/archlint/lint/facts"
)

// DefaultMaxFiles is the number of directory entries after which a walk stops.
const DefaultMaxFiles = 500_000

// headSize is how much of a file is read to tell what it is, in bytes.
const headSize = 64 << 10

// Options say where and what to look for.
type Options struct {
	Root  string   // root of the repository, absolute
	Dir   string   // directory that Paths are relative to, absolute; Root when empty
	Paths []string // arguments; "./..." when there are none
	// Whole finds all files of the repository, whatever Paths select: what is
	// reported can be narrowed, what has to be read to judge it can not.
	Whole    bool
	Exclude  []string // doublestar patterns of paths relative to Root
	MaxFiles int      // directory entries to look at; DefaultMaxFiles when 0
}

// Entry is a file to lint.
type Entry struct {
	Path string // relative to the root, with slashes
	Kind facts.Kind
	// Selected is true if an argument selects the file, always so unless Whole.
	Selected bool
	Named    bool // an argument names the file itself
}

// Problem is a directory, or a part of one, that could not be read.
type Problem struct {
	Path    string // relative to the root, "." for the root
	Message string
}

// Find returns the files that the options select, ordered by path. An error
// says that an argument is wrong: it does not exist, matches nothing, leads out of
// the repository or names a file of no known kind. What cannot be read on the way
// is a Problem.
func Find(ctx context.Context, o Options) ([]Entry, []Problem, error) {
	f := &finder{ctx: ctx, root: o.Root, exclude: make([]string, 0, len(o.Exclude)), budget: o.MaxFiles, found: map[string]*Entry{}, walked: map[string]bool{}}
	if f.budget <= 0 {
		f.budget = DefaultMaxFiles
	}
	for _, pattern := range o.Exclude {
		pattern = strings.Trim(strings.TrimPrefix(pattern, "./"), "/")
		if !doublestar.ValidatePattern(pattern) {
			return nil, nil, fmt.Errorf("exclude pattern %q is malformed", pattern)
		}
		f.exclude = append(f.exclude, pattern)
	}
	if err := f.arguments(o); err != nil {
		return nil, nil, err
	}
	if o.Whole {
		f.walk("")
	}
	for _, s := range f.selectors {
		f.walk(s.base)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var errs []error
	entries := make([]Entry, 0, len(f.found))
	for _, e := range f.found {
		for i := range f.selectors {
			// Build scripts are read for the sake of other files only.
			if s := &f.selectors[i]; e.Kind != facts.BuildScript && s.selects(e.Path) {
				s.used, e.Selected = true, true
			}
		}
		if e.Selected || o.Whole {
			entries = append(entries, *e)
		}
	}
	for _, s := range f.selectors {
		if s.pattern != "" && !s.used {
			errs = append(errs, fmt.Errorf("no file that archlint knows matches %q", s.argument))
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(f.problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	return entries, f.problems, nil
}

// Root returns the root of the repository that dir is in: the nearest directory,
// from dir upwards, with a .git in it (a file in worktrees and submodules), or dir
// itself.
func Root(dir string) string {
	for at := dir; ; {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		parent := filepath.Dir(at)
		if parent == at {
			return dir
		}
		at = parent
	}
}

// selector is an argument that stands for several files: everything below base,
// or what matches a pattern there.
type selector struct {
	argument string
	base     string // directory relative to the root, "" for the root
	pattern  string // relative to the root; "" for everything
	used     bool
}

func (s *selector) selects(file string) bool {
	if s.pattern != "" {
		return doublestar.MatchUnvalidated(s.pattern, file) && (hasTestData(s.pattern) || !hasTestData(file))
	}
	return within(file, s.base) && (hasTestData(s.base+"/") || !hasTestData(file))
}

// within reports whether a file is below a directory, "" for the root.
func within(file, dir string) bool {
	return dir == "" || strings.HasPrefix(file, dir) && len(file) > len(dir) && file[len(dir)] == '/'
}

// hasTestData reports whether a path leads through a directory testdata.
func hasTestData(file string) bool {
	const name = "testdata/"
	return strings.HasPrefix(file, name) || strings.Contains(file, "/"+name)
}

type finder struct {
	ctx       context.Context
	root      string
	exclude   []string
	budget    int // entries that may still be looked at
	spent     bool
	selectors []selector
	found     map[string]*Entry
	walked    map[string]bool
	problems  []Problem
	effort    int // steps that matching .gitignore files took
	tired     bool
}

// ignored reports whether a .gitignore file leaves an entry of a directory out.
func (f *finder) ignored(above *ignores, dir, name string, isDir bool) bool {
	if above == nil {
		return false
	}
	if f.effort > maxIgnoreEffort {
		if !f.tired {
			f.tired = true
			f.problem(dir, "the patterns of .gitignore files take too long; from here on they are not honoured")
		}
		return false
	}
	f.effort++
	return above.match(dir, name, isDir)
}

// arguments turns the paths into selectors and named files.
func (f *finder) arguments(o Options) error {
	paths, dir := o.Paths, o.Dir
	if len(paths) == 0 {
		paths = []string{"./..."}
	}
	if dir == "" {
		dir = o.Root
	}
	var errs []error
	for _, argument := range paths {
		if err := f.argument(dir, argument); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (f *finder) argument(dir, argument string) error {
	name := filepath.ToSlash(argument)
	tree := false
	if name == "..." {
		name, tree = ".", true
	} else if rest, ok := strings.CutSuffix(name, "/..."); ok {
		name, tree = rest+"/", true
	}
	if name == "" {
		return errors.New(`"" is not a path`)
	}
	at := filepath.FromSlash(name)
	if !filepath.IsAbs(at) {
		at = filepath.Join(dir, at)
	}
	info, err := os.Stat(at)
	switch {
	case err == nil && (tree || info.IsDir()):
		if !info.IsDir() {
			return fmt.Errorf("%s: not a directory", argument)
		}
		base, err := f.relative(at, argument)
		if err != nil {
			return err
		}
		f.selectors = append(f.selectors, selector{argument: argument, base: base})
		return nil
	case err == nil:
		file, err := f.relative(at, argument)
		if err != nil {
			return err
		}
		return f.name(file, argument)
	case !tree && strings.ContainsAny(name, "*?[{"):
		return f.glob(dir, name, argument)
	}
	return fmt.Errorf("%s: %w", argument, cause(err))
}

// relative returns the real path of an existing file relative to the root. A
// link is replaced by what it leads to, so that no file is linted twice.
func (f *finder) relative(at, argument string) (string, error) {
	real, err := filepath.EvalSymlinks(at)
	if err != nil {
		return "", fmt.Errorf("%s: %w", argument, cause(err))
	}
	root, err := filepath.EvalSymlinks(f.root)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.root, cause(err))
	}
	rel, err := filepath.Rel(root, real)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s: lies outside of the repository %s; run archlint there", argument, f.root)
	}
	if rel = filepath.ToSlash(rel); rel == "." {
		rel = ""
	}
	return rel, nil
}

// glob adds a selector for a pattern.
func (f *finder) glob(dir, name, argument string) error {
	base, pattern := doublestar.SplitPattern(name)
	if !doublestar.ValidatePattern(pattern) {
		return fmt.Errorf("%s: malformed pattern", argument)
	}
	at := filepath.FromSlash(base)
	if !filepath.IsAbs(at) {
		at = filepath.Join(dir, at)
	}
	rel, err := f.relative(at, argument)
	if err != nil {
		return err
	}
	f.selectors = append(f.selectors, selector{argument: argument, base: rel, pattern: path.Join(escape(rel), pattern)})
	return nil
}

// escape makes a path a pattern that matches only it.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`*?[]{}\`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// name adds a file that an argument names.
func (f *finder) name(file, argument string) error {
	for at := file; at != "."; at = path.Dir(at) {
		if f.excluded(at) {
			return nil
		}
	}
	kind, ok := KindOf(file)
	if !ok {
		head, err := readHead(f.root, file, headSize)
		if err != nil {
			return err
		}
		if kind, ok = Identify(head); !ok {
			return fmt.Errorf("%s: not a file archlint knows: neither a Dockerfile nor a compose file, GitHub Actions workflow or action", argument)
		}
	}
	f.found[file] = &Entry{Path: file, Kind: kind, Selected: true, Named: true}
	return nil
}

func (f *finder) excluded(file string) bool {
	for _, pattern := range f.exclude {
		if doublestar.MatchUnvalidated(pattern, file) {
			return true
		}
	}
	return false
}

// walk looks through a directory that is to be read for itself, with the
// .gitignore files above it in force.
func (f *finder) walk(base string) {
	var above *ignores
	for i := range len(base) {
		switch {
		case i == 0:
			above = f.ignores(nil, "")
		case base[i] == '/':
			above = f.ignores(above, base[:i])
		}
	}
	for at := base; at != "" && at != "."; at = path.Dir(at) {
		if f.excluded(at) {
			return
		}
	}
	f.directory(base, above, true)
}

// directory looks through a directory and those below it. Other people's
// directories are left at once, unless this one is to be read for itself (named).
func (f *finder) directory(dir string, above *ignores, named bool) {
	if f.walked[dir] || f.spent || f.ctx.Err() != nil {
		return
	}
	f.walked[dir] = true
	list := f.list(dir)
	for _, entry := range list {
		switch entry.Name() {
		case ".git":
			if !named {
				return // a repository of its own
			}
		case "modules.txt":
			if !named && path.Base(dir) == "vendor" {
				return // vendored Go modules
			}
		case ".gitignore":
			if entry.Type().IsRegular() {
				above = f.readIgnores(above, dir)
			}
		}
	}
	var below []string
	for _, entry := range list {
		name := entry.Name()
		switch kind := entry.Type(); {
		case kind.IsDir():
			if name != ".git" && name != "node_modules" {
				below = append(below, name)
			}
		case kind.IsRegular():
			kind, ok := kindFound(dir, name)
			if !ok || f.ignored(above, dir, name, false) {
				continue
			}
			file := join(dir, name)
			if f.found[file] == nil && !f.excluded(file) {
				f.found[file] = &Entry{Path: file, Kind: kind}
			}
		}
	}
	slices.Sort(below)
	for _, name := range below {
		sub := join(dir, name)
		if !f.ignored(above, dir, name, true) && !f.excluded(sub) {
			f.directory(sub, above, false)
		}
	}
}

// list returns the entries of a directory, as many as the budget allows.
func (f *finder) list(dir string) []fs.DirEntry {
	d, err := os.Open(filepath.Join(f.root, filepath.FromSlash(dir)))
	if err != nil {
		f.problem(dir, "cannot be read: "+cause(err).Error())
		return nil
	}
	defer d.Close()
	var list []fs.DirEntry
	for {
		batch, err := d.ReadDir(4096)
		if len(batch) > f.budget {
			batch = batch[:f.budget]
			f.spent = true
			f.problem(dir, "the repository has too many files; the rest is not read: exclude directories or name the ones to lint")
		}
		f.budget -= len(batch)
		list = append(list, batch...)
		switch {
		case f.spent || errors.Is(err, io.EOF) || f.ctx.Err() != nil:
			return list
		case err != nil:
			f.problem(dir, "cannot be read: "+cause(err).Error())
			return list
		}
	}
}

// ignores reads the .gitignore of a directory, if there is one. Git does not
// follow a link here either.
func (f *finder) ignores(above *ignores, dir string) *ignores {
	info, err := os.Lstat(filepath.Join(f.root, filepath.FromSlash(dir), ".gitignore"))
	if err != nil || !info.Mode().IsRegular() {
		return above
	}
	return f.readIgnores(above, dir)
}

// readIgnores reads the .gitignore of a directory, known to be a regular file.
// It is opened plainly, as the directories are: there can be one in each of them.
func (f *finder) readIgnores(above *ignores, dir string) *ignores {
	name := join(dir, ".gitignore")
	file, err := os.Open(filepath.Join(f.root, filepath.FromSlash(name)))
	if err == nil {
		defer file.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(file, maxIgnoreSize+1)); err == nil && len(data) <= maxIgnoreSize {
			return parseIgnores(above, dir, data, &f.effort)
		}
	}
	reason := "larger than " + size(maxIgnoreSize)
	if err != nil {
		reason = cause(err).Error()
	}
	f.problem(name, "cannot be read and is not honoured: "+reason)
	return above
}

func (f *finder) problem(at, message string) {
	if at == "" {
		at = "."
	}
	f.problems = append(f.problems, Problem{Path: at, Message: message})
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
