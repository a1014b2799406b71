// Command gendocs writes the parts of the documentation that come from the
// program: docs/rules/NAME.md, one page a rule, docs/archlint.schema.json, and in
// README.md the table of rules and what archlint says about testdata/demo, and in
// docs/reports.md an example of each format. In these two they stand between lines such
// as <!-- rules:begin --> and <!-- rules:end -->.
//
//	go run ./internal/gendocs           # write
//	go run ./internal/gendocs -check    # fail if anything differs
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/config"
	"github.com/archlint/archlint/rules"
)

//go:generate go run . -root ../..

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file is not what it would be")
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// run writes or, with check, compares the generated files below root.
func run(root string, check bool) error {
	want, err := generate(root, rules.All())
	if err != nil {
		return err
	}
	stale, err := strangers(root, want)
	if err != nil {
		return err
	}
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		text := want[name]
		file := filepath.Join(root, filepath.FromSlash(name))
		have, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && bytes.Equal(have, text) {
			continue
		}
		differ = append(differ, name)
		if check {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	if !check {
		for _, name := range stale {
			if err := os.Remove(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				return err
			}
		}
		return nil
	}
	if differ = append(differ, stale...); len(differ) > 0 {
		return fmt.Errorf("not up to date: %s; run go run ./internal/gendocs", strings.Join(differ, ", "))
	}
	return nil
}

// generate returns the generated files by their paths, with slashes.
func generate(root string, all []*lint.Rule) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, r := range all {
		if r.Page == "" {
			return nil, fmt.Errorf("rule %s has no page", r.Name)
		}
		out["docs/rules/"+r.Name+".md"] = []byte(r.Page)
	}
	schema, err := config.Schema(schemaRules(all))
	if err != nil {
		return nil, err
	}
	out["docs/archlint.schema.json"] = schema
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return nil, err
	}
	example, err := showcase(root)
	if err != nil {
		return nil, err
	}
	if readme, err = replace(readme, "demo", "\n```text\n"+example+"```\n\n"); err != nil {
		return nil, err
	}
	if out["README.md"], err = replace(readme, "rules", table(all)); err != nil {
		return nil, err
	}
	out["docs/reports.md"], err = reports(root)
	return out, err
}

// schemaRules are the rules that a configuration can name.
func schemaRules(all []*lint.Rule) []config.SchemaRule {
	out := make([]config.SchemaRule, 0, len(all))
	for _, r := range all {
		out = append(out, config.SchemaRule{Name: r.Name, Summary: r.Summary})
	}
	return out
}

// table is the table of rules.
func table(all []*lint.Rule) string {
	var b strings.Builder
	b.WriteString("\n| rule | severity | says |\n|---|---|---|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| [`%s`](docs/rules/%s.md) | %s | %s |\n", r.Name, r.Name, r.Severity, strings.ReplaceAll(r.Summary, "|", `\|`))
	}
	b.WriteString("\n")
	return b.String()
}

// replace puts a text between the marker lines of a name.
func replace(readme []byte, name, text string) ([]byte, error) {
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->\n"
	head, rest, ok := bytes.Cut(readme, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return nil, fmt.Errorf("there are no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return slices.Concat(head, []byte(begin), []byte(text), []byte(end), tail), nil
}

// strangers returns the pages of rules that are no more.
func strangers(root string, want map[string][]byte) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "docs", "rules"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if name := "docs/rules/" + e.Name(); strings.HasSuffix(name, ".md") && want[name] == nil {
			out = append(out, name)
		}
	}
	return out, nil
}
