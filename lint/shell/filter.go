package shell

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// filter runs the commands whose output is known: those that print the
// architecture, echo, and the text filters that names of architectures are
// usually translated with.
func (e *evaluator) filter(name string, c *Command) (status, bool) {
	args := c.Words[1:]
	switch name {
	case "uname":
		e.print(e.uname(args))
		return assumed, true
	case "arch":
		e.print(e.machine(arch.Kernel))
		return assumed, true
	case "node":
		if s, ok := e.nodeGuard(args); ok {
			return s, true
		}
		fallthrough
	case "dpkg", "dpkg-architecture", "apk", "rpm", "go", "getconf":
		if v := e.query(name, texts(args)); v != nil {
			e.print(v)
			return assumed, true
		}
		return assumed, false
	case "echo":
		var out Values
		first, newline := true, true
		for _, a := range args {
			if text, ok := a.Text(); ok && first && (text == "-n" || text == "-e" || text == "-ne" || text == "-en" || text == "-E") {
				newline = newline && !strings.Contains(text, "n")
				continue
			}
			if !first {
				out = concat(out, One(facts.Text(" ")))
			}
			out = concat(out, a.Values)
			first = false
		}
		if newline {
			out = concat(out, One(facts.Text("\n")))
		}
		if out == nil {
			out = One(facts.Value{})
		}
		e.print(out)
		return assumed, true
	case "printf":
		e.print(printf(args))
		return assumed, true
	case "cat":
		if len(args) == 0 && e.stdin != nil {
			e.print(e.stdin)
			return assumed, true
		}
		return assumed, false
	case "tee":
		if e.stdin != nil {
			e.print(e.stdin)
			return assumed, true
		}
	case "sed", "gsed":
		for _, text := range texts(args) {
			e.charge(text, e.stdin)
		}
		e.print(e.translated(sed(texts(args), e.stdin)))
		return assumed, true
	case "tr":
		e.print(e.translated(tr(texts(args), e.stdin)))
		return assumed, true
	case "cut":
		e.print(e.translated(cut(texts(args), e.stdin)))
		return assumed, true
	case "head", "tail", "sort", "xargs":
		// One line in, the same line out. xargs without a command is an echo.
		if e.stdin != nil && (name != "xargs" || len(args) == 0) && len(args) <= 2 {
			one := e.stdin
			for _, v := range e.stdin {
				if !v.Known() || strings.Count(strings.TrimRight(v.String(), "\n"), "\n") > 0 {
					one = Values{facts.Unknowable()}
				}
			}
			e.print(one)
			return assumed, name != "xargs"
		}
	case "grep", "egrep", "fgrep":
		return e.grep(name, texts(args)), true
	case "awk", "gawk", "mawk":
		e.print(e.translated(awk(texts(args), e.stdin)))
		return assumed, true
	}
	return assumed, false
}

// translated is what a filter makes of its input: of something that depends on the
// machine that builds, something that depends on it.
func (e *evaluator) translated(out Values) Values {
	if len(out) != 1 || !out[0].Unknown() {
		return out
	}
	for _, v := range e.stdin {
		if ofBuilder(v) {
			return One(facts.FromBuilder())
		}
	}
	return out
}

// nodeCompare matches the comparison of the architecture in a JavaScript program.
var nodeCompare = regexp.MustCompile("(?:process\\.arch|os\\.arch\\(\\))\\s*([!=]==?)\\s*['\"`]([a-z0-9]+)['\"`]")

// nodeGuard decides a JavaScript program that asks for the architecture and ends
// with a failure on others: node -p "process.arch === 'arm64' ? ” : process.exit(1)".
func (e *evaluator) nodeGuard(args []Word) (status, bool) {
	program := strings.Join(texts(args), " ")
	if !strings.Contains(program, "process.exit(") {
		return assumed, false
	}
	m := nodeCompare.FindStringSubmatch(program)
	if m == nil || e.architecture() == "" {
		return undecided, true
	}
	if len(args) > 0 {
		at := args[len(args)-1].Span
		e.asked = &at
	}
	same := truth(m[2] == arch.Node(e.architecture()))
	if strings.HasPrefix(m[1], "!") {
		return not(same), true
	}
	return same, true
}

