// Package lock reads and writes .archlint.lock, in which a repository commits what
// registries said about its images: runs then find the same everywhere, need no
// network, and a change shows in review.
//
//	# What registries said about the images of this repository.
//	# Written by archlint lock; archlint lock --check tells what has changed since.
//	version: 1
//	images:
//	  docker.io/library/nginx:1.25:
//	    digest: sha256:…
//	    platforms: [linux/amd64, linux/arm64]
//	    date: 2026-11-26
//
// The entries are sorted. The date is the day since which archlint knows the image
// to be so: it stays while digest and platforms do, so that a diff shows changes
// only. An entry may also have
//
//	manifest: true             # the manifest of one image, not an index
//	tag:                       # what the tag beside a digest stood for
//	  digest: sha256:…
//	  platforms: [linux/amd64, linux/arm64]
//	  contains: true           # it is an index, and the digest is in it
//	contradictions:            # what the manifests of an index say against it
//	  - platform: linux/arm64
//	    evidence: its configuration says linux/amd64
//	    certain: true
//
// The file is read strictly: what is not understood is an error with its place.
package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
)

// Name is the name of the file, at the root of a repository.
const Name = ".archlint.lock"

// Bounds on the file, which may come from a stranger.
const (
	MaxSize    = 8 << 20 // bytes
	maxEntries = 20000
	maxParts   = 16 * maxEntries // lines, and items of lists
	maxList    = 200             // platforms of an image
	maxText    = 200             // bytes of a piece of evidence
)

// Lock is what a file says, by reference. The nil Lock says nothing.
type Lock struct {
	Entries map[image.Reference]Entry
}

// Entry is what was learnt about an image.
type Entry struct {
	Digest         string
	Platforms      arch.Set
	Date           time.Time // a day
	Single         bool      // as in image.Answer
	Tagged         *image.Tagged
	Contradictions []image.Contradiction
}

// Of returns the entry for an answer of a registry, learnt on a day; false if there
// is nothing to keep.
func Of(a image.Answer, day time.Time) (Entry, bool) {
	if !a.Known || a.Digest == "" {
		return Entry{}, false
	}
	return Entry{
		Digest: a.Digest, Platforms: a.Platforms.Sorted(), Date: day.UTC().Truncate(24 * time.Hour),
		Single: a.Single, Tagged: a.Tagged, Contradictions: a.Contradictions,
	}, true
}

// Same reports whether two entries say the same, whenever it was learnt.
func (e Entry) Same(o Entry) bool {
	e.Date = o.Date
	return string(e.format(nil)) == string(o.format(nil))
}

// Image returns the answer for a reference. It makes a Lock an [image.Lock].
func (l *Lock) Image(r image.Reference) (image.Answer, bool) {
	if l == nil {
		return image.Answer{}, false
	}
	e, ok := l.Entries[r]
	if !ok {
		return image.Answer{}, false
	}
	return image.Answer{
		Known: true, Platforms: e.Platforms, Provenance: image.FromLock, AsOf: e.Date, Digest: e.Digest,
		Single: e.Single, Tagged: e.Tagged, Contradictions: e.Contradictions,
	}, true
}

const header = `# What registries said about the images of this repository.
# Written by archlint lock; archlint lock --check tells what has changed since.
version: 1
`

// Format returns the file.
func (l *Lock) Format() []byte {
	out := []byte(header)
	if len(l.Entries) == 0 {
		return append(out, "images: {}\n"...)
	}
	out = append(out, "images:\n"...)
	byName := map[string]Entry{}
	var names []string
	for r, e := range l.Entries {
		byName[r.String()] = e
		names = append(names, r.String())
	}
	slices.Sort(names)
	for _, n := range names {
		out = append(out, "  "+key(n)+":\n"...)
		out = byName[n].format(out)
	}
	return out
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./:@+-]*$`)

// key writes a reference as a key: that of [::1]:5000/a would be a list without quotes.
func key(reference string) string {
	if plainKey.MatchString(reference) {
		return reference
	}
	return "'" + strings.ReplaceAll(reference, "'", "''") + "'"
}

var plainText = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9 ._/+-]*[A-Za-z0-9])?$`)

