// Package lint is the engine and the public interface of archlint.
//
// [Run] takes files through the whole way: bytes become facts (by the front ends
// that are handed in), facts of all files become a project (lint/graph), images
// are looked up together, rules turn both into findings, and comments and
// settings filter them. It knows no file format, no rule and no report.
package lint

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/secret"
	"github.com/archlint/archlint/lint/source"
	"github.com/archlint/archlint/lint/suppress"
)

// Input is a file to lint.
type Input struct {
	Path string // relative to the repository root, with slashes
	Kind facts.Kind
	// Report is false for a file that is read for the sake of others only.
	Report bool
	// Named is true if the user named the file itself, so that it is of its kind.
	Named bool
}

// Options are what a run needs.
type Options struct {
	Inputs []Input
	// Read returns the content of a file.
	Read func(path string) ([]byte, error)
	// Parse is the front end of a kind.
	Parse func(kind facts.Kind, f *source.File) *facts.Document

	Rules []*Rule
	// Known are the names of all rules, also of those that are not run, for the
	// inline ignores.
	Known []string
	// Platforms are those required of a file.
	Platforms arch.Set
	// PlatformsFor returns the platforms of a file that has its own; may be nil.
	PlatformsFor func(path string) (arch.Set, bool)
	// Severity returns the severity that a rule has in a file, 0 for off, if the
	// user gave it one; may be nil.
	Severity func(rule, path string) (Severity, bool)

	Images   Images
	Download func(url string) (catalog.Download, bool)

	// Strict is true if what cannot be learnt is an error.
	Strict bool
	// IgnoreComments is false when archlint:ignore comments have no effect.
	IgnoreComments bool
	Now            time.Time
	Jobs           int // files read and parsed at a time; 0 is one for each processor

	// Problems are those met on the way to the inputs; they become part of the
	// result.
	Problems []Problem
}

// Run lints files. An error means that the run itself failed; what is wrong with
// single files is in the result.
func Run(ctx context.Context, o Options) (*Result, error) {
	documents, problems, err := parse(ctx, o)
	if err != nil {
		return nil, err
	}
	var known sync.Map // by path, for it is asked again and again
	required := func(path string) arch.Set {
		if o.PlatformsFor == nil {
			return o.Platforms
		}
		if set, ok := known.Load(path); ok {
			return set.(arch.Set)
		}
		set, ok := o.PlatformsFor(path)
		if !ok {
			set = o.Platforms
		}
		known.Store(path, set)
		return set
	}
	project := graph.Build(documents, graph.Options{Required: required, Download: o.Download})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("joining files: %w", err)
	}

	answers := map[string]image.Answer{}
	if o.Images != nil {
		asked := references(project)
		if len(asked) > maxImages {
			problems = append(problems, Problem{Path: ".", Message: fmt.Sprintf("the repository uses %d images; the platforms of %d of them are looked up, in alphabetical order", len(asked), maxImages)})
		}
		answers = o.Images.Resolve(ctx, asked[:min(len(asked), maxImages)])
		for _, reference := range asked[min(len(asked), maxImages):] {
			answers[reference] = image.Answer{Reason: image.Refused, Detail: fmt.Sprintf("more than %d images in one run", maxImages)}
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("looking up images: %w", err)
		}
	}

	report := reported(o)
	result := &Result{Platforms: o.Platforms, Problems: append(problems, o.Problems...), Images: images(project, answers, report)}
	for _, d := range documents {
		for _, p := range d.Problems {
			if at := p.Span.From(); report[d.File.Path] {
				result.Problems = append(result.Problems, Problem{Path: d.File.Path, Line: at.Line, Column: at.Column, Message: p.Message})
			}
		}
	}
	kept := map[string]bool{}
	for _, d := range documents {
		kept[d.File.Path] = d.Kind != facts.BuildScript
	}
	for _, in := range o.Inputs {
		if in.Report && (kept[in.Path] || !in.Kind.ByContent()) {
			result.Files++
		}
	}
	for _, d := range documents {
		if report[d.File.Path] && len(d.Stages)+len(d.Images)+len(d.Builds)+len(d.Pins)+len(d.Placements) > 0 {
			result.Documents = append(result.Documents, Document{Path: d.File.Path, Kind: string(d.Kind), Required: project.Required(d.File)})
		}
	}
	ignores := map[string]*suppress.Set{}
	if o.IgnoreComments {
		for _, d := range documents {
			if len(d.Comments) > 0 {
				ignores[d.File.Path] = suppress.New(d.Comments, o.Known, o.Now)
			}
		}
	}
	f := newFilter(o, documents, ignores)
	for _, rule := range o.Rules {
		if rule.Check == nil {
			continue
		}
		rule.Check(&Pass{Project: project, rule: rule, strict: o.Strict, answers: answers, report: f.add})
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("applying rules: %w", err)
		}
	}
	for _, l := range leftovers(o, documents, ignores) {
		f.keep(l)
	}
	result.Findings, result.Suppressed = f.kept, f.suppressed
	result.Problems = append(result.Problems, f.dropped()...)
	hide(result)
	arrange(result)
	return result, nil
}

