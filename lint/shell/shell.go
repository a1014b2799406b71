// Package shell reads shell scripts: which commands they run, with which words,
// on one platform.
//
// A script is not searched for patterns but evaluated, for one architecture at a
// time: `uname -m` prints that architecture's name, TARGETARCH has its value,
// and a `case` or an `if` on them takes the branch that this machine would take.
// What cannot be decided (does a file exist?) is followed both ways, and a
// variable that differs afterwards has several values. Every byte of every word
// remembers whether it stands in the script, was computed from the platform, or
// is not known, so that a fixed architecture is found at the place where it was
// fixed, however many variables lie between.
//
// Nothing is executed. The limits: loops run over at most [maxLoop] items and
// otherwise once, functions nest at most [maxDepth] deep, a word has at most
// [maxValues] values (then it counts as unknown), and commands other than the few
// text filters in filter.go have unknown output. What takes more than a person would
// write is not followed to its end; the result says so ([Result.Cut]).
package shell

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// The limits of an evaluation.
const (
	maxLoop     = 16
	maxDepth    = 24
	maxValues   = 6
	maxCommands = 2000
	maxSteps    = 5000
	maxScript   = 128 << 10 // bytes; the parser's stack grows to some thousand times what nests in it
	maxNesting  = 500       // of brackets
	maxText     = 16 << 10  // bytes of a value
	maxParts    = 256       // parts of a value
	maxArray    = 1000      // elements of an array
	maxWork     = 300_000   // commands, parts of the values put together for them, and what patterns cost
	maxSubject  = 4096      // bytes of a text that a pattern is looked for in
	maxPattern  = 500       // bytes of a pattern
)

// Values are the values that a word or variable may have: one when it is
// certain. None at all is never used for "unknown": that is an opaque value.
type Values []facts.Value

// One returns v as the only value.
func One(v facts.Value) Values { return Values{v} }

// Single returns the value if there is exactly one and all of it is known.
func (v Values) Single() (string, bool) {
	if len(v) != 1 || !v[0].Known() {
		return "", false
	}
	return v[0].String(), true
}

// Options say where a script runs.
type Options struct {
	// Variables are the variables set on entry.
	Variables map[string]Values
	// Architecture is that of the machine the script runs on, in Go's spelling;
	// "" when it is not known.
	Architecture string
	// Builder is true if the script runs on the machine that builds, whatever that
	// is: what it is asked for then depends on it.
	Builder bool
	// Arguments are the script's positional parameters.
	Arguments []Values
	// Like is another result of the same script, if there is one: it need not be
	// parsed again then.
	Like *Result
	// Whole is true if Variables are all that the script gets to see, but for what
	// every machine of a CI system sets: others are not set.
	Whole bool
}

// Result is what a script does.
type Result struct {
	Commands []*Command
	// Switches are the decisions on the architecture that leave it without a way.
	Switches []Switch
	// Decisions are the branches taken because of a fixed architecture.
	Decisions []Decision
	// Unset are the uses of variables that nothing known has set, other than
	// those that say what holds then (${x:-y}).
	Unset []Unset
	// Variables are the variables at the end.
	Variables map[string]Values
	// Work is how much the evaluation took, for those that bound several.
	Work int
	// Asked is true if the result may depend on the architecture in the options:
	// otherwise it is the same for any.
	Asked bool

	file *syntax.File // the script, parsed
	// Cut is true if the evaluation ended early, because it took too much.
	Cut bool
}

// Unset is the use of a variable that is not set.
type Unset struct {
	Name string
	Span source.Span
}

// Command is one simple command, as it would be run.
type Command struct {
	Words   []Word
	Assigns []Assign // before the command, or alone
	// Maybe is true if the command is reached only when something holds that
	// cannot be decided.
	Maybe bool
	Span  source.Span // of the whole command
	// Input is what a here-document, a here-string or an echo before the pipe
	// gives the command to read.
	Input Values
	// Output is the file that standard output is redirected to.
	Output Values
	// Reader is the command that reads what this one prints: the next one in a
	// pipe, or "$" for $(…). It is "" when there is none, or it is not known.
	Reader string
}

