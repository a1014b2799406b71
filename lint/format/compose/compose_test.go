package compose

import (
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// files is a repository in memory.
type files map[string]string

func (f files) ReadFile(path string) ([]byte, error) {
	if data, ok := f[path]; ok {
		return []byte(data), nil
	}
	return nil, fs.ErrNotExist
}

// place writes where a span stands and what its text is.
func place(s source.Span) string {
	if s.IsZero() {
		return "nowhere"
	}
	return fmt.Sprintf("%s:%d:%d %q", s.File.Path, s.From().Line, s.From().Column, s.Text())
}

func values(vs []facts.Value) string {
	var out []string
	for _, v := range vs {
		out = append(out, where(v))
	}
	return strings.Join(out, " ")
}

// dump writes the facts of a document, one a line.
func dump(d *facts.Document) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, u := range d.Images {
		line := fmt.Sprintf("%s of %s: %s", u.Role, u.Name, values(u.References))
		if u.Platform != nil {
			line += " for " + u.Platform.Value.String()
		}
		if u.Platforms != nil {
			line += " on " + u.Platforms.String()
		}
		if u.Builds {
			line += " (built)"
		}
		add("%s at %s", line, place(u.Span))
	}
	for _, p := range d.Pins {
		image := "no image"
		if p.Image != nil {
			image = values(p.Image.References)
		}
		add("%s of %s: %s for %s at %s", p.Setting, p.What, where(p.Value), image, place(p.Span))
	}
	for _, b := range d.Builds {
		line := fmt.Sprintf("%s of %s: context %q dockerfile %q", b.Tool, b.Job, b.Context, b.Dockerfile)
		if b.Target != "" {
			line += " target " + b.Target
		}
		var names []string
		for name := range b.Args {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			line += " " + name + "="
			if b.Args[name] == nil {
				line += "?"
			}
			line += values(b.Args[name])
		}
		if b.OpaqueArgs {
			line += " and more arguments"
		}
		if len(b.Tags) > 0 {
			line += " tags " + values(b.Tags)
		}
		switch b.Platforms.State {
		case facts.PlatformsKnown:
			line += fmt.Sprintf(" platforms %s at %s", b.Platforms.Set, place(b.Platforms.Span))
		case facts.PlatformsUnknown:
			line += fmt.Sprintf(" platforms %s and unknown (%s)", b.Platforms.Set, b.Platforms.Reason)
		}
		if b.Push != facts.No {
			line += " pushed"
		}
		add("%s at %s", line, place(b.Span))
	}
	for _, p := range d.Problems {
		add("problem at %s:%d:%d: %s", p.Span.File.Path, p.Span.From().Line, p.Span.From().Column, p.Message)
	}
	return out
}

func linted(path string) bool { return strings.HasSuffix(path, "compose.yml") }

func parse(name, data string, repository files) *facts.Document {
	return Parse(source.New(name, []byte(data)), Options{Files: repository, Linted: linted})
}

type test struct {
	name, data string
	files      files
	want       []string
}

