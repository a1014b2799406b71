package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/archlint/archlint/lint/arch"
)

// Ecosystem is the curated table, as ecosystem.yaml and its packed form hold it.
type Ecosystem struct {
	AsOf    string   `yaml:"as_of" json:"as_of"` // YYYY-MM-DD
	Systems []System `yaml:"systems" json:"systems"`
}

// System is one piece of software. Notes, TagScheme and ArchTags are for people
// and are not packed.
type System struct {
	Name      string         `yaml:"name" json:"name"`
	Homepage  string         `yaml:"homepage" json:"-"`
	Images    []ImageFact    `yaml:"images" json:"images,omitempty"`
	Downloads []DownloadFact `yaml:"downloads" json:"downloads,omitempty"`
	Notes     string         `yaml:"notes" json:"-"`
}

// Versions says which versions have arm64.
type Versions struct {
	Since  string   `yaml:"arm64_since" json:"since,omitempty"`   // a version, ">" a version, always, never or unknown
	Before string   `yaml:"arm64_before" json:"before,omitempty"` // unknown if nothing was established for versions before Since
	Also   []string `yaml:"arm64_also" json:"also,omitempty"`     // the same for older release lines
	Broken []string `yaml:"arm64_broken" json:"broken,omitempty"`
}

// ImageFact is what is known about some repositories.
type ImageFact struct {
	Refs       []string `yaml:"refs" json:"refs"`
	Tags       []string `yaml:"tags" json:"tags,omitempty"`
	Prefixes   []string `yaml:"prefixes" json:"prefixes,omitempty"`
	Versions   `yaml:",inline"`
	Until      string     `yaml:"until" json:"until,omitempty"`
	TagScheme  string     `yaml:"tag_scheme" json:"-"`
	ArchTags   []string   `yaml:"arch_tags" json:"-"`
	Advice     string     `yaml:"advice" json:"advice,omitempty"`
	Note       string     `yaml:"note" json:"-"`
	Source     string     `yaml:"source" json:"source"`
	Confidence Confidence `yaml:"confidence" json:"confidence"`
}

// DownloadFact is what is known about the files that some URLs name.
type DownloadFact struct {
	URLs       []string `yaml:"urls" json:"urls"`
	AMD64      *string  `yaml:"amd64" json:"amd64,omitempty"`
	ARM64      *string  `yaml:"arm64" json:"arm64,omitempty"`
	Universal  bool     `yaml:"universal" json:"universal,omitempty"`
	Versions   `yaml:",inline"`
	From       string     `yaml:"from" json:"from,omitempty"`
	Until      string     `yaml:"until" json:"until,omitempty"`
	Note       string     `yaml:"note" json:"-"`
	Source     string     `yaml:"source" json:"source"`
	Confidence Confidence `yaml:"confidence" json:"confidence"`
}

