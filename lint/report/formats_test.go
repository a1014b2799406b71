package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/source"
)

func write(t *testing.T, format string, r *lint.Result, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Formats()[format](&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile is a result in which everything that may come from a repository is meant to
// be taken for something else.
func hostile() *lint.Result {
	const evil = "a%0A::error::x\r\n<b onclick='x'>&amp;]]>\x1b[31m\u202e\"\x00\ufffe`|${{ x }}"
	f := source.New("dir: x/::error::\u202e<a>%20\x1b\n\".yml", []byte("é\tx"+evil+"\n"))
	return &lint.Result{
		Platforms: arch.Default(), Files: 1,
		Findings: []lint.Finding{
			{
				Rule: "arch-download", Severity: lint.Error, Span: f.Span(3, 4), Message: evil, Help: evil, Related: []lint.Related{{Span: f.Span(3, 4), Message: evil}},
				Fix: &lint.Fix{Description: evil, Edits: []lint.Edit{{Span: f.Span(3, 4), Text: evil}}},
			},
			{Rule: "arch-path", Severity: lint.Info, Span: f.Span(0, 2), Message: evil},
		},
		Problems: []lint.Problem{{Path: f.Path, Message: evil}},
	}
}

// TestFormatsAreInert looks for what a terminal, a runner or a parser would act on.
func TestFormatsAreInert(t *testing.T) {
	rules := []*lint.Rule{{Name: "arch-download", Summary: "x", Page: "# x\n"}, {Name: "arch-path", Summary: "y"}}
	for _, format := range slices.Sorted(maps.Keys(Formats())) {
		if format == "github" {
			continue // TestGitHub… looks at its commands
		}
		got := write(t, format, hostile(), Options{Rules: rules})
		for _, c := range got {
			if c < ' ' && c != '\n' && c != '\t' || c == '\u202e' || c == '\ufffe' {
				t.Errorf("%s: %q is written as it is", format, c)
			}
		}
		for line := range strings.Lines(got) {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("%s: a line is a workflow command: %s", format, line)
			}
		}
		switch format {
		case "markdown":
			if strings.Contains(got, "<b ") || strings.Contains(got, "<a>") {
				t.Error("markdown: HTML is written as it is")
			}
		case "checkstyle", "junit":
			decoder := xml.NewDecoder(strings.NewReader(got))
			for {
				if token, err := decoder.Token(); token == nil {
					if err.Error() != "EOF" {
						t.Errorf("%s: %v", format, err)
					}
					break
				}
			}
		case "sarif", "rdjson", "gitlab", "json":
			if !json.Valid([]byte(got)) {
				t.Errorf("%s is no JSON:\n%s", format, got)
			}
		case "rdjsonl":
			for line := range strings.Lines(got) {
				if !json.Valid([]byte(line)) {
					t.Errorf("rdjsonl: no JSON: %s", line)
				}
			}
		}
	}
}

// TestSARIFIsRead reads the report with another implementation, which turns down what
// the standard does not have.
func TestSARIFIsRead(t *testing.T) {
	rules := []*lint.Rule{{Name: "arch-download", Severity: lint.Error, Summary: "a download", Page: "# arch-download\n"}, {Name: "single-arch-image", Severity: lint.Warning, Summary: "an image", Page: "# x\n"}}
	for name, r := range map[string]*lint.Result{"sample": sample(t), "hostile": hostile(), "nothing": {Platforms: arch.Default()}} {
		got := write(t, "sarif", r, Options{Version: "1.2.3", Rules: rules})
		decoder := json.NewDecoder(strings.NewReader(got))
		decoder.DisallowUnknownFields()
		read := &sarif.Report{}
		if err := decoder.Decode(read); err != nil {
			t.Errorf("%s: %v\n%s", name, err, got)
			continue
		}
		if n := len(read.Runs); n != 1 || len(read.Runs[0].Results) != len(r.Findings) {
			t.Errorf("%s: %d runs\n%s", name, n, got)
		}
	}
}

func TestSARIF(t *testing.T) {
	got := write(t, "sarif", sample(t), Options{Rules: []*lint.Rule{{Name: "arch-download", Severity: lint.Error, Summary: "a download", Page: "# page\n"}}, Rel: func(string) string { return "elsewhere" }})
	for _, want := range []string{
		`"markdown": "# page\n"`, `"level": "error"`, `"level": "warning"`, `"uri": "app/Dockerfile"`, `"uri": ".github/workflows/ci.yml"`, `"text": "Jq-linux64`,
		`"text": "jq-linux64 runs on amd64 only. Use jq-linux-${TARGETARCH}."`, `"platforms": [`, `"text": "linux-${TARGETARCH}"`, `"archlint/v1": "`, `"text": "not YAML"`, `"columnKind": "unicodeCodePoints"`,
	} {
		if want == `"text": "Jq-linux64` {
			if strings.Contains(got, want) {
				t.Errorf("the name of a file is written with a capital:\n%s", got)
			}
			continue
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "elsewhere") {
		t.Error("paths are not those from the root")
	}
}

func TestRDJSON(t *testing.T) {
	f := source.New("a/é.yml", []byte("é: é x\n"))
	r := &lint.Result{Findings: []lint.Finding{{
		Rule: "r", Severity: lint.Warning, Span: at(t, f, "x"), Message: "m", Fix: &lint.Fix{Edits: []lint.Edit{{Span: at(t, f, "x"), Text: "y"}}},
	}, {
		Rule: "r", Severity: lint.Info, Span: at(t, f, "x"), Message: "m", Fix: &lint.Fix{Edits: []lint.Edit{{Span: at(t, f, "x"), Text: "y"}, {Span: at(t, f, "é"), Text: "y"}}},
	}}}
	want := `{"message":"m.","location":{"path":"a/é.yml","range":{"start":{"line":1,"column":8},"end":{"line":1,"column":9}}},"severity":"WARNING",` +
		`"source":{"name":"archlint","url":"https://github.com/archlint/archlint"},"code":{"value":"r","url":"` + ruleURL("r") + `"},` +
		`"suggestions":[{"range":{"start":{"line":1,"column":8},"end":{"line":1,"column":9}},"text":"y"}]}` + "\n" +
		`{"message":"m.","location":{"path":"a/é.yml","range":{"start":{"line":1,"column":8},"end":{"line":1,"column":9}}},"severity":"INFO",` +
		`"source":{"name":"archlint","url":"https://github.com/archlint/archlint"},"code":{"value":"r","url":"` + ruleURL("r") + `"}}` + "\n"
	if diff := cmp.Diff(want, write(t, "rdjsonl", r, Options{})); diff != "" {
		t.Error(diff)
	}
	var result rdResult
	if err := json.Unmarshal([]byte(write(t, "rdjson", r, Options{})), &result); err != nil || len(result.Diagnostics) != 2 || result.Source.Name != "archlint" {
		t.Errorf("%v %v", result, err)
	}
}

func TestGitLab(t *testing.T) {
	var issues []gitLabIssue
	if err := json.Unmarshal([]byte(write(t, "gitlab", sample(t), Options{Rel: func(string) string { return "elsewhere" }})), &issues); err != nil {
		t.Fatal(err)
	}
	fingerprints := lint.Fingerprints(sample(t).Findings)
	want := []gitLabIssue{
		{Description: "jq-linux64 runs on amd64 only. Use jq-linux-${TARGETARCH}.", CheckName: "arch-download", Fingerprint: fingerprints[0], Severity: "major", Location: gitLabLocation{"app/Dockerfile", gitLabLines{2, 2}}},
		{Description: "no arm64.", CheckName: "single-arch-image", Fingerprint: fingerprints[1], Severity: "minor", Location: gitLabLocation{"app/Dockerfile", gitLabLines{1, 1}}},
	}
	if diff := cmp.Diff(want, issues); diff != "" {
		t.Error(diff)
	}
	if got := write(t, "gitlab", &lint.Result{}, Options{}); got != "[]\n" {
		t.Errorf("got %s", got)
	}
}

func TestCheckstyle(t *testing.T) {
	want := xml.Header + `<checkstyle version="4.3">
  <file name="app/Dockerfile">
    <error line="2" column="23" severity="error" message="jq-linux64 runs on amd64 only. Use jq-linux-${TARGETARCH}." source="archlint.arch-download"></error>
    <error line="1" column="6" severity="warning" message="no arm64." source="archlint.single-arch-image"></error>
  </file>
  <file name="x.yml">
    <error line="3" column="1" severity="error" message="not YAML" source="archlint.problem"></error>
  </file>
  <file name="big">
    <error line="1" severity="error" message="too large" source="archlint.problem"></error>
  </file>
</checkstyle>
`
	if diff := cmp.Diff(want, write(t, "checkstyle", sample(t), Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestJUnit(t *testing.T) {
	got := write(t, "junit", sample(t), Options{})
	for _, want := range []string{
		`<testsuites name="archlint" tests="4" failures="2" errors="2">`, `<testsuite name="app/Dockerfile" tests="2" failures="2" errors="0">`,
		`<testcase name="arch-download at line 2, column 23" classname="app/Dockerfile">`, `<failure type="error" message="jq-linux64 runs on amd64 only">app/Dockerfile:2:23: jq-linux64`,
		`<error type="problem" message="not YAML"></error>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	if got := write(t, "junit", &lint.Result{Files: 1}, Options{}); !strings.Contains(got, `tests="1" failures="0"`) {
		t.Errorf("without findings: %s", got)
	}
}

func TestMarkdown(t *testing.T) {
	got := write(t, "markdown", sample(t), Options{})
	if !strings.Contains(got, "## archlint\n") || !strings.Contains(got, "| app/Dockerfile | 1 | 1 | 0 |") {
		t.Error(got)
	}
}
