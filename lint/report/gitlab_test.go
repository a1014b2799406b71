package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
)

func gitlabOf(t testing.TB, r *lint.Result) []gitlabIssue {
	t.Helper()
	document := written(t, "gitlab", r, Options{Rel: func(string) string { return "elsewhere" }})
	inertCharacters(t, document)
	var parts []json.RawMessage
	if err := json.Unmarshal([]byte(document), &parts); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		valid(t, "gitlab-codeclimate.json", string(part))
	}
	var issues []gitlabIssue
	if err := json.Unmarshal([]byte(document), &issues); err != nil {
		t.Fatal(err)
	}
	return issues
}

func TestGitLab(t *testing.T) {
	names := lint.Fingerprints(sample(t).Findings)
	want := []gitlabIssue{
		{"issue", "jq-linux64 runs on amd64 only: use jq-linux-${TARGETARCH}", "arch-download", []string{"Compatibility"}, "critical", names[0], gitlabLocation{"app/Dockerfile", gitlabLines{2, 2}}},
		{"issue", "no arm64", "single-arch-image", []string{"Compatibility"}, "major", names[1], gitlabLocation{"app/Dockerfile", gitlabLines{1, 1}}},
		{"issue", "not YAML", "archlint", []string{"Compatibility"}, "minor", "", gitlabLocation{"x.yml", gitlabLines{3, 3}}},
		{"issue", "too large", "archlint", []string{"Compatibility"}, "minor", "", gitlabLocation{"big", gitlabLines{1, 1}}},
	}
	got := gitlabOf(t, sample(t))
	want[2].Fingerprint, want[3].Fingerprint = got[2].Fingerprint, got[3].Fingerprint
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := written(t, "gitlab", &lint.Result{}, Options{}); got != "[]\n" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestGitLabFingerprintsAreUnique(t *testing.T) {
	r := hostile(t)
	r.Findings = append(r.Findings, r.Findings...)
	r.Problems = append(r.Problems, r.Problems...)
	seen := map[string]bool{}
	issues := gitlabOf(t, r)
	for _, issue := range issues {
		if seen[issue.Fingerprint] || len(issue.Fingerprint) < 32 {
			t.Errorf("fingerprint %q", issue.Fingerprint)
		}
		seen[issue.Fingerprint] = true
	}
	if len(issues) != 12 || issues[3].Location.Path != "." || issues[1].Location.Lines.End < 3 {
		t.Errorf("%d issues: %+v", len(issues), issues)
	}
	if m := issues[0].Description; strings.Contains(m, "\n") || !strings.Contains(m, `\x1b`) {
		t.Errorf("description %q", m)
	}
}