// Check reports what is wrong with the table, all of it.
func (e Ecosystem) Check() error {
	var problems []error
	bad := func(system, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", system, fmt.Sprintf(format, args...)))
	}
	if _, err := time.Parse(time.DateOnly, e.AsOf); err != nil {
		bad("as_of", "%v", err)
	}
	common := func(system, what string, v Versions, source string, confidence Confidence) {
		if !slices.Contains([]Confidence{High, Medium, Low}, confidence) {
			bad(system, "%s: confidence %q is none of high, medium, low", what, confidence)
		}
		if source == "" {
			bad(system, "%s: no source", what)
		}
		switch v.Since {
		case "always", "never", "unknown":
			if len(v.Also) > 0 {
				bad(system, "%s: arm64_also beside arm64_since %s", what, v.Since)
			}
		default:
			if components(v.Since) == 0 {
				bad(system, "%s: arm64_since %q is neither a version nor always, never or unknown", what, v.Since)
			}
		}
		if v.Before != "" && (v.Before != "unknown" || components(v.Since) == 0) {
			bad(system, "%s: arm64_before %q: want unknown, beside a version", what, v.Before)
		}
	}
	before := ""
	for _, s := range e.Systems {
		if lower := strings.ToLower(s.Name); lower <= before {
			bad(s.Name, "is listed twice or not in alphabetical order")
		} else {
			before = lower
		}
		if s.Homepage == "" {
			bad(s.Name, "no homepage")
		}
		for _, image := range s.Images {
			if len(image.Refs) == 0 {
				bad(s.Name, "an image without refs")
				continue
			}
			common(s.Name, image.Refs[0], image.Versions, image.Source, image.Confidence)
			for _, ref := range image.Refs {
				if registry, _, found := strings.Cut(ref, "/"); !found || !strings.Contains(registry, ".") || strings.ContainsAny(ref, "{}:") {
					bad(s.Name, "%s: want registry/repository, without a tag", ref)
				}
			}
		}
		for _, d := range s.Downloads {
			if len(d.URLs) == 0 {
				bad(s.Name, "a download without urls")
				continue
			}
			if d.Universal {
				if d.AMD64 != nil || d.ARM64 != nil || d.Since != "" {
					bad(s.Name, "%s: universal beside a word or arm64_since", d.URLs[0])
				}
				continue
			}
			common(s.Name, d.URLs[0], d.Versions, d.Source, d.Confidence)
			if d.AMD64 == nil {
				bad(s.Name, "%s: neither universal nor a word for amd64", d.URLs[0])
			}
			if d.ARM64 == nil && d.Since != "never" && d.Since != "unknown" {
				bad(s.Name, "%s: arm64_since %s without a word for arm64", d.URLs[0], d.Since)
			}
			for _, url := range d.URLs {
				if strings.Contains(url, "://") || strings.Count(url, "{") != strings.Count(url, "}") {
					bad(s.Name, "%s: want a URL without scheme", url)
				}
				if d.AMD64 != nil && *d.AMD64 != "" && !strings.Contains(url, "{arch}") {
					bad(s.Name, "%s: no {arch} in it", url)
				}
			}
		}
	}
	return errors.Join(problems...)
}

// PackEcosystem returns the embedded form of the table.
func PackEcosystem(e Ecosystem) ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return deflate(string(text))
}

// ecosystem is the curated table, indexed.
type ecosystem struct {
	// patterns are those that were needed, by patternKey: as many as there are
	// templates and words.
	patterns sync.Map
	date     time.Time
	systems  []System
	exact    map[string][]*ImageFact // by repository
	globs    []*ImageFact            // some of whose repositories hold a *
	files    *fileIndex
}

func decodeEcosystem(packed []byte) (*ecosystem, error) {
	text, err := inflate(packed)
	if err != nil {
		return nil, err
	}
	var table Ecosystem
	if err := json.Unmarshal([]byte(text), &table); err != nil {
		return nil, fmt.Errorf("ecosystem: %w", err)
	}
	e := &ecosystem{systems: table.Systems, exact: map[string][]*ImageFact{}, files: newFileIndex()}
	e.date, err = time.Parse(time.DateOnly, table.AsOf)
	if err != nil {
		return nil, fmt.Errorf("ecosystem: %w", err)
	}
	for i := range e.systems {
		s := &e.systems[i]
		for j := range s.Images {
			fact := &s.Images[j]
			glob := false
			for _, ref := range fact.Refs {
				if strings.Contains(ref, "*") {
					glob = true
				} else {
					e.exact[ref] = append(e.exact[ref], fact)
				}
			}
			if glob {
				e.globs = append(e.globs, fact)
			}
		}
		for j := range s.Downloads {
			for _, url := range s.Downloads[j].URLs {
				e.files.add(url, curated{system: s, fact: &s.Downloads[j], url: url})
			}
		}
	}
	return e, nil
}

// Image is what the catalogue knows about the platforms of an image.
type Image struct {
	Platforms arch.Set
	// Covers are the platforms that the answer speaks of; of any other platform
	// it says nothing. Empty: of all.
	Covers arch.Set
	// Guess is true if the answer was concluded from other tags.
	Guess bool
	AsOf  time.Time
	// Since is, by platform that is missing, the first tag or version that has it.
	Since      map[string]string
	Advice     string // what to use instead, "" if nothing is known
	Source     string
	Confidence Confidence
}

// curatedCovers are the platforms that ecosystem.yaml speaks of.
func curatedCovers() arch.Set { return arch.Set{arch.LinuxAMD64, arch.LinuxARM64} }

