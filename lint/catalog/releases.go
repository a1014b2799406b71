package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/archlint/archlint/lint/arch"
)

// Release is one row of the table of release downloads: how the files of one tool
// are named in one range of versions.
type Release struct {
	Tool       string
	Range      string       // "*", or bounds such as ">0.3.0,<=1.2.0", "==v1.0.0"
	Latest     bool         // the row holds for the newest releases
	HasARM64   Availability // of a linux/arm64 file in this range
	Since      string       // always, never, unknown, or a bound such as ">0.13.0"
	Exceptions string       // versions past that without arm64, separated by commas
	Scanned    bool         // all releases were looked at, old ones too
	AMD64Word  string
	ARM64Word  string
	AMD64URL   string // template with its scheme
	ARM64URL   string // the same, "" if there is none
}

// The packed form is text, gzipped:
//
//	downloads DATE COMMIT
//	@github.com/krallin/tini      where the files are: what fileKey finds them by
//	:TOOL<TAB>SINCE<TAB>EXCEPTIONS<TAB>s|h
//	RANGE<TAB>FLAGS<TAB>WORD<TAB>WORD<TAB>AMD64<TAB>ARM64
//	…
//
// FLAGS is y, n or ? for an arm64 file, and l for the latest row. The templates
// have no scheme and do not repeat the place; @ stands for the directory of a
// release, = for the same as amd64, ~ for that with the words exchanged. The tool
// is left out where it is the repository, SINCE is a, n or u for always, never and
// unknown.
const releaseDirectory = "/releases/download/{tag}/"

// PackReleases returns the embedded form of the rows.
func PackReleases(rows []Release, date time.Time, commit string) ([]byte, error) {
	type keyed struct {
		Release
		place string
	}
	all := make([]keyed, len(rows))
	for i, row := range rows {
		if strings.ContainsAny(row.Tool+row.Range+row.Since+row.Exceptions+row.AMD64URL+row.ARM64URL, "\n\t") {
			return nil, fmt.Errorf("downloads: %s cannot be packed", row.Tool)
		}
		all[i] = keyed{row, place(row.AMD64URL)}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.place), strings.ToLower(b.place)), strings.Compare(a.place, b.place))
	})
	var text strings.Builder
	fmt.Fprintf(&text, "downloads %s %s\n", date.Format(time.DateOnly), commit)
	at, about := "", ""
	for i, row := range all {
		if row.place != at || i == 0 {
			at, about = row.place, ""
			text.WriteString("@" + at + "\n")
		}
		tool := row.Tool
		if strings.HasSuffix(at, "/"+tool) {
			tool = ""
		}
		since := row.Since
		for short, long := range sinceWords {
			if since == long {
				since = short
			}
		}
		basis := "h"
		if row.Scanned {
			basis = "s"
		}
		if line := strings.Join([]string{tool, since, row.Exceptions, basis}, "\t"); line != about {
			about = line
			text.WriteString(":" + line + "\n")
		}
		flags := map[Availability]string{Yes: "y", No: "n", Unknown: "?"}[row.HasARM64]
		if row.Latest {
			flags += "l"
		}
		fields := []string{row.Range, flags, row.AMD64Word, row.ARM64Word, shorten(row.AMD64URL, at), shorten(row.ARM64URL, at)}
		switch {
		case row.ARM64URL == "":
		case row.ARM64URL == row.AMD64URL:
			fields[5] = "="
		case row.AMD64Word != "" && row.ARM64URL == strings.ReplaceAll(row.AMD64URL, row.AMD64Word, row.ARM64Word):
			fields[5] = "~"
		}
		text.WriteString(strings.Join(fields, "\t") + "\n")
	}
	return deflate(text.String())
}

var sinceWords = map[string]string{"a": "always", "n": "never", "u": "unknown"}

// place is the beginning of a template that fileKey looks at, as it is written.
func place(template string) string {
	template = strings.TrimPrefix(strings.TrimPrefix(template, "https://"), "http://")
	key, _, _ := fileKey(template)
	return template[:len(key)]
}

// shorten writes a template without its scheme and place.
func shorten(template, place string) string {
	rest, found := strings.CutPrefix(template, "https://"+place)
	if !found {
		return template
	}
	if tail, found := strings.CutPrefix(rest, releaseDirectory); found {
		return "@" + tail
	}
	return rest
}

// lengthen is the inverse of shorten.
func lengthen(short, place string) string {
	if tail, found := strings.CutPrefix(short, "@"); found {
		return "https://" + place + releaseDirectory + tail
	}
	if strings.Contains(short, "://") {
		return short
	}
	return "https://" + place + short
}

