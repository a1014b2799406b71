package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// InvalidPlatform finds platforms that are none.
func InvalidPlatform() *lint.Rule {
	return &lint.Rule{
		Name: "invalid-platform", Since: "0.1.0", Severity: lint.Error, Page: page("invalid_platform.md"), Fixable: true,
		Summary: "what is written as a platform is none",
		Check: func(p *lint.Pass) {
			reported := map[source.Span]bool{}
			check := func(at source.Span, list bool) {
				for _, item := range platformItems(at) {
					if !reported[item] {
						reported[item] = true
						checkPlatform(p, item, list)
					}
				}
			}
			for _, d := range p.Project.Documents {
				for _, s := range d.Stages {
					if s.HasPlatform {
						check(s.Platform.All(), false)
					}
				}
				for _, pin := range d.Pins {
					if pin.Value.Known() {
						check(pin.Span, false)
					}
				}
				for _, b := range d.Builds {
					if b.Platforms.State != facts.PlatformsAbsent {
						check(b.Platforms.Span, true)
					}
				}
			}
		},
	}
}

// platformItems cuts a list of platforms as it is written (separated by commas,
// blanks or lines, as items of a YAML list) into its items, those with something to
// be expanded left out.
func platformItems(at source.Span) []source.Span {
	if at.IsZero() {
		return nil
	}
	text := at.Text()
	var out []source.Span
	separator := func(c byte) bool { return strings.IndexByte(" \t\r\n,[]\"'=", c) >= 0 }
	for start := 0; start < len(text); {
		if separator(text[start]) {
			start++
			continue
		}
		if text[start] == '#' { // a comment in a YAML list
			for start < len(text) && text[start] != '\n' {
				start++
			}
			continue
		}
		end := start
		for end < len(text) && !separator(text[end]) {
			end++
		}
		item := text[start:end]
		if strings.ContainsAny(item, "${}()*&") {
			return nil // part of an expression
		}
		if strings.Trim(item, "-|>+") != "" && strings.ContainsAny(item, "/\\") || len(arch.Words(item)) > 0 {
			out = append(out, at.File.Span(at.Start+start, at.Start+end))
		}
		start = end
	}
	return out
}

// checkPlatform reports one that is none. In a list of platforms it is put right; alone
// it would be a platform that keeps the others out.
func checkPlatform(p *lint.Pass, at source.Span, list bool) {
	text := at.Text()
	if _, err := arch.Parse(text); err == nil {
		return
	}
	f := lint.Finding{
		Span: at, Platforms: p.Required(at),
		Message: fmt.Sprintf("%s is not a platform; nothing is built for it, and no image exists for it", text),
		Help:    "write os/architecture or os/architecture/variant, as in linux/arm64",
	}
	if meant, ok := arch.Suggest(text); ok {
		f.Help = "write " + meant
	}
	if meant, ok := arch.Suggest(text); ok && list {
		f.Fix = &lint.Fix{Safe: true, Description: "write " + meant, Edits: []lint.Edit{{Span: at, Text: meant}}}
	}
	p.Report(f)
}
