package graph

import (
	"path"
	"sort"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// Selection is a place in a Dockerfile where one architecture is chosen although
// the image is required for others.
type Selection struct {
	Kind     shell.Kind
	Subject  string      // what reads the text: curl, apt-get, GOARCH, COPY
	Text     facts.Value // the text that selects, as it is on the first of Platforms
	Word     arch.Word   // the architecture in it; empty Text when none is written
	Span     source.Span // of the literal that fixes the architecture
	Uses     []source.Span
	Document *facts.Document
	// Family is what selections of the same thing have in common. Where a document
	// has one of a family right, the others are not reported.
	Family string
	// Stage is the name of the stage, "" when it has none.
	Stage string
	// Architecture is the one that is chosen.
	Architecture string
	// Platforms are the required platforms that get the wrong thing.
	Platforms arch.Set
	// Variable is the ARG, ENV or shell variable that the literal is the value
	// of, if it is not written where it is used.
	Variable *Variable
	// Maybe is true if the place is reached only when something holds that
	// cannot be decided.
	Maybe bool
	// Builder is true if the text is read on the machine that builds, and only
	// there: a tool of the build, not a part of the image.
	Builder bool
	// Download is what the catalogue knows of a fetched file.
	Download *catalog.Download
	// Declared is true if the stage has TARGETARCH.
	Declared bool
	// FromStage is true for a COPY from another stage or image.
	FromStage bool
	// Machine is the one on which the text is read.
	Machine Machine
	// Misnamed is, for a file that is chosen by the architecture, how the project
	// calls arm64 in place of what is written; "" if that is right or not known.
	Misnamed string
}

// Variable is a variable that is given a fixed text.
type Variable struct {
	Name string
	Kind string // ARG, ENV or variable
	Span source.Span
	// Bare is true if the text is the name of an architecture and nothing else.
	Bare bool
	// Automatic is true for an ARG that BuildKit would set if it had no default.
	Automatic bool
}

// seen is what one world says about one word.
type seen struct {
	kind    shell.Kind
	subject string
	values  shell.Values
	word    shell.Word
	stage   *stage
	maybe   bool
	output  shell.Values
	from    bool   // copied from a stage or image
	source  *stage // the stage it is copied from, if it is one
}

// family is what the same thing for another architecture has in common with a value.
// Of one that is nothing but an architecture it is who reads it.
func (s seen) family(v facts.Value) string {
	f := family(s.kind, subject(v))
	if f == family(s.kind, "amd64") {
		f += s.subject
	}
	return f
}

// selections finds the places of a Dockerfile that choose an architecture.
func (b *builder) selections(d *facts.Document, worlds []*world) []*Selection {
	variables := documentVariables(d, worlds)
	found := map[string]*Selection{}
	var order []*Selection
	for _, w := range worlds {
		all := w.uses()
		offered := map[string]bool{} // templates that this platform has its own file for
		for _, s := range all {
			for _, v := range s.values {
				for _, word := range words(s.kind, subject(v)) {
					// One repository that is read for the machine's architecture offers
					// nothing in place of another one.
					if literal, _ := v.Origins(word.Start, word.End); s.kind == shell.Repository && !literal {
						continue
					}
					if word.Architecture == w.platform.Architecture {
						offered[s.family(v)] = true
					}
				}
			}
		}
		for _, s := range all {
			for _, j := range b.judge(w, s) {
				if offered[s.family(j.text)] {
					continue
				}
				sel := w.selection(s, j.text, j.word, j.download, variables)
				key := string(rune(sel.Kind)) + position(sel.Span)
				if have, ok := found[key]; ok {
					have.Platforms = have.Platforms.Add(w.platform)
					have.Maybe = have.Maybe && sel.Maybe
					have.Builder = have.Builder && sel.Builder
					have.addUse(s.word.Span)
					continue
				}
				sel.Document, sel.Family = d, s.family(j.text)
				sel.Platforms = arch.Set{w.platform}
				if s.kind != shell.Repository {
					sel.addUse(s.word.Span)
				}
				found[key] = sel
				order = append(order, sel)
			}
		}
	}
	order = append(order, b.misnamed(d, worlds)...)
	sort.SliceStable(order, func(i, j int) bool { return order[i].Span.Compare(order[j].Span) < 0 })
	return dropRepeats(order)
}

// misnamed finds the files that are fetched for arm64 under a name that they do not
// have: tool_$(uname -m).tgz is there for x86_64, and for arm64 it is called
// tool_arm64.tgz. What the file for amd64 is called says of which file it is.
func (b *builder) misnamed(d *facts.Document, worlds []*world) []*Selection {
	var amd64, arm64 *world
	for _, w := range worlds {
		switch w.platform {
		case arch.LinuxAMD64:
			amd64 = w
		case arch.LinuxARM64:
			arm64 = w
		}
	}
	if amd64 == nil || arm64 == nil {
		return nil
	}
	there := map[source.Span]string{}
	for _, s := range amd64.uses() {
		if s.kind == shell.Fetch && len(s.values) == 1 {
			there[s.word.Span] = s.values[0].String()
		}
	}
	uses := arm64.uses()
	offered := map[string]bool{} // what is there under the right name, too
	for _, s := range uses {
		if s.kind != shell.Fetch {
			continue
		}
		for _, v := range s.values {
			text := v.String()
			found := words(s.kind, text)
			if len(found) == 0 {
				continue
			}
			if f, known := b.download(text); known && f.WordOnly && f.Architecture == "arm64" && found[0].Text == f.ARM64Word {
				offered[family(s.kind, text)] = true
			}
		}
	}
	var out []*Selection
	for _, s := range uses {
		if s.kind != shell.Fetch || s.maybe || len(s.values) != 1 || s.stage.machine != OnTarget && s.stage.machine != OnBuilder {
			continue
		}
		text := s.values[0].String()
		found := words(shell.Fetch, text)
		other := there[s.word.Span]
		if len(found) != 1 || found[0].Architecture != "arm64" || other == "" || other == text || offered[family(s.kind, text)] {
			continue
		}
		file, known := b.download(other)
		if !known || file.Architecture != "amd64" || !file.WordOnly || file.ARM64 != catalog.Yes || file.ARM64Word == found[0].Text {
			continue
		}
		// The two must differ in the architecture alone.
		if base := words(shell.Fetch, other); len(base) != 1 || base[0].Text != file.AMD64Word ||
			other[:base[0].Start] != text[:found[0].Start] || other[base[0].End:] != text[found[0].End:] {
			continue
		}
		_, declared := s.stage.args["TARGETARCH"]
		out = append(out, &Selection{
			Kind: shell.Fetch, Subject: s.subject, Text: s.values[0], Word: found[0], Span: s.word.Span, Document: d, Stage: s.stage.Name,
			Architecture: "arm64", Platforms: arch.Set{arch.LinuxARM64}, Download: &file, Declared: declared, Machine: s.stage.machine,
			Misnamed: file.ARM64Word, Maybe: file.Confidence != catalog.High && file.Since == "",
		})
	}
	return out
}

func (s *Selection) addUse(span source.Span) {
	if s.Span.Overlaps(span) {
		return
	}
	for _, have := range s.Uses {
		if have == span {
			return
		}
	}
	s.Uses = append(s.Uses, span)
}

// dropRepeats keeps one selection of those at the same literal.
func dropRepeats(list []*Selection) []*Selection {
	var out []*Selection
	for _, s := range list {
		if n := len(out); n > 0 && out[n-1].Span == s.Span {
			if s.Kind < out[n-1].Kind {
				s.Platforms = union(out[n-1].Platforms, s.Platforms)
				out[n-1] = s
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

func union(a, b arch.Set) arch.Set {
	for _, p := range b {
		a = a.Add(p)
	}
	return a
}

// uses lists everything in a world that may select an architecture. The stages must
// be activated.
func (w *world) uses() []seen {
	if w.used != nil {
		return w.used
	}
	out := []seen{}
	for _, s := range w.stages {
		if !s.active || s.windows {
			continue
		}
		for _, in := range s.Instructions {
			switch in := in.(type) {
			case *facts.Env:
				values := s.env[in.Name]
				if kind := shell.VariableKind(in.Name, values); kind != 0 && !w.foreign(s, in.Name) {
					out = append(out, seen{kind: kind, subject: in.Name, values: values, word: shell.Word{Values: values, Span: in.Value.All()}, stage: s})
				}
			case *facts.Arg:
				if !in.HasDefault {
					continue
				}
				values := s.args[in.Name]
				if kind := shell.VariableKind(in.Name, values); kind != 0 && !w.foreign(s, in.Name) {
					out = append(out, seen{kind: kind, subject: in.Name, values: values, word: shell.Word{Values: values, Span: in.Default.All()}, stage: s})
				}
			}
		}
		for _, c := range s.commands {
			for _, u := range shell.Uses(c) {
				out = append(out, seen{kind: u.Kind, subject: u.Subject, values: u.Word.Values, word: u.Word, stage: s, maybe: u.Maybe, output: u.Output})
			}
		}
		for _, u := range s.picked {
			out = append(out, seen{kind: u.Kind, subject: u.Subject, values: u.Word.Values, word: u.Word, stage: s, maybe: u.Maybe})
		}
		for _, c := range s.copies {
			for _, src := range c.sources {
				kind, subject := shell.Path, "COPY"
				if c.Add {
					subject = "ADD"
				}
				if text := src.Values; len(text) > 0 && strings.Contains(text[0].String(), "://") {
					kind = shell.Fetch
				}
				out = append(out, seen{kind: kind, subject: subject, values: src.Values, word: src, stage: s, output: c.dest, from: c.From != nil, source: c.from})
			}
		}
	}
	w.used = out
	return out
}

// foreign reports whether GOARCH goes with another GOOS than Linux.
func (w *world) foreign(s *stage, name string) bool {
	if name != "GOARCH" {
		return false
	}
	for _, scope := range []map[string]shell.Values{s.env, s.args} {
		if v, ok := scope["GOOS"]; ok {
			text, known := v.Single()
			return !known || text != "linux"
		}
	}
	return false
}

// judgement is a value that selects something wrong.
type judgement struct {
	text     facts.Value
	word     arch.Word
	download *catalog.Download
}

// judge decides whether a word selects something wrong on the platform of the
// world: if it does so whatever is not known. It returns all the wrong values.
func (b *builder) judge(w *world, s seen) []judgement {
	var out []judgement
	for _, v := range s.values {
		word, download, bad := b.wrong(w, s, v)
		if !bad {
			return nil
		}
		out = append(out, judgement{v, word, download})
	}
	return out
}

// subject is the text in which architectures are looked for: the value's, or,
// where nothing of it is known, the name of the variable that it was read from.
func subject(v facts.Value) string {
	if v.Unknown() && len(v.Parts) == 1 && v.Parts[0].Name != "" {
		return v.Parts[0].Name
	}
	return v.String()
}

func (b *builder) wrong(w *world, s seen, v facts.Value) (arch.Word, *catalog.Download, bool) {
	text := v.String()
	if s.kind == shell.Fetch {
		for _, ending := range checksum {
			if strings.HasSuffix(text, ending) {
				return arch.Word{}, nil, false
			}
		}
	}
	if s.kind == shell.Path && !shell.IsSystemPath(v) && s.subject != "COPY" && s.subject != "ADD" {
		return arch.Word{}, nil, false
	}
	named := v.Unknown() && s.kind == shell.Fetch // known by its name at most
	if named {
		text = subject(v)
	}
	found := words(s.kind, text)
	if len(found) == 0 && named {
		return arch.Word{}, nil, false
	}
	if len(found) == 0 {
		if s.kind != shell.Fetch {
			return arch.Word{}, nil, false
		}
		d, ok := b.download(text)
		if !ok || d.Universal || d.Architecture == "" || d.Architecture == w.platform.Architecture {
			return arch.Word{}, nil, false
		}
		return arch.Word{Architecture: d.Architecture, Start: strings.LastIndexByte(text, '/') + 1, End: len(text)}, &d, true
	}
	chosen := arch.Word{}
	for _, word := range found {
		switch word.OS {
		case "", "linux":
		default:
			return arch.Word{}, nil, false
		}
		have := arch.Platform{OS: "linux", Architecture: word.Architecture}
		if w.platform.Runs(have) || word.Architecture == w.platform.Architecture || w.platform.Architecture == "amd64" && word.Architecture == "386" || w.platform.Architecture == "arm64" && word.Architecture == "arm" {
			return arch.Word{}, nil, false
		}
		if literal, machine := v.Origins(word.Start, word.End); machine && !literal && !named {
			return arch.Word{}, nil, false
		}
		chosen = word
	}
	if s.stage.machine == OnFixed && s.stage.fixed.Architecture == chosen.Architecture && !s.stage.result && (s.kind != shell.Target || !s.stage.copied) {
		return arch.Word{}, nil, false // the pin is what is wrong
	}
	if s.stage.machine == OnUnknown {
		return arch.Word{}, nil, false
	}
	if s.kind == shell.Path && (chosen.Architecture == "arm" || chosen.Architecture == "386" ||
		s.source != nil && s.source.machine == OnFixed && s.source.fixed.Architecture == chosen.Architecture) {
		return arch.Word{}, nil, false // a tool for another machine; the stage that it is from is pinned
	}
	if (s.kind == shell.Package || s.kind == shell.Repository) && w.added(s.stage, chosen.Architecture) {
		return arch.Word{}, nil, false
	}
	if s.kind == shell.Fetch && !named {
		if d, ok := b.download(text); ok {
			return chosen, &d, true
		}
	}
	return chosen, nil, true
}

// added reports whether a stage made an architecture a foreign one of its own
// (dpkg --add-architecture), as a cross build does.
func (w *world) added(s *stage, architecture string) bool {
	for ; s != nil; s = s.parent {
		for _, c := range s.commands {
			if c.Name() != "dpkg" || len(c.Words) < 3 {
				continue
			}
			if flag, _ := c.Words[1].Text(); flag != "--add-architecture" {
				continue
			}
			name, ok := c.Words[2].Text()
			if !ok || arch.Name(name) == architecture {
				return true
			}
		}
	}
	return false
}

func position(s source.Span) string {
	if s.File == nil {
		return ""
	}
	return s.File.Path + ":" + itoa(s.Start) + ":" + itoa(s.End)
}

func (w *world) selection(s seen, text facts.Value, word arch.Word, download *catalog.Download, variables []*Variable) *Selection {
	sel := &Selection{
		Kind: s.kind, Subject: s.subject, Text: text, Word: word, Architecture: word.Architecture,
		Stage: s.stage.Name, Maybe: s.maybe, Download: download,
	}
	sel.Span = text.Span(word.Start, word.End)
	if v := subject(text); v != text.String() && !text.Parts[0].NameAt.IsZero() {
		at := text.Parts[0].NameAt
		sel.Span = at.File.Span(at.Start+word.Start, at.Start+word.End)
		sel.Text = facts.Text(v)
		sel.Maybe = true
	}
	if sel.Span.IsZero() {
		sel.Span = s.word.Span
	}
	// What stands in a branch that a fixed text has chosen is not what is wrong.
	for i := len(s.stage.decisions) - 1; i >= 0; i-- {
		if d := s.stage.decisions[i]; d.Branch.Contains(sel.Span) {
			sel.Span = d.By
			sel.Word.Text = d.By.Text()
		}
	}
	for _, v := range variables {
		if v.Span.Contains(sel.Span) && !v.Span.Overlaps(s.word.Span) {
			sel.Variable = v
		}
	}
	if s.stage.machine == OnBuilder && s.kind != shell.Target {
		sel.Builder = !w.delivered(s)
	}
	if s.stage.machine == OnFixed {
		sel.Maybe = true // the pin is wrong first
	}

	if !s.stage.result && !s.stage.copied && s.kind == shell.Target {
		sel.Maybe = true
	}
	sel.FromStage, sel.Machine = s.from, s.stage.machine
	_, sel.Declared = s.stage.args["TARGETARCH"]
	return sel
}

// delivered reports whether a file fetched in a stage is copied out of it, by
// name or with the folder that it is in, into something that is active.
func (w *world) delivered(s seen) bool {
	name, ok := s.output.Single()
	if !ok || s.kind != shell.Fetch {
		return false
	}
	for _, other := range w.stages {
		if !other.active {
			continue
		}
		for _, c := range other.copies {
			if c.from != s.stage {
				continue
			}
			for _, src := range c.sources {
				text, known := src.Values.Single()
				if !known {
					continue
				}
				text = strings.TrimSuffix(text, "/")
				if path.Clean("/"+text) == path.Clean("/"+name) || strings.HasPrefix(path.Clean("/"+name), path.Clean("/"+text)+"/") {
					return true
				}
			}
		}
	}
	return false
}

// automaticArguments are those that BuildKit sets by itself.
var automaticArguments = map[string]bool{
	"TARGETPLATFORM": true, "TARGETOS": true, "TARGETARCH": true, "TARGETVARIANT": true,
	"BUILDPLATFORM": true, "BUILDOS": true, "BUILDARCH": true, "BUILDVARIANT": true,
}

// documentVariables lists the variables of a Dockerfile that are given a text.
func documentVariables(d *facts.Document, worlds []*world) []*Variable {
	var out []*Variable
	argument := func(a *facts.Arg) {
		if a.HasDefault {
			out = append(out, &Variable{Name: a.Name, Kind: "ARG", Span: a.Default.All(), Bare: bare(a.Default.String), Automatic: automaticArguments[a.Name]})
		}
	}
	for _, a := range d.Globals {
		argument(a)
	}
	for _, s := range d.Stages {
		for _, in := range s.Instructions {
			switch in := in.(type) {
			case *facts.Arg:
				argument(in)
			case *facts.Env:
				out = append(out, &Variable{Name: in.Name, Kind: "ENV", Span: in.Value.All(), Bare: bare(in.Value.String)})
			}
		}
	}
	known := map[source.Span]bool{}
	for _, w := range worlds {
		for _, s := range w.stages {
			for _, c := range s.commands {
				for _, a := range c.Assigns {
					if known[a.Word.Span] || a.Word.Span.IsZero() {
						continue
					}
					known[a.Word.Span] = true
					out = append(out, &Variable{Name: a.Name, Kind: "variable", Span: a.Word.Span, Bare: bare(a.Word.Span.Text())})
				}
			}
		}
	}
	return out
}
