package discover

import (
	"bytes"
	"strings"
)

// Bounds on a .gitignore file; a larger one is reported and not honoured.
const (
	maxIgnoreSize     = 256 << 10
	maxIgnorePatterns = 5000
	// maxIgnoreEffort is how many steps all patterns may take in a walk; after that they
	// are not honoured any more, which hides nothing.
	maxIgnoreEffort = 500_000_000
)

// ignores are the patterns of one .gitignore file, chained to those of the
// directories above.
//
// Matching is what gitignore(5) says: the last pattern that matches decides, and
// a deeper file goes before a higher one. That nothing below an ignored
// directory can be taken back is up to the walk, which does not enter it.
type ignores struct {
	parent *ignores
	dir    string // of the file, relative to the root; "" for the root

	names   map[string][]int // patterns that are a plain base name, by name
	suffix  map[string][]int // patterns of the form *.ext, by ".ext"
	general []int            // all others
	rules   []ignoreRule
	effort  *int // steps that matching took, for all files of a walk
}

// ignoreRule is one line of a .gitignore file.
type ignoreRule struct {
	segments []string // of the pattern, between slashes
	negated  bool     // "!": the file is not ignored after all
	dirOnly  bool     // a final "/": matches directories only
	anchored bool     // has another "/": matches from the file's directory on
}

