package catalog

import (
	"path"
	"strings"
	"time"
)

// Availability says whether something exists.
type Availability int

// The availabilities.
const (
	Unknown Availability = iota
	Yes
	No
)

// String returns "unknown", "yes" or "no".
func (a Availability) String() string { return [...]string{"unknown", "yes", "no"}[a] }

// Download is what the catalogue knows about a release file.
type Download struct {
	Tool    string // "Terraform", "krallin/tini"
	Version string // as far as it is to be read in the URL, else ""
	// Architecture of the file in Go's spelling; "" if it is Universal.
	Architecture string
	// Universal is true if the same file serves all architectures.
	Universal bool
	// ARM64 says whether there is such a file for arm64: of the version in the
	// URL, or of current ones if no version is to be read.
	ARM64 Availability
	// Since is the first version with a file for arm64: a version, or "after X" for
	// the first release after X. "" if that is not known, or if there never was one
	// or always. If nothing is known of older ones, it is the first that is known.
	Since string
	// BeforeARM64 is true if the version in the URL is older than Since.
	BeforeARM64 bool
	// AMD64Word and ARM64Word are how the file names spell the architectures;
	// AMD64Word is "" if the name has no word for it.
	AMD64Word, ARM64Word string
	// ARM64URL is the template of the file for arm64, with {version}, {tag} and
	// other placeholders in braces; "" if it is not known.
	ARM64URL string
	// WordOnly is true if putting ARM64Word in the place of AMD64Word gives ARM64URL.
	WordOnly bool

	AsOf       time.Time
	Source     string
	Confidence Confidence
}

// Download returns what is known about the file that a URL names. Parts of the
// URL that could not be resolved are given as the byte 0 each. A file whose
// architecture cannot be told, because it is in such a part, is not known.
func (c *Catalog) Download(url string) (Download, bool) {
	if len(url) > maxURL {
		return Download{}, false
	}
	url = normalizePath(strings.TrimSpace(url))
	url, _, _ = strings.Cut(url, "#")
	if sourceArchive(url) {
		return Download{}, false
	}
	plain, _, _ := strings.Cut(url, "?")
	d, sure := c.ecosystem().download(url, plain)
	if sure {
		return d, true
	}
	if other, ok := c.downloads().download(plain); ok {
		return other, true
	}
	return d, d.Tool != ""
}

// sourceArchive reports whether a URL names the source at a commit or tag, which
// the forges make by themselves.
func sourceArchive(url string) bool {
	return strings.Contains(url, "/archive/refs/") || strings.HasPrefix(url, "codeload.github.com/") ||
		strings.HasPrefix(url, "github.com/") && strings.Contains(url, "/archive/") ||
		strings.Contains(url, "/tarball/") || strings.Contains(url, "/zipball/") || strings.Contains(url, "/-/archive/")
}

// portable reports whether a file whose name says nothing of an architecture is
// of a kind that runs on all.
func portable(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".sh", ".bash", ".py", ".pl", ".rb", ".js", ".mjs", ".jar", ".war", ".phar", ".pyz", ".wasm", ".apk", ".txt", ".json",
		".yaml", ".yml", ".md", ".asc", ".sig", ".sha256", ".sha512", ".md5", ".pem", ".crt", ".gem", ".vsix", ".lua":
		return true
	}
	return false
}

// curated is one URL of a record of ecosystem.yaml.
type curated struct {
	system *System
	fact   *DownloadFact
	url    string
}

// instantiate puts a word in the place of {arch} and returns where it stands.
func instantiate(template, word string) (url string, words [][2]int) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(template, "{arch}")
		b.WriteString(before)
		if !found {
			return b.String(), words
		}
		if word != "" {
			words = append(words, [2]int{b.Len(), b.Len() + len(word)})
			b.WriteString(word)
		}
		template = after
	}
}

// versionIn picks the version out of what the placeholders stood for; "" if it is
// not to be read.
func versionIn(captures []capture) string {
	for _, name := range []string{"version", "semver", "tag"} {
		for _, c := range captures {
			if c.name == name && strings.IndexByte(c.text, unknown) < 0 && components(c.text) > 0 {
				return strings.TrimPrefix(c.text, "v")
			}
		}
	}
	return ""
}

type patternKey struct {
	template, word string
	byRepository   bool
}

// compiled is compile, once for each of the patterns of the table.
func (e *ecosystem) compiled(template, word string, byRepository bool) pattern {
	key := patternKey{template, word, byRepository}
	if p, ok := e.patterns.Load(key); ok {
		return p.(pattern)
	}
	instance, words := instantiate(template, word)
	p := compile(instance, words, byRepository)
	e.patterns.Store(key, p)
	return p
}

