package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/archlint/archlint/lint/secret"
	"github.com/archlint/archlint/lint/source"
)

// tabCells is what a tab counts for when it is decided how much of a line fits.
const tabCells = 8

// leadCells is how many cells are shown of what stands before a long span.
const leadCells = 20

// cell is one character of a line as it is shown.
type cell struct {
	text  string
	width int // cells on a terminal
	in    int // -1 before the span, 0 in it, 1 behind it
}

// excerpt returns the line that a span begins on and a line of carets that stand
// exactly below the span, both no wider than width. Tabs are kept in both, so that
// they line up whatever a tab is; a cut is shown as "…". Of a span over several
// lines it is the first line.
//
// The cost depends on the width and not on the length of the line.
func excerpt(span source.Span, width int) (text, carets string) {
	cells, cutLeft, cutRight := cut(span, width)
	var line, below strings.Builder
	if cutLeft {
		line.WriteString("…")
		below.WriteByte(' ')
	}
	marked := false
	for _, c := range cells {
		line.WriteString(c.text)
		switch {
		case c.in > 0:
		case c.text == "\t":
			below.WriteByte('\t')
		case c.in < 0:
			below.WriteString(strings.Repeat(" ", c.width))
		default:
			below.WriteString(strings.Repeat("^", c.width))
			marked = marked || c.width > 0
		}
	}
	if cutRight {
		line.WriteString("…")
	}
	if !marked {
		below.WriteByte('^') // an empty span, or one of tabs only
	}
	return strings.TrimRight(line.String(), " \t"), below.String()
}

// parts returns what excerpt shows as what stands before the span, in it and behind it.
func parts(span source.Span, width int) (before, in, behind string) {
	cells, cutLeft, cutRight := cut(span, width)
	var text [3]strings.Builder
	if cutLeft {
		text[0].WriteString("…")
	}
	for _, c := range cells {
		text[c.in+1].WriteString(c.text)
	}
	if cutRight {
		text[2].WriteString("…")
	}
	return text[0].String(), text[1].String(), text[2].String()
}

// cut returns the part of the line of a span that has room in a width, and on which sides
// more of the line is left out.
func cut(span source.Span, width int) (cells []cell, cutLeft, cutRight bool) {
	f := span.File
	start, end := f.LineRange(f.LineAt(span.Start))
	first, last := min(span.Start, end), min(span.End, end)
	if span.End > end {
		for last > first && (f.Data[last-1] == ' ' || f.Data[last-1] == '\t') {
			last--
		}
	}
	low, high := max(start, first-utf8.UTFMax*width), min(end, first+2*utf8.UTFMax*width)
	for low > start && low < first && !utf8.RuneStart(f.Data[low]) {
		low++
	}
	hidden := secrets(f.Data[start:end], low-start, high-start)
	sum := [3]int{} // widths before, in and behind the span
	for at := low; at < high; {
		c, size := cellOf(f.Data[at:end])
		for len(hidden) > 0 && hidden[0][1] <= at-start {
			hidden = hidden[1:]
		}
		if len(hidden) > 0 && hidden[0][0] <= at-start {
			c = cell{text: "*", width: 1} // so many as there are characters, for the carets
		}
		if at >= last && (at > first || last > first) {
			c.in = 1
		} else if at < first {
			c.in = -1
		}
		sum[c.in+1] += c.width
		cells = append(cells, c)
		at += size
	}
	cutLeft, cutRight = low > start, high < end
	if cutLeft || cutRight || sum[0]+sum[1]+sum[2] > width {
		room := max(width-2, 2) // for the two signs of a cut
		inside := min(sum[1], max(room-leadCells, 1))
		left := min(sum[0], (room-inside)*2/3)
		if rest := room - inside - left; sum[2] < rest {
			left = min(sum[0], room-inside-sum[2])
		}
		before := sum[0]
		for len(cells) > 0 && cells[0].in < 0 && before > left {
			before -= cells[0].width
			cells, cutLeft = cells[1:], true
		}
		total := 0
		for i, c := range cells {
			if total += c.width; total > room {
				cells, cutRight = cells[:i], true
				break
			}
		}
	}
	return cells, cutLeft, cutRight
}

// around is how much of a line beside what is shown is searched for secrets that reach
// into it, in bytes.
const around = 1 << 10

// secrets returns the ranges of a line that are not to be shown.
func secrets(line []byte, low, high int) [][2]int {
	from, to := max(0, low-around), min(len(line), high+around)
	out := secret.Find(string(line[from:max(from, to)]))
	for i := range out {
		out[i][0] += from
		out[i][1] += from
	}
	return out
}

func cellOf(data []byte) (cell, int) {
	r, size := utf8.DecodeRune(data)
	text, _ := printable(string(data[:size]))
	switch {
	case text == "\t":
		return cell{text: text, width: tabCells}, size
	case strings.HasPrefix(text, `\`) && r != '\\':
		return cell{text: text, width: len(text)}, size
	default:
		return cell{text: text, width: runeWidth(r)}, size
	}
}

// runeWidth returns the cells that a graphic character takes on a terminal. Unicode
// leaves the width of some to the fonts of East Asia; elsewhere they are narrow.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), 0x1160 <= r && r <= 0x11ff: // also the Jamo that join others
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
