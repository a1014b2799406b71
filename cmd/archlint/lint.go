package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/config"
	"github.com/archlint/archlint/lint/config/spell"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/format/kubernetes"
	"github.com/archlint/archlint/lint/git"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/lock"
	"github.com/archlint/archlint/lint/image/registry"
	"github.com/archlint/archlint/lint/render"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
	"github.com/archlint/archlint/rules"
)

// flags are the flags of the main command.
type flags struct {
	platforms              string
	offline                bool
	formats                []string
	failOn                 string
	enable, disable        []string
	config                 string
	configRevision         string
	noRepoConfig           bool
	color                  string
	quiet                  bool
	isolated               bool
	verbose                bool
	jobs                   int
	timeout                time.Duration
	stdinFilename          string
	fix, unsafeFixes, diff bool
	noIgnores              bool
	strict                 bool
	cache                  cacheDir
	baseline               baselineFlags
	since                  string
	render                 bool
}

func (f *flags) register(cmd *cobra.Command) {
	f.registerRepository(cmd)
	f.baseline.register(cmd)
	set := cmd.Flags()
	set.StringArrayVar(&f.formats, "format", []string{"text"}, "output format `NAME[=FILE]`: "+formats()+"; may be repeated")
	set.StringVar(&f.failOn, "fail-on", "warning", "exit with 1 on findings of this severity or above: error, warning, info or never")
	set.StringSliceVar(&f.enable, "enable", nil, "run only these `rules`")
	set.StringSliceVar(&f.disable, "disable", nil, "do not run these `rules`")
	set.StringVar(&f.since, "since", "", "report only what has come since this `revision` of git: on changed lines, or caused by them")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "print findings only, no summary")
	set.BoolVar(&f.strict, "strict", false, "make errors of images of which nothing can be learnt")
	set.BoolVar(&f.fix, "fix", false, "make the safe fixes: linux/amd64 stays as it is, the other platforms become right")
	set.BoolVar(&f.unsafeFixes, "unsafe-fixes", false, "make also the fixes that need a look")
	set.BoolVar(&f.diff, "diff", false, "print fixes as a diff in place of making them")
	set.StringVar(&f.stdinFilename, "stdin-filename", "", "`path` under which - (standard input) is linted")
	set.BoolVar(&f.noIgnores, "no-inline-ignores", false, "take no notice of archlint:ignore comments")
	set.StringVar(&f.color, "color", "auto", "colour the text: auto, always or never")
	set.BoolVar(&f.isolated, "isolated", false, "read the named files only, not the repository around them")
}

// registerRepository registers what all commands have that read a repository.
func (f *flags) registerRepository(cmd *cobra.Command) {
	f.registerImages(cmd)
	set := cmd.Flags()
	set.BoolVarP(&f.verbose, "verbose", "v", false, "say on standard error what is read and asked")
	set.BoolVar(&f.render, "render", false, "have helm render the charts, and read what they deploy by default; runs helm template")
	set.IntVar(&f.jobs, "jobs", 0, "files to read at a time (default: one for each processor)")
}

// registerImages registers what all commands have that look for images.
func (f *flags) registerImages(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&f.platforms, "platforms", "", "required platforms, separated by commas (default linux/amd64,linux/arm64)")
	set.BoolVar(&f.offline, "offline", false, "ask no registry; use the lock, the cache and what is built in")
	set.StringVar(&f.config, "config", "", "configuration `file` (default .archlint.yaml, found upwards)")
	set.StringVar(&f.configRevision, "config-revision", "", "read the configuration as it is at this `revision` of git")
	set.BoolVar(&f.noRepoConfig, "no-repo-config", false, "take no notice of the .archlint.yaml of the repository, which a stranger may have written")
	set.DurationVar(&f.timeout, "timeout", 2*time.Minute, "give up after this time")
	f.cache.register(cmd)
}

// repository is what a command reads.
type repository struct {
	wd, root  string
	files     files
	settings  *config.Config // nil if there is none
	lock      *lock.Lock     // nil if there is none
	platforms arch.Set
	inputs    []lint.Input
	problems  []discover.Problem
	charts    *kubernetes.Charts // those that were rendered, nil if none was
	// unrendered are the charts that could not be.
	unrendered []lint.Problem
	read       func(path string) ([]byte, error)
}

func newRepository(wd, root string) *repository {
	return &repository{wd: wd, root: root, files: files{discover.NewReader(root)}}
}