// text writes a text so that it is read as the same.
func text(s string) string {
	if plainText.MatchString(s) {
		return s
	}
	return strconv.QuoteToASCII(s)
}

func (e Entry) format(out []byte) []byte {
	add := func(format string, args ...any) { out = fmt.Appendf(out, format+"\n", args...) }
	add("    digest: %s", e.Digest)
	if e.Single {
		add("    manifest: true")
	}
	add("    platforms: [%s]", e.Platforms.Sorted())
	add("    date: %s", e.Date.Format(time.DateOnly))
	if t := e.Tagged; t != nil {
		add("    tag:\n      digest: %s\n      platforms: [%s]", t.Digest, t.Platforms.Sorted())
		if t.Contains {
			add("      contains: true")
		}
	}
	if len(e.Contradictions) > 0 {
		add("    contradictions:")
		for _, c := range e.Contradictions {
			add("      - platform: %s\n        evidence: %s", c.Platform, text(c.Evidence))
			if c.Certain {
				add("        certain: true")
			}
		}
	}
	return out
}

// Problem is something wrong with a file.
type Problem struct {
	Path         string
	Line, Column int // from 1; 0 for the whole file
	Message      string
	Newer        bool // nothing is wrong but the version of archlint
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.Path, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.Path, p.Line, p.Column, p.Message)
}

// again says how a file gets right that is wrong.
const again = "; run archlint lock to write it anew"

// Parse reads a file. The path is the one shown in errors.
func Parse(path string, data []byte) (*Lock, error) {
	if len(data) > MaxSize {
		return nil, &Problem{Path: path, Message: fmt.Sprintf("the lock is larger than %d MiB", MaxSize>>20)}
	}
	if bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte(",")) > maxParts {
		// What YAML makes of "a," is two hundred times its size.
		return nil, &Problem{Path: path, Message: fmt.Sprintf("the lock has more than %d lines and items", maxParts)}
	}
	p := &parser{path: path}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &Problem{Path: path, Message: "the lock is empty" + again}
		}
		return nil, p.malformed(err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		p.problem(&second, "a second YAML document")
		return nil, p.err
	} else if !errors.Is(err, io.EOF) {
		return nil, p.malformed(err)
	}
	l := &Lock{Entries: map[image.Reference]Entry{}}
	version := ""
	p.fields(document.Content[0], "the lock", map[string]func(*yaml.Node){
		"version": func(n *yaml.Node) { version = p.text(n, "version") },
		"images": func(n *yaml.Node) {
			p.pairs(n, "images", maxEntries, func(key, value *yaml.Node) {
				r, err := image.Parse(key.Value)
				if err != nil || r.String() != key.Value {
					p.problem(key, "%s is not the full reference of an image", quote(key.Value))
					return
				}
				l.Entries[r] = p.entry(value)
			})
		},
	}, "version")
	if version != "1" && (p.err == nil || version != "") {
		// What else is not understood may be right in that version.
		number, err := strconv.Atoi(version)
		if err != nil || number < 1 {
			return nil, &Problem{Path: path, Line: 1, Column: 1, Message: "the lock has version " + quote(version) + again}
		}
		return nil, &Problem{Path: path, Line: 1, Column: 1, Message: "the lock has version " + quote(version) + ", which this archlint does not know; update archlint", Newer: true}
	}
	if p.err != nil {
		return nil, p.err
	}
	return l, nil
}

// parser reads the file's nodes; the first problem counts.
type parser struct {
	path string
	err  error
}

func (p *parser) problem(n *yaml.Node, format string, args ...any) {
	if p.err == nil {
		p.err = &Problem{Path: p.path, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...) + again}
	}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (p *parser) malformed(err error) error {
	out := &Problem{Path: p.path, Message: "not YAML: " + strings.TrimSpace(yamlLine.ReplaceAllString(err.Error(), "")) + again}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		out.Line, _ = strconv.Atoi(m[1])
		out.Column = 1
	}
	return out
}

// pairs calls visit with each key and value of a mapping, no key twice.
func (p *parser) pairs(n *yaml.Node, what string, limit int, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.problem(n, "%s must be a mapping", what)
		return
	}
	if len(n.Content)/2 > limit {
		p.problem(n, "%s has more than %d entries", what, limit)
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content) && p.err == nil; i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.problem(key, "a key of %s must be text", what)
		case seen[key.Value]:
			p.problem(key, "%s is there twice", quote(key.Value))
		default:
			seen[key.Value] = true
			visit(key, n.Content[i+1])
		}
	}
}

