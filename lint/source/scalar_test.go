package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// pieces returns the text of the file behind each run of equal origin, so that a
// test reads like the scalar as written.
func pieces(t Text) []string {
	var out []string
	for i := range t.segments {
		end := len(t.String)
		if i+1 < len(t.segments) {
			end = t.segments[i+1].at
		}
		out = append(out, t.Span(t.segments[i].at, end).Text())
	}
	return out
}

func TestScalarMapsEachPieceToTheFile(t *testing.T) {
	tests := []struct {
		name, file string
		line, col  int
		value      string
		want       []string
	}{
		{"plain", "a: nginx:1.25 # web\n", 1, 4, "nginx:1.25", []string{"nginx:1.25"}},
		{"plain in a flow sequence", "a: [x, nginx:1.25, y]\n", 1, 8, "nginx:1.25", []string{"nginx:1.25"}},
		{"plain with blanks inside", "a: one \t two\n", 1, 4, "one \t two", []string{"one \t two"}},
		{"plain over lines", "a: one  \n   two\n\n\n   three\n", 1, 4, "one two\n\nthree", []string{"one", "  \n   ", "two", "\n\n\n   ", "three"}},
		{"plain over CRLF lines", "a: one\r\n  two\r\n", 1, 4, "one two", []string{"one", "\r\n  ", "two"}},
		{"UTF-8 before and inside", "\"é→\": [ä, ö/ü]\n", 1, 11, "ö/ü", []string{"ö/ü"}},
		{"byte order mark", "\uFEFFa: b\n", 1, 4, "b", []string{"b"}},
		{"single quotes", "a: 'it''s'\n", 1, 4, "it's", []string{"it", "''", "s"}},
		{"single quotes over lines", "a: 'x\n  y'\n", 1, 4, "x y", []string{"x", "\n  ", "y"}},
		{"double quotes", `a: "x\ty\u00e9\"z"`, 1, 4, "x\tyé\"z", []string{"x", `\t`, "y", `\u00e9`, `\"`, "z"}},
		{"double quotes, escaped line break", "a: \"x \\\n   y\"\n", 1, 4, "x y", []string{"x ", "y"}},
		{"tag and anchor", "a: !!str &b \"x\"\n", 1, 4, "x", []string{"x"}},
		{"anchor on a line of its own", "a: &b # why\n  x\n", 1, 4, "x", []string{"x"}},
		{"literal", "a: |\n  x\n   y\n\n  z\n", 1, 4, "x\n y\n\nz\n", []string{"x\n", " y\n\n", "z\n"}},
		{"literal, CRLF", "a: |\r\n  x\r\n  y\r\n", 1, 4, "x\ny\n", []string{"x", "\r\n", "y", "\r\n"}},
		{"literal, stripped, comment", "a: |- # why\n  x\n\n\nb: c\n", 1, 4, "x", []string{"x"}},
		{"literal with indentation", "a:\n  - |2\n     x\n    y\n", 2, 5, " x\ny\n", []string{" x\n", "y\n"}},
		{"literal with a tab", "a: |\n  x\ty\n  \tz\n", 1, 4, "x\ty\n\tz\n", []string{"x\ty\n", "\tz\n"}},
		{"literal without a last line end", "a: |\n  x", 1, 4, "x", []string{"x"}},
		{"folded", "a: >\n  x\n  y\n\n  z\n", 1, 4, "x y\nz\n", []string{"x", "\n  ", "y", "\n", "z\n"}},
		{"folded, kept", "a: >+\n  x\n\n\n", 1, 4, "x\n\n\n", []string{"x\n\n\n"}},
		{"folded with more indented lines", "a: >-\n  x\n    y\n  z\n", 1, 4, "x\n  y\nz", []string{"x\n", "  y\n", "z"}},
		{"empty lines first", "a: |\n\n\n  x\n", 1, 4, "\n\nx\n", []string{"\n\n", "x\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Scalar(New("x.yml", []byte(test.file)), test.line, test.col, test.value)
			if got.String != test.value {
				t.Errorf("String = %q, want %q", got.String, test.value)
			}
			if diff := cmp.Diff(test.want, pieces(got)); diff != "" {
				t.Errorf("pieces (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScalarOfNothingIsAPlace(t *testing.T) {
	for file, want := range map[string]int{"a: \"\"\n": 4, "a: ''\n": 4, "a: &x\n": 6, "a:\n": 2} {
		got := Scalar(New("x.yml", []byte(file)), 1, min(4, want+1), "")
		if span := got.All(); span.Start != want || span.End != want || got.File == nil {
			t.Errorf("%q: span = %d-%d, want %d", file, span.Start, span.End, want)
		}
	}
}

func TestScalarFallsBackToTheStart(t *testing.T) {
	f := New("x.yml", []byte("a: b\nc: d\n"))
	for _, test := range []struct {
		line, col int
		value     string
		want      string
	}{
		{1, 4, "other", "b"},
		{1, 4, "b c", "b"},
		{2, 4, "d\n\n\ne", "d"},
		{99, 99, "x", ""},
		{-1, -7, "x", "a"},
	} {
		got := Scalar(f, test.line, test.col, test.value)
		if got.String != test.value {
			t.Errorf("%+v: String = %q", test, got.String)
		}
		if text := got.Span(0, 1).Text(); text != test.want {
			t.Errorf("%+v: maps to %q, want %q", test, text, test.want)
		}
	}
}

func TestScalarAlignsWhatOnlyWhiteSpaceTellsApart(t *testing.T) {
	f := New("x.yml", []byte("run: |\n    make all\n    make test\n"))
	got := Scalar(f, 1, 6, "make all make test") // folded by somebody else
	if diff := cmp.Diff("make test", got.Span(9, 18).Text()); diff != "" {
		t.Error(diff)
	}
}

// check parses a file and compares the text of each scalar with its value.
func check(t *testing.T, data []byte) (scalars int, err error) {
	t.Helper()
	f := New("x.yml", data)
	// Where the parser counts lines as File does, and both see the same bytes,
	// the text must be found.
	exact := !strings.ContainsAny(string(data), "\r\u0085\u2028\u2029") &&
		!strings.HasPrefix(string(data), "\xff\xfe") && !strings.HasPrefix(string(data), "\xfe\xff")
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	for {
		var root yaml.Node
		if err := decoder.Decode(&root); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return scalars, err
		}
		var walk func(n *yaml.Node)
		walk = func(n *yaml.Node) {
			for _, child := range n.Content {
				walk(child)
			}
			if n.Kind != yaml.ScalarNode {
				return
			}
			scalars++
			text := Scalar(f, n.Line, n.Column, n.Value)
			if text.String != n.Value {
				t.Fatalf("%d:%d: String = %q, want %q", n.Line, n.Column, text.String, n.Value)
			}
			if all := text.All(); all.File != f || all.Start < 0 || all.End > len(data) || all.Start > all.End {
				t.Fatalf("%d:%d: span %d-%d is outside of the file", n.Line, n.Column, all.Start, all.End)
			}
			last := 0
			for i := range len(n.Value) {
				span := text.Span(i, i+1)
				if span.Start < last {
					t.Fatalf("%d:%d: byte %d of %q goes back in the file", n.Line, n.Column, i, n.Value)
				}
				last = span.Start
			}
			for i, seg := range text.segments {
				if exact && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 && seg.replaced && i == 0 && len(text.segments) == 1 && len(strings.TrimSpace(n.Value)) > 4 {
					t.Fatalf("%d:%d: %q was not found", n.Line, n.Column, n.Value)
				}
			}
		}
		walk(&root)
	}
}

// documents are YAML files with scalars of all styles.
var documents = []string{
	"services:\n  db:\n    image: postgres:16 # db\n    command: [\"a\", 'b''c', d e]\n",
	"a: |+\n  x\n\n\nb: >-\n    folded\n    text\n\n      more\n    less\nc: |2-\n    two\n   one\n",
	"- |\n x\n- >1\n  y\n- \"multi\n  line \\\n    escaped\\n\"\n- 'single\n\n  lines'\n",
	"? complex key\n: !!str &anchor value\n? |\n  block key\n: *anchor\n",
	"%YAML 1.1\n---\nplain\n  over\n\n  lines\n...\n---\n\"\\x41\\u00e9\\U0001F600\\L\\P\\N\\_\"\n",
	"a: x\r\nb: |\r\n  one\r\n\r\n  two\r\nc: >\r\n  one\r\n  two\r\nd: \"q\r\n  r\"\r\n",
	"{a: [1, two, \"three\"], b: {c: 'd'}, \"e\":f, g: }\n",
	"key:    \t value with  spaces\t# comment\nurl: http://x/#frag\nhash: a#b\n",
	"\uFEFFfirst: ünïcödé→\n\"日本\": [語, 'ä']\n",
	"--- |\n  top\n  literal\n--- >\n top\n folded\n",
	"a:\n- b\n-   - c\n    - d: |\n        script\n          deeper\n\n        end\n",
	"x: &a\n  y: !local z\nempty:\nnull: ~\nq: \"\"\nr: ''\ns: |\n\nt: >-\n\n\nu: v\n",
	"a: |\n \n  x\n", "a: >\n\n  x\n  \n   y\n\n\n  z", "a: |1\n   x\n   \n  y\n",
	"a: b\rc: |\r  d\r  e\rf: \"g\u2028 h\u0085 i\"\n",
}

func TestScalarAgreesWithTheParser(t *testing.T) {
	for i, document := range documents {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			n, err := check(t, []byte(document))
			if err != nil || n == 0 {
				t.Errorf("compared %d scalars: %v", n, err)
			}
		})
	}
}

func TestScalarOfALongLine(t *testing.T) {
	value := strings.Repeat("x ", 1<<20)
	f := New("x.yml", []byte("a: |9\n"+strings.Repeat(" ", 64)+value))
	if got := Scalar(f, 1, 4, value+"!"); got.String != value+"!" {
		t.Error("text differs")
	}
}

func FuzzScalar(f *testing.F) {
	for _, document := range documents {
		f.Add([]byte(document), 1, 4, "x y\n")
	}
	f.Fuzz(func(t *testing.T, data []byte, line, column int, value string) {
		if len(data) > 1<<12 || len(value) > 1<<12 {
			return
		}
		file := New("x.yml", data)
		text := Scalar(file, line, column, value)
		if all := text.All(); text.String != value || all.Start < 0 || all.End > len(data) || all.Start > all.End {
			t.Fatalf("%q: %q at %d-%d", value, text.String, all.Start, all.End)
		}
		_, _ = check(t, data) // a syntax error is no failure here
	})
}

// BenchmarkNew takes a file in, and BenchmarkScalar finds the text of a scalar in it.
func BenchmarkNew(b *testing.B) {
	data := []byte(strings.Repeat("key: some value of a key\n", 1000))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		New("f", data)
	}
}

func BenchmarkScalar(b *testing.B) {
	for name, text := range map[string]string{"plain": "a plain scalar", "quoted": `"a \"quoted\" scalar"`, "block": "|\n  some\n  lines\n  of a script\n"} {
		b.Run(name, func(b *testing.B) {
			f := New("f", []byte("key: "+text+"\n"))
			var root yaml.Node
			if err := yaml.Unmarshal(f.Data, &root); err != nil {
				b.Fatal(err)
			}
			value := root.Content[0].Content[1]
			b.ReportAllocs()
			for b.Loop() {
				if t := Scalar(f, value.Line, value.Column, value.Value); t.String != value.Value {
					b.Fatal(t.String)
				}
			}
		})
	}
}
