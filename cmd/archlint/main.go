// Command archlint finds what stops container workloads from running on more
// than one architecture.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/semver"

	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/secret"
)

// The exit codes.
const (
	exitClean    = 0 // nothing at or above --fail-on
	exitFindings = 1
	exitUsage    = 2 // wrong usage or configuration
	exitFailure  = 3 // could not do its work
)

// version is set when a release is built. A build by "go install MODULE@VERSION"
// knows its version, too.
var version = "dev"

func init() {
	if info, ok := debug.ReadBuildInfo(); ok && version == "dev" {
		version = installed(info.Main.Version)
	}
}

// installed returns the version that Go gave to the module, or "dev" when it has none or
// when the working tree has changes.
func installed(module string) string {
	if !semver.IsValid(module) || module != semver.Canonical(module) || strings.Contains(module, "+") {
		return "dev"
	}
	return strings.TrimPrefix(module, "v")
}

func main() {
	collectGarbage(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// Most of what is allocated is of use for a moment only, so garbage is collected less
// often than by default, until this much memory is in use: so much for each file that
// is read, and no less than the least.
const (
	garbagePercent = 400
	leastMemory    = 132 << 20
	memoryOfFile   = 12 << 10
)

// collectGarbage sets when garbage is collected in a run over a number of files, if the
// user did not.
func collectGarbage(files int) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(garbagePercent)
		debug.SetMemoryLimit(max(leastMemory, int64(files)*memoryOfFile))
	}
}

// exitError carries an exit code out of a command.
type exitError struct {
	code int
	err  error // nil when everything has been said
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error   { return &exitError{exitUsage, err} }
func failure(err error) error { return &exitError{exitFailure, err} }

func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintf(os.Stderr, "archlint: %s\n", shown(exit.err))
		}
		return exit.code
	}
	// What cobra itself says is about flags and arguments.
	fmt.Fprintf(os.Stderr, "archlint: %s\nRun archlint --help for the flags.\n", shown(err))
	return exitUsage
}

// shown is an error as it may be shown: it may quote a repository.
func shown(err error) string {
	lines := strings.Split(secret.Hide(err.Error()), "\n")
	for i := range lines {
		lines[i] = report.Printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

func newRoot() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "archlint [flags] [path ...]",
		Short: "Find what stops container workloads from running on arm64",
		Long: `archlint reads the files of a repository that decide what container images are
built from, built for and run on: Dockerfiles, Compose and bake files, workflows,
Kubernetes manifests, charts and others. It reports every line that stops or
silently breaks a required platform (linux/amd64 and linux/arm64 unless told
otherwise).

Paths are files, directories, globs, ./... (the default) or - for standard input.
Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or
configuration, 3 could not do its work.`,
		Example: `  archlint ./...
  archlint --offline --platforms linux/arm64 Dockerfile
  archlint --format text --format json=report.json services/...`,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, args []string) error { return f.lint(cmd, args) },
	}
	f.register(cmd)
	cmd.Version = version
	cmd.SetVersionTemplate("archlint {{.Version}}\n")
	cmd.AddCommand(newImages(), newReport(), newExplain(), newRules(), newLock(), newCache(), newInit(), newVersion())
	return cmd
}
