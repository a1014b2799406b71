package graph

import (
	"strconv"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
)

// Uses lists what a Dockerfile selects when it is built for a platform, all its
// stages: what it fetches, installs and reads, and for which other platform it
// compiles, one line each, in order. Two files with the same lines make the same of
// that platform.
func Uses(d *facts.Document, p arch.Platform) []string {
	w := newWorld(d, p, nil, nil)
	for _, s := range w.stages {
		s.active = true
	}
	var out []string
	for _, u := range w.uses() {
		if u.kind == shell.Target && w.own(u.values) {
			continue
		}
		var texts []string
		for _, v := range u.values {
			texts = append(texts, strconv.Quote(v.Display()))
		}
		out = append(out, u.subject+" "+strings.Join(texts, " or "))
	}
	return out
}

// own reports whether values name the platform itself and no other.
func (w *world) own(values shell.Values) bool {
	for _, v := range values {
		found := words(shell.Target, v.String())
		if len(found) == 0 {
			return false
		}
		for _, word := range found {
			if word.Architecture != w.platform.Architecture {
				return false
			}
		}
	}
	return len(values) > 0
}

// Keeps reports whether a changed Dockerfile selects what it selected before, by the
// lines of [Uses]. What was not known may have become known.
func Keeps(before, after []string) bool {
	if len(before) != len(after) {
		return false
	}
	for i, b := range before {
		parts := strings.Split(b, "…")
		rest, ok := strings.CutPrefix(after[i], parts[0])
		if len(parts) == 1 {
			ok = b == after[i]
		}
		for n, part := range parts[1:] {
			if at := strings.Index(rest, part); at >= 0 && n < len(parts)-2 {
				rest = rest[at+len(part):]
			} else if n == len(parts)-2 {
				ok = ok && strings.HasSuffix(rest, part)
			} else {
				ok = false
			}
		}
		if !ok {
			return false
		}
	}
	return true
}
