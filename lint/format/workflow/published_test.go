package workflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func TestBuildArgumentsBetweenQuotes(t *testing.T) {
	doc := parse(t, steps(`
      - uses: docker/build-push-action@v6
        with:
          build-args: |
            "ARCH=arm64"
            'A=b'
            C="d"
            "E
`))
	want := map[string][]string{"ARCH": {"arm64"}, "A": {"b"}, "C": {`"d"`}, `"E`: nil}
	compare(t, want, seen(doc.Builds[0]).Args)
}

func TestPushByAnInput(t *testing.T) {
	const body = "jobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: "
	tests := []struct {
		name, input, push string
		want              facts.Known
	}{
		{"off by default", "type: boolean, default: false", "${{ inputs.p }}", facts.Unknown},
		{"off by default, as a text", "type: string, default: 'false'", "${{ inputs.p }}", facts.Unknown},
		{"off by default, compared", "type: string, default: 'false'", "${{ inputs.p == 'true' }}", facts.Unknown},
		{"off by default, turned round", "type: boolean, default: false", "${{ !inputs.p }}", facts.Unknown},
		{"on by default", "type: boolean, default: true", "${{ inputs.p }}", facts.Yes},
		{"without a default", "type: boolean", "${{ inputs.p }}", facts.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, "on: {workflow_call: {inputs: {p: {"+tt.input+"}}}}\n"+body+tt.push+"\n")
			compare(t, tt.want, doc.Builds[0].Push)
		})
	}
}

func TestScriptsThatAreRetried(t *testing.T) {
	doc := parse(t, steps(`
      - uses: nick-fields/retry@v2
        with:
          max_attempts: 3
          command: |
            docker build \
              --tag x/y:${{ github.run_id }} \
              sub
      - uses: nick-invision/retry@v2
        with: {command: "docker push x/y:${{ github.run_id }}"}
      - uses: Wandalen/wretry.action@v3
        with: {command: docker build -t a/b ., current_path: app}
      - uses: nick-fields/retry@v3
        with: {command: "docker build -t c/d .", shell: pwsh}
`))
	var got []build
	for _, b := range doc.Builds {
		got = append(got, seen(b))
	}
	compare(t, []build{
		{At: "10:13 docker build", Tool: "docker build", Job: "j", Context: "sub", Dockerfile: "sub/Dockerfile", Push: facts.Yes, Tags: []string{"x/y:?"}, Runner: []string{"amd64"}},
		{At: "16:25 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "app/Dockerfile", Push: facts.No, Tags: []string{"a/b"}, Runner: []string{"amd64"}},
	}, got)
}

func TestStepsThatNeverRun(t *testing.T) {
	// SHORT is set by one of two steps, on each row by another.
	const head = "on: {push: {}, workflow_call: {inputs: {p: {default: 'no'}}}}\njobs:\n  j:\n    strategy: {matrix: {binary: [aarch64-portable, x86_64]}}\n" +
		"    runs-on: ubuntu-latest\n    env: {LITERAL: 'no'}\n    steps:\n      - id: s\n        run: |\n          echo x=no >> $GITHUB_OUTPUT\n          echo SET=no >> $GITHUB_ENV\n"
	const build = "      - uses: docker/build-push-action@v6\n        with: {platforms: 'linux/${{ env.SHORT }}', push: true}\n"
	one := func(condition string) string {
		return "      - run: echo SHORT=arm64 >> $GITHUB_ENV\n      - if: " + condition + "\n        run: echo SHORT=amd64 >> $GITHUB_ENV\n" + build
	}
	tests := []struct {
		name, steps string
		platforms   string
		each        []string
	}{
		{
			"one of two on each row",
			"      - if: startsWith(matrix.binary, 'aarch64')\n        run: echo \"SHORT=arm64\" >> $GITHUB_ENV\n" +
				"      - if: ${{ startsWith(matrix.binary, 'x86_64') }}\n        run: echo \"SHORT=amd64\" >> $GITHUB_ENV;\n" + build,
			"linux/arm64, linux/amd64",
			[]string{"linux/arm64", "linux/amd64"},
		},
		{"false", one("false"), "linux/arm64", nil},
		{"a variable of the file", one("env.LITERAL == 'yes'"), "linux/arm64", nil},
		{"a key that the row has not", one("matrix.other"), "linux/arm64", nil},
		{"another event", one("github.event_name == 'schedule' && false"), "linux/arm64", nil},
		{"what an input decides", one("inputs.p == 'yes'"), "linux/arm64, linux/amd64", nil},
		{"what an output decides", one("steps.s.outputs.x == 'yes'"), "linux/arm64, linux/amd64", nil},
		{"what a script has set", one("env.SET == 'yes'"), "linux/arm64, linux/amd64", nil},
		{"whatever happened before", one("always()"), "linux/arm64, linux/amd64", nil},
		{"malformed", one("\"'(\""), "linux/arm64, linux/amd64", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, head+tt.steps)
			if len(doc.Builds) != 1 {
				t.Fatalf("%d builds", len(doc.Builds))
			}
			got := seen(doc.Builds[0])
			compare(t, tt.platforms, got.Platforms)
			if tt.each != nil {
				compare(t, tt.each, got.Each)
			}
		})
	}
}

