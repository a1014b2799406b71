package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const schemaFile = "../../docs/archlint.schema.json"

// valid reports what the published schema says of a configuration.
func valid(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

// TestSchema holds the schema to what is loaded.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	names := func(s *jsonschema.Schema) []string { return slices.Sorted(maps.Keys(s.Properties)) }
	for _, keys := range [][2][]string{
		{keys, names(schema)},
		{pathKeys, names(schema.Properties["paths"].AdditionalProperties.(*jsonschema.Schema))},
		{registryKeys, names(schema.Properties["registries"])},
	} {
		if diff := cmp.Diff(slices.Sorted(slices.Values(keys[0])), keys[1]); diff != "" {
			t.Errorf("the keys (-loader +schema):\n%s", diff)
		}
	}
	manual, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllSubmatch(manual, -1)
	if len(examples) == 0 {
		t.Error("the manual has no example")
	}
	good := []string{"", "platforms: linux/arm64/v8\n", "images: {'a/*': linux/amd64}\n", "registries: {tag-age: 1h30m, verify: false, requests: 1}\n", "rules: {arch-path: off}\n"}
	for _, m := range examples {
		good = append(good, string(m[1]))
	}
	for _, text := range good {
		if _, err := Load(Name, []byte(text), Options{}); err != nil {
			t.Errorf("%s\nis not loaded: %v", text, err)
		}
		if err := valid(t, schema, text); err != nil {
			t.Errorf("%s\nis not valid: %v", text, err)
		}
	}
	for _, text := range []string{
		"platform: x\n", "platforms: []\n", "platforms: ['a b']\n", "exclude: x\n", "rules: {a: warn}\n", "paths: {a: {ignored: [x]}}\n", "images: {a: []}\n",
		"registries: {concurrency: 100}\n", "registries: {tag-age: 5}\n", "registries: {verify: maybe}\n", "registries: {mirror: {}}\n",
	} {
		if _, err := Load(Name, []byte(text), Options{}); err == nil {
			t.Errorf("%s\nis loaded", text)
		}
		if valid(t, schema, text) == nil {
			t.Errorf("%s\nis valid", text)
		}
	}
}