func run(t *testing.T, tests []test) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := "app/compose.yml"
			if diff := cmp.Diff(test.want, dump(parse(name, test.data, test.files))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestImagesAndPlatforms(t *testing.T) {
	run(t, []test{
		{"one service", "services:\n  db:\n    image: postgres:16 # why\n", nil, []string{
			`service image of service "db": [postgres:16] at app/compose.yml:3:12 "postgres:16"`,
		}},
		{"platform", "services:\n  db:\n    image: \"postgres:16\"\n    platform: linux/amd64\n", nil, []string{
			`service image of service "db": [postgres:16] for linux/amd64 at app/compose.yml:3:13 "postgres:16"`,
			`platform: of service "db": [linux/amd64] for [postgres:16] at app/compose.yml:4:15 "linux/amd64"`,
		}},
		{"platform without an image", "services:\n  db:\n    build: .\n    platform: ${P:-linux/amd64}\n", nil, []string{
			`platform: of service "db": [linux/amd64] for no image at app/compose.yml:4:15 "${P:-linux/amd64}"`,
			`compose build of db: context "." dockerfile "app/Dockerfile" at app/compose.yml:3:12 "."`,
		}},
		{"platform of a variable", "services:\n  db:\n    image: a\n    platform: $P\n", nil, []string{
			`service image of service "db": [a] at app/compose.yml:3:12 "a"`,
		}},
		{"platform of a .env file", "services:\n  db:\n    image: a\n    platform: $P\n", files{"app/.env": "P=linux/amd64\n"}, []string{
			`service image of service "db": [a] for linux/amd64 at app/compose.yml:3:12 "a"`,
			`platform: of service "db": linux/amd64 for [a] at app/compose.yml:4:15 "$P"`,
		}},
		{"variables", "services:\n  a:\n    image: ${REGISTRY:-docker.io}/x:$TAG\n  b:\n    image: y:${UNSET}\n", files{"app/.env": "TAG=1"}, []string{
			`service image of service "a": [docker.io][/x:]1 at app/compose.yml:3:12 "${REGISTRY:-docker.io}/x:$TAG"`,
			`service image of service "b":  at app/compose.yml:5:12 "y:${UNSET}"`,
		}},
		{".env of another directory", "services: {a: {image: 'x:$TAG'}}", files{".env": "TAG=1"}, []string{
			`service image of service "a":  at app/compose.yml:1:24 "x:$TAG"`,
		}},
		{"scalar styles", "services:\n  a:\n    image: >-\n      x:1\n  b: {image: 'y:2', platform: \"linux/\\x61md64\"}\r\n", nil, []string{
			`service image of service "a": [x:1] at app/compose.yml:4:7 "x:1"`,
			`service image of service "b": [y:2] for linux/amd64 at app/compose.yml:5:15 "y:2"`,
			`platform: of service "b": [linux/\x61md64] for [y:2] at app/compose.yml:5:32 "linux/\\x61md64"`,
		}},
		{"nothing", "services:\n  a:\n  b: {image: }\n  c: {image: \"\"}\n  d: text\n  e: {image: [x], platform: {}}\n", nil, []string{
			`service image of service "c":  at app/compose.yml:4:15 ""`,
		}},
		{"image built by another service", "services:\n  a: {build: ., image: app:1}\n  b: {image: app:1}\n  c: {image: other}\n", nil, []string{
			`service image of service "a": [app:1] (built) at app/compose.yml:2:24 "app:1"`,
			`service image of service "b": [app:1] (built) at app/compose.yml:3:14 "app:1"`,
			`service image of service "c": [other] at app/compose.yml:4:14 "other"`,
			`compose build of a: context "." dockerfile "app/Dockerfile" tags [app:1] at app/compose.yml:2:14 "."`,
		}},
		{"documents", "services: {a: {image: x}}\n---\nservices: {b: {image: y}}\n", nil, []string{
			`service image of service "a": [x] at app/compose.yml:1:23 "x"`,
			`service image of service "b": [y] at app/compose.yml:3:23 "y"`,
		}},
		{"first version of the format", "db:\n  image: mysql\nweb:\n  build: web\n  links: [db]\nx-y: 1\n", nil, []string{
			`service image of service "db": [mysql] at app/compose.yml:2:10 "mysql"`,
			`compose build of web: context "web" dockerfile "app/web/Dockerfile" at app/compose.yml:4:10 "web"`,
		}},
		{"Kubernetes", "apiVersion: v1\nkind: Pod\nspec:\n  image: x\n", nil, nil},
		{"another format", "stages: [a]\njob:\n  image: x\n", nil, nil},
		{"no mapping", "- services\n", nil, nil},
		{"networks only", "networks:\n  a: {}\nvolumes:\n  b:\n", nil, nil},
	})
}

func TestSharedText(t *testing.T) {
	run(t, []test{
		{"anchors are reported once", "x-base: &base\n  image: x\n  platform: linux/amd64\nservices:\n  a:\n    <<: *base\n  b:\n    <<: [*base]\n  c: *base\n", nil, []string{
			`service image of service "a": [x] for linux/amd64 at app/compose.yml:2:10 "x"`,
			`platform: of service "a": [linux/amd64] for [x] at app/compose.yml:3:13 "linux/amd64"`,
		}},
		{"an image for two platforms", "x-i: &i nginx\nservices:\n  a: {image: *i}\n  b: {image: *i, platform: linux/amd64}\n", nil, []string{
			`service image of service "a": [nginx] at app/compose.yml:1:9 "nginx"`,
			`service image of service "b": [nginx] for linux/amd64 at app/compose.yml:1:9 "nginx"`,
			`platform: of service "b": [linux/amd64] for [nginx] at app/compose.yml:4:28 "linux/amd64"`,
		}},
		{"merge keys do not override", "x-b: &b {image: x, platform: linux/arm64}\nservices:\n  a: {image: y, <<: *b}\n", nil, []string{
			`service image of service "a": [y] for linux/arm64 at app/compose.yml:3:14 "y"`,
			`platform: of service "a": [linux/arm64] for [y] at app/compose.yml:1:30 "linux/arm64"`,
		}},
		{"extends in the same file", "services:\n  a: {image: x, platform: linux/amd64}\n  b: {extends: a, image: y}\n  c: {extends: {service: a}}\n", nil, []string{
			`service image of service "a": [x] for linux/amd64 at app/compose.yml:2:14 "x"`,
			`service image of service "b": [y] for linux/amd64 at app/compose.yml:3:26 "y"`,
			`platform: of service "a": [linux/amd64] for [x] at app/compose.yml:2:27 "linux/amd64"`,
		}},
		{"extends of a linted file", "services:\n  a: {extends: {file: ../base/compose.yml, service: x}, platform: linux/amd64}\n", files{"base/compose.yml": "services: {x: {image: y, build: z}}"}, []string{
			`platform: of service "a": [linux/amd64] for [y] at app/compose.yml:2:67 "linux/amd64"`,
		}},
		{
			"extends of another file", "services:\n  a: {extends: {file: common.yaml, service: x}}\n  b: {extends: {file: ./common.yaml, service: x}}\n",
			files{"app/common.yaml": "services:\n  x: {image: \"y:$T\", build: {context: sub}}\n  z: {image: no}\n", "app/.env": "T=1"},
			[]string{
				`service image of service "a": [y:]1 (built) at app/common.yaml:2:15 "y:$T"`,
				`compose build of a: context "sub" dockerfile "app/sub/Dockerfile" tags [y:]1 at app/common.yaml:2:22 "build"`,
			},
		},
		{"extends of what is not there", "services:\n  a: {extends: {file: gone.yaml, service: x}, image: y}\n  b: {extends: nobody}\n  c: {extends: {file: ../../x.yml, service: y}}\n  d: {extends: {file: 'https://x/y', service: y}}\n", nil, []string{
			`service image of service "a": [y] at app/compose.yml:2:54 "y"`,
		}},
		{"extends with a build", "services:\n  a: {build: {context: x, target: t, args: {A: 1, B: 2}, platforms: [linux/amd64]}}\n  b:\n    extends: a\n    build: {target: u, args: [B=3], platforms: [linux/arm64]}\n", nil, []string{
			`compose build of a: context "x" dockerfile "app/x/Dockerfile" target t A=[1] B=[2] platforms linux/amd64 at app/compose.yml:2:70 "linux/amd64" at app/compose.yml:2:7 "build"`,
			`compose build of b: context "x" dockerfile "app/x/Dockerfile" target u A=[1] B=[3] platforms linux/arm64, linux/amd64 at app/compose.yml:5:49 "linux/arm64" at app/compose.yml:5:5 "build"`,
		}},
		{"reset and override", "services:\n  a: {image: x, platform: linux/amd64, build: {context: c, target: t}}\n  b: {extends: a, platform: !reset null, build: !override {context: d}}\n", nil, []string{
			`service image of service "a": [x] for linux/amd64 (built) at app/compose.yml:2:14 "x"`,
			`service image of service "b": [x] (built) at app/compose.yml:2:14 "x"`,
			`platform: of service "a": [linux/amd64] for [x] at app/compose.yml:2:27 "linux/amd64"`,
			`compose build of a: context "c" dockerfile "app/c/Dockerfile" target t tags [x] at app/compose.yml:2:40 "build"`,
			`compose build of b: context "d" dockerfile "app/d/Dockerfile" tags [x] at app/compose.yml:3:42 "build"`,
		}},
		{"include", "include:\n  - infra/db.yaml\n  - path: [../x/compose.yml, 'infra/web.yaml']\n    env_file: web.env\nservices: {}\n", files{
			"app/.env":           "SHARED=app\n",
			"app/infra/.env":     "TAG=infra\nSHARED=infra\n",
			"app/infra/db.yaml":  "services: {db: {image: 'db:$TAG-$SHARED'}}",
			"x/compose.yml":      "services: {x: {image: x}}",
			"app/web.env":        "TAG=web\n",
			"app/infra/web.yaml": "include: [db.yaml]\nservices: {web: {image: 'web:$TAG', build: .}}",
		}, []string{
			`service image of service "db": [db:]infra[-]app at app/infra/db.yaml:1:25 "db:$TAG-$SHARED"`,
			`service image of service "web": [web:]web (built) at app/infra/web.yaml:2:26 "web:$TAG"`,
			`compose build of web: context "." dockerfile "app/infra/Dockerfile" tags [web:]web at app/infra/web.yaml:2:44 "."`,
		}},
		{"syntax error in an included file", "include: [db.yaml]\n", files{"app/db.yaml": "a: [\n"}, []string{
			`problem at app/db.yaml:1:1: is not valid YAML: did not find expected node content; check indentation, quotes and brackets here`,
		}},
	})
}

func TestBuilds(t *testing.T) {
	build := func(text string) string { return "services:\n  a:\n    build:\n" + text }
	run(t, []test{
		{"mapping", build("      context: ./web\n      dockerfile: prod.Dockerfile\n      target: run\n"), nil, []string{
			`compose build of a: context "./web" dockerfile "app/web/prod.Dockerfile" target run at app/compose.yml:3:5 "build"`,
		}},
		{"up and down", build("      context: ..\n      dockerfile: app/Dockerfile\n"), nil, []string{
			`compose build of a: context ".." dockerfile "app/Dockerfile" at app/compose.yml:3:5 "build"`,
		}},
		{"outside of the repository", build("      context: ../..\n"), nil, []string{
			`compose build of a: context "../.." dockerfile "" at app/compose.yml:3:5 "build"`,
		}},
		{"absolute", build("      context: .\n      dockerfile: /etc/Dockerfile\n"), nil, []string{
			`compose build of a: context "." dockerfile "" at app/compose.yml:3:5 "build"`,
		}},
		{"remote", build("      context: https://github.com/x/y.git#main\n"), nil, []string{
			`compose build of a: context "https://github.com/x/y.git#main" dockerfile "" at app/compose.yml:3:5 "build"`,
		}},
		{"unknown context", build("      context: $DIR/web\n"), nil, []string{
			`compose build of a: context "$DIR/web" dockerfile "" at app/compose.yml:3:5 "build"`,
		}},
		{"no context", build("      dockerfile: x\n"), nil, []string{
			`compose build of a: context "" dockerfile "app/x" at app/compose.yml:3:5 "build"`,
		}},
		{"arguments in a list", build("      args:\n        - A=1\n        - B=$TAG-x\n        - C=$UNSET\n        - D\n        - TAG\n        - $X=1\n"), files{"app/.env": "TAG=9"}, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" A=[1] B=9[-x] C=? D=? TAG=9 and more arguments at app/compose.yml:3:5 "build"`,
		}},
		{"arguments in a mapping", build("      args: {A: 1, B: \"\", C: , TAG: , D: \"${X:-amd64}\"}\n"), files{"app/.env": "TAG=9"}, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" A=[1] B= C=? D=[amd64] TAG=9 at app/compose.yml:3:5 "build"`,
		}},
		{"platforms", build("      platforms:\n        - linux/amd64\n        - \"${P:-linux/arm64}\"\n"), nil, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" platforms linux/amd64, linux/arm64 at app/compose.yml:5:11 "linux/amd64\n        - \"${P:-linux/arm64}" at app/compose.yml:3:5 "build"`,
		}},
		{"invalid platform", build("      platforms: [linux/amd64, linux/arm64v8]\n"), nil, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" platforms linux/amd64 and unknown ("linux/arm64v8" is not a platform; write os/architecture, as in linux/arm64) at app/compose.yml:3:5 "build"`,
		}},
		{"platform of a variable", build("      platforms: [$P]\n"), nil, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" platforms  and unknown (it depends on a variable that has no value here) at app/compose.yml:3:5 "build"`,
		}},
		{"platforms that are no list", build("      platforms: linux/amd64\n"), nil, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" platforms  and unknown (platforms is not a list) at app/compose.yml:3:5 "build"`,
		}},
		{"no platforms", build("      platforms: []\n"), nil, []string{
			`compose build of a: context "" dockerfile "app/Dockerfile" at app/compose.yml:3:5 "build"`,
		}},
		{"tags", "services:\n  a:\n    image: x:1\n    build: {tags: [\"x:$V\", y]}\n", nil, []string{
			`service image of service "a": [x:1] (built) at app/compose.yml:3:12 "x:1"`,
			`compose build of a: context "" dockerfile "app/Dockerfile" tags ? [y] [x:1] at app/compose.yml:4:5 "build"`,
		}},
		{"additional contexts", build("      additional_contexts:\n        - base=docker-image://alpine:3\n        - x=../x\n        - z=docker-image://$Z\n"), nil, []string{
			`base image of service "a": [alpine:3] at app/compose.yml:5:31 "alpine:3"`,
			`compose build of a: context "" dockerfile "app/Dockerfile" at app/compose.yml:3:5 "build"`,
		}},
		{"Dockerfile within", build("      dockerfile_inline: |\n        FROM --platform=linux/amd64 golang:1.22 AS build\n        RUN <<EOF\n        FROM text\n        EOF\n        RUN a \\\n          FROM b\n        FROM build\n        from\talpine:3\n        FROM --platform=$BUILDPLATFORM x\n        FROM x:$T\n        FROM scratch\n        FROM users where\n"), nil, []string{
			`base image of service "a": [golang:1.22] on linux/amd64 at app/compose.yml:5:37 "golang:1.22"`,
			`base image of service "a": [alpine:3] at app/compose.yml:12:14 "alpine:3"`,
			`compose build of a: context "" dockerfile "" at app/compose.yml:3:5 "build"`,
		}},
		{"Dockerfile within, in quotes", build("      dockerfile_inline: \"FROM a\\nFROM b\\n\"\n"), nil, []string{
			`base image of service "a": [a] at app/compose.yml:4:32 "a"`,
			`base image of service "a": [b] at app/compose.yml:4:40 "b"`,
			`compose build of a: context "" dockerfile "" at app/compose.yml:3:5 "build"`,
		}},
	})
}

