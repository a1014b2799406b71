package image

import (
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/arch"
)

// notThePlatform are parts of names in which an architecture is what an image
// makes files for, or emulates, and not what it runs on: dockcross/linux-arm64 and
// rust-musl-cross:aarch64-musl run on amd64.
var notThePlatform = []string{
	"cross", "toolchain", "mingw", "musl", "gnu", "gnueabi", "gnueabihf", "eabi", "unknown", "qemu", "binfmt", "sysroot", "ndk",
}

// spot is where an architecture stands in a reference: the word itself, and what
// has to go with it for the name of the multi-platform image.
type spot struct {
	architecture string
	word         string
	system       string
	start, end   int // in the reference without its digest, separator included
	tag          bool
}

// ArchInName returns the architecture that a reference names, as the word that is
// written and in Go's spelling: amd64/nginx, arm64v8/nginx, kube-proxy-amd64,
// nginx:1.2-x86_64, kube-bench:linux-arm64-v1. Only a whole namespace, or the
// first or the last part of the repository's last component or of the tag counts;
// two architectures, or a name like a cross compiler's, count for nothing.
func ArchInName(reference string) (word, architecture string, ok bool) {
	s, ok := findSpot(reference)
	return s.word, s.architecture, ok
}

// MultiPlatformName returns what the multi-platform image behind a reference that
// names an architecture is most likely called: nginx:1 for amd64/nginx:1,
// k8s.gcr.io/pause:3.1 for k8s.gcr.io/pause-amd64:3.1. A digest is dropped, because
// it pins the one image. It is false for a reference that names none.
func MultiPlatformName(reference string) (string, bool) {
	s, ok := findSpot(reference)
	if !ok {
		return "", false
	}
	base, _, _ := strings.Cut(reference, "@")
	result := base[:s.start] + base[s.end:]
	if s.tag {
		result = strings.TrimSuffix(result, ":") // nginx:amd64 is nginx
	}
	if _, err := Parse(result); err != nil {
		return "", false
	}
	return result, true
}

// namedPlatform returns the platform that a reference's name promises.
func namedPlatform(reference string) (arch.Platform, bool) {
	s, ok := findSpot(reference)
	if !ok {
		return arch.Platform{}, false
	}
	p := arch.Platform{OS: "linux", Architecture: s.architecture}
	if s.system == "windows" || IsWindows(reference) {
		p.OS = "windows"
	}
	if p.Architecture == "arm" {
		for _, variant := range []string{"v5", "v6", "v7"} {
			if strings.Contains(strings.ToLower(s.word), variant) {
				p.Variant = variant
			}
		}
		if strings.EqualFold(s.word, "armel") {
			p.Variant = "v5"
		}
	}
	return p.Normalize(), true
}

func findSpot(reference string) (spot, bool) {
	if _, err := Parse(reference); err != nil {
		return spot{}, false
	}
	base, _, _ := strings.Cut(reference, "@")
	path, tag := base, ""
	if i := strings.LastIndexByte(base, ':'); i > strings.LastIndexByte(base, '/') {
		path, tag = base[:i], base[i+1:]
	}
	// The registry is no part of the name.
	from := 0
	if first, _, found := strings.Cut(path, "/"); found && (strings.ContainsAny(first, ".:") || first == "localhost") {
		from = len(first) + 1
	}
	words := named(path[from:])
	words = append(words, named(tag)...)
	for _, w := range words[min(1, len(words)):] {
		if w.Architecture != words[0].Architecture {
			return spot{}, false
		}
	}
	parts := strings.FieldsFunc(strings.ToLower(path[from:]+"/"+tag), func(r rune) bool { return strings.ContainsRune("/-_.", r) })
	if len(words) == 0 || slices.ContainsFunc(parts, func(part string) bool {
		return slices.Contains(notThePlatform, strings.TrimRight(part, "0123456789")) || strings.HasSuffix(part, "cross")
	}) {
		return spot{}, false
	}
	// A namespace.
	last := strings.LastIndexByte(path, '/') + 1
	for at := from; at < last; {
		end := at + strings.IndexByte(path[at:], '/')
		if w := named(path[at:end]); len(w) == 1 && w[0].Start == 0 && w[0].End == end-at {
			return spot{w[0].Architecture, w[0].Text, "", at, end + 1, false}, true
		}
		at = end + 1
	}
	if s, ok := edge(path[max(last, from):], false); ok {
		s.start, s.end = s.start+max(last, from), s.end+max(last, from)
		return s, true
	}
	if s, ok := edge(tag, true); ok {
		s.start, s.end, s.tag = s.start+len(path)+1, s.end+len(path)+1, true
		return s, true
	}
	return spot{}, false
}

// named returns the words of a text that name an architecture in images' names;
// linux64 and the like are rather a version or a product there.
func named(text string) []arch.Word {
	return slices.DeleteFunc(arch.Words(text), func(w arch.Word) bool {
		switch w.Style {
		case arch.StyleGo, arch.StyleKernel, arch.StyleNode:
			return false
		}
		return true
	})
}

// edge finds a word at the beginning or the end of a repository's last component or
// of a tag, with "linux" or "windows" beside it counted to it. A whole component
// is no edge, because something must be left of the name; a whole tag is one.
func edge(text string, whole bool) (spot, bool) {
	for _, w := range named(text) {
		start, end := w.Start, w.End
		for _, system := range []string{"linux", "windows"} {
			if n := start - len(system) - 1; n >= 0 && strings.EqualFold(text[n:start-1], system) && separator(text[start-1]) &&
				(n == 0 || separator(text[n-1])) {
				start = n
			}
		}
		s := spot{architecture: w.Architecture, word: w.Text, system: w.OS}
		switch {
		case start == 0 && end == len(text):
			if !whole {
				continue
			}
			s.start, s.end = 0, end
		case end == len(text) && separator(text[start-1]):
			s.start, s.end = start-1, end
		case start == 0 && separator(text[end]):
			s.start, s.end = 0, end+1
		default:
			continue
		}
		return s, true
	}
	return spot{}, false
}

func separator(c byte) bool { return c == '-' || c == '_' || c == '.' }
