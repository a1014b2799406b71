package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The file SUMS holds a line for each table that is made out of another
// repository. It is for reviewers, who cannot read the packed tables, and for the
// tests: what is embedded is what was made.

// Sum returns the SHA-256 of rows in their text form, sorted: image, tag and
// platforms, or the fields of a release, separated by tabs.
func Sum[T interface{ text() string }](rows []T) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = row.text() + "\n"
	}
	slices.Sort(lines)
	hash := sha256.New()
	for _, line := range lines {
		hash.Write([]byte(line))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// SumLine returns a table's line in SUMS.
func SumLine(table string, day time.Time, commit, sum string, rows int) string {
	return fmt.Sprintf("%s  %s %s %s %d rows\n", sum, table, day.Format(time.DateOnly), commit, rows)
}

func (r Row) text() string { return r.Image + "\t" + r.Tag + "\t" + r.Platforms }

func (r Release) text() string {
	return strings.Join([]string{
		r.Tool, r.Range, fmt.Sprint(r.Latest), r.HasARM64.String(), r.Since, r.Exceptions, fmt.Sprint(r.Scanned), r.AMD64Word, r.ARM64Word, r.AMD64URL, r.ARM64URL,
	}, "\t")
}
