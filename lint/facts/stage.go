package facts

import "github.com/archlint/archlint/lint/source"

// Stage is a stage of a Dockerfile, as written: nothing in it is expanded.
type Stage struct {
	Index int    // from 0
	Name  string // lower case, "" when it has none
	// Base is the image or the stage after FROM.
	Base source.Text
	// Platform is the value of --platform, zero when there is none.
	Platform source.Text
	// HasPlatform is true if there is a --platform, even an empty one.
	HasPlatform bool
	Span        source.Span // of the FROM instruction's first line
	NameSpan    source.Span

	Instructions []Instruction // in order
	// Triggers are the ONBUILD instructions, which are among the instructions and
	// run in builds that are based on this one.
	Triggers []source.Span
}

// Instruction is an instruction in a stage: *Arg, *Env, *Run, *Copy, *Shell or
// *Label.
type Instruction interface{ instruction() }

// Arg is one name of an ARG instruction.
type Arg struct {
	Name string
	// Default is the text behind the "=", zero when there is none.
	Default    source.Text
	HasDefault bool
	Span       source.Span // name and default
}

// Env is one variable of an ENV instruction.
type Env struct {
	Name  string
	Value source.Text
	Span  source.Span // name and value
}

// Run is a RUN instruction.
type Run struct {
	Span source.Span
	// Script is the shell text, zero for the exec form.
	Script source.Text
	// Words are the words of the exec form.
	Words []source.Text
	// Heredocs are the here-documents that BuildKit reads; when Script is empty
	// the first of them is the script.
	Heredocs []Heredoc
	// Froms are the from= values of its --mount flags.
	Froms []From
}

// Heredoc is a here-document of an instruction.
type Heredoc struct {
	Name   string
	Body   source.Text
	Expand bool // variables in it are expanded (the word was not quoted)
	// Interpreter is the first line's "#!" program, "" when there is none.
	Interpreter string
}

// From is a reference to another stage or image (--from, mount=from).
type From struct {
	Value source.Text
	Role  Role // RoleCopy or RoleMount
}

// Copy is a COPY or an ADD instruction.
type Copy struct {
	Span    source.Span
	Add     bool
	From    *From
	Sources []source.Text
	Dest    source.Text
}

// Shell is a SHELL instruction.
type Shell struct {
	Words []string
}

// Workdir is a WORKDIR instruction.
type Workdir struct {
	Path source.Text
}

// Label is metadata that selects nothing: LABEL, and everything else that
// carries text but decides nothing about the build.
type Label struct{ Span source.Span }

// Command is a CMD, ENTRYPOINT or HEALTHCHECK: what runs in the container.
type Command struct {
	Span   source.Span
	Script source.Text   // shell form
	Words  []source.Text // exec form
}

func (*Arg) instruction()     {}
func (*Env) instruction()     {}
func (*Run) instruction()     {}
func (*Copy) instruction()    {}
func (*Shell) instruction()   {}
func (*Workdir) instruction() {}
func (*Label) instruction()   {}
func (*Command) instruction() {}

// SpanOf returns the place of an instruction, the zero Span if it has none.
func SpanOf(in Instruction) source.Span {
	switch in := in.(type) {
	case *Arg:
		return in.Span
	case *Env:
		return in.Span
	case *Run:
		return in.Span
	case *Copy:
		return in.Span
	case *Label:
		return in.Span
	case *Command:
		return in.Span
	}
	return source.Span{}
}
