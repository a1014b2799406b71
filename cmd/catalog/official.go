package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/archlint/archlint/lint/catalog"
)

// The lists of Docker Official Images are the files library/* of
// docker-library/official-images. A tag is what its image was last built for, so
// the table needs the whole history: each version of each file is read as bashbrew,
// the tool that builds from them, reads it, and the last listing of a tag decides,
// also when it is smaller than the one before.
//
// Only the main line counts, from merge to merge. What a pull request said before it
// was merged was never in force.

// officialImagesFromHistory reads the rows out of a repository up to a revision.
func officialImagesFromHistory(ctx context.Context, dir, revision string) (rows []catalog.Row, commit string, day time.Time, err error) {
	commit, day, err = resolve(ctx, dir, revision, true)
	if err != nil {
		return nil, "", time.Time{}, err
	}
	files, err := openBlobs(ctx, dir)
	if err != nil {
		return nil, "", time.Time{}, err
	}
	history := officialHistory{images: map[string]map[string]*listed{}}
	err = walk(ctx, dir, commit, func(c change) error {
		return history.apply(c, files)
	})
	if closed := files.close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, "", time.Time{}, err
	}
	rows = history.rows()
	if len(rows) == 0 {
		return nil, "", time.Time{}, fmt.Errorf("%s: no library/* in the history of %s: want a checkout of docker-library/official-images", dir, revision)
	}
	return rows, commit, day, nil
}

// change is one commit of the main line: the files of library/ that it changed, by
// the object that holds the new version, "" if it removed them.
type change struct {
	commit string
	day    string
	files  map[string]string
}

// walk calls do for each commit of the main line, the oldest first.
func walk(ctx context.Context, dir, commit string, do func(change) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := gitCommand(ctx, dir, "log", "--first-parent", "-m", "--reverse", "--raw", "--no-abbrev", "--no-renames", "--no-color",
		"--no-ext-diff", "--no-textconv", "--format=commit %H %ct", "--end-of-options", commit, "--")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return gitError(err, "log")
	}
	err = readLog(out, do)
	if err != nil {
		cancel()
	}
	if waited := cmd.Wait(); err == nil {
		err = gitError(waited, "log")
	}
	return err
}

// readLog reads what walk asks git for.
func readLog(log io.Reader, do func(change) error) error {
	var c change
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if head, found := strings.CutPrefix(line, "commit "); found {
			if c.commit != "" {
				if err := do(c); err != nil {
					return err
				}
			}
			hash, seconds, _ := strings.Cut(head, " ")
			unix, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil {
				return fmt.Errorf("git log: no date in %q", line)
			}
			c = change{commit: hash, day: time.Unix(unix, 0).UTC().Format(time.DateOnly), files: map[string]string{}}
			continue
		}
		// :MODE MODE OBJECT OBJECT STATUS<TAB>PATH
		fields, path, found := strings.Cut(line, "\t")
		if !found {
			continue
		}
		image, found := strings.CutPrefix(path, "library/")
		if !found || strings.Contains(image, "/") || image == "MAINTAINERS" {
			continue
		}
		f := strings.Fields(fields)
		if len(f) != 5 || c.commit == "" {
			return fmt.Errorf("git log: cannot read %q", line)
		}
		object := f[3]
		if !strings.HasPrefix(f[1], "100") { // removed, or no regular file any more
			object = ""
		}
		c.files[image] = object
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("git log: %w", err)
	}
	if c.commit == "" {
		return nil
	}
	return do(c)
}

// listed is what was last said of a tag.
type listed struct {
	platforms string
	current   bool   // the newest commit so far lists it
	last      string // if not: the day of the last commit that did
}

// officialHistory is the state of all images after some commits.
type officialHistory struct {
	images map[string]map[string]*listed // by image and tag
	day    string                        // of the commit before
}

// apply brings the state to the next commit.
func (h *officialHistory) apply(c change, files interface{ read(string) (string, error) }) error {
	for _, image := range slices.Sorted(maps.Keys(c.files)) {
		now := map[string]string{}
		if object := c.files[image]; object != "" {
			text, err := files.read(object)
			if err != nil {
				return err
			}
			if now, err = readLibrary(text); err != nil {
				return fmt.Errorf("library/%s at commit %s: %w", image, c.commit, err)
			}
		}
		tags := h.images[image]
		if tags == nil {
			tags = map[string]*listed{}
			h.images[image] = tags
		}
		for tag, was := range tags {
			if _, still := now[tag]; was.current && !still {
				was.current, was.last = false, h.day
			}
		}
		for tag, platforms := range now {
			tags[tag] = &listed{platforms: platforms, current: true}
		}
	}
	h.day = c.day
	return nil
}

