package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// maxBlob bounds the files that are read out of a history, in bytes.
const maxBlob = 16 << 20

// gitCommand returns git in a repository, a bare one or a checkout. Whatever the
// repository or the user has configured to be run, hooks and monitors, is not.
func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	fixed := []string{
		"-C", dir, "--no-pager", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false",
		"-c", "core.quotePath=true", "-c", "log.showRoot=true", "-c", "log.showSignature=false",
	}
	cmd := exec.CommandContext(ctx, "git", append(fixed, args...)...)
	for _, variable := range os.Environ() {
		// GIT_DIR and its like would lead elsewhere.
		if !strings.HasPrefix(variable, "GIT_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
	return cmd
}

// gitOutput returns what git prints, and what it complains about as an error.
func gitOutput(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := gitCommand(ctx, dir, args...).Output()
	return string(out), gitError(err, args[0])
}

// gitError adds to an error what git said.
func gitError(err error, what string) error {
	if err == nil {
		return nil
	}
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return fmt.Errorf("git %s: %w: %s", what, err, bytes.TrimSpace(failed.Stderr))
	}
	return fmt.Errorf("git %s: %w", what, err)
}

// resolve returns the commit that a revision names, and its day. A history that
// was cut off would lack tables' oldest rows, so it is refused.
func resolve(ctx context.Context, dir, revision string, wholeHistory bool) (commit string, day time.Time, err error) {
	if wholeHistory {
		shallow, err := gitOutput(ctx, dir, "rev-parse", "--is-shallow-repository")
		if err != nil {
			return "", time.Time{}, err
		}
		if strings.TrimSpace(shallow) != "false" {
			return "", time.Time{}, fmt.Errorf("%s: the history is cut off: fetch all of it with git fetch --unshallow", dir)
		}
	}
	out, err := gitOutput(ctx, dir, "log", "-1", "--format=%H %ct", "--end-of-options", revision, "--")
	if err != nil {
		return "", time.Time{}, err
	}
	commit, seconds, _ := strings.Cut(strings.TrimSpace(out), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("git log: no date of %s in %q", revision, out)
	}
	return commit, time.Unix(unix, 0).UTC().Truncate(24 * time.Hour), nil
}

// blobs reads files of a repository by their object names, with one git for all.
type blobs struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func openBlobs(ctx context.Context, dir string) (*blobs, error) {
	cmd := gitCommand(ctx, dir, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, gitError(err, "cat-file")
	}
	return &blobs{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<16)}, nil
}

// read returns the content of an object.
func (b *blobs) read(object string) (string, error) {
	if _, err := io.WriteString(b.in, object+"\n"); err != nil {
		return "", fmt.Errorf("git cat-file: %w", err)
	}
	head, err := b.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("git cat-file: %w", err)
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[1] != "blob" {
		return "", fmt.Errorf("git cat-file: %s is not there: %s", object, strings.TrimSpace(head))
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil || size < 0 || size > maxBlob {
		return "", fmt.Errorf("git cat-file: %s has %s bytes, more than %d", object, fields[2], maxBlob)
	}
	content := make([]byte, size+1) // a line feed follows
	if _, err := io.ReadFull(b.out, content); err != nil {
		return "", fmt.Errorf("git cat-file: %w", err)
	}
	return string(content[:size]), nil
}

func (b *blobs) close() error {
	b.in.Close()
	return gitError(b.cmd.Wait(), "cat-file")
}
