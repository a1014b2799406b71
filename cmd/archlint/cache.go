package main

import (
	"fmt"
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
