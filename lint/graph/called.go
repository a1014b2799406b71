package graph

import "github.com/archlint/archlint/lint/facts"

// dropCalled drops the builds of actions and reusable workflows that other files of
// the repository call: they are builds of those, with what those give them.
func dropCalled(documents []*facts.Document) {
	type place struct {
		path  string
		start int
	}
	called := map[place]bool{}
	for _, d := range documents {
		for _, b := range d.Builds {
			if !b.Caller.IsZero() {
				called[place{b.Span.File.Path, b.Span.Start}] = true
			}
		}
	}
	if len(called) == 0 {
		return
	}
	for _, d := range documents {
		var left []*facts.Build
		for _, b := range d.Builds {
			if !b.Caller.IsZero() || !called[place{b.Span.File.Path, b.Span.Start}] {
				left = append(left, b)
			}
		}
		d.Builds = left
	}
}
