package main

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/lock"
	"github.com/archlint/archlint/lint/image/registry"
	"github.com/archlint/archlint/lint/report"
)

func newLock() *cobra.Command {
	var f flags
	check := false
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Write down what registries say about the images of the repository",
		Long: `Asks the registries for all images that the repository uses, and writes what they
say to .archlint.lock at its root, to be committed. Runs then need no network for
these images and find the same everywhere.

With --check nothing is written. It fails if an image has lost or gained a platform
or is gone, if one that is used is not in the lock, or if the lock has one that is
not used any more.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.lock(cmd, check) },
	}
	f.registerRepository(cmd)
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; fail if what the lock says is not so any more")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "fail also if an image cannot be asked for")
	return cmd
}

// lockable returns the reference under which an image is locked: false for what the
// user has said, what the name says, and what is no reference.
func lockable(i *lint.Image) (image.Reference, bool) {
	r, err := image.Parse(i.Reference)
	if err != nil || i.Answer.Provenance == image.FromConfig {
		return r, false
	}
	if _, _, named := image.ArchInName(i.Written); named {
		return r, false
	}
	return r, true
}

// drift is what has changed since images were locked.
type drift struct {
	lost, other    []string // lines that fail a check
	moved, unasked []string // lines that do not
}

func (f *flags) lock(cmd *cobra.Command, check bool) error {
	if f.offline && !check {
		return usage(fmt.Errorf("archlint lock asks registries; --offline goes with --check only"))
	}
	ctx, cancel := f.limited(cmd)
	defer cancel()
	r, err := f.openAll()
	var broken *lock.Problem
	switch {
	case errors.As(err, &broken) && !broken.Newer && !check:
		// It is written anew.
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %v\n", broken)
	case err != nil:
		return err
	}
	if err := f.find(ctx, cmd, r, nil); err != nil {
		return err
	}
	o := image.Options{Timeout: f.timeout / 4 * 3}
	if r.settings != nil {
		o.Config = r.settings.PlatformsOf
	}
	if !f.offline {
		// Whatever the age of what is cached, the registries are asked again.
		o.Source = f.source(r, registry.Options{TagAge: time.Nanosecond})
	}
	result, err := lint.Run(ctx, f.options(r, image.New(o)))
	if err != nil {
		return f.failed(err)
	}
	for _, p := range result.Problems {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s:%d:%d: %s\n", report.Printable(p.Path), p.Line, p.Column, report.Printable(p.Message))
	}
	old := r.lock
	if old == nil {
		old = &lock.Lock{}
	}
	next, d := compare(old, result.Images, f.offline, time.Now())
	if check {
		return f.reportDrift(cmd, d, len(next.Entries))
	}
	if r.lock == nil && len(next.Entries) == 0 && len(d.unasked) > 0 {
		for _, line := range d.unasked {
			fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s\n", line)
		}
		return failure(fmt.Errorf("nothing is known of any image, so %s is not written", lock.Name))
	}
	if err := fix.Create(r.root, lock.Name, next.Format()); err != nil {
		return failure(err)
	}
	for _, line := range d.unasked {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s\n", line)
	}
	for _, line := range append(append(d.lost, d.other...), d.moved...) {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", lock.Name, count(len(next.Entries), "image"))
	if f.strict && len(d.unasked) > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

// compare puts what registries say now beside what is locked.
func compare(old *lock.Lock, images []lint.Image, offline bool, now time.Time) (*lock.Lock, drift) {
	next := &lock.Lock{Entries: map[image.Reference]lock.Entry{}}
	var d drift
	used := map[image.Reference]bool{}
	for n := range images {
		i := &images[n]
		r, ok := lockable(i)
		if !ok {
			continue
		}
		used[r] = true
		name := report.Printable(r.String())
		before, locked := old.Entries[r]
		if offline {
			if !locked {
				d.other = append(d.other, name+" is not locked")
			}
			continue
		}
		entry, ok := lock.Of(i.Answer, now)
		if ok && i.Answer.Provenance == image.FromCache && r.Digest == "" {
			// The registry did not answer, and the cache is no news.
			ok, i.Answer.Detail = false, "the registry did not answer"
		}
		switch {
		case !ok && i.Answer.Reason == image.NotFound && locked:
			d.other = append(d.other, fmt.Sprintf("%s is gone (locked %s)", name, before.Date.Format(time.DateOnly)))
		case !ok:
			d.unasked = append(d.unasked, fmt.Sprintf("%s is not known: %s", name, report.Printable(i.Answer.Detail)))
			if locked {
				next.Entries[r] = before
			}
		case !locked:
			d.other = append(d.other, fmt.Sprintf("%s is not locked (has %s)", name, entry.Platforms))
			next.Entries[r] = entry
		case before.Same(entry):
			next.Entries[r] = before
		default:
			d.compare(name, before, entry)
			next.Entries[r] = entry
		}
	}
	for r, before := range old.Entries {
		if !used[r] {
			d.other = append(d.other, fmt.Sprintf("%s is locked and not used (locked %s)", report.Printable(r.String()), before.Date.Format(time.DateOnly)))
		}
	}
	sort.Strings(d.lost)
	sort.Strings(d.other)
	sort.Strings(d.moved)
	return next, d
}

// compare notes what has become of an image.
func (d *drift) compare(name string, before, after lock.Entry) {
	lost, gained := after.Platforms.Missing(before.Platforms), before.Platforms.Missing(after.Platforms)
	since := before.Date.Format(time.DateOnly)
	switch {
	case len(lost) > 0:
		d.lost = append(d.lost, fmt.Sprintf("%s lost %s (has %s; locked %s)", name, lost, after.Platforms, since))
	case len(gained) > 0:
		d.other = append(d.other, fmt.Sprintf("%s gained %s (locked %s)", name, gained, since))
	case len(after.Contradictions) != len(before.Contradictions):
		d.other = append(d.other, fmt.Sprintf("%s: what its manifests say about its platforms has changed (locked %s)", name, since))
	default:
		d.moved = append(d.moved, fmt.Sprintf("%s is another image with the same platforms (locked %s)", name, since))
	}
}

func (f *flags) reportDrift(cmd *cobra.Command, d drift, images int) error {
	w := cmd.OutOrStdout()
	list(w, d.lost)
	list(w, d.other)
	list(w, d.moved)
	list(cmd.ErrOrStderr(), d.unasked)
	if len(d.lost)+len(d.other) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s is not current; look at what has changed, and run archlint lock\n", lock.Name)
		return &exitError{code: exitFindings}
	}
	if f.strict && len(d.unasked) > 0 {
		return &exitError{code: exitFindings}
	}
	if !f.offline {
		fmt.Fprintf(w, "%s is current: %s\n", lock.Name, count(images, "image"))
	}
	return nil
}

func list(w io.Writer, lines []string) {
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}
