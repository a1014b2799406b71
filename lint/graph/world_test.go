package graph

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/archlint/archlint/internal/monorepo"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/format/dockerfile"
	"github.com/archlint/archlint/lint/source"
)

// describe writes down what a world knows of its stages.
func describe(w *world) []string {
	var out []string
	for _, s := range w.stages {
		out = append(out, fmt.Sprintf("stage %d: %v %v %v", s.Index, s.machine, s.fixed, s.base))
		for _, c := range s.commands {
			line := fmt.Sprintf("%d-%d maybe=%v reader=%s output=%v input=%v", c.Span.Start, c.Span.End, c.Maybe, c.Reader, c.Output, c.Input)
			for _, word := range c.Words {
				line += fmt.Sprintf(" %d-%d", word.Span.Start, word.Span.End)
				for _, v := range word.Values {
					for _, p := range v.Parts {
						line += fmt.Sprintf(" %q %d %v", p.Text, p.Origin, p.Source.All().Start)
					}
				}
			}
			for _, a := range c.Assigns {
				line += fmt.Sprintf(" %s=%v", a.Name, a.Word.Values)
			}
			out = append(out, line)
		}
		out = append(out, fmt.Sprint(s.switches, s.decisions, s.unset, s.picked))
	}
	return out
}

// The results of scripts are taken over from another world only where they are the
// same: it makes no difference.
func TestWorldsOnlyShareWhatIsTheSame(t *testing.T) {
	archives, err := filepath.Glob("../../testdata/rules/*/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no test data", err)
	}
	shared, alone := 0, 0
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if !strings.Contains(strings.ToLower(f.Name), "dockerfile") {
				continue
			}
			d := dockerfile.Parse(source.New(f.Name, f.Data))
			first := newWorld(d, arch.LinuxAMD64, nil, nil)
			for _, p := range []arch.Platform{arch.LinuxAMD64, arch.LinuxARM64, {OS: "linux", Architecture: "arm", Variant: "v7"}} {
				want, got := newWorld(d, p, nil, nil), newWorld(d, p, nil, first)
				if diff := cmp.Diff(describe(want), describe(got)); diff != "" {
					t.Errorf("%s: %s for %s (-alone +beside another)\n%s", name, f.Name, p, diff)
				}
				for _, s := range got.stages {
					for _, in := range s.Instructions {
						run, ok := in.(*facts.Run)
						if !ok || len(s.evaluated[run]) == 0 {
							continue
						}
						if s.like != nil && s.evaluated[run][0] == s.like.evaluated[run][0] {
							shared++
						} else {
							alone++
						}
					}
				}
			}
		}
	}
	if shared == 0 || alone == 0 {
		t.Errorf("%d results were shared, %d were not: the test shows nothing", shared, alone)
	}
}

// BenchmarkBuild joins the files of a hundred services.
func BenchmarkBuild(b *testing.B) {
	var documents []*facts.Document
	for _, f := range monorepo.Files(100) {
		documents = append(documents, format.Parse(nil, nil, nil)(f.Kind, source.New(f.Path, []byte(f.Text))))
	}
	slices.SortFunc(documents, func(a, b *facts.Document) int { return strings.Compare(a.File.Path, b.File.Path) })
	b.ReportAllocs()
	for b.Loop() {
		p := Build(documents, Options{Required: func(string) arch.Set { return arch.Default() }})
		if len(p.Images) < 100 {
			b.Fatal(len(p.Images))
		}
	}
}
