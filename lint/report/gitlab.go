package report

import (
	"io"

	"github.com/archlint/archlint/lint"
)

// gitLabIssue is an issue of a code quality report (docs.gitlab.com, "Code Quality",
// "Code Quality report format").
type gitLabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitLabLocation `json:"location"`
}

type gitLabLocation struct {
	Path  string      `json:"path"`
	Lines gitLabLines `json:"lines"`
}

type gitLabLines struct {
	Begin int `json:"begin"`
	End   int `json:"end,omitempty"`
}

// GitLab writes the report as an artifact of the kind codequality. Its paths are
// relative to the root of the repository.
func GitLab(w io.Writer, r *lint.Result, _ Options) error {
	out := []gitLabIssue{}
	fingerprints := lint.Fingerprints(r.Findings)
	for i := range r.Findings {
		f := &r.Findings[i]
		severity := "info"
		switch f.Severity {
		case lint.Error:
			severity = "major"
		case lint.Warning:
			severity = "minor"
		}
		p := placeOf(f.Span)
		out = append(out, gitLabIssue{
			Description: advice(f), CheckName: f.Rule, Fingerprint: fingerprints[i], Severity: severity,
			Location: gitLabLocation{Path: p.path, Lines: gitLabLines{Begin: p.line, End: p.endLine}},
		})
	}
	return writeJSON(w, out)
}
