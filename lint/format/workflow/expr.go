package workflow

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// The limits of evaluation.
const (
	maxExpression = 4096 // bytes of one ${{ … }}
	maxDepth      = 8    // env values that refer to env values
	maxJSON       = 64 << 10
	maxSegments   = 200 // pieces of one text
)

// scope is what an expression at some place of a workflow can see.
type scope struct {
	*reader
	row     row
	env     []*layer // outermost first
	steps   map[string]*step
	machine machine
	depth   int
	// certainly takes nothing for known that others can set: inputs, the outputs
	// of steps and the variables that scripts write.
	certainly bool
}

// layer is the env: of a workflow, a job or a step.
type layer struct {
	variables []variable
	open      bool           // an expression gives the variables
	index     map[string]int // of variables, by lower case name
}

// find returns a variable by its lower case name, nil if there is none.
func (l *layer) find(name string) *variable {
	if i, ok := l.index[name]; ok {
		return &l.variables[i]
	}
	return nil
}

// add adds a variable; of several with the same name the last one counts.
func (l *layer) add(v variable) {
	if l.index == nil {
		l.index = map[string]int{}
	}
	l.index[strings.ToLower(v.name)] = len(l.variables)
	l.variables = append(l.variables, v)
}

// variable is an environment variable that is set in a file.
type variable struct {
	name  string
	span  source.Span // of the name
	value source.Text
	// set are the values of a variable that a script has set.
	set []val
}

// segment is a run of a text: literal, or the inside of one ${{ … }}.
type segment struct {
	start, end int // of the whole segment in the text
	expression bool
	from, to   int // of the expression within ${{ and }}
}

// segments cuts a text at its ${{ … }}. One that is not closed is literal.
func segments(s string) []segment {
	var out []segment
	at := 0
	for at < len(s) {
		i := strings.Index(s[at:], "${{")
		if i < 0 {
			break
		}
		start := at + i
		end := expressionEnd(s, start+3)
		if end < 0 {
			break
		}
		if start > at {
			out = append(out, segment{start: at, end: start})
		}
		out = append(out, segment{start: start, end: end + 2, expression: true, from: start + 3, to: end})
		at = end + 2
	}
	if at < len(s) {
		out = append(out, segment{start: at, end: len(s)})
	}
	return out
}

// expressionEnd returns where the }} of an expression is, -1 if there is none;
// braces within a string literal do not end it.
func expressionEnd(s string, at int) int {
	quoted := false
	for i := at; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && s[i] == '}' && i+1 < len(s) && s[i+1] == '}':
			return i
		}
	}
	return -1
}

// values returns what a text can be. A text that is one expression keeps the
// type of its result.
func (s *scope) values(t source.Text) []val {
	parts := segments(t.String)
	if len(parts) == 1 && parts[0].expression {
		return s.expression(t, parts[0])
	}
	if trimmed := strings.TrimSpace(t.String); trimmed != t.String && len(parts) > 0 {
		at := strings.Index(t.String, trimmed)
		if inner := segments(trimmed); len(inner) == 1 && inner[0].expression {
			return s.expression(t.Slice(at, at+len(trimmed)), inner[0])
		}
	}
	texts := s.template(t, parts)
	out := make([]val, len(texts))
	for i := range texts {
		out[i] = textVal(texts[i])
	}
	return out
}

// texts returns what a text can be, as texts.
func (s *scope) texts(t source.Text) []facts.Value {
	if t.File == nil && t.String == "" {
		return nil
	}
	return s.template(t, segments(t.String))
}

// one returns the text if there is only one way to read it; otherwise nothing of
// it is known.
func (s *scope) one(t source.Text) facts.Value {
	if values := s.texts(t); len(values) == 1 {
		return values[0]
	} else if len(values) == 0 {
		return facts.Value{}
	}
	return facts.Unknowable()
}

