package dockerfile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// differences compares a document with what BuildKit makes of the same file, as
// far as that is valid to it.
func differences(f *source.File, d *facts.Document) []string {
	if !utf8.Valid(f.Data) || bytes.IndexByte(f.Data, 0) >= 0 {
		return nil // BuildKit replaces what is no UTF-8, and reads binary files
	}
	result, err := parser.Parse(bytes.NewReader(f.Data))
	if err != nil {
		if len(d.Problems) == 0 {
			return []string{"no problem for: " + err.Error()}
		}
		return nil
	}
	var out []string
	r := &reader{file: f, document: &facts.Document{}, escape: parser.DefaultEscapeToken}
	if !r.syntax() {
		return nil
	}
	r.split()
	for _, in := range r.instructions {
		if err := r.judge(in); err != nil && !in.unreadable && in.sound(r.escape) && !r.overlong(in.first, in.last) {
			out = append(out, fmt.Sprintf("%q is not sound: %v", in.text, err))
		}
	}
	var have, want []string
	for _, in := range r.instructions {
		have = append(have, fmt.Sprintf("%d-%d %s", in.first, in.last, in.name))
	}
	for _, node := range result.AST.Children {
		node.PrevComment = nil // or a comment for BuildKit's linter panics
		want = append(want, fmt.Sprintf("%d-%d %s", node.StartLine, node.EndLine, strings.ToLower(node.Value)))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		return []string{"instructions (-buildkit +ours):\n" + diff}
	}
	stages, globals, err := instructions.Parse(result.AST, nil)
	if err != nil {
		if len(d.Problems) == 0 && !r.foreign {
			return []string{"no problem for: " + err.Error()}
		}
		return nil
	}
	said, late := dumpBuildKit(stages, globals)
	if late != nil {
		if len(d.Problems) == 0 && !r.foreign {
			out = append(out, "no problem for: "+late.Error())
		}
		return out
	}
	if diff := cmp.Diff(said, dump(d)); diff != "" {
		out = append(out, "facts (-buildkit +ours):\n"+diff)
	}
	return out
}

// dump and dumpBuildKit write down the same things in the same words.
func dump(d *facts.Document) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	arg := func(a *facts.Arg) {
		if a.HasDefault {
			add("ARG %q=%q", a.Name, a.Default.String)
		} else {
			add("ARG %q", a.Name)
		}
	}
	for _, a := range d.Globals {
		arg(a)
	}
	for _, s := range d.Stages {
		add("FROM %q platform %q as %q", s.Base.String, s.Platform.String, s.Name)
		for _, in := range s.Instructions {
			switch in := in.(type) {
			case *facts.Arg:
				arg(in)
			case *facts.Env:
				add("ENV %q=%q", in.Name, in.Value.String)
			case *facts.Workdir:
				add("WORKDIR %q", in.Path.String)
			case *facts.Shell:
				add("SHELL %q", in.Words)
			case *facts.Copy:
				from := ""
				if in.From != nil {
					from = in.From.Value.String
				}
				add("COPY add %v from %q: %q to %q", in.Add, from, texts(in.Sources), in.Dest.String)
			case *facts.Run:
				for _, from := range in.Froms {
					add("MOUNT %q", from.Value.String)
				}
				script := in.Script.String
				if script == "" && len(in.Heredocs) > 0 {
					script = in.Heredocs[0].Body.String
				}
				add("RUN %q words %q", script, texts(in.Words))
				for _, h := range in.Heredocs {
					add("HEREDOC %q %q", h.Name, h.Body.String)
				}
			case *facts.Command:
				add("COMMAND %q words %q", in.Script.String, texts(in.Words))
			case *facts.Label:
				add("LABEL")
			}
		}
	}
	return out
}

func texts(list []source.Text) []string {
	out := []string{}
	for _, t := range list {
		out = append(out, t.String)
	}
	return out
}

