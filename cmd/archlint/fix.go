package main

import (
	"bytes"
	"context"
	"fmt"
	"sort"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/source"
)

// maxRounds bounds how often files are fixed and linted again: a fix can make room
// for the next one.
const maxRounds = 10

// repaired is what the fixes of a run come to.
type repaired struct {
	// result is that of the files as they are after the fixes.
	result *lint.Result
	// fixed is the number of findings that are gone.
	fixed int
	files []change
	// refused are the files of which fixes were not made, because they would have
	// changed more than they say: a bug.
	refused []string
}

// change is a file before and after.
type change struct {
	path          string
	before, after []byte
}

// repair lints files and applies the fixes of what it finds, in memory, until none
// is left. Only files that are reported on are changed. A file whose fixes do not
// hold what they promise stays as it was.
func repair(ctx context.Context, o lint.Options, unsafe bool) (*repaired, error) {
	original := map[string][]byte{}
	now := map[string][]byte{}
	read := o.Read
	o.Read = func(path string) ([]byte, error) {
		if data, ok := now[path]; ok {
			return data, nil
		}
		return read(path)
	}
	report, kinds := map[string]bool{}, map[string]facts.Kind{}
	for _, in := range o.Inputs {
		report[in.Path], kinds[in.Path] = in.Report, in.Kind
	}
	out := &repaired{}
	broken := map[string]bool{}
	var err error
	for range maxRounds {
		if out.result, err = lint.Run(ctx, o); err != nil {
			return nil, err
		}
		var plan fix.Plan
		safe, count := map[string]bool{}, map[string]int{}
		for i := range out.result.Findings {
			f := &out.result.Findings[i]
			if f.Fix == nil || !f.Fix.Safe && !unsafe {
				continue
			}
			edits, ok := editsOf(f.Fix, func(path string) bool { return report[path] && !broken[path] })
			if !ok || !plan.Add(edits) {
				continue
			}
			count[f.Span.File.Path]++
			for _, e := range edits {
				before, known := safe[e.Path]
				safe[e.Path] = f.Fix.Safe && (before || !known)
			}
		}
		changed := false
		for _, path := range plan.Paths() {
			before, err := o.Read(path)
			if err != nil {
				return nil, fmt.Errorf("fixing: %w", err)
			}
			after := plan.Apply(path, before)
			if bytes.Equal(before, after) {
				continue
			}
			if !holds(o, path, kinds[path], before, after, safe[path]) {
				broken[path] = true
				out.refused = append(out.refused, path)
				continue
			}
			if _, seen := original[path]; !seen {
				original[path] = before
			}
			now[path], changed = after, true
			out.fixed += count[path]
		}
		if !changed {
			break
		}
	}
	for path, before := range original {
		out.files = append(out.files, change{path, before, now[path]})
	}
	sort.Slice(out.files, func(i, j int) bool { return out.files[i].path < out.files[j].path })
	sort.Strings(out.refused)
	return out, nil
}

// editsOf returns the edits of a fix, false if it would change a file that is not to
// be changed.
func editsOf(f *lint.Fix, may func(path string) bool) ([]fix.Edit, bool) {
	var out []fix.Edit
	for _, e := range f.Edits {
		if e.Span.IsZero() || !may(e.Span.File.Path) {
			return nil, false
		}
		out = append(out, fix.Edit{Path: e.Span.File.Path, Start: e.Span.Start, End: e.Span.End, Text: e.Text})
	}
	return out, len(out) > 0
}

// holds reports whether a changed file can be read as well as before and, when all
// its fixes are safe, selects on linux/amd64 what it did.
func holds(o lint.Options, path string, kind facts.Kind, before, after []byte, safe bool) bool {
	was, is := o.Parse(kind, source.New(path, before)), o.Parse(kind, source.New(path, after))
	if len(is.Problems) > len(was.Problems) || len(is.Stages) != len(was.Stages) {
		return false
	}
	return !safe || kind != facts.Dockerfile || graph.Keeps(graph.Uses(was, arch.LinuxAMD64), graph.Uses(is, arch.LinuxAMD64))
}

// remembered asks for each image once, however often files are linted.
type remembered struct {
	images  lint.Images
	answers map[string]image.Answer
}

func (r *remembered) Resolve(ctx context.Context, references []string) map[string]image.Answer {
	var missing []string
	for _, ref := range references {
		if _, ok := r.answers[ref]; !ok {
			missing = append(missing, ref)
		}
	}
	if len(missing) > 0 && r.images != nil {
		for ref, a := range r.images.Resolve(ctx, missing) {
			r.answers[ref] = a
		}
	}
	return r.answers
}

// run lints, and fixes if that is asked for. done means that what is to be printed
// has been.
func (f *flags) run(ctx context.Context, cmd *cobra.Command, o lint.Options, root string) (result *lint.Result, done bool, err error) {
	if !f.fix && !f.unsafeFixes && !f.diff {
		result, err = lint.Run(ctx, o)
		return result, false, err
	}
	o.Images = &remembered{images: o.Images, answers: map[string]image.Answer{}}
	r, err := repair(ctx, o, f.unsafeFixes)
	if err != nil {
		return nil, false, err
	}
	for _, path := range r.refused {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s is left as it is: its fixes would change more than they say; please report it with the file\n", path)
	}
	errors, warnings, infos := r.result.Count()
	left := errors + warnings + infos
	if f.diff {
		for _, c := range r.files {
			if _, err := cmd.OutOrStdout().Write(fix.Diff(c.path, c.before, c.after)); err != nil {
				return nil, false, err
			}
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s would be fixed in %s, %d would be left\n", count(r.fixed, "finding"), count(len(r.files), "file"), left)
		result, err = lint.Run(ctx, o) // nothing has changed
		return result, true, err
	}
	for _, c := range r.files {
		if err := fix.Write(root, c.path, c.before, c.after); err != nil {
			return nil, false, err
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s fixed in %s\n", count(r.fixed, "finding"), count(len(r.files), "file"))
	return r.result, false, nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