// readBy notes who reads what the command prints, unless that is known already.
func (c *Command) readBy(name string) {
	if c.Reader == "" && c.Output == nil {
		c.Reader = name
	}
}

// Name returns the command's name without its folder, "" if it is not known.
func (c *Command) Name() string {
	if len(c.Words) == 0 {
		return ""
	}
	name, ok := c.Words[0].Values.Single()
	if !ok {
		return ""
	}
	return name[strings.LastIndexByte(name, '/')+1:]
}

// Word is one word of a command.
type Word struct {
	Values Values
	Span   source.Span
}

// Text returns the word if it is certain.
func (w Word) Text() (string, bool) { return w.Values.Single() }

// Assign is the assignment of a variable.
type Assign struct {
	Name   string
	Word   Word
	Span   source.Span
	Export bool
}

// Switch is a decision on the architecture, taken in the wrong way.
type Switch struct {
	Span source.Span // of the word that is decided on
	// Architecture is the one that is left without a way.
	Architecture string
	// Fails is true if the script ends there with an error; otherwise no branch
	// is taken.
	Fails bool
}

// Decision is the taking of a branch because of a text that is fixed somewhere:
// what stands in the branch is only there because of that text.
type Decision struct {
	Branch source.Span
	By     source.Span
}

// Evaluate runs a script in the mind. An error is a syntax error; what was read
// up to it is lost.
func Evaluate(script source.Text, o Options) (*Result, error) {
	e := &evaluator{options: o, result: &Result{}}
	st := &state{variables: map[string]Values{}, arrays: map[string]map[string]Values{}, functions: map[string]function{}, arguments: o.Arguments}
	for name, value := range o.Variables {
		st.variables[name] = value
	}
	var file *syntax.File
	if o.Like != nil {
		file = o.Like.file
	}
	if file == nil {
		var err error
		if file, err = Parse(script); err != nil {
			return nil, err
		}
	}
	e.parsed(script, file, st)
	e.result.Variables, e.result.Asked, e.result.file = st.variables, e.askedMachine, file
	return e.result, nil
}

// EvaluateWords runs one command given as words, as the exec form of RUN does.
func EvaluateWords(words []Word, span source.Span, o Options) *Result {
	e := &evaluator{options: o, result: &Result{}}
	st := &state{variables: o.Variables, arrays: map[string]map[string]Values{}, functions: map[string]function{}}
	if st.variables == nil {
		st.variables = map[string]Values{}
	}
	st = st.copy()
	if len(words) > 0 {
		c := &Command{Words: words, Span: span}
		e.result.Commands = append(e.result.Commands, c)
		e.run(c, st, st)
	}
	e.result.Variables, e.result.Asked = st.variables, e.askedMachine
	return e.result
}

// EvaluateLoosely evaluates a script that does not parse, line by line; of lines
// that do not parse either, the words are taken as they stand. Which branch is
// taken is not known then: all commands are marked Maybe.
func EvaluateLoosely(script source.Text, o Options) *Result {
	out := &Result{Variables: o.Variables}
	text := script.String
	for start, n := 0, 0; start < len(text); n++ {
		if n >= maxCommands || len(out.Commands) > maxCommands || out.Work > maxWork {
			out.Cut = true
			break
		}
		end := start
		for end < len(text) && (text[end] != '\n' || end > start && text[end-1] == '\\') {
			end++
		}
		line := script.Slice(start, end)
		start = end + 1
		if strings.TrimSpace(line.String) == "" {
			continue
		}
		r, err := Evaluate(line, Options{Variables: out.Variables, Architecture: o.Architecture})
		if err != nil {
			r = &Result{Commands: []*Command{wordsOf(line)}, Variables: out.Variables}
		}
		for _, c := range r.Commands {
			c.Maybe = true
		}
		out.Commands = append(out.Commands, r.Commands...)
		out.Variables, out.Asked = r.Variables, out.Asked || r.Asked
		out.Work += r.Work + 1
		out.Cut = out.Cut || r.Cut
	}
	return out
}

