package shell

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func itoa(i int) string { return strconv.Itoa(i) }

// plain reports whether a word is certainly one field: text without braces.
func plain(w *syntax.Word) bool {
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			if strings.IndexByte(p.Value, '{') >= 0 {
				return false
			}
		case *syntax.SglQuoted:
		default:
			return false
		}
	}
	return true
}

// fields evaluates a word the way a command line does: an unquoted variable that
// holds blanks becomes several words, one that is empty becomes none.
func (e *evaluator) fields(w *syntax.Word, st *state) []Values {
	if len(w.Parts) == 1 {
		switch p := w.Parts[0].(type) {
		case *syntax.ParamExp:
			if p.Param != nil && (p.Param.Value == "@" || p.Param.Value == "*") && p.Exp == nil && p.Slice == nil {
				return st.arguments
			}
			if elements(p) {
				return e.elements(p.Param.Value, st)
			}
			return split(e.word(w, st))
		case *syntax.CmdSubst:
			return split(e.word(w, st))
		case *syntax.DblQuoted:
			if len(p.Parts) == 1 {
				param, ok := p.Parts[0].(*syntax.ParamExp)
				if ok && elements(param) {
					return e.elements(param.Param.Value, st)
				}
				if ok && param.Param != nil && param.Param.Value == "@" && param.Exp == nil && param.Index == nil {
					return st.arguments
				}
			}
		}
	}
	if words := braces(w); words != nil {
		var out []Values
		for _, word := range words {
			out = append(out, e.word(word, st))
		}
		return out
	}
	return []Values{e.word(w, st)}
}

// elements reports whether a parameter stands for all elements of an array: ${x[@]}.
func elements(p *syntax.ParamExp) bool {
	word, ok := p.Index.(*syntax.Word)
	return ok && (word.Lit() == "@" || word.Lit() == "*") && p.Param != nil && p.Exp == nil && p.Repl == nil && p.Slice == nil && !p.Excl && !p.Length
}

// elements returns the elements of an array, in their order: as many words.
func (e *evaluator) elements(name string, st *state) []Values {
	array, ok := st.arrays[name]
	if !ok {
		return []Values{{facts.Unknowable()}}
	}
	keys := slices.Collect(maps.Keys(array))
	slices.SortFunc(keys, func(a, b string) int {
		i, err := strconv.Atoi(a)
		j, other := strconv.Atoi(b)
		if err == nil && other == nil {
			return i - j
		}
		return strings.Compare(a, b)
	})
	out := make([]Values, 0, len(keys))
	for _, key := range keys {
		out = append(out, array[key])
	}
	return out
}

// braces expands {a,b} in a word, nil if there is nothing to expand.
func braces(w *syntax.Word) []*syntax.Word {
	lit := false
	for _, p := range w.Parts {
		if l, ok := p.(*syntax.Lit); ok && strings.Contains(l.Value, "{") {
			lit = true
		}
	}
	if !lit {
		return nil
	}
	copied := *w
	copied.Parts = append([]syntax.WordPart(nil), w.Parts...)
	if !syntax.SplitBraces(&copied) {
		return nil
	}
	return expandBraces(&copied)
}

// expandBraces lists the words that a word with brace expressions stands for.
func expandBraces(w *syntax.Word) []*syntax.Word {
	words := []*syntax.Word{{}}
	for _, part := range w.Parts {
		brace, ok := part.(*syntax.BraceExp)
		if !ok || brace.Sequence {
			for _, word := range words {
				word.Parts = append(word.Parts, part)
			}
			continue
		}
		var next []*syntax.Word
		for _, word := range words {
			for _, element := range brace.Elems {
				for _, inner := range expandBraces(element) {
					if len(next) >= maxLoop {
						return next
					}
					joined := &syntax.Word{Parts: append(append([]syntax.WordPart(nil), word.Parts...), inner.Parts...)}
					next = append(next, joined)
				}
			}
		}
		words = next
	}
	return words
}

// split cuts a value at blanks. Only a certain value is cut.
func split(v Values) []Values {
	if len(v) != 1 {
		return []Values{v}
	}
	text := v[0].String()
	if v[0].Empty() {
		return nil
	}
	if !strings.ContainsAny(text, " \t\n") {
		return []Values{v}
	}
	var out []Values
	start := -1
	for i := 0; i <= len(text); i++ {
		blank := i == len(text) || text[i] == ' ' || text[i] == '\t' || text[i] == '\n'
		if blank && start >= 0 {
			out = append(out, One(v[0].Slice(start, i)))
			start = -1
		} else if !blank && start < 0 {
			start = i
		}
	}
	return out
}