// open finds the repository that the program was started in, and its settings. With
// the error that its lock cannot be understood, it returns the rest.
func (f *flags) open() (*repository, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, failure(err)
	}
	return f.openAt(wd, discover.Root(wd))
}

// openAll is open as if at the root: for what is about the whole repository,
// wherever in it the user is.
func (f *flags) openAll() (*repository, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, failure(err)
	}
	root := discover.Root(wd)
	return f.openAt(root, root)
}

func (f *flags) openAt(wd, root string) (*repository, error) {
	r := newRepository(wd, root)
	err := f.cache.check(root)
	if err != nil {
		return nil, usage(err)
	}
	if r.settings, err = f.settings(wd, root); err != nil {
		return nil, usage(err)
	}
	if r.platforms, err = f.required(r.settings); err != nil {
		return nil, usage(err)
	}
	data, err := discover.ReadFile(r.root, lock.Name, lock.MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return nil, usage(err)
	}
	shown, err := filepath.Rel(wd, filepath.Join(r.root, lock.Name))
	if err != nil {
		shown = lock.Name
	}
	if r.lock, err = lock.Parse(filepath.ToSlash(shown), data); err != nil {
		return r, usage(err)
	}
	return r, nil
}

// find finds the files that arguments name.
func (f *flags) find(ctx context.Context, cmd *cobra.Command, r *repository, args []string) error {
	var err error
	if r.inputs, r.read, r.problems, err = f.inputs(ctx, cmd.InOrStdin(), r, args); err != nil {
		return usage(err)
	}
	collectGarbage(len(r.inputs))
	if f.verbose {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %d files below %s\n", len(r.inputs), r.root)
	}
	if f.render {
		return f.renderCharts(ctx, cmd, r)
	}
	return nil
}

// renderCharts has helm render the charts of which something is reported.
func (f *flags) renderCharts(ctx context.Context, cmd *cobra.Command, r *repository) error {
	var found, dirs []string
	for _, in := range r.inputs {
		found = append(found, in.Path)
	}
	for _, dir := range render.Find(found) {
		if slices.ContainsFunc(r.inputs, func(in lint.Input) bool { return in.Report && (dir == "." || strings.HasPrefix(in.Path, dir+"/")) }) {
			dirs = append(dirs, dir)
		}
	}
	jobs := f.jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	charts, problems, err := render.Helm(ctx, r.root, dirs, jobs)
	if errors.Is(err, context.DeadlineExceeded) {
		return f.failed(err)
	}
	if err != nil {
		return usage(err)
	}
	r.charts = &kubernetes.Charts{Made: charts, Linted: linted(r.inputs)}
	for _, p := range problems {
		r.unrendered = append(r.unrendered, lint.Problem{Path: p.Path, Line: 1, Column: 1, Message: p.Message})
	}
	if f.verbose {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: helm has rendered %d of %d charts\n", len(charts), len(dirs))
	}
	return nil
}

// options are those of a run over a repository.
func (f *flags) options(r *repository, images lint.Images) lint.Options {
	return lint.Options{
		Inputs: r.inputs,
		Read:   r.read,
		Parse:  format.Parse(r.files, linted(r.inputs), r.charts),
		Known:  names(rules.All()), Platforms: r.platforms, PlatformsFor: f.platformsFor(r.settings),
		Severity: func(rule, path string) (lint.Severity, bool) {
			level, ok := r.settings.Severity(rule, path)
			return lint.Severity(level), ok
		},
		Images:         images,
		Download:       builtIn().Download,
		Strict:         f.strict,
		IgnoreComments: !f.noIgnores,
		Now:            time.Now(),
		Jobs:           f.jobs,
		Problems:       append(unread(r.problems), r.unrendered...),
	}
}

// builtIn is the embedded catalogue, decoded once.
var builtIn = sync.OnceValue(catalog.Default)

// failed is the error of a run that could not do its work.
func (f *flags) failed(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("not done after %s (--timeout): %w", f.timeout, err)
	}
	return failure(err)
}

func (f *flags) checkColor() error {
	if f.color != "auto" && f.color != "always" && f.color != "never" {
		return usage(fmt.Errorf("--color is auto, always or never, not %q", f.color))
	}
	return nil
}

