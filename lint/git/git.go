// Package git asks git what has changed in a repository since a revision.
//
// It runs the real program, because only that knows all forms of a repository:
// worktrees, packed references, partial clones. What a repository or the user's
// configuration could make git run besides is turned off: hooks, file system
// monitors, filters, external diffs, pagers, and the network. Nothing is written, not
// even the index.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxOutput is the most that git may say where all of it is kept, in bytes.
const maxOutput = 256 << 20

// repository is where git is run.
type repository struct {
	root    string
	options []string // before the command
	env     []string
}

// override are variables that would make git look at another repository, or run
// something.
var override = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS",
	"GIT_PAGER", "GIT_ATTR_SOURCE", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
	"GIT_OPTIONAL_LOCKS", "GIT_NO_LAZY_FETCH", "GIT_TERMINAL_PROMPT", "GIT_CEILING_DIRECTORIES", "LC_ALL", "LANGUAGE",
}

// open prepares git for the repository at root.
func open(ctx context.Context, root string) (*repository, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errors.New("there is no git to ask what has changed")
	}
	r := &repository{root: root, options: []string{
		"--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.quotePath=true",
		"-c", "protocol.allow=never", // a partial clone would be completed over the network
	}}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(override, name) {
			r.env = append(r.env, v)
		}
	}
	r.env = append(r.env, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_WORK_TREE="+root,                         // whatever core.worktree says
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(root)) // the repository is here or nowhere
	if _, err := r.run(ctx, "rev-parse", "--git-dir"); err != nil {
		return nil, fmt.Errorf("%s is no git repository: %w", root, err)
	}
	return r, r.unfilter(ctx)
}

// plainFilter are the names of filters that can be overridden: -c knows no way to write
// an equals sign in a name.
var plainFilter = regexp.MustCompile(`^filter\.[^=\n]+\.(clean|smudge|process|required)$`)

// unfilter turns off the programs that a configuration has files go through before
// they are compared.
func (r *repository) unfilter(ctx context.Context) error {
	out, err := r.run(ctx, "config", "--null", "--name-only", "--get-regexp", `^filter\.`)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil // there are none
	}
	if err != nil {
		return err
	}
	for _, key := range fields(out) {
		switch {
		case !plainFilter.MatchString(key):
			if strings.ContainsAny(key, "=\n") {
				return fmt.Errorf("git is configured with a filter of a name that cannot be turned off: %q", key)
			}
		case strings.HasSuffix(key, ".required"):
			r.options = append(r.options, "-c", key+"=false")
		default:
			r.options = append(r.options, "-c", key+"=")
		}
	}
	return nil
}

func (r *repository) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append(append([]string(nil), r.options...), args...)...)
	cmd.Dir, cmd.Env = r.root, r.env
	return cmd
}

// run returns what git says.
func (r *repository) run(ctx context.Context, args ...string) ([]byte, error) {
	var out []byte
	err := r.pipe(ctx, func(in io.Reader) error {
		var err error
		if out, err = io.ReadAll(io.LimitReader(in, maxOutput+1)); err == nil && len(out) > maxOutput {
			err = errors.New("it says too much")
		}
		return err
	}, args...)
	return out, err
}

// pipe has read take what git says.
func (r *repository) pipe(ctx context.Context, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := r.command(ctx, args...)
	var messages bytes.Buffer
	cmd.Stderr = &limited{&messages, 4 << 10}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := read(out); err != nil {
		cancel()
		_ = cmd.Wait() // it was stopped
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &failed{args[0], strings.TrimSpace(messages.String()), err}
	}
	return nil
}

// failed is git that ended with an error.
type failed struct {
	command, message string
	err              error
}

func (f *failed) Error() string {
	first, _, _ := strings.Cut(f.message, "\n")
	for line := range strings.Lines(f.message) { // warnings stand before what matters
		if strings.HasPrefix(line, "fatal: ") {
			first = strings.TrimSuffix(line, "\n")
		}
	}
	if first != "" {
		return fmt.Sprintf("git %s: %s", f.command, first)
	}
	return fmt.Sprintf("git %s: %v", f.command, f.err)
}

func (f *failed) Unwrap() error { return f.err }

// limited keeps the beginning of what is written.
type limited struct {
	out  *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.out.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// fields splits what git says with -z.
func fields(out []byte) []string {
	s := strings.TrimSuffix(string(out), "\x00")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x00")
}
