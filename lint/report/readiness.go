package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
)

// ReadinessFormats returns, by name, the formats of the overview of a repository: what is
// ready for which platform, and what is in the way of the rest.
func ReadinessFormats() map[string]Format {
	return map[string]Format{"text": readinessText, "json": readinessJSON, "markdown": readinessMarkdown, "html": HTML}
}

// state is how far a file is for a platform.
type state string

// The states, from the best to the worst.
const (
	notRequired state = "-"
	ready       state = "ready"
	unknown     state = "unknown" // it uses an image of which nothing could be learnt
	inDoubt     state = "doubt"   // there are warnings
	blocked     state = "blocked" // there are errors
)

// readiness is how far the files of a repository are.
type readiness struct {
	Platforms arch.Set // those required of any file
	Files     []fileReadiness
	Rules     []ruleReadiness // by the number of files in whose way they are
}

// fileReadiness is how far a file is.
type fileReadiness struct {
	Path, Kind string
	States     []state // one for each platform
	Rules      []ruleReadiness
	Fixable    int // findings with a fix
}

// ruleReadiness is what a rule finds.
type ruleReadiness struct {
	Rule                     string
	Findings, Files, Fixable int
}

// judge takes the overview out of the findings. Advice is in nobody's way, nor are ignores
// that have no effect.
func judge(r *lint.Result) readiness {
	var out readiness
	for _, d := range r.Documents {
		for _, p := range d.Required {
			out.Platforms = out.Platforms.Add(p)
		}
	}
	out.Platforms = out.Platforms.Sorted()
	index := map[string]int{}
	for _, d := range r.Documents {
		f := fileReadiness{Path: d.Path, Kind: d.Kind}
		for _, p := range out.Platforms {
			s := notRequired
			if len(d.Required.Missing(arch.Set{p})) == 0 {
				s = ready
			}
			f.States = append(f.States, s)
		}
		index[d.Path] = len(out.Files)
		out.Files = append(out.Files, f)
	}
	// worse makes the state of a file worse for the platforms, or for all if there are none.
	worse := func(path string, platforms arch.Set, s state) *fileReadiness {
		i, ok := index[path]
		if !ok {
			return nil
		}
		f := &out.Files[i]
		for n, p := range out.Platforms {
			if f.States[n] != notRequired && (len(platforms) == 0 || len(platforms.Missing(arch.Set{p})) == 0) && rank(s) > rank(f.States[n]) {
				f.States[n] = s
			}
		}
		return f
	}
	for i := range r.Images {
		image := &r.Images[i]
		if image.Answer.Known {
			continue
		}
		for _, use := range image.Uses {
			worse(use.File.Path, nil, unknown)
		}
	}
	rules := map[string]*ruleReadiness{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity == lint.Info || f.Rule == lint.UnusedIgnore {
			continue
		}
		s := inDoubt
		if f.Severity == lint.Error {
			s = blocked
		}
		file := worse(placeOf(f.Span).path, f.Platforms, s)
		if file == nil {
			continue
		}
		total := rules[f.Rule]
		if total == nil {
			total = &ruleReadiness{Rule: f.Rule}
			rules[f.Rule] = total
		}
		at := slices.IndexFunc(file.Rules, func(r ruleReadiness) bool { return r.Rule == f.Rule })
		if at < 0 {
			at = len(file.Rules)
			file.Rules = append(file.Rules, ruleReadiness{Rule: f.Rule, Files: 1})
			total.Files++
		}
		total.Findings++
		file.Rules[at].Findings++
		if f.Fix != nil {
			total.Fixable++
			file.Rules[at].Fixable++
			file.Fixable++
		}
	}
	for _, total := range rules {
		out.Rules = append(out.Rules, *total)
	}
	slices.SortFunc(out.Rules, func(a, b ruleReadiness) int {
		if a.Files != b.Files {
			return b.Files - a.Files
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return out
}

func rank(s state) int {
	return slices.Index([]state{notRequired, ready, unknown, inDoubt, blocked}, s)
}

// held reports whether there is a platform that the file is not ready for.
func (f *fileReadiness) held() bool {
	return slices.ContainsFunc(f.States, func(s state) bool { return rank(s) > rank(ready) })
}

// reasons says in words what is in a file's way.
func (f *fileReadiness) reasons() string {
	var parts []string
	for _, r := range f.Rules {
		s := Printable(r.Rule)
		if r.Findings > 1 {
			s += fmt.Sprintf(" (%d)", r.Findings)
		}
		parts = append(parts, s)
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case f.held():
		return "images of which nothing could be learnt"
	}
	return ""
}

// count is the number of files in each state for a platform, and of those that it is
// required of.
func (o *readiness) count(platform int) (files map[state]int, required int) {
	files = map[state]int{}
	for _, f := range o.Files {
		files[f.States[platform]]++
	}
	return files, len(o.Files) - files[notRequired]
}

// totals says for each platform how many files are ready.
func (o *readiness) totals() []string {
	var lines []string
	for n, p := range o.Platforms {
		files, required := o.count(n)
		if required == 0 {
			continue
		}
		line := fmt.Sprintf("%s: %d of %s ready (%d %%)", p, files[ready], plural(required, "file"), 100*files[ready]/required)
		for _, rest := range []struct {
			state state
			words string
		}{{blocked, "blocked"}, {inDoubt, "with warnings"}, {unknown, "with unknown images"}} {
			if files[rest.state] > 0 {
				line += fmt.Sprintf(", %d %s", files[rest.state], rest.words)
			}
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		lines = append(lines, "no files that say what an image is built from, built for or run on")
	}
	return lines
}

// inTheWay says of each rule how much of it there is.
func (o *readiness) inTheWay() []string {
	var lines []string
	for _, r := range o.Rules {
		line := fmt.Sprintf("%s: %s in %s", Printable(r.Rule), plural(r.Findings, "finding"), plural(r.Files, "file"))
		if r.Fixable > 0 {
			line += fmt.Sprintf(", %d with a fix", r.Fixable)
		}
		lines = append(lines, line)
	}
	return lines
}

// table is the list of the files that are not ready, as rows of cells, the head first.
func (o *readiness) table(opts Options) [][]string {
	head := []string{"file", "kind"}
	for _, p := range o.Platforms {
		head = append(head, p.String())
	}
	rows := [][]string{append(head, "in the way")}
	for i := range o.Files {
		f := &o.Files[i]
		if !f.held() {
			continue
		}
		row := []string{Printable(opts.rel(f.Path)), f.Kind}
		for _, s := range f.States {
			row = append(row, string(s))
		}
		rows = append(rows, append(row, f.reasons()))
	}
	return rows
}

var stateColors = map[string]string{string(ready): "32", string(blocked): "31", string(inDoubt): "33", string(unknown): "33"}

func readinessText(w io.Writer, r *lint.Result, o Options) error {
	var b bytes.Buffer
	overview := judge(r)
	for _, line := range overview.totals() {
		b.WriteString(line + "\n")
	}
	if rows := overview.table(o); len(rows) > 1 {
		b.WriteByte('\n')
		alignTable(&b, rows, stateColors, o.Color)
	}
	if lines := overview.inTheWay(); len(lines) > 0 && !o.Quiet {
		b.WriteByte('\n')
		for _, line := range lines {
			b.WriteString(line + "\n")
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func readinessMarkdown(w io.Writer, r *lint.Result, o Options) error {
	var b bytes.Buffer
	overview := judge(r)
	for _, line := range overview.totals() {
		b.WriteString("- " + markdown(line) + "\n")
	}
	if rows := overview.table(o); len(rows) > 1 {
		b.WriteByte('\n')
		markdownTable(&b, rows)
	}
	if lines := overview.inTheWay(); len(lines) > 0 {
		b.WriteByte('\n')
		for _, line := range lines {
			b.WriteString("- " + markdown(line) + "\n")
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// The overview in JSON. The keys are stable.
type (
	jsonReadiness struct {
		Version   int                     `json:"version"`
		Platforms []jsonReadinessPlatform `json:"platforms"`
		Files     []jsonReadinessFile     `json:"files"`
		Rules     []jsonReadinessRule     `json:"rules"`
	}
	jsonReadinessPlatform struct {
		Platform string `json:"platform"`
		Required int    `json:"required"` // files
		Ready    int    `json:"ready"`
		Blocked  int    `json:"blocked"`
		Doubt    int    `json:"doubt"`
		Unknown  int    `json:"unknown"`
	}
	jsonReadinessFile struct {
		Path    string              `json:"path"`
		Kind    string              `json:"kind"`
		States  map[string]state    `json:"states"` // by platform: ready, blocked, doubt or unknown
		Rules   []jsonReadinessRule `json:"rules"`
		Fixable int                 `json:"fixable"`
	}
	jsonReadinessRule struct {
		Rule     string `json:"rule"`
		Findings int    `json:"findings"`
		Files    int    `json:"files"`
		Fixable  int    `json:"fixable"`
	}
)

func readinessJSON(w io.Writer, r *lint.Result, o Options) error {
	overview := judge(r)
	rules := func(list []ruleReadiness) []jsonReadinessRule {
		out := make([]jsonReadinessRule, 0, len(list))
		for _, r := range list {
			out = append(out, jsonReadinessRule(r))
		}
		return out
	}
	out := jsonReadiness{Version: 1, Platforms: []jsonReadinessPlatform{}, Files: []jsonReadinessFile{}, Rules: rules(overview.Rules)}
	for n, p := range overview.Platforms {
		files, required := overview.count(n)
		out.Platforms = append(out.Platforms, jsonReadinessPlatform{
			Platform: p.String(), Required: required, Ready: files[ready], Blocked: files[blocked], Doubt: files[inDoubt], Unknown: files[unknown],
		})
	}
	for _, f := range overview.Files {
		states := map[string]state{}
		for n, p := range overview.Platforms {
			if f.States[n] != notRequired {
				states[p.String()] = f.States[n]
			}
		}
		out.Files = append(out.Files, jsonReadinessFile{Path: o.rel(f.Path), Kind: f.Kind, States: states, Rules: rules(f.Rules), Fixable: f.Fixable})
	}
	return writeJSON(w, out, "  ")
}
