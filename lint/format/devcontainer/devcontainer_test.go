package devcontainer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// seen writes down what is read, with places.
func seen(d *facts.Document) string {
	var out []string
	for _, use := range d.Images {
		at := use.Span.From()
		reference := "?"
		if len(use.References) == 1 {
			reference = use.References[0].String()
		}
		out = append(out, fmt.Sprintf("%d:%d %s runs %s", at.Line, at.Column, use.Name, reference))
	}
	for _, b := range d.Builds {
		out = append(out, fmt.Sprintf("builds %s target %q with %d", b.Dockerfile, b.Target, len(b.Args)))
	}
	for _, p := range d.Pins {
		at := p.Span.From()
		out = append(out, fmt.Sprintf("%d:%d %s is pinned to %s", at.Line, at.Column, p.What, p.Value.String()))
	}
	for _, p := range d.Problems {
		out = append(out, fmt.Sprintf("%d: %s", p.Span.From().Line, p.Message))
	}
	return strings.Join(out, "\n")
}

func TestParse(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"an image", `{"image": "a:1"}`, `1:12 dev container runs a:1`},
		{"comments and commas", "/* { */ {\n\t// \"image\": \"b\",\n\t\"name\": \"x // y\", \"image\": \"a:1\", # no\n}", `3:30 dev container "x // y" runs a:1`},
		{"a comma behind the last item", "{\r\n\t\"image\": \"a:1\", // x\r\n\t\"y\": [1, 2, /* z */ ],\r\n}\r\n", `2:12 dev container runs a:1`},
		{"slashes in texts", `{"name": "a\"//b", "image": "r.io/a//:1"}`, `1:30 dev container "a"//b" runs r.io/a//:1`},
		{"characters beyond 16 bits", `{"name": "\ud83d\uDE00", "image": "a:1"}`, `1:36 dev container "____________" runs a:1`},
		{"a default of a variable", `{"image": "a:${localEnv:TAG:1.2}-x"}`, `1:12 dev container runs a:1.2-x`},
		{"a variable", `{"image": "a:${localEnv:TAG}"}`, `1:12 dev container runs ?`},
		{"half a variable", `{"image": "a:${localEnv"}`, `1:12 dev container runs ?`},
		{"a build", `{"build": {"dockerfile": "../Dockerfile", "target": "dev", "args": {"A": "1", "B": "${x}"}, "options": ["--platform", "linux/amd64"]}}`, "builds Dockerfile target \"dev\" with 2\n1:120 the build of dev container is pinned to linux/amd64"},
		{"the build of former days", `{"dockerFile": "Dockerfile", "context": ".."}`, `builds .devcontainer/Dockerfile target "" with 0`},
		{"a Dockerfile elsewhere", `{"build": {"dockerfile": "../../Dockerfile"}}`, `builds  target "" with 0`},
		{"arguments", `{"image": "a", "runArgs": ["--platform=linux/amd64", "--privileged"]}`, "1:12 dev container runs a\n1:40 dev container is pinned to linux/amd64"},
		{"a flag without a value", `{"runArgs": ["--platform"]}`, ""},
		{"nothing", "", ""},
		{"half a file", "{\n\"image\": \"a\",", "2: is not valid JSON: did not find expected node content; check indentation, quotes and brackets here"},
		{"something else", `["image"]`, ""},
		{"a template", "{{ if x }}\n{\"image\": 1}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := seen(Parse(source.New(".devcontainer/devcontainer.json", []byte(tt.text))))
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestComments(t *testing.T) {
	d := Parse(source.New(".devcontainer.json", []byte("// archlint:ignore a\n{\"x\": \"// no\"} /* archlint:ignore b\n */ // # c")))
	var got []string
	for _, c := range d.Comments {
		got = append(got, fmt.Sprint(c.Span.From().Line, c.Text))
	}
	if strings.Join(got, "|") != "1archlint:ignore a|2archlint:ignore b|3c" {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("{ // x\n\t\"image\": \"a:${localEnv:TAG:1.2}\", \"runArgs\": [\"--platform=linux/amd64\",], /* y */ \"build\": {\"dockerfile\": \"a\"}}")
	f.Add("{\"\\ud83d\": \"/*\"}/*")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.New(".devcontainer.json", []byte(text))
		masked, _ := mask(file)
		if len(masked) != len(text) || strings.Count(string(masked), "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q becomes %q", text, masked)
		}
		d := Parse(file)
		check := func(s source.Span) {
			if s.File != file || s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Fatalf("%d-%d is not in the file", s.Start, s.End)
			}
		}
		for _, use := range d.Images {
			check(use.Span)
		}
		for _, p := range d.Pins {
			check(p.Span)
		}
		for _, c := range d.Comments {
			check(c.Span)
		}
		for _, p := range d.Problems {
			check(p.Span)
		}
	})
}
