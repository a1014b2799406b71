// Package source holds the bytes of the files under lint and the positions in
// them.
//
// Everything archlint says points at a range of bytes in a file. Formats,
// however, hand out text that is no longer the bytes of the file: continued
// lines are joined, block scalars lose their indentation, quotes their escapes.
// A [Text] is such a text together with the way back: for each of its bytes the
// offset in the file it came from. Front ends build Texts, scripts are parsed
// from them, and whatever is found in one has an exact [Span].
//
// Offsets are 0-based bytes. Lines and columns are 1-based, columns count
// Unicode code points (an invalid byte counts as one).
package source

import (
	"bytes"
	"sort"
	"unicode/utf8"
	"unsafe"
)

// MaxFileSize is the largest file that is read, in bytes. Files of the formats
// archlint knows are a few kilobytes; a larger one is reported, not linted.
const MaxFileSize = 4 << 20

// File is one file under lint. It must not be changed after New.
type File struct {
	// Path is the file's path as it is reported: relative to the repository
	// root, with forward slashes.
	Path string
	// Data is the whole content.
	Data []byte

	text  string  // Data, whose memory it shares
	lines []int32 // offset of the first byte of each line
}

// New returns a file of the given path and content.
func New(path string, data []byte) *File {
	f := &File{Path: path, Data: data, lines: make([]int32, 1, 1+bytes.Count(data, []byte{'\n'}))}
	// Texts of a file are taken out of it all the time, and it does not change.
	f.text = unsafe.String(unsafe.SliceData(data), len(data))
	for i := 0; i < len(data); i++ {
		next := bytes.IndexByte(data[i:], '\n')
		if next < 0 {
			break
		}
		i += next
		f.lines = append(f.lines, int32(i+1))
	}
	return f
}

// Position is a place in a file as people count it.
type Position struct {
	Line   int // from 1
	Column int // from 1, in code points
}

// Lines returns the number of lines; a trailing newline starts no new one.
func (f *File) Lines() int {
	n := len(f.lines)
	if n > 1 && int(f.lines[n-1]) == len(f.Data) {
		n--
	}
	return n
}

// LineRange returns the offsets of line n (from 1) without its line end. A line
// out of the file gives an empty range at the nearest end.
func (f *File) LineRange(n int) (start, end int) {
	if n < 1 {
		return 0, 0
	}
	if n > len(f.lines) {
		return len(f.Data), len(f.Data)
	}
	start, end = int(f.lines[n-1]), len(f.Data)
	if n < len(f.lines) {
		end = int(f.lines[n]) - 1
	}
	if end > start && f.Data[end-1] == '\r' {
		end--
	}
	return start, end
}

// Line returns line n (from 1) without its line end.
func (f *File) Line(n int) string {
	start, end := f.LineRange(n)
	return f.text[start:end]
}

// LineAt returns the number of the line that the offset is on.
func (f *File) LineAt(offset int) int {
	return sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > offset })
}

// Position returns line and column of an offset.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.Data)))
	line := max(1, f.LineAt(offset))
	return Position{Line: line, Column: utf8.RuneCount(f.Data[f.lines[line-1]:offset]) + 1}
}

// Offset returns the offset of a line and column, clipped to the line.
func (f *File) Offset(line, column int) int {
	start, end := f.LineRange(line)
	for column > 1 && start < end {
		_, size := utf8.DecodeRune(f.Data[start:end])
		start += size
		column--
	}
	return start
}

// Span returns the range of bytes from start up to, not including, end.
func (f *File) Span(start, end int) Span {
	start = max(0, min(start, len(f.Data)))
	end = max(start, min(end, len(f.Data)))
	return Span{File: f, Start: start, End: end}
}

// LineSpan returns the span of line n without indentation and line end.
func (f *File) LineSpan(n int) Span {
	start, end := f.LineRange(n)
	for start < end && (f.Data[start] == ' ' || f.Data[start] == '\t') {
		start++
	}
	return f.Span(start, end)
}

// Span is a range of bytes of a file. The zero Span is no place at all.
type Span struct {
	File       *File
	Start, End int
}

// IsZero reports whether the span is no place.
func (s Span) IsZero() bool { return s.File == nil }

// Text returns the bytes of the span.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	return s.File.text[s.Start:s.End]
}

// From returns the position of the first byte.
func (s Span) From() Position { return s.File.Position(s.Start) }

// To returns the position after the last byte.
func (s Span) To() Position { return s.File.Position(s.End) }

// Contains reports whether o lies within s.
func (s Span) Contains(o Span) bool {
	return s.File != nil && s.File == o.File && s.Start <= o.Start && o.End <= s.End
}

// Overlaps reports whether s and o share a byte, or are the same empty place.
func (s Span) Overlaps(o Span) bool {
	if s.File == nil || s.File != o.File {
		return false
	}
	return s.Start < o.End && o.Start < s.End || s.Start == o.Start && s.End == o.End
}

