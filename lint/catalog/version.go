package catalog

import "strings"

// CompareVersions orders two versions: numbers by value, missing numbers as
// zero, pre-release words (alpha, beta, rc …) before the release, any other word
// at the end (1.2.3-alpine, 1.2.3-ce) as if it were not there. What stands before
// the version ("v", "jq-", "kustomize/v") does not count.
func CompareVersions(a, b string) int {
	a, b = trimVersion(a), trimVersion(b)
	for {
		var x, y string
		x, a = versionToken(a)
		y, b = versionToken(b)
		switch {
		case x == "" && y == "":
			return 0
		case isNumber(x) || isNumber(y):
			if x == "" {
				x = "0"
			}
			if y == "" {
				y = "0"
			}
			switch {
			case !isNumber(x):
				if strings.Trim(y, "0") == "" {
					a = x + a // 2.0-rc3 is 2.0.0-rc3
					continue
				}
				return -prereleaseSign(x, a)
			case !isNumber(y):
				if strings.Trim(x, "0") == "" {
					b = y + b
					continue
				}
				return prereleaseSign(y, b)
			}
			if c := compareNumbers(x, y); c != 0 {
				return c
			}
		case x == y:
		default:
			px, py := prereleaseSign(x, a), prereleaseSign(y, b)
			switch {
			case px == 1 && py == 1:
				return strings.Compare(x, y)
			case px == 1:
				return -1
			case py == 1:
				return 1
			}
			return 0 // a build's or a flavour's name: no order
		}
	}
}

// prereleaseSign is 1 for a word that comes before a release, else 0. What
// follows the word tells 2.0.0b18, a beta, from 1.247347.3b250378, a build: nobody
// makes thousands of betas.
func prereleaseSign(word, rest string) int {
	switch word {
	case "alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "nightly", "canary", "cr", "ea":
		return 1
	case "a", "b", "m":
		if number, _ := versionToken(rest); !isNumber(number) || len(number) <= longestCount {
			return 1
		}
	}
	return 0
}

// longestCount is how many digits the number of a pre-release has at most.
const longestCount = 3

// trimVersion cuts what stands before the first number that begins a word.
func trimVersion(s string) string {
	s = strings.ToLower(s)
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		s = s[i+1:]
	}
	first := -1
	for i := range len(s) {
		if !isDigit(s[i]) {
			continue
		}
		if first < 0 {
			first = i
		}
		if i == 0 || !isLetter(s[i-1]) && !isDigit(s[i-1]) || s[i-1] == 'v' && (i == 1 || !isLetter(s[i-2]) && !isDigit(s[i-2])) {
			return s[i:]
		}
	}
	if first < 0 {
		return ""
	}
	return s[first:]
}

// versionToken returns the next run of digits or of letters, and the rest.
func versionToken(s string) (token, rest string) {
	i := 0
	for i < len(s) && !isDigit(s[i]) && !isLetter(s[i]) {
		i++
	}
	s = s[i:]
	if s == "" {
		return "", ""
	}
	same := isDigit
	if isLetter(s[0]) {
		same = isLetter
	}
	i = 0
	for i < len(s) && same(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

// compareNumbers compares runs of digits of any length by value.
func compareNumbers(x, y string) int {
	x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
	if len(x) != len(y) {
		if len(x) < len(y) {
			return -1
		}
		return 1
	}
	return strings.Compare(x, y)
}

// components returns how many numbers a version begins with: 3 for 1.2.3-rc.1.
func components(v string) int {
	v = trimVersion(v)
	n := 0
	for v != "" {
		i := 0
		for i < len(v) && isDigit(v[i]) {
			i++
		}
		if i == 0 {
			break
		}
		n++
		v = v[i:]
		if v == "" || v[0] != '.' {
			break
		}
		v = v[1:]
	}
	return n
}

// cutComponents keeps the first n numbers of a version.
func cutComponents(v string, n int) string {
	v = trimVersion(v)
	for i := range len(v) {
		if v[i] == '.' {
			n--
		}
		if n == 0 || !isDigit(v[i]) && v[i] != '.' {
			return v[:i]
		}
	}
	return v
}

// sameLine reports whether v is on the release line of the patch release also,
// which is as long as what tells also from the version since in which the main
// line got it: beside 1.4.3, 1.3.10 stands for 1.3.x; beside 7.17.0, 6.17.0 for 6.x.
func sameLine(v, also, since string) bool {
	for n := 1; n <= components(also); n++ {
		if cutComponents(also, n) != cutComponents(since, n) {
			return cutComponents(v, n) == cutComponents(also, n)
		}
	}
	return false
}

func isNumber(s string) bool { return s != "" && isDigit(s[0]) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// naturalLess orders strings with the numbers in them by value.
func naturalLess(a, b string) bool {
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			i, j := 0, 0
			for i < len(a) && isDigit(a[i]) {
				i++
			}
			for j < len(b) && isDigit(b[j]) {
				j++
			}
			if c := compareNumbers(a[:i], b[:j]); c != 0 {
				return c < 0
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return a[0] < b[0]
		}
		a, b = a[1:], b[1:]
	}
	return len(a) < len(b)
}

// globMatch reports whether s matches a pattern in which * stands for any
// characters.
func globMatch(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return len(s) >= len(last) && strings.HasSuffix(s, last)
}
