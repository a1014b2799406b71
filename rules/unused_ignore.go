package rules

import "github.com/archlint/archlint/lint"

// UnusedIgnore finds ignore comments that silence nothing, or nothing any more. There is
// nothing to check: the engine knows them when the findings of the other rules are
// there.
func UnusedIgnore() *lint.Rule {
	return &lint.Rule{
		Name: lint.UnusedIgnore, Since: "0.1.0", Severity: lint.Warning, Page: page("unused_ignore.md"),
		Summary: "an archlint:ignore comment does not do what it seems to",
	}
}
