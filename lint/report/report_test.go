package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/source"
)

// at returns the span of the first occurrence of part in a file.
func at(t testing.TB, f *source.File, part string) source.Span {
	t.Helper()
	i := bytes.Index(f.Data, []byte(part))
	if i < 0 {
		t.Fatalf("%q is not in %s", part, f.Path)
	}
	return f.Span(i, i+len(part))
}

// sample is a result with one of everything.
func sample(t testing.TB) *lint.Result {
	docker := source.New("app/Dockerfile", []byte("FROM alpine\nRUN curl -O https://x/jq-linux64\n"))
	flow := source.New(".github/workflows/ci.yml", []byte("on: push\nplatforms: linux/arm64\n"))
	return &lint.Result{
		Platforms: arch.Default(),
		Files:     12,
		Findings: []lint.Finding{
			{
				Rule: "arch-download", Severity: lint.Error, Span: at(t, docker, "jq-linux64"), Message: "jq-linux64 runs on amd64 only", Help: "use jq-linux-${TARGETARCH}",
				Platforms: arch.Set{arch.LinuxARM64},
				Related:   []lint.Related{{Span: at(t, flow, "linux/arm64"), Message: "published for linux/arm64 here"}},
				Fix:       &lint.Fix{Safe: true, Description: "use TARGETARCH", Edits: []lint.Edit{{Span: at(t, docker, "linux64"), Text: "linux-${TARGETARCH}"}}},
			},
			{Rule: "single-arch-image", Severity: lint.Warning, Span: at(t, docker, "alpine"), Message: "no arm64"},
		},
		Suppressed: 3,
		Problems:   []lint.Problem{{Path: "x.yml", Line: 3, Column: 1, Message: "not YAML"}, {Path: "big", Message: "too large"}},
	}
}

