package workflow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// place writes a span as line:column and its text.
func place(s source.Span) string {
	if s.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d:%d %s", s.From().Line, s.From().Column, s.Text())
}

// written writes values, with "?" for unknown parts.
func written(values []facts.Value) []string {
	var out []string
	for _, v := range values {
		out = append(out, strings.ReplaceAll(v.String(), facts.Hole, "?"))
	}
	return out
}

// build is a facts.Build as tests compare it.
type build struct {
	At, Tool, Job, Context, Dockerfile, Target string
	State                                      facts.PlatformsState
	Platforms, List, Reason                    string
	Each                                       []string
	Push                                       facts.Known
	Load, Digest                               bool
	Tags, Runner                               []string
	Args                                       map[string][]string
	Opaque, Emulation, Builder, Matrix         bool
}

func seen(b *facts.Build) build {
	out := build{
		At: place(b.Span), Tool: b.Tool, Job: b.Job, Context: b.Context, Dockerfile: b.Dockerfile, Target: b.Target,
		State: b.Platforms.State, Platforms: b.Platforms.Set.String(), List: place(b.Platforms.Span), Reason: b.Platforms.Reason,
		Push: b.Push, Load: b.Load, Digest: b.Digest, Tags: written(b.Tags), Runner: b.Runner,
		Opaque: b.OpaqueArgs, Emulation: b.Emulation, Builder: b.Builder, Matrix: b.Matrix,
	}
	for _, set := range b.Platforms.Each {
		out.Each = append(out.Each, set.String())
	}
	for name, values := range b.Args {
		if out.Args == nil {
			out.Args = map[string][]string{}
		}
		out.Args[name] = written(values)
	}
	return out
}

func parse(t *testing.T, yaml string) *facts.Document {
	t.Helper()
	doc := Parse(source.New(".github/workflows/w.yml", []byte(strings.TrimPrefix(yaml, "\n"))), Options{})
	for _, p := range doc.Problems {
		t.Errorf("problem at %s: %s", place(p.Span), p.Message)
	}
	return doc
}

// steps returns a workflow of one job "j" on ubuntu-latest; the steps begin at
// line 6 and are written with six blanks in front.
func steps(s string) string {
	return "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n" + strings.TrimPrefix(s, "\n")
}

