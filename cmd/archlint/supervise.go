package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/spf13/cobra"
)

// Bounds on a run as a whole. Those on files, scripts and answers keep a run far below
// them; they are for what those have missed.
const (
	// maxMemory is how much memory a run may take.
	maxMemory = 4 << 30
	// softMemory is how much is in use before garbage is collected more often.
	softMemory = 1 << 30
	// grace is how long after --timeout a run that does not end by itself is ended.
	grace = 10 * time.Second
	// watchInterval is how often it is looked at.
	watchInterval = 100 * time.Millisecond
)

// limited returns the context of a command, which ends with the time that the user
// gives it, and watches the program meanwhile.
func (f *flags) limited(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	debug.SetMemoryLimit(softMemory)
	done := make(chan struct{})
	go supervise(done, limits{end: time.Now().Add(f.timeout + grace), timeout: f.timeout, memory: maxMemory}, cmd.ErrOrStderr(), os.Exit)
	return ctx, func() {
		close(done)
		cancel()
	}
}

type limits struct {
	end     time.Time
	timeout time.Duration
	memory  uint64
}

// supervise ends the program when it takes more than it may. Files are written at once or
// not at all, so that it may end at any time.
func supervise(done <-chan struct{}, l limits, w io.Writer, exit func(code int)) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-ticker.C:
			metrics.Read(sample)
			switch used := sample[0].Value.Uint64() - sample[1].Value.Uint64(); {
			case used > l.memory:
				fmt.Fprintf(w, "archlint: it takes more than %d MiB of memory; exclude files or name the ones to lint\n", l.memory>>20)
			case now.After(l.end):
				fmt.Fprintf(w, "archlint: not done after %s (--timeout); exclude files or name the ones to lint\n", l.timeout)
			default:
				continue
			}
			exit(exitFailure)
			return
		}
	}
}