// parse reads and parses the inputs, several at a time, and keeps their order.
func parse(ctx context.Context, o Options) ([]*facts.Document, []Problem, error) {
	inputs := append([]Input(nil), o.Inputs...)
	sort.Slice(inputs, func(i, j int) bool { return inputs[i].Path < inputs[j].Path })
	documents := make([]*facts.Document, len(inputs))
	failed := make([]*Problem, len(inputs))
	jobs := o.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for i, in := range inputs {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := o.Read(in.Path)
			if err != nil && in.Kind.ByContent() && !in.Named {
				return nil // nothing says that it is what it may be
			}
			if err != nil {
				failed[i] = &Problem{Path: in.Path, Line: 1, Column: 1, Message: unreadable(in.Path, err)}
				return nil
			}
			d := parseOne(o, in, data)
			if mistaken(d, in) {
				return nil
			}
			// What nobody asks for any more would only take memory.
			if !suppress.Any(d.Comments) {
				d.Comments = nil
			}
			if d.Empty() {
				d.File = source.New(in.Path, nil)
			}
			documents[i] = d
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, fmt.Errorf("reading files: %w", err)
	}
	var problems []Problem
	var out []*facts.Document
	for i, d := range documents {
		if failed[i] != nil && inputs[i].Report {
			problems = append(problems, *failed[i])
		}
		if d == nil {
			continue
		}
		out = append(out, d)
	}
	return out, problems, nil
}

// mistaken reports whether a file was taken for one of its kind by its name
// alone, as Dockerfile.rego may be.
func mistaken(d *facts.Document, in Input) bool {
	name := strings.ToLower(path.Base(in.Path))
	return d.Doubtful && !in.Named && name != "dockerfile" && name != "containerfile"
}

// unreadable is the message for a file that cannot be read; the path stands
// before it already.
func unreadable(path string, err error) string {
	message := err.Error()
	for _, prefix := range []string{"read " + path + ": ", path + ": ", path + " "} {
		message = strings.TrimPrefix(message, prefix)
	}
	return message
}

// parseOne parses one file. A front end that panics is a bug of archlint, but no
// reason to say nothing about the other files.
func parseOne(o Options, in Input, data []byte) (d *facts.Document) {
	f := source.New(in.Path, data)
	defer func() {
		if r := recover(); r != nil {
			d = &facts.Document{File: f, Kind: in.Kind, Problems: []facts.Problem{{Span: f.Span(0, 0), Message: fmt.Sprintf("archlint failed on this file (%v); please report it with the file", r)}}}
		}
	}()
	return o.Parse(in.Kind, f)
}

