package report

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

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
	var cells []cell
	sum := [3]int{} // widths before, in and behind the span
	for at := low; at < high; {
		c, size := cellOf(f.Data[at:end])
		if at >= last && (at > first || last > first) {
			c.in = 1
		} else if at < first {
			c.in = -1
		}
		sum[c.in+1] += c.width
		cells = append(cells, c)
		at += size
	}
	cutLeft, cutRight := low > start, high < end
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

// runeWidth returns the cells that a graphic character takes on a terminal.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), 0x1160 <= r && r <= 0x11ff: // also the Jamo that join others
		return 0
	}
	if i := sort.Search(len(wide), func(i int) bool { return wide[i][1] >= r }); i < len(wide) && wide[i][0] <= r {
		return 2
	}
	return 1
}

// wide are the characters of two cells, from and to: wide and fullwidth ones by
// Unicode's EastAsianWidth.txt, with what is unassigned among them.
var wide = [][2]rune{
	{0x1100, 0x115f},
	{0x231a, 0x231b},
	{0x2329, 0x232a},
	{0x23e9, 0x23ec},
	{0x23f0, 0x23f0},
	{0x23f3, 0x23f3},
	{0x25fd, 0x25fe},
	{0x2614, 0x2615},
	{0x2648, 0x2653},
	{0x267f, 0x267f},
	{0x2693, 0x2693},
	{0x26a1, 0x26a1},
	{0x26aa, 0x26ab},
	{0x26bd, 0x26be},
	{0x26c4, 0x26c5},
	{0x26ce, 0x26ce},
	{0x26d4, 0x26d4},
	{0x26ea, 0x26ea},
	{0x26f2, 0x26f3},
	{0x26f5, 0x26f5},
	{0x26fa, 0x26fa},
	{0x26fd, 0x26fd},
	{0x2705, 0x2705},
	{0x270a, 0x270b},
	{0x2728, 0x2728},
	{0x274c, 0x274c},
	{0x274e, 0x274e},
	{0x2753, 0x2755},
	{0x2757, 0x2757},
	{0x2795, 0x2797},
	{0x27b0, 0x27b0},
	{0x27bf, 0x27bf},
	{0x2b1b, 0x2b1c},
	{0x2b50, 0x2b50},
	{0x2b55, 0x2b55},
	{0x2e80, 0x303e},
	{0x3041, 0x4dbf},
	{0x4e00, 0xa4cf},
	{0xa960, 0xa97f},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe30, 0xfe6f},
	{0xff01, 0xff60},
	{0xffe0, 0xffe6},
	{0x1f300, 0x1f64f},
	{0x1f680, 0x1f6ff},
	{0x1f900, 0x1f9ff},
	{0x1fa70, 0x1faff},
	{0x20000, 0x3fffd},
}
