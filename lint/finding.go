package lint

import (
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/source"
)

// Severity says how bad a finding is.
type Severity int

// The severities, least serious first.
const (
	// Info is advice.
	Info Severity = iota + 1
	// Warning: a required platform cannot build, pull or run, unless something
	// that is not visible here prevents it.
	Warning
	// Error: a required platform cannot build, pull or run, or silently gets the
	// wrong binary, established from the files and dated facts.
	Error
)

// String returns the severity's name as it stands in reports.
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "off"
}

// ParseSeverity is the inverse of String.
func ParseSeverity(s string) (Severity, bool) {
	for _, severity := range []Severity{Info, Warning, Error} {
		if severity.String() == s {
			return severity, true
		}
	}
	return 0, false
}

// Finding is one thing that is wrong at one place.
type Finding struct {
	Rule      string // the rule's name
	Severity  Severity
	Span      source.Span
	Message   string // what is wrong here, one sentence without a final stop
	Help      string // the next action; may be empty
	Platforms arch.Set
	Related   []Related
	Fix       *Fix // nil when nothing can be done mechanically
}

// Related is another place that takes part in a finding.
type Related struct {
	Span    source.Span
	Message string
}

// Fix is a change that removes a finding.
type Fix struct {
	// Safe fixes keep the amd64 result as it is and make the other platform
	// right; others need a look.
	Safe        bool
	Description string
	Edits       []Edit
}

// Edit replaces the bytes of a span.
type Edit struct {
	Span source.Span
	Text string
}

// Problem is a file, or a part of one, that could not be read.
type Problem struct {
	Path         string // relative to the repository root
	Line, Column int    // 0 when the problem is the whole file
	Message      string
}

// Result is the outcome of a run.
type Result struct {
	Platforms  arch.Set  // the required platforms
	Files      int       // files linted
	Findings   []Finding // ordered by path, position and rule
	Suppressed int       // findings silenced by comments or configuration
	Baselined  int       // findings left out because a baseline knows them
	Unchanged  int       // findings left out because they were there before a change
	Problems   []Problem // ordered by path and position
	Images     []Image   // that the files use, ordered by reference
	Documents  []Document
}

// Document is a linted file that says what an image is built from, built for or run on.
// They are ordered by path.
type Document struct {
	Path     string
	Kind     string   // "dockerfile", "compose" and so on
	Required arch.Set // the platforms required of it
}

// Image is an image that files use, and what is known of it.
type Image struct {
	// Reference is in full; Written is how it stands where it is used first, with
	// variables expanded. They are the same for what is no reference.
	Reference, Written string
	Answer             image.Answer
	// Required are the platforms required of the files that use it, and Missing those
	// that it is needed for and does not have.
	Required, Missing arch.Set
	Uses              []source.Span // ordered
}

// Count returns the number of findings of each severity.
func (r *Result) Count() (errors, warnings, infos int) {
	for i := range r.Findings {
		switch r.Findings[i].Severity {
		case Error:
			errors++
		case Warning:
			warnings++
		case Info:
			infos++
		}
	}
	return errors, warnings, infos
}