// UnpackReleases returns all rows of a packed table, by place.
func UnpackReleases(packed []byte) ([]Release, error) {
	d, err := decodeDownloads(packed)
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(d.blocks))
	for key := range d.blocks {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var rows []Release
	for _, key := range keys {
		rows = append(rows, d.rows(key)...)
	}
	return rows, nil
}

// downloads is the table of release files: the text of each place's rows.
type downloads struct {
	date   time.Time
	commit string
	blocks map[string][]string // by fileKey; each "PLACE\n" and its lines
}

func decodeDownloads(packed []byte) (*downloads, error) {
	text, err := inflate(packed)
	if err != nil {
		return nil, err
	}
	d := &downloads{blocks: map[string][]string{}}
	d.date, d.commit, text, err = header(text, "downloads")
	if err != nil {
		return nil, err
	}
	for text != "" {
		if text[0] != '@' {
			return nil, fmt.Errorf("downloads: want a place, got %.20q", text)
		}
		end := strings.Index(text, "\n@")
		if end < 0 {
			end = len(text) - 1
		}
		block := text[1 : end+1]
		text = text[end+1:]
		at, _, _ := strings.Cut(block, "\n")
		key, _, _ := fileKey(at)
		d.blocks[key] = append(d.blocks[key], block)
	}
	return d, nil
}

