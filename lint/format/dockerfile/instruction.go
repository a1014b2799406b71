package dockerfile

import (
	"bytes"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// isInstruction reports whether name, in lower case, is an instruction.
func isInstruction(name string) bool {
	_, ok := command.Commands[name]
	return ok
}

// facts notes what an instruction says. trigger is true for that of an ONBUILD.
func (r *reader) facts(in *instruction, h head, trigger bool) {
	if h.name == command.From {
		if !trigger {
			r.from(in, h)
		}
		return
	}
	if h.name == command.Arg {
		for _, a := range r.args(in, h) {
			if r.stage != nil {
				r.note(a)
			} else if !r.began && !trigger {
				r.document.Globals = append(r.document.Globals, a)
			}
		}
		return
	}
	if r.stage == nil {
		return
	}
	switch h.name {
	case command.Env:
		r.env(in, h)
	case command.Run:
		r.run(in, h)
	case command.Copy, command.Add:
		r.copy(in, h)
	case command.Shell:
		if h.json == jsonStrings {
			words := []string{}
			for _, t := range in.strings(h.start, h.end) {
				words = append(words, t.String)
			}
			r.note(&facts.Shell{Words: words})
		}
	case command.Workdir:
		if h.start < h.end {
			r.note(&facts.Workdir{Path: in.slice(h.start, h.end)})
		}
	case command.Cmd, command.Entrypoint, command.Healthcheck:
		r.command(in, h)
	case command.Onbuild:
		if !trigger {
			r.stage.Triggers = append(r.stage.Triggers, in.all())
			r.facts(in, in.head(h.start, h.end, r.escape), true)
		}
	case command.Label, command.Maintainer, command.Expose, command.StopSignal, command.User, command.Volume:
		r.note(&facts.Label{Span: in.all()})
	}
}

func (r *reader) note(i facts.Instruction) {
	r.stage.Instructions = append(r.stage.Instructions, i)
}

// flag returns the value of the last flag of that name.
func (h head) flag(name string) (source.Text, bool) {
	for i := len(h.flags) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(h.flags[i].String, "--"+name+"="); ok {
			n := len(h.flags[i].String)
			return h.flags[i].Slice(n-len(value), n), true
		}
	}
	return source.Text{}, false
}

func (r *reader) from(in *instruction, h head) {
	r.began, r.stage = true, nil
	words := in.fields(h.start, h.end)
	if len(words) == 0 {
		return
	}
	s := &facts.Stage{
		Index: len(r.document.Stages),
		Base:  in.slice(words[0].start, words[0].end),
		Span:  in.all(),
	}
	s.Platform, s.HasPlatform = h.flag("platform")
	if len(words) == 3 && strings.EqualFold(in.text[words[1].start:words[1].end], "as") {
		s.Name = strings.ToLower(in.text[words[2].start:words[2].end])
		s.NameSpan = in.span(words[2].start, words[2].end)
	}
	r.stage = s
	switch n := len(r.document.Stages); {
	case n < maxStages:
		r.document.Stages = append(r.document.Stages, s)
	case !r.tooMany:
		r.tooMany = true
		r.problem(in.all(), "there are more than %d stages; from here on they are not read", maxStages)
	}
}

func (r *reader) args(in *instruction, h head) []*facts.Arg {
	var out []*facts.Arg
	for _, w := range in.words(h.start, h.end, r.escape) {
		a := &facts.Arg{Name: in.text[w.start:w.end], Span: in.span(w.start, w.end)}
		if i := strings.IndexByte(a.Name, '='); i >= 0 {
			a.Name, a.HasDefault = a.Name[:i], true
			a.Default = in.slice(w.start+i+1, w.end)
		}
		if a.Name != "" {
			out = append(out, a)
		}
	}
	return out
}

func (r *reader) env(in *instruction, h head) {
	words := in.words(h.start, h.end, r.escape)
	if len(words) == 0 {
		return
	}
	if !strings.Contains(in.text[words[0].start:words[0].end], "=") {
		// ENV name value: the value is the rest of the line.
		i := h.start
		for i < h.end && !isBlank(in.text[i]) {
			i++
		}
		name := in.text[h.start:i]
		for i < h.end && isBlank(in.text[i]) {
			i++
		}
		if i < h.end {
			r.note(&facts.Env{Name: name, Value: in.slice(i, h.end), Span: in.span(h.start, h.end)})
		}
		return
	}
	for _, w := range words {
		name, _, ok := strings.Cut(in.text[w.start:w.end], "=")
		if ok && name != "" {
			r.note(&facts.Env{Name: name, Value: in.slice(w.start+len(name)+1, w.end), Span: in.span(w.start, w.end)})
		}
	}
}