func texts(args []Word) []string {
	out := make([]string, len(args))
	for i, a := range args {
		text, ok := a.Text()
		if !ok {
			text = "\x00"
		}
		out[i] = text
	}
	return out
}

func kernelName(architecture string) facts.Value {
	if architecture == "" {
		return facts.Unknowable()
	}
	return facts.FromMachine(arch.Kernel(architecture))
}

func (e *evaluator) machine(spell func(string) string) Values {
	architecture := e.architecture()
	switch {
	case architecture == "" && e.options.Builder:
		return One(facts.FromBuilder())
	case architecture == "":
		return Values{facts.Unknowable()}
	}
	return One(facts.FromMachine(spell(architecture)))
}

func (e *evaluator) uname(args []Word) Values {
	var out Values
	flags := ""
	for _, t := range texts(args) {
		flags += strings.TrimLeft(t, "-")
	}
	switch flags {
	case "m", "p", "i", "machine":
		out = e.machine(arch.Kernel)
	case "s", "", "kernel-name":
		out = One(facts.Text("Linux"))
	case "o", "operating-system":
		out = One(facts.Text("GNU/Linux"))
	case "sm", "ms":
		out = concat(One(facts.Text("Linux ")), e.machine(arch.Kernel))
	default:
		out = Values{facts.Unknowable()}
	}
	return concat(out, One(facts.Text("\n")))
}

// query answers the commands that are asked for the architecture.
func (e *evaluator) query(name string, args []string) Values {
	all := strings.Join(args, " ")
	switch name {
	case "dpkg":
		if all == "--print-architecture" {
			return e.machine(arch.Debian)
		}
	case "apk":
		if strings.Contains(all, "--print-arch") {
			return e.machine(arch.Alpine)
		}
	case "rpm":
		if strings.HasPrefix(all, "--eval") || strings.HasPrefix(all, "-E") {
			if strings.Contains(all, "_arch") || strings.Contains(all, "_target_cpu") {
				return e.machine(arch.Kernel)
			}
		}
	case "dpkg-architecture":
		switch {
		case strings.Contains(all, "MULTIARCH"):
			return e.machine(arch.Multiarch)
		case strings.Contains(all, "GNU_TYPE"):
			return e.machine(arch.Multiarch)
		case strings.Contains(all, "GNU_CPU"):
			return e.machine(arch.Kernel)
		case strings.Contains(all, "ARCH"):
			return e.machine(arch.Debian)
		}
	case "go":
		switch all {
		case "env GOARCH", "env GOHOSTARCH":
			if all == "env GOARCH" && e.options.Builder {
				return Values{facts.Unknowable()} // GOARCH may be set
			}
			return e.machine(func(a string) string { return a })
		case "env GOOS", "env GOHOSTOS":
			return One(facts.Text("linux"))
		}
	case "node":
		if strings.Contains(all, "process.arch") || strings.Contains(all, "os.arch()") {
			return e.machine(arch.Node)
		}
	case "getconf":
		if all == "LONG_BIT" {
			return e.machine(func(string) string { return "64" })
		}
	}
	return nil
}

// printf formats with %s; anything richer is unknown.
func printf(args []Word) Values {
	if len(args) == 0 {
		return One(facts.Value{})
	}
	if len(args[0].Values) != 1 || !args[0].Values[0].Known() {
		return Values{facts.Unknowable()}
	}
	format := args[0].Values[0]
	text := format.String()
	out := Values{facts.Value{}}
	next, from := 1, 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == 'n':
			out = concat(concat(out, One(format.Slice(from, i))), One(facts.Text("\n")))
			i++
			from = i + 1
		case text[i] == '%' && i+1 < len(text) && (text[i+1] == 's' || text[i+1] == 'd' || text[i+1] == 'b'):
			out = concat(out, One(format.Slice(from, i)))
			if next < len(args) {
				out = concat(out, args[next].Values)
				next++
			}
			i++
			from = i + 1
		case text[i] == '%' && i+1 < len(text) && text[i+1] == '%':
			out = concat(out, One(format.Slice(from, i+1)))
			i++
			from = i + 1
		case text[i] == '%':
			return Values{facts.Unknowable()}
		}
	}
	return concat(out, One(format.Slice(from, len(text))))
}

