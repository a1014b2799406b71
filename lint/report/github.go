package report

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sethvargo/go-githubactions"

	"github.com/archlint/archlint/lint"
)

// What GitHub takes: annotations of each level per step, bytes of a message, bytes
// of a step's summary. More is dropped by the runner, so it is chosen here.
const (
	maxAnnotations = 10
	maxMessage     = 4096
	maxSummary     = 1000 << 10
	maxTableFiles  = 200
)

// GitHub writes the report for a step of GitHub Actions: the whole text in the log,
// the most serious findings as annotations, at most one for each line of code, and
// a summary in Markdown appended to the file that GITHUB_STEP_SUMMARY names, if it
// is set.
//
// Annotations have paths relative to the root of the repository, which is where
// the runner looks for them.
func GitHub(w io.Writer, r *lint.Result, o Options, getenv func(string) string) error {
	var b bytes.Buffer
	if err := Text(&b, r, o); err != nil {
		return err
	}
	text := b.String()
	b.Reset()
	if text != "" {
		// Between these two commands the runner obeys no other one. The token
		// must not be known to who wrote the text.
		token := rand.Text()
		fmt.Fprintf(&b, "::stop-commands::%s\n%s::%s::\n", token, inert(text), token)
	}
	annotate(&b, r)
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	if file := getenv("GITHUB_STEP_SUMMARY"); file != "" {
		if err := appendSummary(file, r); err != nil {
			return fmt.Errorf("writing the step summary: %w", err)
		}
	}
	return nil
}

// inert takes the effect off lines that a runner could take for commands: some
// runners do not know stop-commands, and "##[" has an effect on how a log is shown.
func inert(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(line, "##[", `##\[`)
		if rest := strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(rest, "::") {
			line = line[:len(line)-len(rest)] + `\` + rest
		}
		b.WriteString(line)
	}
	return b.String()
}

// annotation is what becomes a workflow command.
type annotation struct {
	severity lint.Severity
	at       place
	rule     string
	message  string
	help     string
	more     int // findings on the same line that have no annotation
}

// annotate writes the annotations.
func annotate(b *bytes.Buffer, r *lint.Result) {
	action := githubactions.New(githubactions.WithWriter(b), githubactions.WithGetenv(func(string) string { return "" }))
	written := map[lint.Severity]int{}
	for _, a := range annotations(r) {
		if written[a.severity]++; written[a.severity] > maxAnnotations {
			continue
		}
		command := action.WithFieldsMap(a.fields())
		// The library's functions take formats; a message is none.
		switch a.severity {
		case lint.Error:
			command.Errorf("%s", a.text())
		case lint.Warning:
			command.Warningf("%s", a.text())
		case lint.Info:
			command.Noticef("%s", a.text())
		}
	}
}

// annotations returns the findings and problems in the order of their weight, one
// for each line of code.
func annotations(r *lint.Result) []*annotation {
	var all []*annotation
	for i := range r.Findings {
		f := &r.Findings[i]
		all = append(all, &annotation{severity: f.Severity, at: placeOf(f.Span), rule: f.Rule, message: f.Message, help: f.Help})
	}
	for _, p := range r.Problems {
		all = append(all, &annotation{
			severity: lint.Warning, message: p.Message,
			at: place{path: p.Path, line: p.Line, column: p.Column, endLine: p.Line, endColumn: p.Column},
		})
	}
	slices.SortStableFunc(all, func(a, b *annotation) int {
		switch {
		case a.severity != b.severity:
			return int(b.severity - a.severity)
		case (a.rule == "") != (b.rule == ""): // findings before problems
			return strings.Compare(b.rule, a.rule)
		case a.at.path != b.at.path:
			return strings.Compare(a.at.path, b.at.path)
		case a.at.line != b.at.line:
			return a.at.line - b.at.line
		default:
			return a.at.column - b.at.column
		}
	})
	type line struct {
		path string
		line int
	}
	first := map[line]*annotation{}
	out := all[:0:0]
	for _, a := range all {
		at := line{a.at.path, a.at.line}
		if other := first[at]; other != nil && a.at.line > 0 {
			other.more++
			continue
		}
		first[at] = a
		out = append(out, a)
	}
	return out
}

// fields returns the properties of the command. The runner drops columns of a
// range of several lines, and complains.
func (a *annotation) fields() map[string]string {
	fields := map[string]string{"title": "archlint"}
	if a.rule != "" {
		fields["title"] = "archlint: " + Printable(a.rule)
	}
	if a.at.path == "" {
		return fields
	}
	fields["file"] = printablePath(a.at.path)
	if a.at.line > 0 {
		fields["line"], fields["endLine"] = strconv.Itoa(a.at.line), strconv.Itoa(a.at.endLine)
		if a.at.line == a.at.endLine && a.at.column > 0 {
			fields["col"], fields["endColumn"] = strconv.Itoa(a.at.column), strconv.Itoa(a.at.endColumn)
		}
	}
	return fields
}

// printablePath keeps line ends, which the command's own escaping carries over, so
// that the path is still that of the file.
func printablePath(path string) string {
	var b strings.Builder
	for len(path) > 0 {
		text, size := printable(path)
		if path[0] == '\n' || path[0] == '\r' {
			text = path[:1]
		}
		b.WriteString(text)
		path = path[size:]
	}
	return b.String()
}

// text returns the message of the command, cut to what the runner takes.
func (a *annotation) text() string {
	lines := []string{Printable(a.message)}
	if a.help != "" {
		lines = append(lines, "help: "+Printable(a.help))
	}
	if a.more > 0 {
		lines = append(lines, fmt.Sprintf("%s on this line in the log", plural(a.more, "more finding")))
	}
	return truncate(strings.Join(lines, "\n"), maxMessage)
}

// truncate cuts s to at most limit bytes, between characters.
func truncate(s string, limit int) string {
	const sign = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(sign)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + sign
}

// appendSummary appends the summary to the file that the runner shows. What others
// wrote there before counts for its limit.
func appendSummary(file string, r *lint.Result) (err error) {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	limit := int64(maxSummary)
	if info, err := f.Stat(); err == nil {
		limit -= info.Size()
	}
	_, err = f.WriteString(stepSummary(r, int(limit)))
	return err
}
