package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

func TestMarkdown(t *testing.T) {
	want := `## archlint

12 files&#58; 1 error, 1 warning; 2 problems reading files; 3 ignored (required: linux/amd64, linux/arm64)

| File | Errors | Warnings | Infos |
| --- | ---: | ---: | ---: |
| app/Dockerfile | 1 | 1 | 0 |

| Severity | Place | Rule | Finding |
| --- | --- | --- | --- |
| error | app/Dockerfile&#58;2 | [arch-download](https://github.com/archlint/archlint/blob/main/docs/rules/arch-download.md) | jq-linux64 runs on amd64 only<br>use jq-linux-&#36;&#123;TARGETARCH&#125; |
| warning | app/Dockerfile&#58;1 | [single-arch-image](https://github.com/archlint/archlint/blob/main/docs/rules/single-arch-image.md) | no arm64 |

| Place | Problem |
| --- | --- |
| x.yml&#58;3 | not YAML |
| big | too large |
`
	got := written(t, "markdown", sample(t), Options{Rel: func(p string) string { return "../" + p }})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMarkdownOfHostileText(t *testing.T) {
	got := written(t, "markdown", hostile(t), Options{})
	inertCharacters(t, got)
	for _, part := range []string{"<b>", "@all", "](https://evil", "::error", "`c`"} {
		if strings.Contains(got, part) {
			t.Errorf("%q in %s", part, got)
		}
	}
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "| error |") && strings.Count(line, "|") != 5 {
			t.Errorf("a row of %d columns: %s", strings.Count(line, "|")-1, line)
		}
	}
}

// The separators were tried with the program cmark-gfm and its extensions.
func TestMarkdownCallsNobodyAndLinksNothing(t *testing.T) {
	for text, want := range map[string]string{
		"@org/team, (@a) @@b @.@c":  "&#64;^org/team, &#40;&#64;^a&#41; &#64;&#64;^b &#64;^.&#64;^c",
		"o/r#12 #3 !4 &5 GH-6 gh-7": "o/r&#35;^12 &#35;^3 &#33;^4 &#38;^5 GH-^6 gh-^7",
		"a@evil.example":            "a&#64;^evil.example",
		"www.evil.example WWW.x":    "www^.evil.example WWW^.x",
		"x@sha256:0f, $TARGETARCH":  "x&#64;sha256&#58;0f, &#36;TARGETARCH",
		"#x wwwx. foo@bar a#b %20":  "&#35;x wwwx. foo&#64;bar a&#35;b %20",
	} {
		if got := strings.ReplaceAll(markdown(text), "&#8203;", "^"); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
	if got, want := rdText("@a x@b #1 o/r#2 <b> [x](y) gh-3"), "@ a x@b # 1 o/r# 2 < b> [x] (y) gh- 3"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestMarkdownLeavesNothingOut(t *testing.T) {
	r := &lint.Result{}
	for i := range maxTableFiles + 50 {
		f := source.New("f"+strings.Repeat("x", i), []byte("x"))
		r.Findings = append(r.Findings, lint.Finding{Rule: "r", Severity: lint.Error, Span: f.Span(0, 1), Message: strings.Repeat("m", 10000)})
	}
	got := written(t, "markdown", r, Options{})
	if strings.Contains(got, "in the log") || strings.Count(got, "| error |") != len(r.Findings) || strings.Count(got, "| 1 | 0 | 0 |") != len(r.Findings) {
		t.Errorf("%d bytes", len(got))
	}
}
