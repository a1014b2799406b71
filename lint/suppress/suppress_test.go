package suppress

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

var (
	known = []string{"arch-download", "arch-package", "pinned-platform"}
	now   = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
)

// comments returns everything behind a "#" as comments, as front ends do.
func comments(text string) []facts.Comment {
	f := source.New("Dockerfile", []byte(text))
	var out []facts.Comment
	for n := 1; n <= f.Lines(); n++ {
		start, end := f.LineRange(n)
		if at := strings.IndexByte(text[start:end], '#'); at >= 0 {
			out = append(out, facts.Comment{Text: strings.TrimLeft(text[start+at:end], "# \t"), Span: f.Span(start+at, end)})
		}
	}
	return out
}

func TestMatchFindsTheIgnoreOfALine(t *testing.T) {
	for _, test := range []struct {
		name       string
		text       string
		rule       string
		from, to   int
		blockStart int
		want       bool
	}{
		{"line above", "# archlint:ignore arch-download\nRUN x\n", "arch-download", 2, 2, 0, true},
		{"same line", "image: x # archlint:ignore pinned-platform\n", "pinned-platform", 1, 1, 0, true},
		{"another rule", "# archlint:ignore arch-download\nRUN x\n", "arch-package", 2, 2, 0, false},
		{"two lines above", "# archlint:ignore arch-download\nFROM a\nRUN x\n", "arch-download", 3, 3, 0, false},
		{"a blank line between", "# archlint:ignore arch-download\n\nRUN x\n", "arch-download", 3, 3, 0, false},
		{"below", "RUN x\n# archlint:ignore arch-download\n", "arch-download", 1, 1, 0, false},
		{"behind the line above", "a: x # archlint:ignore arch-download\nb: y\n", "arch-download", 2, 2, 0, false},
		{"first of a list", "# archlint:ignore arch-download,arch-package\nRUN x\n", "arch-download", 2, 2, 0, true},
		{"last of a list with blanks", "# archlint:ignore arch-download , arch-package because\nRUN x\n", "arch-package", 2, 2, 0, true},
		{"stacked", "# archlint:ignore arch-download one\n# archlint:ignore arch-package two\n# why\nRUN x\n", "arch-download", 4, 4, 0, true},
		{"no blank after the sign", "#archlint:ignore arch-download\nRUN x\n", "arch-download", 2, 2, 0, true},
		{"indented", "a:\n    # archlint:ignore arch-download\n    b: x\n", "arch-download", 3, 3, 0, true},
		{"reason", "# archlint:ignore arch-download until=2026-12-31 vendor has no arm64 build\nRUN x\n", "arch-download", 2, 2, 0, true},
		{"last day", "# archlint:ignore arch-download until=2026-03-15\nRUN x\n", "arch-download", 2, 2, 0, true},
		{"day after", "# archlint:ignore arch-download until=2026-03-14\nRUN x\n", "arch-download", 2, 2, 0, false},
		{"above the instruction", "# archlint:ignore arch-download\nRUN a \\\n b \\\n c\n", "arch-download", 4, 4, 2, true},
		{"above the instruction, not asked for", "# archlint:ignore arch-download\nRUN a \\\n b \\\n c\n", "arch-download", 4, 4, 0, false},
		{"beside the first line of the block", "run: | # archlint:ignore arch-download\n  a\n  b\n", "arch-download", 3, 3, 1, true},
		{"inside the instruction", "RUN a \\\n# archlint:ignore arch-download\n b \\\n c\n", "arch-download", 3, 3, 1, true},
		{"inside the instruction, elsewhere", "RUN a \\\n# archlint:ignore arch-download\n b \\\n c\n", "arch-download", 4, 4, 1, false},
		{"behind the end of several lines", "a: [x,\n y] # archlint:ignore arch-download\n", "arch-download", 1, 2, 0, true},
		{"whole file", "# archlint:ignore-file arch-download\nFROM a\n\n\nRUN x\n", "arch-download", 5, 5, 0, true},
		{"whole file, behind text", "FROM a # archlint:ignore-file arch-download\n", "arch-download", 9, 9, 0, true},
		{"whole file, too late", strings.Repeat("\n", 20) + "# archlint:ignore-file arch-download\nRUN x\n", "arch-download", 22, 22, 0, false},
		{"whole file, last line for it", strings.Repeat("\n", 19) + "# archlint:ignore-file arch-download\nRUN x\n", "arch-download", 22, 22, 0, true},
		{"in the middle of a comment", "# see archlint:ignore arch-download\nRUN x\n", "arch-download", 2, 2, 0, false},
		{"no rule", "# archlint:ignore\nRUN x\n", "arch-download", 2, 2, 0, false},
		{"all", "# archlint:ignore all\nRUN x\n", "arch-download", 2, 2, 0, false},
		{"carriage returns", "# archlint:ignore arch-download\r\nRUN x\r\n", "arch-download", 2, 2, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New(comments(test.text), known, now)
			if got := s.Match(test.rule, test.from, test.to, test.blockStart); got != test.want {
				t.Errorf("matched = %v, want %v", got, test.want)
			}
			unused := false
			for _, l := range s.Leftovers(nil) {
				unused = unused || l.Reason == Unused && l.Rule == test.rule
			}
			if test.want && unused {
				t.Error("a used ignore is reported as unused")
			}
		})
	}
}

