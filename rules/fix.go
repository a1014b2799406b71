package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// Bounds on the search for what goes with a fix.
const (
	maxFixed    = 200       // selections of a document; people write less
	maxFollowed = 256 << 10 // bytes of a stage
)

// place is where in a Dockerfile a literal stands.
type place struct {
	stage *facts.Stage
	in    facts.Instruction
	// script is the shell text that the literal is in, zero for other instructions.
	script source.Text
	// expands is true if a variable in its place would be expanded.
	expands bool
}

// locate finds the instruction of a stage that a literal is in; false for one that
// stands before the first FROM or where nothing is understood.
func locate(d *facts.Document, at source.Span) (place, bool) {
	var p place
	for _, s := range d.Stages {
		if s.Span.File == at.File && s.Span.Start <= at.Start {
			p.stage = s
		}
	}
	if p.stage == nil {
		return p, false
	}
	if triggered(p.stage, at) {
		return p, false // what it could use would have to be declared in a later build
	}
	for _, in := range p.stage.Instructions {
		switch in := in.(type) {
		case *facts.Run:
			if !in.Span.Contains(at) {
				continue
			}
			scripts := []source.Text{in.Script}
			for _, h := range in.Heredocs {
				if in.Script.String == "" && h.Interpreter == "" {
					scripts = append(scripts, h.Body)
				}
			}
			for _, script := range scripts {
				if script.String != "" && script.All().Contains(at) {
					p.in, p.script, p.expands = in, script, shell.Expands(script, at)
					return p, true
				}
			}
			return p, false
		case *facts.Env:
			if in.Span.Contains(at) {
				p.in, p.expands = in, in.Value.All().Contains(at) && !singleQuoted(in.Span, at)
				return p, true
			}
		case *facts.Arg:
			if in.Span.Contains(at) {
				p.in, p.expands = in, in.HasDefault && in.Default.All().Contains(at) && !singleQuoted(in.Span, at)
				return p, true
			}
		case *facts.Copy:
			if in.Span.Contains(at) {
				// The content of a file in a here-document is not for this build alone, and
				// flags know no variables.
				operand := in.Dest.All().Contains(at) || slices.ContainsFunc(in.Sources, func(s source.Text) bool { return s.All().Contains(at) })
				p.in, p.expands = in, operand && !singleQuoted(in.Span, at)
				return p, true
			}
		}
	}
	return p, false
}

// triggered reports whether a place is in an ONBUILD instruction.
func triggered(s *facts.Stage, at source.Span) bool {
	return slices.ContainsFunc(s.Triggers, func(t source.Span) bool { return t.Contains(at) })
}

