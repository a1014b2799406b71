package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// lines hands over what is written to it.
type lines chan string

func (l lines) Write(data []byte) (int, error) {
	l <- string(data)
	return len(data), nil
}

func TestProgressIsALineThatGoes(t *testing.T) {
	w := make(lines)
	p := &progress{w: w, every: time.Millisecond}
	p.update(0, 10)
	line := "archlint: registries have answered for 0 of 10 images"
	if got := <-w; got != "\r"+line {
		t.Errorf("%q", got)
	}
	over := make(chan bool)
	go func() { p.update(10, 10); close(over) }()
	last := ""
	for done := false; !done; {
		select {
		case last = <-w: // the line may come again before the answers do
		case <-over:
			done = true
		}
	}
	if last != "\r"+strings.Repeat(" ", len(line))+"\r" {
		t.Errorf("at last %q", last)
	}
}

func TestProgressOfWhatIsSoonDoneIsNone(t *testing.T) {
	w := make(lines) // a write would never return
	p := &progress{w: w, every: time.Hour}
	for range 2 {
		p.update(0, 2)
		p.update(1, 2)
		p.update(2, 2)
	}
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := func(string) string { return "" }
	if showProgress(file, false, none) {
		t.Error("shown in a file")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no terminal to try")
	}
	defer terminal.Close()
	for name, test := range map[string]struct {
		quiet bool
		env   map[string]string
		want  bool
	}{
		"terminal":  {false, nil, true},
		"quiet":     {true, nil, false},
		"CI":        {false, map[string]string{"CI": "true"}, false},
		"CI=false":  {false, map[string]string{"CI": "false"}, true},
		"TERM=dumb": {false, map[string]string{"TERM": "dumb"}, false},
	} {
		if got := showProgress(terminal, test.quiet, func(key string) string { return test.env[key] }); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