// multiArchDay is the day from which the Hub served manifest lists of official
// images. A tag that left the lists before it exists for linux/amd64 alone, whatever
// they said.
const multiArchDay = "2017-09-13"

// rows returns the table, by image and tag.
func (h *officialHistory) rows() []catalog.Row {
	var rows []catalog.Row
	for _, image := range slices.Sorted(maps.Keys(h.images)) {
		tags := h.images[image]
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			row := catalog.Row{Image: image, Tag: tag, Platforms: tags[tag].platforms}
			if !tags[tag].current && tags[tag].last < multiArchDay {
				row.Platforms = "linux/amd64"
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// libraryPlatforms are bashbrew's names of architectures.
var libraryPlatforms = map[string]string{
	"amd64":         "linux/amd64",
	"arm32v5":       "linux/arm/v5",
	"arm32v6":       "linux/arm/v6",
	"arm32v7":       "linux/arm/v7",
	"arm64v8":       "linux/arm64",
	"i386":          "linux/386",
	"loong64":       "linux/loong64",
	"mips64le":      "linux/mips64le",
	"ppc64le":       "linux/ppc64le",
	"riscv64":       "linux/riscv64",
	"s390x":         "linux/s390x",
	"windows-amd64": "windows/amd64",
}

// readLibrary reads one version of a file of library/ and returns the platforms of
// each tag, sorted and separated by commas.
func readLibrary(text string) (map[string]string, error) {
	paragraphs := libraryParagraphs(text)
	sets := map[string][]string{}
	if len(paragraphs) == 0 || paragraphs[0]["Maintainers"] == "" {
		// The form of the first years: one tag a line, for one architecture.
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			tag := line[:strings.IndexAny(line+" ", ": \t")]
			if !strings.Contains(line, "://") || tag == "" {
				return nil, fmt.Errorf("neither a paragraph of fields nor a tag with its repository: %.80q", line)
			}
			sets[tag] = []string{"linux/amd64"}
		}
		return joinSets(sets), nil
	}
	defaults := paragraphs[0]
	for _, entry := range paragraphs[1:] {
		platforms, err := entryPlatforms(entry, defaults)
		if err != nil {
			return nil, err
		}
		// Entries that share a tag are put together in it.
		for _, tag := range append(libraryList(entry["Tags"]), libraryList(entry["SharedTags"])...) {
			sets[tag] = append(sets[tag], platforms...)
		}
	}
	return joinSets(sets), nil
}

// entryPlatforms returns what an entry is built for.
func entryPlatforms(entry, defaults map[string]string) ([]string, error) {
	field := func(name string) string {
		if value, ok := entry[name]; ok {
			return value
		}
		return defaults[name]
	}
	architectures := libraryList(field("Architectures"))
	if len(architectures) == 0 {
		architectures = []string{"amd64"}
	}
	// Entries for Windows are older than the name of its architecture.
	windows := slices.ContainsFunc(libraryList(field("Constraints")), func(constraint string) bool {
		return strings.HasPrefix(constraint, "windowsservercore") || strings.HasPrefix(constraint, "nanoserver")
	})
	if windows && !slices.Contains(architectures, "windows-amd64") {
		return []string{"windows/amd64"}, nil
	}
	var platforms []string
	for _, architecture := range architectures {
		platform, ok := libraryPlatforms[architecture]
		if !ok {
			return nil, fmt.Errorf("unknown architecture %q: add it to libraryPlatforms", architecture)
		}
		platforms = append(platforms, platform)
	}
	return platforms, nil
}

// libraryParagraphs reads paragraphs of fields: comment lines vanish, empty lines
// separate paragraphs, an indented line continues the field before.
func libraryParagraphs(text string) []map[string]string {
	var paragraphs []map[string]string
	var fields map[string]string
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			fields, name = nil, ""
		case line[0] == ' ' || line[0] == '\t':
			if name != "" {
				fields[name] += "\n" + strings.TrimSpace(line)
			}
		default:
			key, value, _ := strings.Cut(line, ":")
			if fields == nil {
				fields = map[string]string{}
				paragraphs = append(paragraphs, fields)
			}
			name = strings.TrimSpace(key)
			fields[name] = strings.TrimSpace(value)
		}
	}
	return paragraphs
}

// libraryList splits the value of a field that holds a list.
func libraryList(value string) []string {
	var list []string
	for _, item := range strings.Split(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// joinSets writes sets of platforms as the table does.
func joinSets(sets map[string][]string) map[string]string {
	joined := make(map[string]string, len(sets))
	for tag, platforms := range sets {
		slices.Sort(platforms)
		joined[tag] = strings.Join(slices.Compact(platforms), ",")
	}
	return joined
}
