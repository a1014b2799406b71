// Package rules holds the rules, one a file, each beside its page.
//
// A rule reads facts and answers and reports findings; it does no I/O and knows
// no file format. To add one: write name.go with a [lint.Rule], name.md with the
// headings that TestPages asks for, mini repositories below
// testdata/rules/NAME, and add it to All.
package rules

import (
	"embed"
	"strings"

	"github.com/archlint/archlint/lint"
)

//go:embed *.md
var pages embed.FS

// page returns a rule's page.
func page(name string) string {
	data, err := pages.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// All returns every rule, in the order in which they are listed.
func All() []*lint.Rule {
	return []*lint.Rule{
		SingleArchImage(),
		ArchTaggedImage(),
		SinglePlatformDigest(),
		UnknownImage(),
		PinnedPlatform(),
		InvalidPlatform(),
		IgnoredPlatformFlag(),
		BuildPlatformResult(),
		UndeclaredTargetArg(),
		ShadowedTargetArg(),
		ArchDownload(),
		ArchPackage(),
		ArchTarget(),
		ArchFlags(),
		ArchPath(),
		ArchVariable(),
		IncompleteArchSwitch(),
		MissingPlatforms(),
		MissingEmulation(),
		MissingBuilder(),
		OverwrittenTag(),
		PinnedNodeArchitecture(),
		UnusedIgnore(),
	}
}

// Find returns the rule of a name, nil if there is none.
func Find(name string) *lint.Rule {
	for _, r := range All() {
		if r.Name == name {
			return r
		}
	}
	return nil
}