// wordsOf takes a line for a command of words between blanks, without quotes.
func wordsOf(line source.Text) *Command {
	c := &Command{Span: line.All()}
	separator := func(b byte) bool { return strings.IndexByte(" \t\n\"'`;&|<>(){}\\", b) >= 0 }
	for i := 0; i < len(line.String); {
		if separator(line.String[i]) {
			i++
			continue
		}
		j := i
		for j < len(line.String) && !separator(line.String[j]) {
			j++
		}
		part := line.Slice(i, j)
		c.Words = append(c.Words, Word{Values: One(facts.Of(part)), Span: part.All()})
		i = j
	}
	return c
}

// parsers are parsers of bash, which are larger than most scripts. One that met an
// error is not used again.
var parsers = sync.Pool{New: func() any { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }}

// Parse parses a script as bash and, where that fails, as POSIX shell.
func Parse(script source.Text) (*syntax.File, error) {
	if len(script.String) > maxScript || nesting(script.String) > maxNesting {
		return nil, ErrTooLarge
	}
	parser := parsers.Get().(*syntax.Parser)
	file, err := parser.Parse(strings.NewReader(script.String), "")
	if err == nil {
		parsers.Put(parser)
		return file, nil
	}
	if file, posix := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script.String), ""); posix == nil {
		return file, nil
	}
	return nil, err
}

// nesting is how deep brackets are opened, wherever they stand: the parser goes down
// into each of them, and a stack that has overflowed cannot be recovered from.
func nesting(script string) int {
	depth, most := 0, 0
	for i := range len(script) {
		switch script[i] {
		case '(', '[', '{':
			depth++
			most = max(most, depth)
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return most
}

// ErrTooLarge means that a script is not parsed because it is longer, or nests deeper,
// than anything that people write.
var ErrTooLarge = fmt.Errorf("the script is longer than %d KiB or nests too deep", maxScript>>10)

// status is how a command ended.
type status int

const (
	assumed   status = iota // an ordinary command: taken to succeed
	succeeded               // known to succeed
	failed                  // known to fail
	undecided               // a test that depends on what is not known
)

// state is what a running script has at hand.
type state struct {
	variables map[string]Values
	arrays    map[string]map[string]Values
	functions map[string]function
	arguments []Values
	ended     bool // exit or return was reached
	// decided is the architecture decision that led here, for exits.
	decided *source.Span
}

type function struct {
	body   *syntax.Stmt
	script source.Text
}

func (s *state) copy() *state {
	c := *s
	c.variables = make(map[string]Values, len(s.variables))
	for k, v := range s.variables {
		c.variables[k] = v
	}
	c.arrays = make(map[string]map[string]Values, len(s.arrays))
	for k, v := range s.arrays {
		c.arrays[k] = v
	}
	return &c
}

// join makes s what is known after one of several branches was taken.
func (s *state) join(branches []*state) {
	live := branches[:0:0]
	for _, b := range branches {
		if !b.ended {
			live = append(live, b)
		}
	}
	if len(live) == 0 {
		s.ended = len(branches) > 0
		return
	}
	names := map[string]bool{}
	for _, b := range live {
		for name := range b.variables {
			names[name] = true
		}
	}
	variables := make(map[string]Values, len(names))
	for name := range names {
		var all Values
		for _, b := range live {
			if v, ok := b.variables[name]; ok {
				all = merge(all, v)
			} else {
				all = merge(all, Values{facts.Unknowable()})
			}
		}
		variables[name] = all
	}
	s.variables, s.arrays = variables, sameArrays(live)
}

// merge returns the union of alternatives.
func merge(a, b Values) Values {
	out := a[:len(a):len(a)]
next:
	for _, v := range b {
		for _, have := range out {
			if same(have, v) {
				continue next
			}
		}
		out = append(out, v)
	}
	if len(out) > maxValues {
		return Values{facts.Unknowable()}
	}
	return out
}

func same(a, b facts.Value) bool {
	if a.Known() != b.Known() || a.String() != b.String() {
		return false
	}
	return true
}

// concat appends each value of b to each of a.
func concat(a, b Values) Values {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	case len(a)*len(b) > maxValues:
		return Values{facts.Unknowable()}
	case len(a) == 1 && len(a[0].Parts) == 0:
		if slices.ContainsFunc(b, func(v facts.Value) bool { return len(v.Parts) > maxParts || length(v) > maxText }) {
			return Values{facts.Unknowable()}
		}
		return b
	}
	out := make(Values, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			// A value that doubles with each line (A=$A$A) ends here.
			if len(x.Parts)+len(y.Parts) > maxParts || length(x)+length(y) > maxText {
				return Values{facts.Unknowable()}
			}
			out = append(out, x.Add(y))
		}
	}
	return out
}

