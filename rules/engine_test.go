package rules

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/internal/monorepo"
	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
)

// made returns the options to lint a made-up repository of n services, of four files
// each.
func made(n int) lint.Options {
	files := map[string]string{}
	var inputs []lint.Input
	for _, f := range monorepo.Files(n) {
		files[f.Path] = f.Text
		inputs = append(inputs, lint.Input{Path: f.Path, Kind: f.Kind, Report: true})
	}
	known := catalog.Default()
	return lint.Options{
		Inputs:    inputs,
		Read:      func(path string) ([]byte, error) { return []byte(files[path]), nil },
		Parse:     format.Parse(nil, nil, nil),
		Rules:     All(),
		Platforms: arch.Default(),
		Images:    image.New(image.Options{Catalog: known}),
		Download:  known.Download,
	}
}

// TestRunIsDeterministic holds the output to the same bytes, whatever the number
// of files that are read at a time, the order in which they are given, and that of
// maps, which is another in each run.
func TestRunIsDeterministic(t *testing.T) {
	var first string
	for i := range 12 {
		jobs := []int{1, 2, 8, 64}[i%4]
		o := made(20)
		o.Jobs = jobs
		rand.New(rand.NewPCG(1, uint64(i))).Shuffle(len(o.Inputs), func(i, j int) { o.Inputs[i], o.Inputs[j] = o.Inputs[j], o.Inputs[i] })
		result, err := lint.Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Findings) < 60 {
			t.Fatalf("only %d findings", len(result.Findings))
		}
		var out bytes.Buffer
		if err := report.JSON(&out, result, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		} else if diff := cmp.Diff(first, out.String()); diff != "" {
			t.Fatalf("with %d jobs:\n%s", jobs, diff)
		}
	}
}

// TestRunBoundsHostileDockerfiles lints what grows without bounds when it is taken
// at its word; without the bounds it does not end.
func TestRunBoundsHostileDockerfiles(t *testing.T) {
	var chain, calls, downloads strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&chain, "ARG A%d=${A%d}x\n", i+1, i)
		fmt.Fprintf(&calls, "RUN f%d() { f%d; f%d; }; f%d\n", i, i, i, i)
	}
	for i := range 5000 {
		fmt.Fprintf(&downloads, "RUN curl -LO https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_amd64.zip; curl -LO https://x%d.example/x%d_amd64.zip\n", i, i)
	}
	for name, text := range map[string]string{
		"downloads": "FROM a\n" + downloads.String(),
		"doubling":  "FROM a\nENV A=x\n" + strings.Repeat("ENV A=${A}${A}\n", 100) + "RUN curl https://x.example/$A\n",
		"chain":     "FROM a\n" + chain.String(),
		"calls":     "FROM a\n" + calls.String()[:4000],
		"global":    strings.Repeat("ARG A=${A}${A}y\n", 100) + "FROM a:${A}\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := made(0)
			o.Inputs = []lint.Input{{Path: "Dockerfile", Kind: facts.Dockerfile, Report: true}}
			o.Read = func(string) ([]byte, error) { return []byte(text), nil }
			if _, err := lint.Run(context.Background(), o); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// BenchmarkRun lints repositories of 400 and of 10,000 files, which are in memory.
func BenchmarkRun(b *testing.B) {
	for _, services := range []int{100, 2500} {
		b.Run(fmt.Sprintf("files=%d", 4*services), func(b *testing.B) { run(b, made(services)) })
	}
}

// BenchmarkRules is what follows once all files are parsed: joining them, without
// any rule, and with all.
func BenchmarkRules(b *testing.B) {
	for name, rules := range map[string][]*lint.Rule{"none": nil, "all": All()} {
		b.Run(name, func(b *testing.B) {
			o := made(100)
			o.Rules = rules
			parse, parsed := o.Parse, map[string]*facts.Document{}
			for _, in := range o.Inputs {
				data, _ := o.Read(in.Path)
				parsed[in.Path] = parse(in.Kind, source.New(in.Path, data))
			}
			o.Parse = func(_ facts.Kind, f *source.File) *facts.Document { return parsed[f.Path] }
			run(b, o)
		})
	}
}

func run(b *testing.B, o lint.Options) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lint.Run(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
}
