package baseline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/source"
)

// on returns a finding on each line of a file that has an architecture in it.
func on(t *testing.T, path, data, platforms string) []lint.Finding {
	t.Helper()
	set, err := arch.ParseSet(platforms)
	if err != nil {
		t.Fatal(err)
	}
	f := source.New(path, []byte(data))
	var out []lint.Finding
	for n := 1; n <= strings.Count(data, "\n"); n++ {
		if strings.Contains(f.Line(n), "amd64") {
			out = append(out, lint.Finding{Rule: "arch-download", Span: f.LineSpan(n), Platforms: set})
		}
	}
	return out
}

func all(Entry) bool { return true }

// lines returns the lines of findings, to compare them.
func lines(findings []lint.Finding) (out []int) {
	for _, f := range findings {
		out = append(out, f.Span.From().Line)
	}
	return out
}

func TestCompare(t *testing.T) {
	const old = "FROM x\nADD a-amd64 /\nADD b-amd64 /\nADD b-amd64 /\n"
	tests := map[string]struct {
		path, now, platforms string
		fresh                []int  // lines of new findings
		left                 string // of the baseline
		stale                int
	}{
		"nothing changes":          {now: old, left: "abb"},
		"lines move":               {now: "# one\n\n" + old, left: "abb"},
		"lines change places":      {now: "ADD b-amd64 /\nADD a-amd64 /\nADD b-amd64 /\n", left: "abb"},
		"indentation changes":      {now: strings.ReplaceAll(old, "ADD ", "  ADD \t"), left: "abb"},
		"one is solved":            {now: "ADD b-amd64 /\nADD b-amd64 /\n", left: "bb", stale: 1},
		"one of two alike is":      {now: "ADD a-amd64 /\nADD b-amd64 /\n", left: "ab", stale: 1},
		"one more that is alike":   {now: old + "ADD b-amd64 /\n", left: "abb", fresh: []int{5}},
		"the line itself changes":  {now: strings.Replace(old, "a-", "A-", 1), left: "bb", stale: 1, fresh: []int{2}},
		"another file":             {path: "other", now: old, stale: 3, fresh: []int{2, 3, 4}},
		"a platform more":          {now: old, platforms: "linux/arm64,linux/riscv64,linux/s390x", stale: 3, fresh: []int{2, 3, 4}},
		"a platform less":          {now: old, platforms: "linux/riscv64", left: "abb"},
		"the order of platforms":   {now: old, platforms: "linux/riscv64,linux/arm64", left: "abb"},
		"everything is solved":     {now: "FROM x\n", stale: 3},
		"all of it is new besides": {now: "ADD c-amd64 /\n" + old, left: "abb", fresh: []int{1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			entries, err := Parse("baseline", Format(Of(on(t, "Dockerfile", old, "linux/arm64,linux/riscv64"))))
			if err != nil {
				t.Fatal(err)
			}
			if test.path == "" {
				test.path = "Dockerfile"
			}
			if test.platforms == "" {
				test.platforms = "linux/arm64,linux/riscv64"
			}
			findings := on(t, test.path, test.now, test.platforms)
			m := Compare(entries, findings, all)
			if diff := cmp.Diff(test.fresh, lines(m.New)); diff != "" {
				t.Error("new:", diff)
			}
			left := ""
			for _, e := range m.Left {
				left += e.Code[4:5]
			}
			if left != test.left || len(m.Known) != len(test.left) || len(m.Stale) != test.stale {
				t.Errorf("left %q, known %d, stale %d; want %q, %d", left, len(m.Known), len(m.Stale), test.left, test.stale)
			}
			// What is left knows the same, and nothing of it is stale.
			again := Compare(m.Left, findings, all)
			if diff := cmp.Diff(test.fresh, lines(again.New)); diff != "" || len(again.Stale) != 0 {
				t.Errorf("with what is left: %d stale, new: %s", len(again.Stale), diff)
			}
		})
	}
}

func TestFindingsAsTheyWereChooseFirst(t *testing.T) {
	const code = "ADD a-amd64 /\n"
	both, one := on(t, "x", code, "linux/arm64,linux/s390x"), on(t, "x", code, "linux/arm64")
	entries := append(Of(both), Of(one)...)
	m := Compare(entries, append(append([]lint.Finding(nil), one...), both...), all)
	if len(m.New) != 0 || len(m.Stale) != 0 {
		t.Errorf("%d new, %d stale", len(m.New), len(m.Stale))
	}
}

func TestWhatIsNotJudgedStays(t *testing.T) {
	entries := append(Of(on(t, "read", "amd64\n", "linux/arm64")), Of(on(t, "unread", "amd64\n", "linux/arm64"))...)
	m := Compare(entries, nil, func(e Entry) bool { return e.Path == "read" })
	if len(m.Stale) != 1 || m.Stale[0].Path != "read" || len(m.Left) != 1 || m.Left[0].Path != "unread" {
		t.Errorf("stale %v, left %v", m.Stale, m.Left)
	}
}

func TestFormatIsToBeRead(t *testing.T) {
	findings := on(t, "b/Dockerfile", "  ADD   x-amd64 \\\n", "linux/arm64")
	findings = append(findings, on(t, `a "b" # c/Dockerfile`, "RUN echo \"amd64\" \u202e \x1b[31m\n", "")...)
	findings = append(findings, lint.Finding{Rule: "unused-ignore"})
	got := strings.TrimPrefix(string(Format(Of(findings))), preamble)
	want := `"" unused-ignore -
"a \"b\" # c/Dockerfile" arch-download - RUN echo "amd64" \u{202e} \u{1b}[31m
b/Dockerfile arch-download linux/arm64 ADD x-amd64 \
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	entries, err := Parse("x", Format(Of(findings)))
	if err != nil {
		t.Fatal(err)
	}
	if m := Compare(entries, findings, all); len(m.New) != 0 || len(m.Stale) != 0 {
		t.Errorf("%d new, stale %v", len(m.New), m.Stale)
	}
}

func TestProblems(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"an empty file":     {"", `x: not a baseline: the first line is not "# archlint baseline, version 1"`},
		"another file":      {"FROM secret\n", `x:1: not a baseline: the first line is not "# archlint baseline, version 1"`},
		"another version":   {"# archlint baseline, version 2\n", `x:1: not a baseline: the first line is not "# archlint baseline, version 1"`},
		"a word too few":    {preamble + "\na b\n", "x:6: not an entry: they are file, rule, platforms, code, with a blank between"},
		"a quote is open":   {preamble + "\"a b c d\n", "x:5: not an entry: they are file, rule, platforms, code, with a blank between"},
		"a merge half done": {preamble + "<<<<<<< HEAD\n", "x:5: a merge that is not finished; keep the lines of both sides and run archlint with --update"},
		"too large":         {strings.Repeat("x", MaxSize+1), "x: a baseline is no larger than 16 MiB"},
	} {
		_, err := Parse("x", []byte(test.data))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: %v\nwant %s", name, err, test.want)
		}
	}
	if entries, err := Parse("x", []byte(strings.ReplaceAll(preamble+"a b - c\n", "\n", "\r\n"))); err != nil || len(entries) != 1 || entries[0].Code != "c" {
		t.Errorf("line ends of Windows: %v, %v", entries, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a b linux/arm64 c d"))
	f.Add([]byte(`"a\x00b" "" - "`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := Parse("x", append([]byte(preamble), data...))
		if err != nil {
			return
		}
		again, err := Parse("x", Format(entries))
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if diff := cmp.Diff(Format(entries), Format(again)); diff != "" {
			t.Error(diff)
		}
	})
}