// extend is concat for a word that is put together part by part. own says that nobody
// else has the parts of the only value of a, so that they need not be copied.
func extend(a, b Values, own bool) (Values, bool) {
	if len(a) != 1 || len(b) != 1 || len(a[0].Parts) == 0 || len(a[0].Parts)+len(b[0].Parts) > maxParts || length(a[0])+length(b[0]) > maxText {
		return concat(a, b), false
	}
	parts := a[0].Parts
	if !own {
		parts = parts[:len(parts):len(parts)]
		a = Values{{}}
	}
	a[0].Parts = append(parts, b[0].Parts...)
	return a, true
}

// length is the number of bytes of a value's text.
func length(v facts.Value) int {
	n := 0
	for _, p := range v.Parts {
		n += len(p.Text)
	}
	return n
}

// charge notes work that steps do not count: looking for a pattern in a text, which
// takes the product of their lengths.
func (e *evaluator) charge(pattern string, subjects Values) {
	for _, v := range subjects {
		e.result.Work += len(pattern) + len(pattern)*length(v)>>10
	}
}

type evaluator struct {
	options Options
	result  *Result
	text    source.Text // the script being evaluated
	depth   int
	steps   int
	maybe   int
	stdin   Values  // of the command being evaluated, nil if unknown
	capture *Values // where output goes, nil if nobody listens
	// redirected is true within a statement whose output goes to a file.
	redirected bool
	// sourced is true when a file was run that may have set any variable.
	sourced bool
	// asked is the place of the last test that depended on the platform.
	asked *source.Span
	// fixed is a value with a fixed architecture that the last test looked at.
	fixed *facts.Value
	// askedMachine is true when the architecture of the machine was asked for.
	askedMachine bool
}

// architecture is that of the machine; all that depends on it asks here.
func (e *evaluator) architecture() string {
	e.askedMachine = true
	return e.options.Architecture
}

func (e *evaluator) script(script source.Text, st *state) error {
	if e.depth >= maxDepth {
		e.result.Cut = true
		return nil
	}
	file, err := Parse(script)
	if err != nil {
		return err
	}
	e.parsed(script, file, st)
	return nil
}

func (e *evaluator) parsed(script source.Text, file *syntax.File, st *state) {
	outer := e.text
	e.text = script
	e.depth++
	e.statements(file.Stmts, st)
	e.depth--
	e.text = outer
}

func (e *evaluator) span(n syntax.Node) source.Span {
	return e.text.Span(int(n.Pos().Offset()), int(n.End().Offset()))
}

func (e *evaluator) statements(list []*syntax.Stmt, st *state) status {
	result := succeeded
	for _, s := range list {
		if st.ended {
			break
		}
		result = e.statement(s, st)
	}
	return result
}

func (e *evaluator) statement(s *syntax.Stmt, st *state) status {
	e.steps++
	e.result.Work++
	if e.steps > maxSteps || e.result.Work > maxWork || len(e.result.Commands) > maxCommands || e.depth > maxDepth {
		e.result.Cut = true
		return undecided
	}
	stdin, capture, redirected := e.stdin, e.capture, e.redirected
	var output Values
	for _, r := range s.Redirs {
		switch {
		case r.Hdoc != nil:
			e.stdin = e.word(r.Hdoc, st)
		case r.Op == syntax.WordHdoc:
			e.stdin = e.word(r.Word, st)
		case r.Op == syntax.RdrIn:
			e.stdin = Values{facts.Unknowable()}
		case r.Op == syntax.RdrOut || r.Op == syntax.AppOut || r.Op == syntax.RdrAll || r.Op == syntax.AppAll || r.Op == syntax.RdrClob:
			if r.N == nil || r.N.Value == "1" {
				output = e.word(r.Word, st)
				e.capture, e.redirected = nil, true
			}
		}
	}
	before := len(e.result.Commands)
	result := assumed
	if s.Cmd != nil {
		result = e.command(s.Cmd, st)
	}
	if output != nil {
		for _, c := range e.result.Commands[before:] {
			if c.Output == nil {
				c.Output = output
			}
		}
	}
	e.stdin, e.capture, e.redirected = stdin, capture, redirected
	if s.Negated {
		switch result {
		case succeeded:
			return failed
		case failed:
			return succeeded
		default:
			return undecided
		}
	}
	return result
}

