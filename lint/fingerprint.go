package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/archlint/archlint/lint/source"
)

// maxContent is the most bytes of code that stand for a finding; longer code is cut and
// ends with a checksum of all of it.
const maxContent = 400

// Contents tells findings apart by what they are about, not by where it stands: by
// the code of the lines that they are on, blanks and line ends aside. What is added or
// removed elsewhere in a file does not change it. Messages are no part of it, since
// they hold dates and are worded better now and then.
//
// A Contents reads each line once, however many findings are on it.
type Contents struct {
	lines map[lines]string
}

type lines struct {
	file     *source.File
	from, to int
}

// Of returns the code that a finding is on, on one line. It is not safe for concurrent
// use.
func (c *Contents) Of(f *Finding) string {
	if f.Span.IsZero() {
		return ""
	}
	at := lines{f.Span.File, f.Span.From().Line, f.Span.To().Line}
	if f.Span.End > f.Span.Start && f.Span.To().Column == 1 {
		at.to-- // it ends with a line end
	}
	if text, ok := c.lines[at]; ok {
		return text
	}
	if c.lines == nil {
		c.lines = map[lines]string{}
	}
	start, _ := at.file.LineRange(at.from)
	_, end := at.file.LineRange(at.to)
	text := squeeze(string(at.file.Data[start:end]))
	c.lines[at] = text
	return text
}

// squeeze makes one line of a text, with single blanks, of a bounded length.
func squeeze(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if len(s) <= maxContent {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:maxContent], "") + " … " + hex.EncodeToString(sum[:8])
}

// Fingerprints returns, for each finding, what it is known by from one run to the
// next: the rule, the path and the code, not the line number, so that lines that are
// added above it change nothing. Of findings that have all of these in common the
// second is told from the first by its number.
func Fingerprints(findings []Finding) []string {
	var contents Contents
	count := map[string]int{}
	out := make([]string, len(findings))
	for i := range findings {
		f := &findings[i]
		path := ""
		if !f.Span.IsZero() {
			path = f.Span.File.Path
		}
		key := strings.Join([]string{f.Rule, path, contents.Of(f), squeeze(f.Span.Text())}, "\x00")
		count[key]++
		sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(count[key])))
		out[i] = hex.EncodeToString(sum[:16])
	}
	return out
}