// Image returns the platforms of an image reference as it is written
// ("mysql:8.0.28", "quay.io/cilium/cilium:v1.9"). It knows nothing of a reference
// that is pinned by digest, because the tag beside it does not count.
func (c *Catalog) Image(reference string) (Image, bool) {
	repository, tag, ok := locate(reference)
	if !ok {
		return Image{}, false
	}
	if library, found := strings.CutPrefix(repository, "docker.io/library/"); found {
		if answer, ok := c.officialImage(library, tag); ok {
			return answer, true
		}
	}
	return c.ecosystem().image(repository, tag)
}

// officialImage answers for a Docker Official Image.
func (c *Catalog) officialImage(library, tag string) (Image, bool) {
	o := c.official()
	image := o.image(library)
	if image == nil || len(image.tags) == 0 {
		return Image{}, false
	}
	answer := Image{
		AsOf: o.date, Confidence: High,
		Source: "docker-library/official-images library/" + library,
	}
	if o.commit != "" {
		answer.Source = "docker-library/official-images@" + o.commit + " library/" + library
	}
	entry, exact := image.find(tag)
	if !exact {
		entry, exact = image.closest(tag)
		if !exact {
			return Image{}, false
		}
		answer.Guess, answer.Confidence = true, Medium
		entry.tag, entry.name = tag, splitTag(tag)
	}
	answer.Platforms = slices.Clone(o.sets[entry.set])
	if len(answer.Platforms.Missing(arch.Default())) == 0 {
		return answer, true
	}
	answer.Since = o.since(image, entry)
	if fact := c.ecosystem().find("docker.io/library/"+library, tag); fact != nil {
		answer.Advice = fact.Advice
	}
	if answer.Advice == "" {
		if other := o.alternative(image, tag, arch.LinuxARM64); other != "" {
			answer.Advice = fmt.Sprintf("%s:%s has linux/arm64.", library, other)
		}
	}
	return answer, true
}

// find returns the fact about a repository's tag: one about such tags before one
// about all, and one that answers before one that does not.
func (e *ecosystem) find(repository, tag string) *ImageFact {
	var best *ImageFact
	rank := 0
	consider := func(fact *ImageFact) {
		r := 1
		if len(fact.Tags) > 0 {
			if !slices.ContainsFunc(fact.Tags, func(pattern string) bool { return globMatch(pattern, tag) }) {
				return
			}
			r += 2
		}
		if fact.usable() {
			r++
		}
		if r > rank {
			best, rank = fact, r
		}
	}
	for _, fact := range e.exact[repository] {
		consider(fact)
	}
	if best != nil {
		return best
	}
	for _, fact := range e.globs {
		if slices.ContainsFunc(fact.Refs, func(ref string) bool { return globMatch(ref, repository) }) {
			consider(fact)
		}
	}
	return best
}

// usable reports whether the fact may answer.
func (f *ImageFact) usable() bool { return f.Confidence != Low && f.Since != "unknown" }

// isBroken reports whether the image of a tag is known to be wrong, which can be
// known although the first right one is not.
func (f *ImageFact) isBroken(tag string) bool {
	version, _ := f.version(tag)
	return f.Confidence != Low && f.broken(version)
}

// image answers by version.
func (e *ecosystem) image(repository, tag string) (Image, bool) {
	fact := e.find(repository, tag)
	if fact == nil || !fact.usable() && !fact.isBroken(tag) {
		return Image{}, false
	}
	// A tag or a repository made for one architecture, or a tag for Windows, is not
	// what a fact by version is about.
	lower := strings.ToLower(tag)
	_, path, _ := strings.Cut(repository, "/")
	if fact.Since != "never" && len(arch.Words(path)) > 0 || len(arch.Words(tag)) > 0 || strings.Contains(lower, "windows") || strings.Contains(lower, "nanoserver") {
		return Image{}, false
	}
	answer := Image{
		Covers: curatedCovers(), AsOf: e.date, Advice: fact.Advice, Source: fact.Source,
		Confidence: fact.Confidence, Guess: fact.Confidence != High,
	}
	has, guess, ok := fact.hasARM64(tag)
	if !ok {
		return Image{}, false
	}
	answer.Guess = answer.Guess || guess
	answer.Platforms = arch.Set{arch.LinuxAMD64}
	if has {
		answer.Platforms = answer.Platforms.Add(arch.LinuxARM64)
	} else if version, _ := fact.version(tag); components(fact.Since) > 0 && !fact.broken(version) {
		answer.Since = map[string]string{arch.LinuxARM64.String(): fact.first(version)}
	}
	return answer, true
}

