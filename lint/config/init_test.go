package config

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/arch"
)

// TestTemplate reads first configurations, as they are and with all that is behind #.
func TestTemplate(t *testing.T) {
	schema, rules := published(t)
	for name, found := range map[string]Found{
		"nothing found": {Platforms: arch.Default()},
		"all found": {
			Platforms: arch.Set{arch.LinuxARM64}, Because: "All builds are for these.", Others: arch.Set{{OS: "linux", Architecture: "s390x"}},
			Folders: []string{"examples", "a/third_party"}, Registries: []string{"localhost:5000", "registry.example.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := string(Template(found))
			for _, line := range strings.Split(text, "\n") {
				if strings.HasPrefix(line, "# ") && len(line) > 80 && !strings.Contains(line, "$schema") {
					t.Errorf("%q is long", line)
				}
			}
			whole := regexp.MustCompile(`(?m)^#([^ ]|  )`).ReplaceAllString(text, "$1")
			for _, text := range []string{text, whole} {
				c, err := Load("x", []byte(text), Options{Rules: rules})
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				if err := validate(schema, text); err != nil {
					t.Errorf("%v\n%s", err, text)
				}
				if diff := cmp.Diff(found.Platforms, c.Platforms); diff != "" {
					t.Error(diff)
				}
			}
			c, _ := Load("x", []byte(whole), Options{Rules: rules})
			if len(c.Exclude) == 0 || len(c.Rules) == 0 || len(c.Paths) == 0 || len(c.Images) == 0 || c.Registries == nil {
				t.Errorf("something is not shown:\n%s", whole)
			}
			for _, folder := range found.Folders {
				if !c.Excluded(folder + "/x/Dockerfile") {
					t.Errorf("%s is not left out", folder)
				}
			}
			for _, registry := range found.Registries {
				if _, ok := c.PlatformsOf(registry + "/a/b:1"); !ok {
					t.Errorf("nothing is known of %s", registry)
				}
			}
		})
	}
}

func TestAsideFolders(t *testing.T) {
	got := AsideFolders([]string{
		"Dockerfile", "examples", "a/Examples/x/Dockerfile", "a/Examples/y/test/Dockerfile", "third_party/x/Dockerfile", "latest/Dockerfile",
		"sp ace/tests/Dockerfile", "x\ny: z/tests/Dockerfile", `"/tests/Dockerfile`,
	})
	if diff := cmp.Diff([]string{"a/Examples", "third_party"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownRegistries(t *testing.T) {
	got := UnknownRegistries([]string{"docker.io", "b.example", "index.docker.io", "a.example:5000", "b.example", "ghcr.io", "x\ny"})
	if diff := cmp.Diff([]string{"a.example:5000", "b.example"}, got); diff != "" {
		t.Error(diff)
	}
}
