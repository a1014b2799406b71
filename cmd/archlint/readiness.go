package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/report"
)

func newReport() *cobra.Command {
	var f flags
	var name string
	cmd := &cobra.Command{
		Use:   "report [flags] [path ...]",
		Short: "Show how far a repository is for each platform, and what is in the way",
		Long: `Shows how many of the files that say what an image is built from, built for or run
on are ready for each required platform, which are not, and what is in the way:
"blocked" by errors, in "doubt" with warnings, "unknown" where nothing could be learnt
of an image. It is an overview and exits with 0 whatever there is.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.readiness(cmd, name, args) },
	}
	f.registerRepository(cmd)
	cmd.Flags().StringVar(&name, "format", "text", "text, json, markdown or html")
	cmd.Flags().StringVar(&f.color, "color", "auto", "colour the text: auto, always or never")
	cmd.Flags().BoolVar(&f.isolated, "isolated", false, "read the named files only, not the repository around them")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "leave out the sums by rule")
	cmd.Flags().BoolVar(&f.noIgnores, "no-inline-ignores", false, "take no notice of archlint:ignore comments")
	return cmd
}

func (f *flags) readiness(cmd *cobra.Command, name string, args []string) error {
	write, ok := report.ReadinessFormats()[name]
	if !ok {
		return usage(fmt.Errorf("there is no format %q; there are text, json, markdown and html", name))
	}
	if err := f.checkColor(); err != nil {
		return err
	}
	selected, err := f.rules()
	if err != nil {
		return usage(err)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	r, err := f.open()
	if err != nil {
		return err
	}
	if err := f.find(ctx, cmd, r, args); err != nil {
		return err
	}
	options := f.options(r, f.images(r))
	options.Rules = selected
	result, err := lint.Run(ctx, options)
	if err != nil {
		return f.failed(err)
	}
	for _, p := range result.Problems {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s:%d:%d: %s\n", report.Printable(r.rel(p.Path)), p.Line, p.Column, report.Printable(p.Message))
	}
	f.unlocked(cmd.ErrOrStderr(), r, result)
	o := report.Options{Version: version, Color: f.colored(os.Stdout), Quiet: f.quiet, Rel: r.rel, Rules: selected}
	if err := write(cmd.OutOrStdout(), result, o); err != nil {
		return failure(fmt.Errorf("writing the overview: %w", err))
	}
	return nil
}