// parseIgnores reads a .gitignore file.
func parseIgnores(parent *ignores, dir string, data []byte, effort *int) *ignores {
	ig := &ignores{parent: parent, dir: dir, names: map[string][]int{}, suffix: map[string][]int{}, effort: effort}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for line := range bytes.Lines(data) {
		if len(ig.rules) == maxIgnorePatterns {
			break
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		*effort++
		rule, ok := parseIgnoreRule(text)
		if !ok {
			continue
		}
		i := len(ig.rules)
		ig.rules = append(ig.rules, rule)
		switch last := rule.segments[0]; {
		case rule.anchored || len(rule.segments) > 1:
			ig.general = append(ig.general, i)
		case !strings.ContainsAny(last, `*?[\`):
			ig.names[last] = append(ig.names[last], i)
		case strings.HasPrefix(last, "*.") && !strings.ContainsAny(last[1:], `*?[\`) && strings.Count(last, ".") == 1:
			ig.suffix[last[1:]] = append(ig.suffix[last[1:]], i)
		default:
			ig.general = append(ig.general, i)
		}
	}
	return ig
}

func parseIgnoreRule(text string) (rule ignoreRule, ok bool) {
	if text == "" || text[0] == '#' {
		return rule, false
	}
	text = trimTrailingSpaces(text)
	if strings.HasPrefix(text, "!") {
		rule.negated, text = true, text[1:]
	}
	if strings.HasSuffix(text, "/") {
		rule.dirOnly, text = true, text[:len(text)-1]
	}
	rule.anchored = strings.Contains(text, "/")
	text = strings.TrimPrefix(text, "/")
	if text == "" {
		return rule, false
	}
	rule.segments = strings.Split(text, "/")
	return rule, true
}

// trimTrailingSpaces drops the spaces at the end, up to one that is escaped.
func trimTrailingSpaces(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			end = i + 1
		} else if s[i] != ' ' {
			end = i + 1
		}
	}
	return s[:end]
}

// match reports whether the entry name of the directory dir is ignored.
func (ig *ignores) match(dir, name string, isDir bool) bool {
	for ; ig != nil; ig = ig.parent {
		if i := ig.last(dir, name, isDir); i >= 0 {
			return !ig.rules[i].negated
		}
	}
	return false
}

// last returns the index of the last rule that matches, or -1.
func (ig *ignores) last(dir, name string, isDir bool) int {
	found := -1
	consider := func(list []int, whole bool) {
		for n := len(list) - 1; n >= 0 && list[n] > found; n-- {
			rule := &ig.rules[list[n]]
			if rule.dirOnly && !isDir {
				continue
			}
			if whole || ig.matchRule(rule, dir, name) {
				found = list[n]
			}
		}
	}
	consider(ig.names[name], true)
	if len(ig.suffix) > 0 {
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			consider(ig.suffix[name[dot:]], true)
		}
	}
	consider(ig.general, false)
	return found
}

func (ig *ignores) matchRule(rule *ignoreRule, dir, name string) bool {
	if !rule.anchored {
		return matchSegment(rule.segments[0], name, ig.effort)
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(dir, ig.dir), "/")
	segments := make([]string, 0, 16)
	for rest != "" {
		var segment string
		segment, rest, _ = strings.Cut(rest, "/")
		segments = append(segments, segment)
	}
	return matchSegments(rule.segments, append(segments, name), ig.effort)
}

// matchSegments matches the segments of a path. "**" stands for any number of
// them, at the end of the pattern for at least one. Like matchSegment it goes
// back to the last star only, so its cost is bounded by the product of the
// lengths.
func matchSegments(pattern, path []string, effort *int) bool {
	if n := len(pattern); pattern[n-1] == "**" && n > 1 {
		// "a/**" is all that is in a, and not a itself.
		pattern = append(append(make([]string, 0, n+1), pattern...), "*")
	}
	p, s, star, retry := 0, 0, -1, 0
	for s < len(path) {
		*effort++
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, retry = p, s
			p++
		case p < len(pattern) && matchSegment(pattern[p], path[s], effort):
			p++
			s++
		case star >= 0:
			retry++
			p, s = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// matchSegment matches one segment with *, ?, [class] and \escapes, byte by byte
// as git does: "?" is half of a "ü".
func matchSegment(pattern, name string, effort *int) bool {
	p, s, star, retry := 0, 0, -1, 0
	for s < len(name) {
		*effort++
		if p < len(pattern) && pattern[p] == '*' {
			star, retry = p, s
			p++
			continue
		}
		if p < len(pattern) {
			if next, ok := matchOne(pattern, p, name[s]); ok {
				p, s = next, s+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		retry++
		p, s = star+1, retry
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne matches one byte with the element of the pattern at p and
// returns where the next element begins.
func matchOne(pattern string, p int, c byte) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return matchClass(pattern, p, c)
	case '\\':
		p++
		if p == len(pattern) {
			return p, false // a backslash at the end matches nothing
		}
	}
	return p + 1, pattern[p] == c
}

// matchClass matches a byte with the bracket expression at p. One that is
// not closed matches nothing.
func matchClass(pattern string, p int, c byte) (next int, ok bool) {
	p++
	negated := p < len(pattern) && (pattern[p] == '!' || pattern[p] == '^')
	if negated {
		p++
	}
	matched := false
	for first := true; p < len(pattern); first = false {
		if pattern[p] == ']' && !first {
			return p + 1, matched != negated
		}
		if strings.HasPrefix(pattern[p:], "[:") {
			if end := strings.Index(pattern[p:], ":]"); end > 1 { // "[:]" is none
				matched = matched || inClass(pattern[p+2:p+end], c)
				p += end + 2
				continue
			}
		}
		low, after := classByte(pattern, p)
		high := low
		if after+1 < len(pattern) && pattern[after] == '-' && pattern[after+1] != ']' {
			high, after = classByte(pattern, after+1)
		}
		matched = matched || low <= c && c <= high
		p = after
	}
	return p, false
}

// classByte reads one byte of a bracket expression.
func classByte(pattern string, p int) (c byte, next int) {
	if pattern[p] == '\\' && p+1 < len(pattern) {
		p++
	}
	return pattern[p], p + 1
}

// inClass reports whether c is of a POSIX class, in the C locale.
func inClass(class string, c byte) bool {
	lower, upper, digit := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	graph := c > ' ' && c < 0x7f
	switch class {
	case "alpha":
		return lower || upper
	case "digit":
		return digit
	case "alnum":
		return lower || upper || digit
	case "lower":
		return lower
	case "upper":
		return upper
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "blank":
		return c == ' ' || c == '\t'
	case "punct":
		return graph && !lower && !upper && !digit
	case "graph":
		return graph
	case "print":
		return graph || c == ' '
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "xdigit":
		return digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	}
	return false
}
