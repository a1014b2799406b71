package bake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// describe writes the builds of a file, one line each.
func describe(d *facts.Document) string {
	var b strings.Builder
	for _, t := range d.Builds {
		fmt.Fprintf(&b, "%s: ", t.Job)
		switch t.Platforms.State {
		case facts.PlatformsKnown:
			fmt.Fprintf(&b, "%s at %q", t.Platforms.Set, t.Platforms.Span.Text())
			if len(t.Platforms.Needs) > 0 {
				fmt.Fprintf(&b, " by %s", strings.Join(t.Platforms.Needs, " "))
			}
		case facts.PlatformsUnknown:
			b.WriteString(t.Platforms.Reason)
		default:
			b.WriteString("no platforms")
		}
		if t.Dockerfile != "" {
			fmt.Fprintf(&b, ", %s", t.Dockerfile)
		}
		if t.Target != "" {
			fmt.Fprintf(&b, " (%s)", t.Target)
		}
		for _, tag := range t.Tags {
			fmt.Fprintf(&b, ", %s", tag.Display())
		}
		if t.Registry {
			b.WriteString(", pushed")
		}
		b.WriteByte('\n')
	}
	for _, g := range d.Groups {
		fmt.Fprintf(&b, "group %s: %s\n", g.Name, strings.Join(g.Targets, " "))
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, file, text, want string
	}{
		{
			"a target", "sub/docker-bake.hcl",
			"target \"app\" {\n  context = \"app\"\n  dockerfile = \"Dockerfile.prod\"\n  target = \"final\"\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n  tags = [\"a/b:1\"]\n}\n",
			`app: linux/amd64, linux/arm64 at "[\"linux/amd64\", \"linux/arm64\"]", sub/app/Dockerfile.prod (final), a/b:1` + "\n",
		},
		{
			"inherited, the last one counts", "docker-bake.hcl",
			"target \"one\" { platforms = [\"linux/amd64\"] }\ntarget \"two\" { platforms = [\"linux/arm64\"] }\ntarget \"app\" { inherits = [\"one\", \"two\"] }\n",
			"one: linux/amd64 at \"[\\\"linux/amd64\\\"]\", Dockerfile\ntwo: linux/arm64 at \"[\\\"linux/arm64\\\"]\", Dockerfile\napp: linux/arm64 at \"[\\\"linux/arm64\\\"]\", Dockerfile\n",
		},
		{
			"what depends on something is not known", "docker-bake.hcl",
			"variable \"P\" { default = [\"linux/amd64\"] }\nfunction \"f\" {\n  params = []\n  result = \"linux/amd64\"\n}\ntarget \"a\" { platforms = P }\ntarget \"b\" { platforms = [f()] }\ntarget \"c\" { inherits = [\"nowhere\"] }\ntarget \"d\" { inherits = [P] }\ntarget \"e\" { platforms = [\"local\"] }\ntarget \"f\" { tags = [\"x:${P}\"] }\n",
			"a: linux/amd64 at \"[\\\"linux/amd64\\\"]\" by P, Dockerfile\nb: the platforms depend on what is not in the file, Dockerfile\nc: the target inherits from one that is not in the file, Dockerfile\nd: the target inherits from one that is not in the file, Dockerfile\ne: the platforms name the builder's own, Dockerfile\nf: no platforms, Dockerfile, …\n",
		},
		{
			"defaults of variables", "docker-bake.hcl",
			"variable \"P\" { default = \"linux/amd64\" }\nvariable \"ARCH\" { default = \"amd64\" }\nvariable \"LIST\" { default = \"${P},linux/arm64\" }\nvariable \"NONE\" {}\nvariable \"SELF\" { default = SELF }\nvariable \"ALL\" { default = true }\n" +
				"target \"a\" { platforms = [P] }\ntarget \"b\" { platforms = [\"linux/${ARCH}\"] }\ntarget \"c\" { platforms = split(\",\", LIST) }\ntarget \"d\" { platforms = [NONE] }\ntarget \"e\" { platforms = [SELF] }\n" +
				"target \"f\" { platforms = ALL ? [\"linux/amd64\", \"linux/arm64\"] : [\"linux/amd64\"] }\ntarget \"g\" {\n  tags = [\"a/b:${ARCH}\"]\n  platforms = [for p in [\"amd64\"] : \"linux/${p}\"]\n}\n",
			"a: linux/amd64 at \"linux/amd64\" by P, Dockerfile\nb: linux/amd64 at \"amd64\" by ARCH, Dockerfile\nc: linux/amd64, linux/arm64 at \"${P},linux/arm64\" by LIST, Dockerfile\n" +
				"d: the platforms depend on what is not in the file, Dockerfile\ne: the platforms depend on what is not in the file, Dockerfile\nf: linux/amd64, linux/arm64 at \"true\" by ALL, Dockerfile\n" +
				"g: the platforms depend on what is not in the file, Dockerfile, a/b:amd64\n",
		},
		{
			"circles", "docker-bake.hcl",
			"target \"a\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"a\"] }\ngroup \"g\" { targets = [\"g\", \"a\"] }\n",
			"a: the target inherits from one that is not in the file, Dockerfile\nb: the target inherits from one that is not in the file, Dockerfile\ngroup g: g a\n",
		},
		{
			"outputs, remote contexts, inline", "docker-bake.hcl",
			"target \"a\" { output = [\"type=registry\"] }\ntarget \"b\" { context = \"https://github.com/a/b.git\" }\ntarget \"c\" { dockerfile-inline = \"FROM a\" }\ntarget \"d\" { context = \"../..\" }\n",
			"a: no platforms, Dockerfile, pushed\nb: no platforms\nc: no platforms\nd: no platforms\n",
		},
		{
			"JSON", "docker-bake.json",
			`{"group": {"default": {"targets": ["app"]}}, "target": {"app": {"platforms": ["linux/amd64"], "tags": ["a:1"], "args": {"A": "1"}}}}`,
			"app: linux/amd64 at \"[\\\"linux/amd64\\\"]\", Dockerfile, a:1\ngroup default: app\n",
		},
		{
			"variables in JSON", "docker-bake.json",
			`{"variable": {"P": {"default": "linux/arm64"}}, "target": {"app": {"platforms": ["${P}"]}}}`,
			"app: linux/arm64 at \"linux/arm64\" by P, Dockerfile\n",
		},
		{
			"a matrix", "docker-bake.hcl",
			"target \"base\" { platforms = [\"linux/amd64\"] }\ntarget \"app\" {\n  name = \"app-${item.name}-${version}\"\n  inherits = [\"base\"]\n  matrix = {\n    item = [{ name = \"web\", dir = \"w\" }, { name = \"api\", dir = \"a\" }]\n    version = [\"1\", \"2\"]\n  }\n" +
				"  context = item.dir\n  target = version == \"1\" ? \"old\" : \"new\"\n  tags = [\"a/${item.name}:${version}\"]\n}\ngroup \"default\" { targets = [\"app\"] }\n",
			"base: linux/amd64 at \"[\\\"linux/amd64\\\"]\", Dockerfile\n" +
				"app-web-1: linux/amd64 at \"[\\\"linux/amd64\\\"]\", w/Dockerfile (old), a/web:1\napp-web-2: linux/amd64 at \"[\\\"linux/amd64\\\"]\", w/Dockerfile (new), a/web:2\n" +
				"app-api-1: linux/amd64 at \"[\\\"linux/amd64\\\"]\", a/Dockerfile (old), a/api:1\napp-api-2: linux/amd64 at \"[\\\"linux/amd64\\\"]\", a/Dockerfile (new), a/api:2\n" +
				"group default: app\ngroup app: app-web-1 app-web-2 app-api-1 app-api-2\n",
		},
		{
			"a matrix of platforms", "docker-bake.hcl",
			"variable \"p\" { default = \"linux/amd64\" }\ntarget \"app\" {\n  name = \"app-${replace(p, \"/\", \"-\")}\"\n  matrix = { p = [\"linux/amd64\"] }\n  platforms = [p]\n}\ntarget \"b\" {\n  name = \"b${p}\"\n  matrix = { p = [\"1\"] }\n  platforms = [p]\n}\n",
			"app-linux-amd64: the platforms depend on the matrix, Dockerfile\nb1: the platforms depend on the matrix, Dockerfile\ngroup app: app-linux-amd64\ngroup b: b1\n",
		},
		{
			"a matrix that is not known", "docker-bake.hcl",
			"variable \"V\" { default = [\"1\"] }\ntarget \"app\" {\n  name = \"app-${v}\"\n  matrix = { v = V }\n  platforms = [v]\n  tags = [v]\n  dockerfile = \"${v}.Dockerfile\"\n}\ntarget \"twice\" {\n  name = \"same\"\n  matrix = { v = [\"1\", \"2\"] }\n}\n",
			"app: the platforms depend on the matrix, …\ntwice: no platforms, Dockerfile\n",
		},
		{"no platform", "docker-bake.hcl", "target \"a\" { platforms = [\"linux/arm64v8\"] }\n", "a: \"linux/arm64v8\" is not a platform; write os/architecture, as in linux/arm64, Dockerfile\n"},
		{"nothing", "docker-bake.hcl", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Parse(source.New(test.file, []byte(test.text)))
			if diff := cmp.Diff(test.want, describe(d)); diff != "" {
				t.Error(diff)
			}
			if len(d.Problems) > 0 {
				t.Errorf("%v", d.Problems)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"target \"a\" {\n":               "1:12 Unclosed configuration block",
		"target \"a\" {\n  x = = 1\n}\n": "2:7 ",
		strings.Repeat("[", 100):         "1:1 brackets nest too deep; exclude the file",
	} {
		d := Parse(source.New("docker-bake.hcl", []byte(text)))
		if len(d.Problems) != 1 {
			t.Errorf("%.20q: %v", text, d.Problems)
			continue
		}
		at := d.Problems[0].Span.From()
		if got := fmt.Sprintf("%d:%d %s", at.Line, at.Column, d.Problems[0].Message); !strings.HasPrefix(got, want) {
			t.Errorf("%.20q: %s", text, got)
		}
	}
	d := Parse(source.New("docker-bake.json", []byte("{\"target\": {\"a\": ")))
	if len(d.Problems) != 1 {
		t.Errorf("%v", d.Problems)
	}
}

func TestComments(t *testing.T) {
	d := Parse(source.New("docker-bake.hcl", []byte("# archlint:ignore missing-platforms for now\ntarget \"a\" {} // archlint:ignore x y\n")))
	var got []string
	for _, c := range d.Comments {
		got = append(got, c.Text)
	}
	if diff := cmp.Diff([]string{"archlint:ignore missing-platforms for now", "archlint:ignore x y"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("docker-bake.hcl", []byte("target \"a\" {\n  inherits = [\"a\"]\n  platforms = [\"linux/${b}\", f(1)]\n}\n# archlint:ignore x\n"))
	f.Add("docker-bake.json", []byte(`{"target": {"a": {"platforms": ["linux/amd64"], "args": {"a": 1}}}}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		d := Parse(source.New(name, data))
		for _, b := range d.Builds {
			if b.Span.End > len(data) || b.Platforms.Span.File != nil && b.Platforms.Span.End > len(data) {
				t.Fatalf("a span outside of the file: %+v", b)
			}
		}
	})
}
