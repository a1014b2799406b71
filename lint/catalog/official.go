package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/archlint/archlint/lint/arch"
)

// Row is one tag of an official image.
type Row struct {
	Image     string
	Tag       string
	Platforms string // sorted, separated by commas
}

// The packed form is text, gzipped:
//
//	official DATE COMMIT
//	linux/amd64,linux/arm64     one platform set a line, the most frequent first
//	…
//	                            an empty line
//	~mysql                      an image; its tags follow in byte order
//	!8.0.28<TAB>1               how many characters of the tag before are kept (byte
//	#9<TAB>0                    33 + n), the rest of the tag, the number of its set
//	…                           without TAB: the set of the line before
//
// An image begins anew, so that one can be read without the others.
const (
	keepBase = 33
	keepMost = '~' - keepBase - 1
)

// PackOfficial returns the embedded form of the rows, in any order.
func PackOfficial(rows []Row, date time.Time, commit string) ([]byte, error) {
	count := map[string]int{}
	for _, row := range rows {
		if row.Tag == "" || row.Image == "" || strings.ContainsAny(row.Image+row.Tag, "\t\n") {
			return nil, fmt.Errorf("official images: %q:%q cannot be packed", row.Image, row.Tag)
		}
		if _, err := arch.ParseSet(row.Platforms); err != nil {
			return nil, fmt.Errorf("official images: %s:%s: %w", row.Image, row.Tag, err)
		}
		count[row.Platforms]++
	}
	sets := make([]string, 0, len(count))
	for set := range count {
		sets = append(sets, set)
	}
	slices.SortFunc(sets, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b)) })
	number := map[string]int{}
	var text strings.Builder
	fmt.Fprintf(&text, "official %s %s\n", date.Format(time.DateOnly), commit)
	for i, set := range sets {
		number[set] = i
		text.WriteString(set + "\n")
	}
	text.WriteByte('\n')

	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Image, b.Image), strings.Compare(a.Tag, b.Tag))
	})
	image, tag, set := "", "", -1
	for _, row := range rows {
		if row.Image != image {
			image, tag, set = row.Image, "", -1
			text.WriteString("~" + image + "\n")
		} else if row.Tag == tag {
			return nil, fmt.Errorf("official images: %s:%s is listed twice", row.Image, row.Tag)
		}
		keep := 0
		for keep < len(tag) && keep < len(row.Tag) && keep < keepMost && tag[keep] == row.Tag[keep] {
			keep++
		}
		text.WriteByte(byte(keepBase + keep))
		text.WriteString(row.Tag[keep:])
		if n := number[row.Platforms]; n != set {
			set = n
			text.WriteString("\t" + strconv.Itoa(n))
		}
		text.WriteByte('\n')
		tag = row.Tag
	}
	return deflate(text.String())
}

// UnpackOfficial returns all rows of a packed table, by image and tag.
func UnpackOfficial(packed []byte) ([]Row, error) {
	o, err := decodeOfficial(packed)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(o.blocks))
	for image := range o.blocks {
		names = append(names, image)
	}
	slices.Sort(names)
	var rows []Row
	for _, image := range names {
		for _, entry := range o.image(image).tags {
			rows = append(rows, Row{Image: image, Tag: entry.tag, Platforms: strings.Join(o.sets[entry.set].Strings(), ",")})
		}
	}
	return rows, nil
}

// official is the table of official images: the text of each image's block, and
// the blocks that were read so far.
type official struct {
	date   time.Time
	commit string
	sets   []arch.Set
	blocks map[string]string

	mu     sync.Mutex
	images map[string]*officialImage
	gains  map[int][]arch.Set // by set: what each of the others has that it lacks
}

// officialImage is one image's tags in byte order.
type officialImage struct {
	tags []tagged
}

type tagged struct {
	tag     string
	set     int
	name    tagName
	numbers int    // of the version
	flavour uint32 // the same for suffixes that are of one flavour
}

// newTagged returns a tag with what is compared of it, again and again, worked out.
func newTagged(tag string, set int) tagged {
	t := tagged{tag: tag, set: set, name: splitTag(tag)}
	t.numbers, t.flavour = components(t.version()), flavourHash(t.suffix())
	return t
}

