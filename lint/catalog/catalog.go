// Package catalog holds the facts that archlint knows without a network: which
// platforms images have, and which release files exist for arm64.
//
// Three tables are embedded, each with its date, and decoded when they are first
// asked for:
//
//   - official.gz: the platforms of every tag that a Docker Official Image was
//     ever listed with. A tag that is not in it is answered by its closest
//     neighbour and marked as a guess. What left the list before 2017-09-13, when
//     the Hub began to serve manifest lists, is linux/amd64 alone.
//   - ecosystem.gz: container software by version, written by hand in
//     ecosystem.yaml, with a source and a confidence for every fact. It speaks of
//     linux/amd64 and linux/arm64 only. A fact that is unknown or of low confidence
//     is never used as an answer.
//   - downloads.gz: URL patterns of release files for both architectures, by
//     version range. What ecosystem.yaml says of a file goes before it.
//
// The command cmd/catalog writes the three files, the first and the last of them out
// of public repositories, and their days, commits and sums to the file SUMS.
package catalog

import (
	"bytes"
	"compress/gzip"
	_ "embed" // for the tables
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

var (
	//go:embed official.gz
	officialData []byte
	//go:embed ecosystem.gz
	ecosystemData []byte
	//go:embed downloads.gz
	downloadsData []byte
)

// maxTable bounds what a packed table may grow to.
const maxTable = 64 << 20

// Confidence says how sure a fact is.
type Confidence string

// The confidences. High: a release, a commit, a list or a maintainer says so.
// Medium: concluded from one indirect source. Low: not verified.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Catalog answers from the embedded tables. It is safe for concurrent use.
type Catalog struct {
	official  func() *official
	ecosystem func() *ecosystem
	downloads func() *downloads
}

// Default returns the embedded catalogue. Nothing is decoded before the first
// question; keep the value, another one decodes again.
func Default() *Catalog { return newCatalog(officialData, ecosystemData, downloadsData) }

// newCatalog returns a catalogue of the given packed tables. A table that cannot
// be read answers nothing; the tests see to it that the embedded ones can.
func newCatalog(officialGZ, ecosystemGZ, downloadsGZ []byte) *Catalog {
	return &Catalog{
		official: sync.OnceValue(func() *official {
			o, err := decodeOfficial(officialGZ)
			if err != nil {
				return &official{}
			}
			return o
		}),
		ecosystem: sync.OnceValue(func() *ecosystem {
			e, err := decodeEcosystem(ecosystemGZ)
			if err != nil {
				return &ecosystem{}
			}
			return e
		}),
		downloads: sync.OnceValue(func() *downloads {
			d, err := decodeDownloads(downloadsGZ)
			if err != nil {
				return &downloads{}
			}
			return d
		}),
	}
}

// Preload decodes the tables beside what else is done meanwhile, so that the first
// question does not wait for all of it.
func (c *Catalog) Preload() {
	go c.official()
	go c.ecosystem()
	go c.downloads()
}

// Date returns the day of which a table ("official", "ecosystem" or "downloads")
// speaks; zero for another name.
func (c *Catalog) Date(table string) time.Time {
	switch table {
	case "official":
		return c.official().date
	case "ecosystem":
		return c.ecosystem().date
	case "downloads":
		return c.downloads().date
	}
	return time.Time{}
}

// locate splits a reference into its repository, with the registry and with the
// mirrors of Docker Official Images folded into docker.io/library, and its tag
// ("latest" if it has none). It is false for what is no reference and for one
// pinned by digest, of which the tag beside it says nothing.
func locate(reference string) (repository, tag string, ok bool) {
	if strings.ContainsRune(reference, '@') {
		return "", "", false
	}
	t, err := name.NewTag(reference, name.WeakValidation)
	if err != nil {
		return "", "", false
	}
	repository = t.Context().Name()
	for _, mirror := range []string{"index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/", "public.ecr.aws/docker/", "mirror.gcr.io/"} {
		if rest, found := strings.CutPrefix(repository, mirror); found {
			repository = "docker.io/" + rest
			break
		}
	}
	// docker.io/x and its aliases without a namespace are docker.io/library/x.
	if rest, found := strings.CutPrefix(repository, "docker.io/"); found && !strings.Contains(rest, "/") {
		repository = "docker.io/library/" + rest
	}
	return repository, t.TagStr(), true
}

// inflate returns the text of a packed table.
func inflate(packed []byte) (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("catalogue table: %w", err)
	}
	var text strings.Builder
	// The last four bytes of a gzip file are its length: one allocation instead of many.
	if n := len(packed); n >= 4 {
		size := int(packed[n-4]) | int(packed[n-3])<<8 | int(packed[n-2])<<16 | int(packed[n-1])<<24
		if size > 0 && size <= maxTable {
			text.Grow(size)
		}
	}
	written, err := io.Copy(&text, io.LimitReader(r, maxTable+1))
	if err != nil {
		return "", fmt.Errorf("catalogue table: %w", err)
	}
	if written > maxTable {
		return "", fmt.Errorf("catalogue table: larger than %d bytes", maxTable)
	}
	return text.String(), nil
}

// deflate packs the text of a table; the same text gives the same bytes.
func deflate(text string) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// header reads the first line of a table, "KIND YYYY-MM-DD COMMIT", and returns
// the rest.
func header(text, kind string) (date time.Time, commit, rest string, err error) {
	line, rest, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 2 || fields[0] != kind {
		return time.Time{}, "", "", fmt.Errorf("catalogue table: want %q with a date in the first line, got %.40q", kind, line)
	}
	date, err = time.Parse(time.DateOnly, fields[1])
	if err != nil {
		return time.Time{}, "", "", fmt.Errorf("catalogue table: date of %s: %w", kind, err)
	}
	if len(fields) > 2 {
		commit = fields[2]
	}
	return date, commit, rest, nil
}

// short returns as much of a commit's name as people need.
func short(commit string) string { return commit[:min(len(commit), 12)] }
