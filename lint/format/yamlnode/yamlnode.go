// Package yamlnode reads YAML files for front ends that need to know where
// everything stands.
//
// The YAML parser gives a tree of nodes with lines and columns, values that are
// already decoded, comments without a place and errors with a line that is often
// not the one at fault. This package adds what is missing: the bytes behind each
// value ([Tree.Text]), comments with their places ([Comments]), problems at the
// line to look at ([Problem]), merge keys and aliases within bounds
// ([Walker]). Input that no one writes by hand (too large, too many documents)
// becomes a problem instead of work.
package yamlnode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

const (
	// MaxSize is the largest file that is parsed, in bytes. A parsed file takes
	// up to a hundred times its size in memory.
	MaxSize = 1 << 20
	// MaxDocuments is the largest number of documents read from one file.
	MaxDocuments = 1000
)

// Tree is a parsed YAML file.
type Tree struct {
	File *source.File
	// Roots are the root nodes of the file's documents that are not empty.
	Roots []*yaml.Node
	// Nodes is the number of nodes in the file, aliases not followed.
	Nodes int
	// Problems say what could not be parsed. The documents before are in Roots.
	Problems []facts.Problem

	lines []int         // offsets of the lines as the parser counts them, nil when File counts the same
	marks map[int][]int // by line, the offset of each markEvery-th column
}

// Parse parses all documents of a file.
func Parse(f *source.File) *Tree {
	t := &Tree{File: f}
	if p, ok := unreadable(f); ok {
		t.Problems = append(t.Problems, p)
		return t
	}
	if p, ok := tooLarge(f, len(f.Data)); ok {
		t.Problems = append(t.Problems, p)
		return t
	}
	t.lines = parserLines(f.Data)
	if err := t.decode(f.Data, 0); err != nil {
		t.Problems = append(t.Problems, Problem(f, err))
	}
	return t
}

// ParseSome parses the documents of a file whose bytes keep approves of, each on its
// own: one that cannot be parsed does not cost the others, and what is turned down
// costs no more than a look at it. Documents begin at lines with "---".
func ParseSome(f *source.File, keep func(document []byte) bool) *Tree {
	t := &Tree{File: f}
	if p, ok := unreadable(f); ok {
		t.Problems = append(t.Problems, p)
		return t
	}
	t.lines = parserLines(f.Data)
	size := 0
	for start := 0; start < len(f.Data); {
		end := nextDocument(f.Data, start)
		if document := f.Data[start:end]; keep(document) {
			size += len(document)
			if p, ok := tooLarge(f, size); ok {
				t.Problems = append(t.Problems, p)
				return t
			}
			first := t.lineOf(start) - 1
			if err := t.decode(document, first); err != nil {
				line, what := splitError(err)
				line = max(1, min(first+max(1, line), f.Lines()))
				t.Problems = append(t.Problems, invalid(f, line, what))
			}
		}
		start = end
	}
	return t
}

// decode adds the documents in a part of the file that begins after a number of
// lines.
func (t *Tree) decode(data []byte, after int) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for range MaxDocuments {
		var document yaml.Node
		err := decode(decoder, &document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		t.Nodes += count(&document)
		if len(document.Content) == 1 && document.Content[0].Tag != "!!null" {
			shift(document.Content[0], after)
			t.Roots = append(t.Roots, document.Content[0])
		}
	}
	t.Problems = append(t.Problems, facts.Problem{
		Span:    t.File.Span(0, 0),
		Message: fmt.Sprintf("holds more than %d YAML documents; only the first ones were read, split the file", MaxDocuments),
	})
	return nil
}

// shift moves a tree down by a number of lines. What aliases lead to stands in the
// tree once.
func shift(n *yaml.Node, lines int) {
	if lines == 0 {
		return
	}
	n.Line += lines
	for _, child := range n.Content {
		shift(child, lines)
	}
}

// nextDocument returns where the document after the one at start begins.
func nextDocument(data []byte, start int) int {
	for at := start; ; {
		i := bytes.Index(data[at:], []byte("\n---"))
		if i < 0 {
			return len(data)
		}
		at += i + len("\n")
		if rest := data[at+len("---"):]; len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0 {
			return at
		}
	}
}