func (e *evaluator) word(w *syntax.Word, st *state) Values {
	if w == nil {
		return Values{facts.Value{}}
	}
	return e.parts(w.Parts, false, st)
}

func (e *evaluator) parts(parts []syntax.WordPart, quoted bool, st *state) Values {
	out, own := nothing, false
	for _, p := range parts {
		var next Values
		switch p := p.(type) {
		case *syntax.Lit:
			next = e.literal(p, quoted)
		case *syntax.SglQuoted:
			start, end := int(p.Left.Offset())+1, int(p.Right.Offset())
			if p.Dollar {
				start++
			}
			next = written(e.text.Slice(start, end))
		case *syntax.DblQuoted:
			next = e.parts(p.Parts, true, st)
		case *syntax.ParamExp:
			next = e.param(p, st)
		case *syntax.CmdSubst:
			next = e.substitute(p, st)
		default:
			next = Values{facts.Unknowable()}
		}
		out, own = extend(out, next, own)
		for _, v := range out {
			e.result.Work += len(v.Parts)
		}
	}
	return out
}

// nothing is the empty text; it must not be changed.
var nothing = Values{facts.Value{}}

// written returns a text as it stands in a file.
func written(t source.Text) Values {
	if t.String == "" {
		return nothing
	}
	v := &struct { // in one piece, for most values are such
		values [1]facts.Value
		parts  [1]facts.Part
	}{}
	v.parts[0] = facts.Part{Text: t.String, Source: t}
	v.values[0].Parts = v.parts[:]
	return v.values[:]
}

// literal returns the text of a literal without its escapes.
func (e *evaluator) literal(l *syntax.Lit, quoted bool) Values {
	start, end := int(l.Pos().Offset()), int(l.End().Offset())
	start, end = min(start, len(e.text.String)), min(end, len(e.text.String))
	if start >= end { // made by brace expansion
		return One(facts.Text(l.Value))
	}
	raw := e.text.String[start:end]
	// Brace expansion splits a literal and keeps the positions of the whole.
	if len(raw) != len(l.Value) && !strings.Contains(raw, "\\\n") {
		if i := strings.Index(raw, l.Value); i >= 0 {
			start, end = start+i, start+i+len(l.Value)
			raw = l.Value
		} else {
			return One(facts.Text(l.Value))
		}
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return written(e.text.Slice(start, end))
	}
	var out facts.Value
	add := func(t source.Text) {
		if t.String != "" {
			out.Parts = append(out.Parts, facts.Part{Text: t.String, Source: t})
		}
	}
	from := 0
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 >= len(raw) {
			continue
		}
		next := raw[i+1]
		if quoted && next != '$' && next != '`' && next != '"' && next != '\\' && next != '\n' {
			continue
		}
		add(e.text.Slice(start+from, start+i))
		from = i + 1
		if next == '\n' {
			from++
		}
		i++
	}
	add(e.text.Slice(start+from, end))
	return One(out)
}

