package baseline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// findings has one for each x of a text.
func findings(path, text string) []lint.Finding {
	f := source.New(path, []byte(text))
	var out []lint.Finding
	for i := range len(text) {
		if text[i] == 'x' {
			out = append(out, lint.Finding{Rule: "r", Span: f.Span(i, i+1)})
		}
	}
	return out
}

func TestWhatIsKnown(t *testing.T) {
	b := Of(findings("a", "RUN x\nRUN x\nENV x\n"))
	tests := []struct {
		name, path, text  string
		new, known, stale int
	}{
		{"the same", "a", "RUN x\nRUN x\nENV x\n", 0, 3, 0},
		{"other lines above, another indentation", "a", "# c\n\n  RUN  x\nENV x\nRUN x\n", 0, 3, 0},
		{"one more", "a", "RUN x\nRUN x\nRUN x\nENV x\n", 1, 3, 0},
		{"one less", "a", "RUN x\nENV x\n", 0, 2, 1},
		{"other code", "a", "RUN y x\nRUN x\nENV x\n", 1, 2, 1},
		{"another file", "b", "RUN x\n", 1, 0, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			unknown, known, stale := b.New(findings(tt.path, tt.text))
			if len(unknown) != tt.new || known != tt.known || stale != tt.stale {
				t.Errorf("%d new, %d known, %d stale", len(unknown), known, stale)
			}
			if n := b.Shrunk(findings(tt.path, tt.text)).Len(); n != tt.known {
				t.Errorf("shrunk to %d", n)
			}
		})
	}
}

func TestFile(t *testing.T) {
	b := Of(append(findings("b: c", "RUN '\"#: x\n"), append(findings("a", "- x\n-  x\n"), lint.Finding{Rule: "whole"})...))
	want := header + `findings:
  - rule: whole
    path: ""
    code: ""
  - rule: r
    path: a
    code: '- x'
    count: 2
  - rule: r
    path: 'b: c'
    code: 'RUN ''"#: x'
`
	if diff := cmp.Diff(want, string(b.Format())); diff != "" {
		t.Error(diff)
	}
	back, err := Parse(b.Format())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(b.Format()), string(back.Format())); diff != "" {
		t.Error(diff)
	}
}

func TestWrongFiles(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "version: 2\n": "version 2", "version: 1\nfinding: []\n": "not a baseline", "version: 1\nfindings: [{path: a}]\n": "no rule",
		"\t": "not a baseline", strings.Repeat("\n", 300_000): "more than", strings.Repeat("#", MaxSize+1): "larger than",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("a", "RUN x '\"\n")
	f.Add("|", "- [x: \u2028\x00 #\ty\n")
	f.Fuzz(func(t *testing.T, path, text string) {
		file := source.New(code(path), []byte(text))
		b := Of([]lint.Finding{{Rule: "r", Span: file.Span(0, 0)}})
		back, err := Parse(b.Format())
		if err != nil {
			t.Fatalf("%v\n%s", err, b.Format())
		}
		if diff := cmp.Diff(string(b.Format()), string(back.Format())); diff != "" {
			t.Fatal(diff)
		}
	})
}
