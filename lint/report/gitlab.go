package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/archlint/archlint/lint"
)

// gitlabIssue is what GitLab takes of Code Climate's format.
type gitlabIssue struct {
	Type        string         `json:"type"`
	Description string         `json:"description"`
	Check       string         `json:"check_name"`
	Categories  []string       `json:"categories"`
	Severity    string         `json:"severity"`
	Fingerprint string         `json:"fingerprint"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
	End   int `json:"end"`
}

var gitlabSeverities = map[lint.Severity]string{lint.Error: "critical", lint.Warning: "major", lint.Info: "info"}

// GitLab writes a report of code quality for merge requests of GitLab.
//
// Paths are relative to the root of the repository, as GitLab has them. It stops reading
// at the first issue that lacks a part, and shows one of those with the same fingerprint.
func GitLab(w io.Writer, r *lint.Result, _ Options) error {
	issues := make([]gitlabIssue, 0, len(r.Findings)+len(r.Problems))
	add := func(check, severity, message, fingerprint string, at place) {
		if at.path == "" {
			at.path = "."
		}
		at.line = max(at.line, 1)
		issues = append(issues, gitlabIssue{
			Type: "issue", Description: Printable(message), Check: check, Categories: []string{"Compatibility"},
			Severity: severity, Fingerprint: fingerprint,
			Location: gitlabLocation{Path: at.path, Lines: gitlabLines{Begin: at.line, End: max(at.line, at.endLine)}},
		})
	}
	names := lint.Fingerprints(r.Findings)
	for i := range r.Findings {
		f := &r.Findings[i]
		add(f.Rule, gitlabSeverities[f.Severity], withHelp(f), names[i], placeOf(f.Span))
	}
	count := map[string]int{}
	for _, p := range r.Problems {
		sum := sha256.Sum256(fmt.Appendf(nil, "problem %d:%s%s", len(p.Path), p.Path, p.Message))
		name := hex.EncodeToString(sum[:16])
		count[name]++
		add("archlint", "minor", p.Message, fmt.Sprintf("%s:%d", name, count[name]), place{path: p.Path, line: p.Line})
	}
	return writeJSON(w, issues, "  ")
}