// variable returns the value of a variable.
func (e *evaluator) variable(name string, st *state) Values {
	if v, ok := st.variables[name]; ok {
		return v
	}
	if array, ok := st.arrays[name]; ok {
		if v, ok := array["0"]; ok {
			return v
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		if n <= len(st.arguments) {
			return st.arguments[n-1]
		}
		if len(st.arguments) > 0 {
			return Values{facts.Value{}}
		}
	}
	switch name {
	case "HOSTTYPE":
		return One(kernelName(e.architecture()))
	case "MACHTYPE":
		return concat(One(kernelName(e.architecture())), One(facts.FromMachine("-pc-linux-gnu")))
	case "OSTYPE":
		return One(facts.Text("linux-gnu"))
	}
	return Values{facts.Unknowable()}
}

func (e *evaluator) param(p *syntax.ParamExp, st *state) Values {
	if p.Param == nil || p.Length || p.Width || p.Excl && p.Names != 0 {
		return Values{facts.Unknowable()}
	}
	name := p.Param.Value
	if p.Excl { // ${!name}: the variable that is named by the value
		var ok bool
		if name, ok = e.variable(name, st).Single(); !ok || !syntax.ValidName(name) {
			return Values{facts.Unknowable()}
		}
		name = e.ownName(name, st)
	}
	value := e.variable(name, st)
	_, set := st.variables[name]
	if p.Index != nil {
		key, ok := e.arithmKey(p.Index, st)
		array, isArray := st.arrays[name]
		switch {
		case !ok || !isArray:
			return Values{facts.Unknowable()}
		default:
			if value, set = array[key]; !set {
				value = Values{facts.Value{}}
			}
		}
	}
	if !set && p.Index == nil && !e.sourced && len(e.result.Unset) < maxCommands && (p.Exp == nil || !hasDefault(p.Exp.Op)) {
		if _, array := st.arrays[name]; !array {
			e.result.Unset = append(e.result.Unset, Unset{Name: name, Span: e.span(p)})
		}
	}
	if len(value) == 1 && len(value[0].Parts) == 1 && value[0].Unknown() && value[0].Parts[0].Name == "" {
		part := value[0].Parts[0]
		part.Name, part.NameAt = name, e.span(p.Param)
		value = Values{facts.Value{Parts: []facts.Part{part}}}
	}
	if e.options.Whole && !set && !e.sourced && p.Index == nil && p.Exp != nil && hasDefault(p.Exp.Op) && syntax.ValidName(name) && !ofMachine.MatchString(name) {
		value = Values{facts.Value{}}
	}
	switch {
	case p.Exp != nil:
		return e.expansion(p.Exp, value, set, st)
	case p.Repl != nil:
		from, ok := e.word(p.Repl.Orig, st).Single()
		with := e.word(p.Repl.With, st)
		if !ok || len(with) != 1 {
			return Values{facts.Unknowable()}
		}
		e.charge(from, value)
		return mapValues(value, func(v facts.Value) facts.Value { return replace(v, from, with[0], p.Repl.All) })
	case p.Slice != nil:
		return Values{facts.Unknowable()}
	}
	return value
}

// ofMachine matches the variables that CI systems and the systems under them set.
var ofMachine = regexp.MustCompile(`^(?:GITHUB|RUNNER|ACTIONS|CI|GITLAB|CODEBUILD|AWS|BUILD|SYSTEM|AGENT|CIRCLE|TRAVIS|BITBUCKET|DRONE|BUILDKITE|JENKINS|LC)_|^(?:CI|HOME|PATH|USER|LOGNAME|SHELL|PWD|OLDPWD|HOSTNAME|LANG|TERM|TMPDIR|EDITOR|XDG_\w+|BASH\w*|RANDOM|SECONDS|UID|EUID|PPID|LINENO|IFS|OPTARG|OPTIND|REPLY|HOSTTYPE|MACHTYPE|OSTYPE|GO\w+|JAVA_HOME\w*)$`)

// ownName returns the variable of a table (URL_amd64, URL_arm64) that is for the
// machine, if there is one: what chooses from the table may be set from outside.
func (e *evaluator) ownName(name string, st *state) string {
	for _, w := range arch.Words(name) {
		own := name[:w.Start] + arch.Spell(e.architecture(), w.Style) + name[w.End:]
		if _, ok := st.variables[own]; ok && e.architecture() != "" {
			return own
		}
	}
	return name
}

// hasDefault reports whether an expansion says what holds for an unset variable.
func hasDefault(op syntax.ParExpOperator) bool {
	switch op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull,
		syntax.AlternateUnset, syntax.AlternateUnsetOrNull, syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return true
	}
	return false
}

// expansion evaluates ${x:-y} and its like.
func (e *evaluator) expansion(x *syntax.Expansion, value Values, set bool, st *state) Values {
	switch x.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		var out Values
		for _, v := range value {
			switch {
			case v.Unknown():
				out = merge(out, Values{v})
				out = merge(out, e.word(x.Word, st))
			case v.Empty():
				out = merge(out, e.word(x.Word, st))
			default:
				out = merge(out, Values{v})
			}
		}
		return out
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		var out Values
		for _, v := range value {
			switch {
			case v.Unknown():
				out = merge(out, Values{facts.Unknowable()})
			case v.Empty():
				out = merge(out, Values{facts.Value{}})
			default:
				out = merge(out, e.word(x.Word, st))
			}
		}
		return out
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return value
	case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		pat, ok := e.word(x.Word, st).Single()
		if !ok {
			return Values{facts.Unknowable()}
		}
		for range 16 {
			e.charge(pat, value) // it is tried at many places
		}
		return mapValues(value, func(v facts.Value) facts.Value { return trim(v, x.Op, pat) })
	case syntax.LowerAll, syntax.LowerFirst:
		return mapValues(value, func(v facts.Value) facts.Value { return convert(v, strings.ToLower) })
	case syntax.UpperAll, syntax.UpperFirst:
		return mapValues(value, func(v facts.Value) facts.Value { return convert(v, strings.ToUpper) })
	}
	return Values{facts.Unknowable()}
}

func mapValues(in Values, f func(facts.Value) facts.Value) Values {
	var out Values
	for _, v := range in {
		switch {
		case v.Known():
			out = merge(out, Values{f(v)})
		case ofBuilder(v):
			out = merge(out, Values{facts.FromBuilder()})
		default:
			out = merge(out, Values{facts.Unknowable()})
		}
	}
	return out
}

