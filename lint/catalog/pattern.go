package catalog

import (
	"strings"

	"github.com/archlint/archlint/lint/arch"
)

// unknown is the byte that stands for a part of a URL that could not be resolved.
const unknown = 0

// maxURL bounds the URLs that are looked at, in bytes.
const maxURL = 1024

// pattern is a URL template for one architecture, without scheme.
//
// Literal characters are compared without regard to case. A placeholder stands
// for one or more characters of the URL. An unknown part of the URL stands for
// one or more elements of the pattern, but never for a firm one: those of the
// architecture's word, without which nothing could be said about the
// architecture, and those that tell one tool from another.
type pattern struct {
	elements []element
	word     bool // the architecture stands in it as a word
}

type element struct {
	char  byte   // literal, lower case; 0 for a placeholder
	name  string // of the placeholder
	firm  bool
	slash bool // the placeholder may hold a slash
	file  bool // in the last segment
}

// compile makes a pattern of a template, which is written as normalizePath
// writes it. words are the spans of the architecture's word in it, none if it is
// named by no word. byRepository says that the index compares the repository, so
// that the directories need not tell one tool from another.
func compile(template string, words [][2]int, byRepository bool) pattern {
	var p pattern
	p.word = len(words) > 0
	file := strings.LastIndexByte(strings.SplitN(template, "?", 2)[0], '/') + 1
	for i := 0; i < len(template); i++ {
		c := template[i]
		if c == '{' {
			if end := strings.IndexByte(template[i:], '}'); end > 0 {
				name := template[i+1 : i+end]
				// "v{version}" and "{version}" are one: tags are written both ways.
				if n := len(p.elements); name == "version" && n > 0 && p.elements[n-1].char == 'v' &&
					(n == 1 || p.elements[n-2].char != 0 && !isLetter(p.elements[n-2].char)) {
					p.elements = p.elements[:n-1]
				}
				p.elements = append(p.elements, element{name: name, slash: name == "tag", file: i >= file})
				i += end
				continue
			}
		}
		e := element{char: lower(c), file: i >= file}
		inWord := false
		for _, w := range words {
			inWord = inWord || i >= w[0] && i < w[1]
		}
		switch {
		case inWord:
			e.firm = true
		case e.file && !p.word, !e.file && !byRepository:
			e.firm = isLetter(c) || isDigit(c)
		}
		p.elements = append(p.elements, e)
	}
	return p
}

// capture is what a placeholder stood for.
type capture struct {
	name string
	text string
	file bool
}

// match compares a URL, normalised by normalizePath, with the pattern.
func (p pattern) match(url string) ([]capture, bool) {
	if !p.endsLike(url) {
		return nil, false
	}
	m := matcher{p: p.elements, url: url, seen: make([]uint64, (2*(len(p.elements)+1)*(len(url)+2)+63)/64)}
	if !m.walk(0, 0, fresh) {
		return nil, false
	}
	var captures []capture
	for i, e := range p.elements {
		if e.char != 0 {
			continue
		}
		span := m.spans[i]
		text := url[span[0]:span[1]]
		// A placeholder must not swallow the very word that is asked for.
		if e.name != "dir" && len(arch.Words(strings.ReplaceAll(text, "\x00", " "))) > 0 {
			return nil, false
		}
		// "tool-{version}" is not "tool-installer".
		if !p.word && e.file && strings.IndexByte(text, unknown) < 0 && !strings.ContainsAny(text, "0123456789") &&
			text != "latest" && text != "stable" {
			return nil, false
		}
		captures = append(captures, capture{name: e.name, text: text, file: e.file})
	}
	return captures, true
}

// endsLike is a quick look at the end, which tells most files apart.
func (p pattern) endsLike(url string) bool {
	i, j := len(p.elements)-1, len(url)-1
	for ; i >= 0 && j >= 0; i, j = i-1, j-1 {
		if p.elements[i].char == 0 || url[j] == unknown {
			return true
		}
		if p.elements[i].char != lower(url[j]) {
			return false
		}
	}
	return i < 0 && j < 0
}

type state int

const (
	fresh state = iota
	inGap       // an unknown part of the URL has taken at least one element
)

