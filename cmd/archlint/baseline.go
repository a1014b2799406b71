package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/baseline"
)

// checkBaseline turns down flags that contradict each other.
func (f *flags) checkBaseline() error {
	switch {
	case f.writeBaseline != "" && (f.baseline != "" || f.since != ""):
		return fmt.Errorf("--write-baseline writes all findings; it does not go with --baseline and --since")
	case f.update && f.baseline == "":
		return fmt.Errorf("--update is for --baseline")
	case f.update && f.since != "":
		return fmt.Errorf("--update looks at all findings; it does not go with --since")
	}
	return nil
}

// baselineFilter returns what leaves the findings that the baseline does not know.
func (f *flags) baselineFilter(cmd *cobra.Command) (func([]lint.Finding) []lint.Finding, error) {
	info, err := os.Stat(f.baseline)
	if err == nil && info.Size() > baseline.MaxSize {
		err = fmt.Errorf("%s is larger than %d MiB", f.baseline, baseline.MaxSize>>20)
	}
	if err != nil {
		return nil, usage(fmt.Errorf("reading the baseline: %w", err))
	}
	data, err := os.ReadFile(f.baseline)
	if err != nil {
		return nil, usage(fmt.Errorf("reading the baseline: %w", err))
	}
	b, err := baseline.Parse(data)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", f.baseline, err))
	}
	return func(findings []lint.Finding) []lint.Finding {
		left, known, stale := b.New(findings)
		if !f.quiet {
			fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s in %s\n", count(known, "finding"), f.baseline)
		}
		switch {
		case f.update && stale > 0:
			if err := os.WriteFile(f.baseline, b.Shrunk(findings).Format(), 0o644); err != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "archlint: writing the baseline: %v\n", err)
			} else if !f.quiet {
				fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s taken out of it, which %s\n", count(stale, "finding"), gone(stale))
			}
		case stale > 0 && f.since == "" && !f.quiet:
			fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s of it %s; --update takes that out\n", count(stale, "finding"), gone(stale))
		}
		return left
	}, nil
}

func gone(n int) string {
	if n == 1 {
		return "is gone"
	}
	return "are gone"
}

// saveBaseline writes the findings as those to live with.
func (f *flags) saveBaseline(cmd *cobra.Command, findings []lint.Finding) error {
	b := baseline.Of(findings)
	if err := os.WriteFile(f.writeBaseline, b.Format(), 0o644); err != nil {
		return failure(fmt.Errorf("writing the baseline: %w", err))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "archlint: %s written to %s\n", count(b.Len(), "finding"), f.writeBaseline)
	return nil
}
