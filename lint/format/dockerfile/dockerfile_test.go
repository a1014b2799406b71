package dockerfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func parse(text string) *facts.Document { return Parse(source.New("Dockerfile", []byte(text))) }

// at writes a place down: line:column "text".
func at(s source.Span) string {
	if s.IsZero() {
		return "nowhere"
	}
	return fmt.Sprintf("%d:%d %q", s.From().Line, s.From().Column, s.Text())
}

// only returns the instructions of one type, of all stages.
func only[T facts.Instruction](d *facts.Document) []T {
	var out []T
	for _, s := range d.Stages {
		for _, in := range s.Instructions {
			if in, ok := in.(T); ok {
				out = append(out, in)
			}
		}
	}
	return out
}

func equal(t *testing.T, want, have any) {
	t.Helper()
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
}

func noProblems(t *testing.T, d *facts.Document) {
	t.Helper()
	for _, p := range d.Problems {
		t.Errorf("problem at %s: %s", at(p.Span), p.Message)
	}
}

func TestSamplesHaveNoProblems(t *testing.T) {
	for name, text := range samples {
		t.Run(name, func(t *testing.T) { noProblems(t, parse(text)) })
	}
}

func TestStages(t *testing.T) {
	d := parse(samples["stages"])
	var have []string
	for _, a := range d.Globals {
		have = append(have, fmt.Sprintf("ARG %s default %v %q %s", a.Name, a.HasDefault, a.Default.String, at(a.Span)))
	}
	for _, s := range d.Stages {
		have = append(have,
			fmt.Sprintf("%d %q base %s", s.Index, s.Name, at(s.Base.All())),
			fmt.Sprintf("platform %v %q", s.HasPlatform, s.Platform.String),
			"name "+at(s.NameSpan), "all "+at(s.Span))
	}
	equal(t, []string{
		`ARG BASE default true "debian:12" 5:5 "BASE=debian:12"`,
		`ARG UNSET default false "" 5:20 "UNSET"`,
		`ARG EMPTY default true "" 6:5 "EMPTY="`,
		`0 "build" base 7:32 "golang:${GO:-1.22}"`,
		`platform true "$BUILDPLATFORM"`,
		`name 7:54 "Build"`,
		`all 7:1 "FROM --platform=$BUILDPLATFORM golang:${GO:-1.22} AS Build"`,
		`1 "final-1.x" base 8:6 "\"$BASE\""`,
		`platform false ""`,
		`name 8:18 "final-1.x"`,
		`all 8:1 "from\t\"$BASE\"  as\tfinal-1.x"`,
		`2 "" base 9:18 "scratch"`,
		`platform true ""`,
		`name nowhere`,
		`all 9:1 "FROM --platform= scratch"`,
	}, have)
	equal(t, `7:17 "$BUILDPLATFORM"`, at(d.Stages[0].Platform.All()))
	equal(t, `6:11 ""`, at(d.Globals[2].Default.All()))
}

func TestArgAndEnvKeepTheirTextAsWritten(t *testing.T) {
	var have []string
	for _, a := range only[*facts.Arg](parse(samples["arg"])) {
		have = append(have, fmt.Sprintf("%s %v %s", a.Name, a.HasDefault, a.Default.String))
	}
	equal(t, []string{
		`A false `, `B true 1`, `C true "two words"`, `D true 'x y'`, `E true a\ b`, `F false `, `G true `,
		`H true $A-${B:-c}`, `I true "a\"b"`, `J true k`,
	}, have)

	have = nil
	for _, e := range only[*facts.Env](parse(samples["env"])) {
		have = append(have, fmt.Sprintf("%s %s, %s", e.Name, e.Value.String, at(e.Span)))
	}
	equal(t, []string{
		`A b, 2:5 "A=b"`,
		`C "d e", 2:9 "C=\"d e\""`,
		`D f\ g, 2:17 "D=f\\ g"`,
		`E 'h\', 2:24 "E='h\\'"`,
		`F , 2:31 "F="`,
		`KEY some value   with "blanks", 3:5 "KEY some value   with \"blanks\""`,
		`PATH /usr/lib/x86_64-linux-gnu:$PATH, 4:5 "PATH=/usr/lib/x86_64-linux-gnu:$PATH"`,
		`GOARCH amd64, 5:5 "GOARCH=amd64"`,
		`LAST "a b", 8:5 "LAST=\"a \\\nb\""`,
		`LONG some   more, 10:5 "LONG some \\\n  more"`,
	}, have)
}

