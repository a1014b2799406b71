package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/catalog"
)

// condition is one alternative of a version condition, which holds if all of its
// bounds do: always, if there are none. No alternatives at all never hold.
type condition []bound

// bound compares a version: <, <=, >, >=, != and = as they are meant, == for a tag.
type bound struct {
	operator string
	version  string
}

var (
	semverCall = regexp.MustCompile(`^(?:semver\("([^"]*)"\)|semverWithVersion\("([^"]*)",\s*trimPrefix\(Version,\s*"[^"]*"\)\))$`)
	equalCall  = regexp.MustCompile(`^(?:Version|SemVer)\s*==\s*"([^"]*)"$`)
	inCall     = regexp.MustCompile(`^(?:Version|SemVer)\s+in\s+\[([^\]]*)\]$`)
	boundText  = regexp.MustCompile(`^(<=|>=|<|>|=|!=|)\s*([^\s<>=!,|]+)$`)
	orText     = regexp.MustCompile(`\s+(?:\|\||or)\s+`)
	andText    = regexp.MustCompile(`\s+(?:&&|and)\s+`)
)

// parseCondition reads a condition. unread is true for kinds that are rare and
// compare texts; such an override is left out.
func parseCondition(text string) (alternatives []condition, unread bool) {
	for _, part := range orText.Split(strings.TrimSpace(text), -1) {
		part = strings.TrimSpace(part)
		if m := inCall.FindStringSubmatch(part); m != nil {
			for _, version := range strings.Split(m[1], ",") {
				if version = strings.Trim(strings.TrimSpace(version), `"`); isVersion(version) {
					alternatives = append(alternatives, condition{{"==", version}})
				}
			}
			continue
		}
		var all condition
		never := false
		for _, term := range andText.Split(part, -1) {
			bounds, ok := parseTerm(term)
			if !ok {
				return nil, true
			}
			never = never || bounds == nil
			all = append(all, bounds...)
		}
		if !never {
			alternatives = append(alternatives, all)
		}
	}
	return alternatives, false
}

// parseTerm reads a condition without "or" and "and": nil never holds.
func parseTerm(term string) (bounds []bound, ok bool) {
	switch m := semverCall.FindStringSubmatch(term); {
	case term == "true":
		return []bound{}, true
	case term == "false":
		return nil, true
	case m != nil:
		for _, b := range strings.Split(m[1]+m[2], ",") {
			b := boundText.FindStringSubmatch(strings.TrimSpace(b))
			if b == nil || !isVersion(b[2]) {
				return nil, false
			}
			operator := b[1]
			if operator == "" {
				operator = "="
			}
			bounds = append(bounds, bound{operator, b[2]})
		}
		return bounds, true
	}
	if m := equalCall.FindStringSubmatch(term); m != nil {
		if !isVersion(m[1]) {
			return nil, true
		}
		return []bound{{"==", m[1]}}, true
	}
	return nil, false
}

// isVersion reports whether there is a number in a tag.
func isVersion(tag string) bool { return strings.ContainsAny(tag, "0123456789") }

// versionPoint is a version that some condition mentions.
type versionPoint struct {
	text string // as it is written where it stands first
	tag  bool   // a release, not only a bound
}

// versionLine collects the versions that conditions mention.
type versionLine struct {
	points []versionPoint
}

func (l *versionLine) add(alternatives []condition) {
	for _, alternative := range alternatives {
		for _, b := range alternative {
			point := versionPoint{text: b.version, tag: b.operator == "=="}
			at := slices.IndexFunc(l.points, func(p versionPoint) bool { return catalog.CompareVersions(p.text, b.version) == 0 })
			if at < 0 {
				l.points = append(l.points, point)
			} else if point.tag {
				l.points[at].tag = true
			}
		}
	}
}

// sorted returns the versions, each once, the oldest first.
func (l *versionLine) sorted() []versionPoint {
	slices.SortStableFunc(l.points, func(a, b versionPoint) int { return catalog.CompareVersions(a.text, b.text) })
	return l.points
}

// holds decides a condition for the versions of a piece.
func holds(alternatives []condition, points []versionPoint, at piece) bool {
	return slices.ContainsFunc(alternatives, func(all condition) bool {
		for _, b := range all {
			// Where the bound stands, seen from the piece.
			bound := slices.IndexFunc(points, func(p versionPoint) bool { return catalog.CompareVersions(p.text, b.version) == 0 })
			same := at.single && at.point == bound
			older := at.point < bound || at.point == bound && !at.single
			ok := false
			switch b.operator {
			case "<":
				ok = older
			case "<=":
				ok = older || same
			case ">":
				ok = !older && !same
			case ">=":
				ok = !older
			case "=", "==":
				ok = same
			case "!=":
				ok = !same
			}
			if !ok {
				return false
			}
		}
		return true
	})
}