func TestLeftovers(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"unused", "\n  # archlint:ignore arch-download,arch-package\nx\n", []string{
			"2:3 unused arch-download: nothing of arch-download to ignore here; remove the comment",
			"2:3 unused arch-package: nothing of arch-package to ignore here; remove the comment",
		}},
		{"expired", "# archlint:ignore arch-download until=2026-01-31 vendor\nx\n", []string{
			"1:1 expired arch-download: the ignore of arch-download ended on 2026-01-31; solve the finding or set a new date",
		}},
		{"misspelt rule", "# archlint:ignore arch-donwload\nx\n", []string{
			`1:1 unknown arch-donwload: archlint:ignore names no rule: "arch-donwload"; did you mean "arch-download"?`,
		}},
		{"a reason without a rule", "# archlint:ignore because\nx\n", []string{
			`1:1 unknown because: archlint:ignore names no rule: "because"; archlint rules lists them`,
		}},
		{"all", "# archlint:ignore all\nx\n", []string{"1:1 unknown all: archlint:ignore works on named rules only; name those to ignore"}},
		{"no rule", "# archlint:ignore\nx\n", []string{"1:1 malformed : archlint:ignore names no rule; write archlint:ignore RULE [until=YYYY-MM-DD] [reason]"}},
		{"only a date", "# archlint:ignore-file until=2026-12-31\nx\n", []string{"1:1 malformed : archlint:ignore-file names no rule; write archlint:ignore-file RULE [until=YYYY-MM-DD] [reason]"}},
		{"date", "# archlint:ignore arch-download until=31.12.2026\nx\n", []string{`1:1 malformed : "31.12.2026" is not a date; write until=YYYY-MM-DD`}},
		{"a date behind the reason", "# archlint:ignore arch-download no build yet until=2026-03-01\nx\n", []string{
			"1:1 expired arch-download: the ignore of arch-download ended on 2026-03-01; solve the finding or set a new date",
		}},
		{"two dates", "# archlint:ignore arch-download until=2026-03-01 x until=2027-03-01\nx\n", []string{"1:1 malformed : archlint:ignore has two dates; leave one"}},
		{"late", strings.Repeat("\n", 30) + "# archlint:ignore-file arch-download\n", []string{
			"31:1 malformed : archlint:ignore-file holds only within the first 20 lines of a file; move it up",
		}},
		{"blank", "# archlint: ignore arch-download\nx\n", []string{"1:1 malformed : write archlint:ignore without a blank after the colon"}},
		{"other words", "# archlint:disable arch-download\n# archlint:ignores x\n", []string{
			"1:1 malformed : archlint:disable is not known; write archlint:ignore RULE [until=YYYY-MM-DD] [reason]",
			"2:1 malformed : archlint:ignores is not known; write archlint:ignore RULE [until=YYYY-MM-DD] [reason]",
		}},
		{"a reference to the image", "# archlint:1.2 is what we use\n# archlint:latest\n# archlint:\n", nil},
		{"control characters", "# archlint:ignore \x1b[31mx\n", []string{`1:1 unknown ` + "\x1b[31mx" + `: archlint:ignore names no rule: "\x1b[31mx"; archlint rules lists them`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, l := range New(comments(test.text), known, now).Leftovers(nil) {
				at := l.Span.From()
				got = append(got, fmt.Sprintf("%d:%d %s %s: %s", at.Line, at.Column, l.Reason, l.Rule, l.Message))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLeftoversLeaveRulesThatDidNotRunAlone(t *testing.T) {
	s := New(comments("# archlint:ignore arch-download,arch-package\nx\n"), known, now)
	got := s.Leftovers(func(rule string) bool { return rule == "arch-package" })
	if len(got) != 1 || got[0].Rule != "arch-package" {
		t.Errorf("leftovers %v", got)
	}
}

func TestExpiryGoesByTheTimeZoneOfNow(t *testing.T) {
	text := "# archlint:ignore arch-download until=2026-03-15\nx\n"
	east := time.FixedZone("", 10*60*60)
	for at, want := range map[time.Time]bool{
		time.Date(2026, 3, 15, 23, 59, 59, 0, time.UTC): true,
		time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC):    false,
		time.Date(2026, 3, 15, 23, 0, 0, 0, east):       true,
		time.Date(2026, 3, 16, 1, 0, 0, 0, east):        false,
	} {
		if got := New(comments(text), known, at).Match("arch-download", 2, 2, 0); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}

func TestSetOfNothing(t *testing.T) {
	s := New([]facts.Comment{{Text: "archlint:ignore arch-download"}}, known, now)
	if s.Match("arch-download", 0, 0, 0) || len(s.Leftovers(nil)) != 0 {
		t.Error("a comment without a place has an effect")
	}
}

func TestManyIgnoresAreCheap(t *testing.T) {
	var b strings.Builder
	const n = 100_000
	for range n {
		b.WriteString("# archlint:ignore arch-download\n")
	}
	b.WriteString("RUN x\n")
	start := time.Now()
	s := New(comments(b.String()), known, now)
	if !s.Match("arch-download", n+1, n+1, 0) {
		t.Error("not matched")
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}