// sed applies the s and y commands of a sed script to what it reads. A script
// with anything else gives an unknown result.
func sed(args []string, stdin Values) Values {
	unknown := Values{facts.Unknowable()}
	if stdin == nil {
		return unknown
	}
	var scripts []string
	extended := false
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "\x00":
			return unknown
		case a == "-e" || a == "--expression":
			if i+1 >= len(args) {
				return unknown
			}
			i++
			scripts = append(scripts, args[i])
		case a == "-E" || a == "-r" || a == "--regexp-extended":
			extended = true
		case a == "-Ee" || a == "-re":
			extended = true
			i++
			if i < len(args) {
				scripts = append(scripts, args[i])
			}
		case strings.HasPrefix(a, "-"):
			return unknown
		case len(scripts) == 0:
			scripts = append(scripts, a)
		default:
			return unknown // a file
		}
	}
	out := stdin
	for _, script := range scripts {
		for script = strings.TrimLeft(script, " ;\n\t"); script != ""; script = strings.TrimLeft(script, " ;\n\t") {
			if script[0] != 's' && script[0] != 'y' || len(script) < 4 {
				return unknown
			}
			from, with, flags, rest, ok := sedCommand(script)
			if !ok {
				return unknown
			}
			if script[0] == 'y' {
				if len(from) != len(with) {
					return unknown
				}
				out = mapValues(out, func(v facts.Value) facts.Value { return convert(v, translate(from, with)) })
			} else {
				expr := from
				if !extended {
					expr = basicRegexp(from)
				}
				re, ok := compile(expr)
				if !ok {
					return unknown
				}
				n := 1
				if strings.Contains(flags, "g") {
					n = -1
				}
				out = mapValues(out, func(v facts.Value) facts.Value {
					return substituteAll(v, re, n, func(groups []int) facts.Value { return sedReplacement(v, with, groups) })
				})
			}
			script = rest
		}
	}
	return out
}

// sedCommand takes the first s or y command off a script.
func sedCommand(script string) (from, with, flags, rest string, ok bool) {
	separator := script[1]
	parts := []string{}
	var b strings.Builder
	i := 2
	for ; i < len(script) && len(parts) < 2; i++ {
		switch {
		case script[i] == '\\' && i+1 < len(script):
			if script[i+1] == separator {
				b.WriteByte(separator)
			} else {
				b.WriteByte('\\')
				b.WriteByte(script[i+1])
			}
			i++
		case script[i] == separator:
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(script[i])
		}
	}
	if len(parts) < 2 {
		return "", "", "", "", false
	}
	end := i
	for end < len(script) && script[end] != ';' && script[end] != '\n' {
		end++
	}
	flags = strings.TrimSpace(script[i:end])
	if strings.Trim(flags, "gIip0123456789") != "" {
		return "", "", "", "", false
	}
	return parts[0], parts[1], flags, script[end:], true
}