// ofBuilder reports whether a value depends on the machine that builds.
func ofBuilder(v facts.Value) bool {
	for _, p := range v.Parts {
		if p.Origin == facts.Builder {
			return true
		}
	}
	return false
}

// convert applies a text function. What changes keeps its origin, not its place.
func convert(v facts.Value, f func(string) string) facts.Value {
	before := v.String()
	after := f(before)
	if before == after {
		return v
	}
	var out facts.Value
	for _, p := range v.Parts {
		if changed := f(p.Text); changed != p.Text {
			p = facts.Part{Text: changed, Origin: p.Origin}
		}
		out.Parts = append(out.Parts, p)
	}
	if out.String() == after {
		return out
	}
	return computed(v, after)
}

// computed is a text that was made from v: it depends on the platform if v does.
func computed(v facts.Value, text string) facts.Value {
	for _, p := range v.Parts {
		if p.Origin == facts.Machine {
			return facts.FromMachine(text)
		}
	}
	if !v.Known() {
		return facts.Unknowable()
	}
	return facts.Text(text)
}

// replace replaces a pattern, the way ${x/from/with} does.
func replace(v facts.Value, from string, with facts.Value, all bool) facts.Value {
	if len(from) > maxPattern {
		return facts.Unknowable()
	}
	expr, err := pattern.Regexp(from, 0)
	if err != nil {
		return facts.Unknowable()
	}
	re, ok := compile(expr)
	if !ok {
		return facts.Unknowable()
	}
	n := 1
	if all {
		n = -1
	}
	return substituteAll(v, re, n, func([]int) facts.Value { return with })
}

// trim removes a prefix or suffix that matches a pattern.
func trim(v facts.Value, op syntax.ParExpOperator, pat string) facts.Value {
	text := v.String()
	if len(pat) > maxPattern {
		return facts.Unknowable()
	}
	expr, err := pattern.Regexp(pat, pattern.EntireString)
	if err != nil {
		return facts.Unknowable()
	}
	re, ok := compile(expr)
	if !ok || len(text) > maxSubject/16 {
		return facts.Unknowable()
	}
	switch op {
	case syntax.RemSmallPrefix:
		for i := 0; i <= len(text); i++ {
			if re.MatchString(text[:i]) {
				return v.Slice(i, len(text))
			}
		}
	case syntax.RemLargePrefix:
		for i := len(text); i >= 0; i-- {
			if re.MatchString(text[:i]) {
				return v.Slice(i, len(text))
			}
		}
	case syntax.RemSmallSuffix:
		for i := len(text); i >= 0; i-- {
			if re.MatchString(text[i:]) {
				return v.Slice(0, i)
			}
		}
	case syntax.RemLargeSuffix:
		for i := 0; i <= len(text); i++ {
			if re.MatchString(text[i:]) {
				return v.Slice(0, i)
			}
		}
	}
	return v
}

// arithmKey evaluates an array's index.
func (e *evaluator) arithmKey(x syntax.ArithmExpr, st *state) (string, bool) {
	switch x := x.(type) {
	case *syntax.Word:
		return e.word(x, st).Single()
	}
	return "", false
}

// matches decides whether an item of a case takes the subject.
func (e *evaluator) matches(item *syntax.CaseItem, subject string, st *state) status {
	result := failed
	for _, p := range item.Patterns {
		pat, ok := e.pattern(p, st)
		if !ok {
			result = undecided
			continue
		}
		e.charge(pat, One(facts.Text(subject)))
		if glob(pat, subject) {
			return succeeded
		}
	}
	return result
}

// pattern evaluates a word as a pattern: quoted characters stand for themselves.
func (e *evaluator) pattern(w *syntax.Word, st *state) (string, bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(part.Value)
		case *syntax.ExtGlob:
			b.WriteString(part.Op.String() + part.Pattern.Value + ")")
		default:
			text, ok := e.parts([]syntax.WordPart{part}, false, st).Single()
			if !ok {
				return "", false
			}
			b.WriteString(pattern.QuoteMeta(text, 0))
		}
	}
	return b.String(), true
}

func glob(pat, subject string) bool {
	switch {
	case len(pat) > maxPattern:
		return pat == subject
	case pat == "*":
		return true
	case !strings.ContainsAny(pat, `*?[]()|\\`): // nothing special, as most
		return pat == subject
	}
	expr, err := pattern.Regexp(pat, pattern.EntireString|pattern.ExtendedOperators)
	if err != nil {
		return false
	}
	re, ok := compile(expr)
	return ok && len(subject) <= maxSubject && re.MatchString(subject)
}