func (r *reader) run(in *instruction, h head) {
	run := &facts.Run{Span: in.all()}
	for _, flag := range h.flags {
		if from, ok := mountFrom(flag); ok {
			run.Froms = append(run.Froms, facts.From{Value: from, Role: facts.RoleMount})
		}
	}
	for _, doc := range in.heredocs {
		run.Heredocs = append(run.Heredocs, r.heredoc(doc))
	}
	switch {
	case h.json == jsonStrings:
		run.Words = in.strings(h.start, h.end)
	case h.start == h.end || h.json == jsonOther:
	case len(in.heredocs) > 0 && !isHeredoc(in.text[h.start:h.end]):
		b := source.NewBuilder(in.file)
		in.keep(b, h.start, h.end)
		for _, doc := range in.heredocs {
			r.reconstitute(b, doc)
		}
		run.Script = b.Text()
	case len(in.heredocs) == 0:
		run.Script = in.slice(h.start, h.end)
	}
	r.note(run)
}

// isHeredoc reports whether a word announces a here-document.
func isHeredoc(word string) bool {
	if !strings.Contains(word, "<<") {
		return false
	}
	found := false
	_ = guard(func() error {
		found = parser.MustParseHeredoc(word) != nil
		return nil
	})
	return found
}

// heredoc reads a here-document as a file.
func (r *reader) heredoc(doc heredoc) facts.Heredoc {
	b := source.NewBuilder(r.file)
	interpreter := ""
	for n := doc.first; n < doc.last; n++ {
		start, end := content(r.file, n)
		if doc.Chomp {
			start = end - len(bytes.TrimLeft(r.file.Data[start:end], "\t"))
		}
		if n == doc.first {
			if program, ok := bytes.CutPrefix(r.file.Data[start:end], []byte("#!")); ok {
				interpreter = string(bytes.TrimSpace(program))
			}
		}
		b.Keep(start, end)
		r.newline(b, n)
	}
	return facts.Heredoc{Name: doc.Name, Body: b.Text(), Expand: doc.Expand, Interpreter: interpreter}
}

// reconstitute appends a here-document as a shell reads it, with a newline before
// it and its end.
func (r *reader) reconstitute(b *source.Builder, doc heredoc) {
	for n := doc.first; n < doc.last; n++ {
		r.newline(b, n-1)
		b.Keep(content(r.file, n))
	}
	if doc.ended {
		r.newline(b, doc.last-1)
		_, end := content(r.file, doc.last)
		b.Keep(end-len(doc.Name), end)
	}
}

// newline appends the end of line n as one newline, if it has one.
func (r *reader) newline(b *source.Builder, n int) {
	_, start := content(r.file, n)
	end := start
	for end < len(r.file.Data) && r.file.Data[end] == '\r' {
		end++
	}
	switch {
	case end >= len(r.file.Data):
	case end == start:
		b.Keep(start, start+1)
	default:
		b.Replace("\n", start, end+1)
	}
}

// mountFrom returns the from= of a --mount flag.
func mountFrom(flag source.Text) (from source.Text, ok bool) {
	const prefix = "--mount="
	if !strings.HasPrefix(flag.String, prefix) {
		return source.Text{}, false
	}
	s := flag.String
	// The fields are those of a line of CSV.
	start, end := 0, 0
	for i := len(prefix); i <= len(s); i++ {
		at, stop := i, 0
		if i < len(s) && s[i] == '"' {
			at++
			for i++; i < len(s) && s[i] != '"'; i++ {
			}
			stop = i
		}
		for i < len(s) && s[i] != ',' {
			i++
		}
		if stop == 0 {
			stop = i
		}
		if key, value, found := strings.Cut(s[at:stop], "="); found && strings.EqualFold(key, "from") {
			start, end = stop-len(value), stop
		}
	}
	return flag.Slice(start, end), start < end
}

func (r *reader) copy(in *instruction, h head) {
	c := &facts.Copy{Span: in.all(), Add: h.name == command.Add}
	if from, ok := h.flag("from"); ok && from.String != "" && !c.Add {
		c.From = &facts.From{Value: from, Role: facts.RoleCopy}
	}
	var paths []source.Text
	switch h.json {
	case jsonStrings:
		paths = in.strings(h.start, h.end)
	case plain:
		for _, w := range in.fields(h.start, h.end) {
			paths = append(paths, in.slice(w.start, w.end))
		}
	}
	for i, path := range paths {
		switch {
		case i > 0 && i == len(paths)-1:
			c.Dest = path
		case !isHeredoc(path.String):
			c.Sources = append(c.Sources, path)
		}
	}
	r.note(c)
}

func (r *reader) command(in *instruction, h head) {
	c := &facts.Command{Span: in.all()}
	start := h.start
	if h.name == command.Healthcheck {
		// CMD and the command, or NONE.
		fields := in.fields(h.start, h.end)
		if len(fields) < 2 {
			r.note(c)
			return
		}
		start = fields[1].start
		h.json = plain
		if in.text[start] == '[' {
			h.json = formOf(in.text[start:h.end])
		}
	}
	switch {
	case h.json == jsonStrings:
		c.Words = in.strings(start, h.end)
	case h.json == plain && start < h.end:
		c.Script = in.slice(start, h.end)
	}
	r.note(c)
}
