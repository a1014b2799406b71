// Package suppress silences findings by comments in the files.
//
//	# archlint:ignore RULE[,RULE] [until=YYYY-MM-DD] [reason]
//	# archlint:ignore-file RULE[,RULE] [until=YYYY-MM-DD] [reason]
//
// A comment that has a line to itself holds for the line below it; comments may
// be stacked. One behind other text holds for its own line. What is found within
// a multi-line instruction can also be silenced where the instruction begins,
// because not every language has room for a comment inside one. The -file form
// stands in the first lines of a file and holds for all of it.
//
// Ignores are named, dated and checked: one without a rule is an error, one that
// names no rule, is out of date or silences nothing is reported, so that they do
// not outlive their reason.
package suppress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/archlint/archlint/lint/config/spell"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// headLines is the number of lines at the top of a file that ignore-file may
// stand in.
const headLines = 20

// maxRules is the number of rules that one comment may name.
const maxRules = 100

const (
	prefix   = "archlint:"
	example  = "archlint:ignore RULE [until=YYYY-MM-DD] [reason]"
	dateForm = "2006-01-02"
)

// Set are the ignores of one file. It is not safe for concurrent use.
type Set struct {
	ignores []*ignore
	file    []*ignore         // that hold for the whole file
	above   map[int][]*ignore // by the line below the comment
	beside  map[int][]*ignore // by the line of the comment
	errors  []Leftover
}

// ignore is one rule of one comment.
type ignore struct {
	span    source.Span
	rule    string
	until   string // as written, "" when not dated
	expired bool
	used    bool
}

// Reason says what is wrong with an ignore.
type Reason string

// The reasons.
const (
	Unused    Reason = "unused"
	Expired   Reason = "expired"
	Unknown   Reason = "unknown"   // names no rule
	Malformed Reason = "malformed" // not understood
)

// Leftover is an ignore that does not do what it seems to.
type Leftover struct {
	Span    source.Span // of the comment
	Reason  Reason
	Rule    string // as written; "" for a malformed comment
	Message string
}

// Any reports whether one of the comments of a file is for archlint. If none is, none
// of them matters.
func Any(comments []facts.Comment) bool {
	return slices.ContainsFunc(comments, func(c facts.Comment) bool { return strings.HasPrefix(c.Text, prefix) })
}

// New reads the ignores among the comments of a file. Known are the names of all
// rules. An ignore ends with its last day (until=), in the time zone of now.
func New(comments []facts.Comment, known []string, now time.Time) *Set {
	s := &Set{above: map[int][]*ignore{}, beside: map[int][]*ignore{}}
	below := linesBelow(comments)
	for _, c := range comments {
		if !c.Span.IsZero() && strings.HasPrefix(c.Text, prefix) {
			s.add(c, below, known, now)
		}
	}
	return s
}

// linesBelow returns, for each line that is a comment and nothing else, the first
// line below it that is not.
func linesBelow(comments []facts.Comment) map[int]int {
	var lines []int
	for _, c := range comments {
		if !c.Span.IsZero() && standsAlone(c.Span) {
			lines = append(lines, c.Span.From().Line)
		}
	}
	slices.Sort(lines)
	below := make(map[int]int, len(lines))
	for _, line := range slices.Backward(lines) {
		below[line] = line + 1
		if next, ok := below[line+1]; ok {
			below[line] = next
		}
	}
	return below
}

// standsAlone reports whether nothing but blanks and the comment sign stands
// before a comment in its line.
func standsAlone(at source.Span) bool {
	start, _ := at.File.LineRange(at.From().Line)
	return strings.Trim(string(at.File.Data[start:at.Start]), " \t#") == ""
}