func (e *evaluator) command(cmd syntax.Command, st *state) status {
	switch c := cmd.(type) {
	case *syntax.CallExpr:
		return e.call(c, st)
	case *syntax.BinaryCmd:
		return e.binary(c, st)
	case *syntax.IfClause:
		return e.ifClause(c, st)
	case *syntax.CaseClause:
		return e.caseClause(c, st)
	case *syntax.ForClause:
		return e.forClause(c, st)
	case *syntax.WhileClause:
		if shifts(c) {
			st.arguments = nil // it goes through them: which one it is at is not known
		}
		e.statements(c.Cond, st)
		e.undecidedly(st, func(b *state) { e.statements(c.Do, b) })
		return assumed
	case *syntax.Block:
		return e.statements(c.Stmts, st)
	case *syntax.Subshell:
		inner := st.copy()
		result := e.statements(c.Stmts, inner)
		return result
	case *syntax.FuncDecl:
		if c.Name != nil {
			st.functions[c.Name.Value] = function{body: c.Body, script: e.text}
		}
		return succeeded
	case *syntax.DeclClause:
		return e.declare(c, st)
	case *syntax.TestClause:
		return e.test(c.X, st)
	case *syntax.TimeClause:
		if c.Stmt != nil {
			return e.statement(c.Stmt, st)
		}
	case *syntax.CoprocClause:
		return e.statement(c.Stmt, st)
	case *syntax.LetClause, *syntax.ArithmCmd:
		return undecided
	}
	return assumed
}

// shifts reports whether a loop takes one argument after the other.
func shifts(loop *syntax.WhileClause) bool {
	found := false
	syntax.Walk(loop, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 && call.Args[0].Lit() == "shift" {
			found = true
		}
		return !found
	})
	return found
}

// sameArrays returns the arrays that are the same whichever way was taken.
func sameArrays(live []*state) map[string]map[string]Values {
	out := live[0].arrays
	for _, other := range live[1:] {
		for name, array := range out {
			if maps.EqualFunc(array, other.arrays[name], func(a, b Values) bool {
				return slices.EqualFunc(a, b, func(x, y facts.Value) bool { return x.String() == y.String() })
			}) {
				continue
			}
			out = maps.Clone(out)
			delete(out, name)
		}
	}
	return out
}

// undecidedly evaluates what may or may not happen.
func (e *evaluator) undecidedly(st *state, body func(*state)) {
	branch := st.copy()
	e.maybe++
	body(branch)
	e.maybe--
	st.join([]*state{st.copy(), branch})
}

func (e *evaluator) binary(c *syntax.BinaryCmd, st *state) status {
	switch c.Op {
	case syntax.Pipe, syntax.PipeAll:
		capture := e.capture
		var between Values
		e.capture = &between
		first := len(e.result.Commands)
		e.statement(c.X, st.copy())
		second := len(e.result.Commands)
		e.capture = capture
		stdin := e.stdin
		e.stdin = between
		if between == nil {
			e.stdin = Values{facts.Unknowable()}
		}
		result := e.statement(c.Y, st.copy())
		e.stdin = stdin
		if second < len(e.result.Commands) {
			for _, command := range e.result.Commands[first:second] {
				command.readBy(e.result.Commands[second].Name())
			}
		}
		return result
	case syntax.AndStmt:
		e.asked, e.fixed = nil, nil
		left := e.statement(c.X, st)
		asked := e.asked
		switch left {
		case failed:
			e.skipped(e.fixed, st, func(b *state) { e.statement(c.Y, b) })
			return failed
		case undecided:
			e.undecidedly(st, func(b *state) { e.statement(c.Y, b) })
			return undecided
		default:
			if st.ended {
				return left
			}
			return e.because(asked, st, func() status { return e.statement(c.Y, st) })
		}
	case syntax.OrStmt:
		e.asked = nil
		left := e.statement(c.X, st)
		asked := e.asked
		switch left {
		case succeeded:
			return succeeded
		case failed:
			return e.because(asked, st, func() status { return e.statement(c.Y, st) })
		default:
			if st.ended {
				return left
			}
			e.undecidedly(st, func(b *state) { e.statement(c.Y, b) })
			// "a || b" as a whole succeeds, or nothing after it matters.
			return assumed
		}
	}
	return assumed
}

