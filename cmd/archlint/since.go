package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/baseline"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/git"
	"github.com/archlint/archlint/lint/source"
)

// checkSince finds flags that do not go with --since.
func (f *flags) checkSince(args []string) error {
	switch {
	case f.since == "":
		return nil
	case f.fix || f.unsafeFixes || f.diff:
		return usage(errors.New("--since does not go with fixes; name the files to fix"))
	case f.baseline.write != "":
		return usage(errors.New("a baseline is of all findings; leave out --since"))
	case slices.Contains(args, "-"):
		return usage(errors.New("--since asks git, which does not know standard input"))
	}
	return nil
}

// changes asks git what has changed; nil without --since.
func (f *flags) changes(ctx context.Context, w io.Writer, r *repository) (*git.Changes, error) {
	if f.since == "" {
		return nil, nil
	}
	c, err := git.Since(ctx, r.root, f.since)
	var wrong *git.WrongRevision
	switch {
	case errors.As(err, &wrong):
		return nil, usage(fmt.Errorf("--since: %w", err))
	case err != nil:
		return nil, f.failed(fmt.Errorf("--since: %w", err))
	}
	if f.verbose {
		fmt.Fprintf(w, "archlint: compared with commit %s\n", c.Base)
	}
	return c, nil
}

// narrow leaves the findings of a result that come of a change: those on changed lines,
// those that refer to changed lines, and those that were not there before it. For the
// last, the repository as it was is linted with the same settings, so that only files
// can make a difference.
func narrow(ctx context.Context, c *git.Changes, o lint.Options, r *repository, result *lint.Result) error {
	if len(result.Findings) == 0 {
		return nil
	}
	keep := make([]bool, len(result.Findings))
	var rest []int
	for i := range result.Findings {
		touched, err := touches(ctx, c, &result.Findings[i])
		if err != nil {
			return err
		}
		if keep[i] = touched; !touched {
			rest = append(rest, i)
		}
	}
	if len(rest) > 0 {
		before, err := lint.Run(ctx, optionsBefore(ctx, c, o, r))
		if err == nil {
			err = c.Failure()
		}
		if err != nil {
			return err
		}
		fresh := appeared(c, before.Findings, result.Findings, rest)
		for _, i := range rest {
			keep[i] = fresh[i]
		}
	}
	var kept []lint.Finding
	for i := range result.Findings {
		if keep[i] {
			kept = append(kept, result.Findings[i])
		}
	}
	result.Unchanged = len(result.Findings) - len(kept)
	result.Findings = kept
	return nil
}

// touches reports whether a finding is on changed lines or refers to some.
func touches(ctx context.Context, c *git.Changes, f *lint.Finding) (bool, error) {
	spans := []source.Span{f.Span}
	for _, related := range f.Related {
		spans = append(spans, related.Span)
	}
	for _, s := range spans {
		if s.IsZero() {
			continue
		}
		if touched, err := c.Touches(ctx, s.File.Path, s.From().Line, s.To().Line); err != nil || touched {
			return touched, err
		}
	}
	return false, nil
}

// appeared returns which of the findings now have none like them before: of the same
// rule, in the same file, on the same code, for the same platforms, and as serious.
func appeared(c *git.Changes, before, now []lint.Finding, rest []int) map[int]bool {
	bySeverity := map[lint.Severity][]lint.Finding{}
	for _, f := range before {
		bySeverity[f.Severity] = append(bySeverity[f.Severity], f)
	}
	fresh := map[int]bool{}
	var pool []baseline.Entry
	for _, severity := range []lint.Severity{lint.Error, lint.Warning, lint.Info} {
		for _, e := range baseline.Of(bySeverity[severity]) {
			if path, ok := c.After(e.Path); ok {
				e.Path = path
				pool = append(pool, e)
			}
		}
		var indexes []int
		var findings []lint.Finding
		for _, i := range rest {
			if now[i].Severity == severity {
				indexes, findings = append(indexes, i), append(findings, now[i])
			}
		}
		known, stale := baseline.Known(pool, findings)
		for n, i := range indexes {
			fresh[i] = !known[n]
		}
		// What is less serious now than it was is no news.
		pool = stale
	}
	return fresh
}

// optionsBefore are those of a run over the repository as it was.
func optionsBefore(ctx context.Context, c *git.Changes, o lint.Options, r *repository) lint.Options {
	now := o.Read
	o.Read = func(path string) ([]byte, error) { return c.Read(ctx, path, source.MaxFileSize, now) }
	kinds := map[string]lint.Input{}
	for _, in := range o.Inputs {
		path, ok := c.Before(in.Path)
		if !ok {
			continue
		}
		if kind, known := discover.KindFound(path); known && path != in.Path {
			in.Kind = kind
		}
		in.Path, in.Report = path, true
		kinds[path] = in
	}
	for _, path := range c.Gone() {
		if kind, ok := discover.KindFound(path); ok && !r.settings.Excluded(path) {
			kinds[path] = lint.Input{Path: path, Kind: kind, Report: kind != facts.BuildScript}
		}
	}
	o.Inputs = nil
	for _, in := range kinds {
		o.Inputs = append(o.Inputs, in)
	}
	o.Parse = format.Parse(filesBefore{c, ctx, r.files}, linted(o.Inputs), nil)
	o.Problems = nil
	return o
}

// filesBefore reads what a file of the repository referred to.
type filesBefore struct {
	changes *git.Changes
	ctx     context.Context
	files   files
}

func (f filesBefore) ReadFile(p string) ([]byte, error) {
	data, err := f.changes.Read(f.ctx, p, source.MaxFileSize, f.files.ReadFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("reading %s: %w", p, err)
	}
	return data, err
}