func (s *scope) template(t source.Text, parts []segment) []facts.Value {
	if len(parts) > maxSegments {
		return []facts.Value{facts.Unknowable()}
	}
	out := []facts.Value{{}}
	for _, part := range parts {
		if !part.expression {
			piece := facts.Of(t.Slice(part.start, part.end))
			for i := range out {
				out[i] = out[i].Add(piece)
			}
			continue
		}
		results := s.expression(t, part)
		if len(out)*len(results) > maxAlternatives {
			results = []val{unknownVal()}
		}
		next := make([]facts.Value, 0, len(out)*len(results))
		for _, base := range out {
			for _, v := range results {
				next = append(next, base.Add(v.template()))
			}
		}
		out = next
	}
	return distinctTexts(out)
}

// expression evaluates one ${{ … }}.
func (s *scope) expression(t source.Text, part segment) []val {
	body := t.String[part.from:part.to]
	if len(body) > maxExpression || s.depth > maxDepth {
		return []val{unknownVal()}
	}
	node, ok := s.parsed[body]
	if !ok {
		// A parse error leaves nil: the expression is unknown.
		if parsed, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(body + "}}")); err == nil {
			node = parsed
		}
		s.parsed[body] = node
	}
	if node == nil {
		return []val{unknownVal()}
	}
	return s.eval(node, t.Slice(part.from, part.to))
}

// never reports whether an if: is false whatever happens.
func (s *scope) never(condition source.Text) bool {
	if condition.String == "" {
		return false
	}
	part := segment{expression: true, end: len(condition.String), to: len(condition.String)}
	if parts := segments(condition.String); len(parts) == 1 && parts[0].expression {
		part = parts[0]
	} else if len(parts) != 1 {
		return false // a text with expressions in it is never false
	}
	strict := *s
	strict.certainly = true
	for _, v := range strict.expression(condition, part) {
		if v.truth() != facts.No {
			return false
		}
	}
	return true
}

// eval returns the values that an expression can have; at is its text.
func (s *scope) eval(n actionlint.ExprNode, at source.Text) []val {
	switch n := n.(type) {
	case *actionlint.NullNode:
		return []val{{kind: null}}
	case *actionlint.BoolNode:
		return []val{boolVal(n.Value)}
	case *actionlint.IntNode:
		return []val{{kind: number, text: facts.Text(itoa(n.Value))}}
	case *actionlint.FloatNode:
		return []val{{kind: number, text: facts.Text(n.Token().Value)}}
	case *actionlint.StringNode:
		start := n.Token().Offset + 1
		if literal := at.Slice(start, start+len(n.Value)); literal.String == n.Value {
			return []val{textVal(facts.Of(literal))}
		}
		return []val{stringVal(n.Value)}
	case *actionlint.NotOpNode:
		var out []val
		for _, v := range s.eval(n.Operand, at) {
			switch v.truth() {
			case facts.Yes:
				out = append(out, boolVal(false))
			case facts.No:
				out = append(out, boolVal(true))
			default:
				out = append(out, unknownVal())
			}
		}
		return distinct(out)
	case *actionlint.CompareOpNode:
		return s.compare(n, at)
	case *actionlint.LogicalOpNode:
		return s.logical(n, at)
	case *actionlint.FuncCallNode:
		return s.call(n, at)
	case *actionlint.VariableNode, *actionlint.ObjectDerefNode, *actionlint.IndexAccessNode:
		return s.access(n, at)
	}
	return []val{unknownVal()}
}

// logical evaluates && and ||, which return one of their operands: the idiom
// `condition && 'a' || 'b'` has two values when the condition is not known.
func (s *scope) logical(n *actionlint.LogicalOpNode, at source.Text) []val {
	and := n.Kind == actionlint.LogicalOpNodeKindAnd
	var out []val
	needRight := false
	for _, v := range s.eval(n.Left, at) {
		switch v.truth() {
		case facts.Unknown:
			needRight = true
			if and {
				out = append(out, val{kind: falsy})
			} else {
				out = append(out, v)
			}
		case known(and): // the right side decides
			needRight = true
		default:
			out = append(out, v)
		}
	}
	if needRight {
		out = append(out, s.eval(n.Right, at)...)
	}
	return distinct(out)
}

