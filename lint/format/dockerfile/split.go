package dockerfile

import (
	"bytes"
	"sort"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// instruction is one instruction: its continued lines joined, without the
// comments and empty lines between them, and its here-documents.
type instruction struct {
	file   *source.File
	text   string
	pieces []piece
	begin  head // of the whole instruction

	name        string // of the instruction, lower case
	first, last int    // lines of the file, here-documents included
	heredocs    []heredoc
	// unreadable is true if nothing must be taken from the instruction.
	unreadable bool
	// broken is true if a problem was already reported for the instruction.
	broken bool
}

// piece is a run of text that stands together in the file. It lasts to the start
// of the next one.
type piece struct {
	at   int // offset in the text
	file int // offset in the file
}

// heredoc is a here-document: the lines [first, last) and the line last, which
// ends it.
type heredoc struct {
	parser.Heredoc
	first, last int
	ended       bool // line last is its end; otherwise it is missing
}

// add appends the bytes [start, end) of the file.
func (in *instruction) add(b *strings.Builder, start, end int) {
	if start < end {
		in.pieces = append(in.pieces, piece{at: b.Len(), file: start})
		b.Write(in.file.Data[start:end])
	}
}

// piece returns the number of the piece that holds byte i.
func (in *instruction) piece(i int) int {
	return max(0, sort.Search(len(in.pieces), func(n int) bool { return in.pieces[n].at > i })-1)
}

// offset returns where byte i of the text stands in the file.
func (in *instruction) offset(i int) int {
	if len(in.pieces) == 0 {
		start, _ := in.file.LineRange(in.first)
		return start
	}
	p := in.pieces[in.piece(i)]
	return p.file + i - p.at
}

// span returns the place of the bytes [i, j) of the text.
func (in *instruction) span(i, j int) source.Span {
	if i >= j {
		return in.file.Span(in.offset(i), in.offset(i))
	}
	return in.file.Span(in.offset(i), in.offset(j-1)+1)
}

// place returns where a problem of the instruction is shown: its first line.
func (in *instruction) place() source.Span {
	n := len(in.text)
	if len(in.pieces) > 1 {
		n = in.pieces[1].at
	}
	return in.span(in.trim(0, n))
}

// word returns the instruction's name as written.
func (in *instruction) word() string {
	start, _ := in.trim(0, len(in.text))
	return in.text[start:min(len(in.text), start+len(in.name))]
}

// keep appends the bytes [i, j) of the text.
func (in *instruction) keep(b *source.Builder, i, j int) {
	for n := in.piece(i); i < j; n++ {
		end := j
		if n+1 < len(in.pieces) {
			end = min(end, in.pieces[n+1].at)
		}
		at := in.offset(i)
		b.Keep(at, at+end-i)
		i = end
	}
}

// slice returns the bytes [i, j) of the text.
func (in *instruction) slice(i, j int) source.Text {
	if i >= j || in.piece(i) == in.piece(j-1) {
		return source.Verbatim(in.span(i, j))
	}
	b := source.NewBuilder(in.file)
	in.keep(b, i, j)
	return b.Text()
}

// all returns the place of the whole instruction with its here-documents.
func (in *instruction) all() source.Span {
	span := in.span(in.trim(0, len(in.text)))
	if len(in.heredocs) > 0 {
		_, end := content(in.file, in.last)
		span.End = max(span.End, end)
	}
	return span
}

// content returns the offsets of a line without its end, which is every newline
// and carriage return there.
func content(f *source.File, n int) (start, end int) {
	start, end = f.LineRange(n)
	for end > start && f.Data[end-1] == '\r' {
		end--
	}
	return start, end
}

// split cuts the file into instructions, and notes comments.
func (r *reader) split() {
	f := r.file
	directives := directives{reader: r}
	count := f.Lines()
	for n := 1; n <= count; n++ {
		start, end := content(f, n)
		if end-start > maxLine {
			r.whole = false
			r.problem(f.Span(start, start), "the line is longer than %d MiB; the file is not read from here on", maxLine>>20)
			return
		}
		if n == 1 && bytes.HasPrefix(f.Data, []byte("\xef\xbb\xbf")) {
			start += 3
		}
		start = end - len(bytes.TrimLeftFunc(f.Data[start:end], unicode.IsSpace))
		if directives.line(start, end) {
			continue
		}
		if start == end {
			continue
		}
		if f.Data[start] == '#' {
			r.comment(start, end)
			continue
		}
		if len(r.instructions) == maxInstructions {
			r.whole = false
			r.problem(f.Span(start, end), "the file has more than %d instructions; the rest is not read", maxInstructions)
			return
		}
		in := &instruction{file: f, first: n}
		n = r.join(in, start, end)
		r.instructions = append(r.instructions, in)
	}
}

// join reads an instruction whose first line is [start, end), and returns its
// last line.
func (r *reader) join(in *instruction, start, end int) int {
	f := r.file
	var text strings.Builder
	text.Grow(end - start)
	n, count := in.first, f.Lines()
	stop, continued := r.continued(start, end)
	in.add(&text, start, stop)
	for continued && n < count {
		n++
		start, end = content(f, n)
		if end-start > maxLine || text.Len() > maxLine {
			in.unreadable = true
			break
		}
		switch trimmed := bytes.TrimLeftFunc(f.Data[start:end], unicode.IsSpace); {
		case len(trimmed) == 0:
			continue
		case trimmed[0] == '#':
			r.comment(end-len(trimmed), end)
			continue
		}
		stop, continued = r.continued(start, end)
		in.add(&text, start, stop)
	}
	in.text, in.last = text.String(), n
	in.begin = in.head(0, len(in.text), r.escape)
	in.name = in.begin.name
	if in.unreadable {
		r.fail(in, "the instruction is longer than %d MiB; the file is not read from here on", maxLine>>20)
		return count
	}
	r.heredocs(in, in.begin)
	return in.last
}

// continued reports whether the line [start, end) goes on behind its end, and
// returns where the text in it ends. Blanks may follow the escape character, and
// a doubled one is text.
func (r *reader) continued(start, end int) (stop int, continued bool) {
	data := r.file.Data
	i := end
	for i > start && (data[i-1] == ' ' || data[i-1] == '\t') {
		i--
	}
	if i == start || data[i-1] != r.escape || i-2 >= start && data[i-2] == r.escape {
		return end, false
	}
	return i - 1, true
}

// fail reports a problem of an instruction, of which nothing is taken.
func (r *reader) fail(in *instruction, format string, args ...any) {
	r.whole = false
	in.unreadable, in.broken = true, true
	r.problem(in.place(), format, args...)
}

// comment notes the comment [start, end).
func (r *reader) comment(start, end int) {
	text := bytes.TrimRightFunc(r.file.Data[start:end], unicode.IsSpace)
	span := r.file.Span(start, start+len(text))
	r.document.Comments = append(r.document.Comments, facts.Comment{Text: strings.TrimSpace(span.Text()[1:]), Span: span})
}

// directives reads the parser directives at the top of a file.
type directives struct {
	reader *reader
	parser parser.DirectiveParser
	done   bool
}

// line reports whether the line is a parser directive, and obeys it.
func (d *directives) line(start, end int) bool {
	if d.done {
		return false
	}
	r := d.reader
	var directive *parser.Directive
	err := guard(func() (err error) {
		directive, err = d.parser.ParseLine(r.file.Data[start:end])
		return err
	})
	if err != nil {
		r.whole = false
		r.problem(r.file.Span(start, end), "%s; remove this one", err)
		return true
	}
	if directive == nil {
		d.done = true
		// Behind a "#!" line, a directive is seen by what chooses the frontend
		// only, and a comment for all others.
		for _, image := range r.document.Images {
			d.done = d.done && image.Span.Start < end
		}
		return r.isSyntax(start, end)
	}
	if directive.Name == "escape" {
		if directive.Value == "`" || directive.Value == `\` {
			r.escape = directive.Value[0]
		} else {
			r.whole = false
			r.problem(r.file.Span(start, end), "the escape character %s is neither \\ nor `; write one of these", quoted(directive.Value))
		}
	}
	return true
}