func TestCirclesAreReported(t *testing.T) {
	run(t, []test{
		{"extends", "services:\n  a: {extends: b, image: x}\n  b: {extends: c}\n  c: {extends: b, image: y}\n", nil, []string{
			`service image of service "a": [x] at app/compose.yml:2:26 "x"`,
			`service image of service "b": [y] at app/compose.yml:4:26 "y"`,
			`problem at app/compose.yml:2:16: extends of service "a" goes in a circle; remove one of the extends`,
		}},
		{"extends of itself in its file", "services:\n  a: {extends: {service: a, file: compose.yml}, image: x}\n", nil, []string{
			`service image of service "a": [x] at app/compose.yml:2:56 "x"`,
			`problem at app/compose.yml:2:17: extends of service "a" goes in a circle; remove one of the extends`,
		}},
		{"extends over files", "services:\n  a: {extends: {service: b, file: b.yaml}, image: x}\n", files{"app/b.yaml": "services: {b: {extends: {service: a, file: compose.yml}}}", "app/compose.yml": "-"}, []string{
			`service image of service "a": [x] at app/compose.yml:2:51 "x"`,
			`problem at app/compose.yml:2:17: extends of service "a" goes in a circle; remove one of the extends`,
		}},
		{"include", "include: [b.yaml]\n", files{"app/b.yaml": "include: [compose.yml]\nservices: {}"}, []string{
			`problem at app/compose.yml:1:11: include of "app/compose.yml" comes back to itself; remove one of the includes`,
		}},
		{"aliases", "services: &s\n  a: {image: x}\n  b: {<<: *s}\n  c: &c {<<: *c, image: y}\n", nil, []string{
			`service image of service "a": [x] at app/compose.yml:2:14 "x"`,
			`service image of service "c": [y] at app/compose.yml:4:25 "y"`,
			`problem at app/compose.yml:1:1: aliases, merge keys or extends go in circles, too deep or stand for too much; the rest was not read, write it out`,
		}},
	})
}

