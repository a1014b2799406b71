package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/shell"
)

// belongs returns the rule that reports a selection: the kind of what is
// selected decides, unless the architecture is the whole value of a variable,
// which is then what has to be set per platform.
func belongs(s *graph.Selection) string {
	if s.Variable != nil && s.Variable.Automatic {
		return "shadowed-target-arg"
	}
	if s.Variable != nil && s.Variable.Bare && s.Kind != shell.Path && s.Kind != shell.Flag {
		return "arch-variable"
	}
	switch s.Kind {
	case shell.Fetch:
		return "arch-download"
	case shell.Package, shell.Repository:
		return "arch-package"
	case shell.Target:
		return "arch-target"
	case shell.Path:
		return "arch-path"
	case shell.Flag:
		return "arch-flags"
	}
	return ""
}

// family are the selections of which all are fixed or none: one that is right would
// hide those that are left.
type family struct {
	document *facts.Document
	kind     shell.Kind
	name     string
}

func familyOf(s *graph.Selection) family { return family{s.Document, s.Kind, s.Family} }

// fixFamilies returns the fixes of the families that a rule has a part in. They are
// safe if all of a family are.
func fixFamilies(all []*graph.Selection, rule string) map[*graph.Selection]*lint.Fix {
	families := map[family][]*graph.Selection{}
	concerned := map[family]bool{}
	documents := map[*facts.Document][]*graph.Selection{}
	for _, s := range all {
		f := familyOf(s)
		documents[s.Document] = append(documents[s.Document], s)
		families[f] = append(families[f], s)
		concerned[f] = concerned[f] || belongs(s) == rule
	}
	fixes := map[*graph.Selection]*lint.Fix{}
	for f, members := range families {
		if !concerned[f] || len(documents[f.document]) > maxFixed {
			continue
		}
		safe := true
		for _, s := range members {
			fix := fixSelection(s, documents[f.document])
			if fix == nil {
				for _, s := range members {
					delete(fixes, s)
				}
				break
			}
			fixes[s], safe = fix, safe && fix.Safe
		}
		for _, s := range members {
			if fix := fixes[s]; fix != nil {
				fix.Safe = safe
			}
		}
	}
	return fixes
}

// reportSelections reports the selections of a rule, with the message and the
// help that the rule has for each.
func reportSelections(p *lint.Pass, rule string, say func(*graph.Selection) (message, help string)) {
	fixes := fixFamilies(p.Project.Selections, rule)
	for _, s := range p.Project.Selections {
		if belongs(s) != rule {
			continue
		}
		message, help := say(s)
		f := lint.Finding{Severity: severity(s), Span: s.Span, Message: message, Help: help, Platforms: s.Platforms, Fix: fixes[s]}
		for i, use := range s.Uses {
			if i == 3 {
				break
			}
			f.Related = append(f.Related, lint.Related{Span: use, Message: "used here"})
		}
		p.Report(f)
	}
}

func severity(s *graph.Selection) lint.Severity {
	switch {
	case s.Builder:
		return lint.Info
	case s.Maybe, s.Download != nil && never(s.Download), s.Variable != nil && s.Variable.Kind == "ARG" && !s.Variable.Automatic:
		return lint.Warning // an ARG may be set by a build that is not in the repository
	}
	return lint.Error
}

// platforms names the architectures of the platforms of a selection.
func platforms(set arch.Set) string {
	names := make([]string, len(set))
	for i, p := range set {
		names[i] = p.Architecture
		if p.Variant != "" {
			names[i] += "/" + p.Variant
		}
	}
	return strings.Join(names, " and ")
}

// article returns the word with "a" or "an" before it.
func article(word string) string {
	if word != "" && strings.ContainsRune("aeio8", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// base is the last part of a path or URL, for messages; the whole of it if the
// architecture stands further to the left.
func base(text string) string {
	name := last(text)
	if i := strings.Index(text, "://"); i >= 0 && len(arch.Words(name)) == 0 {
		return text[i+3:]
	}
	return name
}

// last is the last part of a path or URL.
func last(text string) string {
	if i := strings.IndexAny(text, "?#"); i > 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, "/")
	return text[strings.LastIndexByte(text, '/')+1:]
}

// declare says which ARG has to be there for TARGETARCH to have a value.
func declare(s *graph.Selection) string {
	switch {
	case s.Declared:
		return ""
	case s.Stage != "":
		return fmt.Sprintf(" (declare ARG TARGETARCH in stage %q)", s.Stage)
	}
	return " (declare ARG TARGETARCH in the stage)"
}

// instead says what to write in place of the architecture.
func instead(s *graph.Selection) string {
	missing := "arm64"
	if len(s.Platforms) > 0 {
		missing = s.Platforms[0].Architecture
	}
	if s.Word.Text == "" {
		return fmt.Sprintf("choose the file for %s there by ${TARGETARCH}%s", missing, declare(s))
	}
	other, known := arch.Spell(missing, s.Word.Style), false
	if d := s.Download; d != nil && d.ARM64Word != "" && missing == "arm64" {
		other, known = d.ARM64Word, true
	}
	builds := s.Subject == "ADD" || s.Subject == "COPY"
	switch {
	case s.Word.Text == s.Architecture && other == missing && s.Kind == shell.Fetch && !known:
		return fmt.Sprintf("use ${TARGETARCH} in place of %s, if there is a file for %s%s", s.Word.Text, missing, declare(s))
	case s.Word.Text == s.Architecture && other == missing:
		return "use ${TARGETARCH} in place of " + s.Word.Text + declare(s)
	case s.Word.Text == arch.Kernel(s.Architecture) && other == arch.Kernel(missing) && !builds:
		if known {
			return "use $(uname -m) in place of " + s.Word.Text
		}
		return fmt.Sprintf("use $(uname -m) in place of %s, if the one for %s is called %s", s.Word.Text, missing, other)
	case known:
		return fmt.Sprintf("on %s it is called %s: choose %s or %s by ${TARGETARCH}%s", missing, other, s.Word.Text, other, declare(s))
	}
	return fmt.Sprintf("choose %s or what stands for %s (%s?) by ${TARGETARCH}%s", s.Word.Text, missing, other, declare(s))
}
