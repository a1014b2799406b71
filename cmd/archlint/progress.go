package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// progressInterval is how often the line is written; what is done before is done without.
const progressInterval = 200 * time.Millisecond

// progressWidth is the width of a terminal, in cells, on which the line surely stays one
// that can be written over.
const progressWidth = 64

// showProgress reports whether somebody watches: a terminal, and not that of a CI system,
// which keeps all that is written on one line, nor one that is too narrow.
func showProgress(f *os.File, quiet bool, getenv func(string) string) bool {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && 0 < width && width < progressWidth { // 0 is not known
		return false
	}
	ci := getenv("CI")
	return !quiet && (ci == "" || ci == "false") && getenv("TERM") != "dumb" && isatty.IsTerminal(f.Fd())
}

// progress is a line on a terminal that says how far the questions to registries are, and
// is gone when they are answered.
type progress struct {
	w     io.Writer
	every time.Duration

	state chan int // images that are answered
	ended chan struct{}
}

// update is told how many images are answered; first none, at last all.
func (p *progress) update(done, total int) {
	if done == 0 {
		p.state, p.ended = make(chan int), make(chan struct{})
		go p.show(total)
	}
	p.state <- done
	if done == total {
		<-p.ended // nothing is written after the line is gone
	}
}

func (p *progress) show(total int) {
	defer close(p.ended)
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	width, done := 0, 0
	for done < total {
		select {
		case done = <-p.state:
		case <-ticker.C:
			line := fmt.Sprintf("archlint: registries have answered for %d of %d images", done, total)
			fmt.Fprintf(p.w, "\r%-*s", width, line)
			width = max(width, len(line))
		}
	}
	if width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", width))
	}
}
