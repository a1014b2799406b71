package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
)

func TestMissingPlatforms(t *testing.T) {
	const head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"
	const arms = "on: push\njobs:\n  build:\n    strategy:\n      matrix:\n        include:\n" +
		"          - {runner: ubuntu-latest, arch: amd64}\n          - {runner: ubuntu-24.04-arm, arch: arm64}\n" +
		"    runs-on: ${{ matrix.runner }}\n    steps:\n"
	const push = "      - uses: docker/build-push-action@v6\n        with:\n          tags: example/app:1\n          push: "
	tests := []struct {
		name, workflow string
		want           []string // position, severity and message
	}{
		{"no list", head + push + "true\n", []string{
			"6:15 error example/app:1 is published for the runner's linux/amd64 only, as no platforms are given; linux/arm64 is missing",
		}},
		{"no list, pushed under a condition", head + push + "${{ github.ref_type == 'tag' }}\n", []string{
			"6:15 warning example/app:1 is published for the runner's linux/amd64 only, as no platforms are given; linux/arm64 is missing",
		}},
		{"a list without one", head + push + "true\n          platforms: linux/arm64\n", []string{
			"10:22 error example/app:1 is published for linux/arm64 only; linux/amd64 is missing",
		}},
		{"misspelt", head + push + "true\n          platform: linux/amd64,linux/arm64\n", []string{
			"10:11 error example/app:1 is published for the runner's linux/amd64 only; linux/arm64 is missing: the action has no input platform; it is called platforms",
		}},
		{"the list is on the wrong step", head + "      - uses: docker/setup-buildx-action@v3\n        with: {platforms: \"linux/amd64,linux/arm64\"}\n" + push + "true\n", []string{
			"8:15 error example/app:1 is published for the runner's linux/amd64 only, as no platforms are given; linux/arm64 is missing",
		}},
		{"docker build and push", head + "      - run: |\n          docker build -t example/app .\n          docker push example/app\n", []string{
			"7:11 error example/app is published for the runner's linux/amd64 only, as no platforms are given; linux/arm64 is missing",
		}},
		{"one finding for a step that a matrix repeats", strings.Replace(head, "    steps", "    strategy: {matrix: {d: [a, b]}}\n    steps", 1) + push + "true\n          context: ${{ matrix.d }}\n", []string{
			"7:15 error example/app:1 is published for the runner's linux/amd64 only, as no platforms are given; linux/arm64 is missing",
		}},
		{"named after an architecture", head + strings.Replace(push, "app:1", "app:1-amd64", 1) + "true\n", []string{
			"6:15 warning example/app:1-amd64 is published for the runner's linux/amd64 only, as no platforms are given; linux/arm64 is missing",
		}},
		{"the default of an input", strings.Replace(head, "on: push", "on: {workflow_call: {inputs: {p: {type: string, default: linux/amd64}}}}", 1) + push + "true\n          platforms: ${{ inputs.p }}\n", []string{
			"10:22 warning example/app:1 is published for linux/amd64 only; linux/arm64 is missing",
		}},

		{"latest, where only beta is for all", head + push + "true\n          platforms: linux/amd64\n" + strings.Replace(push, "app:1", "app:beta", 1) + "true\n          platforms: linux/amd64,linux/arm64\n", []string{
			"10:22 error example/app:1 is published for linux/amd64 only; linux/arm64 is missing",
		}},
		{"beta, where only latest is for all", head + strings.Replace(push, "app:1", "app:beta", 1) + "true\n          platforms: linux/amd64\n" + push + "true\n          platforms: linux/amd64,linux/arm64\n", nil},
		{"latest, where what is for all may be latest", head + push + "true\n          platforms: linux/amd64\n" + strings.Replace(push, "app:1", "app:${{ github.ref_name }}", 1) + "true\n          platforms: linux/amd64,linux/arm64\n", nil},
		{"a row of the matrix that is left behind", strings.Replace(head, "    steps", "    strategy:\n      matrix:\n        include:\n          - {v: a, p: \"linux/amd64,linux/arm64\"}\n          - {v: b, p: linux/amd64}\n    steps", 1) + push + "true\n          platforms: ${{ matrix.p }}\n", []string{
			"9:23 warning this row of the matrix publishes for linux/amd64 only, where others are for linux/arm64 too",
		}},
		{"named after another architecture than is built", head + strings.Replace(push, "app:1", "app:s390x", 1) + "true\n          platforms: linux/arm64\n", []string{
			"10:22 warning example/app:s390x is published for linux/arm64 only; linux/amd64 is missing",
		}},
		{"a bake file, for one platform, pushed", head + "      - uses: docker/bake-action@v5\n        with: {push: true, set: \"*.platform=linux/amd64\"}\n", []string{
			"7:45 error the image is published for linux/amd64 only; linux/arm64 is missing",
		}},
		{"a bake file, for one platform, tagged", head + "      - uses: docker/bake-action@v5\n        with:\n          set: |\n            app.platform=linux/amd64\n            app.tags=example/app\n", []string{
			"9:26 warning example/app is published for linux/amd64 only; linux/arm64 is missing",
		}},
		{"pushed, built by make", head + "      - run: make image\n      - run: docker push example/app:1\n", []string{
			"7:14 warning example/app:1 is pushed from the runner, as it was built there: for linux/amd64 only; linux/arm64 is missing",
		}},
		{"pushed by make's architecture only", head + "      - run: make image\n      - run: docker push example/app:1-amd64\n", []string{
			"7:14 warning example/app:1-amd64 is pushed from the runner, as it was built there: for linux/amd64 only; linux/arm64 is missing",
		}},
		{"handed to make", strings.Replace(head, "    steps", "    env: {PLATFORMS: linux/amd64}\n    steps", 1) + "      - run: make images\n", []string{
			"5:22 warning PLATFORMS is linux/amd64 only; linux/arm64 is missing from the images that are built with it",
		}},

		{"pushed, a name for each architecture", head + "      - run: make image\n      - run: docker push example/app-amd64:1 && docker push example/app-arm64:1\n", nil},
		{"pushed, a row for each platform on one runner", strings.Replace(head, "    steps", "    strategy: {matrix: {arch: [amd64, arm64]}}\n    steps", 1) + "      - run: make ARCH=${{ matrix.arch }} && docker push example/app:1\n", nil},
		{"pushed and merged", head + "      - run: docker push example/app:1\n      - run: docker buildx imagetools create -t example/app:all $(cat images)\n", nil},
		{"pushed by native runners", arms + "      - run: make image && docker push example/app:${{ github.sha }}-${{ matrix.arch }}\n", nil},
		{"pushed by make beside the real one", head + "      - run: docker push example/app:test\n" + push + "true\n          platforms: linux/amd64,linux/arm64\n", nil},
		{"named after the other architecture", head + strings.Replace(push, "app:1", "app:aarch64-slim", 1) + "true\n          platforms: linux/arm64\n", nil},
		{"a bake file, for one platform", head + "      - uses: docker/bake-action@v5\n        with: {targets: validate, set: \"*.platform=linux/arm64\"}\n", nil},
		{"a bake for each platform", head + "      - run: docker buildx bake --push --set *.platform=linux/amd64\n      - run: docker buildx bake --push --set *.platform=linux/arm64/v8,linux/arm/v7\n", nil},
		{"not pushed", head + push + "false\n", nil},
		{"nothing said about pushing", head + "      - uses: docker/build-push-action@v6\n", nil},
		{"loaded for a scan", head + "      - uses: docker/build-push-action@v6\n        with: {load: true, tags: scan}\n", nil},
		{"all of them", head + push + "true\n          platforms: linux/amd64,linux/arm64\n", nil},
		{"more than required", head + push + "true\n          platforms: linux/386,linux/amd64,linux/arm64/v8\n", nil},
		{"an input", head + push + "true\n          platforms: ${{ inputs.platforms }}\n", nil},
		{"fewer for pull requests", head + push + "true\n          platforms: ${{ github.event_name == 'pull_request' && 'linux/amd64' || 'linux/amd64,linux/arm64' }}\n", nil},
		{"a bake file", head + "      - uses: docker/bake-action@v5\n        with: {push: true}\n", nil},
		{"a runner that is not known", strings.Replace(head, "ubuntu-latest", "${{ inputs.runner }}", 1) + push + "true\n", nil},
		{"Windows", strings.Replace(head, "ubuntu-latest", "windows-2022", 1) + "      - run: |\n          docker build -t example/app .\n          docker push example/app\n        shell: bash\n", nil},
		{"native runners, by digest", arms + "      - uses: docker/build-push-action@v6\n        with: {outputs: \"type=image,name=example/app,push-by-digest=true,push=true\"}\n" +
			"  merge:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker buildx imagetools create -t example/app $(cat digests)\n", nil},
		{"native runners, a tag each", arms + strings.Replace(push, "app:1", "app:1-${{ matrix.arch }}", 1) + "true\n", nil},
		{"a row for each platform", strings.Replace(arms, "runner }}", "runner }}", 1) + push + "true\n          platforms: linux/${{ matrix.arch }}\n", nil},
		{"a job for each platform", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + push + "true\n" +
			"  b:\n    runs-on: ubuntu-24.04-arm\n    steps:\n" + push + "true\n", nil},
		{"a small one for the tests beside the real one", head + strings.Replace(push, "app", "test", 1) + "true\n" + push + "true\n          platforms: linux/amd64,linux/arm64\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range missingIn(t, repository{".github/workflows/w.yml": tt.workflow}) {
				at := f.Span.From()
				got = append(got, fmt.Sprintf("%d:%d %s %s", at.Line, at.Column, f.Severity, f.Message))
				if f.Help == "" {
					t.Error("no help")
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func missingIn(t *testing.T, r repository) []lint.Finding {
	t.Helper()
	var out []lint.Finding
	for _, f := range r.lint(t) {
		if f.Rule == "missing-platforms" {
			out = append(out, f)
		}
	}
	return out
}

func TestMissingPlatformsPublishedByAnotherWorkflow(t *testing.T) {
	const step = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n"
	r := repository{
		".github/workflows/ci.yml":      step + "          tags: registry.example/ci/app\n",
		".github/workflows/release.yml": step + "          tags: example/app\n          platforms: linux/amd64,linux/arm64\n",
	}
	if found := missingIn(t, r); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestMissingPlatformsFix(t *testing.T) {
	const setup = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"
	const ready = setup + "      - uses: docker/setup-qemu-action@v3\n      - uses: docker/setup-buildx-action@v3\n"
	const build = "      - uses: docker/build-push-action@v6\n        with:\n          push: true\n          platforms: "
	tests := []struct {
		name, workflow, want string // what stands in the place of the list
	}{
		{"plain", ready + build + "linux/amd64 # both soon\n", "linux/amd64,linux/arm64"},
		{"quoted", ready + build + "'linux/amd64'\n", "linux/amd64,linux/arm64"},
		{"without emulation", setup + build + "linux/amd64\n", ""},
		{"over lines", ready + build + "|\n            linux/amd64\n            linux/386\n", ""},
		{"computed", ready + build + "${{ format('linux/{0}', 'amd64') }}\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := missingIn(t, repository{".github/workflows/w.yml": tt.workflow})
			if len(found) != 1 {
				t.Fatalf("%d findings", len(found))
			}
			got := ""
			if fix := found[0].Fix; fix != nil {
				if !fix.Safe {
					t.Error("the fix is not safe")
				}
				at := fix.Edits[0].Span.Start - found[0].Span.Start
				text := found[0].Span.Text()
				got = text[:at] + fix.Edits[0].Text + text[at:]
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMissingPlatformsHandedToTests(t *testing.T) {
	const head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"
	const step = "      - uses: docker/build-push-action@v6\n        with:\n          push: true\n"
	release := head + step + "          target: production\n          tags: example/app\n          platforms: linux/amd64,linux/arm64\n"
	tests := []struct {
		name, tags, release string
		found               int
	}{
		{"the commit", "'${{ env.CACHE }}:app-${{ github.sha }}'", release, 0},
		{"the run", "|\n            registry.example/ci:${{ github.run_id }}\n            registry.example/ci:${{github.run_number}}", release, 0},
		{"a name that stays, too", "registry.example/ci:${{ github.sha }},registry.example/ci:latest", release, 1},
		{"released for one platform", "registry.example/ci:${{ github.sha }}", strings.Replace(release, ",linux/arm64", "", 1), 2},
		{"never released", "registry.example/ci:${{ github.sha }}", head, 1},
		{"another Dockerfile is released", "registry.example/ci:${{ github.sha }}", release + "          file: other/Dockerfile\n", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := repository{".github/workflows/ci.yml": head + step + "          target: development\n          tags: " + tt.tags + "\n", ".github/workflows/release.yml": tt.release}
			if found := missingIn(t, r); len(found) != tt.found {
				t.Errorf("%d findings, want %d: %v", len(found), tt.found, found)
			}
		})
	}
}
