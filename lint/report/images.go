package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
)

// ImageFormats returns, by name, the formats of the list of images.
func ImageFormats() map[string]Format {
	return map[string]Format{"text": imagesText, "json": imagesJSON, "markdown": imagesMarkdown}
}

// columns are the platforms that the table has a column for: those required
// anywhere.
func columns(r *lint.Result) arch.Set {
	var out arch.Set
	for _, p := range r.Platforms {
		out = out.Add(p)
	}
	for i := range r.Images {
		for _, p := range r.Images[i].Required {
			out = out.Add(p)
		}
	}
	return out
}

// has says in a word whether an image has a platform: "no" is an image that is
// needed for it.
func has(i *lint.Image, p arch.Platform) string {
	one := arch.Set{p}
	switch {
	case !i.Answer.Known, len(i.Answer.Covers) > 0 && len(i.Answer.Covers.Missing(one)) > 0:
		return "?"
	case len(i.Answer.Platforms.Missing(one)) == 0:
		return "yes"
	case len(i.Missing.Missing(one)) == 0:
		return "no"
	}
	return "-" // not there, and not needed
}

// from says where an answer comes from, or why there is none.
func from(a image.Answer) string {
	if !a.Known {
		return a.Detail
	}
	s := string(a.Provenance)
	if !a.AsOf.IsZero() && a.Provenance != image.FromRegistry {
		s += " of " + a.AsOf.UTC().Format(time.DateOnly)
	}
	if a.Guess {
		s += ", by the tags beside it"
	}
	for _, c := range a.Contradictions {
		s += fmt.Sprintf("; of the entry for %s %s", c.Platform, c.Evidence)
	}
	return s
}

// used names the first place where an image is used.
func used(i *lint.Image, o Options) string {
	if len(i.Uses) == 0 {
		return ""
	}
	at := placeOf(i.Uses[0])
	s := fmt.Sprintf("%s:%d", o.rel(at.path), at.line)
	if n := len(i.Uses) - 1; n > 0 {
		s += fmt.Sprintf(" (+%d)", n)
	}
	return s
}

// imagesCount sums up the list.
func imagesCount(r *lint.Result) string {
	have, missing, unknown := 0, 0, 0
	for i := range r.Images {
		switch {
		case !r.Images[i].Answer.Known:
			unknown++
		case len(r.Images[i].Missing) > 0:
			missing++
		default:
			have++
		}
	}
	does := "do"
	if missing == 1 {
		does = "does"
	}
	return fmt.Sprintf("%s: %d with the platforms needed, %d that %s not have them, %d unknown", plural(len(r.Images), "image"), have, missing, does, unknown)
}

// table is the list as rows of cells, the head first.
func table(r *lint.Result, o Options) [][]string {
	platforms := columns(r)
	head := []string{"image"}
	for _, p := range platforms {
		head = append(head, p.String())
	}
	rows := [][]string{append(head, "source", "used in")}
	for n := range r.Images {
		i := &r.Images[n]
		row := []string{Printable(i.Written)}
		for _, p := range platforms {
			row = append(row, has(i, p))
		}
		rows = append(rows, append(row, Printable(from(i.Answer)), Printable(used(i, o))))
	}
	return rows
}

func imagesText(w io.Writer, r *lint.Result, o Options) error {
	var b bytes.Buffer
	if len(r.Images) > 0 {
		alignTable(&b, table(r, o), map[string]string{"yes": "32", "no": "31", "?": "33"}, o.Color)
	}
	if !o.Quiet {
		if len(r.Images) > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(imagesCount(r) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func imagesMarkdown(w io.Writer, r *lint.Result, o Options) error {
	var b bytes.Buffer
	markdownTable(&b, table(r, o))
	b.WriteString("\n" + imagesCount(r) + "\n")
	_, err := w.Write(b.Bytes())
	return err
}

// alignTable writes rows of printable cells, the head first, in columns. Cells that have a
// colour are in it, if there are colours.
func alignTable(b *bytes.Buffer, rows [][]string, colors map[string]string, color bool) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, cell := range row {
			width[c] = max(width[c], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		for c, cell := range row {
			text := cell
			if n == 0 && !strings.Contains(cell, "/") { // no platform
				text = strings.ToUpper(cell)
			}
			padding := strings.Repeat(" ", width[c]-utf8.RuneCountInString(cell)+2)
			if c == len(row)-1 {
				padding = ""
			}
			if code := colors[cell]; code != "" && color {
				text = "\x1b[" + code + "m" + text + "\x1b[0m"
			}
			b.WriteString(text + padding)
		}
		b.WriteByte('\n')
	}
}

// markdownTable writes rows of cells, the head first, as a table of Markdown.
func markdownTable(b *bytes.Buffer, rows [][]string) {
	for n, row := range rows {
		b.WriteByte('|')
		for _, cell := range row {
			b.WriteString(" " + markdown(cell) + " |")
		}
		b.WriteByte('\n')
		if n == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
}

// The list of images in JSON. The keys are stable.
type (
	jsonImages struct {
		Version int         `json:"version"`
		Images  []jsonImage `json:"images"`
	}
	jsonImage struct {
		Reference string    `json:"reference"`
		Written   string    `json:"written"`
		Status    string    `json:"status"` // known or unknown
		Platforms []string  `json:"platforms"`
		Missing   []string  `json:"missing"`
		Source    string    `json:"source"`
		AsOf      string    `json:"asOf"` // RFC 3339, "" if it is not dated
		Digest    string    `json:"digest"`
		Reason    string    `json:"reason"`
		Detail    string    `json:"detail"`
		Uses      []jsonUse `json:"uses"`
	}
	jsonUse struct {
		Path   string `json:"path"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
	}
)

func imagesJSON(w io.Writer, r *lint.Result, o Options) error {
	out := jsonImages{Version: 1, Images: []jsonImage{}}
	for n := range r.Images {
		i := &r.Images[n]
		j := jsonImage{
			Reference: i.Reference, Written: i.Written, Status: "unknown",
			Platforms: []string{}, Missing: []string{}, Uses: []jsonUse{},
			Source: string(i.Answer.Provenance), Digest: i.Answer.Digest, Reason: string(i.Answer.Reason), Detail: i.Answer.Detail,
		}
		if i.Answer.Known {
			j.Status = "known"
			j.Platforms = append(j.Platforms, i.Answer.Platforms.Sorted().Strings()...)
			j.Missing = append(j.Missing, i.Missing.Strings()...)
		}
		if !i.Answer.AsOf.IsZero() {
			j.AsOf = i.Answer.AsOf.UTC().Format(time.RFC3339)
		}
		for _, use := range i.Uses {
			at := placeOf(use)
			j.Uses = append(j.Uses, jsonUse{Path: o.rel(at.path), Line: at.line, Column: at.column})
		}
		out.Images = append(out.Images, j)
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(escapeJSON(data), '\n'))
	return err
}
