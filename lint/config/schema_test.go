package config

import (
	"bytes"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// published is the schema as it stands in the repository; its rules are those of
// archlint, which the tests of internal/gendocs see to.
func published(t *testing.T) (schema *jsonschema.Schema, rules []string) {
	t.Helper()
	data, err := os.ReadFile("../../docs/archlint.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(SchemaURL, document); err != nil {
		t.Fatal(err)
	}
	if schema, err = compiler.Compile(SchemaURL); err != nil {
		t.Fatal(err)
	}
	return schema, slices.Sorted(maps.Keys(schema.Properties["rules"].Properties))
}

func TestSchemaHasTheKeysThatAreRead(t *testing.T) {
	schema, rules := published(t)
	paths := schema.Properties["paths"].AdditionalProperties.(*jsonschema.Schema)
	for name, test := range map[string]struct {
		properties map[string]*jsonschema.Schema
		keys       []string
	}{
		"the file":   {schema.Properties, keys},
		"paths":      {paths.Properties, pathKeys},
		"registries": {schema.Properties["registries"].Properties, registryKeys},
	} {
		if diff := cmp.Diff(slices.Sorted(slices.Values(test.keys)), slices.Sorted(maps.Keys(test.properties))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for key, property := range test.properties {
			if property.Description == "" {
				t.Errorf("%s: %s is not described", name, key)
			}
		}
	}
	if len(rules) < 20 {
		t.Errorf("there are %d rules", len(rules))
	}
}

// TestSchemaAgreesWithLoad has both judge the same files. What archlint takes, an editor
// must not mark; what both are meant to refuse, both refuse.
func TestSchemaAgreesWithLoad(t *testing.T) {
	schema, rules := published(t)
	for _, test := range []struct {
		text         string
		load, schema bool // are content with it
	}{
		{"", true, true},
		{"# a comment\n", true, true},
		{"platforms: [linux/amd64, linux/arm64]", true, true},
		{"platforms: linux/arm/v7", true, true},
		{"platforms: [aarch64]", true, true},
		{"exclude: ['third_party/**']", true, true},
		{"rules: {arch-path: off, arch-download: warning, unused-ignore: error, arch-flags: info}", true, true},
		{"paths: {'legacy/**': {platforms: [linux/amd64], ignore: [arch-download]}, x: {}}", true, true},
		{"images: {'registry.example.com/*': [linux/amd64]}", true, true},
		{"registries: {allow: [docker.io, '*.example.com'], deny: ['localhost:5000'], concurrency: 64, requests: 1, tag-age: 1h30m, verify: true}", true, true},
		{"registries: {mirrors: {docker.io: [mirror.gcr.io, registry.example.com/hub]}}", true, true},

		{"platfroms: [linux/amd64]", false, false},
		{"platforms: []", false, false},
		{"platforms: {linux: amd64}", false, false},
		{"platforms: [a/b/c/d]", false, false},
		{"exclude: third_party", false, false},
		{"exclude: ['']", false, false},
		{"rules: [arch-path]", false, false},
		{"rules: {arch-path: warn}", false, false},
		{"rules: {arch-path: false}", false, false},
		{"rules: {no-such-rule: off}", false, false},
		{"rules: {arch-path: {level: error}}", false, false},
		{"paths: ['legacy/**']", false, false},
		{"paths: {x: {rules: {}}}", false, false},
		{"paths: {x: {ignore: [no-such-rule]}}", false, false},
		{"paths: {x: {ignore: []}}", false, false},
		{"images: [x]", false, false},
		{"registries: {allow: []}", false, false},
		{"registries: {concurrency: 65}", false, false},
		{"registries: {concurrency: 0}", false, false},
		{"registries: {tag-age: forever}", false, false},
		{"registries: {verify: 1}", false, false},
		{"registries: {mirrors: {docker.io: []}}", false, false},
		{"registries: {mirror: {}}", false, false},
		{"[]", false, false},

		// Load looks closer.
		{"platforms: [linux/x64]", false, true},
		{"exclude: ['[']", false, true},
		{"registries: {tag-age: 9999h}", false, true},
	} {
		_, loaded := Load("x", []byte(test.text), Options{Rules: rules})
		validated := validate(schema, test.text)
		if (loaded == nil) != test.load || (validated == nil) != test.schema {
			t.Errorf("%s\nload: %v\nschema: %v", test.text, loaded, validated)
		}
	}
}

func validate(schema *jsonschema.Schema, text string) error {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}

var block = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestExamplesOfTheDocumentation reads every file that the pages show.
func TestExamplesOfTheDocumentation(t *testing.T) {
	schema, rules := published(t)
	n := 0
	for _, name := range []string{"docs/configuration.md", "docs/adoption.md", "README.md"} {
		page, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range block.FindAllSubmatch(page, -1) {
			text := string(match[1])
			if strings.Contains(text, "uses:") || strings.HasPrefix(text, "repos:") || strings.HasPrefix(strings.TrimSpace(text), "- ") {
				continue // of workflows and pre-commit
			}
			n++
			if _, err := Load(name, []byte(text), Options{Rules: rules}); err != nil {
				t.Error(err)
			}
			if err := validate(schema, text); err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
	}
	if n < 2 {
		t.Errorf("there are %d examples", n)
	}
}

func TestSchemaIsTheSameEachTime(t *testing.T) {
	rules := []SchemaRule{{"b", "says <b>"}, {"a", "says a"}}
	first, err := Schema(rules)
	if err != nil || !strings.Contains(string(first), "says <b>") {
		t.Fatalf("%v\n%s", err, first)
	}
	for range 10 {
		if again, _ := Schema(rules); !bytes.Equal(again, first) {
			t.Fatal("it differs")
		}
	}
}