// download answers from the curated table. sure is false if the answer leaves
// open whether there is a file for arm64, so that another table may know better.
func (e *ecosystem) download(url, plain string) (d Download, sure bool) {
	if e.files == nil {
		return Download{}, false
	}
	type candidate struct {
		curated
		architecture string
		version      string
		rank         int
	}
	var best candidate
	for _, c := range e.files.find(plain) {
		subject := plain
		if strings.Contains(c.url, "?") {
			subject = url
		}
		template := normalizePath(c.url)
		_, byRepository, exact := fileKey(template)
		try := func(word, architecture string) {
			captures, ok := e.compiled(template, word, byRepository && exact).match(subject)
			if !ok {
				return
			}
			version := versionIn(captures)
			rank := 1
			if c.fact.inRange(version) {
				rank += 4
			}
			if c.fact.usable() {
				rank += 2
			}
			if rank > best.rank {
				best = candidate{c, architecture, version, rank}
			}
		}
		switch {
		case c.fact.Universal:
			try("", "")
		default:
			if c.fact.AMD64 != nil {
				try(*c.fact.AMD64, "amd64")
			}
			if c.fact.ARM64 != nil && *c.fact.ARM64 != "" {
				try(*c.fact.ARM64, "arm64")
			}
		}
	}
	if best.rank == 0 {
		return Download{}, false
	}
	f := best.fact
	d = Download{
		Tool: best.system.Name, Version: best.version, Architecture: best.architecture,
		AsOf: e.date, Source: f.Source, Confidence: f.Confidence,
	}
	if f.Universal {
		d.Universal, d.ARM64 = true, Yes
		return d, true
	}
	d.AMD64Word = *f.AMD64
	// A name that never had arm64 may have a successor in the same repository.
	naming, template := f, best.url
	if f.Since == "never" {
		if other, url := best.system.successor(best.curated); other != nil {
			naming, template = other, url
		}
	}
	if naming.ARM64 != nil {
		d.ARM64Word = *naming.ARM64
		instance, _ := instantiate(template, d.ARM64Word)
		d.ARM64URL = "https://" + instance
		d.WordOnly = naming == f && d.AMD64Word != "" && naming.inRange(best.version)
	}
	d.ARM64, d.Since, d.BeforeARM64 = naming.availability(best.version, naming.ARM64 != nil)
	if naming != f && f.inRange(best.version) && best.version == "" {
		d.ARM64 = Yes // of current versions, under the other name
	}
	if best.architecture == "arm64" && best.version == "" {
		d.ARM64 = Yes
	}
	return d, naming.usable()
}

// usable reports whether the fact says which versions have arm64.
func (f *DownloadFact) usable() bool {
	return f.Universal || f.Confidence != Low && f.Since != "unknown" && f.Since != ""
}

// inRange reports whether files of a version are named as in the fact.
func (f *DownloadFact) inRange(version string) bool {
	if version == "" {
		return f.Until == ""
	}
	if f.From != "" && CompareVersions(version, f.From) < 0 {
		return false
	}
	return f.Until == "" || CompareVersions(cutComponents(version, components(f.Until)), f.Until) <= 0
}

// availability says whether a version has a file for arm64.
func (f *DownloadFact) availability(version string, named bool) (a Availability, since string, before bool) {
	if !f.usable() {
		if version == "" && named && f.Confidence != Low {
			return Yes, "", false
		}
		return Unknown, "", false
	}
	switch f.Since {
	case "always":
		return Yes, "", false
	case "never":
		return No, "", false
	}
	since = sinceText(f.Since)
	if version == "" {
		if !named {
			return Unknown, since, false
		}
		return Yes, since, false
	}
	if f.broken(version) {
		return No, since, false
	}
	if has, _ := f.has(version); !has {
		if f.Before == "unknown" {
			return Unknown, since, false
		}
		return No, sinceText(f.first(version)), true
	}
	return Yes, since, false
}

// sinceText writes ">X" for people.
func sinceText(since string) string {
	if version, found := strings.CutPrefix(since, ">="); found {
		return trimVersion(version)
	}
	if version, found := strings.CutPrefix(since, ">"); found {
		return "after " + trimVersion(version)
	}
	return since
}

// successor returns the fact of the same system, in the same place, that has a
// file for arm64.
func (s *System) successor(c curated) (*DownloadFact, string) {
	key, _, _ := fileKey(normalizePath(c.url))
	for i := range s.Downloads {
		other := &s.Downloads[i]
		if other == c.fact || other.ARM64 == nil || !other.usable() {
			continue
		}
		for _, url := range other.URLs {
			if k, _, _ := fileKey(normalizePath(url)); k == key && sameTool(url, c.url) {
				return other, url
			}
		}
	}
	return nil, ""
}

// sameTool reports whether two file templates begin alike: "jq-linux{arch}" and
// "jq-linux-{arch}", but not "hugo_…" and "hugo_extended_…".
func sameTool(a, b string) bool {
	word := func(template string) string {
		file := strings.ToLower(path.Base(template))
		i := 0
		for i < len(file) && (isLetter(file[i]) || isDigit(file[i])) {
			i++
		}
		rest := strings.TrimLeft(file[i:], "-_.")
		if strings.HasPrefix(rest, "linux") || strings.HasPrefix(rest, "v{") || strings.HasPrefix(rest, "{") {
			return file[:i]
		}
		second, _ := versionToken(rest)
		return file[:i] + "-" + second
	}
	return word(a) == word(b)
}
