package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// reported is the folder that docs/reports.md shows the reports on.
const reported = "testdata/reports"

// languages are the formats that docs/reports.md shows, and what each is written in.
var languages = []struct{ format, language string }{
	{"text", "text"},
	{"json", "json"},
	{"sarif", "json"},
	{"rdjson", "json"},
	{"gitlab", "json"},
	{"checkstyle", "xml"},
	{"junit", "xml"},
	{"markdown", "markdown"},
}

// reports returns docs/reports.md with its examples.
func reports(root string) ([]byte, error) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "reports.md"))
	if err != nil {
		return nil, err
	}
	code, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(reported), "Dockerfile"))
	if err != nil {
		return nil, err
	}
	if page, err = replace(page, "code", fence("dockerfile", string(code))); err != nil {
		return nil, err
	}
	result, err := lintFiles(root, reported)
	if err != nil {
		return nil, err
	}
	if len(result.Findings) != 1 || result.Findings[0].Fix == nil {
		return nil, fmt.Errorf("%s has %d findings, want one with a fix", reported, len(result.Findings))
	}
	for _, l := range languages {
		text, err := written(l.format, result)
		if err != nil {
			return nil, err
		}
		if page, err = replace(page, l.format, fence(l.language, text)); err != nil {
			return nil, err
		}
	}
	return page, nil
}

func fence(language, text string) string {
	return "\n```" + language + "\n" + strings.TrimRight(text, "\n") + "\n```\n\n"
}