func (s *scope) compare(n *actionlint.CompareOpNode, at source.Text) []val {
	lefts, rights := s.eval(n.Left, at), s.eval(n.Right, at)
	if !n.Kind.IsEqualityOp() || len(lefts)*len(rights) > maxAlternatives {
		return []val{unknownVal()}
	}
	var out []val
	for _, left := range lefts {
		for _, right := range rights {
			if left.kind != right.kind || !left.scalar() || !left.text.Known() || !right.text.Known() {
				return []val{unknownVal()}
			}
			equal := strings.EqualFold(left.text.String(), right.text.String())
			out = append(out, boolVal(equal == (n.Kind == actionlint.CompareOpNodeKindEq)))
		}
	}
	return distinct(out)
}

// access evaluates a.b['c'].
func (s *scope) access(n actionlint.ExprNode, at source.Text) []val {
	var path []string
	for {
		switch m := n.(type) {
		case *actionlint.VariableNode:
			path = append(path, m.Name)
			for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
				path[i], path[j] = path[j], path[i]
			}
			return s.context(path)
		case *actionlint.ObjectDerefNode:
			path = append(path, m.Property)
			n = m.Receiver
		case *actionlint.IndexAccessNode:
			index, ok := certain(s.eval(m.Index, at))
			if !ok || !index.scalar() || !index.text.Known() {
				return []val{unknownVal()}
			}
			path = append(path, strings.ToLower(index.text.String()))
			n = m.Operand
		default:
			return []val{unknownVal()}
		}
	}
}

// context evaluates a path into one of the contexts, lower case.
func (s *scope) context(path []string) []val {
	rest := path[1:]
	switch path[0] {
	case "matrix":
		if len(rest) > 0 {
			return []val{s.row.lookup(rest[0]).at(rest[1:])}
		}
	case "env":
		if len(rest) == 1 {
			return s.variable(rest[0])
		}
	case "inputs":
		if len(rest) == 1 {
			return s.input(rest[0])
		}
	case "github":
		if len(rest) == 3 && rest[0] == "event" && rest[1] == "inputs" && s.called == nil {
			return s.input(rest[2])
		}
		if len(rest) == 1 && rest[0] == "workspace" {
			return []val{stringVal(".")}
		}
		if len(rest) == 1 && rest[0] == "event_name" && len(s.events) > 0 {
			return s.events
		}
	case "runner":
		if len(rest) == 1 {
			return []val{s.machine.property(rest[0])}
		}
	case "steps":
		if len(rest) == 3 && rest[1] == "outputs" && !s.certainly {
			if st := s.steps[rest[0]]; st != nil {
				if values, ok := st.outputs[rest[2]]; ok {
					return values
				}
				return []val{s.output(st, rest[2])}
			}
		}
	}
	return []val{unknownVal()}
}

// at follows a path into a value.
func (v val) at(path []string) val {
	for _, name := range path {
		switch v.kind {
		case object:
			field, ok := v.fields[name]
			if !ok {
				return val{kind: null}
			}
			v = field
		case list:
			i, ok := atoi(name)
			if !ok || i >= len(v.items) {
				return unknownVal()
			}
			v = v.items[i]
		case unknown:
			return v
		default:
			return val{kind: null}
		}
	}
	return v
}

// variable returns the values of env.name; the name is in lower case.
func (s *scope) variable(name string) []val {
	for i := len(s.env) - 1; i >= 0; i-- {
		v := s.env[i].find(name)
		switch {
		case v == nil && s.env[i].open:
			return []val{unknownVal()}
		case v == nil:
			continue
		case v.set != nil && s.certainly:
			return []val{unknownVal()}
		case v.set != nil:
			return v.set
		}
		outer := *s
		outer.env = s.env[:i]
		outer.depth++
		values := outer.values(v.value)
		for j := range values {
			if values[j].kind == boolean || values[j].kind == number {
				values[j].kind = text // an environment holds texts
			}
		}
		return values
	}
	return []val{unknownVal()}
}

// input returns the values of inputs.name: its default, and what else may be
// given is not known. What is off by default is there to be turned on, so that
// such an input has both values.
func (s *scope) input(name string) []val {
	in, ok := s.inputs[name]
	if s.called != nil {
		return s.called.input(name, in)
	}
	switch {
	case !ok || s.certainly || in.dynamic || in.fallback.String == "":
		return []val{unknownVal()}
	case in.fallback.String == "false":
		return []val{{kind: boolean, text: facts.Of(in.fallback)}, boolVal(true)}
	}
	return []val{textVal(facts.Of(in.fallback))}
}