// basicRegexp turns a basic regular expression into Go's syntax: \( \) \| \+ \?
// are operators there and ( ) | + ? { } are not.
func basicRegexp(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if strings.IndexByte("(){}|+?", s[i]) >= 0 {
				b.WriteByte(s[i])
			} else {
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		case strings.IndexByte("(){}|+?", s[i]) >= 0:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// sedReplacement builds the text that a match is replaced with.
func sedReplacement(v facts.Value, with string, groups []int) facts.Value {
	var out facts.Value
	var text strings.Builder
	flush := func() {
		out = out.Add(facts.Text(text.String()))
		text.Reset()
	}
	group := func(n int) {
		flush()
		if 2*n+1 < len(groups) && groups[2*n] >= 0 {
			out = out.Add(v.Slice(groups[2*n], groups[2*n+1]))
		}
	}
	for i := 0; i < len(with); i++ {
		switch {
		case with[i] == '&':
			group(0)
		case with[i] == '\\' && i+1 < len(with) && with[i+1] >= '0' && with[i+1] <= '9':
			group(int(with[i+1] - '0'))
			i++
		case with[i] == '\\' && i+1 < len(with):
			i++
			text.WriteByte(with[i])
		default:
			text.WriteByte(with[i])
		}
	}
	flush()
	return out
}

// substituteAll replaces the first n matches (all if n < 0). If any replaced
// byte came from the platform, so does the replacement.
func substituteAll(v facts.Value, re *regexp.Regexp, n int, with func(groups []int) facts.Value) facts.Value {
	text := v.String()
	if len(text) > maxSubject {
		return facts.Unknowable()
	}
	matches := re.FindAllStringSubmatchIndex(text, n)
	if len(matches) == 0 {
		return v
	}
	var out facts.Value
	at := 0
	for _, m := range matches {
		if len(out.Parts) > maxParts {
			return facts.Unknowable()
		}
		out = out.Add(v.Slice(at, m[0]))
		replacement := with(m)
		if _, machine := v.Origins(m[0], m[1]); machine {
			replacement = facts.FromMachine(replacement.String())
		}
		out = out.Add(replacement)
		at = m[1]
	}
	return out.Add(v.Slice(at, len(text)))
}

func translate(from, to string) func(string) string {
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if i := strings.IndexRune(from, r); i >= 0 && r < 128 {
				if i < len(to) {
					return rune(to[i])
				}
				return rune(to[len(to)-1])
			}
			return r
		}, s)
	}
}

// tr translates or deletes characters.
func tr(args []string, stdin Values) Values {
	if stdin == nil {
		return Values{facts.Unknowable()}
	}
	class := func(s string) string {
		switch s {
		case "[:upper:]", "A-Z", "[A-Z]":
			return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		case "[:lower:]", "a-z", "[a-z]":
			return "abcdefghijklmnopqrstuvwxyz"
		case `\n`:
			return "\n"
		}
		return s
	}
	switch {
	case len(args) == 2 && args[0] == "-d":
		drop := class(args[1])
		if strings.Contains(drop, "-") || strings.Contains(drop, "[:") {
			return Values{facts.Unknowable()}
		}
		return mapValues(stdin, func(v facts.Value) facts.Value {
			return convert(v, func(s string) string {
				return strings.Map(func(r rune) rune {
					if strings.ContainsRune(drop, r) {
						return -1
					}
					return r
				}, s)
			})
		})
	case len(args) == 2 && !strings.HasPrefix(args[0], "-"):
		from, to := class(args[0]), class(args[1])
		if to == "" || strings.Contains(from, "\x00") || strings.Contains(from, "[:") {
			return Values{facts.Unknowable()}
		}
		return mapValues(stdin, func(v facts.Value) facts.Value { return convert(v, translate(from, to)) })
	}
	return Values{facts.Unknowable()}
}

// cut selects one field.
func cut(args []string, stdin Values) Values {
	unknown := Values{facts.Unknowable()}
	if stdin == nil {
		return unknown
	}
	delimiter, field := "\t", ""
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-d" && i+1 < len(args):
			i++
			delimiter = args[i]
		case strings.HasPrefix(a, "-d"):
			delimiter = a[2:]
		case a == "-f" && i+1 < len(args):
			i++
			field = args[i]
		case strings.HasPrefix(a, "-f"):
			field = a[2:]
		default:
			return unknown
		}
	}
	if len(field) != 1 || field[0] < '1' || field[0] > '9' || delimiter == "" {
		return unknown
	}
	n := int(field[0] - '1')
	return mapValues(stdin, func(v facts.Value) facts.Value {
		start := 0
		text := strings.TrimRight(v.String(), "\n")
		if !strings.Contains(text, delimiter) {
			return v
		}
		for ; n > 0; n-- {
			i := strings.Index(text[start:], delimiter)
			if i < 0 {
				return facts.Value{}
			}
			start += i + len(delimiter)
		}
		end := len(text)
		if i := strings.Index(text[start:], delimiter); i >= 0 {
			end = start + i
		}
		return v.Slice(start, end)
	})
}

