package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/arch"
)

var rules = []string{"arch-download", "arch-path", "single-arch-image"}

func load(t *testing.T, data string) *Config {
	t.Helper()
	c, err := Load(Name, []byte(data), Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func platforms(words ...string) arch.Set {
	set, err := arch.ParseSet(strings.Join(words, ","))
	if err != nil {
		panic(err)
	}
	return set
}

func TestLoadReadsEveryKey(t *testing.T) {
	got := load(t, `
# comment
platforms: [linux/amd64, aarch64, linux/amd64]
exclude: [./third_party/, "**/*.old"]
rules:
  arch-path: off
  arch-download: "warning"
paths:
  legacy/**:
    platforms: linux/amd64
    ignore: [arch-path, arch-download]
  web:
    ignore:
      - single-arch-image
images:
  registry.corp/base/*: [linux/amd64, linux/arm/v7]
`)
	want := &Config{
		Path:      Name,
		Platforms: platforms("linux/amd64", "linux/arm64"),
		Rules:     map[string]Level{"arch-path": Off, "arch-download": Warning},
		Paths: []PathRule{
			{Pattern: "legacy/**", Platforms: platforms("linux/amd64"), Ignore: []string{"arch-path", "arch-download"}},
			{Pattern: "web", Ignore: []string{"single-arch-image"}},
		},
		Images:  []ImageRule{{Pattern: "registry.corp/base/*", Platforms: platforms("linux/amd64", "linux/arm/v7")}},
		Exclude: []string{"third_party", "**/*.old"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadAcceptsFilesThatSayNothing(t *testing.T) {
	for _, data := range []string{"", "# nothing\n", "---\n", "~", "{}", "rules: {}"} {
		if c := load(t, data); c.Platforms != nil || len(c.Rules)+len(c.Paths)+len(c.Images)+len(c.Exclude) > 0 {
			t.Errorf("%q: %+v", data, c)
		}
	}
}

func TestLoadNamesPlaceAndNextStep(t *testing.T) {
	for _, test := range []struct {
		name, data string
		want       []string // beginnings of the lines of the error
	}{
		{"misspelt key", "platform: [linux/amd64]", []string{`.archlint.yaml:1:1: unknown key "platform"; did you mean "platforms"?`}},
		{"unknown key", "\nfoo: 1", []string{`.archlint.yaml:2:1: unknown key "foo"; known are platforms, exclude, rules, paths, images, registries`}},
		{"a feature of later", "baseline:\n  a: {}", []string{`.archlint.yaml:1:1: unknown key "baseline"; known are`}},
		{"misspelt key of an entry", "paths:\n  a:\n    ignores: []", []string{`.archlint.yaml:3:5: unknown key "ignores"; did you mean "ignore"?`}},
		{"unknown key of an entry", "paths: {a: {severity: x}}", []string{`.archlint.yaml:1:13: unknown key "severity"; known are platforms, ignore`}},
		{"key twice", "rules: {}\nrules: {}", []string{`.archlint.yaml:2:1: "rules" comes twice`}},
		{"misspelt rule", "rules:\n  arch-donwload: off", []string{`.archlint.yaml:2:3: unknown rule "arch-donwload"; did you mean "arch-download"?`}},
		{"unknown rule in a list", "paths:\n  a:\n    ignore: [arch-path, zzz]", []string{`.archlint.yaml:3:25: unknown rule "zzz"; archlint rules lists them`}},
		{"level", "rules:\n  arch-path: high", []string{`.archlint.yaml:2:14: rule "arch-path" cannot be "high"; write off, info, warning or error`}},
		{"levels of others", "rules: {arch-path: false, arch-download: warn}", []string{
			`.archlint.yaml:1:20: rule "arch-path" cannot be false; write off`, `.archlint.yaml:1:42: rule "arch-download" cannot be warn; write warning`,
		}},
		{"platform", "platforms: [linux/amd64, linux/arm46]", []string{`.archlint.yaml:1:26: "linux/arm46" is not a platform; write os/architecture, as in linux/arm64`}},
		{"platforms of an image", "images:\n  a/b: [x]", []string{`.archlint.yaml:2:9: "x" is not a platform`}},
		{"empty list", "platforms: []", []string{`.archlint.yaml:1:12: platforms is empty; leave it out`}},
		{"null", "platforms:", []string{`.archlint.yaml:1:11: platforms must be a list`}},
		{"list of lists", "exclude: [[a]]", []string{`.archlint.yaml:1:11: an entry of exclude must be a word`}},
		{"not a mapping", "- a", []string{`.archlint.yaml:1:1: the configuration must be a mapping`}},
		{"malformed pattern", "exclude: ['[a']", []string{`.archlint.yaml:1:11: pattern "[a" is malformed`}},
		{"pattern that leads out", "exclude: [../x, a/../../x]", []string{`.archlint.yaml:1:11: pattern "../x" leads out`, `.archlint.yaml:1:17: pattern "a/../../x" leads out`}},
		{"pattern of nothing", "exclude: [./, '']", []string{`.archlint.yaml:1:11: pattern "./" matches nothing`, `.archlint.yaml:1:15: an empty pattern matches nothing`}},
		{"costly pattern", "exclude: ['" + strings.Repeat("{a,b}", 20) + "']", []string{`.archlint.yaml:1:11: the pattern is too long`}},
		{"not YAML", "a: b\n c: d", []string{`.archlint.yaml:2:1: not YAML: mapping values are not allowed`}},
		{"two documents", "rules: {}\n---\nrules: {}", []string{`.archlint.yaml:2:1: a second YAML document`}},
		{"all at once, in order", "rules: {x: off}\nplatforms: [y]\npaths: 3", []string{
			`.archlint.yaml:1:9: unknown rule "x"`, `.archlint.yaml:2:13: "y" is not a platform`, `.archlint.yaml:3:8: paths must be a mapping`,
		}},
		{"escapes in words", "\"a\\x1b[31m\": 1", []string{`.archlint.yaml:1:1: unknown key "a\x1b[31m"; known`}},
		{"merge keys", "a: &a {rules: {}}\n<<: *a", []string{`.archlint.yaml:1:1: unknown key "a"`, `.archlint.yaml:2:1: unknown key "<<"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Load(Name, []byte(test.data), Options{Rules: rules})
			if err == nil {
				t.Fatalf("accepted as %+v", c)
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(test.want) {
				t.Fatalf("got %d lines, want %d:\n%v", len(got), len(test.want), err)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got  %s\nwant %s", got[i], want)
				}
			}
			if p, ok := errors.AsType[*Problem](err); !ok || p.Path != Name || p.Line == 0 || p.Column == 0 {
				t.Errorf("no position in %#v", p)
			}
		})
	}
}

func TestLoadTellsTheOtherToolsFile(t *testing.T) {
	for name, data := range map[string]string{
		"top-level keys":   "layers:\n  - name: domain\nentry_points: [a]\nextends: [x]\n",
		"rules as a list":  "rules:\n  - from: a\n",
		"rules as objects": "rules:\n  fan_out:\n    level: taboo\n  fan_in:\n    level: x\n",
		"a mapping":        "rules:\n  arch-path:\n    severity: high\n",
	} {
		_, err := Load(Name, []byte(data), Options{Rules: rules})
		if err == nil || strings.Count(err.Error(), "another tool named archlint") != 1 || !strings.Contains(err.Error(), "--config") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(Name, []byte("foo: 1"), Options{Rules: rules}); err == nil || strings.Contains(err.Error(), "another tool") {
		t.Errorf("a mere mistake: %v", err)
	}
}

func TestLoadIsBounded(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "key%d: 1\n", i)
	}
	_, err := Load(Name, []byte(many.String()), Options{})
	if err == nil || strings.Count(err.Error(), "\n") != maxProblems || !strings.HasSuffix(err.Error(), "80 more problems") {
		t.Errorf("error %v", err)
	}
	bomb := "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nexclude: *c\nplatforms: &p [*p]\n"
	if _, err := Load(Name, []byte(bomb), Options{}); err == nil {
		t.Error("accepted a list of lists")
	}
	for name, data := range map[string]string{
		"file":    strings.Repeat("#", MaxSize+1),
		"list":    "exclude: [" + strings.Repeat("a,", maxEntries+1) + "]",
		"mapping": "images:\n" + strings.Repeat("  a: b\n", maxEntries+1),
	} {
		if _, err := Load(Name, []byte(data), Options{}); err == nil || !strings.Contains(err.Error(), "more than") && !strings.Contains(err.Error(), "larger than") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPatternsAreRelativeToTheFile(t *testing.T) {
	c, err := Load("svc/[a]/.archlint.yaml", []byte("exclude: [gen/**]\npaths: {x: {platforms: linux/arm64}}\n"), Options{Base: "svc/[a]"})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{"svc/[a]/gen/Dockerfile": true, "svc/a/gen/Dockerfile": false, "gen/Dockerfile": false} {
		if got := c.Excluded(file); got != want {
			t.Errorf("%s excluded = %v", file, got)
		}
	}
	if _, ok := c.PlatformsFor("svc/[a]/x/Dockerfile"); !ok {
		t.Error("the entry of paths does not match")
	}
}

func TestPlatformsForTakesTheLastMatch(t *testing.T) {
	c := load(t, "platforms: [linux/amd64, linux/arm64]\npaths:\n  a: {platforms: [linux/arm64]}\n  a/b: {platforms: [linux/riscv64]}\n  a/b/c: {ignore: [arch-path]}\n  '*.Dockerfile': {platforms: [linux/s390x]}\n")
	for file, want := range map[string]string{
		"Dockerfile": "linux/amd64, linux/arm64", "a/Dockerfile": "linux/arm64", "a/b/Dockerfile": "linux/riscv64", "a/b/c/Dockerfile": "linux/riscv64",
		"ab/Dockerfile": "linux/amd64, linux/arm64", "x.Dockerfile": "linux/s390x", "a/x.Dockerfile": "linux/arm64",
	} {
		got, ok := c.PlatformsFor(file)
		if got.String() != want || !ok {
			t.Errorf("%s: %s, %v; want %s", file, got, ok, want)
		}
	}
	for _, c := range []*Config{nil, load(t, "paths: {a: {platforms: [linux/arm64]}}")} {
		if got, ok := c.PlatformsFor("Dockerfile"); ok {
			t.Errorf("platforms %v out of nothing", got)
		}
	}
}

func TestSeverity(t *testing.T) {
	c := load(t, "rules: {arch-path: info, arch-download: off}\npaths:\n  legacy: {ignore: [arch-path, single-arch-image]}\n")
	for _, test := range []struct {
		rule, file string
		want       Level
		ok         bool
	}{
		{"arch-path", "Dockerfile", Info, true},
		{"arch-path", "legacy/Dockerfile", Off, true},
		{"arch-path", "legacy", Off, true},
		{"arch-path", "x/legacy/Dockerfile", Info, true},
		{"arch-download", "Dockerfile", Off, true},
		{"single-arch-image", "Dockerfile", Off, false},
		{"single-arch-image", "legacy/a/b", Off, true},
	} {
		if got, ok := c.Severity(test.rule, test.file); got != test.want || ok != test.ok {
			t.Errorf("%s in %s: %v, %v; want %v, %v", test.rule, test.file, got, ok, test.want, test.ok)
		}
	}
	var none *Config
	if _, ok := none.Severity("arch-path", "x"); ok {
		t.Error("a level out of nothing")
	}
}

func TestPlatformsOfMatchesSpellingsOfReferences(t *testing.T) {
	c := load(t, `images:
  nginx: linux/amd64
  corp/*: linux/amd64
  corp/app:2.*: linux/arm64
  registry.corp:5000/**: linux/s390x
  docker.io/acme/tool: linux/ppc64le
  ghcr.io/x/y@sha256:abc: linux/riscv64
`)
	for reference, want := range map[string]string{
		"nginx": "linux/amd64", "nginx:1.25": "linux/amd64", "nginx@sha256:1": "linux/amd64", "docker.io/library/nginx:1": "linux/amd64",
		"index.docker.io/nginx": "linux/amd64", "library/nginx": "linux/amd64", "other/nginx": "", "ghcr.io/nginx": "",
		"corp/db:1": "linux/amd64", "corp/app:1": "linux/amd64", "corp/app:2.1": "linux/arm64", "corp/app:2.1@sha256:1": "linux/arm64", "corp/a/b": "",
		"docker.io/corp/db": "linux/amd64", "registry.corp:5000/a/b:1": "linux/s390x", "registry.corp:5000/a": "linux/s390x", "registry.corp/a": "",
		"acme/tool:1": "linux/ppc64le", "docker.io/acme/tool:1": "linux/ppc64le", "localhost/acme/tool": "",
		"ghcr.io/x/y@sha256:abc": "linux/riscv64", "ghcr.io/x/y:1@sha256:abc": "linux/riscv64", "ghcr.io/x/y:1": "", "": "",
	} {
		got, ok := c.PlatformsOf(reference)
		if got.String() != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", reference, got, ok, want)
		}
	}
}

func TestDiscoverTakesTheNearestFileWithinTheRoot(t *testing.T) {
	top := t.TempDir()
	for _, file := range []string{".archlint.yaml", "repo/.archlint.yaml", "repo/a/.archlint.yaml", "repo/b/.archlint.yaml/x", "bare/c/x"} {
		at := filepath.Join(top, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ dir, root, want string }{
		{"repo", "repo", "repo/.archlint.yaml"},
		{"repo/a", "repo", "repo/a/.archlint.yaml"},
		{"repo/b", "repo", "repo/.archlint.yaml"},
		{"bare/c", "bare", ""},
		{"bare", "repo", ""},
	} {
		got, ok := Discover(filepath.Join(top, test.dir), filepath.Join(top, test.root))
		want := ""
		if test.want != "" {
			want = filepath.Join(top, filepath.FromSlash(test.want))
		}
		if got != want || ok != (want != "") {
			t.Errorf("from %s: %q, want %q", test.dir, got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("platforms: [linux/amd64]\nrules: {arch-path: off}\npaths: {a: {ignore: [x]}}\nimages: {a: [linux/arm64]}")
	f.Add("a: &a [*a]\nrules: *a")
	f.Fuzz(func(t *testing.T, data string) {
		c, err := Load(Name, []byte(data), Options{Rules: rules, Base: "a/b"})
		if (c == nil) == (err == nil) {
			t.Fatalf("configuration %v with error %v", c, err)
		}
		c.PlatformsFor("a/b/Dockerfile")
		c.PlatformsOf("nginx:1")
		c.Severity("arch-path", "a/b/Dockerfile")
		c.Excluded("a/b/Dockerfile")
	})
}
