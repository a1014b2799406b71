package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/config"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
	"github.com/archlint/archlint/rules"
)

func newInit() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a first configuration after a look at the repository",
		Long: `Writes .archlint.yaml at the root of the repository, with comments, after a look at
what is built there for which platforms. It asks no registry, and overwrites nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.init(cmd) },
	}
	cmd.Flags().StringVar(&f.config, "config", "", "configuration `file` to write (default .archlint.yaml at the root)")
	return cmd
}

func (f *flags) init(cmd *cobra.Command) error {
	f.offline, f.timeout = true, 2*time.Minute
	ctx, cancel := f.limited(cmd)
	defer cancel()
	wd, err := os.Getwd()
	if err != nil {
		return failure(err)
	}
	root := discover.Root(wd)
	file := f.config
	if file == "" {
		file = filepath.Join(root, config.Name)
		if rel, err := filepath.Rel(wd, file); err == nil {
			file = rel
		}
	}
	shown := report.Printable(filepath.ToSlash(file))
	if err := f.free(file, root, shown); err != nil {
		return err
	}
	r := newRepository(root, root)
	r.platforms = arch.Default()
	if err := f.find(ctx, cmd, r, nil); err != nil {
		return err
	}
	options := f.options(r, f.images(r))
	options.Rules = rules.All()
	seen := watch(&options)
	result, err := lint.Run(ctx, options)
	if err != nil {
		return f.failed(err)
	}
	if err := create(file, config.Template(seen.found(result))); err != nil {
		return failure(err)
	}
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s written\n", shown)
	errs, warnings, _ := result.Count()
	if n := errs + warnings; n == 0 {
		fmt.Fprintf(w, "%s read, nothing found offline; archlint looks images up, too\n", count(result.Files, "file"))
	} else {
		fmt.Fprintf(w, "%s read, %s; archlint shows them\n", count(result.Files, "file"), count(n, "finding"))
		fmt.Fprintln(w, "to hear of new ones only: archlint --write-baseline .archlint-baseline, then --baseline .archlint-baseline")
	}
	return nil
}

// free makes sure that nothing would be overwritten.
func (f *flags) free(file, root, shown string) error {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return failure(err)
	}
	if data, err := readNamed(abs, root, config.MaxSize); err == nil {
		if _, err := config.Load(shown, data, config.Options{Rules: names(rules.All())}); err != nil {
			return usage(fmt.Errorf("%s is there already, and archlint cannot use it; init --config FILE writes another:\n%w", shown, err))
		}
	}
	return usage(fmt.Errorf("%s is there already; it is left as it is", shown))
}

// create writes a file that is not there.
func create(file string, data []byte) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	if _, err := out.Write(data); err != nil {
		out.Close()
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return out.Close()
}

// watched is what a run has read.
type watched struct {
	mutex     sync.Mutex
	documents []*facts.Document
	paths     []string
}

// watch notes the documents of a run.
func watch(o *lint.Options) *watched {
	w := &watched{}
	parse := o.Parse
	o.Parse = func(kind facts.Kind, f *source.File) *facts.Document {
		d := parse(kind, f)
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.documents = append(w.documents, d)
		return d
	}
	// Of files that only their content tells, those with findings count.
	for _, in := range o.Inputs {
		if in.Report && !in.Kind.ByContent() {
			w.paths = append(w.paths, in.Path)
		}
	}
	return w
}

// found is what is to stand in a first configuration.
func (w *watched) found(result *lint.Result) config.Found {
	paths := w.paths
	for i := range result.Findings {
		if s := result.Findings[i].Span; !s.IsZero() {
			paths = append(paths, s.File.Path)
		}
	}
	out := config.Found{Folders: config.AsideFolders(paths)}
	var hosts []string
	for _, i := range result.Images {
		if r, err := image.Parse(i.Reference); err == nil && !i.Answer.Known {
			hosts = append(hosts, r.Registry)
		}
	}
	out.Registries = config.UnknownRegistries(hosts)
	var sets []arch.Set
	for _, d := range w.documents {
		for _, b := range d.Builds {
			if b.Push != facts.No && b.Platforms.State == facts.PlatformsKnown && len(b.Platforms.Set) > 0 {
				sets = append(sets, b.Platforms.Set)
			}
		}
	}
	out.Platforms, out.Others, out.Because = required(sets)
	return out
}

// required guesses which platforms are meant from those that images are built for. That
// none is built for arm64 is no reason not to require it; it is why archlint was started.
func required(builds []arch.Set) (platforms, others arch.Set, because string) {
	var all arch.Set
	several := 0
	for _, set := range builds {
		for _, p := range set {
			if p.OS == "linux" {
				all = all.Add(p)
			}
		}
		if len(set) > 1 {
			several++
		}
	}
	if len(all) == 1 && all.Has(arch.LinuxARM64) {
		return all, nil, "All builds whose platforms could be read are for arm64."
	}
	platforms = arch.Default()
	for _, p := range all.Sorted() {
		every := several > 0
		for _, set := range builds {
			every = every && (len(set) == 1 || set.Has(p))
		}
		switch {
		case platforms.Has(p):
		case every:
			platforms = platforms.Add(p)
			because = "All builds for several platforms are for these."
		default:
			others = others.Add(p)
		}
	}
	return platforms, others, because
}
