package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/archlint/archlint/lint/source"
)

// Expands reports whether a variable would be expanded that takes the place of the
// bytes of a script at a span: whether they are part of a word of a command or of
// an assignment, and not within single quotes, a quoted here-document, a pattern, a
// comment or an expression.
func Expands(script source.Text, at source.Span) bool {
	start, end, ok := offsets(script, at)
	if !ok {
		return false
	}
	file, err := Parse(script)
	if err != nil {
		return false
	}
	expands, verdict := false, false
	syntax.Walk(file, func(n syntax.Node) bool {
		if n == nil || verdict {
			return false
		}
		if r, ok := n.(*syntax.Redirect); ok && r.Hdoc != nil && holds(r.Hdoc, start, end) {
			expands, verdict = !quoted(r.Word), true // it stands behind the end of the command
		}
		if verdict || !holds(n, start, end) {
			return !verdict
		}
		switch n := n.(type) {
		case *syntax.SglQuoted, *syntax.Comment, *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.TestClause, *syntax.ParamExp:
			verdict = true
		case *syntax.CaseItem:
			verdict = within(n.Patterns, start, end)
		case *syntax.CallExpr:
			verdict = handsScript(n) && within(n.Args[1:], start, end)
		case *syntax.Lit:
			expands, verdict = !escaped(script.String, start), true
		}
		return !verdict
	})
	return expands
}

// Assignable reports whether an assignment may be put before the word of a script
// at a span, for that word alone: whether it begins a command, or follows on env.
// Behind exec, nice or timeout it would be taken for the program.
func Assignable(script source.Text, at source.Span) bool {
	start, end, ok := offsets(script, at)
	if !ok {
		return false
	}
	file, err := Parse(script)
	if err != nil {
		return false
	}
	assignable := false
	syntax.Walk(file, func(n syntax.Node) bool {
		if n == nil || !holds(n, start, end) {
			return false
		}
		switch n := n.(type) {
		case *syntax.TimeClause:
			return false // a program in some shells
		case *syntax.CallExpr:
			for i, a := range n.Args {
				if int(a.Pos().Offset()) == start {
					assignable = true
					return false
				}
				if name, _, set := strings.Cut(a.Lit(), "="); i == 0 && name != "env" || i > 0 && !set || strings.HasPrefix(name, "-") {
					break
				}
			}
		}
		return true
	})
	return assignable
}

// handsScript reports whether a command hands a text to another shell, as sh -c does.
func handsScript(c *syntax.CallExpr) bool {
	if len(c.Args) < 2 {
		return false
	}
	switch name := c.Args[0].Lit(); name[strings.LastIndexByte(name, '/')+1:] {
	case "eval", "ssh":
		return true
	case "sh", "bash", "dash", "ash", "ksh", "zsh", "su", "sudo", "chroot", "nsenter", "unshare":
		for _, a := range c.Args[1:] {
			if flag := a.Lit(); strings.HasPrefix(flag, "-") && !strings.HasPrefix(flag, "--") && strings.HasSuffix(flag, "c") {
				return true
			}
		}
	}
	return false
}

func holds(n syntax.Node, start, end int) bool {
	return int(n.Pos().Offset()) <= start && end <= int(n.End().Offset())
}

func within(words []*syntax.Word, start, end int) bool {
	for _, w := range words {
		if holds(w, start, end) {
			return true
		}
	}
	return false
}

// quoted reports whether the word of a here-document keeps it from being expanded.
func quoted(w *syntax.Word) bool {
	for _, p := range w.Parts {
		if lit, ok := p.(*syntax.Lit); !ok || strings.Contains(lit.Value, `\`) {
			return true
		}
	}
	return false
}

// escaped reports whether a backslash stands before a byte.
func escaped(text string, at int) bool {
	n := 0
	for at > n && text[at-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// offsets returns where the bytes of a span are in a text, if they stand in it one
// beside the other as they are in the file.
func offsets(t source.Text, at source.Span) (start, end int, ok bool) {
	if t.File != at.File || at.End <= at.Start {
		return 0, 0, false
	}
	text := at.Text()
	for from := 0; ; {
		i := strings.Index(t.String[from:], text)
		if i < 0 {
			return 0, 0, false
		}
		start = from + i
		if t.Span(start, start+len(text)) == at {
			return start, start + len(text), true
		}
		from = start + 1
	}
}
