package yamlnode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/source"
)

func comments(data string) []string {
	var out []string
	for _, c := range Comments(source.New("x.yml", []byte(data))) {
		out = append(out, fmt.Sprintf("%d:%d %s", c.Span.From().Line, c.Span.From().Column, c.Text))
	}
	return out
}

func TestCommentsAreToldFromText(t *testing.T) {
	tests := []struct {
		name, data string
		want       []string
	}{
		{"none", "a: b\n", nil},
		{"lines and ends of lines", "# one\na: b # two\n  ## three\n#\n", []string{"1:1 one", "2:6 two", "3:3 three", "4:1 "}},
		{"within words", "a: b#c\nurl: http://x/#y z # no\n", []string{"2:20 no"}},
		{"double quotes", "a: \"b # c\\\" # d\" # e\n", []string{"1:18 e"}},
		{"single quotes", "a: 'it''s # c' # e\n", []string{"1:16 e"}},
		{"quotes over lines", "a: \"b\n  # c\n  d\" # e\n# f\n", []string{"3:6 e", "4:1 f"}},
		{"quotes within plain text", "a: it's # b\nc: x \"y # d\n", []string{"1:9 b", "2:9 d"}},
		{"plain text over lines", "a: b\n  'c # d\ne: f # g\n", []string{"2:6 d", "3:6 g"}},
		{"literal", "a: | # one\n  # text\n  x # text\n\n # two\nb: c\n", []string{"1:6 one", "5:2 two"}},
		{"folded in a list", "- >-\n  # text\n# one\n- |\n # text\n", []string{"3:1 one"}},
		{"literal of a key in a list", "- a: |\n    # text\n  # one\n  b: c # two\n", []string{"3:3 one", "4:8 two"}},
		{"literal with indentation", "a:\n  b: |2\n      # text\n    # text\n   # one\n", []string{"5:4 one"}},
		{"literal that is empty", "a: |\nb: c # one\n", []string{"2:6 one"}},
		{"literal below a quoted key", "\"a: b\": |\n  # text\n# one\n", []string{"3:1 one"}},
		{"flow", "a: [\"#\", '#', b#, #c\n  d] # e\n", []string{"1:19 c", "2:6 e"}},
		{"flow over lines", "a: {b: |, c: \"d\"} # e\n", []string{"1:19 e"}},
		{"tags and anchors", "a: !t#x &y \"# text\" # one\nb: *y # two\n", []string{"1:21 one", "2:7 two"}},
		{"documents", "--- # one\na: b\n--- |\n  # text\n... # two\n--- \"# text\"\n", []string{"1:5 one", "5:5 two"}},
		{"CRLF", "a: b # one\r\nc: |\r\n  # text\r\n# two\r\n", []string{"1:6 one", "4:1 two"}},
		{"byte order mark", "\uFEFF# one\na: b\n", []string{"1:2 one"}},
		{"UTF-8", "ä: \"ö\" # ü\n", []string{"1:8 ü"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, comments(test.data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// oracle finds comments the slow way: each "#" that is in no scalar begins one.
func oracle(tree *Tree) [][2]int {
	data := tree.File.Data
	in := make([]bool, len(data)+1)
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			all := tree.Text(n).All()
			for i := all.Start; i < all.End; i++ {
				in[i] = true
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	for _, root := range tree.Roots {
		walk(root)
	}
	var out [][2]int
	for i := 0; i < len(data); i++ {
		if data[i] != '#' || in[i] {
			continue
		}
		start := i
		for i < len(data) && data[i] != '\n' && data[i] != '\r' {
			i++
		}
		out = append(out, [2]int{start, i})
	}
	return out
}

func compareComments(t *testing.T, data []byte) {
	t.Helper()
	tree := Parse(source.New("x.yml", data))
	if len(tree.Problems) > 0 {
		return
	}
	var got [][2]int
	for _, c := range Comments(tree.File) {
		got = append(got, [2]int{c.Span.Start, c.Span.End})
	}
	if diff := cmp.Diff(oracle(tree), got); diff != "" {
		t.Errorf("comments (-parser +scanner):\n%s", diff)
	}
}

func TestTextAndSpanAreExact(t *testing.T) {
	f := source.New("x.yml", []byte("\uFEFFa: &x [\"b\", c]\nd: *x\ne: {f: 'g h'}\ni: |\n  j\n"))
	root := Parse(f).Roots[0].Content
	tree := Parse(f)
	for i, want := range map[int]string{0: "a", 1: `b", c`, 3: "*x", 5: "f: 'g h", 7: "j\n"} {
		if got := tree.Span(root[i]).Text(); got != want {
			t.Errorf("node %d: span is %q, want %q", i, got, want)
		}
	}
	if got := tree.Text(root[1].Content[1]); got.String != "c" || got.All().Text() != "c" {
		t.Errorf("text of c = %q at %q", got.String, got.All().Text())
	}
}

func TestOffsetsOfLongLinesAndOddLineBreaks(t *testing.T) {
	items := strings.Repeat("é, ", 3000)
	for _, data := range []string{"[" + items + "last]\n", "a: b\rc: d\u2028e: f\u0085g: last\n"} {
		tree := Parse(source.New("x.yml", []byte(data)))
		if len(tree.Roots) != 1 {
			t.Fatalf("%.20q: %v", data, tree.Problems)
		}
		content := tree.Roots[0].Content
		if got := tree.Span(content[len(content)-1]).Text(); got != "last" {
			t.Errorf("%.20q: span of the last node is %q", data, got)
		}
	}
}

func TestProblemsNameTheLineAtFault(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"indentation", "services:\n  a:\n    image: x\n   b: y\n", "4:4 is not valid YAML: did not find expected key; check indentation, quotes and brackets here"},
		{"list in a mapping", "x: y\na:\n  - b\n  - c\n  c: d\n", "5:3 is not valid YAML: did not find expected '-' indicator; check indentation, quotes and brackets here"},
		{"bracket", "w: [a,\n  b]\nx: 1\ny: [1, 2\nz: 3\n", "4:1 is not valid YAML: did not find expected ',' or ']'; check indentation, quotes and brackets here"},
		{"quote in quotes", "x: 1\ny: 'it's'\n", "2:1 is not valid YAML: did not find expected key; check indentation, quotes and brackets here"},
		{"tab", "services:\n  a:\n\timage: x\n", "3:2 is not valid YAML: found character that cannot start any token; indent with spaces, not tabs"},
		{"template", "a: b\n{{ if .X }}\nc: d\n{{ end }}\n", "2:1 is not valid YAML: could not find expected ':'; a template has to be rendered first, or excluded"},
		{"merge conflict", "a: b\n<<<<<<< HEAD\nc: d\n=======\n", "2:1 is not valid YAML: could not find expected ':'; resolve the merge conflict"},
		{"unknown alias", "a: b\nc: *nope\n", "2:1 is not valid YAML: unknown anchor 'nope' referenced; check indentation, quotes and brackets here"},
		{"control character", "a: b\nc: \x01\n", "2:1 is not valid YAML: control characters are not allowed; check indentation, quotes and brackets here"},
		{"binary", "PK\x03\x04\x00\x00", "1:5 is a binary file, not YAML; rename or exclude it"},
		{"UTF-16", "\xff\xfea\x00", "1:1 is encoded as UTF-16; save it as UTF-8"},
		{"size", "# " + strings.Repeat("x", MaxSize), "1:1 is larger than 1024 KiB; split the file or exclude it"},
		{"documents", strings.Repeat("--- a\n", MaxDocuments+1), "1:1 holds more than 1000 YAML documents; only the first ones were read, split the file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tree := Parse(source.New("x.yml", []byte(test.data)))
			var got []string
			for _, p := range tree.Problems {
				got = append(got, fmt.Sprintf("%d:%d %s", p.Span.From().Line, p.Span.From().Column, p.Message))
			}
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentsBeforeAnErrorAreRead(t *testing.T) {
	tree := Parse(source.New("x.yml", []byte("a: b\n---\n# nothing\n---\nc: d\n---\n[\n")))
	if len(tree.Roots) != 2 || len(tree.Problems) != 1 {
		t.Errorf("%d documents, problems %v", len(tree.Roots), tree.Problems)
	}
}

func TestEmptyFilesAreNoProblem(t *testing.T) {
	for _, data := range []string{"", "\n", "# only\n", "---\n", "null\n", "\uFEFF"} {
		tree := Parse(source.New("x.yml", []byte(data)))
		if len(tree.Roots) != 0 || len(tree.Problems) != 0 {
			t.Errorf("%q: %d documents, problems %v", data, len(tree.Roots), tree.Problems)
		}
	}
}

func entries(w *Walker, n *yaml.Node) []string {
	var out []string
	for _, e := range w.Entries(n) {
		out = append(out, e.Key.Value+"="+e.Value.Value)
	}
	return out
}

func TestEntriesFollowMergeKeys(t *testing.T) {
	data := "- &a {x: 1, y: 2}\n- &b {y: 3, z: 4}\n- &c\n  <<: *b\n  w: 5\n" +
		"- {y: 0, <<: *a}\n- {<<: [*a, *b], v: 6}\n- {<<: *c}\n- {\"<<\": 7, x: 8, x: 9}\n- {<<: {x: *d}}\n"
	data = "- &d 10\n" + data
	tree := Parse(source.New("x.yml", []byte(data)))
	if len(tree.Problems) > 0 {
		t.Fatal(tree.Problems)
	}
	want := [][]string{
		nil,
		{"x=1", "y=2"},
		{"y=3", "z=4"},
		{"w=5", "y=3", "z=4"},
		{"y=0", "x=1"},
		{"v=6", "x=1", "y=2", "z=4"},
		{"w=5", "y=3", "z=4"},
		{"<<=7", "x=8"},
		{"x=10"},
	}
	w := Walker{Budget: 1000}
	for i, item := range w.Items(tree.Roots[0]) {
		if diff := cmp.Diff(want[i], entries(&w, item)); diff != "" {
			t.Errorf("item %d (-want +got):\n%s", i, diff)
		}
	}
	if w.Exceeded {
		t.Error("bounds exceeded")
	}
}

func TestWalkerIsBounded(t *testing.T) {
	bomb := "a0: &a0 {k: v}\n"
	for i := 1; i < 40; i++ {
		bomb += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	for name, data := range map[string]string{
		"itself":      "a: &a\n  <<: *a\n  b: c\n",
		"bomb":        bomb,
		"large":       "a:\n" + strings.Repeat("  - x\n", 20000),
		"many merges": "z: &z {k: v}\na: {<<: [" + strings.Repeat("*z,", 20000) + "]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			tree := Parse(source.New("x.yml", []byte(data)))
			w := Walker{Budget: 10000}
			for _, e := range w.Entries(tree.Roots[0]) {
				w.Entries(e.Value)
				w.Items(e.Value)
			}
			if !w.Exceeded {
				t.Error("bounds were not exceeded")
			}
		})
	}
}

var documents = []string{
	"services:\n  db: # one\n    image: \"x\" # two\n    command: >\n      # text\n      more\n",
	"- &a {b: [c, 'd # e'], f: \"g\"} # h\n- *a\n- |\n # text\n# end\n",
	"a: b\n  c # d\ne: !t &f\n  g\n? h\n: i # j\n--- # k\n...\n",
	"\uFEFF# x\r\na: |+\r\n  # y\r\n\r\nb: c\r\n",
	"a:\n\tb\n", "<<: *a\n", "[", "'", "|", ">2\n", "%YAML 1.2\n---\n", "a: [#b\n]\n", "- - |\n    # x\n  - # y\n",
}

func FuzzParse(f *testing.F) {
	for _, document := range documents {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			return
		}
		file := source.New("x.yml", data)
		tree := Parse(file)
		inside := func(s source.Span) {
			if s.File != file || s.Start < 0 || s.End < s.Start || s.End > len(data) {
				t.Fatalf("span %d-%d is outside of the file", s.Start, s.End)
			}
		}
		for _, p := range tree.Problems {
			inside(p.Span)
			if p.Message == "" || strings.Contains(p.Message, "\n") {
				t.Fatalf("message %q", p.Message)
			}
		}
		last := -1
		for _, c := range Comments(file) {
			inside(c.Span)
			if c.Span.Start <= last || data[c.Span.Start] != '#' {
				t.Fatalf("comment at %d", c.Span.Start)
			}
			last = c.Span.Start
		}
		var walk func(n *yaml.Node)
		walk = func(n *yaml.Node) {
			inside(tree.Span(n))
			if text := tree.Text(n); n.Kind == yaml.ScalarNode && text.String != n.Value {
				t.Fatalf("text %q of value %q", text.String, n.Value)
			}
			for _, child := range n.Content {
				walk(child)
			}
		}
		if !strings.ContainsAny(string(data), "\r\u0085\u2028\u2029!&*%") {
			compareComments(t, data)
		}
		w := Walker{Budget: 1000}
		for _, root := range tree.Roots {
			walk(root)
			for _, e := range w.Entries(root) {
				w.Entries(e.Value)
			}
		}
	})
}

func TestCommentsAgreeWithTheParser(t *testing.T) {
	for _, document := range documents {
		compareComments(t, []byte(document))
	}
}

func BenchmarkParse(b *testing.B) {
	data := []byte(strings.Repeat("- image: \"postgres:16\" # pinned\n  command: [a, b]\n  run: |\n    # text\n    more\n", 200))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if tree := Parse(source.New("x.yml", data)); tree.Nodes < 200 {
			b.Fatal("nodes are missing")
		}
	}
}

func BenchmarkComments(b *testing.B) {
	data := []byte(strings.Repeat("- image: \"postgres:16\" # pinned\n  command: [a, b]\n  run: |\n    # text\n    more\n", 200))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if n := len(Comments(source.New("x.yml", data))); n != 200 {
			b.Fatalf("%d comments", n)
		}
	}
}

func TestSomeDocumentsAreParsedAlone(t *testing.T) {
	tests := []struct {
		name, data string
		want       []string // of kept documents: place and text of the last value; problems
	}{
		{"one", "keep: a\n", []string{"1:7 a"}},
		{"turned down", "drop: [\n---\nkeep: a\n---\ndrop: ]\n", []string{"3:7 a"}},
		{"a broken one", "keep: 1\n--- # x\nkeep: [\n---\nkeep: 3\n", []string{"1:7 1", "5:7 3", "3:1 problem"}},
		{"on the line of the marker", "drop: 1\n--- {keep: ä, é: b}\n", []string{"2:18 b"}},
		{"no marker", "keep: |\n  a\n  ---\n---x: 1\n", []string{"4:7 1"}},
		{"CRLF", "drop: 1\r\n---\r\nkeep: a\r\n", []string{"3:7 a"}},
		{"other line breaks", "drop: 1\u2028drop: 2\n---\nkeep: a\rkeep: b\n", []string{"3:15 b"}},
		{"at the end", "keep: a\n---", []string{"1:7 a"}},
		{"none", "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tree := ParseSome(source.New("x.yml", []byte(test.data)), func(document []byte) bool { return strings.Contains(string(document), "keep") })
			var got []string
			for _, root := range tree.Roots {
				text := tree.Text(root.Content[len(root.Content)-1])
				at := text.All().From()
				got = append(got, fmt.Sprintf("%d:%d %s", at.Line, at.Column, text.String))
			}
			for _, p := range tree.Problems {
				got = append(got, fmt.Sprintf("%d:%d problem", p.Span.From().Line, p.Span.From().Column))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyWhatIsKeptCounts(t *testing.T) {
	large := "drop: " + strings.Repeat("x", MaxSize) + "\n---\nkeep: a\n"
	keep := func(document []byte) bool { return strings.Contains(string(document), "keep") }
	if tree := ParseSome(source.New("x.yml", []byte(large)), keep); len(tree.Roots) != 1 || len(tree.Problems) != 0 {
		t.Errorf("%d documents, problems %v", len(tree.Roots), tree.Problems)
	}
	large += "---\nkeep: " + strings.Repeat("x", MaxSize) + "\n"
	if tree := ParseSome(source.New("x.yml", []byte(large)), keep); len(tree.Roots) != 1 || len(tree.Problems) != 1 {
		t.Errorf("%d documents, problems %v", len(tree.Roots), tree.Problems)
	}
}
