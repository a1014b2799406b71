// Package dockerfile reads Dockerfiles into facts.
//
// BuildKit's own parser decides what is valid, but it knows only lines, joins
// continued ones and drops the comments between them. So the file is cut twice.
// split.go cuts it here, by the same rules, into instructions: each one logical
// line of text together with the offset in the file of each of its bytes, and
// the here-documents behind it. BuildKit checks each of those of which there is
// any doubt (check.go), one after the other, so that a mistake in one place costs
// that instruction and not the file. The fuzz test holds that both agree on where
// instructions begin and end, and on what is valid.
//
// All text is left as written: variables, quotes and escapes stay. Only what
// joins lines is gone, as it is for BuildKit: the escape character at the end of
// a line, and the comments and empty lines within an instruction. A script is
// therefore, byte for byte, what is handed to the shell.
package dockerfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// The limits of what is read.
const (
	maxInstructions = 20_000
	maxStages       = 1000
	maxLine         = 1 << 20 // bytes of a line, and of an instruction without its here-documents
	maxNesting      = 16      // of "${", which takes BuildKit's lexer quadratic time
	maxUnterminated = 8       // here-documents, the end of each of which is searched in the whole file
	maxProblems     = 100
	binaryPrefix    = 8 << 10 // bytes that are searched for a NUL
)

// Parse reads a Dockerfile. What cannot be read becomes a Problem, and the rest
// of the file is read all the same. A stage whose FROM names no image is left
// out with all its instructions.
func Parse(f *source.File) *facts.Document {
	r := &reader{file: f, document: &facts.Document{File: f, Kind: facts.Dockerfile}, escape: parser.DefaultEscapeToken}
	r.read()
	r.finish()
	return r.document
}

// reader reads one file.
type reader struct {
	file     *source.File
	document *facts.Document
	escape   byte
	// whole is true as long as BuildKit may be given the file as a whole.
	whole bool
	// foreign is true if another program than Docker's reads the file, which may
	// know more instructions.
	foreign bool

	instructions []*instruction
	unterminated int // here-documents without end

	stage   *facts.Stage // that instructions belong to, nil before the first
	began   bool         // a FROM was seen, even a wrong one
	tooMany bool         // stages
}

func (r *reader) read() {
	data := r.file.Data
	switch {
	case len(data) > source.MaxFileSize:
		r.problem(r.file.Span(0, 0), "the file is larger than %d MiB; split it, or exclude it", source.MaxFileSize>>20)
		return
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		r.problem(r.file.Span(0, 0), "the file is UTF-16 text, which docker cannot read; save it as UTF-8")
		return
	case bytes.IndexByte(data[:min(len(data), binaryPrefix)], 0) >= 0:
		r.problem(r.file.Span(0, 0), "the file is binary and no Dockerfile; exclude it")
		return
	}
	if !r.syntax() {
		return
	}
	r.whole = true
	r.split()
	if len(r.instructions) == 0 {
		if len(r.document.Problems) == 0 {
			r.problem(r.file.Span(0, 0), "file with no instructions; begin it with FROM, or exclude it")
		}
		return
	}
	if !r.plausible() {
		return
	}
	r.check()
	for _, in := range r.instructions {
		switch {
		case !in.unreadable:
			r.facts(in, in.begin, false)
		case isFrom(in):
			r.began, r.stage = true, nil
		}
	}
}

const (
	noFrom   = "no FROM instruction; add one, or exclude the file if it is a part of a Dockerfile only"
	template = "the file is a template; lint the Dockerfile that is made from it, and exclude this one"
)

// plausible reports whether the file may be a Dockerfile at all: one complaint
// is enough for a file that is not.
func (r *reader) plausible() bool {
	from, known := false, false
	for _, in := range r.instructions {
		from = from || in.name == "from"
		known = known || isInstruction(in.name)
	}
	first := r.instructions[0]
	switch {
	case from, r.foreign:
		return true
	case !known:
		r.document.Doubtful = true
		r.problem(first.place(), "not a Dockerfile: it begins with %s, which is no instruction; exclude the file", quoted(first.word()))
		return false
	}
	r.problem(first.place(), noFrom)
	r.document.Doubtful = true // by its name it may also be a part of one
	return true
}

