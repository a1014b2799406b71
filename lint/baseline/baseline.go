// Package baseline reads and writes the findings that an old code base lives with for
// now, so that new ones stand out.
//
//	# Findings that are known, and not reported: archlint --baseline FILE.
//	version: 1
//	findings:
//	  - rule: arch-download
//	    path: build/Dockerfile
//	    code: RUN curl -LO https://example.com/tool-linux-amd64.tar.gz
//	    count: 2
//
// A finding is known by its rule, its file and the line of code, wherever that line
// stands by now. The entries are sorted; code is cut after 200 characters.
package baseline

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint"
)

// MaxSize is the largest file that is read, in bytes: it may come from a stranger.
const (
	MaxSize    = 8 << 20
	maxEntries = 50_000
	maxCode    = 200 // characters
)

// entry is what findings have in common.
type entry struct {
	rule, path, code string
}

// Baseline is how many findings of each kind are known.
type Baseline struct {
	known map[entry]int
}

// Of returns the baseline of findings.
func Of(findings []lint.Finding) *Baseline {
	b := &Baseline{known: map[entry]int{}}
	for i := range findings {
		b.known[entryOf(&findings[i])]++
	}
	return b
}

func entryOf(f *lint.Finding) entry {
	if f.Span.IsZero() {
		return entry{rule: f.Rule}
	}
	return entry{rule: f.Rule, path: f.Span.File.Path, code: code(f.Span.File.Line(f.Span.From().Line))}
}

// code is a line as it stands in the file: without blanks around and without what does
// not print, which a file must not hold.
func code(line string) string {
	line = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(line, " "))
	line = strings.Join(strings.Fields(line), " ")
	if runes := []rune(line); len(runes) > maxCode {
		line = strings.TrimSpace(string(runes[:maxCode]))
	}
	return line
}

// New returns the findings that are not known, and how many entries of the baseline
// have no finding any more.
func (b *Baseline) New(findings []lint.Finding) (unknown []lint.Finding, known, stale int) {
	left := make(map[entry]int, len(b.known))
	for e, n := range b.known {
		left[e] = n
	}
	for i := range findings {
		e := entryOf(&findings[i])
		if left[e] > 0 {
			left[e]--
			known++
			continue
		}
		unknown = append(unknown, findings[i])
	}
	for _, n := range left {
		stale += n
	}
	return unknown, known, stale
}

// Shrunk returns the baseline without what has no finding any more.
func (b *Baseline) Shrunk(findings []lint.Finding) *Baseline {
	now := Of(findings)
	for e, n := range now.known {
		if n = min(n, b.known[e]); n == 0 {
			delete(now.known, e)
		} else {
			now.known[e] = n
		}
	}
	return now
}

// Len returns the number of findings that are known.
func (b *Baseline) Len() int {
	n := 0
	for _, count := range b.known {
		n += count
	}
	return n
}

const header = `# Findings that are known, and not reported: archlint --baseline FILE.
# Written by archlint --write-baseline FILE; --update takes out what is gone.
version: 1
`

// Format returns the file.
func (b *Baseline) Format() []byte {
	out := []byte(header)
	if len(b.known) == 0 {
		return append(out, "findings: []\n"...)
	}
	entries := make([]entry, 0, len(b.known))
	for e := range b.known {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.rule, b.rule), strings.Compare(a.code, b.code))
	})
	out = append(out, "findings:\n"...)
	for _, e := range entries {
		out = fmt.Appendf(out, "  - rule: %s\n    path: %s\n    code: %s\n", e.rule, text(e.path), text(e.code))
		if n := b.known[e]; n > 1 {
			out = fmt.Appendf(out, "    count: %d\n", n)
		}
	}
	return out
}

// text writes a text so that YAML reads the same.
func text(s string) string {
	var n yaml.Node
	n.SetString(s)
	data, err := yaml.Marshal(&n)
	if written := strings.TrimSuffix(string(data), "\n"); err == nil && !strings.Contains(written, "\n") {
		return written
	}
	return strconv.Quote(s)
}

// Parse reads a file.
func Parse(data []byte) (*Baseline, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the baseline is larger than %d MiB", MaxSize>>20)
	}
	if bytes.Count(data, []byte("\n")) > 5*maxEntries {
		return nil, fmt.Errorf("the baseline has more than %d findings", maxEntries)
	}
	var file struct {
		Version  int `yaml:"version"`
		Findings []struct {
			Rule  string `yaml:"rule"`
			Path  string `yaml:"path"`
			Code  string `yaml:"code"`
			Count int    `yaml:"count"`
		} `yaml:"findings"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the baseline is empty; write it with --write-baseline")
		}
		return nil, fmt.Errorf("not a baseline: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("the baseline has version %d, which this archlint does not know", file.Version)
	}
	b := &Baseline{known: map[entry]int{}}
	for _, f := range file.Findings {
		if f.Rule == "" || f.Count < 0 {
			return nil, errors.New("not a baseline: an entry has no rule, or counts less than nothing")
		}
		b.known[entry{f.Rule, f.Path, f.Code}] += max(1, f.Count)
	}
	return b, nil
}
