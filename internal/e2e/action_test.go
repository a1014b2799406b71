package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// annotation is what a runner shows at a line of code.
type annotation struct {
	Level                         string // error, warning or notice
	File                          string
	Line, Col, EndLine, EndColumn int
	Title, Message                string // the first line of the message
}

// maxAnnotations is how many annotations of a level GitHub shows for a step.
const maxAnnotations = 10

// job is what act tells of a run.
type job struct {
	output
	annotations []annotation      // in the order in which they were written
	other       []string          // commands that change something in a runner, such as add-mask
	outputs     map[string]string // of the step archlint
	summary     string
}

// act runs the action with inputs (lines of "name: value" in YAML) on a copy of
// the files. The action is the one of the checkout, under the name that others use.
func act(t *testing.T, files map[string]string, inputs ...string) (job, string) {
	t.Helper()
	with := ""
	for _, input := range inputs {
		with += "          " + input + "\n"
	}
	files = maps.Clone(files)
	files[".github/workflows/archlint.yml"] = `on: [push, pull_request]
jobs:
  archlint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: archlint
        uses: archlint/archlint@v0
        with:
          offline: true
` + with
	dir := repository(t, files)
	return actIn(t, dir, "push"), dir
}

// actIn runs the workflow of a repository.
func actIn(t *testing.T, dir, event string, args ...string) job {
	t.Helper()
	env := append(goEnv(t, "GOMODCACHE", "GOCACHE"), "HOME="+t.TempDir(), "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=")
	j := job{outputs: map[string]string{}}
	j.output = run(t, dir, env, "act", append([]string{
		event, "--job", "archlint", "--platform", "ubuntu-latest=-self-hosted",
		"--no-cache-server", "--json", "--local-repository", "archlint/archlint@v0=" + checkoutDir(t),
	}, args...)...)
	for line := range strings.Lines(j.stdout) {
		var message struct {
			Command string   `json:"command"`
			Arg     string   `json:"arg"`
			Name    string   `json:"name"`
			Raw     string   `json:"raw"`
			Content string   `json:"content"`
			Step    []string `json:"stepID"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil || len(message.Step) == 0 || message.Step[0] != "archlint" {
			continue
		}
		switch message.Command {
		case "", "ignored", "group", "endgroup":
		case "error", "warning", "notice":
			j.annotations = append(j.annotations, decode(t, message.Command, message.Raw))
		case "set-output":
			j.outputs[message.Name] = message.Arg
		case "summary":
			j.summary = message.Content
		default:
			j.other = append(j.other, message.Command)
		}
	}
	return j
}

// decode reads a command that act obeyed, as GitHub's runner does: a property ends
// at a comma, its name at the first equals sign, and %25 is replaced last. (act
// drops properties with two equals signs, and replaces in any order.)
func decode(t *testing.T, command, raw string) annotation {
	t.Helper()
	properties, data, ok := strings.Cut(strings.TrimPrefix(strings.TrimRight(raw, "\r\n"), "::"+command), "::")
	if !ok {
		t.Fatalf("%q is no command", raw)
	}
	values := map[string]string{}
	for property := range strings.SplitSeq(strings.TrimSpace(properties), ",") {
		name, value, _ := strings.Cut(property, "=")
		values[name] = unescape(value, "%3A", ":", "%2C", ",")
	}
	number := func(name string) int {
		n, err := strconv.Atoi(values[name])
		if err != nil && values[name] != "" {
			t.Fatalf("%s is no number in %q", name, raw)
		}
		return n
	}
	text, _, _ := strings.Cut(unescape(data), "\n")
	return annotation{
		Level: command, File: values["file"], Title: values["title"], Message: text,
		Line: number("line"), Col: number("col"), EndLine: number("endLine"), EndColumn: number("endColumn"),
	}
}

// unescape reads a part of a command.
func unescape(s string, pairs ...string) string {
	s = strings.NewReplacer(append(pairs, "%0D", "\r", "%0A", "\n")...).Replace(s)
	return strings.ReplaceAll(s, "%25", "%")
}

// document is a JSON report.
type document struct {
	Summary struct {
		Findings, Errors, Warnings int
	}
	Findings []struct {
		Rule, Severity, Path, Message    string
		Line, Column, EndLine, EndColumn int
	}
	Problems []struct {
		Path, Message string
		Line, Column  int
	}
}

// report runs archlint itself.
func report(t *testing.T, dir string, args ...string) document {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatalf("building archlint: %v", err)
	}
	got := run(t, dir, nil, file, append([]string{"--offline", "--format", "json"}, args...)...)
	var d document
	if err := json.Unmarshal([]byte(got.stdout), &d); err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	return d
}

// annotations returns what GitHub is to show for a report: one for each line, the
// most serious, and no more of a level than it shows at all.
func (d document) annotations() []annotation {
	level := map[string]string{"error": "error", "warning": "warning", "info": "notice"}
	weight := map[string]int{"error": 0, "warning": 1, "notice": 2}
	var all []annotation
	for _, f := range d.Findings {
		a := annotation{
			Level: level[f.Severity], File: f.Path, Title: "archlint: " + f.Rule, Message: f.Message,
			Line: f.Line, Col: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn,
		}
		if a.Line != a.EndLine {
			a.Col, a.EndColumn = 0, 0
		}
		all = append(all, a)
	}
	for _, p := range d.Problems {
		all = append(all, annotation{
			Level: "warning", File: p.Path, Title: "archlint", Message: p.Message,
			Line: p.Line, Col: p.Column, EndLine: p.Line, EndColumn: p.Column,
		})
	}
	slices.SortStableFunc(all, func(a, b annotation) int {
		problem := func(a annotation) int { return len(strings.Fields(a.Title)) }
		return cmp.Or(weight[a.Level]-weight[b.Level], problem(b)-problem(a), strings.Compare(a.File, b.File), a.Line-b.Line, a.Col-b.Col)
	})
	seen := map[string]bool{}
	count := map[string]int{}
	var out []annotation
	for _, a := range all {
		at := fmt.Sprintf("%s\x00%d", a.File, a.Line)
		if seen[at] {
			continue
		}
		seen[at] = true
		if count[a.Level]++; count[a.Level] <= maxAnnotations {
			out = append(out, a)
		}
	}
	return out
}

func archive(t *testing.T, name string) map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("..", "..", "testdata", "e2e", name))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

// check compares what a runner saw with what archlint says.
func check(t *testing.T, j job, want document) {
	t.Helper()
	if diff := gocmp.Diff(want.annotations(), j.annotations); diff != "" {
		t.Errorf("annotations (-report +runner):\n%s", diff)
	}
	outputs := map[string]string{
		"findings": strconv.Itoa(want.Summary.Findings),
		"errors":   strconv.Itoa(want.Summary.Errors),
		"warnings": strconv.Itoa(want.Summary.Warnings),
		"sarif":    "", // none was asked for
	}
	if diff := gocmp.Diff(outputs, j.outputs); diff != "" {
		t.Errorf("outputs (-report +runner):\n%s", diff)
	}
	// The text stands between stop-commands and the token that ends it.
	if len(j.other) > 0 && (len(j.other) != 2 || j.other[0] != "stop-commands") {
		t.Errorf("the runner obeyed %q", j.other)
	}
	if t.Failed() {
		t.Log(j.output)
	}
}

func TestActionShowsWhatArchlintFinds(t *testing.T) {
	require(t, "act", "git", "go", "bash")
	j, dir := act(t, archive(t, "shop.txtar"))
	want := report(t, dir)
	if want.Summary.Errors <= maxAnnotations || want.Summary.Warnings == 0 || len(want.Problems) == 0 {
		t.Fatalf("the example is too tame: %+v", want.Summary)
	}
	check(t, j, want)
	if j.code != 1 {
		t.Errorf("exit code %d, want 1: findings fail the job", j.code)
	}
	if !strings.Contains(j.summary, "services/mail/mail.Dockerfile") {
		t.Errorf("the summary does not name the files:\n%s", j.summary)
	}
}

func TestActionReportsWhatAPullRequestBrings(t *testing.T) {
	require(t, "act", "git", "go", "bash")
	_, dir := act(t, map[string]string{"Dockerfile": bad})
	base := strings.TrimSpace(run(t, dir, nil, "git", "rev-parse", "HEAD").stdout)
	write(t, dir, map[string]string{"new/Dockerfile": bad, "event.json": `{"pull_request": {"base": {"sha": "` + base + `"}, "head": {"ref": "x"}}}`})
	if err := commit(dir); err != nil {
		t.Fatal(err)
	}
	j := actIn(t, dir, "pull_request", "--eventpath", filepath.Join(dir, "event.json"))
	check(t, j, report(t, dir, "--since", base))
	if j.code != 1 || len(j.annotations) != 1 || j.annotations[0].File != "new/Dockerfile" {
		t.Errorf("exit code %d, annotations %v", j.code, j.annotations)
	}
	// Another event has no base.
	if j := actIn(t, dir, "push"); len(j.annotations) != 2 {
		t.Errorf("annotations of a push: %v", j.annotations)
	}
}

func TestActionInputs(t *testing.T) {
	require(t, "act", "git", "go", "bash")
	shop := archive(t, "shop.txtar")
	shop["services/archlint.yaml"] = "rules:\n  arch-download: warning\n"
	tests := map[string]struct {
		inputs []string
		args   []string // that mean the same
		dir    string   // to run archlint in
		code   int
	}{
		"fail-on":           {inputs: []string{"fail-on: never"}},
		"paths":             {inputs: []string{"paths: |", "  services/web services/*/*.Dockerfile", "  compose.yaml"}, args: []string{"services/web", "services/*/*.Dockerfile", "compose.yaml"}, code: 1},
		"platforms":         {inputs: []string{"platforms: linux/amd64", "paths: Dockerfile"}, args: []string{"--platforms=linux/amd64", "Dockerfile"}},
		"working-directory": {inputs: []string{"working-directory: services/mail"}, dir: "services/mail", code: 1},
		"config":            {inputs: []string{"config: services/archlint.yaml", "fail-on: error", "paths: services/mail"}, args: []string{"--config=services/archlint.yaml", "services/mail"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			j, dir := act(t, shop, test.inputs...)
			want := report(t, filepath.Join(dir, test.dir), test.args...)
			if test.dir != "" { // annotations are relative to the repository
				for i := range want.Findings {
					want.Findings[i].Path = test.dir + "/" + want.Findings[i].Path
				}
			}
			check(t, j, want)
			if j.code != test.code {
				t.Errorf("exit code %d, want %d", j.code, test.code)
			}
		})
	}
}

func TestActionWritesSARIF(t *testing.T) {
	require(t, "act", "git", "go", "bash")
	j, dir := act(t, archive(t, "shop.txtar"), "sarif: out.sarif", "working-directory: services/mail", "fail-on: never")
	want := report(t, filepath.Join(dir, "services", "mail"))
	if got := j.outputs["sarif"]; got != "services/mail/out.sarif" || j.outputs["findings"] != strconv.Itoa(want.Summary.Findings) || j.code != 0 {
		t.Errorf("exit code %d, outputs %q\n%s", j.code, j.outputs, j.output)
	}
}

func TestActionIsNotLedAstrayByNamesOfFiles(t *testing.T) {
	require(t, "act", "git", "go", "bash")
	files := map[string]string{}
	for _, name := range []string{
		"::error title=pwned::pwned/Dockerfile",
		"::add-mask::a/Dockerfile",
		"##[error]pwned.Dockerfile",
		"a%0A::error::pwned.Dockerfile",
		"b\n::error::pwned.Dockerfile",
		"c\r::error::pwned.Dockerfile",
		"d,line=99,title=%3Apwned%252C::.Dockerfile",
		"e$(touch pwned)`touch pwned`.Dockerfile",
	} {
		files[name] = bad
	}
	// The same in code that is shown.
	files["Dockerfile"] = "FROM debian:12\nRUN true \\\n::error::pwned && curl -O https://dl.k8s.io/release/v1.31.0/bin/linux/amd64/kubectl\n"
	j, dir := act(t, files)
	want := report(t, dir)
	if len(want.Findings) < len(files) {
		t.Fatalf("%d findings in %d files", len(want.Findings), len(files))
	}
	check(t, j, want)
	for _, a := range j.annotations {
		if !strings.HasPrefix(a.Title, "archlint: ") || strings.HasPrefix(a.Message, "pwned") {
			t.Errorf("a name of a file or a line of code became %+v", a)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("a name of a file was run as a command")
	}
}

func TestActionInputsAreNeverRun(t *testing.T) {
	require(t, "act", "git", "go", "bash")
	pwned := filepath.Join(t.TempDir(), "pwned")
	value := fmt.Sprintf(`'"; touch %[1]s; $(touch %[1]s) ''; touch %[1]s; #'`, pwned)
	for _, name := range []string{"paths", "platforms", "fail-on", "config", "working-directory", "version"} {
		t.Run(name, func(t *testing.T) {
			j, _ := act(t, map[string]string{"Dockerfile": good}, name+": "+value)
			if j.code == 0 || len(j.annotations) != 1 || j.annotations[0].Level != "error" {
				t.Errorf("exit code %d, annotations %+v\n%s", j.code, j.annotations, j.output)
			}
			if _, err := os.Stat(pwned); err == nil {
				t.Error("the input was run as a command")
			}
		})
	}
}
