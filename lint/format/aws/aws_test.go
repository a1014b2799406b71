package aws

import (
	"testing"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func TestTabsInJSON(t *testing.T) {
	d := Parse(source.New("taskdef.json", []byte("{\n\t\"family\": \"a\",\n\t\"requiresCompatibilities\": [\"FARGATE\"],\n\t\"containerDefinitions\": [\n\t\t{\"image\": \"nginx\"}\n\t]\n}\n")))
	if len(d.Images) != 1 || len(d.Placements) != 1 || !d.Placements[0].Implicit || d.Doubtful {
		t.Errorf("%+v", d)
	}
}

func TestFilesOfOthers(t *testing.T) {
	for _, text := range []string{"", "{}", "[1, 2]", "Resources: x\n", "Resources: {A: {Type: \"AWS::S3::Bucket\"}}\n", "Resources: &a {A: *a}\n", "containerDefinitions: {a: b}\nfamily: &x [*x]\n"} {
		if d := Parse(source.New("x.json", []byte(text))); len(d.Images) > 0 {
			t.Errorf("%q: %+v", text, d.Images)
		}
	}
}

func check(t *testing.T, d *facts.Document, text string) {
	t.Helper()
	in := func(s source.Span) {
		if s.IsZero() || s.Start < 0 || s.End < s.Start || s.End > len(text) {
			t.Fatalf("%d-%d is not in the file", s.Start, s.End)
		}
	}
	for _, use := range d.Images {
		in(use.Span)
	}
	for _, p := range d.Placements {
		in(p.Span)
		if len(p.Architectures) == 0 {
			t.Fatal("a placement without an architecture")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Resources:\n  A:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {ContainerDefinitions: [{Image: a}], RuntimePlatform: {CpuArchitecture: ARM64}}\n")
	f.Add("{\"family\": \"a\", \"containerDefinitions\": [{\"image\": \"b\"}], \"runtimePlatform\": {\"cpuArchitecture\": \"X86_64\"}}")
	f.Fuzz(func(t *testing.T, text string) { check(t, Parse(source.New("x.json", []byte(text))), text) })
}