// fields reads a mapping of known keys, some of which must be there.
func (p *parser) fields(n *yaml.Node, what string, known map[string]func(*yaml.Node), required ...string) {
	p.pairs(n, what, len(known)+1, func(key, value *yaml.Node) {
		read, ok := known[key.Value]
		if !ok {
			p.problem(key, "unknown key %s in %s", quote(key.Value), what)
			return
		}
		required = slices.DeleteFunc(required, func(r string) bool { return r == key.Value })
		read(value)
	})
	if len(required) > 0 {
		p.problem(n, "%s has no %s", what, required[0])
	}
}

func (p *parser) entry(n *yaml.Node) (e Entry) {
	p.fields(n, "an image", map[string]func(*yaml.Node){
		"digest":    func(n *yaml.Node) { e.Digest = p.digest(n) },
		"manifest":  func(n *yaml.Node) { e.Single = p.boolean(n, "manifest") },
		"platforms": func(n *yaml.Node) { e.Platforms = p.platforms(n) },
		"date": func(n *yaml.Node) {
			day, err := time.Parse(time.DateOnly, p.text(n, "date"))
			if err != nil {
				p.problem(n, "%s is not a day such as 2026-11-26", quote(n.Value))
			}
			e.Date = day
		},
		"tag": func(n *yaml.Node) {
			e.Tagged = &image.Tagged{}
			p.fields(n, "tag", map[string]func(*yaml.Node){
				"digest":    func(n *yaml.Node) { e.Tagged.Digest = p.digest(n) },
				"platforms": func(n *yaml.Node) { e.Tagged.Platforms = p.platforms(n) },
				"contains":  func(n *yaml.Node) { e.Tagged.Contains = p.boolean(n, "contains") },
			}, "digest", "platforms")
		},
		"contradictions": func(n *yaml.Node) {
			if n.Kind != yaml.SequenceNode || len(n.Content) > maxList {
				p.problem(n, "contradictions must be a list")
				return
			}
			for _, item := range n.Content {
				var c image.Contradiction
				p.fields(item, "a contradiction", map[string]func(*yaml.Node){
					"platform": func(n *yaml.Node) { c.Platform = p.platform(n) },
					"evidence": func(n *yaml.Node) { c.Evidence = p.text(n, "evidence") },
					"certain":  func(n *yaml.Node) { c.Certain = p.boolean(n, "certain") },
				}, "platform", "evidence")
				e.Contradictions = append(e.Contradictions, c)
			}
		},
	}, "digest", "platforms", "date")
	return e
}

func (p *parser) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		p.problem(n, "%s must be text", what)
		return ""
	}
	if len(n.Value) > maxText || strings.ContainsFunc(n.Value, func(r rune) bool { return r < ' ' || r > '~' }) {
		p.problem(n, "%s is not what archlint writes", what)
		return ""
	}
	return n.Value
}

func (p *parser) boolean(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		p.problem(n, "%s must be true or false", what)
	}
	return n.Value == "true"
}

var digest = regexp.MustCompile(`^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$`)

func (p *parser) digest(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || !digest.MatchString(n.Value) {
		p.problem(n, "%s is not a digest", quote(n.Value))
		return ""
	}
	return n.Value
}

func (p *parser) platforms(n *yaml.Node) (out arch.Set) {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxList {
		p.problem(n, "platforms must be a list")
		return nil
	}
	for _, item := range n.Content {
		out = out.Add(p.platform(item))
	}
	return out
}

// platform reads one as archlint writes it. It need not be one that archlint
// knows: registries have all kinds.
func (p *parser) platform(n *yaml.Node) arch.Platform {
	parts := strings.Split(p.text(n, "a platform"), "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		p.problem(n, "%s is not a platform", quote(n.Value))
		return arch.Platform{}
	}
	out := arch.Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		out.Variant = parts[2]
	}
	return out.Normalize()
}

// quote writes text of the file for people, cut and without control characters.
func quote(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strconv.QuoteToASCII(s)
}
