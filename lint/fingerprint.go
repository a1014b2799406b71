package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// Fingerprints returns, for each finding, what it is known by from one run to the
// next: the rule, the path and the code, not the line number, so that lines that are
// added above it change nothing. Of findings that have all of these in common the
// second is told from the first by its number.
func Fingerprints(findings []Finding) []string {
	out := make([]string, len(findings))
	seen := map[string]int{}
	for i := range findings {
		key := findings[i].Identity("")
		seen[key]++
		sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(seen[key])))
		out[i] = hex.EncodeToString(sum[:16])
	}
	return out
}

// Identity is what tells a finding from all others but those of the same code. With a
// path, the finding is taken for one in the file of that path.
func (f *Finding) Identity(path string) string {
	if f.Span.IsZero() {
		return f.Rule
	}
	if path == "" {
		path = f.Span.File.Path
	}
	line := f.Span.File.Line(f.Span.From().Line)
	return strings.Join([]string{f.Rule, path, strings.Join(strings.Fields(line), " "), f.Span.Text()}, "\x00")
}