// syntax reads the image that is to interpret the file. It returns false if the
// file says so in a way that makes it no Dockerfile ("// syntax=", JSON).
func (r *reader) syntax() bool {
	if !maySaySyntax(r.file.Data) {
		return true
	}
	var image string
	var lines []parser.Range
	var found bool
	if err := guard(func() error {
		image, _, lines, found = parser.DetectSyntax(r.file.Data)
		return nil
	}); err != nil || !found || len(lines) == 0 {
		return true
	}
	start, end := r.file.LineRange(max(1, lines[0].Start.Line))
	ours := bytes.Contains(r.file.Data[start:end], []byte("#"))
	if i := bytes.IndexByte(r.file.Data[start:end], '='); i >= 0 {
		start += i
	}
	i := bytes.Index(r.file.Data[start:end], []byte(image))
	if i < 0 { // JSON, on some line
		if start, i = 0, bytes.Index(r.file.Data, []byte(image)); i < 0 {
			return false
		}
		ours = false
	}
	place := r.file.Span(start+i, start+i+len(image))
	r.document.Images = append(r.document.Images, &facts.ImageUse{
		Role:       facts.RoleSyntax,
		Name:       "syntax directive",
		References: []facts.Value{facts.Of(source.Verbatim(place))},
		Span:       place,
	})
	name, _, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], "@")
	name, _, _ = strings.Cut(name, ":")
	r.foreign = name != "dockerfile" && name != "dockerfile-upstream"
	return ours
}

// maySaySyntax reports whether a file holds the word syntax, as most do not, or is
// JSON, where it may be written in other ways.
func maySaySyntax(data []byte) bool {
	const word = "syntax"
	for i := 0; i+len(word) <= len(data); i++ {
		if data[i]|0x20 == word[0] && bytes.EqualFold(data[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return bytes.HasPrefix(bytes.TrimSpace(data), []byte("{"))
}

// marks matches what template languages put around their own text.
var marks = regexp.MustCompile(`\{\{.*\}\}|(?m)^\s*(\{%|<%)|\{\{[A-Z][A-Za-z]+\(`)

// problem notes a problem at a place.
func (r *reader) problem(place source.Span, format string, args ...any) {
	r.document.Problems = append(r.document.Problems, facts.Problem{Span: place, Message: oneLine(fmt.Sprintf(format, args...))})
}

// finish puts problems in order and bounds them.
func (r *reader) finish() {
	problems := r.document.Problems
	if len(problems) > 0 && marks.Match(r.file.Data) {
		// What cannot be read is most likely what its generator is told.
		problems = []facts.Problem{{Span: problems[0].Span, Message: template}}
	}
	for _, p := range problems {
		if p.Message == template { // all else follows from that
			problems, r.document.Doubtful = []facts.Problem{p}, true
			break
		}
	}
	if len(problems) > 1 { // a misspelt FROM is one mistake
		problems = slices.DeleteFunc(problems, func(p facts.Problem) bool { return p.Message == noFrom })
	}
	slices.SortStableFunc(problems, func(a, b facts.Problem) int { return a.Span.Compare(b.Span) })
	r.document.Problems = problems
	if len(problems) > maxProblems {
		problems = problems[:maxProblems]
		problems[maxProblems-1].Message = "too many problems; correct those above first, or exclude the file"
	}
	r.document.Problems = problems
}

// oneLine makes text of the repository harmless in a message.
func oneLine(s string) string {
	const longest = 300
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		switch {
		case unicode.IsSpace(c):
			c = ' '
		case !unicode.IsPrint(c):
			c = utf8.RuneError
		}
		b.WriteRune(c)
	}
	return b.String()
}

// quoted returns text of the repository for a message, shortened.
func quoted(s string) string {
	const longest = 40
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// errPanic is what a panic in the code of others becomes.
var errPanic = errors.New("cannot be understood; simplify it")

// guard runs the code of others, which may panic.
func guard(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return f()
}
