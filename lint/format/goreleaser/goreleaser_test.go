package goreleaser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func parse(text string) []string {
	d := Parse(source.New(".goreleaser.yaml", []byte(text)))
	var out []string
	for _, b := range d.Builds {
		var tags []string
		for _, tag := range b.Tags {
			tags = append(tags, tag.Display())
		}
		out = append(out, fmt.Sprintf("%d: %s %s of %s, published %d, as %s", b.Span.From().Line, b.Tool, b.Platforms.Set, b.Dockerfile, b.Push, strings.Join(tags, " ")))
	}
	for _, m := range d.Merges {
		out = append(out, fmt.Sprintf("%d: %s of %d", m.Span.From().Line, m.Tags[0].Display(), len(m.Sources)))
	}
	return out
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"the defaults of dockers", "dockers:\n- id: x\n", []string{"2: goreleaser dockers linux/amd64 of Dockerfile, published 2, as "}},
		{
			"dockers", "dockers:\n- goos: linux\n  goarch: arm64\n  dockerfile: build/{{ .Os }}.Dockerfile\n  image_templates: ['a/b:{{ .Tag }}-arm64', \"a/b\"]\n  skip_push: '{{ .IsNightly }}'\n",
			[]string{"3: goreleaser dockers linux/arm64 of , published 0, as a/b:…-arm64 a/b"},
		},
		{"what docker is told", "dockers:\n- build_flag_templates: ['--platform=linux/arm64', '--target=x']\n", []string{"2: goreleaser dockers linux/arm64 of Dockerfile, published 2, as "}},
		{"the defaults of dockers_v2", "dockers_v2:\n- images: [a, b]\n  tags: [x]\n", []string{"2: goreleaser dockers_v2 linux/amd64,linux/arm64 of Dockerfile, published 2, as a:x b:x"}},
		{"the defaults of kos", "kos:\n- repository: a\n", []string{"2: goreleaser kos linux/amd64 of , published 2, as a:latest"}},
		{"manifests", "docker_manifests:\n- name_template: a:{{ .Tag }}\n  image_templates: [a, b]\n", []string{"2: a:… of 2"}},
		{"outside of the repository", "dockers:\n- dockerfile: ../../etc/passwd\n", []string{"2: goreleaser dockers linux/amd64 of , published 2, as "}},
		{"other forms", "dockers: x\nkos: {a: b}\ndockers_v2: [x, [y]]\n", nil},
		{"an alias of itself", "dockers: &a\n- image_templates: *a\n", []string{"2: goreleaser dockers linux/amd64 of Dockerfile, published 2, as …"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(tt.text)
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "linux/amd64, linux/arm64", "linux/amd64,linux/arm64")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("dockers: &d\n- goarch: {{ x }}\n  image_templates: ['{{', \"a:{{ b }}c\"]\n  build_flag_templates: [--platform=x, --build-arg=y]\nkos: *d\n")
	f.Add("dockers_v2:\n- platforms:\n  - linux/amd64\n  <<: {images: a}\ndocker_manifests: [{name_template: x}]\n")
	f.Add("dockers_v2:\n- platforms:\n   0:")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.New("x.yaml", []byte(text))
		for _, b := range Parse(file).Builds {
			for _, s := range []source.Span{b.Span, b.Platforms.Span} {
				if !s.IsZero() && (s.Start < 0 || s.End < s.Start || s.End > len(text)) {
					t.Fatalf("%d-%d is not in the file", s.Start, s.End)
				}
			}
			if b.Platforms.State == facts.PlatformsKnown && len(b.Platforms.Set) == 0 {
				t.Fatal("platforms are known and none")
			}
		}
	})
}