func TestPlatformsThatRunImagesNeed(t *testing.T) {
	const arms = "on: push\njobs:\n  j:\n    strategy: {matrix: {include: [{on: ubuntu-latest, arch: amd64}, {on: ubuntu-24.04-arm, arch: arm64}]}}\n    runs-on: ${{ matrix.on }}\n    steps:\n"
	const one = "on: push\njobs:\n  j:\n    strategy: {matrix: {arch: [amd64, arm64]}}\n    runs-on: ubuntu-latest\n    steps:\n"
	tests := []struct {
		name, yaml string
		want       []string // reference: platforms
	}{
		{"the runner's", steps("      - run: docker run --rm arm64v8/alpine uname -a\n"), []string{"arm64v8/alpine: linux/amd64"}},
		{"asked for", steps("      - run: docker run --rm --platform=linux/arm64 alpine\n"), []string{"alpine: linux/arm64"}},
		{"under QEMU", steps("      - uses: docker/setup-qemu-action@v3\n      - run: docker run arm64v8/alpine\n"), []string{"arm64v8/alpine: "}},
		{"after binfmt is installed", steps("      - run: |\n          docker run --privileged tonistiigi/binfmt:test --install all\n          docker run arm64v8/alpine\n"), []string{"tonistiigi/binfmt:test: linux/amd64", "arm64v8/alpine: "}},
		{"QEMU comes too late", steps("      - run: docker run arm64v8/alpine\n      - uses: docker/setup-qemu-action@v3\n"), []string{"arm64v8/alpine: linux/amd64"}},
		{"an image for each row", one + "      - run: docker run test:build_${{ matrix.arch }}\n", []string{"test:build_amd64 test:build_arm64: "}},
		{"an image for each row and runner", arms + "      - run: docker run test:build_${{ matrix.arch }}\n", []string{"test:build_amd64: ", "test:build_arm64: "}},
		{"the same image on all runners", arms + "      - run: docker run example/tool\n", []string{"example/tool: linux/amd64", "example/tool: linux/arm64"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, use := range parse(t, tt.yaml).Images {
				if use.Platforms == nil {
					t.Error("all required platforms are needed")
				}
				got = append(got, strings.Join(written(use.References), " ")+": "+use.Platforms.String())
			}
			compare(t, tt.want, got)
		})
	}
}