// unreadable reports a file that is not worth handing to the parser.
func unreadable(f *source.File) (facts.Problem, bool) {
	p := facts.Problem{Span: f.Span(0, 0)}
	switch data := f.Data; {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		p.Message = "is encoded as UTF-16; save it as UTF-8"
	case bytes.IndexByte(data, 0) >= 0:
		i := bytes.IndexByte(data, 0)
		p.Span = f.Span(i, i+1)
		p.Message = "is a binary file, not YAML; rename or exclude it"
	default:
		return facts.Problem{}, false
	}
	return p, true
}

// tooLarge reports a file of which more is to be parsed than is written by hand.
func tooLarge(f *source.File, size int) (facts.Problem, bool) {
	if size <= MaxSize {
		return facts.Problem{}, false
	}
	return facts.Problem{Span: f.Span(0, 0), Message: fmt.Sprintf("is larger than %d KiB; split the file or exclude it", MaxSize>>10)}, true
}

// decode reads the next document. The parser panics on some malformed input.
func decode(d *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", r)
		}
	}()
	return d.Decode(n)
}

func count(n *yaml.Node) int {
	total := 1
	for _, child := range n.Content {
		total += count(child)
	}
	return total
}

// Text returns the text of a scalar, mapped to the file. For other nodes it is
// empty, at the place where the node begins.
func (t *Tree) Text(n *yaml.Node) source.Text {
	at := t.offset(n.Line, n.Column)
	if n.Kind != yaml.ScalarNode {
		return source.Verbatim(t.File.Span(at, at))
	}
	return source.ScalarAt(t.File, at, n.Value)
}

// Span returns the place of a node: the whole of a scalar's text, of a mapping
// or sequence from its first key or item to the end of the last, of an alias
// the name with its asterisk.
func (t *Tree) Span(n *yaml.Node) source.Span {
	switch {
	case n.Kind == yaml.ScalarNode:
		return t.Text(n).All()
	case n.Kind == yaml.AliasNode:
		at := t.offset(n.Line, n.Column)
		return t.File.Span(at, at+1+len(n.Value))
	case len(n.Content) > 0:
		first, last := n.Content[0], n.Content[len(n.Content)-1]
		// The last node of a deep tree is found without recursion, so that its
		// depth does not matter.
		for len(last.Content) > 0 {
			last = last.Content[len(last.Content)-1]
		}
		for len(first.Content) > 0 {
			first = first.Content[0]
		}
		return t.File.Span(t.Span(first).Start, t.Span(last).End)
	}
	at := t.offset(n.Line, n.Column)
	return t.File.Span(at, at)
}

// markEvery is the distance of remembered columns. Without them, finding the
// nodes of one very long line would take quadratic time.
const markEvery = 1024

// offset returns the offset of a line and column as the parser counts them.
func (t *Tree) offset(line, column int) int {
	start, end := t.line(line)
	column--
	if column >= markEvery {
		marks, ok := t.marks[line]
		if !ok {
			for i, n := start, 0; i < end; n++ {
				if n%markEvery == 0 {
					marks = append(marks, i)
				}
				_, size := utf8.DecodeRune(t.File.Data[i:end])
				i += size
			}
			if t.marks == nil {
				t.marks = map[int][]int{}
			}
			t.marks[line] = marks
		}
		if len(marks) == 0 {
			return end
		}
		mark := min(column/markEvery, len(marks)-1)
		start, column = marks[mark], column-mark*markEvery
	}
	for ; column > 0 && start < end; column-- {
		_, size := utf8.DecodeRune(t.File.Data[start:end])
		start += size
	}
	return start
}

// line returns the range of a line, without a byte order mark.
func (t *Tree) line(n int) (start, end int) {
	if t.lines == nil {
		start, end = t.File.LineRange(n)
	} else {
		n = max(1, min(n, len(t.lines)))
		start, end = t.lines[n-1], len(t.File.Data)
		if n < len(t.lines) {
			end = t.lines[n]
		}
	}
	if n == 1 && bytes.HasPrefix(t.File.Data, []byte("\uFEFF")) {
		start += len("\uFEFF")
	}
	return start, end
}

