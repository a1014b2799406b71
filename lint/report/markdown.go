package report

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/archlint/archlint/lint"
)

// Markdown writes the report as a document for people: a comment on a pull request, a
// page of a wiki. Text from the repository has no effect in it. Paths are relative to the
// root of the repository, since readers are not in the directory that archlint was
// started in.
func Markdown(w io.Writer, r *lint.Result, _ Options) error {
	_, err := io.WriteString(w, document(r, math.MaxInt, math.MaxInt))
	return err
}

// stepSummary returns the document of at most limit bytes that GitHub shows below a step.
func stepSummary(r *lint.Result, limit int) string {
	return document(r, limit, maxTableFiles)
}

// document returns the counts, a table of the files and tables of the findings and the
// problems, in at most limit bytes; what is too much is said to be in the log.
func document(r *lint.Result, limit, maxFiles int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## archlint\n\n%s (required: %s)\n", markdown(summary(r)), markdown(r.Platforms.String()))
	const more = 100 // bytes kept free for the line that says what is left out
	add := func(s string) bool {
		if b.Len()+len(s) > limit-more {
			return false
		}
		b.WriteString(s)
		return true
	}
	rows := func(head string, n, most int, row func(int) string, rest string) {
		if n == 0 || !add(head) {
			return
		}
		i := 0
		for i < min(n, most) && add(row(i)) {
			i++
		}
		if i < n {
			fmt.Fprintf(&b, "\n%s in the log\n", plural(n-i, "more "+rest))
		}
	}
	files, byFile := tally(r)
	rows("\n| File | Errors | Warnings | Infos |\n| --- | ---: | ---: | ---: |\n", len(files), maxFiles, func(i int) string {
		n := byFile[files[i]]
		return fmt.Sprintf("| %s | %d | %d | %d |\n", markdown(files[i]), n[lint.Error], n[lint.Warning], n[lint.Info])
	}, "file")
	sorted := make([]*lint.Finding, len(r.Findings))
	for i := range r.Findings {
		sorted[i] = &r.Findings[i]
	}
	slices.SortStableFunc(sorted, func(a, b *lint.Finding) int { return int(b.Severity - a.Severity) })
	rows("\n| Severity | Place | Rule | Finding |\n| --- | --- | --- | --- |\n", len(sorted), len(sorted), func(i int) string {
		f := sorted[i]
		message := markdown(f.Message)
		if f.Help != "" {
			message += "<br>" + markdown(f.Help)
		}
		at := placeOf(f.Span)
		return fmt.Sprintf("| %s | %s | %s | %s |\n", f.Severity, where(at.path, at.line), ruleLink(f.Rule), message)
	}, "finding")
	rows("\n| Place | Problem |\n| --- | --- |\n", len(r.Problems), len(r.Problems), func(i int) string {
		p := r.Problems[i]
		return fmt.Sprintf("| %s | %s |\n", where(p.Path, p.Line), markdown(p.Message))
	}, "problem")
	if b.Len() > limit {
		return ""
	}
	return b.String()
}

func where(path string, line int) string { return markdown(pathLine(path, line)) }

// pathLine names a place, or a file as a whole.
func pathLine(path string, line int) string {
	if line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, line)
}

var ruleName = regexp.MustCompile(`^[a-z0-9-]+$`)

// ruleLink returns the name of a rule that leads to its page.
func ruleLink(rule string) string {
	if !ruleName.MatchString(rule) {
		return markdown(rule)
	}
	return "[" + rule + "](" + ruleURL(rule) + ")"
}

// tally counts the findings of each file by severity.
func tally(r *lint.Result) (files []string, byFile map[string]map[lint.Severity]int) {
	byFile = map[string]map[lint.Severity]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Span.IsZero() {
			continue
		}
		path := f.Span.File.Path
		if byFile[path] == nil {
			byFile[path] = map[lint.Severity]int{}
			files = append(files, path)
		}
		byFile[path][f.Severity]++
	}
	slices.Sort(files)
	return files, byFile
}

// What GitHub and GitLab make a reference of wherever it stands in a finished page, where
// escaped characters are themselves again: names, by which people are called, and
// numbers of issues and the like, which are told of it.
var calls = []*regexp.Regexp{
	regexp.MustCompile(`((?:^|[^A-Za-z0-9_])@)([A-Za-z0-9_])`),
	regexp.MustCompile(`(@)(\.)`), // begins names on GitLab
	regexp.MustCompile(`([#!&])([0-9])`),
	regexp.MustCompile(`(?i)(\bGH-)([0-9])`),
}

// links are what becomes a link without any sign of Markdown.
var links = []*regexp.Regexp{
	regexp.MustCompile(`(@)([A-Za-z0-9_-]+\.)`), // not the digest of an image
	regexp.MustCompile(`(?i)(\bwww)(\.)`),
}

// apart puts a separator into what is found, so that it is found no more.
func apart(found []*regexp.Regexp, s, separator string) string {
	for _, r := range found {
		s = r.ReplaceAllString(s, "${1}"+separator+"${2}")
	}
	return s
}

// markdown makes text plain text in Markdown: all punctuation that could mean
// something there, or in HTML, becomes a character reference, and in references stands a
// blank that has no width.
func markdown(s string) string {
	const separator = "\x00" // is in no printable text
	s = apart(links, apart(calls, Printable(s), separator), separator)
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == separator[0]:
			b.WriteString("&#8203;")
		case c == '\t':
			b.WriteByte(' ')
		case c < utf8.RuneSelf && strings.IndexByte("\\`*_{}[]()<>#+!|~@:&$=\"'", c) >= 0:
			fmt.Fprintf(&b, "&#%d;", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