func TestScriptIsWhatTheShellGets(t *testing.T) {
	var have []string
	for _, r := range only[*facts.Run](parse(samples["run"])) {
		if r.Script.String != "" {
			have = append(have, r.Script.String)
		}
	}
	equal(t, []string{
		"apt-get update",
		"set -eux; \tapt-get update \t&& apt-get install -y curl \t&& rm -rf /x; # the shell's comment \tnot run",
		"a &&     b",
		`echo 'one\ntwo' > /x`,
		"make all",
		"true",
		"true",
		`["single]`,
		"[ -f /x ] && echo y",
		"a   b",
	}, have)
}

func TestScriptPositions(t *testing.T) {
	tests := []struct {
		name, text, find, want string
	}{
		{"first line", "FROM a\nRUN one two\n", "two", `2:9 "two"`},
		{"behind a continuation", "FROM a\nRUN one \\\n  && two\n", "two", `3:6 "two"`},
		{"behind a comment", "FROM a\nRUN one \\\n# note\n\n  two\n", "two", `5:3 "two"`},
		{"across a continuation", "FROM a\nRUN on\\  \ne two\n", "one", "2:5 \"on\\\\  \\ne\""},
		{"columns are code points", "FROM a\nRUN echo äö日 \\\n\t'ü' two\n", "two", `3:6 "two"`},
		{"CRLF", "FROM a\r\nRUN one \\\r\n  # note\r\n  two\r\n", "two", `4:3 "two"`},
		{"behind flags", "FROM a\nRUN --mount=type=cache,target=/x \\\n  --network=none two\n", "two", `3:18 "two"`},
		{"backtick", "#escape=`\nFROM a\nRUN one `\n  two\n", "two", `4:3 "two"`},
		{"behind a here-document", "FROM a\nRUN cat <<A &&\\\n  one\ntext\nA\n", "text", `4:1 "text"`},
		{"here-document with CRLF", "FROM a\r\nRUN cat <<A\r\none\r\ntwo\r\nA\r\n", "two", `4:1 "two"`},
		{"here-document's line end with CRLF", "FROM a\r\nRUN cat <<A\r\none\r\nA\r\n", "one\n", `3:1 "one\r\n"`},
		{"byte order mark", "\xef\xbb\xbfFROM a\nRUN two", "two", `2:5 "two"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := parse(test.text)
			noProblems(t, d)
			script := only[*facts.Run](d)[0].Script
			i := strings.Index(script.String, test.find)
			if i < 0 {
				t.Fatalf("%q is not in %q", test.find, script.String)
			}
			equal(t, test.want, at(script.Span(i, i+len(test.find))))
		})
	}
}

func TestRunExecForm(t *testing.T) {
	var have []string
	for _, r := range only[*facts.Run](parse(samples["run"])) {
		for _, w := range r.Words {
			have = append(have, fmt.Sprintf("%q from %s", w.String, at(w.All())))
		}
	}
	equal(t, []string{
		`"a" from 19:8 "a"`,
		`"b\tc" from 19:13 "b\\tc"`,
		`"ä😀/" from 19:21 "\\u00e4\\ud83d\\ude00\\/"`,
		`"" from 19:45 ""`,
		`"a" from 23:7 "a"`,
		`"b" from 25:4 "b"`,
	}, have)
	words := only[*facts.Run](parse(samples["run"]))[7].Words
	equal(t, `19:27 "\\ud83d\\ude00"`, at(words[2].Span(2, 6)))
}

func TestMounts(t *testing.T) {
	var have []string
	for _, r := range only[*facts.Run](parse(samples["run"])) {
		for _, from := range r.Froms {
			have = append(have, fmt.Sprintf("%v %s", from.Role, at(from.Value.All())))
		}
	}
	equal(t, []string{`mount source 16:18 "tools"`, `mount source 16:59 "golang:1.22"`, `mount source 18:29 "a"`}, have)
}

func TestHeredocs(t *testing.T) {
	d := parse(samples["heredoc"])
	type doc struct {
		Script, Name, Body string
		Expand             bool
		Interpreter        string
	}
	var have []doc
	for _, r := range only[*facts.Run](d) {
		for _, h := range r.Heredocs {
			have = append(have, doc{r.Script.String, h.Name, h.Body.String, h.Expand, h.Interpreter})
		}
	}
	equal(t, []doc{
		{"", "EOF", "apt-get update\n# no comment\n  FROM x \\\n", true, ""},
		{"<<-\"END\" bash -ex\n\t#!/bin/sh\n\techo \"$HOME\"\nEND", "END", "#!/bin/sh\necho \"$HOME\"\n", false, "/bin/sh"},
		{"", "EOF", "#!/usr/bin/env python3\nprint(\"x\")\nindented\n", true, "/usr/bin/env python3"},
		{"python3 <<'EOF' &&     echo done\nprint(\"$x\")\nEOF", "EOF", "print(\"$x\")\n", false, ""},
		{"cat <<EOF > /x\ntext\nEOF", "EOF", "text\n", true, ""},
		{"cat <<A 3<<B > /y\na\nA\nb\nB", "A", "a\n", true, ""},
		{"cat <<A 3<<B > /y\na\nA\nb\nB", "B", "b\n", true, ""},
		{"", "EOF", "", true, ""},
		{"", "EOF", "echo $x\n", true, ""},
	}, have)
	runs := only[*facts.Run](d)
	equal(t, "2:1 \"RUN <<EOF\\napt-get update\\n# no comment\\n  FROM x \\\\\\nEOF\"", at(runs[0].Span))
	body := runs[2].Heredocs[0].Body
	i := strings.Index(body.String, "indented")
	equal(t, `14:3 "indented"`, at(body.Span(i, i+8)))
	if len(d.Comments) != 1 {
		t.Fatalf("%d comments, want one", len(d.Comments))
	}
	equal(t, "comment between", d.Comments[0].Text)
	equal(t, `17:5 "# comment between"`, at(d.Comments[0].Span))
	var copies []string
	for _, c := range only[*facts.Copy](d) {
		copies = append(copies, fmt.Sprintf("%q %s", texts(c.Sources), c.Dest.String))
	}
	equal(t, []string{`["file"] /dest/`, `[] /run.sh`, `[] /y`}, copies)
}

func TestCopies(t *testing.T) {
	var have []string
	for _, c := range only[*facts.Copy](parse(samples["copy"])) {
		from := ""
		if c.From != nil {
			from = fmt.Sprintf(" %v %s", c.From.Role, at(c.From.Value.All()))
		}
		have = append(have, fmt.Sprintf("add %v%s %q %s", c.Add, from, texts(c.Sources), at(c.Dest.All())))
	}
	equal(t, []string{
		`add false ["a" "b"] 2:10 "c/"`,
		`add false COPY source 3:13 "build" ["/out"] 3:43 "/usr/bin/"`,
		`add false COPY source 4:14 "other" ["a b"] 4:31 "c"`,
		`add false COPY source 5:13 "0" ["$X/a" "${Y:-b}"] 5:28 "/dest"`,
		`add true ["https://example.com/x-amd64.tgz"] 6:120 "/opt/"`,
		`add true ["a"] 7:12 "b"`,
		`add false ["a" "b" "c"] 11:5 "/"`,
	}, have)
	equal(t, "8:1 \"COPY a \\\\\\n  # first\\n  b \\\\\\n  c /\"", at(only[*facts.Copy](parse(samples["copy"]))[6].Span))
}

func TestOtherInstructions(t *testing.T) {
	d := parse(samples["everything else"])
	var have []string
	for _, in := range d.Stages[0].Instructions {
		switch in := in.(type) {
		case *facts.Shell:
			have = append(have, fmt.Sprintf("shell %q", in.Words))
		case *facts.Workdir:
			have = append(have, "workdir "+at(in.Path.All()))
		case *facts.Command:
			have = append(have, fmt.Sprintf("command %q %q", in.Script.String, texts(in.Words)))
		case *facts.Label:
			have = append(have, "label "+at(in.Span))
		case *facts.Run:
			have = append(have, "run "+at(in.Script.All()))
		case *facts.Copy:
			have = append(have, "copy "+at(in.From.Value.All()))
		case *facts.Env:
			have = append(have, "env "+at(in.Span))
		case *facts.Arg:
			have = append(have, "arg "+at(in.Span))
		}
	}
	equal(t, []string{
		`shell ["/bin/bash" "-o" "pipefail" "-c"]`,
		`workdir 3:9 "/src/$TARGETARCH dir"`,
		`command "" ["a" "b"]`,
		`command "echo hi" []`,
		`command "" ["/x86_64/ld.so"]`,
		`command "exec a    b" []`,
		`command "curl -f http://localhost/" []`,
		`command "" ["a" "b"]`,
		`command "" []`,
		`label 12:1 "LABEL a=b c=\"d e\""`,
		`label 13:1 "LABEL old form"`,
		`label 14:1 "MAINTAINER Some One"`,
		`label 15:1 "EXPOSE 80 443/tcp"`,
		`label 16:1 "STOPSIGNAL SIGTERM"`,
		`label 17:1 "USER 1000:1000"`,
		`label 18:1 "VOLUME [\"/a\"]"`,
		`label 19:1 "VOLUME /a /b"`,
		`run 20:13 "echo $TARGETARCH"`,
		`copy 21:21 "x"`,
		`env 22:13 "a=b"`,
		`arg 23:13 "z=1"`,
	}, have)
}

func TestTabsAndMultiByteCharacters(t *testing.T) {
	d := parse(samples["tabs"])
	equal(t, `1:6 "alpine"`, at(d.Stages[0].Base.All()))
	equal(t, `1:16 "x"`, at(d.Stages[0].NameSpan))
	envs := only[*facts.Env](d)
	equal(t, `4:8 "ä"`, at(envs[0].Value.All()))
	equal(t, `4:12 "日本"`, at(envs[1].Value.All()))
	c := only[*facts.Copy](d)[0]
	equal(t, `5:9 "ö"`, at(c.Sources[1].All()))
	equal(t, `5:11 "/"`, at(c.Dest.All()))
}

func TestComments(t *testing.T) {
	d := parse("# syntax=docker/dockerfile:1\n#check=error=true\n#  first  \n##\tarchlint\nFROM a\n\t# in between\nRUN a \\\n  # inside \n\n#\n  b\nRUN <<E\n# shell's\nE\n# last")
	noProblems(t, d)
	var have []string
	for _, c := range d.Comments {
		have = append(have, fmt.Sprintf("%q at %s", c.Text, at(c.Span)))
	}
	equal(t, []string{
		`"first" at 3:1 "#  first"`,
		`"#\tarchlint" at 4:1 "##\tarchlint"`,
		`"in between" at 6:2 "# in between"`,
		`"inside" at 8:3 "# inside"`,
		`"" at 10:1 "#"`,
		`"last" at 15:1 "# last"`,
	}, have)
}

func TestSyntaxDirective(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"none", "FROM a\n", ""},
		{"plain", "# syntax=docker/dockerfile:1\nFROM a\n", `1:10 "docker/dockerfile:1"`},
		{"blanks", "#\tSyntax = docker/dockerfile:1@sha256:ab  with options\r\nFROM a\r\n", `1:12 "docker/dockerfile:1@sha256:ab"`},
		{"second", "# escape=`\n# syntax=x/y\nFROM a\n", `2:10 "x/y"`},
		{"too late", "# note\n# syntax=x/y\nFROM a\n", ""},
		{"behind #!", "#!/bin/docker\n# syntax=x/y\nFROM a\n", `2:10 "x/y"`},
		{"named like its key", "# syntax=syntax\nFROM a\n", `1:10 "syntax"`},
		{"other comment", "// syntax=x/y\nanything: else\n", `1:11 "x/y"`},
		{"JSON", "{\n \"syntax\": \"x/y\"\n}\n", `2:13 "x/y"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := parse(test.text)
			noProblems(t, d)
			have := ""
			for _, image := range d.Images {
				have += at(image.Span)
				equal(t, facts.RoleSyntax, image.Role)
				equal(t, image.Span.Text(), image.References[0].String())
				equal(t, at(image.Span), at(image.References[0].Span(0, len(image.Span.Text()))))
			}
			equal(t, test.want, have)
		})
	}
}

func TestOtherFrontendsMayKnowMoreInstructions(t *testing.T) {
	d := parse("# syntax=example/dockerfile-x\nINCLUDE a\nFROM b\n")
	noProblems(t, d)
	equal(t, 1, len(d.Stages))
}

func TestProblems(t *testing.T) {
	const write = "; write "
	tests := []struct {
		name, text string
		want       []string // line:column message, or its beginning
		stages     int
	}{
		{"empty", "", []string{"1:1 file with no instructions; begin it with FROM"}, 0},
		{"comments only", "# a\n\n# b\n", []string{"1:1 file with no instructions"}, 0},
		{"typo", "FROM a\n RUNN x\nFROM b\n", []string{"2:2 unknown instruction: RUNN (did you mean RUN?)"}, 2},
		{"missing backslash", "FROM a\nRUN a &&\n  apt-get b\n", []string{`3:3 unknown instruction "apt-get"; begin the line with an instruction, or end the line above with a backslash`}, 1},
		{"no FROM", "RUN a\nCOPY b c\n", []string{"1:1 no FROM instruction; add one"}, 0},
		{"before FROM", "ARG a\nRUN a\nENV a=b\nFROM b\n", []string{"2:1 RUN before the first FROM; move it behind"}, 1},
		{"FROM without image", "FROM a\nRUN a\nFROM\nRUN b\nFROM c\nRUN c\n", []string{"3:1 FROM requires either one or three arguments" + write + "FROM [--platform"}, 2},
		{"FROM with two words", "FROM a b\nRUN c\n", []string{"1:1 FROM requires either one or three arguments"}, 1},
		{"bad stage name", "FROM a AS 1\n", []string{`1:1 FROM: invalid name for build stage: "1"`}, 1},
		{"unknown flag", "FROM a\nCOPY --form=a b c\n", []string{"2:1 COPY: unknown flag: --form (did you mean from?)"}, 1},
		{"COPY with one path", "FROM a\nCOPY b\nRUN c\n", []string{"2:1 COPY requires at least two arguments"}, 1},
		{"ENV without value", "FROM a\nENV b\n", []string{"2:1 ENV must have two arguments" + write + "ENV NAME=VALUE..."}, 1},
		{"JSON of numbers", "FROM a\nCMD [1]\nFROM b\n", []string{"2:1 CMD: when using JSON array syntax"}, 2},
		{"SHELL without JSON", "FROM a\nSHELL sh\n", []string{"2:1 SHELL requires the arguments to be in JSON form"}, 1},
		{"two at once", "FROM a\nFOO\nENV\nFROM b\n", []string{`2:1 unknown instruction "FOO"`, "3:1 ENV requires at least one argument"}, 2},
		{"ONBUILD of nonsense", "FROM a\nONBUILD FROM b\nONBUILD COPY a\n", []string{"2:1 ONBUILD: FROM isn't allowed", "3:1 ONBUILD: COPY requires"}, 1},
		{"unterminated heredoc", "FROM a\nRUN <<EOF\nfoo\n  EOF\nFROM b\nRUN c\n", []string{`2:1 unterminated heredoc: end it with a line that holds only "EOF"`}, 2},
		{"bad escape", "# escape=x\nFROM a\n", []string{`1:1 the escape character "x" is neither \ nor ` + "`"}, 1},
		{"directive twice", "# escape=`\n# escape=`\nFROM a\n", []string{"2:1 only one escape parser directive can be used"}, 1},
		{"binary", "FROM a\n\x00\nFOO\n", []string{"1:1 the file is binary and no Dockerfile"}, 0},
		{"UTF-16", "\xff\xfeF\x00R\x00", []string{"1:1 the file is UTF-16 text"}, 0},
		{"prose", "This is a text\nand no Dockerfile\n", []string{`1:1 not a Dockerfile: it begins with "This", which is no instruction`}, 0},
		{"template", "FROM a:{{ .V }}\nRUN x\n{{ if y }}\nFROM b\nENV c {{ d }}\n", []string{"1:1 the file is a template"}, 1},
		{"control characters", "FROM a\n\x1b[31m\u202e x\n", []string{"2:1 unknown instruction \"\\x1b[31m\\u202e\""}, 1},
		{"long line", "FROM a\nRUN " + strings.Repeat("x", 70_000) + "\nFROM b\n", []string{"2:1 RUN: a line is longer than docker reads"}, 2},
		{"long comment", "FROM a\n#" + strings.Repeat("x", 70_000) + "\nFROM b\n", []string{"2:1 dockerfile line greater than max allowed size of 65535"}, 2},
		{"very long line", "FROM a\nRUN " + strings.Repeat("x", 2<<20) + "\nFROM b\n", []string{"2:1 the line is longer than 1 MiB"}, 1},
		{"very long instruction", "FROM a\nRUN" + strings.Repeat(" x \\\n", 1<<19) + "\nFROM b\n", []string{"2:1 the instruction is longer than 1 MiB"}, 1},
		{"deep nesting", "FROM a\nRUN <<" + strings.Repeat("${a-", 20_000) + strings.Repeat("}", 20_000) + "\nFROM b\n", []string{"2:1 variables are nested too deeply"}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := parse(test.text)
			for i, p := range d.Problems {
				have := fmt.Sprintf("%d:%d %s", p.Span.From().Line, p.Span.From().Column, p.Message)
				if i >= len(test.want) || !strings.HasPrefix(have, test.want[i]) {
					t.Errorf("unexpected problem: %s", have)
				}
				if strings.ContainsAny(p.Message, "\r\n\x1b") || len(p.Message) > 400 {
					t.Errorf("not a short line: %q", p.Message)
				}
			}
			if len(d.Problems) < len(test.want) {
				t.Errorf("%d problems, want %q", len(d.Problems), test.want)
			}
			equal(t, test.stages, len(d.Stages))
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	d := parse("FROM a\n" + strings.Repeat("FOO\n", 1000))
	equal(t, maxProblems, len(d.Problems))
	equal(t, "too many problems; correct those above first, or exclude the file", d.Problems[maxProblems-1].Message)
}

func TestInstructionsAreBounded(t *testing.T) {
	d := parse("FROM a\n" + strings.Repeat("RUN a\n", maxInstructions+5))
	equal(t, maxInstructions-1, len(d.Stages[0].Instructions))
	equal(t, 1, len(d.Problems))
}

func TestBrokenInstructionsStillSayWhatTheyCan(t *testing.T) {
	d := parse("FROM a\nCOPY --from=b --oops c d\nENV x\nENV A=1 oops B=2\nRUN --bad curl\n")
	equal(t, 4, len(d.Problems))
	equal(t, []string{
		`FROM "a" platform "" as ""`,
		`COPY add false from "b": ["c"] to "d"`,
		`ENV "A"="1"`, `ENV "B"="2"`,
		`RUN "curl" words []`,
	}, dump(d))
}

func TestAPanicOfOthersIsAnError(t *testing.T) {
	if err := guard(func() error { panic("boom") }); err != errPanic {
		t.Errorf("got %v", err)
	}
}

// TestTextsMapBack holds that every text stands in the file as it is, but for
// the continuations.
func TestTextsMapBack(t *testing.T) {
	for name, text := range samples {
		t.Run(name, func(t *testing.T) {
			d := parse(text)
			n := 0
			for _, v := range plainTexts(d) {
				n++
				escape := `\`
				if strings.HasPrefix(text, "# escape=`") {
					escape = "`"
				}
				if have := unfold(v.All().Text(), escape); have != v.String {
					t.Errorf("%q stands at %s", v.String, at(v.All()))
				}
				for i := range len(v.String) {
					if have := v.Span(i, i+1).Text(); have != v.String[i:i+1] {
						t.Fatalf("byte %d of %q is %q in the file", i, v.String, have)
					}
				}
			}
			if n == 0 {
				t.Error("nothing was looked at")
			}
		})
	}
}

// plainTexts returns the texts that hold no JSON, no quoted flags and no
// here-documents.
func plainTexts(d *facts.Document) []source.Text {
	var out []source.Text
	for _, a := range d.Globals {
		out = append(out, a.Default)
	}
	for _, s := range d.Stages {
		out = append(out, s.Base, s.Platform)
		for _, in := range s.Instructions {
			switch in := in.(type) {
			case *facts.Arg:
				out = append(out, in.Default)
			case *facts.Env:
				out = append(out, in.Value)
			case *facts.Copy:
				out = append(append(out, in.Dest), in.Sources...)
				if in.From != nil {
					out = append(out, in.From.Value)
				}
			case *facts.Workdir:
				out = append(out, in.Path)
			case *facts.Command:
				out = append(out, in.Script)
			case *facts.Run:
				if len(in.Heredocs) == 0 {
					out = append(out, in.Script)
				}
			}
		}
	}
	return out
}

// unfold removes continuations, in a way of its own.
func unfold(s, escape string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	out := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if i > 0 && (trimmed == "" || trimmed[0] == '#') {
			continue
		}
		if i < len(lines)-1 {
			line = strings.TrimSuffix(strings.TrimRight(line, " \t"), escape)
		}
		out += line
	}
	return out
}

func TestScriptsParse(t *testing.T) {
	for _, name := range []string{"run", "heredoc", "long", "tabs", "ends", "crlf"} {
		for _, r := range only[*facts.Run](parse(samples[name])) {
			script := r.Script.String
			if strings.HasPrefix(script, `["single]`) {
				continue // no shell's text either
			}
			if _, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), ""); err != nil {
				t.Errorf("%s: %v in %q", name, err, script)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range samples {
		f.Add([]byte(text))
	}
	for _, text := range []string{
		"FROM a\nRUN <<A <<B\nA\n", "RUN", "FROM\n", "\\\n\\", "# escape=`\r\nFROM a `\r\n", "FROM a\nRUN [\"a\\", "ONBUILD ONBUILD RUN <<E\nE\n",
		"FROM a\nCOPY --from=\"a\\", "FROM a\nENV \\", "#syntax=a\n#syntax=b\n", "FROM a\nRUN --mount=\"from=\n", "FROM a\nHEALTHCHECK\tCMD\n",
		"FROM a AS b\nARG a b=1 \"c d\"=e\nENV a b\nENV a=1 b\nLABEL a=1 b=\"c d\"\nCOPY --from=a --chown=b c d\nADD --chmod=1 --chmod=2 c d\nVOLUME [\"a\"]\nUSER\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := source.New("Dockerfile", data)
		d := Parse(file)
		check := func(what string, s source.Span) {
			if s.IsZero() {
				return
			}
			if s.File != file || s.Start < 0 || s.Start > s.End || s.End > len(data) {
				t.Fatalf("%s is not in the file: %d-%d", what, s.Start, s.End)
			}
		}
		for _, p := range d.Problems {
			check("problem", p.Span)
			if p.Span.IsZero() || p.Message == "" || strings.ContainsAny(p.Message, "\r\n") {
				t.Fatalf("problem %q", p.Message)
			}
		}
		for _, c := range d.Comments {
			check("comment", c.Span)
			if !strings.HasPrefix(c.Span.Text(), "#") {
				t.Fatalf("comment %q", c.Span.Text())
			}
		}
		for _, image := range d.Images {
			check("image", image.Span)
		}
		for _, s := range d.Stages {
			check("stage", s.Span)
			check("name", s.NameSpan)
			if !s.Span.Contains(s.Base.All()) {
				t.Fatalf("base %q is not in %q", s.Base.String, s.Span.Text())
			}
			for _, in := range s.Instructions {
				switch in := in.(type) {
				case *facts.Arg:
					check("arg", in.Span)
				case *facts.Env:
					check("env", in.Span)
				case *facts.Label:
					check("label", in.Span)
				case *facts.Command:
					check("command", in.Span)
				case *facts.Copy:
					check("copy", in.Span)
				case *facts.Run:
					check("run", in.Span)
					for _, v := range append([]source.Text{in.Script}, in.Words...) {
						if v.File != nil && !in.Span.Contains(v.All()) {
							t.Fatalf("%q is not in %q", v.String, in.Span.Text())
						}
					}
					for _, h := range in.Heredocs {
						check("here-document", h.Body.All())
					}
				}
			}
		}
		for _, v := range plainTexts(d) {
			if len(v.String) > 0 && v.Span(0, 1).Text() != v.String[:1] {
				t.Fatalf("%q begins at %s", v.String, at(v.Span(0, 1)))
			}
		}
		for _, difference := range differences(file, d) {
			t.Fatal(difference)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var all strings.Builder
	for _, name := range []string{"stages", "arg", "env", "run", "heredoc", "copy", "everything else"} {
		all.WriteString(samples[name])
	}
	f := source.New("Dockerfile", []byte(all.String()))
	b.SetBytes(int64(all.Len()))
	b.ReportAllocs()
	for b.Loop() {
		Parse(f)
	}
}

// TestGeneratorsFiles passes over what a generator makes Dockerfiles of: names alone
// have made them Dockerfiles.
func TestGeneratorsFiles(t *testing.T) {
	for name, text := range map[string]string{
		"calls":   "\n\nRUN version={{ARGS[\"v\"]}} \\\n    && {{InsertTemplate(\"x\", [\n        \"product\": \"y\",\n    ])}}\n",
		"part":    "ENV \\\n    # a comment\n    A=1 \\\n    B=2\n",
		"jinja":   "FROM a\n{% if x %}\nRUN y\n{% endif %}\n",
		"erb":     "FROM a\n<% if x %>\nRUN y\n",
		"handled": "FROM a\n{{#if x}}\nRUN y\n{{/if}}\n",
	} {
		d := Parse(source.New("Dockerfile.x", []byte(text)))
		if !d.Doubtful || len(d.Problems) != 1 {
			t.Errorf("%s: doubtful %v, %v", name, d.Doubtful, d.Problems)
		}
	}
	for name, text := range map[string]string{
		"format":   "FROM a\nRUN docker inspect --format '{{.Id}}' b\n",
		"mistaken": "FROM a\nRUM b\n",
	} {
		if d := Parse(source.New("Dockerfile.x", []byte(text))); d.Doubtful {
			t.Errorf("%s: doubtful, %v", name, d.Problems)
		}
	}
}
