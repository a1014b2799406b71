package graph

import (
	"strconv"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// Uses lists what a Dockerfile selects when it is built for a platform, all its
// stages: what it fetches, installs, targets and reads, one line each, in order. Two
// files with the same lines make the same of that platform.
func Uses(d *facts.Document, p arch.Platform) []string {
	w := newWorld(d, p, nil)
	for _, s := range w.stages {
		s.active = true
	}
	var out []string
	for _, u := range w.uses() {
		var texts []string
		for _, v := range u.values {
			texts = append(texts, strconv.Quote(v.Display()))
		}
		out = append(out, u.subject+" "+strings.Join(texts, " or "))
	}
	return out
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
