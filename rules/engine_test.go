package rules

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/report"
)

// monorepo returns the options to lint a made-up repository of n services, each
// with a Dockerfile, a compose file and a workflow.
func monorepo(n int) lint.Options {
	files := map[string]string{}
	var inputs []lint.Input
	add := func(path string, kind facts.Kind, text string) {
		files[path] = text
		inputs = append(inputs, lint.Input{Path: path, Kind: kind, Report: true})
	}
	for i := range n {
		dir := fmt.Sprintf("services/s%04d", i)
		add(dir+"/Dockerfile", facts.Dockerfile, fmt.Sprintf(`FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /out/app ./cmd/s%d
FROM debian:bookworm-slim
ARG TARGETARCH
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/*
RUN case "$(uname -m)" in x86_64) A=amd64 ;; aarch64) A=arm64 ;; *) exit 1 ;; esac \
 && curl -fsSLo /usr/local/bin/kubectl "https://dl.k8s.io/release/v1.31.%d/bin/linux/${A}/kubectl"
RUN curl -fsSL https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_amd64.zip -o /tmp/t.zip
COPY --from=build /out/app /app
ENTRYPOINT ["/app"]
`, i, i%10))
		add(dir+"/compose.yaml", facts.Compose, fmt.Sprintf("services:\n  app:\n    build: .\n  db:\n    image: mysql:5.%d\n  cache:\n    image: redis:7.%d\n", 6+i%2, i%5))
		add(fmt.Sprintf(".github/workflows/s%04d.yml", i), facts.Workflow, fmt.Sprintf(`on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/setup-buildx-action@v3
      - uses: docker/build-push-action@v6
        with:
          context: %s
          push: true
          tags: ghcr.io/example/s%d:latest
`, dir, i))
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
// of files that are read at a time and the order in which they are given.
func TestRunIsDeterministic(t *testing.T) {
	var first string
	for _, jobs := range []int{1, 2, 8, 64} {
		o := monorepo(20)
		o.Jobs = jobs
		if jobs > 1 {
			for i, j := 0, len(o.Inputs)-1; i < j; i, j = i+1, j-1 {
				o.Inputs[i], o.Inputs[j] = o.Inputs[j], o.Inputs[i]
			}
		}
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
			o := monorepo(0)
			o.Inputs = []lint.Input{{Path: "Dockerfile", Kind: facts.Dockerfile, Report: true}}
			o.Read = func(string) ([]byte, error) { return []byte(text), nil }
			if _, err := lint.Run(context.Background(), o); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// BenchmarkRun lints a repository of 300 files.
func BenchmarkRun(b *testing.B) {
	o := monorepo(100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lint.Run(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
}