// references lists the images that a project needs, each once, in order: those that
// it names, and, for one whose name is of one architecture, that of all.
func references(p *graph.Project) []string {
	known := map[string]bool{}
	var out []string
	add := func(reference string) {
		if !known[reference] {
			known[reference] = true
			out = append(out, reference)
		}
	}
	for _, i := range p.Images {
		add(i.Reference)
		if name, ok := image.MultiPlatformName(i.Reference); ok {
			add(name)
		}
	}
	sort.Strings(out)
	return out
}

// images lists the images that the reported files use.
func images(p *graph.Project, answers map[string]image.Answer, report map[string]bool) []Image {
	byReference := map[string]*Image{}
	for _, use := range p.Images {
		if !report[use.Use.File.Path] {
			continue
		}
		reference := use.Reference
		if r, err := image.Parse(reference); err == nil {
			reference = r.String()
		}
		i := byReference[reference]
		if i == nil {
			i = &Image{Reference: reference, Written: use.Reference, Answer: answers[use.Reference]}
			byReference[reference] = i
		}
		for _, r := range p.Required(use.Use.File) {
			i.Required = i.Required.Add(r)
		}
		for _, m := range answers[use.Reference].Missing(use.Platforms) {
			i.Missing = i.Missing.Add(m)
		}
		i.Uses = append(i.Uses, use.Use)
	}
	var out []Image
	for _, i := range byReference {
		i.Required, i.Missing = i.Required.Sorted(), i.Missing.Sorted()
		sort.SliceStable(i.Uses, func(a, b int) bool { return i.Uses[a].Compare(i.Uses[b]) < 0 })
		out = append(out, *i)
	}
	sort.Slice(out, func(a, b int) bool { return out[a].Reference < out[b].Reference })
	return out
}

// The bounds on what a run has: a repository of a stranger is not to fill memory, logs
// and the patience of whoever reads them.
const (
	maxImages   = 10_000 // different references that are looked up
	maxFindings = 20_000 // of each severity, so that the less serious cannot displace the others
)

// filter applies the settings and the comments of the files to findings as they come.
type filter struct {
	options    Options
	documents  map[string]*facts.Document
	ignores    map[string]*suppress.Set
	report     map[string]bool
	seen       map[place]bool
	count      map[Severity]int
	blocks     map[string][]source.Span  // instructions, by path, in order
	severities map[[2]string]ownSeverity // that the settings give, by rule and path
	kept       []Finding
	suppressed int
}

type place struct {
	rule, path string
	start, end int
}

type ownSeverity struct {
	severity Severity
	ok       bool
}

func newFilter(o Options, documents []*facts.Document, ignores map[string]*suppress.Set) *filter {
	f := &filter{options: o, documents: map[string]*facts.Document{}, ignores: ignores, report: reported(o), seen: map[place]bool{}, count: map[Severity]int{}, blocks: map[string][]source.Span{}, severities: map[[2]string]ownSeverity{}}
	for _, d := range documents {
		f.documents[d.File.Path] = d
	}
	return f
}

// add takes a finding of a rule.
func (f *filter) add(finding Finding) {
	if finding.Span.IsZero() {
		return // a bug of the rule; a finding without a place helps nobody
	}
	path := finding.Span.File.Path
	at := place{finding.Rule, path, finding.Span.Start, finding.Span.End}
	if !f.report[path] || f.seen[at] {
		return
	}
	f.seen[at] = true
	if f.options.Severity != nil {
		key := [2]string{finding.Rule, path}
		set, asked := f.severities[key]
		if !asked {
			set.severity, set.ok = f.options.Severity(finding.Rule, path)
			f.severities[key] = set
		}
		if set.ok {
			if set.severity == 0 {
				f.suppressed++
				return
			}
			finding.Severity = set.severity
		}
	}
	if set := f.ignores[path]; set != nil {
		from, to := finding.Span.From().Line, finding.Span.To().Line
		if set.Match(finding.Rule, from, to, f.blockStart(finding.Span)) {
			f.suppressed++
			return
		}
	}
	f.keep(finding)
}