// Compare orders spans by path, start and end.
func (s Span) Compare(o Span) int {
	a, b := "", ""
	if s.File != nil {
		a = s.File.Path
	}
	if o.File != nil {
		b = o.File.Path
	}
	switch {
	case a != b:
		if a < b {
			return -1
		}
		return 1
	case s.Start != o.Start:
		return s.Start - o.Start
	default:
		return s.End - o.End
	}
}

// Text is text taken out of a file, with the offset in the file of each of its
// bytes. The zero Text is empty.
type Text struct {
	File   *File
	String string

	// segments may begin before the text and go on behind it, for a text that is a
	// part of another shares them. offset is where the text begins in their terms.
	segments []segment
	offset   int
}

// segment maps a run of bytes of the text to the file. It lasts to the start of
// the next segment. In a verbatim one, text and file advance together; in a
// replaced one, every byte stands for the whole of [file, end) (an escape
// sequence, a folded line break).
type segment struct {
	at       int // offset in the text
	file     int // offset in the file
	end      int // end in the file, for a replaced segment
	replaced bool
}

// Verbatim returns the text of a span, unchanged.
func Verbatim(s Span) Text {
	return Text{File: s.File, String: s.Text(), segments: []segment{{file: s.Start}}}
}

// Span returns the place in the file of the bytes [start, end) of the text.
func (t Text) Span(start, end int) Span {
	if t.File == nil {
		return Span{}
	}
	start = max(0, min(start, len(t.String)))
	end = max(start, min(end, len(t.String)))
	from, _ := t.locate(start)
	if start == end {
		// An empty range behind the last byte lies behind that byte in the file.
		if start == len(t.String) && start > 0 {
			_, from = t.locate(start - 1)
		}
		return t.File.Span(from, from)
	}
	_, to := t.locate(end - 1)
	return t.File.Span(from, to)
}

// All returns the place of the whole text.
func (t Text) All() Span { return t.Span(0, len(t.String)) }

// Slice returns the part [start, end) of the text.
func (t Text) Slice(start, end int) Text {
	start = max(0, min(start, len(t.String)))
	end = max(start, min(end, len(t.String)))
	return Text{File: t.File, String: t.String[start:end], segments: t.segments, offset: t.offset + start}
}

// Verbatim reports whether the text stands in the file byte for byte, so that
// replacing a part of it is replacing the same bytes of the file.
func (t Text) Verbatim() bool {
	return t.File != nil && t.All().Text() == t.String
}

func (t Text) locate(i int) (from, to int) {
	i += t.offset
	n := t.segment(i)
	if n < 0 {
		return 0, 0
	}
	seg := t.segments[n]
	if seg.replaced {
		return seg.file, seg.end
	}
	from = seg.file + i - seg.at
	return from, from + 1
}

// segment returns the number of the segment that position i, in their terms, is in;
// -1 if there is none.
func (t Text) segment(i int) int {
	if len(t.segments) == 1 { // as most texts have
		return 0
	}
	return sort.Search(len(t.segments), func(n int) bool { return t.segments[n].at > i }) - 1
}

// Builder puts a Text together from pieces of one file.
type Builder struct {
	file     *File
	text     []byte
	segments []segment
}

// NewBuilder returns a builder of text from f.
func NewBuilder(f *File) *Builder { return &Builder{file: f} }

// Keep appends the bytes [start, end) of the file as they are.
func (b *Builder) Keep(start, end int) {
	if start >= end {
		return
	}
	if n := len(b.segments); n == 0 || b.segments[n-1].replaced ||
		b.segments[n-1].file+len(b.text)-b.segments[n-1].at != start {
		b.segments = append(b.segments, segment{at: len(b.text), file: start})
	}
	b.text = append(b.text, b.file.Data[start:end]...)
}

// Replace appends text that stands for the bytes [start, end) of the file.
func (b *Builder) Replace(text string, start, end int) {
	if text == "" {
		return
	}
	b.segments = append(b.segments, segment{at: len(b.text), file: start, end: end, replaced: true})
	b.text = append(b.text, text...)
}

// AppendText appends a text taken from the same file.
func (b *Builder) AppendText(t Text) {
	for i := 0; i < len(t.String); {
		n := t.segment(t.offset + i)
		if n < 0 {
			return
		}
		seg, end := t.segments[n], len(t.String)
		if n+1 < len(t.segments) {
			end = min(end, t.segments[n+1].at-t.offset)
		}
		if seg.replaced {
			b.Replace(t.String[i:end], seg.file, seg.end)
		} else {
			from := seg.file + t.offset + i - seg.at
			b.Keep(from, from+end-i)
		}
		i = end
	}
}

// Len returns the number of bytes so far.
func (b *Builder) Len() int { return len(b.text) }

// Text returns what was built.
func (b *Builder) Text() Text {
	return Text{File: b.file, String: string(b.text), segments: b.segments}
}