func compare(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestActionBuilds(t *testing.T) {
	tests := []struct {
		name, yaml string
		want       build
	}{
		{
			"everything about a build", `
      - uses: docker/setup-qemu-action@v3
      - uses: docker/setup-buildx-action@v3
      - uses: docker/build-push-action@v6
        with:
          context: ./app
          file: app/docker/Dockerfile
          target: runtime
          push: true
          platforms: linux/amd64,linux/arm64/v8
          tags: |
            ghcr.io/x/y:latest
            ghcr.io/x/y:${{ github.sha }}
          build-args: |
            A=1
            B=${{ secrets.B }}
            # C=3
            D
`,
			build{
				At: "8:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j",
				Context: "./app", Dockerfile: "app/docker/Dockerfile", Target: "runtime",
				State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "14:22 linux/amd64,linux/arm64/v8",
				Push: facts.Yes, Tags: []string{"ghcr.io/x/y:latest", "ghcr.io/x/y:?"}, Runner: []string{"amd64"},
				Args: map[string][]string{"A": {"1"}, "B": nil, "D": nil}, Emulation: true, Builder: true,
			},
		},
		{
			"nothing given", `
      - uses: docker/build-push-action@v6
`,
			build{At: "6:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"a commit is named by its comment", `
      - uses: docker/build-push-action@4f58ea79222b3b9dc2c8bbdd6debcef730109a75 # v6.1.0
        with: {push: true}
`,
			build{
				At: "6:15 docker/build-push-action@4f58ea79222b3b9dc2c8bbdd6debcef730109a75", Tool: "docker/build-push-action@v6.1.0", Job: "j",
				Context: ".", Dockerfile: "Dockerfile", Push: facts.Yes, Runner: []string{"amd64"},
			},
		},
		{
			"misspelt input", `
      - uses: docker/build-push-action@v2
        with: {push: true, platform: "linux/amd64,linux/arm64"}
`,
			build{
				At: "6:15 docker/build-push-action@v2", Tool: "docker/build-push-action@v2", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsIgnored, List: "7:28 platform", Reason: "the action has no input platform; it is called platforms", Push: facts.Yes, Runner: []string{"amd64"},
			},
		},
		{
			"version 1 has no platforms and pushes", `
      - uses: docker/build-push-action@v1
        with: {repository: x/y, platforms: linux/arm64, path: sub, dockerfile: sub/D}
`,
			build{
				At: "6:15 docker/build-push-action@v1", Tool: "docker/build-push-action@v1", Job: "j", Context: "sub", Dockerfile: "sub/D",
				State: facts.PlatformsIgnored, List: "7:33 platforms", Reason: "the action has no input platforms", Push: facts.Yes, Tags: []string{"x/y"}, Runner: []string{"amd64"},
			},
		},
		{
			"pushed by digest through outputs", `
      - uses: docker/build-push-action@v6
        with:
          outputs: type=image,name=x/y,push-by-digest=true,name-canonical=true,push=true
`,
			build{At: "6:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.Yes, Digest: true, Tags: []string{"x/y"}, Runner: []string{"amd64"}},
		},
		{
			"loaded for a test", `
      - uses: docker/build-push-action@v6
        with: {load: true, tags: "x:test", context: "{{defaultContext}}:sub"}
`,
			build{At: "6:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: "{{defaultContext}}:sub", Dockerfile: "sub/Dockerfile", Push: facts.No, Load: true, Tags: []string{"x:test"}, Runner: []string{"amd64"}},
		},
		{
			"tags of the metadata action", `
      - id: Meta
        uses: docker/metadata-action@v5
        with:
          images: |
            ghcr.io/x/y
            name=docker.io/x/y,enable=true
      - uses: docker/build-push-action@v6
        with:
          push: ${{ github.actor != 'bot' }}
          tags: ${{ steps.meta.outputs.tags }}
`,
			build{At: "12:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.Unknown, Tags: []string{"ghcr.io/x/y:?", "docker.io/x/y:?"}, Runner: []string{"amd64"}},
		},
		{
			"another repository is checked out", `
      - uses: actions/checkout@v4
        with: {repository: other/thing, path: thing}
      - uses: docker/build-push-action@v6
        with: {context: thing}
`,
			build{At: "8:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: "thing", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"checked out below a folder", `
      - uses: actions/checkout@v4
        with: {path: src}
      - uses: docker/build-push-action@v6
        with: {context: src/app}
`,
			build{At: "8:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: "src/app", Dockerfile: "app/Dockerfile", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"a path that leads out of the repository", `
      - uses: docker/build-push-action@v6
        with: {context: ../../etc}
`,
			build{At: "6:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: "../../etc", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"elgohr", `
      - uses: elgohr/Publish-Docker-Github-Action@master
        with: {name: x/y, username: u, password: p}
`,
			build{At: "6:15 elgohr/Publish-Docker-Github-Action@master", Tool: "elgohr/Publish-Docker-Github-Action@master", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.Yes, Tags: []string{"x/y"}, Runner: []string{"amd64"}},
		},
		{
			"elgohr before platforms", `
      - uses: elgohr/Publish-Docker-Github-Action@v4
        with: {name: x/y, platforms: linux/arm64}
`,
			build{
				At: "6:15 elgohr/Publish-Docker-Github-Action@v4", Tool: "elgohr/Publish-Docker-Github-Action@v4", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsIgnored, List: "7:27 platforms", Reason: "this version of the action has no input platforms", Push: facts.Yes, Tags: []string{"x/y"}, Runner: []string{"amd64"},
			},
		},
		{
			"buildah with a push step", `
      - uses: redhat-actions/buildah-build@v2
        with: {image: x, archs: "amd64, arm64", containerfiles: ./Containerfile}
      - uses: redhat-actions/push-to-registry@v2
        with: {image: x, registry: quay.io/y}
`,
			build{
				At: "6:15 redhat-actions/buildah-build@v2", Tool: "redhat-actions/buildah-build@v2", Job: "j", Context: ".", Dockerfile: "Containerfile",
				State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "7:34 amd64, arm64", Push: facts.Yes, Tags: []string{"x"}, Runner: []string{"amd64"}, Builder: true,
			},
		},
		{
			"mr-smithers-excellent", `
      - uses: mr-smithers-excellent/docker-build-push@v6
        with: {image: x/y, multiPlatform: true, platform: "linux/amd64,linux/arm64", registry: ghcr.io}
`,
			build{
				At: "6:15 mr-smithers-excellent/docker-build-push@v6", Tool: "mr-smithers-excellent/docker-build-push@v6", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "7:60 linux/amd64,linux/arm64", Push: facts.Yes, Tags: []string{"x/y"}, Runner: []string{"amd64"},
			},
		},
		{
			"bake", `
      - uses: docker/bake-action@v5
        with: {push: true}
`,
			build{At: "6:15 docker/bake-action@v5", Tool: "docker/bake-action@v5", Job: "j", State: facts.PlatformsUnknown, Reason: "platforms are set in the bake file", Push: facts.Yes, Runner: []string{"amd64"}, Opaque: true},
		},
		{
			"bake with platforms set", `
      - uses: docker/bake-action@v5
        with:
          push: true
          set: |
            *.platform=linux/amd64
            *.cache-from=type=gha
`,
			build{
				At: "6:15 docker/bake-action@v5", Tool: "docker/bake-action@v5", Job: "j", State: facts.PlatformsKnown, Platforms: "linux/amd64", List: "10:24 linux/amd64",
				Push: facts.Yes, Runner: []string{"amd64"}, Opaque: true,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, steps(tt.yaml))
			if len(doc.Builds) != 1 {
				t.Fatalf("%d builds", len(doc.Builds))
			}
			compare(t, tt.want, seen(doc.Builds[0]))
		})
	}
}

func TestPlatformsInput(t *testing.T) {
	tests := []struct {
		name, head, value string
		state             facts.PlatformsState
		platforms, reason string
	}{
		{"literal", "", "linux/arm64", facts.PlatformsKnown, "linux/arm64", ""},
		{"list over lines", "", "|\n            linux/amd64\n            linux/arm64", facts.PlatformsKnown, "linux/amd64, linux/arm64", ""},
		{"empty", "", "''", facts.PlatformsAbsent, "", ""},
		{"not a platform", "", "linux/arm64v8", facts.PlatformsUnknown, "", `"linux/arm64v8" is not a platform; write os/architecture, as in linux/arm64`},
		{"workflow env", "env:\n  P: linux/amd64,linux/arm64\n", "${{ env.P }}", facts.PlatformsKnown, "linux/amd64, linux/arm64", ""},
		{"env of env", "env:\n  A: amd64\n", "linux/${{ env.A }}", facts.PlatformsKnown, "linux/amd64", ""},
		{"env that nothing sets", "", "${{ env.P }}", facts.PlatformsUnknown, "", "${{ env.P }} is known only when the workflow runs"},
		{"input", "", "${{ inputs.platforms }}", facts.PlatformsUnknown, "", "input platforms"},
		{"input with a fallback", "", "${{ inputs.platforms || 'linux/amd64' }}", facts.PlatformsKnown, "linux/amd64", "default of input platforms"},
		{"input with a default", "on: {workflow_call: {inputs: {platforms: {type: string, default: 'linux/amd64'}}}}\n", "${{ inputs.platforms }}", facts.PlatformsKnown, "linux/amd64", "default of input platforms"},
		{"dispatch input with a default", "on: {workflow_dispatch: {inputs: {p: {default: 'linux/arm64'}}}}\n", "${{ github.event.inputs.p }}", facts.PlatformsKnown, "linux/arm64", "default of input p"},
		{"one of two, by event", "", "${{ github.event_name == 'pull_request' && 'linux/amd64' || 'linux/amd64,linux/arm64' }}", facts.PlatformsKnown, "linux/amd64, linux/arm64", ""},
		{"one of two, the other way round", "", "${{ github.ref == 'refs/heads/main' && 'linux/amd64,linux/arm64' || 'linux/amd64' }}", facts.PlatformsKnown, "linux/amd64, linux/arm64", ""},
		{"nothing or more", "", "${{ startsWith(github.ref, 'refs/tags/') && 'linux/amd64,linux/arm64' || '' }}", facts.PlatformsKnown, "linux/amd64, linux/arm64", ""},
		{"decided here", "", "${{ 'a' == 'b' && 'linux/amd64' || 'linux/arm64' }}", facts.PlatformsKnown, "linux/arm64", ""},
		{"joined", "", "${{ join(fromJSON('[\"linux/amd64\",\"linux/arm64\"]'), ',') }}", facts.PlatformsKnown, "linux/amd64, linux/arm64", ""},
		{"formatted", "", "${{ format('linux/{0}', 'arm64') }}", facts.PlatformsKnown, "linux/arm64", ""},
		{"an output of another job", "", "${{ needs.a.outputs.p }}", facts.PlatformsUnknown, "", "${{ needs.a.outputs.p }} is known only when the workflow runs"},
		{"malformed expression", "", "${{ ( }}", facts.PlatformsUnknown, "", "${{ ( }} is known only when the workflow runs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			head := tt.head
			if !strings.HasPrefix(head, "on:") {
				head += "on: push\n"
			}
			doc := parse(t, head+"jobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          platforms: "+tt.value+"\n")
			if len(doc.Builds) != 1 {
				t.Fatalf("%d builds", len(doc.Builds))
			}
			p := doc.Builds[0].Platforms
			compare(t, []any{tt.state, tt.platforms, tt.reason}, []any{p.State, p.Set.String(), p.Reason})
		})
	}
}

func TestPush(t *testing.T) {
	tests := []struct {
		value string
		want  facts.Known
	}{
		{"push: true", facts.Yes},
		{"push: 'true'", facts.Yes},
		{"push: false", facts.No},
		{"push: ${{ false }}", facts.No},
		{"push: ${{ github.ref == 'refs/heads/main' }}", facts.Unknown},
		{"push: ${{ !env.X }}", facts.Unknown},
		{"push: ${{ env.PUSH }}", facts.No},
		{"push: ${{ inputs.push }}", facts.Unknown},
		{"outputs: type=registry", facts.Yes},
		{"outputs: type=image,push=true", facts.Yes},
		{"outputs: type=image,push=${{ github.ref == 'x' }}", facts.Unknown},
		{"outputs: type=docker,dest=/tmp/x.tar", facts.No},
		{"outputs: ${{ inputs.outputs }}", facts.Unknown},
		{"tags: x", facts.No},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			doc := parse(t, "on: push\nenv: {PUSH: 'false'}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          "+tt.value+"\n")
			if len(doc.Builds) != 1 {
				t.Fatalf("%d builds", len(doc.Builds))
			}
			compare(t, tt.want, doc.Builds[0].Push)
		})
	}
}

func TestEventsDecideConditions(t *testing.T) {
	tests := []struct {
		on   string
		want facts.Known
	}{
		{"push", facts.Yes},
		{"pull_request", facts.No},
		{"[push, workflow_dispatch]", facts.Yes},
		{"[push, pull_request]", facts.Unknown},
		{"{push: {}, workflow_call: {}}", facts.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.on, func(t *testing.T) {
			doc := parse(t, "on: "+tt.on+"\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n"+
				"        with: {push: \"${{ github.event_name != 'pull_request' }}\"}\n")
			compare(t, tt.want, doc.Builds[0].Push)
		})
	}
}

func TestMatrix(t *testing.T) {
	t.Run("native runners", func(t *testing.T) {
		doc := parse(t, `
on: push
jobs:
  j:
    strategy:
      matrix:
        include:
          - {platform: linux/amd64, runner: ubuntu-latest}
          - {platform: linux/arm64, runner: ubuntu-24.04-arm}
    runs-on: ${{ matrix.runner }}
    steps:
      - uses: docker/build-push-action@v6
        with: {push: true, platforms: "${{ matrix.platform }}", tags: "x:${{ matrix.platform }}"}
`)
		if len(doc.Builds) != 1 {
			t.Fatalf("%d builds", len(doc.Builds))
		}
		compare(t, build{
			At: "11:15 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "j", Context: ".", Dockerfile: "Dockerfile",
			State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "12:40 ${{ matrix.platform }}", Each: []string{"linux/amd64", "linux/arm64"},
			Push: facts.Yes, Tags: []string{"x:linux/amd64", "x:linux/arm64"}, Runner: []string{"amd64", "arm64"}, Matrix: true,
		}, seen(doc.Builds[0]))
	})
	t.Run("a Dockerfile a row, platforms for some", func(t *testing.T) {
		doc := parse(t, `
on: push
jobs:
  j:
    strategy:
      matrix:
        image:
          - {name: a, platforms: "linux/amd64,linux/arm64"}
          - {name: b}
        variant: [slim, full]
        exclude:
          - {image: {name: b}, variant: full}
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: ${{ matrix.image.name }}
          platforms: ${{ matrix.image.platforms }}
          build-args: V=${{ matrix.variant }}
`)
		var got []string
		for _, b := range doc.Builds {
			got = append(got, fmt.Sprint(b.Dockerfile, " ", b.Platforms.State, " ", b.Platforms.Set, " ", written(b.Args["V"])))
		}
		compare(t, []string{
			"a/Dockerfile 1 linux/amd64, linux/arm64 [slim full]",
			"b/Dockerfile 0  [slim]",
		}, got)
	})
	t.Run("include adds to rows and makes rows", func(t *testing.T) {
		doc := parse(t, `
on: push
jobs:
  j:
    strategy:
      matrix:
        os: [a, b]
        include:
          - {os: a, image: "x:1"}
          - {os: c, image: "x:3"}
          - {image: "x:2", os: b}
    runs-on: ubuntu-latest
    container: ${{ matrix.image }}
    steps: [{run: 'true'}]
`)
		if len(doc.Images) != 1 {
			t.Fatalf("%d images", len(doc.Images))
		}
		compare(t, []string{"x:1", "x:2", "x:3"}, written(doc.Images[0].References))
		compare(t, "8:29 x:1", place(doc.Images[0].References[0].Span(0, 3)))
	})
	t.Run("from JSON", func(t *testing.T) {
		doc := parse(t, `
on: push
jobs:
  j:
    strategy:
      matrix:
        arch: ${{ fromJSON('["amd64", "arm64"]') }}
    runs-on: ubuntu-latest
    steps:
      - run: docker build --platform linux/${{ matrix.arch }} --push -t x .
`)
		compare(t, "linux/amd64, linux/arm64", doc.Builds[0].Platforms.Set.String())
	})
	t.Run("unknown", func(t *testing.T) {
		doc := parse(t, `
on: push
jobs:
  j:
    strategy:
      matrix: ${{ fromJSON(needs.list.outputs.matrix) }}
    runs-on: ${{ matrix.runner }}
    steps:
      - uses: docker/build-push-action@v6
        with: {push: true, platforms: "${{ matrix.platform }}"}
`)
		b := doc.Builds[0]
		compare(t, []any{facts.PlatformsUnknown, []string(nil)}, []any{b.Platforms.State, b.Runner})
	})
}

func TestMatrixThatIsTooLarge(t *testing.T) {
	var yaml strings.Builder
	yaml.WriteString("on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n")
	for _, key := range []string{"a", "b", "c", "d"} {
		yaml.WriteString("        " + key + ": [1, 2, 3, 4, 5, 6]\n")
	}
	yaml.WriteString("    steps:\n      - uses: docker/build-push-action@v6\n        with: {platforms: \"${{ matrix.a }}\"}\n")
	doc := Parse(source.New("w.yml", []byte(yaml.String())), Options{})
	if len(doc.Problems) != 1 {
		t.Fatalf("%d problems", len(doc.Problems))
	}
	compare(t, "the matrix has more than 1000 combinations; its values are taken as unknown", doc.Problems[0].Message)
	compare(t, facts.PlatformsUnknown, doc.Builds[0].Platforms.State)
}

// What a stranger may write must not cost more than reading it.
func TestHostileInput(t *testing.T) {
	var env strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&env, "  V%d: ${{ env.V%d }}\n", i, i+1)
	}
	numbers := strings.TrimSuffix(strings.Repeat("1, ", 30), ", ")
	tests := []struct {
		name, yaml string
		problems   int
	}{
		{"rows times steps", "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    strategy: {matrix: {a: [" + numbers + "], b: [" + strings.ReplaceAll(numbers, "1,", "2,") + "]}}\n    steps:\n" +
			strings.Repeat("      - uses: docker/build-push-action@v6\n        with: {tags: \"x:${{ matrix.a }}${{ toJSON(matrix) }}\"}\n", 100), 1},
		{"nested parentheses", steps("      - uses: docker/build-push-action@v6\n        with: {tags: \"${{ " + strings.Repeat("(", 4000) + " }}\"}\n"), 0},
		{"long expression", steps("      - uses: docker/build-push-action@v6\n        with: {tags: \"${{ " + strings.Repeat("a && ", 4000) + "b }}\"}\n"), 0},
		{"many expressions", steps("      - uses: docker/build-push-action@v6\n        with: {tags: \"" + strings.Repeat("${{ a && 'b' || 'c' }}", 20000) + "\"}\n"), 0},
		{"variables of variables", "on: push\nenv:\n" + env.String() + "jobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n" + strings.Repeat("      - run: docker build -t $V0 .\n", 100), 0},
		{"many pushes", steps(strings.Repeat("      - run: docker build -t $X . && docker push $Y\n", 1000)), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			doc := Parse(source.New("w.yml", []byte(tt.yaml)), Options{})
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			compare(t, tt.problems, len(doc.Problems))
			if len(doc.Builds) == 0 {
				t.Error("no builds")
			}
		})
	}
}

func TestRunners(t *testing.T) {
	tests := []struct {
		runsOn string
		want   []string
	}{
		{"ubuntu-latest", []string{"amd64"}},
		{"ubuntu-22.04", []string{"amd64"}},
		{"ubuntu-latest-16-cores", []string{"amd64"}},
		{"ubuntu-24.04-arm", []string{"arm64"}},
		{"[self-hosted, Linux, ARM64]", []string{"arm64"}},
		{"[self-hosted, linux, x64]", []string{"amd64"}},
		{"self-hosted", nil},
		{"my-runner", nil},
		{"buildjet-4vcpu-ubuntu-2204", []string{"amd64"}},
		{"buildjet-4vcpu-ubuntu-2204-arm", []string{"arm64"}},
		{"macos-latest", nil},
		{"{group: big, labels: ubuntu-22.04-arm64-8}", []string{"arm64"}},
		{"${{ inputs.runner }}", nil},
		{"${{ github.repository == 'x/y' && 'ubuntu-24.04-arm' || 'ubuntu-latest' }}", []string{"arm64", "amd64"}},
		{"${{ fromJSON('[\"self-hosted\", \"arm64\"]') }}", []string{"arm64"}},
	}
	for _, tt := range tests {
		t.Run(tt.runsOn, func(t *testing.T) {
			doc := parse(t, "on: push\njobs:\n  j:\n    runs-on: "+tt.runsOn+"\n    steps:\n      - uses: docker/build-push-action@v6\n")
			compare(t, tt.want, doc.Builds[0].Runner)
		})
	}
}

func TestWindowsRunnersBuildForWindows(t *testing.T) {
	doc := parse(t, "on: push\njobs:\n  j:\n    runs-on: windows-2022\n    steps:\n      - run: docker build -t x .\n        shell: bash\n")
	compare(t, "windows/amd64", doc.Builds[0].Platforms.Set.String())
}

func TestCommands(t *testing.T) {
	const run = "      - run: |\n          "
	tests := []struct {
		name, yaml string
		want       build
	}{
		{
			"build and push", run + `docker build -t x/y:1 -f docker/Dockerfile --target=prod --build-arg A=1 --build-arg B .
          docker push x/y:1
`,
			build{
				At: "7:11 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "docker/Dockerfile", Target: "prod",
				Push: facts.Yes, Tags: []string{"x/y:1"}, Runner: []string{"amd64"}, Args: map[string][]string{"A": {"1"}, "B": nil},
			},
		},
		{
			"built only", run + "docker image build -t x/y:1 sub\n          docker push localhost:5000/other\n",
			build{At: "7:11 docker image build", Tool: "docker image build", Job: "j", Context: "sub", Dockerfile: "sub/Dockerfile", Push: facts.No, Tags: []string{"x/y:1"}, Runner: []string{"amd64"}},
		},
		{
			"pushed under another name", run + "docker build -t app .\n          docker tag app reg.io/app:1\n      - run: docker push --all-tags reg.io/app\n",
			build{At: "7:11 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.Yes, Tags: []string{"app", "reg.io/app:1"}, Runner: []string{"amd64"}},
		},
		{
			"pushed before it is built", run + "docker pull app\n          docker push app\n          docker build -t app .\n",
			build{At: "9:11 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.No, Tags: []string{"app"}, Runner: []string{"amd64"}},
		},
		{
			"tag in a variable", run + "TAG=x/y:${{ github.sha }}\n          docker build -t $TAG .\n          if [ \"${{ github.event_name }}\" = push ]; then docker push \"$TAG\"; fi\n",
			build{At: "8:11 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.Yes, Tags: []string{"x/y:?"}, Runner: []string{"amd64"}},
		},
		{
			"buildx", run + "docker buildx create --use\n          docker run --rm --privileged tonistiigi/binfmt --install all\n          docker buildx build \\\n            --platform linux/amd64,linux/arm64 \\\n            --push -t x .\n",
			build{
				At: "9:11 docker buildx build", Tool: "docker buildx build", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "10:24 linux/amd64,linux/arm64",
				Push: facts.Yes, Tags: []string{"x"}, Runner: []string{"amd64"}, Emulation: true, Builder: true,
			},
		},
		{
			"output to a registry", run + "docker buildx build -o type=registry --platform=linux/amd64 -t x .\n",
			build{
				At: "7:11 docker buildx build", Tool: "docker buildx build", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsKnown, Platforms: "linux/amd64", List: "7:59 linux/amd64", Push: facts.Yes, Tags: []string{"x"}, Runner: []string{"amd64"},
			},
		},
		{
			"podman manifest", run + "podman build --platform linux/amd64 --platform linux/arm64 --manifest x .\n          podman manifest push x docker://q/x\n",
			build{
				At: "7:11 podman build", Tool: "podman build", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "7:35 linux/amd64", Push: facts.Yes, Tags: []string{"x"}, Runner: []string{"amd64"}, Builder: true,
			},
		},
		{
			"buildah", run + "sudo buildah bud -t x .\n",
			build{At: "7:16 buildah bud", Tool: "buildah bud", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.No, Tags: []string{"x"}, Runner: []string{"amd64"}, Builder: true},
		},
		{
			"nerdctl", run + "nerdctl build -t x .\n          nerdctl push x\n",
			build{At: "7:11 nerdctl build", Tool: "nerdctl build", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.Yes, Tags: []string{"x"}, Runner: []string{"amd64"}},
		},
		{
			"bake", run + "docker buildx bake --push -f docker-bake.hcl app\n",
			build{At: "7:11 docker buildx bake", Tool: "docker buildx bake", Job: "j", State: facts.PlatformsUnknown, Reason: "platforms are set in the bake file", Push: facts.Yes, Runner: []string{"amd64"}, Opaque: true},
		},
		{
			"in a folder", "      - working-directory: svc\n        run: (cd api && docker build .)\n",
			build{At: "7:25 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "svc/api/Dockerfile", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"behind a subshell", "      - run: |\n          (cd api && make)\n          docker build .\n",
			build{At: "8:11 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "Dockerfile", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"in a folder that is not known", "      - run: cd $X && docker build .\n",
			build{At: "6:23 docker build", Tool: "docker build", Job: "j", Context: ".", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"from standard input", "      - run: docker build - < Dockerfile\n",
			build{At: "6:14 docker build", Tool: "docker build", Job: "j", Context: "-", Push: facts.No, Runner: []string{"amd64"}},
		},
		{
			"a platform for all commands", "      - env: {DOCKER_DEFAULT_PLATFORM: linux/arm64}\n        run: docker build .\n",
			build{
				At: "7:14 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsKnown, Platforms: "linux/arm64", List: "6:40 linux/arm64", Push: facts.No, Runner: []string{"amd64"},
			},
		},
		{
			"a list from an earlier step", "      - id: p\n        run: echo \"list=linux/amd64,linux/arm64\" >> $GITHUB_OUTPUT\n      - run: docker buildx build --platform ${{ steps.p.outputs.list }} .\n",
			build{
				At: "8:14 docker buildx build", Tool: "docker buildx build", Job: "j", Context: ".", Dockerfile: "Dockerfile",
				State: facts.PlatformsKnown, Platforms: "linux/amd64, linux/arm64", List: "8:45 ${{ steps.p.outputs.list }}", Push: facts.No, Runner: []string{"amd64"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, steps(tt.yaml))
			if len(doc.Builds) != 1 {
				t.Fatalf("%d builds", len(doc.Builds))
			}
			compare(t, tt.want, seen(doc.Builds[0]))
		})
	}
}

func TestScriptSpans(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"plain", "      - run: docker build --platform linux/arm64 .\n", "6:38 linux/arm64"},
		{"quoted", "      - run: \"docker build --platform linux/arm64 .\"\n", "6:39 linux/arm64"},
		{"literal with Windows line ends", "      - run: |\r\n          true\r\n          docker build --platform linux/arm64 .\r\n", "8:35 linux/arm64"},
		{"folded", "      - run: >-\n          docker build\n          --platform linux/arm64 .\n", "8:22 linux/arm64"},
		{"indented deeper", "      - run: |4\n              docker build \\\n                --platform linux/arm64 .\n", "8:28 linux/arm64"},
		{"behind an expression", "      - run: docker build -t ${{ github.sha }} --platform linux/arm64 .\n", "6:59 linux/arm64"},
		{"behind a quoted expression", "      - run: docker build -t '${{ github.sha }}' --platform linux/arm64 .\n", "6:61 linux/arm64"},
		{"in a variable", "      - run: |\n          P=linux/arm64\n          docker build --platform $P .\n", "8:35 $P"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, steps(tt.yaml))
			if len(doc.Builds) != 1 {
				t.Fatalf("%d builds", len(doc.Builds))
			}
			compare(t, "linux/arm64", doc.Builds[0].Platforms.Set.String())
			compare(t, tt.want, place(doc.Builds[0].Platforms.Span))
		})
	}
}

func TestImages(t *testing.T) {
	doc := parse(t, `
on: push
env: {V: "16"}
jobs:
  test:
    runs-on: ubuntu-latest
    container: node:20
    services:
      db: {image: "postgres:${{ env.V }}"}
      optional: {image: "${{ inputs.image }}"}
    steps:
      - uses: docker://alpine:3.20
      - run: |
          docker run --rm -it -v $PWD:/w -e A=b mysql:5.7 echo hi
          docker run --platform linux/arm64 -d redis:7
          docker run $OPTIONS
          docker run "$REGISTRY/app:1"
          docker build -t own .
          docker run own
  arm:
    runs-on: [self-hosted]
    container: {image: alpine}
    steps: [{run: "true"}]
`)
	var got []string
	for _, i := range doc.Images {
		if i.Platforms == nil {
			t.Errorf("%s asks for all platforms", place(i.Span))
		}
		got = append(got, fmt.Sprintf("%s: %s %s [%s] on %s", place(i.Span), i.Role, i.Name, strings.Join(written(i.References), " "), i.Platforms))
		if i.Builds {
			got = append(got, "  built here")
		}
	}
	compare(t, []string{
		`6:16 node:20: job container job "test" [node:20] on linux/amd64`,
		`8:20 postgres:${{ env.V }}: service image service "db" [postgres:16] on linux/amd64`,
		`9:26 ${{ inputs.image }}: service image service "optional" [] on linux/amd64`,
		`11:24 alpine:3.20: action image docker action [alpine:3.20] on linux/amd64`,
		`13:49 mysql:5.7: image docker run [mysql:5.7] on linux/amd64`,
		`14:48 redis:7: image docker run [redis:7] on linux/arm64`,
		`16:22 "$REGISTRY/app:1": image docker run [] on linux/amd64`,
		`18:22 own: image docker run [own] on linux/amd64`,
		`  built here`,
		`21:24 alpine: job container job "arm" [alpine] on `,
	}, got)
}

func TestPins(t *testing.T) {
	doc := parse(t, `
on: push
env:
  DOCKER_DEFAULT_PLATFORM: linux/amd64
jobs:
  j:
    runs-on: ubuntu-latest
    strategy: {matrix: {p: [linux/amd64, linux/arm64]}}
    env: {DOCKER_DEFAULT_PLATFORM: "${{ inputs.platform }}"}
    steps:
      - run: |
          export DOCKER_DEFAULT_PLATFORM=linux/arm64
          DOCKER_DEFAULT_PLATFORM=linux/386 docker pull x
          docker run --platform=linux/amd64 x
          docker pull --platform linux/$ARCH x
          docker build --platform linux/amd64 .
          echo "DOCKER_DEFAULT_PLATFORM=linux/s390x" >> "$GITHUB_ENV"
`)
	var got []string
	for _, p := range doc.Pins {
		got = append(got, fmt.Sprint(place(p.Span), ": ", p.What, " ", p.Setting, " ", p.Value, " ", p.Image != nil))
	}
	compare(t, []string{
		"3:28 linux/amd64: DOCKER_DEFAULT_PLATFORM DOCKER_DEFAULT_PLATFORM linux/amd64 false",
		"11:42 linux/arm64: DOCKER_DEFAULT_PLATFORM DOCKER_DEFAULT_PLATFORM linux/arm64 false",
		"12:35 linux/386: DOCKER_DEFAULT_PLATFORM DOCKER_DEFAULT_PLATFORM linux/386 false",
		"13:33 linux/amd64: docker run --platform linux/amd64 true",
		"16:41 linux/s390x: DOCKER_DEFAULT_PLATFORM DOCKER_DEFAULT_PLATFORM linux/s390x false",
	}, got)
}

func TestMerges(t *testing.T) {
	doc := parse(t, steps(`
      - run: |
          docker manifest create x:1 x:1-amd64 --amend x:1-arm64
          docker manifest push x:1
          docker buildx imagetools create -t x:2 $(cat list)
          crane index append -m x:a -m x:b -t x:3
          regctl index create x:4 --ref x:a --ref x:b
      - uses: int128/docker-manifest-create-action@v2
        with: {tags: "x:5", sources: "x:a"}
      - uses: Noelware/docker-manifest-action@v1
        with: {inputs: "x:6", images: "x:a,x:b"}
`))
	var got []string
	for _, m := range doc.Merges {
		got = append(got, fmt.Sprint(place(m.Span), " ", m.Job, " ", written(m.Tags), " <- ", written(m.Sources)))
	}
	compare(t, []string{
		"7:11 docker manifest create j [x:1] <- [x:1-amd64 x:1-arm64]",
		"8:11 docker manifest push j [x:1] <- []",
		"9:11 docker buildx imagetools create j [x:2] <- [?]",
		"10:11 crane index append j [x:3] <- [x:a x:b]",
		"11:11 regctl index create j [x:4] <- [x:a x:b]",
		"12:15 int128/docker-manifest-create-action@v2 j [x:5] <- [x:a]",
		"14:15 Noelware/docker-manifest-action@v1 j [x:6] <- [x:a x:b]",
	}, got)
}

func TestAction(t *testing.T) {
	f := source.New("build/action.yml", []byte(`name: Build
inputs:
  platforms: {default: "linux/amd64"}
  file: {required: true}
runs:
  using: composite
  steps:
    - uses: docker/setup-qemu-action@v3
    - id: b
      uses: docker/build-push-action@v6
      with:
        push: true
        platforms: ${{ inputs.platforms }}
        file: ${{ inputs.file }}
    - run: docker run --platform linux/amd64 alpine
      shell: bash
      env: {DOCKER_DEFAULT_PLATFORM: linux/amd64}
`))
	doc := ParseAction(f, Options{})
	compare(t, 0, len(doc.Problems))
	compare(t, build{
		At: "10:13 docker/build-push-action@v6", Tool: "docker/build-push-action@v6", Job: "Build", Context: ".",
		State: facts.PlatformsKnown, Platforms: "linux/amd64", List: "13:20 ${{ inputs.platforms }}", Reason: "default of input platforms", Push: facts.Yes, Emulation: true,
	}, seen(doc.Builds[0]))
	compare(t, 2, len(doc.Pins))
	compare(t, "15:46 alpine", place(doc.Images[0].Span))
}

func TestDockerAction(t *testing.T) {
	doc := ParseAction(source.New("action.yml", []byte("runs:\n  using: docker\n  image: docker://ghcr.io/x/y:1\n")), Options{})
	if len(doc.Images) != 1 {
		t.Fatalf("%d images", len(doc.Images))
	}
	compare(t, "3:19 ghcr.io/x/y:1", place(doc.Images[0].Span))
	compare(t, facts.RoleAction, doc.Images[0].Role)
}

func TestProblems(t *testing.T) {
	tests := []struct {
		name, yaml string
		want       int
	}{
		{"tab", "on: push\njobs:\n\tj:\n", 1},
		{"open quote", "on: \"push\njobs:\n", 1},
		{"no workflow at all", "- 1\n- 2\n", 0},
		{"empty", "", 0},
		{"unknown keys are not ours", "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    foo: bar\n    steps: 7\n", 0},
		{"aliases in a circle", "on: push\nx: &a [*a]\njobs: {}\n", 1},
		{"aliases that grow", grown(), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := source.New("w.yml", []byte(tt.yaml))
			for name, doc := range map[string]*facts.Document{"workflow": Parse(f, Options{}), "action": ParseAction(f, Options{})} {
				if name == "action" && tt.name == "aliases in a circle" {
					continue
				}
				if len(doc.Problems) != tt.want && !(tt.name == "aliases in a circle") {
					t.Errorf("%s: %d problems, want %d: %v", name, len(doc.Problems), tt.want, doc.Problems)
				}
				for _, p := range doc.Problems {
					if p.Span.IsZero() || strings.Contains(p.Message, "\n") {
						t.Errorf("%s: problem %q at %v", name, p.Message, p.Span)
					}
				}
			}
		})
	}
}

// grown is a small document that stands for a large one.
func grown() string {
	var b strings.Builder
	b.WriteString("on: push\nx0: &x0 [a, b, c, d, e, f, g, h, i, j]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 10), ", "))
	}
	b.WriteString("jobs:\n  j:\n    runs-on: ubuntu-latest\n    strategy: {matrix: {a: *x8}}\n    steps: []\n")
	return b.String()
}

func TestComments(t *testing.T) {
	doc := parse(t, steps("      - run: echo '#no' # archlint:ignore x\n"))
	if len(doc.Comments) != 1 {
		t.Fatalf("%d comments", len(doc.Comments))
	}
	compare(t, "archlint:ignore x", doc.Comments[0].Text)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		steps("      - uses: docker/build-push-action@v6\n        with: {push: \"${{ a && 'b' || c }}\"}\n"),
		steps("      - run: |\n          docker build -t '${{ matrix.x }}' . <<EOF\n          EOF\n"),
		"on: push\njobs: {j: {strategy: {matrix: {a: [1, {b: c}], include: [{a: 1}], exclude: [{a: {b: c}}]}}, runs-on: [a, b], steps: [{run: docker run -itv}]}}\n",
		grown(),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := source.New("w.yml", data)
		for _, doc := range []*facts.Document{Parse(file, Options{}), ParseAction(file, Options{})} {
			for _, b := range doc.Builds {
				if b.Span.IsZero() {
					t.Error("a build without a place")
				}
				if b.Platforms.State == facts.PlatformsKnown && len(b.Platforms.Set) == 0 {
					t.Error("a known list without platforms")
				}
			}
			for _, i := range doc.Images {
				for _, r := range i.References {
					if !r.Known() {
						t.Error("a reference that is not known")
					}
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var yaml strings.Builder
	yaml.WriteString("on: push\njobs:\n")
	for i := range 10 {
		fmt.Fprintf(&yaml, "  j%d:\n    strategy: {matrix: {p: [linux/amd64, linux/arm64], v: [1, 2, 3]}}\n    runs-on: ubuntu-latest\n    steps:\n"+
			"      - uses: docker/build-push-action@v6\n        with: {push: true, platforms: \"${{ matrix.p }}\", tags: \"x:${{ matrix.v }}\"}\n"+
			"      - run: |\n          docker build -t x:${{ matrix.v }} .\n          docker push x:${{ matrix.v }}\n", i)
	}
	f := source.New("w.yml", []byte(yaml.String()))
	b.SetBytes(int64(len(f.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if doc := Parse(f, Options{}); len(doc.Builds) != 20 {
			b.Fatal(len(doc.Builds))
		}
	}
}
