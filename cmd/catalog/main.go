// Command catalog writes the tables that package catalog embeds. It is for
// maintainers:
//
//	go run ./cmd/catalog official  -in official-images.tsv.gz -commit SHA -out lint/catalog/official.gz
//	go run ./cmd/catalog downloads -in downloads.tsv.gz -date 2026-08-22 -out lint/catalog/downloads.gz
//	go run ./cmd/catalog ecosystem -in lint/catalog/ecosystem.yaml -out lint/catalog/ecosystem.gz
//
// The first two read tables in a text form (catalog.ReadOfficialTSV and
// catalog.ReadReleasesTSV describe the columns), gzipped or not. They were made
// from the histories of docker-library/official-images and aquaproj/aqua-registry;
// making them from a checkout with this program is still to come.
//
// Before anything is written, the packed form is read back and compared with what
// went in.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/catalog"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "catalog:", err)
		}
		os.Exit(1)
	}
}

// run does what the arguments ask for and reports on stderr.
func run(args []string, stderr io.Writer) error {
	builders := map[string]func(in io.Reader, date, commit string) (packed []byte, summary string, err error){
		"official": official, "downloads": downloads, "ecosystem": ecosystem,
	}
	if len(args) == 0 || builders[args[0]] == nil {
		return errors.New("want a table: official, downloads or ecosystem")
	}
	flags := flag.NewFlagSet("catalog "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	in := flags.String("in", "", "the table in its text form, gzipped or not")
	out := flags.String("out", "", "the file to write")
	date := flags.String("date", "", "the day of which the table speaks, YYYY-MM-DD (official: the newest in it; ecosystem: its as_of)")
	commit := flags.String("commit", "", "the commit of the source that the table was made from (downloads: as the table says)")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if *in == "" || *out == "" || flags.NArg() > 0 {
		return fmt.Errorf("%s: give -in and -out", args[0])
	}
	text, err := read(*in)
	if err != nil {
		return err
	}
	packed, summary, err := builders[args[0]](text, *date, *commit)
	if err != nil {
		return fmt.Errorf("%s: %w", *in, err)
	}
	if err := os.WriteFile(*out, packed, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %s, %d bytes\n", *out, summary, len(packed))
	return nil
}

// read returns the text of a file, gzipped or not.
func read(path string) (io.Reader, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return bytes.NewReader(data), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return bufio.NewReader(r), nil
}

// errReadBack means that the packed form does not hold what went in.
var errReadBack = errors.New("what was packed reads back differently")

func official(in io.Reader, date, commit string) ([]byte, string, error) {
	rows, day, err := catalog.ReadOfficialTSV(in)
	if err != nil {
		return nil, "", err
	}
	if date != "" {
		if day, err = time.Parse(time.DateOnly, date); err != nil {
			return nil, "", err
		}
	}
	packed, err := catalog.PackOfficial(rows, day, commit)
	if err != nil {
		return nil, "", err
	}
	back, err := catalog.UnpackOfficial(packed)
	if err != nil {
		return nil, "", err
	}
	byName := func(a, b catalog.Row) int {
		return strings.Compare(a.Image+"\x00"+a.Tag, b.Image+"\x00"+b.Tag)
	}
	slices.SortFunc(rows, byName)
	slices.SortFunc(back, byName)
	if !slices.Equal(rows, back) {
		return nil, "", errReadBack
	}
	return packed, fmt.Sprintf("%d tags of %s", len(rows), day.Format(time.DateOnly)), nil
}

func downloads(in io.Reader, date, commit string) ([]byte, string, error) {
	rows, named, err := catalog.ReadReleasesTSV(in)
	if err != nil {
		return nil, "", err
	}
	if commit == "" {
		commit = named
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, "", fmt.Errorf("give the day of the source with -date: %w", err)
	}
	packed, err := catalog.PackReleases(rows, day, commit)
	if err != nil {
		return nil, "", err
	}
	back, err := catalog.UnpackReleases(packed)
	if err != nil {
		return nil, "", err
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
			return nil, "", fmt.Errorf("%w: %+v", errReadBack, row)
		}
	}
	return packed, fmt.Sprintf("%d rows of %s", len(rows), date), nil
}

func ecosystem(in io.Reader, _, _ string) ([]byte, string, error) {
	var table catalog.Ecosystem
	decoder := yaml.NewDecoder(in)
	decoder.KnownFields(true)
	if err := decoder.Decode(&table); err != nil {
		return nil, "", err
	}
	packed, err := catalog.PackEcosystem(table)
	if err != nil {
		return nil, "", err
	}
	return packed, fmt.Sprintf("%d systems", len(table.Systems)), nil
}
