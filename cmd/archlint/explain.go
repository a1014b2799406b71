package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/config/spell"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/registry"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/rules"
)

func newExplain() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "explain RULE|IMAGE",
		Short: "Print the page of a rule, or what is known of an image",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return names(rules.All()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if rule := rules.Find(args[0]); rule != nil {
				fmt.Fprint(cmd.OutOrStdout(), rule.Page)
				return nil
			}
			if !strings.ContainsAny(args[0], "/:@") {
				if near := spell.Nearest(args[0], names(rules.All())); near != "" {
					return usage(fmt.Errorf("there is no rule %q; did you mean %q?", args[0], near))
				}
			}
			reference, err := image.Parse(args[0])
			if err != nil {
				return usage(fmt.Errorf("%w, and there is no such rule; archlint rules lists them", err))
			}
			return f.explain(cmd, args[0], reference)
		},
	}
	f.registerImages(cmd)
	return cmd
}

// explain says what is known of an image. For one image the manifests behind an
// index are worth reading.
func (f *flags) explain(cmd *cobra.Command, written string, reference image.Reference) error {
	ctx, cancel := f.limited(cmd)
	defer cancel()
	r, err := f.open()
	if err != nil {
		return err
	}
	o := image.Options{Catalog: catalog.Default()}
	if r.settings != nil {
		o.Config = r.settings.PlatformsOf
	}
	if r.lock != nil {
		o.Lock = r.lock
	}
	if s := f.source(r, registry.Options{Verify: true}); s != nil {
		o.Source = s
	}
	answer := image.New(o).Resolve(ctx, []string{written})[written]
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, reference)
	explainImage(w, reference, answer, r.platforms)
	return w.Flush()
}

func explainImage(w io.Writer, reference image.Reference, a image.Answer, required arch.Set) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %s\t%s\n", name, report.Printable(fmt.Sprintf(format, args...)))
	}
	if !a.Known {
		line("platforms", "not known: %s", a.Detail)
		line("help", "%s", image.Remedy(reference, a))
		return
	}
	platforms := a.Platforms.Sorted().String()
	switch {
	case len(a.Covers) > 0:
		platforms += fmt.Sprintf(" (of others than %s nothing is known)", a.Covers)
	case platforms == "":
		platforms = "none"
	}
	line("platforms", "%s", platforms)
	source := string(a.Provenance)
	if !a.AsOf.IsZero() {
		source += " of " + a.AsOf.UTC().Format(time.DateOnly)
	}
	if a.Guess {
		source += ", concluded from the tags beside it"
	}
	line("source", "%s", source)
	if a.Reference != "" {
		line("", "%s", a.Reference)
	}
	if a.Digest != "" {
		kind := "index"
		if a.Single {
			kind = "manifest of one image"
		}
		line(kind, "%s", a.Digest)
	}
	for _, c := range a.Contradictions {
		doubt := "but it is doubtful"
		if c.Certain {
			doubt = "but it is not"
		}
		line("beware", "the index says that it is for %s, %s: %s", c.Platform, doubt, c.Evidence)
	}
	if t := a.Tagged; t != nil {
		line("tag", "%s is %s, for %s", reference.Tag, t.Digest, t.Platforms.Sorted())
		if t.Contains {
			line("", "the digest is one of its manifests: pin the index in place of it")
		}
	}
	missing := a.Missing(required)
	if len(missing) == 0 {
		return
	}
	line("missing", "%s", missing.Sorted())
	for _, p := range missing {
		if since := a.Since[p.String()]; since != "" {
			line("", "%s is there from %s on", p, since)
		}
	}
	if a.Advice != "" {
		line("advice", "%s", a.Advice)
	}
}

func newRules() *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, r := range rules.All() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, r.Severity, r.Summary)
			}
			return w.Flush()
		},
	}
}