func (e *evaluator) ifClause(c *syntax.IfClause, st *state) status {
	if len(c.Cond) == 0 { // a plain else
		return e.statements(c.Then, st)
	}
	e.asked, e.fixed = nil, nil
	condition := e.statements(c.Cond, st)
	asked := e.asked
	if st.ended {
		return condition
	}
	if condition == assumed { // an ordinary command was asked
		condition = undecided
	}
	switch condition {
	case succeeded:
		if e.fixed != nil {
			e.decide(*e.fixed, c.Then)
		}
		return e.because(asked, st, func() status { return e.statements(c.Then, st) })
	case failed:
		e.skipped(e.fixed, st, func(b *state) { e.statements(c.Then, b) })
		if c.Else == nil {
			return succeeded
		}
		return e.because(asked, st, func() status { return e.ifClause(c.Else, st) })
	}
	then, other := st.copy(), st.copy()
	e.maybe++
	e.statements(c.Then, then)
	if c.Else != nil {
		e.ifClause(c.Else, other)
	}
	e.maybe--
	st.join([]*state{then, other})
	return assumed
}

// because evaluates what is reached by a decision on the architecture.
func (e *evaluator) because(asked *source.Span, st *state, body func() status) status {
	if asked == nil {
		return body()
	}
	decided := st.decided
	st.decided = asked
	result := body()
	st.decided = decided
	return result
}

// sets reports whether the branches of a case set what is missed without them: a
// variable that has no value yet, or what is printed for somebody to read. One
// that only does something more for some architectures, or has options for them,
// does not.
func (e *evaluator) sets(c *syntax.CaseClause, st *state) bool {
	found := false
	assigns := func(list []*syntax.Assign) {
		for _, a := range list {
			if a.Name != nil && !a.Naked && !option(a.Value) {
				_, known := st.variables[a.Name.Value]
				found = found || !known
			}
		}
	}
	for _, item := range c.Items {
		for _, s := range item.Stmts {
			syntax.Walk(s, func(n syntax.Node) bool {
				switch n := n.(type) {
				case *syntax.DeclClause:
					assigns(n.Args)
				case *syntax.CallExpr:
					if len(n.Args) == 0 {
						assigns(n.Assigns)
					} else if name := n.Args[0].Lit(); name == "echo" || name == "printf" {
						found = found || e.capture != nil
					}
				}
				return !found
			})
		}
	}
	return found
}

// option reports whether a word begins as an option of a command does.
func option(w *syntax.Word) bool {
	if w == nil || len(w.Parts) == 0 {
		return false
	}
	switch p := w.Parts[0].(type) {
	case *syntax.Lit:
		return strings.HasPrefix(p.Value, "-")
	case *syntax.SglQuoted:
		return strings.HasPrefix(p.Value, "-")
	case *syntax.DblQuoted:
		return option(&syntax.Word{Parts: p.Parts})
	}
	return false
}

// decide notes that a branch is taken because of an architecture that is fixed
// in a text, of a variable that is.
func (e *evaluator) decide(subject facts.Value, branch []*syntax.Stmt) {
	if len(branch) == 0 {
		return
	}
	for _, w := range arch.Words(subject.String()) {
		if literal, _ := subject.Origins(w.Start, w.End); !literal {
			continue
		}
		from, to := e.span(branch[0]), e.span(branch[len(branch)-1])
		by := subject.Span(w.Start, w.End)
		if from.File == nil || by.File == nil {
			continue
		}
		e.result.Decisions = append(e.result.Decisions, Decision{Branch: from.File.Span(from.Start, max(to.End, from.End)), By: by})
		return
	}
}