func TestBuildsInferredFromPushes(t *testing.T) {
	const run = "      - run: |\n          "
	tests := []struct {
		name, yaml string
		want       []string // the tags of each inferred build
	}{
		{"built by make", steps(run + "make image\n          docker push example/app:1\n"), []string{"example/app:1"}},
		{"tagged again", steps(run + "make image\n          docker push ghcr.io/a:${{ steps.v.outputs.x }}\n          docker tag ghcr.io/a:1 a:latest\n          docker push a:latest\n"), []string{"ghcr.io/a:?", "a:latest"}},
		{"on each row", "on: push\njobs:\n  j:\n    strategy: {matrix: {b: [x, y]}}\n    runs-on: ubuntu-latest\n    steps:\n" + run + "docker push a/${{ matrix.b }}\n", []string{"a/x a/y"}},
		{"an image that is not known", steps(run + "make image\n          docker push $IMAGE\n"), []string{"?"}},
		{"by podman", steps(run + "make image\n          podman push example/app\n"), []string{"example/app"}},
		{"another one is pulled", steps(run + "docker pull example/base-$X\n          make image\n          docker push example/app-$X\n"), []string{"example/app-?"}},

		{"built here", steps(run + "docker build -t example/app .\n          docker push example/app\n"), nil},
		{"perhaps built here", steps(run + "docker build -t example/$APP .\n          docker push example/app\n"), nil},
		{"built here under a name of the metadata", steps("      - uses: docker/build-push-action@v6\n        with: {load: true, tags: '${{ steps.m.outputs.tags }}'}\n" + run + "docker push example/app\n"), nil},
		{"built by a bake file", steps("      - uses: docker/bake-action@v6\n        with: {load: true}\n" + run + "docker push example/app\n"), nil},
		{"pulled", steps(run + "docker pull other/app\n          docker tag other/app example/app\n          docker push example/app\n"), nil},
		{"perhaps pulled", steps(run + "docker pull $IMAGE\n          docker push example/app\n"), nil},
		{"loaded", steps(run + "docker load -i app.tar\n          docker push example/app\n"), nil},
		{"a list of images", steps(run + "podman manifest push example/app\n"), nil},
		{"a file", steps(run + "crane push app.tar example/app\n"), nil},
		{"to a registry on this machine", steps(run + "make image\n          docker push localhost:5000/app\n"), nil},
		{"from the store of containerd", steps(run + "echo '{\"features\": {\"containerd-snapshotter\": true}}' | sudo tee /etc/docker/daemon.json\n          make image\n          docker push example/app\n"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, b := range parse(t, tt.yaml).Builds {
				if !b.Inferred {
					continue
				}
				got = append(got, strings.Join(written(b.Tags), " "))
				if b.Push != facts.Yes || b.Platforms.State != facts.PlatformsAbsent || len(b.Runner) != 1 || !strings.Contains(b.Span.Text(), " push ") {
					t.Errorf("%+v", seen(b))
				}
			}
			compare(t, tt.want, got)
		})
	}
}

