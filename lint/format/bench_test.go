package format_test

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/source"
)

// BenchmarkParse parses the files of the test data, kind by kind.
func BenchmarkParse(b *testing.B) {
	archives, err := filepath.Glob("../../testdata/rules/*/*.txtar")
	if err != nil || len(archives) == 0 {
		b.Fatal("no test data", err)
	}
	files := map[facts.Kind][]*source.File{}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range archive.Files {
			kind, ok := discover.KindOf(f.Name)
			switch {
			case ok:
			case strings.HasSuffix(f.Name, ".yaml"), strings.HasSuffix(f.Name, ".yml"):
				kind = facts.Kubernetes
			case strings.HasSuffix(f.Name, ".tf"):
				kind = facts.Terraform
			default:
				kind = facts.BuildScript
			}
			files[kind] = append(files[kind], source.New(f.Name, f.Data))
		}
	}
	var kinds []facts.Kind
	for kind := range files {
		kinds = append(kinds, kind)
	}
	sort.Slice(kinds, func(i, j int) bool { return kinds[i] < kinds[j] })
	parse := format.Parse(nil, func(string) bool { return false }, nil)
	for _, kind := range kinds {
		b.Run(fmt.Sprint(kind), func(b *testing.B) {
			size := 0
			for _, f := range files[kind] {
				size += len(f.Data)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, f := range files[kind] {
					parse(kind, f)
				}
			}
		})
	}
}