func (s *Set) add(c facts.Comment, below map[int]int, known []string, now time.Time) {
	malformed := func(format string, args ...any) {
		s.errors = append(s.errors, Leftover{Span: c.Span, Reason: Malformed, Message: fmt.Sprintf(format, args...)})
	}
	words := strings.Fields(c.Text[len(prefix):])
	line := c.Span.From().Line
	// A blank between the prefix and the word is forgiven in reading, not in
	// effect: the comment is meant for archlint and does nothing.
	directive := ""
	if len(words) > 0 {
		directive, words = words[0], words[1:]
	}
	whole := directive == "ignore-file"
	switch {
	case directive != "ignore" && !whole:
		if spell.Nearest(directive, []string{"ignore", "ignore-file", "ignore-line", "ignore-next-line"}) != "" ||
			slices.Contains([]string{"disable", "nolint", "off", "skip", "allow", "suppress"}, directive) {
			malformed("archlint:%.40s is not known; write %s", directive, example)
		}
		return
	case strings.HasPrefix(c.Text[len(prefix):], " "):
		malformed("write archlint:%s without a blank after the colon", directive)
		return
	case whole && line > headLines:
		malformed("archlint:ignore-file holds only within the first %d lines of a file; move it up", headLines)
		return
	}
	names, words := rulesOf(words)
	if len(names) == 0 {
		malformed("archlint:%s names no rule; write %s", directive, strings.Replace(example, "ignore", directive, 1))
		return
	}
	if len(names) > maxRules {
		malformed("archlint:%s names more than %d rules", directive, maxRules)
		return
	}
	until, expired := "", false
	// The date may stand behind the reason: where it is read over, the ignore would
	// hold for ever.
	for _, word := range words {
		date, ok := strings.CutPrefix(word, "until=")
		if !ok {
			continue
		}
		if until != "" {
			malformed("archlint:%s has two dates; leave one", directive)
			return
		}
		day, err := time.ParseInLocation(dateForm, date, now.Location())
		if err != nil {
			malformed("%.40q is not a date; write until=YYYY-MM-DD", date)
			return
		}
		until, expired = date, !now.Before(day.AddDate(0, 0, 1))
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			s.errors = append(s.errors, Leftover{Span: c.Span, Reason: Unknown, Rule: name, Message: unknown(name, known)})
			continue
		}
		ig := &ignore{span: c.Span, rule: name, until: until, expired: expired}
		s.ignores = append(s.ignores, ig)
		if whole {
			s.file = append(s.file, ig)
		} else if next, ok := below[line]; ok {
			s.above[next] = append(s.above[next], ig)
		} else {
			s.beside[line] = append(s.beside[line], ig)
		}
	}
}

// rulesOf takes the list of rules, which may have blanks around its commas, off
// the words of a comment.
func rulesOf(words []string) (names, rest []string) {
	more := true
	for len(words) > 0 && (more || strings.HasPrefix(words[0], ",")) && !strings.HasPrefix(words[0], "until=") {
		for name := range strings.SplitSeq(words[0], ",") {
			if name != "" && len(names) <= maxRules && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		more = strings.HasSuffix(words[0], ",")
		words = words[1:]
	}
	return names, words
}

func unknown(name string, known []string) string {
	if near := spell.Nearest(name, known); near != "" {
		return fmt.Sprintf("archlint:ignore names no rule: %.60q; did you mean %q?", name, near)
	}
	if name == "all" || name == "*" {
		return "archlint:ignore works on named rules only; name those to ignore"
	}
	return fmt.Sprintf("archlint:ignore names no rule: %.60q; archlint rules lists them", name)
}

// Match reports whether a finding of a rule on the lines from fromLine to toLine
// is ignored, and marks the ignores that do it as used. If the finding lies in an
// instruction of several lines, blockStart is the first of them, otherwise 0.
func (s *Set) Match(rule string, fromLine, toLine, blockStart int) bool {
	matched := false
	mark := func(list []*ignore) {
		for _, ig := range list {
			if ig.rule == rule && !ig.expired {
				ig.used, matched = true, true
			}
		}
	}
	mark(s.file)
	mark(s.above[fromLine])
	mark(s.beside[fromLine])
	if toLine != fromLine {
		mark(s.beside[toLine])
	}
	if blockStart > 0 && blockStart != fromLine {
		mark(s.above[blockStart])
		mark(s.beside[blockStart])
	}
	return matched
}

// Leftovers returns the ignores that do not do what they seem to, in the order of
// the file. It is called when all findings have been matched; ran reports whether
// a rule was run at all, because an ignore of one that was not cannot have been
// used. A nil ran stands for all.
func (s *Set) Leftovers(ran func(rule string) bool) []Leftover {
	out := slices.Clone(s.errors)
	for _, ig := range s.ignores {
		switch {
		case ig.expired:
			out = append(out, Leftover{
				Span: ig.span, Reason: Expired, Rule: ig.rule,
				Message: fmt.Sprintf("the ignore of %s ended on %s; solve the finding or set a new date", ig.rule, ig.until),
			})
		case !ig.used && (ran == nil || ran(ig.rule)):
			out = append(out, Leftover{
				Span: ig.span, Reason: Unused, Rule: ig.rule,
				Message: fmt.Sprintf("nothing of %s to ignore here; remove the comment", ig.rule),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Leftover) int { return a.Span.Compare(b.Span) })
	return out
}
