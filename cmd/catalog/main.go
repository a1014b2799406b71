// Command catalog writes the tables that package catalog embeds, and compares two of
// them. It is for maintainers:
//
//	go run ./cmd/catalog official  -from OFFICIAL-IMAGES -out lint/catalog/official.gz
//	go run ./cmd/catalog downloads -from AQUA-REGISTRY -out lint/catalog/downloads.gz
//	go run ./cmd/catalog ecosystem -in lint/catalog/ecosystem.yaml -out lint/catalog/ecosystem.gz
//	go run ./cmd/catalog diff OLD.gz NEW.gz
//
// OFFICIAL-IMAGES and AQUA-REGISTRY are checkouts, bare or not, of
// github.com/docker-library/official-images, with its whole history, and of
// github.com/aquaproj/aqua-registry; -commit names another revision than HEAD.
//
// Before anything is written, the packed form is read back and compared with what
// went in. A table's day, commit and sum go to the file SUMS beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/catalog"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "catalog:", err)
		}
		os.Exit(1)
	}
}

// run does what the arguments ask for and reports on stderr; a comparison goes to
// stdout.
func run(args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errWhat
	}
	flags := flag.NewFlagSet("catalog "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	switch args[0] {
	case "official":
		from := flags.String("from", "", "a checkout of docker-library/official-images")
		commit := flags.String("commit", "HEAD", "the revision to read")
		return write(flags, args[1:], from, stderr, func() (table, error) { return official(*from, *commit) })
	case "downloads":
		from := flags.String("from", "", "a checkout of aquaproj/aqua-registry")
		commit := flags.String("commit", "HEAD", "the revision to read")
		return write(flags, args[1:], from, stderr, func() (table, error) { return downloads(*from, *commit) })
	case "ecosystem":
		in := flags.String("in", "", "the table as YAML")
		return write(flags, args[1:], in, stderr, func() (table, error) { return ecosystem(*in) })
	case "diff":
		if len(args) != 3 {
			return errors.New("diff: give the old and the new table")
		}
		return diff(args[1], args[2], stdout)
	}
	return errWhat
}

var errWhat = errors.New("want one of official, downloads, ecosystem, diff")

// table is a table to write.
type table struct {
	packed  []byte
	summary string
	sumLine string // "" for one that is made of a file beside it
}

// write reads the flags, makes the table and writes it to the file of -out.
func write(flags *flag.FlagSet, args []string, source *string, stderr io.Writer, build func() (table, error)) error {
	out := flags.String("out", "", "the file to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *source == "" || *out == "" || flags.NArg() > 0 {
		flags.Usage()
		return fmt.Errorf("%s: want what to read and -out", flags.Name())
	}
	t, err := build()
	if err != nil {
		return fmt.Errorf("%s: %w", *source, err)
	}
	if err := os.WriteFile(*out, t.packed, 0o644); err != nil {
		return err
	}
	if t.sumLine != "" {
		if err := writeSum(filepath.Join(filepath.Dir(*out), "SUMS"), t.sumLine); err != nil {
			return err
		}
	}
	fmt.Fprintf(stderr, "%s: %s, %d bytes\n", *out, t.summary, len(t.packed))
	return nil
}

// writeSum puts a line in the place of that of the same table.
func writeSum(path, line string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	name := func(line string) string {
		if fields := strings.Fields(line); len(fields) > 1 {
			return fields[1]
		}
		return ""
	}
	lines := []string{line}
	for l := range strings.Lines(string(old)) {
		if name(l) != name(line) {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	return os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644)
}

// errReadBack means that the packed form does not hold what went in.
var errReadBack = errors.New("what was packed reads back differently")

func official(from, revision string) (table, error) {
	rows, commit, day, err := officialImagesFromHistory(context.Background(), from, revision)
	if err != nil {
		return table{}, err
	}
	packed, err := catalog.PackOfficial(rows, day, commit)
	if err != nil {
		return table{}, err
	}
	back, err := catalog.UnpackOfficial(packed)
	if err != nil {
		return table{}, err
	}
	if !slices.Equal(rows, back) {
		return table{}, errReadBack
	}
	return table{
		packed: packed, summary: fmt.Sprintf("%d tags of %s", len(rows), day.Format(time.DateOnly)),
		sumLine: catalog.SumLine("official", day, commit, catalog.Sum(rows), len(rows)),
	}, nil
}

func downloads(from, revision string) (table, error) {
	rows, commit, day, err := releasesFromRegistry(context.Background(), from, revision)
	if err != nil {
		return table{}, err
	}
	packed, err := catalog.PackReleases(rows, day, commit)
	if err != nil {
		return table{}, err
	}
	back, err := catalog.UnpackReleases(packed)
	if err != nil {
		return table{}, err
	}
	count := map[catalog.Release]int{}
	for _, row := range rows {
		count[row]++
	}
	for _, row := range back {
		count[row]--
	}
	for row, n := range count {
		if n != 0 {
			return table{}, fmt.Errorf("%w: %+v", errReadBack, row)
		}
	}
	return table{
		packed: packed, summary: fmt.Sprintf("%d rows of %s", len(rows), day.Format(time.DateOnly)),
		sumLine: catalog.SumLine("downloads", day, commit, catalog.Sum(rows), len(rows)),
	}, nil
}

func ecosystem(in string) (table, error) {
	text, err := os.Open(in)
	if err != nil {
		return table{}, err
	}
	defer text.Close()
	var source catalog.Ecosystem
	decoder := yaml.NewDecoder(text)
	decoder.KnownFields(true)
	if err := decoder.Decode(&source); err != nil {
		return table{}, err
	}
	packed, err := catalog.PackEcosystem(source)
	if err != nil {
		return table{}, err
	}
	return table{packed: packed, summary: fmt.Sprintf("%d systems", len(source.Systems))}, nil
}