// singleQuoted reports whether a part of an instruction stands within single quotes.
func singleQuoted(in, at source.Span) bool {
	quote := byte(0)
	text := in.Text()
	for i := 0; i < at.Start-in.Start; i++ {
		switch c := text[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote == '\''
}

// declareArgument returns the edits that make an automatic argument known at a
// place: none if it is, false if that cannot be done.
func declareArgument(p place, name string, at source.Span) ([]lint.Edit, bool) {
	for _, in := range p.stage.Instructions {
		a, ok := in.(*facts.Arg)
		if !ok && assigns(facts.SpanOf(in).Text(), name) {
			return nil, false // ENV or the script gives it another value
		}
		if !ok || a.Name != name || triggered(p.stage, a.Span) {
			continue
		}
		if a.HasDefault {
			return nil, false // its value is that of the default
		}
		if a.Span.Start < at.Start {
			return nil, true
		}
	}
	return insertArgument(p.stage, name)
}

// assigns reports whether an instruction may set a variable by itself.
func assigns(instruction, name string) bool {
	for rest := instruction; ; {
		before, after, ok := strings.Cut(rest, name)
		switch {
		case !ok:
			return false
		case strings.HasPrefix(after, "=") && (before == "" || !wordByte(before[len(before)-1])):
			return true
		}
		rest = after
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// insertArgument adds an ARG below the FROM of a stage.
func insertArgument(s *facts.Stage, name string) ([]lint.Edit, bool) {
	f := s.Span.File
	_, end := f.LineRange(f.LineAt(s.Span.Start))
	line := strings.TrimRight(f.Line(f.LineAt(s.Span.Start)), " \t\r\n")
	next := end
	for next < len(f.Data) && (f.Data[next] == '\r' || f.Data[next] == '\n') {
		next++
		if f.Data[next-1] == '\n' {
			break
		}
	}
	if strings.HasSuffix(line, `\`) || strings.HasSuffix(line, "`") || next == end {
		return nil, false // the instruction goes on, or the file ends
	}
	return []lint.Edit{{Span: f.Span(next, next), Text: "ARG " + name + "\n"}}, true
}

var (
	checksums = regexp.MustCompile(`(?i)(sha[0-9]*|md5|b2)_?sums?|openssl (dgst|sha[0-9]+|md5)|checksum`)
	scriptArg = regexp.MustCompile(`\b(arch|target_arch|download_arch)\b`)
)

// fixShadowed takes the default away from an automatic argument.
func fixShadowed(a *facts.Arg) *lint.Fix {
	at := a.Span
	if at.IsZero() || !strings.HasPrefix(at.Text(), a.Name+"=") || strings.ContainsAny(at.Text(), "\r\n") {
		return nil
	}
	return &lint.Fix{
		Safe: true, Description: "declare " + a.Name + " without a default",
		Edits: []lint.Edit{{Span: at.File.Span(at.Start+len(a.Name), at.End)}},
	}
}

// fixUndeclared declares an automatic argument in the stage that uses it.
func fixUndeclared(u *graph.Undeclared) *lint.Fix {
	p, ok := locate(u.Document, u.Span)
	if !ok && p.stage == nil || triggered(p.stage, u.Span) {
		return nil
	}
	edits, ok := declareArgument(p, u.Name, u.Span)
	if !ok || len(edits) == 0 {
		return nil
	}
	return &lint.Fix{Safe: true, Description: "declare ARG " + u.Name + " in the stage", Edits: edits}
}

// fixSelection returns the change that makes a selection follow the platform, nil if
// nothing certain is known of how.
func fixSelection(s *graph.Selection, all []*graph.Selection) *lint.Fix {
	if v := s.Variable; v != nil && v.Automatic {
		for _, in := range argumentsOf(s.Document) {
			if in.HasDefault && in.Default.All() == v.Span {
				return fixShadowed(in)
			}
		}
		return nil
	}
	if s.Architecture != "amd64" || len(s.Platforms) != 1 || s.Platforms[0] != arch.LinuxARM64 ||
		s.Word.Text == "" || s.Span.IsZero() || s.Span.Text() != s.Word.Text ||
		s.Machine != graph.OnTarget && s.Machine != graph.OnBuilder || s.Builder {
		return nil
	}
	p, ok := locate(s.Document, s.Span)
	if !ok || !p.expands {
		return nil
	}
	switch s.Kind {
	case shell.Fetch:
		return fixDownload(s, p, all)
	case shell.Target:
		if s.Subject == "GOARCH" && s.Word.Text == "amd64" {
			return byArgument(s, p, true)
		}
	case shell.Repository:
		if s.Subject != "yum" && s.Word.Text == "amd64" && p.script.String != "" && s.Machine == graph.OnTarget {
			// Whether the repository has packages for arm64 is not known.
			return replace(s, "$(dpkg --print-architecture)", false)
		}
	case shell.Path:
		return fixPath(s, p)
	}
	return nil
}

// fixDownload chooses the file by the platform, and follows its name to where the
// file is unpacked, moved and removed.
func fixDownload(s *graph.Selection, p place, all []*graph.Selection) *lint.Fix {
	other, known := arch.Spell("arm64", s.Word.Style), false
	if d := s.Download; d != nil {
		if d.ARM64 != catalog.Yes || d.BeforeARM64 || !d.WordOnly || d.AMD64Word != s.Word.Text {
			return nil
		}
		other, known = d.ARM64Word, d.Confidence == catalog.High || d.Since != ""
	}
	safe := known && (s.Variable == nil || len(s.Uses) < 2)
	var fix *lint.Fix
	local := false // whether what takes the place is known in this script only
	switch {
	case s.Word.Text == "amd64" && other == "arm64":
		fix = byArgument(s, p, safe)
	case p.script.String == "":
	case s.Word.Text == "x86_64" && other == "aarch64" && s.Machine == graph.OnTarget:
		fix = replace(s, "$(uname -m)", safe)
	case s.Download != nil:
		fix, local = bySwitch(s, p, other, safe), true
	}
	if fix == nil {
		return nil
	}
	text := fix.Edits[len(fix.Edits)-1].Text
	edits, complete := follow(s, p, all, text, local)
	fix.Edits = append(fix.Edits, edits...)
	fix.Safe = fix.Safe && complete
	return fix
}

// follow replaces the architecture wherever the file that is fetched is named again
// in the stage: in the rest of its name, or, in a script that fetches nothing else,
// anywhere. It is not complete if an architecture is left of which it is not clear what
// it belongs to, or if a checksum is compared, which is that of one file.
func follow(s *graph.Selection, p place, all []*graph.Selection, text string, local bool) (edits []lint.Edit, complete bool) {
	complete = true
	name := fileName(s.Span)
	fetches, read := 0, 0
	for _, o := range all {
		if o.Kind == shell.Fetch && o.Document == s.Document && facts.SpanOf(p.in).Contains(o.Span) {
			fetches++
		}
	}
	for _, in := range p.stage.Instructions {
		switch in.(type) {
		case *facts.Run, *facts.Copy, *facts.Env, *facts.Arg, *facts.Command:
		default:
			continue
		}
		span := facts.SpanOf(in)
		if span.IsZero() || span.End <= s.Span.Start {
			continue // before it
		}
		same := in == p.in
		raw := span.Text()
		if read += len(raw); read > maxFollowed {
			return nil, false
		}
		mentions := same
		for _, w := range arch.Words(raw) {
			at := span.File.Span(span.Start+w.Start, span.Start+w.End)
			if at == s.Span || w.Architecture != s.Architecture || comment(at) {
				continue
			}
			named := strings.Contains(name.Text(), s.Word.Text) && fileName(at).Text() == name.Text() && at.Start-fileName(at).Start == s.Span.Start-name.Start
			mentions = mentions || named
			if !named && (!same || fetches > 1 || w.Text != s.Word.Text) {
				// Another finding's, or nobody knows whose.
				if !selected(all, at) {
					complete = false
				}
				continue
			}
			if selected(all, at) && !named {
				continue
			}
			where, ok := locate(s.Document, at)
			if !ok || !where.expands || local && !same || where.script.String == "" && text != "${TARGETARCH}" {
				complete = false
				continue
			}
			edits = append(edits, lint.Edit{Span: at, Text: text})
		}
		if mentions && checksums.MatchString(raw) {
			complete = false
		}
	}
	return edits, complete
}

// fileName returns the place of the last part of a path, as written, that an
// architecture is in.
func fileName(at source.Span) source.Span {
	data := at.File.Data
	start, end := at.Start, at.End
	for start > 0 && !strings.ContainsRune(" \t\r\n\"'/=;|&()<>@", rune(data[start-1])) {
		start--
	}
	for end < len(data) && !strings.ContainsRune(" \t\r\n\"'/;|&()<>\\@", rune(data[end])) {
		end++
	}
	return at.File.Span(start, end)
}

// comment reports whether a place is on a line that is a comment.
func comment(at source.Span) bool {
	return strings.HasPrefix(strings.TrimSpace(at.File.Line(at.From().Line)), "#")
}

// selected reports whether a place is what a finding is about.
func selected(all []*graph.Selection, at source.Span) bool {
	for _, o := range all {
		if o.Span == at {
			return true
		}
	}
	return false
}

// fixPath chooses a path by the platform, where it is known what it is called there.
func fixPath(s *graph.Selection, p place) *lint.Fix {
	text := s.Text.String()
	switch {
	case strings.Contains(text, arch.Multiarch("amd64")):
		if p.script.String != "" && s.Word.Text == "x86_64" && s.Machine == graph.OnTarget {
			return replace(s, "$(uname -m)", true)
		}
	case strings.Contains(text, "/jvm/") && s.Word.Text == "amd64":
		return byArgument(s, p, true)
	}
	return nil
}

// fixCompiler tells Go for what to compile. Other compilers take more than a word.
func fixCompiler(m *graph.Miscompiled) *lint.Fix {
	p, ok := locate(m.Document, m.Span)
	if m.Setting != "GOARCH" || !ok || p.script.String == "" || !p.expands || !shell.Assignable(p.script, m.Span) {
		return nil
	}
	declared, ok := declareArgument(p, "TARGETARCH", m.Span)
	if !ok {
		return nil
	}
	return &lint.Fix{
		Safe: true, Description: "compile for ${TARGETARCH}",
		Edits: append(declared, lint.Edit{Span: m.Span.File.Span(m.Span.Start, m.Span.Start), Text: "GOARCH=${TARGETARCH} "}),
	}
}

// argumentsOf lists the ARGs of a Dockerfile.
func argumentsOf(d *facts.Document) []*facts.Arg {
	all := append([]*facts.Arg(nil), d.Globals...)
	for _, s := range d.Stages {
		for _, in := range s.Instructions {
			if a, ok := in.(*facts.Arg); ok {
				all = append(all, a)
			}
		}
	}
	return all
}

// replace puts a text in the place of the architecture.
func replace(s *graph.Selection, text string, safe bool) *lint.Fix {
	return &lint.Fix{
		Safe: safe, Description: "use " + text + " in place of " + s.Word.Text,
		Edits: []lint.Edit{{Span: s.Span, Text: text}},
	}
}

// byArgument puts ${TARGETARCH} in the place of the architecture.
func byArgument(s *graph.Selection, p place, safe bool) *lint.Fix {
	declared, ok := declareArgument(p, "TARGETARCH", s.Span)
	if !ok {
		return nil
	}
	fix := replace(s, "${TARGETARCH}", safe)
	fix.Edits = append(declared, fix.Edits...)
	return fix
}

var escapeDirective = regexp.MustCompile(`(?i)^#\s*escape\s*=\s*(\S)\s*$`)

// escape returns the character at the end of a line that goes on.
func escape(f *source.File) string {
	for n := 1; n <= f.Lines(); n++ {
		line := strings.TrimPrefix(strings.TrimSpace(f.Line(n)), "\ufeff")
		if !strings.HasPrefix(line, "#") || !strings.Contains(line, "=") {
			break // directives come first
		}
		if m := escapeDirective.FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	return `\`
}

// bySwitch sets a variable from TARGETARCH at the beginning of the script and puts it
// in the place of the architecture.
func bySwitch(s *graph.Selection, p place, other string, safe bool) *lint.Fix {
	declared, ok := declareArgument(p, "TARGETARCH", s.Span)
	if !ok {
		return nil
	}
	name := ""
	used := map[string]bool{}
	for _, n := range scriptArg.FindAllString(p.script.String, -1) {
		used[n] = true
	}
	for _, n := range []string{"arch", "target_arch", "download_arch"} {
		if !used[n] {
			name = n
			break
		}
	}
	start := p.script.Span(0, 1)
	if name == "" || start.IsZero() {
		return nil
	}
	line := `case "${TARGETARCH}" in amd64) ` + name + "=" + s.Word.Text + " ;; arm64) " + name + "=" + other + " ;; esac"
	end := "; " + escape(s.Document.File) + "\n    "
	if run, ok := p.in.(*facts.Run); ok && run.Script.String == "" {
		end = "\n" // a here-document
	}
	return &lint.Fix{
		Safe: safe, Description: "choose " + s.Word.Text + " or " + other + " by ${TARGETARCH}",
		Edits: append(declared,
			lint.Edit{Span: start.File.Span(start.Start, start.Start), Text: line + end},
			lint.Edit{Span: s.Span, Text: "${" + name + "}"}),
	}
}