type matcher struct {
	p     []element
	url   string
	seen  []uint64 // states known to lead nowhere
	spans map[int][2]int
}

// walk matches the pattern from element i on against the URL from byte j on. The
// work is bounded by the number of states, pattern × URL × 2.
func (m *matcher) walk(i, j int, s state) bool {
	if i == len(m.p) && j == len(m.url) && s == fresh {
		m.spans = map[int][2]int{}
		return true
	}
	key := (i*(len(m.url)+2)+j)*2 + int(s)
	if m.seen[key/64]&(1<<(key%64)) != 0 {
		return false
	}
	m.seen[key/64] |= 1 << (key % 64)
	switch s {
	case fresh:
		if i == len(m.p) || j == len(m.url) {
			return false
		}
		e := m.p[i]
		if e.char == 0 {
			return m.hole(i, j, j)
		}
		if m.url[j] == unknown {
			return !e.firm && m.walk(i+1, j, inGap)
		}
		return lower(m.url[j]) == e.char && m.walk(i+1, j+1, fresh)
	case inGap:
		if m.walk(i, j+1, fresh) {
			return true
		}
		if i == len(m.p) {
			return false
		}
		if m.p[i].char == 0 {
			return m.hole(i, j, j)
		}
		return !m.p[i].firm && m.walk(i+1, j, inGap)
	}
	return false
}

// hole lets placeholder i take url[start:j], longer and longer.
func (m *matcher) hole(i, start, j int) bool {
	for ; j < len(m.url); j++ {
		c := m.url[j]
		if c == '/' && !m.p[i].slash || c == '?' {
			return false
		}
		ok := m.walk(i+1, j+1, fresh)
		if !ok && c == unknown {
			// The unknown part may reach beyond the placeholder.
			ok = m.walk(i+1, j, inGap)
		}
		if ok {
			m.spans[i] = [2]int{start, j + 1}
			return true
		}
	}
	return false
}

// normalizePath writes a URL without scheme, with the two escapes that release
// URLs use resolved and "latest" as a tag like any other.
func normalizePath(url string) string {
	if i := strings.Index(url, "://"); i >= 0 && i < 10 {
		url = url[i+3:]
	}
	if strings.IndexByte(url, '%') >= 0 {
		url = strings.NewReplacer("%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/").Replace(url)
	}
	return strings.Replace(url, "/releases/latest/download/", "/releases/download/latest/", 1)
}

// fileKey returns what a URL or template is found by: host, owner and repository
// on the forges, else the host. exact is false if a placeholder stands in it.
func fileKey(url string) (key string, byRepository, exact bool) {
	host, rest, _ := strings.Cut(url, "/")
	host = strings.ToLower(host)
	if strings.ContainsAny(host, "{\x00") {
		return "", false, false
	}
	switch host {
	case "github.com", "gitlab.com", "codeberg.org", "gitea.com":
	default:
		return host, false, true
	}
	owner, rest, _ := strings.Cut(rest, "/")
	repository, _, _ := strings.Cut(rest, "/")
	if strings.ContainsAny(owner, "{\x00") {
		return host, false, false
	}
	key = host + "/" + strings.ToLower(owner)
	if strings.ContainsAny(repository, "{\x00") {
		return key, true, false
	}
	return key + "/" + strings.ToLower(repository), true, true
}

// fileIndex finds the records for a URL by its key.
type fileIndex struct {
	byKey map[string][]curated
}

func newFileIndex() *fileIndex { return &fileIndex{byKey: map[string][]curated{}} }

func (f *fileIndex) add(template string, c curated) {
	key, _, _ := fileKey(normalizePath(template))
	f.byKey[key] = append(f.byKey[key], c)
}

// find returns the records whose templates may match a URL: those of its key,
// of its owner, and those with a placeholder in the host.
func (f *fileIndex) find(url string) []curated {
	key, _, _ := fileKey(url)
	out := f.byKey[key]
	if i := strings.LastIndexByte(key, '/'); i > 0 {
		out = append(out[:len(out):len(out)], f.byKey[key[:i]]...)
	}
	if key != "" {
		out = append(out[:len(out):len(out)], f.byKey[""]...)
	}
	return out
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