// lint is the main command.
func (f *flags) lint(cmd *cobra.Command, args []string) error {
	failOn, err := f.severity()
	if err != nil {
		return usage(err)
	}
	outputs, err := f.outputs()
	if err != nil {
		return usage(err)
	}
	selected, err := f.rules()
	if err != nil {
		return usage(err)
	}
	if err := f.checkColor(); err != nil {
		return err
	}
	if err := f.checkBaseline(); err != nil {
		return err
	}
	if err := f.checkSince(args); err != nil {
		return err
	}
	if f.render && (f.since != "" || f.fix || f.unsafeFixes || f.diff) {
		return usage(errors.New("--render goes neither with --since nor with fixes: what was rendered would not change with the files"))
	}
	ctx, cancel := f.limited(cmd)
	defer cancel()
	r, err := f.open()
	if err != nil {
		return err
	}
	if r.settings != nil {
		for _, name := range f.enable {
			if r.settings.Rules[name] == config.Off {
				delete(r.settings.Rules, name) // flags go before the file
			}
		}
	}
	builtIn().Preload()
	if err := f.find(ctx, cmd, r, args); err != nil {
		return err
	}
	changes, err := f.changes(ctx, cmd.ErrOrStderr(), r)
	if err != nil {
		return err
	}
	options := f.options(r, f.images(r))
	options.Rules = selected
	if changes != nil {
		options.Images = &remembered{images: options.Images, answers: map[string]image.Answer{}}
	}
	result, done, err := f.run(ctx, cmd, options, r.root)
	if err != nil {
		return f.failed(err)
	}
	f.unlocked(cmd.ErrOrStderr(), r, result)
	if written, err := f.adopt(cmd.ErrOrStderr(), r, result, selected); err != nil || written {
		return err
	}
	if changes != nil {
		if err := narrow(ctx, changes, options, r, result); err != nil {
			return f.failed(fmt.Errorf("--since: %w", err))
		}
	}
	if err := f.write(cmd.OutOrStdout(), r, result, selected, outputs, done); err != nil {
		return failure(err)
	}
	errors, warnings, infos := result.Count()
	switch {
	case failOn == 0:
	case errors > 0 && failOn <= lint.Error, warnings > 0 && failOn <= lint.Warning, infos > 0 && failOn <= lint.Info:
		return &exitError{code: exitFindings}
	}
	return nil
}

func (f *flags) severity() (lint.Severity, error) {
	if f.failOn == "never" {
		return 0, nil
	}
	s, ok := lint.ParseSeverity(f.failOn)
	if !ok {
		return 0, fmt.Errorf("--fail-on is error, warning, info or never, not %q", f.failOn)
	}
	return s, nil
}

// rules returns the rules that --enable and --disable leave.
func (f *flags) rules() ([]*lint.Rule, error) {
	for _, name := range append(append([]string(nil), f.enable...), f.disable...) {
		if rules.Find(name) == nil {
			if near := spell.Nearest(name, names(rules.All())); near != "" {
				return nil, fmt.Errorf("there is no rule %q; did you mean %q?", name, near)
			}
			return nil, fmt.Errorf("there is no rule %q; archlint rules lists them", name)
		}
	}
	has := func(list []string, name string) bool {
		for _, n := range list {
			if n == name {
				return true
			}
		}
		return false
	}
	var out []*lint.Rule
	for _, r := range rules.All() {
		if (len(f.enable) == 0 || has(f.enable, r.Name)) && !has(f.disable, r.Name) {
			out = append(out, r)
		}
	}
	return out, nil
}

func names(list []*lint.Rule) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.Name
	}
	return out
}

