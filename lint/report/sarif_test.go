package report

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// page is a rule's page in small.
const page = "# arch-download\n\nA file.\n\n## What it does\n\nReads `RUN`, see [the lock](../configuration.md#the-lock)\nand [that](https://example.com/x).\n\nMore.\n"

func sarifOf(t testing.TB, r *lint.Result, o Options) (sarifRun, string) {
	t.Helper()
	document := written(t, "sarif", r, o)
	valid(t, "sarif-schema-2.1.0.json", document)
	inertCharacters(t, document)
	var log sarifLog
	if err := json.Unmarshal([]byte(document), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	return log.Runs[0], document
}

func TestSARIFSaysWhatTheFindingsAre(t *testing.T) {
	rules := []*lint.Rule{
		{Name: "other", Summary: "is `not` found", Severity: lint.Info},
		{Name: "arch-download", Summary: "a file", Severity: lint.Error, Page: page},
	}
	run, _ := sarifOf(t, sample(t), Options{Version: "1.2.3", Rules: rules, Rel: func(p string) string { return "../" + p }})
	zero := 0
	at := func(uri string, region sarifRegion) *sarifPhysical {
		return &sarifPhysical{sarifArtifact{uri, "%SRCROOT%"}, &region}
	}
	results := []sarifResult{
		{
			Rule: "arch-download", Index: 1, Level: "error",
			Message:   sarifMessage{Text: "jq-linux64 runs on amd64 only.\nHelp: use jq-linux-${TARGETARCH}"},
			Locations: []sarifLocation{{Physical: at("app/Dockerfile", sarifRegion{2, 23, 2, 33})}},
			Related:   []sarifLocation{{ID: &zero, Physical: at(".github/workflows/ci.yml", sarifRegion{2, 12, 2, 23}), Message: &sarifMessage{Text: "published for linux/arm64 here"}}},
			Fixes: []sarifFix{{
				Description: &sarifMessage{Text: "use TARGETARCH"},
				Changes: []sarifChange{{sarifArtifact{"app/Dockerfile", "%SRCROOT%"}, []sarifReplacement{
					{sarifRegion{2, 26, 2, 33}, sarifMessage{Text: "linux-${TARGETARCH}"}},
				}}},
				Properties: &sarifProperties{Safety: "safe"},
			}},
			Properties: &sarifProperties{Platforms: []string{"linux/arm64"}},
		},
		{
			Rule: "single-arch-image", Index: 2, Level: "warning", Message: sarifMessage{Text: "no arm64"},
			Locations: []sarifLocation{{Physical: at("app/Dockerfile", sarifRegion{1, 6, 1, 12})}},
		},
	}
	names := lint.Fingerprints(sample(t).Findings)
	for i := range results {
		results[i].Fingerprints = map[string]string{"archlint/v1": names[i]}
	}
	if diff := cmp.Diff(results, run.Results); diff != "" {
		t.Error(diff)
	}
	problems := []sarifNotification{
		{"warning", sarifMessage{Text: "not YAML"}, []sarifLocation{{Physical: at("x.yml", sarifRegion{3, 1, 3, 1})}}},
		{"warning", sarifMessage{Text: "too large"}, []sarifLocation{{Physical: &sarifPhysical{Artifact: sarifArtifact{"big", "%SRCROOT%"}}}}},
	}
	if diff := cmp.Diff([]sarifInvocation{{true, problems}}, run.Invocations); diff != "" {
		t.Error(diff)
	}
	if got := run.Tool.Driver; got.Version != "1.2.3" || len(got.Rules) != 3 || run.ColumnKind != "unicodeCodePoints" {
		t.Errorf("%+v, %s", got, run.ColumnKind)
	}
}

func TestSARIFTellsOfTheRules(t *testing.T) {
	run, _ := sarifOf(t, &lint.Result{}, Options{Rules: []*lint.Rule{
		{Name: "arch-download", Summary: "a `file`", Severity: lint.Error, Page: page},
		{Name: "long", Summary: strings.Repeat("日", 2000), Severity: lint.Info},
	}})
	help := strings.Replace(page, "../configuration.md", "https://github.com/archlint/archlint/blob/main/docs/configuration.md", 1)
	want := sarifRule{
		ID:               "arch-download",
		ShortDescription: &sarifMessage{Text: "a file"},
		FullDescription:  &sarifMessage{Text: "Reads RUN, see the lock and that."},
		HelpURI:          "https://github.com/archlint/archlint/blob/main/docs/rules/arch-download.md",
		Help:             &sarifMessage{Text: help, Markdown: help},
		Default:          &sarifDefault{"error"},
	}
	if diff := cmp.Diff(want, run.Tool.Driver.Rules[0]); diff != "" {
		t.Error(diff)
	}
	if got := run.Tool.Driver.Rules[1].FullDescription.Text; len([]rune(got)) != maxDescription || !strings.HasSuffix(got, "日…") {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

func TestSARIFTellsOfRulesThatAreNotDescribed(t *testing.T) {
	f := source.New("f", []byte("x"))
	r := &lint.Result{Findings: []lint.Finding{{Rule: lint.UnusedIgnore, Severity: lint.Info, Span: f.Span(0, 1), Message: "m"}}}
	run, _ := sarifOf(t, r, Options{Rules: []*lint.Rule{{Name: "a"}}})
	text := &sarifMessage{Text: "unused-ignore"}
	want := sarifRule{ID: "unused-ignore", ShortDescription: text, FullDescription: text, HelpURI: homepage + "/blob/main/docs/rules/unused-ignore.md"}
	if diff := cmp.Diff(want, run.Tool.Driver.Rules[1]); diff != "" {
		t.Error(diff)
	}
}

func TestSARIFOfHostileText(t *testing.T) {
	r := hostile(t)
	run, document := sarifOf(t, r, Options{})
	if n := strings.Count(document, `"insertedContent"`); n != 3 {
		t.Errorf("%d texts for 3 replacements", n)
	}
	text := `::error::x %0A\n\r\x1b[31m\x00\x7f\u202e\u2028\ufffe\U000e0041\U000e0101\u3164<b>&amp;]]>"' [a] (https://evil.example) {{0}} | ` + "`c` @all " + `\xff é日` + "\U0001f680"
	if diff := cmp.Diff(text+".\nHelp: "+text, run.Results[0].Message.Text); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(text, run.Invocations[0].Notifications[0].Message.Text); diff != "" {
		t.Error(diff)
	}
	got := run.Results[0].Locations[0].Physical
	u, err := url.Parse(got.Artifact.URI)
	if err != nil || u.Path != r.Findings[0].Span.File.Path || u.Scheme+u.Host+u.RawQuery+u.Fragment != "" {
		t.Errorf("%q is %+v, %v", got.Artifact.URI, u, err)
	}
	if diff := cmp.Diff(&sarifRegion{3, 9, 3, 12}, got.Region); diff != "" {
		t.Error(diff)
	}
	related := run.Results[0].Related
	if len(related) != 2 || related[0].Physical.Artifact.URI != "c%3Ad/e.yml" || related[1].Physical != nil || related[1].Message.Text != "nowhere" {
		t.Errorf("%+v", related)
	}
	// The text of a fix is exact, with the line ends of its file.
	changes := run.Results[0].Fixes[0].Changes
	if len(changes) != 2 || changes[0].Replacements[1].Inserted.Text != "# one\r\n# two\r\n" || changes[1].Replacements[0].Inserted.Text != "" {
		t.Errorf("%+v", changes)
	}
}

func TestSARIFKeepsFingerprintsWhenLinesShift(t *testing.T) {
	const code = "FROM a\nRUN x64\nRUN x64\nRUN x64 x64\n"
	result := func(code string) *lint.Result {
		f := source.New("Dockerfile", []byte(code))
		r := &lint.Result{}
		for i := range code {
			if strings.HasPrefix(code[i:], "x64") {
				r.Findings = append(r.Findings, lint.Finding{Rule: "r", Severity: lint.Error, Span: f.Span(i, i+3), Message: fmt.Sprintf("line %d", f.LineAt(i))})
			}
		}
		return r
	}
	names := func(code string) (out []string) {
		run, _ := sarifOf(t, result(code), Options{})
		for _, r := range run.Results {
			out = append(out, r.Fingerprints["archlint/v1"])
		}
		return out
	}
	before := names(code)
	if diff := cmp.Diff(before, names(strings.Repeat("# a comment\n", 10)+code)); diff != "" {
		t.Error(diff)
	}
	seen := map[string]bool{}
	for _, name := range before {
		seen[name] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d different fingerprints of 4 findings: %q", len(seen), before)
	}
}
