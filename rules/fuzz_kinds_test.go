package rules

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
)

// single are files of one content, whatever their names: what calls others calls
// itself.
type single string

func (s single) ReadFile(path string) ([]byte, error) {
	if strings.HasPrefix(path, "..") {
		return nil, fs.ErrNotExist
	}
	return []byte(s), nil
}

// FuzzKinds takes a file through the whole engine as one of each kind beside a
// Dockerfile: nothing fails, and findings and fixes lie in the files.
func FuzzKinds(f *testing.F) {
	for _, seed := range []string{
		"on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./a\n      - uses: docker/build-push-action@v6\n        with: {push: true, tags: a/b}\n      - run: make x && ./y.sh\n",
		"jobs: {j: {uses: ./x.yml, with: {platforms: linux/amd64}}}\non: {workflow_call: {inputs: {platforms: {default: linux/amd64}}}}\n",
		"runs:\n  using: composite\n  steps:\n    - run: docker build -t a . && docker push a\n",
		"x: {script: [docker build -t a ., docker push a], parallel: {matrix: [{A: [b, c]}]}, extends: x}\nvariables: {A: $A}\n",
		"phases: {build: {commands: [docker buildx build --platform linux/amd64 --push -t a .]}}\n",
		"dockers: [{image_templates: [a], goarch: amd64}]\nkos: [{platforms: [linux/amd64]}]\n",
		"apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {kubernetes.io/arch: amd64, a: b}\n  containers: [{image: 'nginx:1.27'}]\n",
		"apiVersion: v1\nkind: Pod\nspec:\n  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}]}}}\n  containers: [{image: 'nginx:1.27'}]\n",
		"Resources: {A: {Type: 'AWS::Lambda::Function', Properties: {Architectures: [x86_64]}}}\n",
		"resource \"aws_ecs_task_definition\" \"a\" {\n  runtime_platform { cpu_architecture = \"X86_64\" }\n}\n",
		"variable \"P\" { default = \"linux/amd64\" }\ntarget \"default\" {\n  platforms = split(\",\", P)\n}\n",
		"services: {a: {image: 'mysql:5.7', platform: linux/amd64, build: {context: ., platforms: [linux/amd64]}}}\n",
		"{\"image\": \"mysql:5.7\", // x\n\"runArgs\": [\"--platform=linux/amd64\",],\"build\": {\"dockerfile\": \"Dockerfile\"}}",
		"I=mysql:5.7\nif [ $(uname -m) = x86_64 ]; then docker run --platform linux/amd64 $I; fi\npodman run -it mysql:5.6 # archlint:ignore x\n",
		"a: b\n\tdocker build -t $(A) .\nA ?= $(shell uname -m)\n",
	} {
		f.Add(seed)
	}
	kinds := map[string]facts.Kind{
		".github/workflows/w.yml": facts.Workflow, "a/action.yml": facts.Action, ".gitlab-ci.yml": facts.GitLabCI, "buildspec.yml": facts.CodeBuild, ".goreleaser.yml": facts.GoReleaser,
		"x.yaml": facts.Kubernetes, "values.yaml": facts.Kubernetes, "taskdef.json": facts.AWS, "x.tf": facts.Terraform, "docker-bake.hcl": facts.Bake, "compose.yml": facts.Compose, ".devcontainer.json": facts.DevContainer, "x.sh": facts.Script, "Makefile": facts.BuildScript,
	}
	var inputs []lint.Input
	for path, kind := range kinds {
		inputs = append(inputs, lint.Input{Path: path, Kind: kind, Report: true})
	}
	inputs = append(inputs, lint.Input{Path: "Dockerfile", Kind: facts.Dockerfile, Report: true})
	known := catalog.Default()
	images := image.New(image.Options{Catalog: known})
	f.Fuzz(func(t *testing.T, text string) {
		result, err := lint.Run(context.Background(), lint.Options{
			Inputs: inputs,
			Read: func(path string) ([]byte, error) {
				if path == "Dockerfile" {
					return []byte("FROM alpine:3.22\nARG A=amd64\nRUN echo $A\n"), nil
				}
				return []byte(text), nil
			},
			Parse: format.Parse(single(text), func(string) bool { return true }, nil),
			Rules: All(), Platforms: arch.Default(), Images: images, Download: known.Download,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range result.Problems {
			if strings.Contains(p.Message, "archlint failed") {
				t.Fatalf("%s: %s", p.Path, p.Message)
			}
		}
		for _, finding := range result.Findings {
			s := finding.Span
			if s.IsZero() || s.Start < 0 || s.Start > s.End || s.End > len(s.File.Data) {
				t.Fatalf("%s has no place in its file", finding.Rule)
			}
			if finding.Message == "" || len(finding.Platforms) == 0 {
				t.Fatalf("%s says %q for %v", finding.Rule, finding.Message, finding.Platforms)
			}
			for _, related := range finding.Related {
				if r := related.Span; r.IsZero() || r.Start > r.End || r.End > len(r.File.Data) {
					t.Fatalf("%s refers to no place", finding.Rule)
				}
			}
			if finding.Fix == nil {
				continue
			}
			for _, edit := range finding.Fix.Edits {
				if e := edit.Span; e.IsZero() || e.Start > e.End || e.End > len(e.File.Data) {
					t.Fatalf("the fix of %s changes no place", finding.Rule)
				}
			}
		}
	})
}
