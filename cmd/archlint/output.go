package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/config/spell"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/report"
)

// output is one report to write; without a file, to standard output.
type output struct {
	name, file string
}

// formats lists the formats for people.
func formats() string {
	names := slices.Sorted(maps.Keys(report.Formats()))
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// outputs returns what --format asks for. Two reports in one place would be of no use
// to whoever reads it.
func (f *flags) outputs() ([]output, error) {
	var out []output
	taken := map[string]string{}
	for _, s := range f.formats {
		name, file, ok := strings.Cut(s, "=")
		if _, known := report.Formats()[name]; !known {
			if near := spell.Nearest(name, slices.Sorted(maps.Keys(report.Formats()))); near != "" {
				return nil, fmt.Errorf("there is no format %q; did you mean %q?", name, near)
			}
			return nil, fmt.Errorf("there is no format %q; it is %s", name, formats())
		}
		if ok && file == "" {
			return nil, fmt.Errorf("--format %s names no file", s)
		}
		place, where := file, file
		if file == "" || file == "-" || file == "/dev/stdout" {
			file, place, where = "", "", "standard output"
		} else if abs, err := filepath.Abs(file); err == nil {
			place = abs
		}
		if other, ok := taken[place]; ok {
			return nil, fmt.Errorf("--format %s and --format %s both go to %s", other, s, where)
		}
		taken[place] = s
		out = append(out, output{name, file})
	}
	return out, nil
}

// write writes the reports; silent is for those to standard output only. What goes wrong
// with one does not keep the others from being written.
func (f *flags) write(stdout io.Writer, r *repository, result *lint.Result, selected []*lint.Rule, outputs []output, silent bool) error {
	var failed []error
	for _, out := range outputs {
		if silent && out.file == "" {
			continue
		}
		if err := f.writeOne(stdout, report.Options{Version: version, Quiet: f.quiet, Rel: r.rel, Rules: selected}, result, out); err != nil {
			failed = append(failed, fmt.Errorf("writing the %s report: %w", out.name, err))
		}
	}
	return errors.Join(failed...)
}

func (f *flags) writeOne(stdout io.Writer, o report.Options, result *lint.Result, out output) error {
	format := report.Formats()[out.name]
	if out.file == "" {
		o.Color = f.colored(os.Stdout)
		if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			o.Width = width
		}
		return format(stdout, result, o)
	}
	o.Color = f.color == "always"
	var buffer bytes.Buffer
	if err := format(&buffer, result, o); err != nil {
		return err
	}
	return writeReport(out.file, buffer.Bytes())
}

// writeReport writes a report at once, so that nobody reads half of one, and follows no
// symbolic link, which a repository may hold in its place. A pipe or a device
// cannot be replaced; it is written to.
func writeReport(file string, data []byte) error {
	if info, err := os.Lstat(file); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeDevice) != 0 || strings.HasPrefix(file, "/dev/") {
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
	folder := filepath.Dir(file)
	if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("there is no folder for it: %w", err)
	}
	return createFile(file, data)
}

// createFile writes a file that the user names. If it lies in the repository, no link of
// the repository makes it another one outside.
func createFile(file string, data []byte) error {
	wd, err := os.Getwd()
	if err != nil {
		return err
	}
	if abs, err := filepath.Abs(file); err == nil {
		root := discover.Root(wd)
		if rel, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(rel) {
			return fix.Create(root, filepath.ToSlash(rel), data)
		}
	}
	return fix.Create(filepath.Dir(file), filepath.Base(file), data)
}

func (f *flags) colored(out *os.File) bool {
	switch f.color {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isatty.IsTerminal(out.Fd())
}