func (f *filter) keep(finding Finding) {
	if f.count[finding.Severity]++; f.count[finding.Severity] <= maxFindings {
		f.kept = append(f.kept, finding)
	}
}

// hide takes out of messages, which quote the code, what is better not seen in a log.
func hide(r *Result) {
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Message, f.Help = secret.Hide(f.Message), secret.Hide(f.Help)
		for n := range f.Related {
			f.Related[n].Message = secret.Hide(f.Related[n].Message)
		}
		if f.Fix != nil {
			f.Fix.Description = secret.Hide(f.Fix.Description)
		}
	}
	for i := range r.Problems {
		r.Problems[i].Message = secret.Hide(r.Problems[i].Message)
	}
}

// dropped says what was not kept.
func (f *filter) dropped() []Problem {
	var out []Problem
	for _, severity := range []Severity{Error, Warning, Info} {
		if n := f.count[severity]; n > maxFindings {
			out = append(out, Problem{Path: ".", Message: fmt.Sprintf("there are %d findings of severity %s; %d of them are reported", n, severity, maxFindings)})
		}
	}
	return out
}

// reported tells which files findings are reported of.
func reported(o Options) map[string]bool {
	report := map[string]bool{}
	for _, in := range o.Inputs {
		report[in.Path] = in.Report
	}
	return report
}

// UnusedIgnore is the rule about ignore comments that do not do what they seem to.
// The engine itself knows which those are.
const UnusedIgnore = "unused-ignore"

// leftovers reports the ignores that silence nothing, or nothing any more.
func leftovers(o Options, documents []*facts.Document, ignores map[string]*suppress.Set) []Finding {
	ran := map[string]bool{}
	for _, r := range o.Rules {
		ran[r.Name] = true
	}
	if !ran[UnusedIgnore] {
		return nil
	}
	report := reported(o)
	var out []Finding
	for _, d := range documents {
		set := ignores[d.File.Path]
		if set == nil || !report[d.File.Path] {
			continue
		}
		for _, l := range set.Leftovers(func(rule string) bool { return ran[rule] }) {
			severity := Warning
			if l.Reason == suppress.Unused {
				severity = Info
			}
			if o.Severity != nil {
				if own, ok := o.Severity(UnusedIgnore, d.File.Path); ok {
					severity = own
				}
			}
			if severity == 0 {
				continue
			}
			out = append(out, Finding{Rule: UnusedIgnore, Severity: severity, Span: l.Span, Message: l.Message})
		}
	}
	return out
}

// blockStart returns the first line of the instruction that a span is in, for a
// comment cannot stand in the middle of every instruction.
func (f *filter) blockStart(at source.Span) int {
	path := at.File.Path
	blocks, ok := f.blocks[path]
	if !ok {
		for _, s := range f.documents[path].Stages {
			blocks = append(blocks, s.Span)
			for _, in := range s.Instructions {
				blocks = append(blocks, facts.SpanOf(in))
			}
		}
		sort.SliceStable(blocks, func(i, j int) bool { return blocks[i].Start < blocks[j].Start })
		f.blocks[path] = blocks
	}
	after := sort.Search(len(blocks), func(i int) bool { return blocks[i].Start > at.Start })
	if after > 0 && blocks[after-1].Contains(at) {
		return blocks[after-1].From().Line
	}
	return at.From().Line
}

// arrange puts everything into its final order.
func arrange(r *Result) {
	sort.SliceStable(r.Findings, func(i, j int) bool {
		a, b := r.Findings[i], r.Findings[j]
		if c := a.Span.Compare(b.Span); c != 0 {
			return c < 0
		}
		return a.Rule < b.Rule
	})
	sort.SliceStable(r.Problems, func(i, j int) bool {
		a, b := r.Problems[i], r.Problems[j]
		if a.Path != b.Path {
			return a.Path < b.Path
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}
