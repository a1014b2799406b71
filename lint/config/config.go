// Package config reads .archlint.yaml, the configuration of a repository.
//
//	platforms: [linux/amd64, linux/arm64]    # required everywhere
//	exclude: ["third_party/**"]              # not read at all
//	rules:
//	  arch-path: off                         # off, info, warning or error
//	paths:                                   # later entries go before earlier ones
//	  "legacy/**":
//	    platforms: [linux/amd64]
//	    ignore: [arch-download]
//	images:                                  # what the user knows about images
//	  "registry.corp/base/*": [linux/amd64, linux/arm64]
//	registries:                              # see [Registries]
//	  mirrors:
//	    docker.io: [mirror.gcr.io]
//
// The file is read strictly: a key, rule, platform or value that is not known is
// an error with its position, never ignored, because a setting without effect is
// worse than none. All errors of a file are reported together.
//
// Patterns are doublestar patterns of paths relative to the directory of the file;
// a pattern that matches a directory holds for everything below it.
package config

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/archlint/archlint/lint/arch"
)

// Name is the name of the configuration file.
const Name = ".archlint.yaml"

// MaxSize is the largest configuration that is read, in bytes.
const MaxSize = 1 << 20

// Level is what a rule's findings count as. Its values are those of
// lint.Severity, with Off as 0.
type Level int

// The levels.
const (
	Off Level = iota
	Info
	Warning
	Error
)

var levels = []string{"off", "info", "warning", "error"}

// String returns the level as it stands in the file.
func (l Level) String() string {
	if l < Off || l > Error {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levels[l]
}

// Config is what a configuration file says. The nil Config says nothing.
type Config struct {
	Path string // of the file, as it is shown

	Platforms arch.Set         // required platforms; nil when not set
	Rules     map[string]Level // by rule name
	Paths     []PathRule       // in order
	Images    []ImageRule      // in order
	Exclude   []string         // patterns of paths relative to the repository root

	Registries *Registries // nil when not set
}

// PathRule is what holds for a part of the repository.
type PathRule struct {
	Pattern   string   // of paths relative to the repository root
	Platforms arch.Set // nil when not set
	Ignore    []string // rules
}

// ImageRule is what the user knows about images.
type ImageRule struct {
	Pattern   string // of references; without a tag it holds for all tags
	Platforms arch.Set
}

// Discover returns the configuration file that holds for dir: the nearest one
// from dir upwards to root. Both are absolute.
func Discover(dir, root string) (file string, ok bool) {
	if rel, err := filepath.Rel(root, dir); err != nil || !filepath.IsLocal(rel) {
		root = dir
	}
	for at := dir; ; at = filepath.Dir(at) {
		file = filepath.Join(at, Name)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file, true
		}
		if at == filepath.Clean(root) || at == filepath.Dir(at) {
			return "", false
		}
	}
}

// Options are what a file is read against.
type Options struct {
	// Rules are the names of all rules; nil turns the check of names off.
	Rules []string
	// Base is the directory that patterns are relative to, itself relative to
	// the repository root, with slashes; "" for the root.
	Base string
}

// Load reads a configuration. The path is the one shown in errors. What is wrong
// is returned as a joined error of *Problem, in the order of the file.
func Load(file string, data []byte, o Options) (*Config, error) {
	if len(data) > MaxSize {
		return nil, &Problem{Path: file, Message: fmt.Sprintf("the configuration is larger than %d KiB", MaxSize>>10)}
	}
	l := &loader{options: o, config: &Config{Path: file}}
	l.load(data)
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b *Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		var errs []error
		for i, p := range l.problems {
			if i == maxProblems {
				errs = append(errs, fmt.Errorf("%s: %d more problems", file, len(l.problems)-i))
				break
			}
			errs = append(errs, p)
		}
		return nil, errors.Join(errs...)
	}
	return l.config, nil
}

// PlatformsFor returns the platforms that a file is required to support, and
// whether the configuration says so. The last entry of paths that matches and
// names platforms decides, then the platforms of all files.
func (c *Config) PlatformsFor(file string) (arch.Set, bool) {
	if c == nil {
		return nil, false
	}
	for i := len(c.Paths) - 1; i >= 0; i-- {
		if rule := &c.Paths[i]; rule.Platforms != nil && matchPath(rule.Pattern, file) {
			return rule.Platforms, true
		}
	}
	return c.Platforms, c.Platforms != nil
}

// Severity returns what findings of a rule in a file count as, and whether the
// configuration says so: Off when a matching entry of paths ignores the rule.
func (c *Config) Severity(rule, file string) (Level, bool) {
	if c == nil {
		return Off, false
	}
	for i := range c.Paths {
		if p := &c.Paths[i]; slices.Contains(p.Ignore, rule) && matchPath(p.Pattern, file) {
			return Off, true
		}
	}
	level, ok := c.Rules[rule]
	return level, ok
}

// Excluded reports whether a file is not to be read.
func (c *Config) Excluded(file string) bool {
	if c == nil {
		return false
	}
	for _, pattern := range c.Exclude {
		if matchPath(pattern, file) {
			return true
		}
	}
	return false
}

// PlatformsOf returns the platforms of an image as the user knows them. The last
// matching entry decides.
func (c *Config) PlatformsOf(reference string) (arch.Set, bool) {
	if c == nil || len(c.Images) == 0 {
		return nil, false
	}
	ways := spellings(reference)
	for i := len(c.Images) - 1; i >= 0; i-- {
		for _, spelling := range ways {
			if doublestar.MatchUnvalidated(c.Images[i].Pattern, spelling) {
				return c.Images[i].Platforms, true
			}
		}
	}
	return nil, false
}

// matchPath reports whether a pattern matches a path or a directory it is in.
func matchPath(pattern, file string) bool {
	for at := file; at != "." && at != "/"; at = path.Dir(at) {
		if doublestar.MatchUnvalidated(pattern, at) {
			return true
		}
	}
	return false
}

// spellings returns the ways to write a reference that a pattern may use: with
// and without its tag and digest, and in the short and the full form of images
// of Docker Hub.
func spellings(reference string) []string {
	withTag, _, _ := strings.Cut(reference, "@")
	digest := reference[len(withTag):]
	name := withTag
	if colon := strings.LastIndexByte(withTag, ':'); colon > strings.LastIndexByte(withTag, '/') {
		name = withTag[:colon]
	}
	short := name
	for _, prefix := range [...]string{"index.docker.io/", "docker.io/"} {
		short = strings.TrimPrefix(short, prefix)
	}
	host, _, qualified := strings.Cut(short, "/")
	hub := !qualified || !strings.ContainsAny(host, ".:") && host != "localhost"
	names := []string{name}
	if hub {
		short = strings.TrimPrefix(short, "library/")
		full := "docker.io/" + short
		if !strings.Contains(short, "/") {
			full = "docker.io/library/" + short
		}
		names = append(names, short, full)
	}
	var out []string
	for _, n := range names {
		for _, rest := range [...]string{"", withTag[len(name):], digest, reference[len(name):]} {
			if s := n + rest; !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
