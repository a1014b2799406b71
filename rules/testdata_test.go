package rules

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/lock"
)

// repository is a small repository in memory: content by path.
type repository map[string]string

// ReadFile makes it what front ends read other files from.
func (r repository) ReadFile(p string) ([]byte, error) {
	if text, ok := r[path.Clean(p)]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
}

func (r repository) has(p string) bool {
	_, ok := r[path.Clean(p)]
	return ok
}

// lint runs all rules over a repository, without a network, as the program does
// with --offline; a lock in it counts. Files that cannot be parsed fail the test.
func (r repository) lint(t *testing.T) []lint.Finding {
	t.Helper()
	var inputs []lint.Input
	for p := range r {
		kind, ok := discover.KindOf(p)
		if !ok && (strings.HasSuffix(p, ".yaml") || strings.HasSuffix(p, ".yml")) {
			kind, ok = facts.Kubernetes, true
		}
		if !ok {
			kind, ok = discover.KindFound(p)
		}
		if ok {
			inputs = append(inputs, lint.Input{Path: p, Kind: kind, Report: true})
		}
	}
	known := catalog.Default()
	images := image.Options{Catalog: known}
	if text, ok := r[lock.Name]; ok {
		l, err := lock.Parse(lock.Name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		images.Lock = l
	}
	result, err := lint.Run(context.Background(), lint.Options{
		Inputs: inputs, Read: r.ReadFile, Parse: format.Parse(r, r.has, nil),
		Rules: All(), Known: ruleNames(), Platforms: arch.Default(),
		Images:   image.New(images),
		Download: known.Download, IgnoreComments: true, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range result.Problems {
		t.Errorf("%s:%d:%d: cannot be read: %s", p.Path, p.Line, p.Column, p.Message)
	}
	return result.Findings
}

func ruleNames() []string {
	var names []string
	for _, r := range All() {
		names = append(names, r.Name)
	}
	return names
}

// want is an expected finding.
type want struct {
	path    string
	line    int
	rule    string
	message *regexp.Regexp
	met     bool
}

var (
	wantComment = regexp.MustCompile(`(^|\s)#\s*want\s+(.*)$`)
	wantEntry   = regexp.MustCompile(`^\s*([a-z0-9-]+)\s+("(?:[^"\\]|\\.)*")`)
)

// wants reads the expectations of a file. A comment that has its line to itself
// is about the next line that is no such comment, another about its own line:
//
//	# want RULE "regexp of the message" [RULE "regexp" ...]
func wants(t *testing.T, file, text string) []*want {
	t.Helper()
	var out, pending []*want
	for i, line := range strings.Split(text, "\n") {
		m := wantComment.FindStringSubmatchIndex(line)
		if m == nil {
			for _, w := range pending {
				w.line = i + 1
			}
			pending = nil
			continue
		}
		rest := line[m[4]:m[5]]
		var found []*want
		for strings.TrimSpace(rest) != "" {
			e := wantEntry.FindStringSubmatch(rest)
			if e == nil {
				t.Fatalf("%s:%d: want comment is not understood at %q", file, i+1, rest)
			}
			pattern, err := strconv.Unquote(e[2])
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			found = append(found, &want{path: file, line: i + 1, rule: e[1], message: regexp.MustCompile(pattern)})
			rest = rest[len(e[0]):]
		}
		if len(found) == 0 {
			t.Fatalf("%s:%d: want comment without a rule", file, i+1)
		}
		if strings.TrimSpace(line[:m[0]]) == "" {
			pending = append(pending, found...)
		}
		out = append(out, found...)
	}
	return out
}

// TestRepositories lints the mini repositories in testdata/rules: every finding
// that counts by default is wanted, and every wanted finding is there.
func TestRepositories(t *testing.T) {
	const root = "../testdata/rules"
	archives, err := filepath.Glob(root + "/*/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no mini repositories in %s: %v", root, err)
	}
	sort.Strings(archives)
	shown := map[string]bool{} // rules that some repository of their own shows
	for _, file := range archives {
		rule := filepath.Base(filepath.Dir(file))
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(rule+"/"+name, func(t *testing.T) {
			if Find(rule) == nil {
				t.Fatalf("the folder %s is named after no rule", rule)
			}
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files := repository{}
			var expected []*want
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
				expected = append(expected, wants(t, f.Name, string(f.Data))...)
			}
			if quiet := strings.HasPrefix(name, "ok-"); quiet != (len(expected) == 0) {
				t.Fatalf("repositories are called ok-… if, and only if, nothing is wanted of them; this one has %d wants", len(expected))
			}
			for _, w := range expected {
				shown[rule] = shown[rule] || w.rule == rule
			}
			compare(t, expected, files.lint(t))
		})
	}
	for _, name := range ruleNames() {
		if !shown[name] {
			t.Errorf("no repository in %s/%s wants a finding of the rule", root, name)
		}
	}
}

func compare(t *testing.T, expected []*want, findings []lint.Finding) {
	t.Helper()
next:
	for _, f := range findings {
		at := f.Span.From()
		for _, w := range expected {
			if !w.met && w.path == f.Span.File.Path && w.line == at.Line && w.rule == f.Rule && w.message.MatchString(f.Message) {
				w.met = true
				continue next
			}
		}
		if f.Severity >= lint.Warning {
			t.Errorf("not wanted: %s", describe(f))
		}
	}
	for _, w := range expected {
		if !w.met {
			t.Errorf("%s:%d: wanted and not found: %s %q", w.path, w.line, w.rule, w.message)
		}
	}
}

func describe(f lint.Finding) string {
	at := f.Span.From()
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s]", f.Span.File.Path, at.Line, at.Column, f.Severity, f.Message, f.Rule)
}

// TestDemoShowsEveryRule keeps the repository that the README begins with from
// losing what it demonstrates.
func TestDemoShowsEveryRule(t *testing.T) {
	const root = "../testdata/demo"
	files := repository{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)] = string(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range files.lint(t) {
		if !slices.Contains(found, f.Rule) {
			found = append(found, f.Rule)
		}
	}
	// What takes a registry cannot be shown offline.
	online := []string{"single-platform-digest", "unknown-image"}
	for _, name := range ruleNames() {
		if !slices.Contains(found, name) && !slices.Contains(online, name) {
			t.Errorf("testdata/demo has no finding of %s", name)
		}
	}
}