func TestMayBeSame(t *testing.T) {
	const h = facts.Hole
	tests := []struct {
		a, b string
		want bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{h, "anything", true},
		{"x/" + h, "x/y", true},
		{"x/y", "x/" + h, true},
		{"x/" + h, "y/y", false},
		{h + "/a", "r/a", true},
		{h + "/a", "r/b", false},
		{"ab" + h + "bc", "abc", false},
		{"ab" + h + "bc", "abbc", true},
		{"a" + h + "b" + h + "c", "axc", true},
		{"node-" + h, "node-base" + h, true},
		{"node-" + h, "hub-" + h, false},
		{h + "-x", h + "-y", false},
	}
	for _, tt := range tests {
		if got := mayBeSame(tt.a, tt.b); got != tt.want {
			t.Errorf("mayBeSame(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}

func TestPlatformsHandedToScripts(t *testing.T) {
	const workflow = "on: push\nenv:\n  PLATFORMS: linux/amd64\njobs:\n"
	job := func(env, steps string) string {
		if env != "" {
			env = "    env: {" + env + "}\n"
		}
		return "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n" + env + "    steps:\n" + steps
	}
	const image = "      - run: make -C images/app build\n"
	tests := []struct {
		name, yaml string
		want       []string // variable, place and value
	}{
		{"of the job", job("PLATFORMS: linux/amd64", image), []string{"PLATFORMS 5:22 linux/amd64"}},
		{"of the workflow, for several jobs", workflow + "  a:\n    runs-on: ubuntu-latest\n    steps:\n" + image + "  b:\n    runs-on: ubuntu-latest\n    steps:\n" + image, []string{"PLATFORMS 3:14 linux/amd64"}},
		{"of the step", job("", "      - run: docker login && ./hack/release.sh\n        env: {BUILD_PLATFORM: 'linux/amd64'}\n"), []string{"BUILD_PLATFORM 7:32 linux/amd64"}},
		{"after cd", job("PLATFORMS: linux/amd64", "      - run: |\n          cd images/app && make build\n"), []string{"PLATFORMS 5:22 linux/amd64"}},
		{"passed on", job("PLATFORM: linux/amd64", "      - run: make multi IMAGE=x PLATFORM=$PLATFORM\n"), []string{"PLATFORM 5:21 linux/amd64"}},
		{"make docker", job("PLATFORMS: linux/amd64", "      - run: make docker\n"), []string{"PLATFORMS 5:22 linux/amd64"}},

		{"of another step", job("", image+"      - run: echo\n        env: {PLATFORMS: linux/amd64}\n"), nil},
		{"read by a visible build", job("PLATFORMS: linux/amd64", image+"      - run: |\n          docker buildx build \\\n            --platform=$PLATFORMS .\n"), nil},
		{"read by an action", job("PLATFORMS: linux/amd64", image+"      - uses: docker/build-push-action@v6\n        with: {platforms: '${{ env.PLATFORMS }}'}\n"), nil},
		{"all of them where it is published", workflow + "  a:\n    runs-on: ubuntu-latest\n    env: {PLATFORMS: 'linux/amd64,linux/arm64'}\n    steps:\n" + image, []string{"PLATFORMS 7:23 linux/amd64,linux/arm64"}},
		{"no images", job("PLATFORM: linux/amd64", "      - run: make release\n"), nil},
		{"no build", job("PLATFORM: linux/amd64", "      - run: docker info && make lint\n"), nil},
		{"computed", job("PLATFORM: '${{ matrix.platform }}'", image), nil},
		{"no list", job("PLATFORM: a/b", image), nil},
		{"the engine's own", job("DOCKER_DEFAULT_PLATFORM: linux/amd64", image), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, b := range parse(t, tt.yaml).Builds {
				if b.Inferred {
					got = append(got, b.Tool+" "+place(b.Platforms.Span))
				}
			}
			compare(t, tt.want, got)
		})
	}
}

func TestVariablesWithPlatformsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("on: push\nenv:\n")
	for i := range 10 * maxHanded {
		b.WriteString("  PLATFORM_" + itoa(i) + ": linux/amd64\n")
	}
	b.WriteString("jobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make images\n")
	compare(t, maxHanded, len(parse(t, b.String()).Builds))
}

// What is pushed is the image of that tag, not each one of the repository.
func TestPushOfOneTagOfSeveral(t *testing.T) {
	f := source.New(".github/workflows/ci.yml", []byte(`on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          docker build -t example/cuda:11-base base
          docker build -t example/cuda:11-devel devel
          docker push example/cuda:11-devel
`))
	var got []string
	for _, b := range Parse(f, Options{}).Builds {
		got = append(got, fmt.Sprintf("%s push=%d", b.Tags[0].String(), b.Push))
	}
	want := []string{fmt.Sprintf("example/cuda:11-base push=%d", facts.No), fmt.Sprintf("example/cuda:11-devel push=%d", facts.Yes)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