// isSyntax reports whether the line holds the syntax directive.
func (r *reader) isSyntax(start, end int) bool {
	for _, image := range r.document.Images {
		if start <= image.Span.Start && image.Span.Start < end {
			return true
		}
	}
	return false
}

// environment is an environment without variables, for BuildKit's lexer.
type environment struct{}

func (environment) Get(string) (string, bool) { return "", false }
func (environment) Keys() []string            { return nil }

// heredocs reads the here-documents that an instruction announces.
func (r *reader) heredocs(in *instruction, head head) {
	if head.name == "onbuild" {
		head = in.head(head.start, head.end, r.escape)
	}
	switch head.name {
	case "run", "copy", "add":
	default:
		return
	}
	if !strings.Contains(in.text, "<<") || head.json == jsonStrings {
		return
	}
	if nesting(in.text) > maxNesting {
		r.fail(in, "variables are nested too deeply; simplify the instruction")
		return
	}
	var announced []parser.Heredoc
	err := guard(func() error {
		lexer := shell.NewLex('\\') // whatever the escape character is, as BuildKit does
		lexer.RawQuotes, lexer.RawEscapes, lexer.SkipUnsetEnv = true, true, true
		words, _ := lexer.ProcessWords(in.text, environment{})
		for _, word := range words {
			doc, err := parser.ParseHeredoc(word)
			if err != nil {
				return err
			}
			if doc != nil {
				announced = append(announced, *doc)
			}
		}
		return nil
	})
	if err != nil {
		r.fail(in, "here-document: %s", err)
		return
	}
	count := r.file.Lines()
	for _, doc := range announced {
		if r.unterminated == maxUnterminated {
			return
		}
		h := heredoc{Heredoc: doc, first: in.last + 1}
		for h.last = h.first; h.last <= count; h.last++ {
			if h.ended = r.ends(h); h.ended {
				break
			}
		}
		if !h.ended {
			r.whole, in.broken = false, true
			r.unterminated++
			r.problem(in.place(), "unterminated heredoc: end it with a line that holds only %s", quoted(h.Name))
			// Whatever it was meant to hold, it was not the next stage.
			for h.last = h.first; h.last <= count; h.last++ {
				if start, end := content(r.file, h.last); bytes.HasPrefix(r.file.Data[start:end], []byte("FROM ")) {
					break
				}
			}
			in.heredocs = append(in.heredocs, h)
			in.last = h.last - 1
			return
		}
		in.heredocs = append(in.heredocs, h)
		in.last = h.last
	}
}

// ends reports whether the line h.last is the end of a here-document.
func (r *reader) ends(h heredoc) bool {
	start, end := content(r.file, h.last)
	line := r.file.Data[start:end]
	if h.Chomp {
		line = bytes.TrimLeft(line, "\t")
	}
	return string(line) == h.Name
}

// nesting returns a bound on how deep "${" are nested.
func nesting(s string) int {
	depth, deepest := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '$' && i+1 < len(s) && s[i+1] == '{':
			depth++
			deepest = max(deepest, depth)
		case s[i] == '}' && depth > 0:
			depth--
		}
	}
	return deepest
}
