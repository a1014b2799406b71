package report

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"sync"

	"github.com/archlint/archlint/lint"
)

//go:embed page.html
var pageSource string

// pageTemplate is parsed when it is first written. The package html/template escapes what is
// put into it for the place where it stands.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageSource))
})

// HTML writes one page for people who do not read a log: how far the repository is for
// each platform, what is in the way, and the findings file by file. It has everything in
// itself, no scripts, and loads nothing, so that it also shows where a server that keeps
// the files of a build allows little.
//
// Paths are relative to the root of the repository.
func HTML(w io.Writer, r *lint.Result, o Options) error {
	return pageTemplate().Execute(w, pageOf(r, o))
}

// The page as the template knows it.
type (
	htmlPage struct {
		Version, Required, Summary string
		Platforms                  []htmlPlatform
		Columns                    []string
		Held                       []htmlRow
		Rules                      []htmlRule
		Images                     [][]string
		Files                      []htmlFile
		Problems                   []htmlProblem
	}
	htmlPlatform struct {
		Name                                      string
		Ready, Blocked, Doubt, Unknown, Of, Share int
	}
	htmlRow struct {
		Path, Kind, Reasons, Anchor string
		States                      []state
	}
	htmlRule struct {
		Name, URL                string
		Findings, Files, Fixable int
	}
	htmlFile struct {
		Path, Anchor string
		Findings     []htmlFinding
	}
	htmlFinding struct {
		Line, Column           int
		Severity, Rule, URL    string
		Message, Help, Fix     string
		Before, Marked, Behind string
		Platforms              string
		Notes                  []htmlProblem
	}
	htmlProblem struct {
		Place, Message string
	}
)

func pageOf(r *lint.Result, o Options) htmlPage {
	overview := judge(r)
	out := htmlPage{Version: Printable(o.Version), Required: r.Platforms.String(), Summary: Printable(summary(r))}
	for n, p := range overview.Platforms {
		out.Columns = append(out.Columns, p.String())
		files, required := overview.count(n)
		if required == 0 {
			continue
		}
		out.Platforms = append(out.Platforms, htmlPlatform{
			Name: p.String(), Of: required, Share: 100 * files[ready] / required,
			Ready: files[ready], Blocked: files[blocked], Doubt: files[inDoubt], Unknown: files[unknown],
		})
	}
	anchors := map[string]string{}
	for i := range r.Findings {
		f := &r.Findings[i]
		path := placeOf(f.Span).path
		if anchors[path] == "" {
			anchors[path] = "file-" + strconv.Itoa(len(out.Files)+1)
			shown := Printable(path)
			if path == "" {
				shown = "In no file"
			}
			out.Files = append(out.Files, htmlFile{Path: shown, Anchor: anchors[path]})
		}
		last := &out.Files[len(out.Files)-1]
		last.Findings = append(last.Findings, htmlFindingOf(f))
	}
	for i := range overview.Files {
		if f := &overview.Files[i]; f.held() {
			out.Held = append(out.Held, htmlRow{Path: Printable(f.Path), Kind: f.Kind, Reasons: f.reasons(), Anchor: anchors[f.Path], States: f.States})
		}
	}
	for _, rule := range overview.Rules {
		out.Rules = append(out.Rules, htmlRule{Printable(rule.Rule), ruleURL(rule.Rule), rule.Findings, rule.Files, rule.Fixable})
	}
	if len(r.Images) > 0 {
		out.Images = table(r, Options{})
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, htmlProblem{Printable(pathLine(p.Path, p.Line)), Printable(p.Message)})
	}
	return out
}

func htmlFindingOf(f *lint.Finding) htmlFinding {
	place := placeOf(f.Span)
	out := htmlFinding{
		Line: place.line, Column: place.column, Severity: f.Severity.String(), Rule: Printable(f.Rule), URL: ruleURL(f.Rule),
		Message: Printable(f.Message), Help: Printable(f.Help), Platforms: f.Platforms.String(),
	}
	if !f.Span.IsZero() {
		out.Before, out.Marked, out.Behind = parts(f.Span, DefaultWidth)
	}
	switch {
	case f.Fix == nil:
	case f.Fix.Safe:
		out.Fix = "archlint --fix does it"
	default:
		out.Fix = "archlint --unsafe-fixes does it, to be looked at"
	}
	for _, related := range f.Related {
		note := htmlProblem{Message: Printable(related.Message)}
		if !related.Span.IsZero() {
			place := placeOf(related.Span)
			note.Place = Printable(pathLine(place.path, place.line))
		}
		out.Notes = append(out.Notes, note)
	}
	return out
}
