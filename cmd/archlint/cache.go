package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint/image/cache"
)

// cacheDir is the flag of that name.
type cacheDir struct{ dir string }

func (c *cacheDir) register(cmd *cobra.Command) {
	c.dir, _ = cache.Dir() // without a home there is no cache
	cmd.Flags().StringVar(&c.dir, "cache-dir", c.dir, `where answers of registries are kept, "" for nowhere`)
}

// open returns the cache, nil for none.
func (c *cacheDir) open() *cache.Cache {
	if c.dir == "" {
		return nil
	}
	return cache.Open(c.dir)
}

// check refuses a directory of the repository that leads out of it: a link in a pull
// request could have archlint write anywhere.
func (c *cacheDir) check(root string) error {
	abs, err := filepath.Abs(c.dir)
	if c.dir == "" || err != nil {
		return nil
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return nil
	}
	at := root
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		at = filepath.Join(at, part)
		info, err := os.Lstat(at)
		if err != nil {
			return nil // it will be made
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("--cache-dir %s is, or is behind, a symbolic link in the repository; name another", c.dir)
		}
	}
	return nil
}

func newCache() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Show or empty the cache of what registries answered",
		Long: `Manifests are kept by their digest, for which they are right for ever, and the
digests of tags with the time at which they were asked. What no run has used for
60 days is removed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var info, clean cacheDir
	show := &cobra.Command{
		Use: "info", Short: "Say where the cache is and what is in it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := info.open()
			if c == nil {
				return usage(errNoCache)
			}
			i, err := c.Info()
			if err != nil {
				return failure(err)
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s\n%d manifests and configurations, %d tags, %s\n", c.Path(), i.Blobs, i.Tags, size(i.Bytes))
			if !i.Oldest.IsZero() {
				fmt.Fprintf(out, "the oldest tag was asked %s\n", i.Oldest.UTC().Format(time.DateOnly))
			}
			return nil
		},
	}
	empty := &cobra.Command{
		Use: "clean", Short: "Remove everything from the cache", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c := clean.open()
			if c == nil {
				return usage(errNoCache)
			}
			if err := c.Clean(); err != nil {
				return failure(err)
			}
			return nil
		},
	}
	info.register(show)
	clean.register(empty)
	cmd.AddCommand(show, empty)
	return cmd
}

var errNoCache = fmt.Errorf("there is no cache; --cache-dir names one")

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