func decodeOfficial(packed []byte) (*official, error) {
	text, err := inflate(packed)
	if err != nil {
		return nil, err
	}
	o := &official{blocks: map[string]string{}, images: map[string]*officialImage{}, gains: map[int][]arch.Set{}}
	o.date, o.commit, text, err = header(text, "official")
	if err != nil {
		return nil, err
	}
	for {
		line, rest, found := strings.Cut(text, "\n")
		if !found {
			return nil, fmt.Errorf("official images: the list of platform sets does not end")
		}
		text = rest
		if line == "" {
			break
		}
		set, err := arch.ParseSet(line)
		if err != nil {
			return nil, fmt.Errorf("official images: %w", err)
		}
		o.sets = append(o.sets, set)
	}
	for text != "" {
		if text[0] != '~' {
			return nil, fmt.Errorf("official images: want an image, got %.20q", text)
		}
		name, rest, _ := strings.Cut(text[1:], "\n")
		end := strings.Index(rest, "\n~")
		if end < 0 {
			end = len(rest) - 1
		}
		o.blocks[name], text = rest[:end+1], rest[end+1:]
	}
	return o, nil
}

// image returns the tags of an image, nil if it is none of the official ones.
func (o *official) image(name string) *officialImage {
	block, ok := o.blocks[name]
	if !ok {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if image := o.images[name]; image != nil {
		return image
	}
	image := &officialImage{}
	// The tags share one string: first lay them all out, then cut it up.
	var all []byte
	var ends []int
	var sets []int
	before, set := 0, 0
	for block != "" {
		line, rest, _ := strings.Cut(block, "\n")
		block = rest
		if line == "" {
			break
		}
		keep := int(line[0]) - keepBase
		tail, number, changed := strings.Cut(line[1:], "\t")
		if changed {
			n, err := strconv.Atoi(number)
			if err != nil || n < 0 || n >= len(o.sets) {
				break
			}
			set = n
		}
		if keep < 0 || keep > len(all)-before {
			break
		}
		start := len(all)
		all = append(all, all[before:before+keep]...)
		all = append(all, tail...)
		ends, sets = append(ends, len(all)), append(sets, set)
		before = start
	}
	text := string(all)
	image.tags = make([]tagged, len(ends))
	start := 0
	for i, end := range ends {
		tag := text[start:end]
		image.tags[i] = newTagged(tag, sets[i])
		start = end
	}
	o.images[name] = image
	return image
}

// find returns the entry of a tag.
func (i *officialImage) find(tag string) (tagged, bool) {
	at, ok := slices.BinarySearchFunc(i.tags, tag, func(t tagged, tag string) int { return strings.Compare(t.tag, tag) })
	if !ok {
		return tagged{}, false
	}
	return i.tags[at], true
}

// tagName is a tag cut into the version it begins with and the rest:
// 17.0.9_9-jre-alpine3.20 is 17.0.9_9 and -jre-alpine3.20.
type tagName struct {
	version int // length of the version, 0 if the tag does not begin with one
	lead    int // length of its first number, with a v before it
}

func splitTag(tag string) tagName {
	i := 0
	if strings.HasPrefix(tag, "v") {
		i = 1
	}
	start := i
	for i < len(tag) && isDigit(tag[i]) {
		i++
	}
	if i == start {
		return tagName{}
	}
	n := tagName{lead: i, version: i}
	for i < len(tag) {
		j := i
		switch {
		case isDigit(tag[j]):
		case tag[j] == '.' || tag[j] == '_' || tag[j] == '+':
			j++
		case isLetter(tag[j]): // 8u212, 3.9.0rc1
			for j < len(tag) && isLetter(tag[j]) {
				j++
			}
		default:
			return n
		}
		if j >= len(tag) || !isDigit(tag[j]) {
			return n
		}
		for j < len(tag) && isDigit(tag[j]) {
			j++
		}
		i = j
		n.version = j
	}
	return n
}

func (t *tagged) lead() string    { return strings.TrimPrefix(t.tag[:t.name.lead], "v") }
func (t *tagged) version() string { return t.tag[:t.name.version] }
func (t *tagged) suffix() string  { return t.tag[t.name.version:] }

// sameFlavour reports whether the suffixes of two tags differ in numbers only.
func (t *tagged) sameFlavour(other *tagged) bool {
	return t.flavour == other.flavour && sameFlavour(t.suffix(), other.suffix())
}

// flavourHash returns a number that is the same for suffixes of one flavour.
func flavourHash(suffix string) uint32 {
	hash := uint32(2166136261) // FNV-1a
	for suffix != "" {
		c := suffix[0]
		if isDigit(c) {
			c, suffix = '0', afterNumber(suffix)
		} else {
			suffix = suffix[1:]
		}
		hash = (hash ^ uint32(c)) * 16777619
	}
	return hash
}

// sameFlavour reports whether two suffixes differ in numbers only:
// -alpine3.19 and -alpine3.20.
func sameFlavour(a, b string) bool {
	for {
		i, j := 0, 0
		for i < len(a) && !isDigit(a[i]) {
			i++
		}
		for j < len(b) && !isDigit(b[j]) {
			j++
		}
		if a[:i] != b[:j] || (i == len(a)) != (j == len(b)) {
			return false
		}
		if i == len(a) {
			return true
		}
		a, b = afterNumber(a[i:]), afterNumber(b[j:])
	}
}

// afterNumber cuts the number, dots included, that s begins with.
func afterNumber(s string) string {
	i := 0
	for i < len(s) && (isDigit(s[i]) || s[i] == '.' && i+1 < len(s) && isDigit(s[i+1])) {
		i++
	}
	return s[i:]
}

// closest returns the tag that an unknown one most likely is like: the newest
// with the same first number and suffix, else the same with the numbers in the
// suffix ignored, else the same suffix, else that with numbers ignored, else
// latest, else the newest of all.
func (i *officialImage) closest(tag string) (tagged, bool) {
	want := newTagged(tag, 0)
	var best tagged
	rank := 0
	for _, t := range i.tags {
		r := 1
		exact := t.suffix() == want.suffix()
		if exact || t.sameFlavour(&want) {
			r = 3
			if exact {
				r = 4
			}
			if want.name.lead > 0 && t.name.lead > 0 && t.lead() == want.lead() {
				r += 2
			}
		} else if t.tag == "latest" {
			r = 2
		}
		if r > rank || r == rank && naturalLess(best.tag, t.tag) {
			best, rank = t, r
		}
	}
	return best, rank > 0
}

// gainsOver returns what each set has that one of them lacks.
func (o *official) gainsOver(set int) []arch.Set {
	o.mu.Lock()
	defer o.mu.Unlock()
	if gains := o.gains[set]; gains != nil {
		return gains
	}
	gains := make([]arch.Set, len(o.sets))
	for n, other := range o.sets {
		gains[n] = o.sets[set].Missing(other)
	}
	o.gains[set] = gains
	return gains
}

// since returns, for every platform that t lacks and a later tag of the same
// kind has, the first such tag: as many numbers in the version, the same flavour.
func (o *official) since(i *officialImage, t tagged) map[string]string {
	if t.name.version == 0 {
		return nil
	}
	gains := o.gainsOver(t.set)
	var first []gain // a handful
	for n := range i.tags {
		later := &i.tags[n]
		if len(gains[later.set]) == 0 || later.numbers != t.numbers || later.name.version == 0 || !later.sameFlavour(&t) ||
			CompareVersions(later.version(), t.version()) < 0 {
			continue
		}
		for _, p := range gains[later.set] {
			at := slices.IndexFunc(first, func(g gain) bool { return g.platform == p })
			if at < 0 {
				first = append(first, gain{p, later})
				continue
			}
			best := first[at].tag
			c := CompareVersions(later.version(), best.version())
			// Of one version's flavours take the same one, else the last.
			if c < 0 || c == 0 && best.suffix() != t.suffix() && (later.suffix() == t.suffix() || naturalLess(best.tag, later.tag)) {
				first[at].tag = later
			}
		}
	}
	if len(first) == 0 {
		return nil
	}
	out := make(map[string]string, len(first))
	for _, g := range first {
		out[g.platform.String()] = g.tag.tag
	}
	return out
}

// gain is the first tag with a platform.
type gain struct {
	platform arch.Platform
	tag      *tagged
}

// alternative returns a tag of the same version that runs on a platform: the tag
// without the last parts of its suffix. "" if there is none.
func (o *official) alternative(i *officialImage, tag string, platform arch.Platform) string {
	shortest := splitTag(tag).version
	for {
		at := strings.LastIndexByte(tag, '-')
		if at < 0 || at < shortest {
			return ""
		}
		tag = tag[:at]
		if t, ok := i.find(tag); ok && len(o.sets[t.set].Missing(arch.Set{platform})) == 0 {
			return tag
		}
	}
}
