package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/report"
)

func newImages() *cobra.Command {
	var f flags
	var name string
	cmd := &cobra.Command{
		Use:   "images [flags] [path ...]",
		Short: "List the images that a repository uses, and for which platforms they exist",
		Long: `Lists every image that the files use: whether it exists for each required platform,
how that is known, and where it is used. "no" is an image that is needed for a
platform and does not have it, "-" one that is not needed for it, "?" one of which
it is not known.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.listImages(cmd, name, args) },
	}
	f.registerRepository(cmd)
	cmd.Flags().StringVar(&name, "format", "text", "text, json or markdown")
	cmd.Flags().StringVar(&f.color, "color", "auto", "colour the text: auto, always or never")
	cmd.Flags().BoolVar(&f.isolated, "isolated", false, "read the named files only, not the repository around them")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print the list only, no summary")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit with 1 if an image lacks a platform or is unknown")
	return cmd
}

func (f *flags) listImages(cmd *cobra.Command, name string, args []string) error {
	write, ok := report.ImageFormats()[name]
	if !ok {
		return usage(fmt.Errorf("there is no format %q; there are text, json and markdown", name))
	}
	if err := f.checkColor(); err != nil {
		return err
	}
	ctx, cancel := f.limited(cmd)
	defer cancel()
	r, err := f.open()
	if err != nil {
		return err
	}
	if err := f.find(ctx, cmd, r, args); err != nil {
		return err
	}
	result, err := lint.Run(ctx, f.options(r, f.images(r)))
	if err != nil {
		return f.failed(err)
	}
	for _, p := range result.Problems {
		fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s:%d:%d: %s\n", report.Printable(r.rel(p.Path)), p.Line, p.Column, report.Printable(p.Message))
	}
	f.unlocked(cmd.ErrOrStderr(), r, result)
	o := report.Options{Version: version, Color: f.colored(os.Stdout), Quiet: f.quiet, Rel: r.rel}
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		o.Width = width
	}
	if err := write(cmd.OutOrStdout(), result, o); err != nil {
		return failure(fmt.Errorf("writing the list: %w", err))
	}
	for i := range result.Images {
		if f.strict && (!result.Images[i].Answer.Known || len(result.Images[i].Missing) > 0) {
			return &exitError{code: exitFindings}
		}
	}
	return nil
}
