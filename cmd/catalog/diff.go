package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/catalog"
)

// mostShown bounds how many changes of each kind are listed by name.
const mostShown = 20

// diff says what a reviewer of a refreshed table wants to know: how much was added,
// and, by name, what got lost, which is rare and may be a mistake.
func diff(old, new string, out io.Writer) error {
	a, b, err := readTwo(old, new, catalog.UnpackOfficial)
	if err == nil {
		return report(out, "tags", "platforms", a, b, func(r catalog.Row) (string, []string) {
			return r.Image + ":" + r.Tag, strings.Split(r.Platforms, ",")
		})
	}
	releasesA, releasesB, errReleases := readTwo(old, new, catalog.UnpackReleases)
	if errReleases == nil {
		return report(out, "files", "files for arm64", releasesA, releasesB, func(r catalog.Release) (string, []string) {
			var has []string
			if r.HasARM64 == catalog.Yes {
				has = []string{"linux/arm64"}
			}
			return r.Tool + " " + r.Range + " " + r.AMD64URL, has
		})
	}
	return fmt.Errorf("neither two tables of official images (%w) nor two of downloads (%w)", err, errReleases)
}

func readTwo[T any](old, new string, unpack func([]byte) ([]T, error)) (a, b []T, err error) {
	for path, rows := range map[string]*[]T{old: &a, new: &b} {
		packed, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		if *rows, err = unpack(packed); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return a, b, nil
}

// report compares rows by their name and what they have.
func report[T any](out io.Writer, rows, things string, old, new []T, split func(T) (name string, has []string)) error {
	before := map[string][]string{}
	for _, row := range old {
		name, has := split(row)
		before[name] = has
	}
	var lost, gone []string
	added, gained := 0, 0
	seen := map[string]bool{}
	for _, row := range new {
		name, has := split(row)
		seen[name] = true
		was, known := before[name]
		if !known {
			added++
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(was), func(thing string) bool { return slices.Contains(has, thing) })
		switch {
		case len(missing) > 0:
			lost = append(lost, name+" "+strings.Join(missing, ","))
		case len(has) > len(was):
			gained++
		}
	}
	for name := range before {
		if !seen[name] {
			gone = append(gone, name)
		}
	}
	fmt.Fprintf(out, "%d %s before, %d now: %d added, %d gained %s, %d lost some, %d are gone.\n", len(old), rows, len(new), added, gained, things, len(lost), len(gone))
	list(out, "lost", lost)
	list(out, "gone", gone)
	return nil
}

func list(out io.Writer, what string, names []string) {
	slices.Sort(names)
	for i, name := range names {
		if i == mostShown {
			fmt.Fprintf(out, "%s: %d more\n", what, len(names)-i)
			return
		}
		fmt.Fprintf(out, "%s: %s\n", what, name)
	}
}
