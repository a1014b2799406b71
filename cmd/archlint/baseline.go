package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/baseline"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/report"
)

// checkBaseline looks for flags that do not go together.
func (f *flags) checkBaseline(cmd *cobra.Command) error {
	changed := cmd.Flags().Changed
	// What is written or taken out has to come from all that could be found.
	refuse := func(flag string, others ...string) error {
		for _, other := range others {
			if changed(other) {
				return fmt.Errorf("--%s does not go with --%s", flag, other)
			}
		}
		return nil
	}
	if changed("write-baseline") {
		if f.writeBaseline == "" {
			return errors.New("--write-baseline needs the name of a file")
		}
		return refuse("write-baseline", "baseline", "update", "since", "isolated", "enable", "disable", "fix", "unsafe-fixes", "diff")
	}
	if changed("baseline") && f.baseline == "" {
		return errors.New("--baseline needs the name of a file")
	}
	if f.update {
		if f.baseline == "" {
			return errors.New("--update needs --baseline")
		}
		return refuse("update", "isolated", "diff")
	}
	return nil
}

// known takes the findings of a baseline out of results.
type known struct {
	file     string
	baseline *baseline.Baseline
	options  lint.Options // of the run
	root     string
	match    baseline.Match // of the last result
}

// newKnown reads the baseline and adds the filter to the options.
func (f *flags) newKnown(r *repository, o *lint.Options) (*known, error) {
	data, err := readAtMost(f.baseline, baseline.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s; archlint --write-baseline writes one", f.baseline)
	}
	if err != nil {
		return nil, err
	}
	k := &known{file: f.baseline, options: *o, root: r.root}
	if k.baseline, err = baseline.Parse(f.baseline, data); err != nil {
		return nil, err
	}
	o.Filters = append(o.Filters, k.filter)
	return k, nil
}

// readAtMost reads a file that the user names, and a byte more than it may have.
func readAtMost(file string, limit int64) ([]byte, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(io.LimitReader(in, limit+1))
}

func (k *known) filter(_ context.Context, r *lint.Result) error {
	report, unread, ran := map[string]bool{}, map[string]bool{}, map[string]bool{lint.UnusedIgnore: true}
	for _, in := range k.options.Inputs {
		report[in.Path] = in.Report
	}
	for _, p := range r.Problems {
		unread[p.Path] = true
	}
	for _, rule := range k.options.Rules {
		ran[rule.Name] = true
	}
	// What is found on the line of an image may depend on what is known of it.
	type line struct{ path, text string }
	open := map[line]bool{}
	for i := range r.Images {
		if !r.Images[i].Answer.Known {
			for _, use := range r.Images[i].Uses {
				open[line{use.File.Path, baseline.Line(lint.Content(use))}] = true
			}
		}
	}
	gone := func(path string) bool {
		if _, read := report[path]; read || !filepath.IsLocal(filepath.FromSlash(path)) {
			return !read
		}
		_, err := os.Lstat(filepath.Join(k.root, filepath.FromSlash(path)))
		return errors.Is(err, fs.ErrNotExist)
	}
	k.match = k.baseline.Match(r.Findings, baseline.Scope{
		Gone: gone,
		Judged: func(e baseline.Entry) bool {
			return ran[e.Rule] && (gone(e.Path) || report[e.Path] && !unread[e.Path] && !open[line{e.Path, e.Line}])
		},
	})
	r.Findings, r.Baselined = k.match.New, k.match.Known
	return nil
}

// finish says how many findings are left of the baseline, and takes out what is
// solved if that is asked for.
func (k *known) finish(w io.Writer, update, quiet, verbose bool) error {
	m, name := &k.match, report.Printable(k.file)
	left := len(m.Left.Entries)
	if update {
		if data := m.Left.Format(); len(m.Solved) > 0 || !sameEntries(k.baseline, m.Left) {
			if err := fix.Create(filepath.Dir(k.file), filepath.Base(k.file), data); err != nil {
				return fmt.Errorf("writing the baseline: %w", err)
			}
		}
	}
	if quiet {
		return nil
	}
	if verbose {
		for _, e := range m.Solved {
			fmt.Fprintf(w, "archlint: solved: %s: %s\n", report.Printable(e.Path), e)
		}
	}
	switch {
	case len(m.Solved) == 0:
	case update:
		fmt.Fprintf(w, "archlint: %s taken out of %s\n", count(len(m.Solved), "solved finding"), name)
	case len(m.Solved) == 1:
		fmt.Fprintf(w, "archlint: 1 finding in %s is solved; --update takes it out\n", name)
	default:
		fmt.Fprintf(w, "archlint: %d findings in %s are solved; --update takes them out\n", len(m.Solved), name)
	}
	if left == 0 {
		fmt.Fprintf(w, "archlint: nothing is left in %s: neither it nor --baseline is needed any more\n", name)
	} else {
		fmt.Fprintf(w, "archlint: %s left in %s\n", count(left, "finding"), name)
	}
	return nil
}

// sameEntries reports whether two baselines say the same.
func sameEntries(a, b *baseline.Baseline) bool { return string(a.Format()) == string(b.Format()) }

// writeKnown writes a baseline of what was found.
func (f *flags) writeKnown(w io.Writer, result *lint.Result) error {
	b := baseline.Of(result.Findings)
	if err := fix.Create(filepath.Dir(f.writeBaseline), filepath.Base(f.writeBaseline), b.Format()); err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	for _, p := range result.Problems {
		fmt.Fprintf(w, "archlint: %s: %s\n", report.Printable(p.Path), report.Printable(p.Message))
	}
	if !f.quiet {
		fmt.Fprintf(w, "archlint: %s written to %s; run archlint with --baseline from now on\n", count(len(b.Entries), "finding"), report.Printable(f.writeBaseline))
	}
	return nil
}
