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

// check has BuildKit judge the instructions, but for those that are sound anyway.
func (r *reader) check() {
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
		if in.broken || in.sound(r.escape) && !r.overlong(in.first, in.last) {
			continue
		}
		err := r.judge(in)
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
	if r.whole && len(r.document.Problems) == 0 && r.overlong(1, r.file.Lines()) {
		if _, err := parseBytes(r.file.Data); err != nil {
			r.failure(err)
		}
	}
}

// sound reports whether there is no doubt that an instruction is valid. Most are of
// one of these forms, and BuildKit's parser takes longer than everything else that
// is done with a Dockerfile.
func (in *instruction) sound(escape byte) bool {
	h := in.begin
	if h.start == h.end || len(in.heredocs) > 0 || strings.Contains(in.text, "<<") {
		return false
	}
	arguments := in.text[h.start:h.end]
	array := arguments[0] == '['
	switch h.name {
	case command.Run, command.Cmd, command.Entrypoint:
		return len(h.flags) == 0 && h.json != jsonOther
	case command.Workdir, command.User:
		return len(h.flags) == 0
	case command.Expose, command.Volume:
		return len(h.flags) == 0 && !array
	case command.From:
		words := in.fields(h.start, h.end)
		return h.distinct("--platform=") && (len(words) == 1 ||
			len(words) == 3 && strings.EqualFold(in.text[words[1].start:words[1].end], "as") && isStageName(in.text[words[2].start:words[2].end]))
	case command.Copy:
		return h.distinct("--from=", "--chown=", "--chmod=") && !array && len(in.fields(h.start, h.end)) > 1
	case command.Add:
		return h.distinct("--chown=", "--chmod=") && !array && len(in.fields(h.start, h.end)) > 1
	case command.Arg, command.Env, command.Label:
		words := in.words(h.start, h.end, escape)
		if len(h.flags) > 0 || len(words) == 0 {
			return false
		}
		for i, w := range words {
			switch strings.IndexByte(in.text[w.start:w.end], '=') {
			case 0:
				return false
			case -1:
				if h.name == command.Arg {
					continue
				}
				return i == 0 && strings.ContainsFunc(arguments, func(c rune) bool { return c < utf8.RuneSelf && isBlank(byte(c)) })
			}
		}
		return true
	}
	return false
}

// distinct reports whether the flags of an instruction begin with these prefixes,
// each with another.
func (h head) distinct(prefixes ...string) bool {
	for _, flag := range h.flags {
		i := slices.IndexFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(flag.String, prefix) })
		if i < 0 {
			return false
		}
		prefixes = slices.Delete(prefixes, i, i+1)
	}
	return true
}

// isStageName reports whether a stage may be called so.
func isStageName(name string) bool {
	for i, c := range []byte(strings.ToLower(name)) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return name != ""
}

// overlong reports whether one of the lines is longer than BuildKit reads.
func (r *reader) overlong(first, last int) bool {
	for n := first; n <= last; n++ {
		if start, end := r.file.LineRange(n); end-start >= bufio.MaxScanTokenSize-1 {
			return true
		}
	}
	return false
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

// judge returns what BuildKit thinks is wrong with an instruction.
func (r *reader) judge(in *instruction) error {
	start, _ := r.file.LineRange(in.first)
	_, end := r.file.LineRange(in.last)
	data := r.file.Data[start:end]
	if r.escape != parser.DefaultEscapeToken {
		data = append([]byte("# escape="+string(r.escape)+"\n"), data...)
	}
	result, err := parseBytes(data)
	if err == nil {
		return valid(result.AST.Children[0])
	}
	if r.overlong(in.first, in.last) {
		return errors.New("a line is longer than docker reads (65535 bytes)")
	}
	return err
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
