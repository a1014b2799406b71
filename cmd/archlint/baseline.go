package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/baseline"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/secret"
	"github.com/archlint/archlint/rules"
)

// maxStale is how many solved entries are listed, unless the user wants to know more.
const maxStale = 5

// baselineFlags are the flags for a baseline.
type baselineFlags struct {
	file, write string
	update      bool
}

func (b *baselineFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&b.file, "baseline", "", "do not report the findings that this `file` knows")
	set.StringVar(&b.write, "write-baseline", "", "write the findings to this `file`, for --baseline, in place of reporting them")
	set.BoolVar(&b.update, "update", false, "take what is solved out of the file of --baseline")
}

// checkBaseline finds flags that do not go together.
func (f *flags) checkBaseline() error {
	b := &f.baseline
	switch {
	case b.write != "" && (b.file != "" || b.update):
		return usage(errors.New("--write-baseline begins anew; leave out --baseline and --update"))
	case b.update && b.file == "":
		return usage(errors.New("--update takes what is solved out of a baseline; name it with --baseline"))
	case b.update && f.platforms != "":
		return usage(errors.New("--update needs to see all platforms; leave out --platforms"))
	case (b.write != "" || b.update) && f.isolated:
		return usage(errors.New("a baseline is of the whole repository; leave out --isolated"))
	case (b.write != "" || b.update) && f.diff:
		return usage(errors.New("--diff changes nothing; leave it out to write a baseline"))
	case b.write != "" && (f.fix || f.unsafeFixes):
		return usage(errors.New("--write-baseline does not go with fixes; make them first"))
	}
	return nil
}

// loadBaseline reads a baseline; ok is false if there is none.
func loadBaseline(file, root string) (entries []baseline.Entry, ok bool, err error) {
	data, err := readNamed(file, root, baseline.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, usage(fmt.Errorf("reading the baseline: %w", err))
	}
	if entries, err = baseline.Parse(report.Printable(filepath.ToSlash(file)), data); err != nil {
		return nil, false, usage(err)
	}
	return entries, true, nil
}

// judged tells for which entries of a baseline a run would have had a finding.
func (f *flags) judged(r *repository, result *lint.Result, ran []*lint.Rule) func(baseline.Entry) bool {
	reported := map[string]bool{}
	for _, in := range r.inputs {
		reported[in.Path] = in.Report
	}
	unread := map[string]bool{}
	for _, p := range result.Problems {
		unread[p.Path] = true
	}
	// The line of an image of which nothing could be learnt now says nothing.
	type line struct{ path, code string }
	unknown := map[line]bool{}
	for _, i := range result.Images {
		if i.Answer.Known {
			continue
		}
		for _, use := range i.Uses {
			e := baseline.Of([]lint.Finding{{Span: use}})[0]
			unknown[line{e.Path, e.Code}] = true
		}
	}
	all := len(ran) == len(rules.All())
	return func(e baseline.Entry) bool {
		switch {
		case f.isolated, unread[e.Path], unknown[line{e.Path, e.Code}]:
			return false
		case e.Rule == lint.UnusedIgnore:
			if !all || f.noIgnores {
				return false
			}
		case rules.Find(e.Rule) != nil && !slices.ContainsFunc(ran, func(rule *lint.Rule) bool { return rule.Name == e.Rule }):
			return false
		}
		if f.platforms != "" && slices.ContainsFunc(e.Platforms, func(p string) bool { return !slices.Contains(r.platforms.Strings(), p) }) {
			return false
		}
		if report, read := reported[e.Path]; read {
			return report
		}
		// A file that is there and is not read now may have been named then.
		_, err := os.Lstat(filepath.Join(r.root, filepath.FromSlash(e.Path)))
		return err != nil || r.settings.Excluded(e.Path)
	}
}

// adopt takes the findings that a baseline knows out of a result, or writes a
// baseline of all. done means that there is nothing to report.
func (f *flags) adopt(w io.Writer, r *repository, result *lint.Result, ran []*lint.Rule) (done bool, err error) {
	b := &f.baseline
	file := b.file + b.write
	if file == "" {
		return false, nil
	}
	entries, ok, err := loadBaseline(file, r.root)
	if err != nil {
		return false, err
	}
	shown := report.Printable(file)
	if b.file != "" && !ok {
		return false, usage(fmt.Errorf("there is no baseline %s; write it with --write-baseline", shown))
	}
	m := baseline.Compare(entries, result.Findings, f.judged(r, result, ran))
	if b.write != "" {
		left := append(m.Left, baseline.Of(m.New)...)
		if err := writeBaseline(file, left); err != nil {
			return false, err
		}
		fmt.Fprintf(w, "archlint: %s written to %s\n", count(len(left), "finding"), shown)
		return true, nil
	}
	result.Findings, result.Baselined = m.New, len(m.Known)
	if b.update && !slices.EqualFunc(entries, m.Left, func(a, b baseline.Entry) bool { return a.String() == b.String() }) {
		if err := writeBaseline(file, m.Left); err != nil {
			return false, err
		}
	}
	f.sayBaseline(w, shown, m)
	return false, nil
}

// sayBaseline says how much of a baseline is left.
func (f *flags) sayBaseline(w io.Writer, file string, m baseline.Match) {
	if n := len(m.Stale); n > 0 {
		if f.baseline.update {
			fmt.Fprintf(w, "archlint: %s solved and taken out of %s\n", count(n, "finding"), file)
		} else {
			fmt.Fprintf(w, "archlint: %s of %s solved; --update takes what is solved out\n", count(n, "finding"), file)
			for i, e := range m.Stale {
				if i == maxStale && !f.verbose {
					fmt.Fprintf(w, "archlint: solved: %d more; --verbose lists them\n", n-i)
					break
				}
				fmt.Fprintf(w, "archlint: solved: %s\n", report.Printable(secret.Hide(e.String())))
			}
		}
	}
	switch {
	case len(m.Left) == 0:
		fmt.Fprintf(w, "archlint: nothing of %s is left; remove it and --baseline\n", file)
	case !f.quiet:
		fmt.Fprintf(w, "archlint: %s of %s left\n", count(len(m.Left), "finding"), file)
	}
}

func writeBaseline(file string, entries []baseline.Entry) error {
	if err := createFile(file, baseline.Format(entries)); err != nil {
		return failure(fmt.Errorf("the baseline: %w", err))
	}
	return nil
}