// skipped notes what a branch would have set that is not taken because of a fixed
// architecture: the values that stay are what they are because of that.
func (e *evaluator) skipped(fixed *facts.Value, st *state, branch func(*state)) {
	if fixed == nil {
		return
	}
	var by source.Span
	for _, w := range arch.Words(fixed.String()) {
		if literal, _ := fixed.Origins(w.Start, w.End); literal {
			by = fixed.Span(w.Start, w.End)
		}
	}
	if by.IsZero() {
		return
	}
	// Nothing that the branch does counts, but for what it would set.
	result, other := *e.result, st.copy()
	e.maybe++
	branch(other)
	e.maybe--
	*e.result = result
	for name, would := range other.variables {
		stays, ok := st.variables[name]
		if !ok || len(stays) != 1 || len(would) == 1 && same(stays[0], would[0]) {
			continue
		}
		for _, p := range stays[0].Parts {
			if at := p.Source.All(); p.Origin == facts.Literal && !at.IsZero() {
				e.result.Decisions = append(e.result.Decisions, Decision{Branch: at, By: by})
			}
		}
	}
}

// ask notes that a decision depends on the platform, if a value does.
func (e *evaluator) ask(v Values, span source.Span) {
	for _, value := range v {
		for _, p := range value.Parts {
			switch {
			case p.Origin == facts.Machine:
				e.asked = &span
				return
			case p.Origin == facts.Literal && p.Source.File != nil && !span.Overlaps(p.Source.All()) && len(arch.Words(p.Text)) > 0:
				e.fixed = &value
			}
		}
	}
}

func (e *evaluator) caseClause(c *syntax.CaseClause, st *state) status {
	values := e.word(c.Word, st)
	subject, certain := values.Single()
	if certain {
		machine := false
		for _, p := range values[0].Parts {
			machine = machine || p.Origin == facts.Machine
		}
		for i := 0; i < len(c.Items); i++ {
			match := e.matches(c.Items[i], subject, st)
			if match == undecided {
				certain = false
				break
			}
			if match != succeeded {
				continue
			}
			span := e.span(c.Word)
			decided := st.decided
			if machine {
				st.decided = &span
			}
			e.decide(values[0], c.Items[i].Stmts)
			result := e.statements(c.Items[i].Stmts, st)
			st.decided = decided
			// ;& falls through to the next item's commands.
			for c.Items[i].Op == syntax.Fallthrough && i+1 < len(c.Items) && !st.ended {
				i++
				result = e.statements(c.Items[i].Stmts, st)
			}
			return result
		}
		if certain {
			if machine && e.maybe == 0 && namesArchitecture(c) && e.sets(c, st) {
				e.result.Switches = append(e.result.Switches, Switch{Span: e.span(c.Word), Architecture: e.architecture()})
			}
			return succeeded
		}
	}
	branches := []*state{}
	other := false
	e.maybe++
	for _, item := range c.Items {
		if certain && e.matches(item, subject, st) == failed {
			continue
		}
		branch := st.copy()
		e.statements(item.Stmts, branch)
		branches = append(branches, branch)
		for _, p := range item.Patterns {
			if lit := p.Lit(); lit == "*" {
				other = true
			}
		}
	}
	e.maybe--
	if !other {
		branches = append(branches, st.copy())
	}
	st.join(branches)
	return assumed
}

func (e *evaluator) forClause(c *syntax.ForClause, st *state) status {
	loop, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		e.undecidedly(st, func(b *state) { e.statements(c.Do, b) })
		return assumed
	}
	var items []Values
	known := loop.InPos.IsValid()
	for _, w := range loop.Items {
		for _, field := range e.fields(w, st) {
			if len(field) != 1 || !field[0].Known() {
				known = false
			}
			items = append(items, field)
		}
	}
	if !known || len(items) > maxLoop {
		e.undecidedly(st, func(b *state) {
			b.variables[loop.Name.Value] = Values{facts.Unknowable()}
			e.statements(c.Do, b)
		})
		return assumed
	}
	for _, item := range items {
		if st.ended {
			break
		}
		st.variables[loop.Name.Value] = item
		e.statements(c.Do, st)
	}
	return assumed
}

