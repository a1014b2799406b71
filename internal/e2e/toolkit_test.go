package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	reports "github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
)

// toolkit is the version of GitHub's own library for actions.
const toolkit = "@actions/core@1.11.1"

// issue writes commands as the toolkit does: one JSON array of a line of input is the
// name of the command, its properties as pairs, and its message.
const issue = `
const { issueCommand } = require('@actions/core/lib/command')
for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
	const [command, properties, message] = JSON.parse(line)
	issueCommand(command, Object.fromEntries(properties), message)
}
`

// TestAnnotationsAreEscapedAsTheToolkitDoes takes the commands that archlint writes for
// random texts apart and has GitHub's toolkit put them together again: the same bytes
// come out.
func TestAnnotationsAreEscapedAsTheToolkitDoes(t *testing.T) {
	require(t, "node", "npm")
	dir := t.TempDir()
	write(t, dir, map[string]string{"issue.js": issue})
	if got := run(t, dir, nil, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", toolkit); got.code != 0 {
		t.Fatalf("installing %s\n%s", toolkit, got)
	}

	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"%", "%25", "%0A", "%0D", "%3A", "%2C", "%2", "\n", "\r", "\r\n", ":", "::", "::error::", "::error file=x,line=1::", ",", "=", " ", "\t", "##[error]",
		"a", "é", "日", "\U0001f680", "\x1b[31m", "\u202e", "\x00", "\xff", "'", `"`, "`", "$(id)", "${{ x }}", "\\", "/", "..", "]]", "<b>", "|",
	}
	text := func() string {
		var b strings.Builder
		for range random.IntN(12) + 1 {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	var ours, theirs bytes.Buffer
	commands := 0
	for range 200 {
		said := map[string]bool{} // what the messages have to be
		result := &lint.Result{Platforms: arch.Default(), Files: 1}
		for range 10 {
			f := source.New(text(), []byte("FROM x\n"))
			severity := []lint.Severity{lint.Error, lint.Warning, lint.Info}[random.IntN(3)]
			message, help := text(), text()
			said[reports.Printable(message)+"\nhelp: "+reports.Printable(help)] = true
			result.Findings = append(result.Findings, lint.Finding{Rule: "arch-path", Severity: severity, Span: f.Span(5, 6), Message: message, Help: help})
		}
		var b bytes.Buffer
		if err := reports.Formats()["github"](&b, result, reports.Options{}); err != nil {
			t.Fatal(err)
		}
		// Behind the text, in which no line begins like a command.
		_, annotations, ok := strings.Cut(strings.TrimPrefix(b.String(), "::stop-commands::"), "\n::")
		if !ok {
			t.Fatalf("no commands in %q", b.String())
		}
		_, annotations, _ = strings.Cut(annotations, "::\n") // behind the token
		for line := range strings.Lines(annotations) {
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), " ")
			properties, data, ok := strings.Cut(strings.TrimPrefix(strings.TrimRight(line, "\n"), "::"+name+" "), "::")
			if !ok {
				t.Fatalf("%q is no command", line)
			}
			var pairs [][2]string
			for property := range strings.SplitSeq(properties, ",") {
				key, value, _ := strings.Cut(property, "=")
				pairs = append(pairs, [2]string{key, unescape(value, "%3A", ":", "%2C", ",")})
			}
			if message, _, _ := strings.Cut(unescape(data), "\n1 more finding on"); !said[message] {
				t.Fatalf("nobody said %q", message)
			}
			request, err := json.Marshal([]any{name, pairs, unescape(data)})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&theirs, "%s\n", request)
			ours.WriteString(line)
			commands++
		}
	}
	if commands < 1500 {
		t.Fatalf("only %d commands", commands)
	}
	write(t, dir, map[string]string{"commands": theirs.String()})
	got := run(t, dir, nil, "sh", "-c", "node issue.js <commands")
	if got.code != 0 {
		t.Fatal(got)
	}
	want, have := strings.Split(got.stdout, "\n"), strings.Split(ours.String(), "\n")
	for i := range min(len(want), len(have)) {
		if want[i] != have[i] {
			t.Fatalf("archlint writes\n%q\nthe toolkit\n%q", have[i], want[i])
		}
	}
	if len(want) != len(have) {
		t.Errorf("archlint writes %d lines, the toolkit %d", len(have), len(want))
	}
}