// hasARM64 says whether a tag has arm64, and whether that is a guess. It is not
// ok for a tag whose version is not to be seen.
func (f *ImageFact) hasARM64(tag string) (has, guess, ok bool) {
	version, rest := f.version(tag)
	if f.Until != "" && version != "" && CompareVersions(cutComponents(version, components(f.Until)), f.Until) > 0 {
		return false, false, false
	}
	switch {
	case f.broken(version):
		return false, false, true
	case f.Since == "always":
		return true, rest != "", true
	case f.Since == "never":
		return false, false, true
	case version == "":
		// A moving tag follows the newest version; of any other nothing is known.
		return true, true, f.moves(tag)
	case strings.Trim(version, "0.") == "":
		return false, false, false // 0.0.0 stands for the version that a release will have
	}
	has, prefix := f.has(version)
	if !has && f.Before == "unknown" {
		return false, false, false
	}
	return has, prefix || has && rest != "", true
}

// moves reports whether a tag without a version follows the newest one: latest,
// latest-debug, or the flavour that stands before versions in other tags.
func (f *ImageFact) moves(tag string) bool {
	name, _, _ := strings.Cut(tag, "-")
	return name == "latest" || tag == "stable" || slices.Contains(f.Prefixes, tag+"-")
}

// version cuts the version out of a tag, and what follows it: "" and "" if the tag
// does not begin with one.
func (f *ImageFact) version(tag string) (version, rest string) {
	for _, prefix := range f.Prefixes {
		if strings.HasPrefix(tag, prefix) && splitTag(tag[len(prefix):]).version > 0 {
			tag = tag[len(prefix):]
			break
		}
	}
	n := splitTag(tag).version
	if n == 0 {
		return "", ""
	}
	// 4.21.0-20240522 and 3.4.13-0 are versions to the end; 2020-11-19T… is a date.
	for n+1 < len(tag) && tag[n] == '-' && isDigit(tag[n+1]) {
		n++
		for n < len(tag) && isDigit(tag[n]) {
			n++
		}
	}
	// -rc.1 and the like belong to it; -alpine does not.
	if n < len(tag) && tag[n] == '-' {
		if word, after := versionToken(strings.ToLower(tag[n:])); prereleaseSign(word, after) == 1 {
			return tag, ""
		}
	}
	return strings.TrimPrefix(tag[:n], "v"), tag[n:]
}

// broken reports whether the file or image of a version is missing or wrong.
func (v Versions) broken(version string) bool {
	return version != "" && slices.ContainsFunc(v.Broken, func(b string) bool {
		return CompareVersions(version, b) == 0 && components(version) == components(b)
	})
}

// first returns the version to move to from an older one: the patch release of
// its own line if there is one, else the first of the main line.
func (v Versions) first(version string) string {
	for _, also := range v.Also {
		if sameLine(version, also, strings.TrimPrefix(v.Since, ">")) {
			return also
		}
	}
	return v.Since
}

// has says whether a version has arm64. moving is true if the version is the
// beginning of the first one that has it, so that it is a tag that moves over it.
func (v Versions) has(version string) (has, moving bool) {
	since, exclusive := strings.CutPrefix(v.Since, ">")
	switch c := CompareVersions(version, since); {
	case c > 0 || c == 0 && !exclusive:
		return true, false
	}
	if n := components(version); n < components(since) && cutComponents(since, n) == cutComponents(version, n) && n == strings.Count(version, ".")+1 {
		return true, true
	}
	for _, also := range v.Also {
		if !sameLine(version, also, since) {
			continue
		}
		n := components(version)
		if CompareVersions(version, also) >= 0 || n < components(also) && cutComponents(also, n) == cutComponents(version, n) {
			return true, n < components(also)
		}
	}
	return false, false
}
