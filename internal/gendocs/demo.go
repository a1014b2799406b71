package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
	"github.com/archlint/archlint/rules"
)

// demo is the repository that the README shows the findings of.
const demo = "testdata/demo"

// shown are the rules of which the README shows the first finding.
var shown = []string{"build-platform-result", "single-arch-image", "arch-download"}

// showcase returns the part of the report on the demo that the README shows: what
// archlint --offline prints in it, with "…" where something is left out.
func showcase(root string) (string, error) {
	result, err := lintFiles(root, demo)
	if err != nil {
		return "", err
	}
	rel := func(p string) string { return strings.TrimPrefix(p, demo+"/") }
	var b bytes.Buffer
	if err := report.Formats()["text"](&b, result, report.Options{Rel: rel}); err != nil {
		return "", err
	}
	text := b.String()
	blocks := strings.Split(strings.TrimRight(text, "\n"), "\n\n")
	done := map[string]bool{}
	var out []string
	for i, block := range blocks {
		head, _, _ := strings.Cut(block, "\n")
		rule := head[strings.LastIndexByte(head, '[')+1:]
		rule = strings.TrimSuffix(rule, "]")
		switch {
		case i == len(blocks)-1, slices.Contains(shown, rule) && !done[rule]:
			done[rule] = true
			out = append(out, block)
		case len(out) == 0 || out[len(out)-1] != "…":
			out = append(out, "…")
		}
	}
	for _, rule := range shown {
		if !done[rule] {
			return "", fmt.Errorf("the report on %s has no finding of %s", demo, rule)
		}
	}
	return strings.Join(out, "\n\n") + "\n", nil
}

// lintFiles lints a folder of the repository, offline.
func lintFiles(root, folder string) (*lint.Result, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	entries, _, err := discover.Find(ctx, discover.Options{Root: root, Paths: []string{folder + "/..."}, Whole: true})
	if err != nil {
		return nil, err
	}
	o := lint.Options{
		Read:  func(p string) ([]byte, error) { return discover.ReadFile(root, p, source.MaxFileSize) },
		Rules: rules.All(), Platforms: arch.Default(), IgnoreComments: true, Now: time.Now(),
	}
	linted := map[string]bool{}
	for _, e := range entries {
		linted[e.Path] = true
		o.Inputs = append(o.Inputs, lint.Input{Path: e.Path, Kind: e.Kind, Report: e.Selected})
	}
	for _, r := range o.Rules {
		o.Known = append(o.Known, r.Name)
	}
	facts := catalog.Default()
	o.Parse = format.Parse(files(o.Read), func(p string) bool { return linted[p] }, nil)
	o.Images = image.New(image.Options{Catalog: facts})
	o.Download = facts.Download
	return lint.Run(ctx, o)
}

// written returns a report in a format.
func written(name string, result *lint.Result) (string, error) {
	var b bytes.Buffer
	if err := report.Formats()[name](&b, result, report.Options{}); err != nil {
		return "", err
	}
	return b.String(), nil
}

// files makes a function that reads what front ends read other files with.
type files func(string) ([]byte, error)

func (f files) ReadFile(p string) ([]byte, error) { return f(p) }