// call evaluates the functions that work on texts and lists.
func (s *scope) call(n *actionlint.FuncCallNode, at source.Text) []val {
	args := make([]val, len(n.Args))
	for i := range n.Args {
		v, ok := certain(s.eval(n.Args[i], at))
		if !ok {
			return []val{unknownVal()}
		}
		args[i] = v
	}
	texts := func(count int) bool {
		if len(args) < count {
			return false
		}
		for _, a := range args[:count] {
			if !a.scalar() || !a.text.Known() {
				return false
			}
		}
		return true
	}
	lower := func(i int) string { return strings.ToLower(args[i].text.String()) }
	switch strings.ToLower(n.Callee) {
	case "contains":
		if texts(2) {
			return []val{boolVal(strings.Contains(lower(0), lower(1)))}
		}
	case "startswith":
		if texts(2) {
			return []val{boolVal(strings.HasPrefix(lower(0), lower(1)))}
		}
	case "endswith":
		if texts(2) {
			return []val{boolVal(strings.HasSuffix(lower(0), lower(1)))}
		}
	case "format":
		if texts(1) {
			return []val{formatted(args)}
		}
	case "join":
		if len(args) > 0 {
			return []val{joined(args)}
		}
	case "fromjson":
		if texts(1) && len(args[0].text.String()) <= maxJSON {
			var decoded any
			if json.Unmarshal([]byte(args[0].text.String()), &decoded) == nil {
				return []val{fromJSON(decoded)}
			}
		}
	}
	return []val{unknownVal()}
}

var placeholder = regexp.MustCompile(`\{\{|\}\}|\{\d+\}`)

// formatted is format('… {0} …', …).
func formatted(args []val) val {
	var out facts.Value
	format, at := args[0].text, 0
	s := format.String()
	for _, m := range placeholder.FindAllStringIndex(s, 2*maxAlternatives) {
		out = out.Add(format.Slice(at, m[0]))
		at = m[1]
		switch inside := s[m[0]+1 : m[1]-1]; {
		case inside == "":
			out = out.Add(format.Slice(m[0], m[0]+1))
		default:
			i, ok := atoi(inside)
			if !ok || i+1 >= len(args) {
				return unknownVal()
			}
			out = out.Add(args[i+1].template())
		}
	}
	return textVal(out.Add(format.Slice(at, len(s))))
}

// joined is join(list, separator).
func joined(args []val) val {
	separator := facts.Text(",")
	if len(args) > 1 {
		separator = args[1].template()
	}
	items := args[0].items
	if args[0].scalar() {
		items = args[:1]
	}
	var out facts.Value
	for i, item := range items {
		if i > 0 {
			out = out.Add(separator)
		}
		out = out.Add(item.template())
	}
	return textVal(out)
}

func fromJSON(decoded any) val {
	switch decoded := decoded.(type) {
	case nil:
		return val{kind: null}
	case bool:
		return boolVal(decoded)
	case float64:
		b, _ := json.Marshal(decoded)
		return val{kind: number, text: facts.Text(string(b))}
	case string:
		return stringVal(decoded)
	case []any:
		v := val{kind: list}
		for _, item := range decoded {
			v.items = append(v.items, fromJSON(item))
		}
		return v
	case map[string]any:
		v := val{kind: object, fields: make(map[string]val, len(decoded))}
		for name, field := range decoded {
			v.fields[strings.ToLower(name)] = fromJSON(field)
		}
		return v
	}
	return unknownVal()
}

var inputReference = regexp.MustCompile(`\b(?:inputs|github\.event\.inputs)\.([A-Za-z_][\w-]*)`)

// whyUnknown says why a text is not known, for people.
func whyUnknown(t source.Text) string {
	if m := inputReference.FindStringSubmatch(t.String); m != nil {
		return "input " + m[1]
	}
	for _, part := range segments(t.String) {
		if part.expression {
			expression := strings.Join(strings.Fields(t.String[part.from:part.to]), " ")
			if len(expression) > 60 {
				expression = strings.ToValidUTF8(expression[:60], "") + "…"
			}
			return "${{ " + expression + " }} is known only when the workflow runs"
		}
	}
	return "the value is known only when the workflow runs"
}