// lineOf returns the number of the line that begins at an offset, as the parser
// counts them.
func (t *Tree) lineOf(start int) int {
	if t.lines == nil {
		return t.File.LineAt(start)
	}
	return sort.SearchInts(t.lines, start) + 1
}

// parserLines returns the offsets of the lines of a file that has line breaks
// other than "\n" and "\r\n", which the parser knows and a source.File does
// not; nil for other files.
func parserLines(data []byte) []int {
	odd := bytes.Contains(data, []byte("\u0085")) || bytes.Contains(data, []byte("\u2028")) || bytes.Contains(data, []byte("\u2029"))
	for i := bytes.IndexByte(data, '\r'); i >= 0 && !odd; {
		odd = i+1 == len(data) || data[i+1] != '\n'
		next := bytes.IndexByte(data[i+1:], '\r')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	if !odd {
		return nil
	}
	lines := []int{0}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		i += size
		switch {
		case r == '\r' && i < len(data) && data[i] == '\n':
		case r == '\r', r == '\n', r == '\u0085', r == '\u2028', r == '\u2029':
			lines = append(lines, i)
		}
	}
	return lines
}

// Problem turns an error of the YAML parser into a problem at the line to look
// at, with what to do. The parser names the line of the outermost construct that
// it was in, or one next to it; the first line of the file with which the same
// error appears is the one at fault.
func Problem(f *source.File, err error) facts.Problem {
	reported, what := splitError(err)
	line := max(1, min(reported, f.Lines()))
	if parserError(what) {
		line = blame(f, line, what)
	}
	if reported == 0 {
		line = blame(f, 1, what)
	}
	return invalid(f, line, what)
}

func invalid(f *source.File, line int, what string) facts.Problem {
	return facts.Problem{Span: f.LineSpan(line), Message: "is not valid YAML: " + what + "; " + advice(f, line)}
}

// splitError returns the line in an error of the YAML parser, 0 if it names
// none, and what is wrong.
func splitError(err error) (line int, what string) {
	what = strings.TrimPrefix(err.Error(), "yaml: ")
	what, _, _ = strings.Cut(strings.ReplaceAll(what, "unmarshal errors:\n  ", ""), "\n")
	rest, ok := strings.CutPrefix(what, "line ")
	number, rest, found := strings.Cut(rest, ": ")
	if ok && found {
		if _, e := fmt.Sscanf(number, "%d", &line); e == nil {
			what = rest
		}
	}
	const longest = 120 // an error quotes names from the file
	if len(what) > longest {
		what = strings.ToValidUTF8(what[:longest], "") + "…"
	}
	return line, what
}

// parserError reports whether an error is one of those whose line is that of the
// construct around the fault.
func parserError(what string) bool { return strings.HasPrefix(what, "did not find expected") }

// maxBlame is the largest file in which the line at fault is searched, in bytes.
const maxBlame = 256 << 10

// blame returns the first line, from a given one, up to which the file has to be
// read for an error to appear.
func blame(f *source.File, from int, what string) int {
	if len(f.Data) > maxBlame {
		return from
	}
	low, high := from, f.Lines()
	for low < high {
		mid := (low + high) / 2
		if fails(f, mid, what) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return min(low, f.Lines())
}

// fails reports whether the first lines of a file have an error.
func fails(f *source.File, lines int, what string) bool {
	_, end := f.LineRange(lines)
	decoder := yaml.NewDecoder(io.MultiReader(bytes.NewReader(f.Data[:end]), strings.NewReader("\n")))
	for range MaxDocuments {
		var n yaml.Node
		if err := decode(decoder, &n); err != nil {
			_, is := splitError(err)
			return is == what
		}
	}
	return false
}

// advice says what to do about a line that is not YAML.
func advice(f *source.File, line int) string {
	text := f.Line(line)
	indentation := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	switch {
	case strings.Contains(indentation, "\t"):
		return "indent with spaces, not tabs"
	case strings.Contains(text, "{{") || strings.Contains(text, "{%"):
		return "a template has to be rendered first, or excluded"
	case strings.HasPrefix(text, "<<<<<<<") || strings.HasPrefix(text, "=======") || strings.HasPrefix(text, ">>>>>>>"):
		return "resolve the merge conflict"
	}
	return "check indentation, quotes and brackets here"
}
