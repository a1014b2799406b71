package report

import (
	"io"

	"github.com/archlint/archlint/lint"
)

// Markdown writes the report as what GitHub shows of a run: the counts, a table of the
// files and one of the findings.
func Markdown(w io.Writer, r *lint.Result, _ Options) error {
	_, err := io.WriteString(w, stepSummary(r, maxSummary))
	return err
}