func textOf(t *testing.T, r *lint.Result, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextShowsEverything(t *testing.T) {
	got := textOf(t, sample(t), Options{Rel: func(path string) string { return "../" + path }})
	want := `../app/Dockerfile:2:23: error: jq-linux64 runs on amd64 only [arch-download]
  2 | RUN curl -O https://x/jq-linux64
    |                       ^^^^^^^^^^
   help: use jq-linux-${TARGETARCH}
   note: ../.github/workflows/ci.yml:2:12: published for linux/arm64 here

../app/Dockerfile:1:6: warning: no arm64 [single-arch-image]
  1 | FROM alpine
    |      ^^^^^^

../x.yml:3:1: problem: not YAML
../big: problem: too large

12 files: 1 error, 1 warning; 2 problems reading files; 3 ignored
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTextSummary(t *testing.T) {
	fix := &lint.Fix{}
	for _, test := range []struct {
		result lint.Result
		want   string
	}{
		{lint.Result{}, "no files to lint\n"},
		{lint.Result{Files: 12}, "no problems found in 12 files\n"},
		{lint.Result{Files: 1}, "no problems found in 1 file\n"},
		{lint.Result{Files: 1, Suppressed: 2}, "no problems found in 1 file; 2 ignored\n"},
		{lint.Result{Files: 2, Problems: []lint.Problem{{Path: "a", Message: "b"}}}, "a: problem: b\n\n2 files: no findings; 1 problem reading files\n"},
		{
			lint.Result{Files: 1, Findings: []lint.Finding{{Rule: "r", Severity: lint.Info, Message: "m", Fix: fix}}},
			"info: m [r]\n\n1 file: 1 info\n",
		},
	} {
		if diff := cmp.Diff(test.want, textOf(t, &test.result, Options{})); diff != "" {
			t.Error(diff)
		}
	}
	if got := textOf(t, &lint.Result{Files: 3}, Options{Quiet: true}); got != "" {
		t.Errorf("quiet: %q", got)
	}
	r := sample(t)
	r.Problems = nil
	if got := textOf(t, r, Options{Quiet: true}); strings.HasSuffix(got, "\n\n") || strings.Contains(got, "12 files") {
		t.Errorf("quiet: %q", got)
	}
}

func TestTextIsColouredOnlyWhenAsked(t *testing.T) {
	r := sample(t)
	if got := textOf(t, r, Options{}); strings.Contains(got, "\x1b") {
		t.Errorf("colours in %q", got)
	}
	got := textOf(t, r, Options{Color: true})
	if !strings.Contains(got, "\x1b[1;31merror:\x1b[0m") || !strings.Contains(got, "\x1b[1;33mwarning:\x1b[0m") {
		t.Errorf("no colours in %q", got)
	}
	for _, code := range []string{bold, red, yellow, cyan, dim} {
		got = strings.ReplaceAll(got, "\x1b["+code+"m", "")
	}
	if diff := cmp.Diff(textOf(t, r, Options{}), strings.ReplaceAll(got, "\x1b[0m", "")); diff != "" {
		t.Errorf("colours change the text: %s", diff)
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	f := source.New("f", bytes.Repeat([]byte("é日x64 "), 1000))
	r := &lint.Result{Findings: []lint.Finding{{Rule: "r", Severity: lint.Error, Span: f.Span(5000, 5010), Message: "m"}}}
	for _, width := range []int{1, 30, 80, 200} {
		for line := range strings.Lines(textOf(t, r, Options{Width: width, Quiet: true})) {
			cells := 0
			for _, c := range strings.TrimSuffix(line, "\n") {
				cells += runeWidth(c)
			}
			if most := max(width, minWidth+len("  1 | ")); cells > most {
				t.Errorf("%d cells of %d: %s", cells, most, line)
			}
		}
	}
}

func TestExcerptPutsCaretsUnderTheSpan(t *testing.T) {
	for _, test := range []struct {
		name, data, part, line, carets string
	}{
		{"plain", "FROM alpine\n", "alpine", "FROM alpine", "     ^^^^^^"},
		{"the beginning", "FROM alpine", "FROM", "FROM alpine", "^^^^"},
		{"tabs before", "\tRUN\tcurl x\n", "curl", "\tRUN\tcurl x", "\t   \t^^^^"},
		{"a tab within", "a b\tc d", "b\tc", "a b\tc d", "  ^\t^"},
		{"carriage return", "FROM alpine\r\nRUN x\r\n", "alpine", "FROM alpine", "     ^^^^^^"},
		{"wide characters before", "# 日本 x86_64\n", "x86_64", "# 日本 x86_64", "       ^^^^^^"},
		{"wide characters within", "a 日本 b", "日本", "a 日本 b", "  ^^^^"},
		{"emoji and accents", "é 🚀 e\u0301 x64", "x64", "é 🚀 e\u0301 x64", "       ^^^"},
		{"pictures of one cell and of two", "\U0001f5a5 \U0001f7e2 x64", "x64", "\U0001f5a5 \U0001f7e2 x64", "     ^^^"},
		{"an enclosing mark", "1\u20e3 x64", "x64", "1\u20e3 x64", "  ^^^"},
		{"halfwidth and fullwidth", "\uff76\uff21 x64", "x64", "\uff76\uff21 x64", "    ^^^"},
		{"Jamo that join", "\u1112\u1161\u11ab x64", "x64", "\u1112\u1161\u11ab x64", "   ^^^"},
		{"control characters", "a\x1b[31m b", "b", `a\x1b[31m b`, "          ^"},
		{"direction of writing", "x \u202e y", "y", `x \u202e y`, "         ^"},
		{"invalid bytes", "x \xff\xfe y", "y", `x \xff\xfe y`, "           ^"},
		{"several lines", "RUN a \\\n  b \\\n  c\n", "a \\\n  b \\\n  c", "RUN a \\", "    ^^^"},
		{"several lines, blanks at the end", "RUN a  \n b\n", "a  \n b", "RUN a", "    ^"},
		{"second line", "a\n  b: x\n", "x", "  b: x", "     ^"},
	} {
		t.Run(test.name, func(t *testing.T) {
			line, carets := excerpt(at(t, source.New("f", []byte(test.data)), test.part), 160)
			if line != test.line || carets != test.carets {
				t.Errorf("got\n%q\n%q, want\n%q\n%q", line, carets, test.line, test.carets)
			}
		})
	}
}

func TestExcerptOfEmptySpans(t *testing.T) {
	f := source.New("f", []byte("ab\n\ncd"))
	for offset, want := range map[int][2]string{0: {"ab", "^"}, 1: {"ab", " ^"}, 2: {"ab", "  ^"}, 3: {"", "^"}, 4: {"cd", "^"}, 6: {"cd", "  ^"}} {
		line, carets := excerpt(f.Span(offset, offset), 160)
		if line != want[0] || carets != want[1] {
			t.Errorf("at %d: %q %q, want %q", offset, line, carets, want)
		}
	}
	if line, carets := excerpt(source.New("e", nil).Span(0, 0), 160); line != "" || carets != "^" {
		t.Errorf("of an empty file: %q %q", line, carets)
	}
}

func TestExcerptCutsLongLinesAroundTheSpan(t *testing.T) {
	const width = 60
	for name, line := range map[string]string{
		"in the middle":  strings.Repeat("a", 500) + "TARGET" + strings.Repeat("b", 500),
		"at the start":   "TARGET" + strings.Repeat("b", 500),
		"at the end":     strings.Repeat("a", 500) + "TARGET",
		"wide":           strings.Repeat("日", 500) + "TARGET" + strings.Repeat("本", 500),
		"three bytes":    strings.Repeat("日", 40) + "TARGET",
		"megabytes long": strings.Repeat("x", 3<<20) + "TARGET" + strings.Repeat("y", 1<<20),
		"invalid":        strings.Repeat("\xff", 300) + "TARGET" + strings.Repeat("\xfe", 300),
	} {
		span := at(t, source.New("f", []byte(line)), "TARGET")
		text, carets := excerpt(span, width)
		cells := func(s string) (n int) {
			for _, r := range s {
				n += runeWidth(r)
			}
			return n
		}
		if cells(text) > width {
			t.Errorf("%s: %d cells: %q", name, cells(text), text)
		}
		before, _, found := strings.Cut(text, "TARGET")
		if !found || cells(before) != strings.Index(carets, "^") || strings.TrimLeft(carets, " ") != "^^^^^^" {
			t.Errorf("%s:\n%s\n%s", name, text, carets)
		}
		if cut := strings.HasPrefix(text, "…"); cut != (name != "at the start") {
			t.Errorf("%s: cut at the left: %v", name, cut)
		}
		if cut := strings.HasSuffix(text, "…"); cut != (name != "at the end" && name != "three bytes") {
			t.Errorf("%s: cut at the right: %v", name, cut)
		}
	}
	// A span longer than the width keeps its beginning.
	long := strings.Repeat("a", 100) + "<" + strings.Repeat("T", 500) + ">"
	text, carets := excerpt(at(t, source.New("f", []byte(long)), long[100:]), width)
	if !strings.Contains(text, "a<TT") || strings.IndexByte(carets, '^') != strings.IndexByte(text, '<')-len("…")+1 {
		t.Errorf("long span:\n%s\n%s", text, carets)
	}
}

func TestExcerptCostsLittleOnHugeLines(t *testing.T) {
	f := source.New("f", bytes.Repeat([]byte("x86_64 "), 1<<19))
	start := time.Now()
	for i := range 2000 {
		excerpt(f.Span(i*7, i*7+6), 160)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("a\tb 日\r\n\xff", 1, 4, 10)
	f.Add("0\x99\x99\x99\x99", 53, 4, 1)
	f.Fuzz(func(t *testing.T, data string, start, end, width int) {
		if width < 1 || width > 500 {
			return
		}
		line, carets := excerpt(source.New("f", []byte(data)).Span(start, end), width)
		if strings.ContainsAny(line, "\n\r\x1b") || !strings.Contains(carets, "^") || strings.Trim(carets, " \t^") != "" {
			t.Fatalf("%q %q", line, carets)
		}
	})
}

func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"plain text": "plain text", "tab\there": "tab\there", "日本 é 🚀": "日本 é 🚀", "a\nb\rc": `a\nb\rc`, "\x1b]0;title\x07": `\x1b]0;title\x07`,
		"\x7f": `\x7f`, "\u009b31m": `\u009b31m`, "\u202eabc\u2066": `\u202eabc\u2066`, "a\u200bb\ufeff": `a\u200bb\ufeff`, "\xff": `\xff`, "\u2028": `\u2028`,
		"\U000e0041": `\U000e0041`, "": "", "\ufffd": "\ufffd", "nb\u00a0sp": "nb\u00a0sp",
		"a\u3164\u115f\uffa0\u034f": `a\u3164\u115f\uffa0\u034f`, "\U000e0100\ufe00\u180b": `\U000e0100\ufe00\u180b`, "⚠\ufe0f": "⚠\ufe0f",
	} {
		if got := Printable(s); got != want {
			t.Errorf("Printable(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestTextNeutralisesRepositoryText(t *testing.T) {
	f := source.New("a\x1b[2Jb\n::error::x", []byte("RUN \x1b]0;x\x07\u202e"))
	got := textOf(t, &lint.Result{
		Findings: []lint.Finding{{Rule: "r", Severity: lint.Error, Span: f.Span(0, 3), Message: "m\x1b\n::x", Help: "h\u2066", Related: []lint.Related{{Span: f.Span(0, 1), Message: "n\x9b"}}}},
		Problems: []lint.Problem{{Path: "p\r", Line: 1, Column: 1, Message: "q\x00"}},
	}, Options{})
	for _, r := range got {
		if r != '\n' && r < ' ' || r == 0x7f || r == 0x202e || r == 0x2066 || r == utf8.RuneError {
			t.Errorf("%U in %q", r, got)
		}
	}
	if strings.Contains(got, "\n::") {
		t.Errorf("a path or message begins a line: %q", got)
	}
}

func TestJSONHasTheDocumentedShape(t *testing.T) {
	var b bytes.Buffer
	r := sample(t)
	if err := JSON(&b, r, Options{Version: "1.2.3", Rel: func(path string) string { return strings.TrimPrefix(path, "app/") }}); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var want any
	const rules = "https://github.com/archlint/archlint/blob/main/docs/rules/"
	if err := json.Unmarshal([]byte(`{"version":1,"tool":{"name":"archlint","version":"1.2.3"},"platforms":["linux/amd64","linux/arm64"],
	 "summary":{"files":12,"findings":2,"errors":1,"warnings":1,"infos":0,"suppressed":3,"baselined":0,"unchanged":0},
	 "findings":[
	  {"rule":"arch-download","severity":"error","path":"Dockerfile","line":2,"column":23,"endLine":2,"endColumn":33,
	   "message":"jq-linux64 runs on amd64 only","help":"use jq-linux-${TARGETARCH}","platforms":["linux/arm64"],"url":"`+rules+`arch-download.md",
	   "related":[{"path":".github/workflows/ci.yml","line":2,"column":12,"message":"published for linux/arm64 here"}],
	   "fix":{"safety":"safe","description":"use TARGETARCH","edits":[{"path":"Dockerfile","line":2,"column":26,"endLine":2,"endColumn":33,"text":"linux-${TARGETARCH}"}]}},
	  {"rule":"single-arch-image","severity":"warning","path":"Dockerfile","line":1,"column":6,"endLine":1,"endColumn":12,
	   "message":"no arm64","help":"","platforms":[],"url":"`+rules+`single-arch-image.md","related":[]}],
	 "problems":[{"path":"x.yml","line":3,"column":1,"message":"not YAML"},{"path":"big","line":0,"column":0,"message":"too large"}]}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSONOfNothingHasNoNulls(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, &lint.Result{}, Options{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") || !strings.Contains(b.String(), `"findings": []`) || !strings.Contains(b.String(), `"problems": []`) || !strings.Contains(b.String(), `"platforms": []`) {
		t.Error(b.String())
	}
}

func TestJSONColumnsAreCodePointsAndTextIsExact(t *testing.T) {
	f := source.New("日\u202e\x1b.Dockerfile", []byte("# 日本 🚀 x64"))
	message := "a\u202eb\x1b\x7f\u009b\U000e0041 <&> \"q\" \\"
	r := &lint.Result{Findings: []lint.Finding{{Rule: "r", Severity: lint.Error, Span: at(t, f, "x64"), Message: message}}}
	var b bytes.Buffer
	if err := JSON(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.String() {
		if c != '\n' && (c < ' ' || c == 0x7f || c == 0x202e || c == 0x9b || c == 0xe0041) {
			t.Errorf("%U in the document", c)
		}
	}
	var got jsonReport
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	finding := got.Findings[0]
	if finding.Message != message || finding.Path != f.Path || finding.Column != 8 || finding.EndColumn != 11 {
		t.Errorf("%+v", finding)
	}
}

// command is a workflow command as the runner reads it.
type command struct {
	Name       string
	Properties map[string]string
	Message    string
}

// commands reads the lines that are commands, the way the runner does: blanks in
// front do not count, and between stop-commands and its token nothing does.
func commands(t *testing.T, log string) (out []command, inert []string) {
	t.Helper()
	stop := ""
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if stop != "" {
			if line == "::"+stop+"::" {
				stop = ""
			} else if strings.HasPrefix(line, "::") || strings.Contains(line, "##[") {
				inert = append(inert, line)
			}
			continue
		}
		rest, ok := strings.CutPrefix(line, "::")
		if !ok {
			continue
		}
		head, message, ok := strings.Cut(rest, "::")
		if !ok {
			t.Errorf("not a command: %q", line)
			continue
		}
		name, list, _ := strings.Cut(head, " ")
		if name == "stop-commands" {
			stop = message
			continue
		}
		c := command{Name: name, Properties: map[string]string{}, Message: strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(message)}
		for property := range strings.SplitSeq(list, ",") {
			key, value, _ := strings.Cut(property, "=")
			c.Properties[key] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(value)
		}
		out = append(out, c)
	}
	if stop != "" {
		t.Error("commands stay stopped")
	}
	return out, inert
}

func github(t *testing.T, r *lint.Result, summary string) string {
	t.Helper()
	var b bytes.Buffer
	getenv := func(key string) string { return map[string]string{"GITHUB_STEP_SUMMARY": summary}[key] }
	if err := GitHub(&b, r, Options{}, getenv); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGitHubAnnotatesBesideTheFullText(t *testing.T) {
	r := sample(t)
	log := github(t, r, "")
	if !strings.Contains(log, textOf(t, r, Options{})) {
		t.Errorf("the text is not in the log:\n%s", log)
	}
	got, _ := commands(t, log)
	want := []command{
		{"error", map[string]string{"file": "app/Dockerfile", "line": "2", "endLine": "2", "col": "23", "endColumn": "33", "title": "archlint: arch-download"}, "jq-linux64 runs on amd64 only\nhelp: use jq-linux-${TARGETARCH}"},
		{"warning", map[string]string{"file": "app/Dockerfile", "line": "1", "endLine": "1", "col": "6", "endColumn": "12", "title": "archlint: single-arch-image"}, "no arm64"},
		{"warning", map[string]string{"file": "big", "title": "archlint"}, "too large"},
		{"warning", map[string]string{"file": "x.yml", "line": "3", "endLine": "3", "col": "1", "endColumn": "1", "title": "archlint"}, "not YAML"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubEscapes(t *testing.T) {
	path := "a:b,c%\n::error file=x::y\r.Dockerfile"
	f := source.New(path, []byte("::set-output name=x::y\n##[error]z\n"))
	message := "100% ::error::\n::warning::w, a=b: %0A\u2029"
	r := &lint.Result{Findings: []lint.Finding{
		{Rule: "r::,", Severity: lint.Info, Span: f.Span(0, 2), Message: message},
		{Rule: "s", Severity: lint.Info, Span: at(t, f, "##[error]z"), Message: "##[group]x"},
	}, Problems: []lint.Problem{{Path: "::error::in a path", Message: "::error::in a message"}}}
	log := github(t, r, "")
	if !strings.Contains(log, "file=a%3Ab%2Cc%25%0A%3A%3Aerror file=x%3A%3Ay%0D.Dockerfile,") {
		t.Errorf("path is not escaped:\n%s", log)
	}
	got, inert := commands(t, log)
	if len(inert) > 0 {
		t.Errorf("the text has lines that only stop-commands holds back: %q", inert)
	}
	want := []command{
		{"warning", map[string]string{"file": "::error::in a path", "title": "archlint"}, "::error::in a message"},
		{"notice", map[string]string{"file": path, "line": "1", "endLine": "1", "col": "1", "endColumn": "3", "title": "archlint: r::,"}, `100% ::error::\n::warning::w, a=b: %0A\u2029`},
		{"notice", map[string]string{"file": path, "line": "2", "endLine": "2", "col": "1", "endColumn": "11", "title": "archlint: s"}, "##[group]x"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubTokenIsNewEachTime(t *testing.T) {
	token := func() string {
		_, rest, _ := strings.Cut(github(t, &lint.Result{}, ""), "::stop-commands::")
		token, _, _ := strings.Cut(rest, "\n")
		return token
	}
	a, b := token(), token()
	if a == b || len(a) < 20 {
		t.Errorf("tokens %q and %q", a, b)
	}
}

func TestGitHubWritesTheMostSeriousFirstAndNoMoreThanAreShown(t *testing.T) {
	f := source.New("f", bytes.Repeat([]byte("line\n"), 100))
	r := &lint.Result{}
	for i := range 25 {
		severity := []lint.Severity{lint.Info, lint.Warning, lint.Error}[i%3]
		r.Findings = append(r.Findings, lint.Finding{Rule: "r", Severity: severity, Span: f.LineSpan(i + 1), Message: fmt.Sprint(i)})
		r.Findings = append(r.Findings, lint.Finding{Rule: "r", Severity: severity, Span: f.LineSpan(i + 51), Message: fmt.Sprint(i)})
	}
	got, _ := commands(t, github(t, r, ""))
	var names []string
	for _, c := range got {
		names = append(names, c.Name)
	}
	want := strings.Fields(strings.Repeat("error ", 10) + strings.Repeat("warning ", 10) + strings.Repeat("notice ", 10))
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if got[0].Properties["line"] != "3" || got[9].Properties["line"] != "56" {
		t.Errorf("first at %v, last at %v", got[0].Properties, got[9].Properties)
	}
}

func TestGitHubAnnotatesALineOnce(t *testing.T) {
	f := source.New("f", []byte("one two three\nfour\n"))
	r := &lint.Result{Findings: []lint.Finding{
		{Rule: "a", Severity: lint.Info, Span: at(t, f, "one"), Message: "1"},
		{Rule: "b", Severity: lint.Error, Span: at(t, f, "two"), Message: "2"},
		{Rule: "c", Severity: lint.Warning, Span: at(t, f, "three"), Message: "3"},
		{Rule: "d", Severity: lint.Warning, Span: at(t, f, "four"), Message: "4"},
	}}
	got, _ := commands(t, github(t, r, ""))
	var messages []string
	for _, c := range got {
		messages = append(messages, c.Name+" "+c.Message)
	}
	if diff := cmp.Diff([]string{"error 2\n2 more findings on this line in the log", "warning 4"}, messages); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubDropsColumnsOfSeveralLinesAndCutsMessages(t *testing.T) {
	f := source.New("f", []byte("one\ntwo\n"))
	r := &lint.Result{Findings: []lint.Finding{{Rule: "a", Severity: lint.Error, Span: f.Span(0, 7), Message: strings.Repeat("日", 3000)}}}
	got, _ := commands(t, github(t, r, ""))
	if len(got) != 1 {
		t.Fatalf("%d commands", len(got))
	}
	if diff := cmp.Diff(map[string]string{"file": "f", "line": "1", "endLine": "2", "title": "archlint: a"}, got[0].Properties); diff != "" {
		t.Error(diff)
	}
	if m := got[0].Message; len(m) > 4096 || len(m) < 4000 || !utf8.ValidString(m) || !strings.HasSuffix(m, "日…") {
		t.Errorf("message of %d bytes, ends in %q", len(m), m[len(m)-10:])
	}
}

func TestGitHubAppendsTheSummary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(file, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	github(t, sample(t), file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `before
## archlint

12 files&#58; 1 error, 1 warning; 2 problems reading files; 3 ignored (required&#58; linux/amd64, linux/arm64)

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
	if diff := cmp.Diff(strings.Replace(want, "(required&#58; ", "(required: ", 1), string(data)); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubSummaryIsBounded(t *testing.T) {
	f := source.New(strings.Repeat("|", 200), []byte("x\n"))
	r := &lint.Result{Files: 1}
	for range 2000 {
		r.Findings = append(r.Findings, lint.Finding{Rule: "r", Severity: lint.Error, Span: f.Span(0, 1), Message: strings.Repeat("<", 200)})
	}
	got := stepSummary(r, maxSummary)
	if len(got) > 1<<20 || len(got) < maxSummary/2 || !strings.Contains(got, "more findings in the log") {
		t.Errorf("%d bytes, ends in %q", len(got), got[len(got)-100:])
	}
	for limit := range 3000 {
		if got := stepSummary(r, limit); len(got) > limit {
			t.Fatalf("%d bytes with a limit of %d", len(got), limit)
		}
	}
	file := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(file, make([]byte, maxSummary-10), 0o644); err != nil {
		t.Fatal(err)
	}
	github(t, r, file)
	if info, err := os.Stat(file); err != nil || info.Size() > maxSummary {
		t.Errorf("size %d, error %v", info.Size(), err)
	}
}

func TestMarkdownHasNoEffect(t *testing.T) {
	got := markdown("<img src=x onerror=y> | `a` *b* [c](d) ![e](f) @org/team #1 https://x.y $z$ :rocket: \n# h \u202e & \\ ~~s~~")
	if i := strings.IndexAny(got, "<>|`*[]()!@$~\\_\n"); i >= 0 {
		t.Errorf("%q at %d of %q", got[i], i, got)
	}
	for _, part := range []string{"https://", " & ", ":rocket:"} {
		if strings.Contains(got, part) {
			t.Errorf("%q in %q", part, got)
		}
	}
}

func TestGitHubReportsAnUnwritableSummary(t *testing.T) {
	var b bytes.Buffer
	err := GitHub(&b, sample(t), Options{}, func(string) string { return filepath.Join(t.TempDir(), "no", "such", "file") })
	if err == nil || !strings.Contains(err.Error(), "step summary") {
		t.Errorf("error %v", err)
	}
	if got, _ := commands(t, b.String()); len(got) != 4 {
		t.Errorf("%d annotations", len(got))
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFormatsReturnWriteErrors(t *testing.T) {
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	for name, format := range Formats() {
		if err := format(failing{}, sample(t), Options{}); err == nil || err.Error() != "disk full" {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestFormatsKeepFindingsWithoutAPlace(t *testing.T) {
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(t.TempDir(), "summary"))
	r := &lint.Result{Findings: []lint.Finding{{Rule: "r", Severity: lint.Error, Message: "somewhere", Related: []lint.Related{{Message: "there"}}}}}
	for name, format := range Formats() {
		var b bytes.Buffer
		if err := format(&b, r, Options{Rel: filepath.Dir}); err != nil || !strings.Contains(b.String(), "somewhere") {
			t.Errorf("%s: %v %s", name, err, b.String())
		}
	}
}

// BenchmarkReport writes two thousand findings in each format.
func BenchmarkReport(b *testing.B) {
	r := sample(b)
	for len(r.Findings) < 2000 {
		r.Findings = append(r.Findings, r.Findings...)
	}
	for name, format := range Formats() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := format(io.Discard, r, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