// settings reads the configuration file.
func (f *flags) settings(wd, root string) (*config.Config, error) {
	named := f.config != ""
	if f.configRevision != "" {
		if f.noRepoConfig {
			return nil, errors.New("--config-revision reads the configuration that --no-repo-config turns off; leave out one")
		}
		return f.settingsAt(wd, root)
	}
	file := f.config
	if !named {
		if f.noRepoConfig {
			return nil, nil
		}
		var ok bool
		if file, ok = config.Discover(wd, root); !ok {
			return nil, nil
		}
	}
	data, err := readNamed(file, root, config.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	shown, err := filepath.Rel(wd, file)
	if err != nil || named {
		shown = file
	}
	return f.load(file, filepath.ToSlash(shown), root, data)
}

// load reads a configuration that lies, or lay, at a place.
func (f *flags) load(file, shown, root string, data []byte) (*config.Config, error) {
	base := ""
	if abs, err := filepath.Abs(filepath.Dir(file)); err == nil {
		if rel, err := filepath.Rel(root, abs); err == nil && rel != "." && !strings.HasPrefix(rel, "..") {
			base = filepath.ToSlash(rel)
		}
	}
	return config.Load(shown, data, config.Options{Rules: names(rules.All()), Base: base})
}

// settingsAt reads the configuration as it is in a commit: the one that is named, or the
// nearest from the working directory upwards.
func (f *flags) settingsAt(wd, root string) (*config.Config, error) {
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	files := []string{f.config}
	if f.config == "" {
		files = nil
		for at := wd; ; at = filepath.Dir(at) {
			files = append(files, filepath.Join(at, config.Name))
			if at == root || at == filepath.Dir(at) {
				break
			}
		}
	}
	for _, file := range files {
		abs, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(root, abs)
		if err != nil || !filepath.IsLocal(rel) {
			return nil, fmt.Errorf("--config-revision: %s lies outside of the repository %s", file, root)
		}
		rel = filepath.ToSlash(rel)
		data, err := git.File(ctx, root, f.configRevision, rel, config.MaxSize)
		switch {
		case errors.Is(err, fs.ErrNotExist) && f.config == "":
			continue
		case err != nil:
			return nil, fmt.Errorf("--config-revision: %w", err)
		}
		return f.load(abs, f.configRevision+":"+rel, root, data)
	}
	return nil, nil
}

// readNamed reads a file that the user names, or that was found. One in the repository
// may come from a stranger, who could make it lead elsewhere: errors quote what is in it.
// One outside may be anything that the user can read, a pipe too.
func readNamed(file, root string, limit int64) ([]byte, error) {
	if abs, err := filepath.Abs(file); err == nil {
		if rel, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(rel) {
			return discover.ReadFile(root, filepath.ToSlash(rel), limit)
		}
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(io.LimitReader(in, limit+1))
}

func (f *flags) required(settings *config.Config) (arch.Set, error) {
	if f.platforms != "" {
		set, err := arch.ParseSet(f.platforms)
		if err != nil {
			return nil, fmt.Errorf("--platforms: %w", err)
		}
		if len(set) == 0 {
			return nil, errors.New("--platforms names no platform")
		}
		return set, nil
	}
	if settings != nil && len(settings.Platforms) > 0 {
		return settings.Platforms, nil
	}
	return arch.Default(), nil
}

// platformsFor gives files their own platforms, unless the command line names
// the platforms of all.
func (f *flags) platformsFor(settings *config.Config) func(string) (arch.Set, bool) {
	if f.platforms != "" || settings == nil {
		return nil
	}
	return settings.PlatformsFor
}

// inputs finds the files to read and the way to read them.
func (f *flags) inputs(ctx context.Context, stdin io.Reader, r *repository, args []string) ([]lint.Input, func(string) ([]byte, error), []discover.Problem, error) {
	wd, root, settings := r.wd, r.root, r.settings
	var paths []string
	fromStdin := false
	for _, a := range args {
		if a == "-" {
			fromStdin = true
		} else {
			paths = append(paths, a)
		}
	}
	read := r.files.ReadFile
	var inputs []lint.Input
	var problems []discover.Problem
	if len(paths) > 0 || !fromStdin {
		o := discover.Options{Root: root, Dir: wd, Paths: paths, Whole: !f.isolated}
		if settings != nil {
			o.Exclude = settings.Exclude
		}
		entries, found, err := discover.Find(ctx, o)
		if err != nil {
			return nil, nil, nil, err
		}
		problems = found
		for _, e := range entries {
			if settings != nil && settings.Excluded(e.Path) && !e.Named {
				continue
			}
			inputs = append(inputs, lint.Input{Path: e.Path, Kind: e.Kind, Report: e.Selected, Named: e.Named})
		}
	}
	if !fromStdin {
		return inputs, read, problems, nil
	}
	data, err := io.ReadAll(io.LimitReader(stdin, source.MaxFileSize+1))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reading standard input: %w", err)
	}
	if len(data) > source.MaxFileSize {
		return nil, nil, nil, fmt.Errorf("standard input is larger than %d bytes", source.MaxFileSize)
	}
	name := f.stdinFilename
	if name == "" {
		name = "stdin"
	}
	if filepath.IsAbs(name) {
		if rel, err := filepath.Rel(root, name); err == nil {
			name = rel
		}
	} else if prefix, err := filepath.Rel(root, wd); err == nil {
		name = filepath.Join(prefix, name)
	}
	name = path.Clean(filepath.ToSlash(name))
	if strings.HasPrefix(name, "../") {
		return nil, nil, nil, fmt.Errorf("--stdin-filename %s is outside of the repository", f.stdinFilename)
	}
	kind, ok := discover.KindOf(name)
	if !ok {
		kind, ok = discover.Identify(data)
	}
	if !ok {
		return nil, nil, nil, errors.New("standard input is of no kind that archlint reads; say which with --stdin-filename")
	}
	kept := inputs[:0]
	for _, in := range inputs {
		if in.Path != name {
			kept = append(kept, in)
		}
	}
	inputs = append(kept, lint.Input{Path: name, Kind: kind, Report: true, Named: true})
	return inputs, func(p string) ([]byte, error) {
		if p == name {
			return data, nil
		}
		return read(p)
	}, problems, nil
}

func unread(problems []discover.Problem) []lint.Problem {
	out := make([]lint.Problem, len(problems))
	for i, p := range problems {
		out[i] = lint.Problem{Path: p.Path, Message: p.Message}
	}
	return out
}

// linted tells which files are read on their own.
func linted(inputs []lint.Input) func(string) bool {
	set := make(map[string]bool, len(inputs))
	for _, in := range inputs {
		set[in.Path] = true
	}
	return func(path string) bool { return set[path] }
}

// files reads the files of the repository.
type files struct{ *discover.Reader }

func (f files) ReadFile(p string) ([]byte, error) {
	return f.Reader.ReadFile(p, source.MaxFileSize)
}

// images returns what finds out the platforms of images. Some of the time is left
// for what can be found without the registries that take all of it.
func (f *flags) images(r *repository) *image.Resolver {
	o := image.Options{Catalog: builtIn(), Timeout: f.timeout / 4 * 3}
	if r.settings != nil {
		o.Config = r.settings.PlatformsOf
	}
	if r.lock != nil {
		o.Lock = r.lock
	}
	if s := f.source(r, registry.Options{}); s != nil {
		o.Source = s
	}
	return image.New(o)
}

// source returns what asks registries, in the way of the settings; nil if there is
// nobody to ask, not even a cache.
func (f *flags) source(r *repository, o registry.Options) image.Source {
	o.Offline, o.Cache, o.UserAgent = f.offline, f.cache.open(), "archlint/"+version
	if o.Offline && o.Cache == nil {
		return nil
	}
	if r.settings != nil && r.settings.Registries != nil {
		s := r.settings.Registries
		o.Concurrency, o.Requests, o.Mirrors, o.Policy = s.Concurrency, s.Requests, s.Mirrors, s.Allows
		o.Private, o.Insecure = s.MayBePrivate, s.MayBeInsecure
		o.Verify = o.Verify || s.Verify
		if o.TagAge == 0 {
			o.TagAge = s.TagAge
		}
	}
	if showProgress(os.Stderr, f.quiet, os.Getenv) {
		o.Progress = (&progress{w: os.Stderr, every: progressInterval}).update
	}
	return registry.New(o)
}

// unlocked says which images the lock should have and has not.
func (f *flags) unlocked(w io.Writer, r *repository, result *lint.Result) {
	if r.lock == nil {
		return
	}
	missing := 0
	for i := range result.Images {
		if _, ok := lockable(&result.Images[i]); ok && result.Images[i].Answer.Provenance != image.FromLock {
			missing++
			if f.verbose {
				fmt.Fprintf(w, "archlint: %s is not in %s\n", report.Printable(result.Images[i].Reference), lock.Name)
			}
		}
	}
	if missing > 0 {
		are := "are"
		if missing == 1 {
			are = "is"
		}
		fmt.Fprintf(w, "archlint: %s %s not in %s; run archlint lock\n", count(missing, "image"), are, lock.Name)
	}
}

// relative returns a path of the repository as seen from a directory in it.
func relative(prefix, p string) string {
	if prefix == "." || prefix == "" {
		return p
	}
	rel, err := filepath.Rel(filepath.FromSlash(prefix), filepath.FromSlash(p))
	if err != nil {
		return p
	}
	return filepath.ToSlash(rel)
}

// rel returns a path of the repository as seen from the working directory.
func (r *repository) rel(p string) string {
	prefix, err := filepath.Rel(r.root, r.wd)
	if err != nil {
		prefix = "."
	}
	return relative(filepath.ToSlash(prefix), p)
}
