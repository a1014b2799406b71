package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/config"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/source"
)

// The bounds on what is read of another revision.
const (
	maxDiff     = 64 << 20
	maxRevision = 256 << 20 // bytes of the files that archlint reads
)

// git runs git in the repository, as inertly as it can be run: nothing that a
// configuration names is started.
func git(ctx context.Context, root string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{
		"-C", root, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "diff.external=", "-c", "core.pager=cat",
	}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_EXTERNAL_DIFF=", "LC_ALL=C")
	return cmd
}

// printed returns what git prints, or why it fails, in one line.
func printed(cmd *exec.Cmd) (string, error) {
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &limited{w: &out, left: maxDiff}, &limited{w: &messages, left: 64 << 10}
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("git is not installed")
	}
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(messages.String()), "\n")
		if line == "" {
			line = err.Error()
		}
		return "", errors.New(line)
	}
	return out.String(), nil
}

// limited writes up to a number of bytes.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("it is too much")
	}
	return l.w.Write(p)
}

// difference is what is different from an earlier revision.
type difference struct {
	base  string                // the commit
	lines map[string][]lineSpan // by path as it is now; nil for all of a file
	from  map[string]string     // earlier paths, by those of now
}

type lineSpan struct{ from, to int }

// changedSince compares what is checked out with where a revision and it parted.
func changedSince(ctx context.Context, root, revision string) (*difference, error) {
	wanted, err := printed(git(ctx, root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}"))
	if err != nil {
		if strings.HasPrefix(err.Error(), "exit status") {
			err = errors.New("git knows no such commit; in a shallow clone it has to be fetched first (actions/checkout: fetch-depth: 0)")
		}
		return nil, fmt.Errorf("--since %s: %w", revision, err)
	}
	base, err := printed(git(ctx, root, "merge-base", strings.TrimSpace(wanted), "HEAD"))
	if err != nil {
		return nil, fmt.Errorf("--since %s: there is no commit from which it and HEAD come; in a shallow clone more has to be fetched first (actions/checkout: fetch-depth: 0)", revision)
	}
	c := &difference{base: strings.TrimSpace(base), lines: map[string][]lineSpan{}, from: map[string]string{}}
	diff, err := printed(git(ctx, root, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=0", "--find-renames", "--ignore-submodules",
		"--src-prefix=a/", "--dst-prefix=b/", "--no-relative", c.base, "--"))
	if err != nil {
		return nil, fmt.Errorf("--since %s: %w", revision, err)
	}
	c.read(diff)
	others, err := printed(git(ctx, root, "ls-files", "--others", "--exclude-standard", "-z"))
	if err != nil {
		return nil, fmt.Errorf("--since %s: %w", revision, err)
	}
	for _, p := range strings.Split(others, "\x00") {
		if p != "" {
			c.lines[p] = nil
		}
	}
	return c, nil
}

var hunk = regexp.MustCompile(`^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@`)

// read takes the changed lines out of a diff without context.
func (c *difference) read(diff string) {
	name, from := "", ""
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "diff --git "):
			name, from = "", ""
		case strings.HasPrefix(line, "rename from "):
			from = unquoted(strings.TrimPrefix(line, "rename from "))
		case strings.HasPrefix(line, "rename to "):
			c.from[unquoted(strings.TrimPrefix(line, "rename to "))] = from
		case strings.HasPrefix(line, "+++ ") && name == "":
			name = strings.TrimPrefix(unquoted(strings.TrimSuffix(line[4:], "\t")), "b/")
		case name != "":
			m := hunk.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			start, _ := strconv.Atoi(m[1])
			n := 1
			if m[2] != "" {
				n, _ = strconv.Atoi(m[2])
			}
			if n > 0 {
				c.lines[name] = append(c.lines[name], lineSpan{start, start + n - 1})
			}
		}
	}
}

// unquoted undoes git's quotes around names with odd characters.
func unquoted(s string) string {
	if strings.HasPrefix(s, `"`) {
		if u, err := strconv.Unquote(s); err == nil {
			return u
		}
	}
	return s
}

// has reports whether a place is on a changed line.
func (c *difference) has(s source.Span) bool {
	if s.IsZero() {
		return false
	}
	spans, ok := c.lines[s.File.Path]
	if !ok {
		return false
	}
	from, to := s.From().Line, s.To().Line
	for _, span := range spans {
		if span.from <= to && from <= span.to {
			return true
		}
	}
	return spans == nil
}

// tree are the files of an earlier revision, as far as archlint reads them.
type tree map[string][]byte

// ReadFile makes it what front ends read other files from.
func (t tree) ReadFile(p string) ([]byte, error) {
	if data, ok := t[path.Clean(p)]; ok {
		return data, nil
	}
	return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
}

// readTree reads the files of a commit.
func readTree(ctx context.Context, root, commit string, settings *config.Config) (tree, []lint.Input, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := git(ctx, root, "archive", "--format=tar", commit)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	files, left := tree{}, maxRevision
	var inputs []lint.Input
	archive := tar.NewReader(bufio.NewReaderSize(pipe, 1<<20))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		kind, ok := discover.Candidate(header.Name)
		// Files without a kind are read for those that call them: scripts, settings.
		if header.Typeflag != tar.TypeReg || header.Size > source.MaxFileSize || !ok && header.Size > 256<<10 {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(archive, header.Size))
		if err != nil {
			return nil, nil, err
		}
		if left -= len(data); left < 0 {
			return nil, nil, fmt.Errorf("its files are larger than %d MiB", maxRevision>>20)
		}
		files[header.Name] = data
		if ok && !settings.Excluded(header.Name) {
			inputs = append(inputs, lint.Input{Path: header.Name, Kind: kind, Report: true})
		}
	}
	_, _ = io.Copy(io.Discard, pipe)
	return files, inputs, cmd.Wait()
}

// since returns what leaves the findings that are on changed lines, or that the
// earlier revision did not have: a line that is taken away in one file may show in
// another.
func (f *flags) sinceFilter(ctx context.Context, cmd *cobra.Command, r *repository, o lint.Options) (func([]lint.Finding) []lint.Finding, error) {
	c, err := changedSince(ctx, r.root, f.since)
	if err != nil {
		return nil, usage(err)
	}
	files, inputs, err := readTree(ctx, r.root, c.base, r.settings)
	if err != nil {
		return nil, failure(fmt.Errorf("--since %s: reading %s: %w", f.since, c.base, err))
	}
	o.Inputs, o.Read, o.Problems, o.Keep = inputs, files.ReadFile, nil, nil
	o.Parse = format.Parse(files, linted(inputs))
	before, err := lint.Run(ctx, o)
	if err != nil {
		return nil, f.failed(err)
	}
	had := map[string]int{}
	for i := range before.Findings {
		had[before.Findings[i].Identity("")]++
	}
	return func(findings []lint.Finding) []lint.Finding {
		left := make(map[string]int, len(had))
		for identity, n := range had {
			left[identity] = n
		}
		var out []lint.Finding
		for i := range findings {
			finding := &findings[i]
			changed := c.has(finding.Span)
			for _, related := range finding.Related {
				changed = changed || c.has(related.Span)
			}
			path := ""
			if !finding.Span.IsZero() {
				path = c.from[finding.Span.File.Path]
			}
			identity := finding.Identity(path)
			if known := left[identity] > 0; known {
				left[identity]--
				if !changed {
					continue
				}
			}
			out = append(out, *finding)
		}
		if n := len(findings) - len(out); n > 0 && !f.quiet {
			fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s not shown, which %s had already\n", count(n, "finding"), f.since)
		}
		return out
	}, nil
}