func (e *evaluator) declare(c *syntax.DeclClause, st *state) status {
	command := &Command{Span: e.span(c), Maybe: e.maybe > 0}
	for _, a := range c.Args {
		if a.Name == nil {
			continue
		}
		if a.Naked {
			continue
		}
		if assign, ok := e.assign(a, st); ok {
			assign.Export = c.Variant.Value == "export"
			command.Assigns = append(command.Assigns, assign)
		}
	}
	if len(command.Assigns) > 0 {
		e.result.Commands = append(e.result.Commands, command)
	}
	return assumed
}

// assign evaluates an assignment and carries it out.
func (e *evaluator) assign(a *syntax.Assign, st *state) (Assign, bool) {
	name := a.Name.Value
	if a.Array != nil {
		array := map[string]Values{}
		if a.Append {
			before, ok := st.arrays[name]
			if !ok {
				return Assign{}, false // to what it is added is not known
			}
			for key, value := range before {
				array[key] = value
			}
		}
		first := len(array)
		for i, element := range a.Array.Elems {
			key := itoa(first + i)
			if element.Index != nil {
				var ok bool
				if key, ok = e.arithmKey(element.Index, st); !ok {
					continue
				}
			}
			if element.Value != nil && len(array) < maxArray {
				array[key] = e.word(element.Value, st)
			}
		}
		st.arrays[name] = array
		delete(st.variables, name)
		return Assign{}, false
	}
	value := Values{facts.Value{}}
	span := e.span(a)
	word := Word{Span: span}
	if a.Value != nil {
		value = e.word(a.Value, st)
		word.Span = e.span(a.Value)
	}
	if a.Append {
		value = concat(e.variable(name, st), value)
	}
	word.Values = value
	if a.Index != nil {
		if key, ok := e.arithmKey(a.Index, st); ok {
			array := map[string]Values{}
			for k, v := range st.arrays[name] {
				array[k] = v
			}
			array[key] = value
			st.arrays[name] = array
		}
		return Assign{}, false
	}
	st.variables[name] = value
	return Assign{Name: name, Word: word, Span: span}, true
}

func (e *evaluator) call(c *syntax.CallExpr, st *state) status {
	command := &Command{Span: e.span(c), Maybe: e.maybe > 0, Input: e.stdin}
	if len(c.Args) == 0 {
		result := assumed
		for _, a := range c.Assigns {
			if assign, ok := e.assign(a, st); ok {
				command.Assigns = append(command.Assigns, assign)
			}
			result = succeeded
		}
		e.result.Commands = append(e.result.Commands, command)
		return result
	}
	// Assignments before a command hold for that command only.
	scope := st
	if len(c.Assigns) > 0 {
		scope = st.copy()
		for _, a := range c.Assigns {
			if assign, ok := e.assign(a, scope); ok {
				assign.Export = true
				command.Assigns = append(command.Assigns, assign)
			}
		}
	}
	unset := len(e.result.Unset)
	command.Words = make([]Word, 0, len(c.Args))
	for _, w := range c.Args {
		span := e.span(w)
		if plain(w) {
			command.Words = append(command.Words, Word{Values: e.word(w, st), Span: span})
			continue
		}
		for _, field := range e.fields(w, st) {
			command.Words = append(command.Words, Word{Values: field, Span: span})
		}
	}
	e.result.Commands = append(e.result.Commands, command)
	if name := command.Name(); (name == "echo" || name == "printf") && e.capture == nil && !e.redirected {
		e.result.Unset = e.result.Unset[:unset] // only shown
	}
	return e.run(command, st, scope)
}

// parseWord parses a text that is one word, nil if it is not.
func parseWord(text string) *syntax.Word {
	var only *syntax.Word
	var err error
	n := 0
	parser := parsers.Get().(*syntax.Parser)
	for w, failure := range parser.WordsSeq(strings.NewReader(text)) {
		only, err = w, failure
		if n++; n > 1 || err != nil {
			break
		}
	}
	if err == nil && n == 1 {
		parsers.Put(parser)
	}
	if err != nil || n != 1 || int(only.Pos().Offset()) != 0 || int(only.End().Offset()) != len(text) {
		return nil
	}
	return only
}

// parseDocument parses a text in which only $ and backslash are special.
func parseDocument(text string) *syntax.Word {
	w, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Document(strings.NewReader(text))
	if err != nil {
		return nil
	}
	return w
}
