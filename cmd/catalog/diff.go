package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/catalog"
)

// The most groups of changes that are listed, and the most names of each.
const (
	mostGroups = 40
	mostNames  = 4
)

// entry is a row as it is compared.
type entry struct {
	group string // the image or tool
	name  string // what it is within that
	has   []string
}

// diff says what a reviewer of a refreshed table wants to know: how much was added,
// and what got lost, which may be a mistake, with arm64 first.
func diff(old, new string, out io.Writer) error {
	a, b, err := readTwo(old, new, catalog.UnpackOfficial)
	if err == nil {
		report(out, "tags", a, b, func(r catalog.Row) entry {
			return entry{r.Image, r.Tag, strings.Split(r.Platforms, ",")}
		})
		return nil
	}
	releasesA, releasesB, errReleases := readTwo(old, new, catalog.UnpackReleases)
	if errReleases == nil {
		report(out, "rows", releasesA, releasesB, func(r catalog.Release) entry {
			e := entry{group: r.Tool, name: r.Range + " " + r.AMD64URL}
			if r.HasARM64 == catalog.Yes {
				e.has = []string{"linux/arm64"}
			}
			return e
		})
		return nil
	}
	return fmt.Errorf("neither two tables of official images (%w) nor two of downloads (%w)", err, errReleases)
}

func readTwo[T any](old, new string, unpack func([]byte) ([]T, error)) (a, b []T, err error) {
	read := func(path string) ([]T, error) {
		packed, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		rows, err := unpack(packed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return rows, nil
	}
	if a, err = read(old); err != nil {
		return nil, nil, err
	}
	b, err = read(new)
	return a, b, err
}

// report compares rows by their names.
func report[T any](out io.Writer, rows string, old, new []T, entryOf func(T) entry) {
	type key struct{ group, name string }
	before := map[key][]string{}
	for _, row := range old {
		e := entryOf(row)
		before[key{e.group, e.name}] = e.has
	}
	changes := map[string]map[string][]string{} // by what happened and group
	note := func(what string, k key) {
		if changes[what] == nil {
			changes[what] = map[string][]string{}
		}
		changes[what][k.group] = append(changes[what][k.group], k.name)
	}
	added := 0
	for _, row := range new {
		e := entryOf(row)
		k := key{e.group, e.name}
		was, known := before[k]
		delete(before, k)
		if !known {
			added++
			continue
		}
		if lost := without(was, e.has); len(lost) > 0 {
			note("lost "+strings.Join(lost, ","), k)
		} else if gained := without(e.has, was); len(gained) > 0 {
			note("gained "+strings.Join(gained, ","), k)
		}
	}
	for k := range before {
		note("gone", k)
	}
	fmt.Fprintf(out, "%d %s before, %d now, %d of them new.\n", len(old), rows, len(new), added)

	var lines []string
	whats := slices.SortedFunc(maps.Keys(changes), func(a, b string) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), strings.Compare(a, b))
	})
	for _, what := range whats {
		for _, group := range slices.Sorted(maps.Keys(changes[what])) {
			names := changes[what][group]
			slices.Sort(names)
			line := fmt.Sprintf("%s: %s, %d %s: %s", what, group, len(names), rows, strings.Join(names[:min(len(names), mostNames)], ", "))
			if len(names) > mostNames {
				line += " …"
			}
			lines = append(lines, line)
		}
	}
	for n, line := range lines {
		if n == mostGroups {
			fmt.Fprintf(out, "and %d more lines\n", len(lines)-n)
			return
		}
		fmt.Fprintln(out, line)
	}
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// weight orders what happened: what is lost for arm64 matters most here.
func weight(what string) int {
	switch lost := strings.HasPrefix(what, "lost"); {
	case lost && slices.Contains(strings.Split(strings.TrimPrefix(what, "lost "), ","), "linux/arm64"):
		return 0
	case what == "gone":
		return 1
	case lost:
		return 2
	}
	return 3
}
