package lint

import (
	"context"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/source"
)

// Rule is one check. A rule reads facts and answers, does no I/O and knows no
// file format; it stands in one file of package rules beside its page.
type Rule struct {
	Name     string // kebab-case, final
	Since    string // the version of archlint that had it first
	Summary  string // what it says, one line, for the table of rules
	Severity Severity
	Page     string // the rule's page, Markdown
	Fixable  bool   // some findings carry a fix
	// Check reports what the rule finds. It must not keep the pass. It is nil for
	// UnusedIgnore, which is about what the others have found.
	Check func(*Pass)
}

// URL returns the address of the rule's page.
func (r *Rule) URL() string {
	return "https://github.com/archlint/archlint/blob/main/docs/rules/" + r.Name + ".md"
}

// Pass is what a rule works on: the project and what is known of its images.
type Pass struct {
	Project *graph.Project

	rule    *Rule
	strict  bool
	answers map[string]image.Answer
	report  func(Finding)
}

// Answer returns what is known about an image reference that the project uses.
func (p *Pass) Answer(reference string) image.Answer { return p.answers[reference] }

// Strict reports whether what cannot be learnt counts as an error.
func (p *Pass) Strict() bool { return p.strict }

// Required returns the platforms that the file at a span is required to support.
func (p *Pass) Required(at source.Span) arch.Set { return p.Project.Required(at.File) }

// Report adds a finding. Rule and, when it is zero, severity are filled in.
func (p *Pass) Report(f Finding) {
	f.Rule = p.rule.Name
	if f.Severity == 0 {
		f.Severity = p.rule.Severity
	}
	p.report(f)
}

// Images finds out the platforms of images. References are given and keyed as
// they are written ("nginx:1.25", "ghcr.io/x/y@sha256:…").
type Images interface {
	Resolve(ctx context.Context, references []string) map[string]image.Answer
}
