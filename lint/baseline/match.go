package baseline

import (
	"slices"

	"github.com/archlint/archlint/lint"
)

// Match is what comes of comparing findings with a baseline.
type Match struct {
	New   []lint.Finding // that the baseline does not know, in their order
	Known []lint.Finding // that it knows
	Stale []Entry        // of which there is no finding any more
	// Left is the baseline without what is stale: with the platforms that the known
	// findings have now, and with the entries that could not be judged.
	Left []Entry
}

// Compare tells new findings from those that a baseline knows. An entry without a
// finding is stale only if judged says that there would be one.
func Compare(entries []Entry, findings []lint.Finding, judged func(Entry) bool) Match {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, Entry.compare)
	now := inOrder(findings)
	known, taken := pair(entries, now)
	var m Match
	for i := range findings {
		if known[i] {
			m.Known, m.Left = append(m.Known, findings[i]), append(m.Left, now[i])
		} else {
			m.New = append(m.New, findings[i])
		}
	}
	for i, e := range entries {
		switch {
		case taken[i]:
		case judged(e):
			m.Stale = append(m.Stale, e)
		default:
			m.Left = append(m.Left, e)
		}
	}
	slices.SortFunc(m.Left, Entry.compare)
	return m
}

// Known reports which of the findings the entries know, and returns the entries that
// are left over.
func Known(entries []Entry, findings []lint.Finding) (known []bool, left []Entry) {
	known, taken := pair(entries, inOrder(findings))
	for i, e := range entries {
		if !taken[i] {
			left = append(left, e)
		}
	}
	return known, left
}

// pair gives each finding an entry that knows it, where there is one.
func pair(entries, now []Entry) (known, taken []bool) {
	free := map[key][]int{}
	for i := range entries {
		free[entries[i].key()] = append(free[entries[i].key()], i)
	}
	known, taken = make([]bool, len(now)), make([]bool, len(entries))
	// Findings that are as they were choose first: one that has lost a platform must
	// not take the place of one that has it still.
	for _, fits := range []func(is, was []string) bool{slices.Equal[[]string], within} {
		for i := range now {
			if known[i] {
				continue
			}
			k := now[i].key()
			at := slices.IndexFunc(free[k], func(n int) bool { return fits(now[i].Platforms, entries[n].Platforms) })
			if at >= 0 {
				known[i], taken[free[k][at]] = true, true
				free[k] = slices.Delete(free[k], at, at+1)
			}
		}
	}
	return known, taken
}

// within reports whether all platforms of a finding are ones that it had.
func within(is, was []string) bool {
	for _, p := range is {
		if !slices.Contains(was, p) {
			return false
		}
	}
	return true
}