// awk knows the one-field programs and gsub/sub of constants.
func awk(args []string, stdin Values) Values {
	unknown := Values{facts.Unknowable()}
	if stdin == nil || len(args) != 1 {
		return unknown
	}
	if strings.TrimSpace(args[0]) == "{print $1}" || strings.TrimSpace(args[0]) == "{ print $1 }" {
		return mapValues(stdin, func(v facts.Value) facts.Value {
			text := v.String()
			start := len(text) - len(strings.TrimLeft(text, " \t\n"))
			end := start
			for end < len(text) && !strings.ContainsRune(" \t\n", rune(text[end])) {
				end++
			}
			return v.Slice(start, end)
		})
	}
	return unknown
}

// grep decides whether a known text matches, as in `uname -m | grep -q x86`.
func (e *evaluator) grep(name string, args []string) status {
	pat, extended, inverted, quiet, files := "", name == "egrep", false, false, 0
	set := false
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "-e" && i+1 < len(args):
			i++
			pat, set = args[i], true
		case strings.HasPrefix(a, "-") && len(a) > 1:
			extended = extended || strings.ContainsAny(a, "EP")
			inverted = inverted || strings.Contains(a, "v") && !strings.HasPrefix(a, "--")
			quiet = quiet || strings.Contains(a, "q") || a == "--quiet" || a == "--silent"
		case !set:
			pat, set = a, true
		default:
			files++
		}
	}
	if files > 0 || e.stdin == nil || !set || pat == "\x00" || inverted {
		if !quiet && e.capture != nil {
			*e.capture = Values{facts.Unknowable()}
		}
		return undecided
	}
	e.ask(e.stdin, e.text.All())
	text, ok := e.stdin.Single()
	if !ok || strings.Count(strings.TrimRight(text, "\n"), "\n") > 0 {
		if !quiet && e.capture != nil {
			*e.capture = Values{facts.Unknowable()}
		}
		return undecided
	}
	if name != "fgrep" && !extended {
		pat = basicRegexp(pat)
	}
	e.charge(pat, e.stdin)
	re, ok := compile(pat)
	if !ok || len(text) > maxSubject {
		return undecided
	}
	if !re.MatchString(strings.TrimRight(text, "\n")) {
		if !quiet {
			e.print(One(facts.Value{}))
		}
		return failed
	}
	if !quiet {
		e.print(e.stdin)
	}
	return succeeded
}

// compile compiles a regular expression from a script, within bounds.
func compile(expr string) (*regexp.Regexp, bool) {
	if len(expr) > 2*maxPattern || len(expr) > maxPattern/5 && strings.Contains(expr, "{") {
		return nil, false // what is repeated {1000} times takes a thousand times its size
	}
	re, err := regexp.Compile(expr)
	return re, err == nil
}

// joinParts makes one text of the parts of a value that all stand in one file.
func joinParts(v facts.Value) (source.Text, bool) {
	var b *source.Builder
	for _, p := range v.Parts {
		if p.Source.File == nil {
			return source.Text{}, false
		}
		if b == nil {
			b = source.NewBuilder(p.Source.File)
		}
		b.AppendText(p.Source)
	}
	if b == nil {
		return source.Text{}, false
	}
	return b.Text(), true
}

// namesArchitecture reports whether the patterns of a case are architectures.
func namesArchitecture(c *syntax.CaseClause) bool {
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			if len(arch.Words(p.Lit())) > 0 {
				return true
			}
		}
	}
	return false
}