// The error is that of an ONBUILD's instruction, which BuildKit reads late.
func dumpBuildKit(stages []instructions.Stage, globals []instructions.ArgCommand) (out []string, late error) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	arg := func(c *instructions.ArgCommand) {
		for _, a := range c.Args {
			if a.Key == "" {
				continue
			}
			if a.Value != nil {
				add("ARG %q=%q", a.Key, *a.Value)
			} else {
				add("ARG %q", a.Key)
			}
		}
	}
	for i := range globals {
		arg(&globals[i])
	}
	shellForm := func(c instructions.ShellDependantCmdLine) (script string, words []string) {
		if !c.PrependShell {
			return "", append([]string{}, c.CmdLine...)
		}
		return strings.Join(c.CmdLine, ""), []string{}
	}
	var command func(c instructions.Command)
	command = func(c instructions.Command) {
		switch c := c.(type) {
		case *instructions.ArgCommand:
			arg(c)
		case *instructions.EnvCommand:
			for _, e := range c.Env {
				add("ENV %q=%q", e.Key, e.Value)
			}
		case *instructions.WorkdirCommand:
			add("WORKDIR %q", c.Path)
		case *instructions.ShellCommand:
			add("SHELL %q", []string(c.Shell))
		case *instructions.CopyCommand:
			add("COPY add false from %q: %q to %q", c.From, append([]string{}, c.SourcePaths...), c.DestPath)
		case *instructions.AddCommand:
			add("COPY add true from %q: %q to %q", "", append([]string{}, c.SourcePaths...), c.DestPath)
		case *instructions.RunCommand:
			for _, m := range instructions.GetMounts(c) {
				if m.From != "" {
					add("MOUNT %q", m.From)
				}
			}
			script, words := shellForm(c.ShellDependantCmdLine)
			var bodies []string
			for _, h := range c.Files {
				bodies = append(bodies, unix(h.Data))
				if h.Chomp {
					bodies[len(bodies)-1] = parser.ChompHeredocContent(unix(h.Data))
				}
			}
			switch {
			case len(c.Files) == 0:
			case parser.MustParseHeredoc(script) != nil:
				script = bodies[0]
			default:
				for _, h := range c.Files {
					script += "\n" + unix(h.Data) + h.Name
				}
			}
			add("RUN %q words %q", script, words)
			for i, h := range c.Files {
				add("HEREDOC %q %q", h.Name, bodies[i])
			}
		case *instructions.CmdCommand:
			script, words := shellForm(c.ShellDependantCmdLine)
			add("COMMAND %q words %q", script, words)
		case *instructions.EntrypointCommand:
			script, words := shellForm(c.ShellDependantCmdLine)
			add("COMMAND %q words %q", script, words)
		case *instructions.HealthCheckCommand:
			test := c.Health.Test
			switch test[0] {
			case "CMD-SHELL":
				add("COMMAND %q words %q", test[1], []string{})
			case "CMD":
				add("COMMAND %q words %q", "", test[1:])
			default:
				add("COMMAND %q words %q", "", []string{})
			}
		case *instructions.OnbuildCommand:
			result, err := parser.Parse(strings.NewReader(c.Expression))
			if err != nil {
				late = err
				return
			}
			result.AST.Children[0].PrevComment = nil
			inner, err := instructions.ParseCommand(result.AST.Children[0])
			if err != nil {
				late = err
				return
			}
			command(inner)
		default:
			add("LABEL")
		}
	}
	for _, s := range stages {
		add("FROM %q platform %q as %q", s.BaseName, s.Platform, s.Name)
		for _, c := range s.Commands {
			command(c)
		}
	}
	return out, late
}

// unix returns text with plain newlines.
func unix(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines[:len(lines)-1] {
		lines[i] = strings.TrimRight(line, "\r")
	}
	return strings.Join(lines, "\n")
}

func TestBuildKitSeesTheSame(t *testing.T) {
	for name, text := range samples {
		t.Run(name, func(t *testing.T) {
			f := source.New("Dockerfile", []byte(text))
			for _, difference := range differences(f, Parse(f)) {
				t.Error(difference)
			}
		})
	}
}