func TestUnreadableFiles(t *testing.T) {
	run(t, []test{
		{"empty", "", nil, nil},
		{"comments", "# nothing\n", nil, nil},
		{"tab", "services:\n\ta:\n", nil, []string{"problem at app/compose.yml:2:2: is not valid YAML: found character that cannot start any token; indent with spaces, not tabs"}},
		{"binary", "\x7fELF\x00", nil, []string{"problem at app/compose.yml:1:5: is a binary file, not YAML; rename or exclude it"}},
		{"documents before an error", "services: {a: {image: x}}\n---\na: ]\n", nil, []string{
			`service image of service "a": [x] at app/compose.yml:1:23 "x"`,
			"problem at app/compose.yml:3:1: is not valid YAML: did not find expected node content; check indentation, quotes and brackets here",
		}},
	})
}

func TestCommentsAreKept(t *testing.T) {
	d := parse("compose.yml", "services:\n  a: # archlint:ignore x\n    image: 'b#c'\n", nil)
	if len(d.Comments) != 1 || d.Comments[0].Text != "archlint:ignore x" || place(d.Comments[0].Span) != `compose.yml:2:6 "# archlint:ignore x"` {
		t.Errorf("comments = %+v", d.Comments)
	}
}

func TestFilesAreOptional(t *testing.T) {
	f := source.New("compose.yml", []byte("include: [x.yml]\nservices:\n  a: {image: 'x:${T:-1}', extends: {file: y.yml, service: z}}\n"))
	want := []string{`service image of service "a": [x:][1] at compose.yml:3:15 "x:${T:-1}"`}
	if diff := cmp.Diff(want, dump(Parse(f, Options{}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// counting counts the files that are read.
type counting struct{ read int }

func (c *counting) ReadFile(path string) ([]byte, error) {
	c.read++
	return []byte(fmt.Sprintf("include: [a%d.yaml, b%d.yaml]\nservices: {s%d: {image: x}}\n", c.read, c.read, c.read)), nil
}

func TestHostileFilesAreBounded(t *testing.T) {
	bomb := "x-0: &a0 {image: x}\n"
	for i := 1; i < 30; i++ {
		bomb += fmt.Sprintf("x-%d: &a%d {<<: [%s]}\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9))
	}
	chain := "services:\n  s0: {image: x}\n"
	services := "services:\n"
	for i := 1; i < 10000; i++ {
		services += fmt.Sprintf("  s%d: {image: x, platform: y, build: z}\n", i)
		chain += fmt.Sprintf("  s%d: {extends: s%d}\n", i, i-1)
	}
	tests := map[string]struct {
		data    string
		problem bool
	}{
		"alias bomb":      {bomb + "services: {a: *a29}\n", true},
		"long chain":      {chain, true},
		"deep nesting":    {"services: " + strings.Repeat("{a: ", 20000), true},
		"deep brackets":   {strings.Repeat("[", 20000), true},
		"many services":   {services, false},
		"one long line":   {"services: {" + strings.Repeat("é: {image: x},", 20000) + "}", false},
		"long references": {"services: {a: {image: " + strings.Repeat("$$", 200000) + "}}", false},
		"inline stages":   {"services: {a: {build: {dockerfile_inline: \"" + strings.Repeat(`FROM x\n`, 60000) + "\"}}}", false},
		"many platforms":  {"services: {a: {build: {platforms: [" + strings.Repeat("linux/arm/v9,", 50000) + "], tags: [" + strings.Repeat("x,", 50000) + "]}}}", false},
		"many includes":   {"include: [" + strings.Repeat("x.yml,", 50000) + "]", false},
		"own include":     {"include: [compose.yml, ./compose.yml]\nservices: {}", true},
		"too many aliases": {
			"services: {a: &a {image: x, b: , c: , d: }, b: {<<: [" + strings.Repeat("*a,", 20000) + "]}}", true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := parse("compose.yml", test.data, nil)
			if got := len(d.Problems) > 0; got != test.problem {
				t.Errorf("problems: %v", d.Problems)
			}
		})
	}
	t.Run("endless includes", func(t *testing.T) {
		c := &counting{}
		d := Parse(source.New("compose.yml", []byte("include: [a.yaml]\n")), Options{Files: c})
		if c.read != maxFiles || len(d.Images) == 0 {
			t.Errorf("read %d files, found %d images", c.read, len(d.Images))
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"services:\n  a: &a\n    image: x:${T:-1}\n    platform: $P\n    build: {context: ., args: [A=1], platforms: [linux/amd64]}\n  b: {<<: *a, extends: {file: b.yaml, service: c}}\n",
		"include: [b.yaml]\nservices:\n  a: {extends: b, build: {dockerfile_inline: \"FROM x\"}}\n  b: {extends: a}\n",
		"a: {image: x}\nb: {build: y}\n", "services: {a: {image: }, b: !reset {}}\n", "services: *x\n",
	} {
		f.Add([]byte(seed), []byte("services: {c: {image: y}}"), []byte("P=linux/amd64"))
	}
	f.Fuzz(func(t *testing.T, data, other, env []byte) {
		if len(data)+len(other)+len(env) > 1<<12 {
			return
		}
		repository := files{".env": string(env), "b.yaml": string(other)}
		d := parse("compose.yml", string(data), repository)
		inside := func(s source.Span) {
			if !s.IsZero() && (s.Start < 0 || s.End < s.Start || s.End > len(s.File.Data)) {
				t.Fatalf("span %d-%d is outside of %s", s.Start, s.End, s.File.Path)
			}
		}
		value := func(vs ...facts.Value) {
			for _, v := range vs {
				for _, part := range v.Parts {
					if part.Source.File != nil && part.Source.String != part.Text {
						t.Fatalf("part %q has source %q", part.Text, part.Source.String)
					}
				}
				inside(v.Span(0, len(v.String())))
			}
		}
		for _, u := range d.Images {
			inside(u.Span)
			value(u.References...)
			if len(u.References) == 1 && !u.References[0].Known() {
				t.Fatal("a reference is not known")
			}
		}
		for _, p := range d.Pins {
			inside(p.Span)
			value(p.Value)
		}
		for _, b := range d.Builds {
			inside(b.Span)
			inside(b.Platforms.Span)
			value(b.Tags...)
			if strings.HasPrefix(b.Dockerfile, "..") && b.Dockerfile[2:3] == "/" || strings.HasPrefix(b.Dockerfile, "/") {
				t.Fatalf("Dockerfile %q is outside of the repository", b.Dockerfile)
			}
		}
		for _, p := range d.Problems {
			inside(p.Span)
			if p.Span.File == nil || p.Message == "" || strings.Contains(p.Message, "\n") {
				t.Fatalf("problem %+v", p)
			}
		}
		if diff := cmp.Diff(dump(d), dump(parse("compose.yml", string(data), repository))); diff != "" {
			t.Fatalf("two runs differ:\n%s", diff)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := []byte("services:\n")
	for i := range 20 {
		data = fmt.Appendf(data, "  s%d: # one\n    image: registry.example/app%d:${TAG:-1.0}\n    platform: linux/amd64\n    build: {context: ./s%d, args: [A=1]}\n    environment:\n      - A=b\n      - C=d\n    ports: [\"80:80\"]\n", i, i, i)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if d := Parse(source.New("compose.yml", data), Options{}); len(d.Images) != 20 || len(d.Builds) != 20 {
			b.Fatal("facts are missing")
		}
	}
}
