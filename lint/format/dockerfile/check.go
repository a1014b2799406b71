package dockerfile

import (
	"bufio"
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// usage says how each instruction is written.
var usage = map[string]string{
	command.Add:         "ADD SOURCE... DESTINATION",
	command.Arg:         "ARG NAME[=DEFAULT]",
	command.Cmd:         `CMD ["PROGRAM", "ARGUMENT"...]`,
	command.Copy:        "COPY [--from=STAGE] SOURCE... DESTINATION",
	command.Entrypoint:  `ENTRYPOINT ["PROGRAM", "ARGUMENT"...]`,
	command.Env:         "ENV NAME=VALUE...",
	command.Expose:      "EXPOSE PORT...",
	command.From:        "FROM [--platform=PLATFORM] IMAGE [AS NAME]",
	command.Healthcheck: "HEALTHCHECK CMD COMMAND",
	command.Label:       "LABEL NAME=VALUE...",
	command.Maintainer:  "MAINTAINER NAME",
	command.Onbuild:     "ONBUILD INSTRUCTION",
	command.Run:         "RUN COMMAND",
	command.Shell:       `SHELL ["PROGRAM", "ARGUMENT"...]`,
	command.StopSignal:  "STOPSIGNAL SIGNAL",
	command.User:        "USER NAME",
	command.Volume:      "VOLUME PATH...",
	command.Workdir:     "WORKDIR PATH",
}

// check has BuildKit judge the instructions.
func (r *reader) check() {
	nodes, failure := r.parseWhole()
	from, templated := false, false
	outside := !slices.ContainsFunc(r.instructions, isFrom) // was reported, or is the lesser evil
	for _, in := range r.instructions {
		if !isInstruction(in.name) && !isTemplate(in.name) {
			r.unknown(in)
			continue
		}
		if in.name == command.From {
			from = true
		} else if !from && !outside && in.name != command.Arg && isInstruction(in.name) {
			outside = true
			r.problem(in.place(), "%s before the first FROM; move it behind", strings.ToUpper(in.name))
			continue
		}
		if in.broken {
			continue
		}
		node, err := nodes[in.first], error(nil)
		if node == nil {
			node, err = r.parse(in)
		}
		if err == nil {
			err = valid(node)
		}
		if err != nil && isTemplate(in.text) {
			in.unreadable = true
			if !templated {
				templated = true
				r.problem(in.place(), template)
			}
			continue
		}
		if err != nil {
			in.broken = true
			r.problem(in.place(), "%s; write %s", describe(err, in.name), usage[in.name])
		}
	}
	if failure != nil && len(r.document.Problems) == 0 {
		r.failure(failure)
	}
}

// failure reports an error that belongs to no instruction.
func (r *reader) failure(err error) {
	line := 1
	if at := (*parser.LocationError)(nil); errors.As(err, &at) && len(at.Locations) > 0 && len(at.Locations[0]) > 0 {
		line = at.Locations[0][0].Start.Line + 1 // it names the line before
	}
	r.problem(r.file.LineSpan(min(line, r.file.Lines())), "%s; docker cannot read the file, correct it from here on", describe(err, "dockerfile line"))
}

func isFrom(in *instruction) bool { return in.name == command.From }

// isTemplate reports whether a text that BuildKit refuses holds a statement of
// one of the usual template languages.
func isTemplate(text string) bool {
	for _, opening := range []string{"{{", "{%", "<%", "%%"} {
		if strings.Contains(text, opening) {
			return true
		}
	}
	return false
}

// unknown reports an unknown instruction.
func (r *reader) unknown(in *instruction) {
	if r.foreign || in.broken {
		return
	}
	// BuildKit guesses what was meant, from three letters even.
	if name := in.word(); len(name) > 3 && len(name) < 32 {
		if err := valid(&parser.Node{Value: name}); err != nil && strings.Contains(err.Error(), "did you mean") {
			r.problem(in.place(), "%s", err)
			return
		}
	}
	r.problem(in.place(), "unknown instruction %s; begin the line with an instruction, or end the line above with a backslash to continue it", quoted(in.word()))
}

// parseWhole returns BuildKit's nodes by their first line, none if it does not
// take the file as a whole.
func (r *reader) parseWhole() (map[int]*parser.Node, error) {
	if !r.whole {
		return nil, nil
	}
	result, err := parseBytes(r.file.Data)
	if err != nil {
		return nil, err
	}
	nodes := make(map[int]*parser.Node, len(result.AST.Children))
	for _, node := range result.AST.Children {
		nodes[node.StartLine] = node
	}
	return nodes, nil
}

// parse has BuildKit read one instruction.
func (r *reader) parse(in *instruction) (*parser.Node, error) {
	start, _ := r.file.LineRange(in.first)
	_, end := r.file.LineRange(in.last)
	data := r.file.Data[start:end]
	if r.escape != parser.DefaultEscapeToken {
		data = append([]byte("# escape="+string(r.escape)+"\n"), data...)
	}
	result, err := parseBytes(data)
	if err == nil {
		return result.AST.Children[0], nil
	}
	for n := in.first; n <= in.last; n++ {
		if start, end := r.file.LineRange(n); end-start >= bufio.MaxScanTokenSize-1 {
			return nil, errors.New("a line is longer than docker reads (65535 bytes)")
		}
	}
	return nil, err
}

func parseBytes(data []byte) (result *parser.Result, err error) {
	err = guard(func() (err error) {
		result, err = parser.Parse(bytes.NewReader(data))
		if err == nil && len(result.AST.Children) == 0 {
			err = errors.New("no instruction")
		}
		return err
	})
	return result, err
}

// valid returns what is wrong with an instruction, or with the one that it puts
// off until a later build.
func valid(node *parser.Node) error {
	// A comment "check=skip=RULE" is for BuildKit's linter, and without one a
	// panic.
	node.PrevComment = nil
	return guard(func() error {
		if _, err := instructions.ParseInstruction(node); err != nil {
			return err
		}
		if strings.EqualFold(node.Value, command.Onbuild) && node.Next != nil && len(node.Next.Children) == 1 {
			_, err := instructions.ParseInstruction(node.Next.Children[0])
			return err
		}
		return nil
	})
}

// describe returns an error of BuildKit as the beginning of a message about an
// instruction.
func describe(err error, name string) string {
	s := strings.TrimRight(err.Error(), ".")
	if strings.HasPrefix(strings.ToLower(s), name) {
		return s
	}
	if c, size := utf8.DecodeRuneInString(s); size < len(s) && !unicode.IsUpper(rune(s[size])) {
		s = string(unicode.ToLower(c)) + s[size:]
	}
	return strings.ToUpper(name) + ": " + s
}
