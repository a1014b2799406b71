// Package fix changes files byte by byte: edits that do not get in each other's
// way are put together, shown as a unified diff, or written so that a crash leaves
// the old file or the new one.
//
// It knows nothing of findings. Everything that no edit names stays as it is:
// comments, quotes, indentation, line ends.
package fix

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Edit replaces the bytes of a file from Start up to End. Text has \n at its line
// ends, whatever the file has.
type Edit struct {
	Path       string
	Start, End int
	Text       string
}

// conflicts reports whether two edits of a file cannot both be made. An insertion
// at the border of what another replaces is no conflict; two insertions at one place
// are, because nobody knows which goes first.
func (e Edit) conflicts(o Edit) bool {
	if e == o {
		return false
	}
	if e.Start == e.End && o.Start == o.End {
		return e.Start == o.Start
	}
	return e.Start < o.End && o.Start < e.End
}

// Plan is a set of edits that can all be made.
type Plan struct {
	edits map[string][]Edit // by path, ordered
}

// Add takes the edits of one change, all of them or, if one conflicts with what is
// planned already, none. What two changes have in common is made once.
func (p *Plan) Add(change []Edit) bool {
	for i, e := range change {
		if e.Start < 0 || e.End < e.Start {
			return false
		}
		for _, o := range slices.Concat(p.edits[e.Path], change[:i]) {
			if e.Path == o.Path && e.conflicts(o) {
				return false
			}
		}
	}
	if p.edits == nil {
		p.edits = map[string][]Edit{}
	}
	for _, e := range change {
		if !slices.Contains(p.edits[e.Path], e) {
			p.edits[e.Path] = append(p.edits[e.Path], e)
		}
	}
	return true
}

// Paths returns the files that change, sorted.
func (p *Plan) Paths() []string { return slices.Sorted(maps.Keys(p.edits)) }

// Apply returns the new content of a file. Edits beyond its end are left out: they
// were made for another content.
func (p *Plan) Apply(path string, data []byte) []byte {
	edits := slices.Clone(p.edits[path])
	slices.SortFunc(edits, func(a, b Edit) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End // an insertion goes before what follows it
	})
	crlf := usesCRLF(data)
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.End > len(data) {
			break
		}
		out.Write(data[at:e.Start])
		out.WriteString(lineEnds(e.Text, crlf))
		at = e.End
	}
	out.Write(data[at:])
	return out.Bytes()
}

// LineEnds returns the text of an edit with the line ends of the file that it is for, as
// Apply writes it.
func LineEnds(text string, data []byte) string {
	return lineEnds(text, strings.Contains(text, "\n") && usesCRLF(data))
}

func lineEnds(text string, crlf bool) string {
	if !crlf {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// usesCRLF reports whether more lines end in \r\n than in \n alone.
func usesCRLF(data []byte) bool {
	crlf := bytes.Count(data, []byte("\r\n"))
	return crlf > 0 && 2*crlf > bytes.Count(data, []byte("\n"))
}

// Diff returns a unified diff that git apply and patch -p1 take, nil if nothing
// differs.
func Diff(path string, before, after []byte) []byte {
	text := diff.Diff("a/"+path, before, "b/"+path, after)
	_, text, _ = bytes.Cut(text, []byte("\n")) // a line for people
	return text
}
