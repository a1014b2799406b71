package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/source"
)

// places is what is read of a file, with the file that it points at.
func places(file, text string, others files, made map[string]map[string][]byte) string {
	var out []string
	d := Parse(source.New(file, []byte(text)), others, &Charts{Made: made, Linted: func(p string) bool { _, ok := others[p]; return ok }})
	for _, use := range d.Images {
		at := use.Span.From()
		out = append(out, fmt.Sprintf("%s:%d:%d %s", use.Span.File.Path, at.Line, at.Column, use.References[0].String()))
	}
	for _, p := range d.Placements {
		at := p.Span.From()
		out = append(out, fmt.Sprintf("%s:%d:%d %s on %s", p.Span.File.Path, at.Line, at.Column, p.What, strings.Join(p.Architectures, " ")))
	}
	return strings.Join(out, "\n")
}

func TestRenderedTemplates(t *testing.T) {
	const head = "# Source: c/templates/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	tests := []struct{ name, template, values, made, want string }{
		{"a literal in the template", "kind: Pod\nspec: {containers: [{image: 'a/b:1'}]}\n", "", "  containers: [{image: 'a/b:1'}]\n", "c/templates/a.yaml:2:30 a/b:1"},
		{"a repository in the values", "image: {{ x }}\n", "# repository: b\nimage:\n  registry: r.io\n  repository: a/b\n", "  containers: [{image: 'r.io/a/b:1-x'}]\n", "c/values.yaml:4:15 r.io/a/b:1-x"},
		{"all of it in the values", "image: {{ x }}\n", "x: {y: a/b, image: \"a/b:1\"}\n", "  containers: [{image: 'a/b:1'}]\n", "c/values.yaml:1:21 a/b:1"},
		{"a name in the values", "image: {{ x }}\n", "hub: r.io/x\nimage: pilot\n", "  containers: [{image: 'r.io/x/pilot:1'}]\n", "c/values.yaml:2:8 r.io/x/pilot:1"},
		{"a name that stands there twice", "a\n  - image: {{ x }}\n", "x: {image: traefik}\ny: {image: traefik}\n", "  containers: [{image: 'docker.io/traefik:1'}]\n", "c/templates/a.yaml:2:12 docker.io/traefik:1"},
		{"one of two images of a template", "image: {{ x }}\n\nimage: {{ y }}\n", "", "  containers: [{image: 'a:1'}, {image: 'b:1'}]\n", "c/templates/a.yaml:1:8 a:1\nc/templates/a.yaml:3:8 b:1"},
		{"nowhere to be seen", "{{ include x }}\n", "", "  containers: [{image: 'a:1'}]\n", "c/templates/a.yaml:1:1 a:1"},
		{"a selector in the values", "{{ x }}\n", "nodeSelector:\n  kubernetes.io/arch: amd64\n", "  nodeSelector: {kubernetes.io/arch: amd64}\n", "c/values.yaml:2:23 Pod \"p\" on amd64"},
		{"a selector that is computed", "x\nkubernetes.io/arch: {{ x }}\n", "", "  nodeSelector: {kubernetes.io/arch: amd64}\n", "c/templates/a.yaml:2:1 Pod \"p\" on amd64"},
		{"a template that makes nothing", "kind: Pod\napiVersion: v1\nspec: {containers: [{image: 'a/b:1'}]}\n", "", "", ""},
		{"braces that are text", "x\n", "", "  containers: [{image: 'a:1', args: ['{{ x }}']}]\n", "c/templates/a.yaml:1:1 a:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			charts := map[string]map[string][]byte{"c": {}}
			if tt.made != "" {
				charts["c"]["c/templates/a.yaml"] = []byte(head + tt.made)
			}
			if got := places("c/templates/a.yaml", tt.template, files{"c/values.yaml": tt.values, "c/templates/a.yaml": tt.template}, charts); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestRenderedDependencies(t *testing.T) {
	const chart = "apiVersion: v2\nname: redis\ndependencies:\n  - name: common\n  - name: redis\n    version: 1\n"
	charts := map[string]map[string][]byte{".": {
		"charts/redis/templates/a.yaml": []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'redis:7'}]}\n"),
		"templates/b.tpl":               []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'b:1'}]}\n"),
		"templates/c.yaml":              []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'c:1'}]}\n"),
	}}
	if got := places("Chart.yaml", chart, files{"templates/c.yaml": ""}, charts); got != "Chart.yaml:5:11 redis:7\nChart.yaml:1:1 b:1" {
		t.Error(got)
	}
}

func TestValuesOfRenderedCharts(t *testing.T) {
	charts := map[string]map[string][]byte{"c": {"c/templates/a.yaml": []byte("image: \"a/b:1-x\"\nimage: r.io/c:2\nimage: e:1@sha256:12\n")}}
	values := "image: {repository: a/b}\nx: {image: {registry: r.io, repository: c, tag: 2}}\noff: {image: {repository: d, tag: 3}}\ne: {image: {repository: e, digest: 'sha256:12'}}\nsame: {image: {repository: a/b, tag: 9}}\n"
	if got := places("c/values.yaml", values, files{"c/Chart.yaml": "name: c\nappVersion: '1'\n"}, charts); got != "c/values.yaml:3:27 d:3\nc/values.yaml:5:28 a/b:9" {
		t.Error(got)
	}
}