// rows returns the rows of a key.
func (d *downloads) rows(key string) []Release {
	var rows []Release
	for _, block := range d.blocks[key] {
		at, lines, _ := strings.Cut(block, "\n")
		var about Release
		for line := range strings.Lines(lines) {
			line = strings.TrimSuffix(line, "\n")
			if head, found := strings.CutPrefix(line, ":"); found {
				if f := strings.Split(head, "\t"); len(f) == 4 {
					about = Release{Tool: f[0], Since: f[1], Exceptions: f[2], Scanned: f[3] == "s"}
					if about.Tool == "" {
						_, about.Tool, _ = strings.Cut(at, "/")
					}
					if long, ok := sinceWords[about.Since]; ok {
						about.Since = long
					}
				}
				continue
			}
			f := strings.Split(line, "\t")
			if len(f) != 6 || f[1] == "" {
				continue
			}
			row := about
			row.Range, row.Latest, row.AMD64Word, row.ARM64Word = f[0], strings.HasSuffix(f[1], "l"), f[2], f[3]
			row.HasARM64 = map[byte]Availability{'y': Yes, 'n': No, '?': Unknown}[f[1][0]]
			row.AMD64URL = lengthen(f[4], at)
			switch f[5] {
			case "":
			case "=":
				row.ARM64URL = row.AMD64URL
			case "~":
				row.ARM64URL = strings.ReplaceAll(row.AMD64URL, row.AMD64Word, row.ARM64Word)
			default:
				row.ARM64URL = lengthen(f[5], at)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// wordSpans returns where a word stands in a template behind its host.
func wordSpans(template, word string) [][2]int {
	var spans [][2]int
	if word == "" {
		return nil
	}
	for i := strings.IndexByte(template, '/') + 1; i > 0 && i < len(template); {
		j := strings.Index(template[i:], word)
		if j < 0 {
			break
		}
		// {arm64} would be a placeholder; "x86" in "x86_64" is not the word.
		start, end := i+j, i+j+len(word)
		if end == len(template) || !isLetter(template[end]) && !isDigit(template[end]) && template[end] != '}' {
			spans = append(spans, [2]int{start, end})
		}
		i = end
	}
	return spans
}

// download answers from the table of release files.
func (d *downloads) download(url string) (Download, bool) {
	key, byRepository, exact := fileKey(url)
	if !exact {
		return Download{}, false
	}
	rows := d.rows(key)
	if len(rows) == 0 {
		return Download{}, false
	}
	type candidate struct {
		Release
		architecture string
		version      string
		rank         int
	}
	var best candidate
	for _, row := range rows {
		try := func(template, word, architecture string) {
			if template == "" {
				return
			}
			template = normalizePath(template)
			captures, ok := compile(template, wordSpans(template, word), byRepository).match(url)
			if !ok {
				return
			}
			version := versionIn(captures)
			rank := 1
			switch {
			case version == "" && row.Latest:
				rank += 2
			case version != "" && inRange(version, row.Range):
				rank += 2
			case row.Latest:
				rank++
			}
			if rank > best.rank {
				best = candidate{row, architecture, version, rank}
			}
		}
		if row.ARM64URL == row.AMD64URL {
			try(row.AMD64URL, "", "")
			continue
		}
		try(row.AMD64URL, row.AMD64Word, "amd64")
		try(row.ARM64URL, row.ARM64Word, "arm64")
	}
	if best.rank == 0 {
		return d.byWord(url, rows)
	}
	answer := Download{
		Tool: best.Tool, Version: best.version, Architecture: best.architecture, AMD64Word: best.AMD64Word, ARM64Word: best.ARM64Word,
		AsOf: d.date, Source: d.source(), Confidence: High,
	}
	if best.architecture == "" || best.AMD64Word == "" && portable(url) {
		answer.Architecture, answer.Universal, answer.ARM64 = "", true, Yes
		answer.AMD64Word, answer.ARM64Word = "", ""
		return answer, true
	}
	if !best.Scanned || best.Since == "never" {
		answer.Confidence = Medium
	}
	answer.ARM64, answer.Since, answer.BeforeARM64 = best.availability(best.version)
	// A row of a scan knows its releases; one written by hand, the current ones.
	if best.version != "" && inRange(best.version, best.Range) && (best.Scanned || best.Range != "*") && best.HasARM64 != Unknown {
		answer.ARM64 = best.HasARM64
	}
	if best.ARM64URL != "" {
		answer.ARM64URL = best.ARM64URL
		answer.WordOnly = best.AMD64Word != "" && best.ARM64URL == strings.ReplaceAll(best.AMD64URL, best.AMD64Word, best.ARM64Word)
	} else {
		for _, row := range rows {
			if row.Latest && row.Tool == best.Tool && row.ARM64URL != "" && row.ARM64URL != row.AMD64URL {
				answer.ARM64Word, answer.ARM64URL = row.ARM64Word, row.ARM64URL
			}
		}
	}
	return answer, true
}

// byWord answers for a file of a known repository whose name fits no row (another
// extension, another libc) but holds exactly one architecture's word. It knows
// only whether the tool has files for arm64 at all.
func (d *downloads) byWord(url string, rows []Release) (Download, bool) {
	directory := strings.LastIndexByte(url, '/')
	if !strings.Contains(url, "/releases/download/") || directory < 0 {
		return Download{}, false
	}
	words := arch.Words(url[directory+1:])
	if len(words) != 1 || words[0].Architecture != "amd64" || words[0].OS != "" && words[0].OS != "linux" {
		return Download{}, false
	}
	latest := -1
	for i, row := range rows {
		if row.Tool != rows[0].Tool {
			return Download{}, false // the repository ships several
		}
		if row.Latest {
			latest = i
		}
	}
	if latest < 0 {
		return Download{}, false
	}
	row := rows[latest]
	tag, _, _ := strings.Cut(url[strings.Index(url, "/releases/download/")+len("/releases/download/"):], "/")
	version := versionIn([]capture{{name: "tag", text: tag}})
	answer := Download{
		Tool: row.Tool, Version: version, Architecture: "amd64", AMD64Word: words[0].Text,
		AsOf: d.date, Source: d.source(), Confidence: Medium,
	}
	answer.ARM64, answer.Since, answer.BeforeARM64 = row.availability(version)
	if answer.ARM64 == No && !answer.BeforeARM64 {
		answer.ARM64 = Unknown // perhaps this kind of file has one
	}
	return answer, true
}

func (d *downloads) source() string {
	if d.commit == "" {
		return "aquaproj/aqua-registry registry.yaml"
	}
	return "aquaproj/aqua-registry@" + short(d.commit) + " registry.yaml"
}

// availability says whether a version of the tool has a file for arm64, from what
// is known of all its versions.
func (r Release) availability(version string) (a Availability, since string, before bool) {
	switch r.Since {
	case "always":
		a = Yes
	case "never":
		return No, "", false
	case "unknown":
		if version == "" {
			return r.HasARM64, "", false
		}
		return Unknown, "", false
	default:
		since = sinceText(r.Since)
		a = Yes
		if version != "" && !inRange(version, r.Since) {
			return No, since, true
		}
	}
	if version != "" {
		for exception := range strings.SplitSeq(r.Exceptions, ",") {
			if exception != "" && CompareVersions(version, exception) == 0 {
				return No, since, false
			}
		}
	}
	return a, since, false
}

// inRange reports whether a version is within bounds such as ">0.3.0,<=1.2.0".
func inRange(version, bounds string) bool {
	if bounds == "*" {
		return true
	}
	for bound := range strings.SplitSeq(bounds, ",") {
		limit := strings.TrimLeft(bound, "<>=! ")
		c := CompareVersions(version, limit)
		ok := false
		switch strings.TrimSpace(bound[:len(bound)-len(limit)]) {
		case ">":
			ok = c > 0
		case ">=":
			ok = c >= 0
		case "<":
			ok = c < 0
		case "<=":
			ok = c <= 0
		case "==", "=":
			ok = c == 0
		case "!=":
			ok = c != 0
		}
		if !ok {
			return false
		}
	}
	return true
}
