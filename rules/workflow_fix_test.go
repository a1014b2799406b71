package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListsGetAnItem(t *testing.T) {
	for before, after := range map[string]string{
		"[linux/amd64]": "[linux/amd64, linux/arm64]", "['linux/amd64' ]": "['linux/amd64', 'linux/arm64' ]",
		"\n      - linux/amd64": "\n      - linux/amd64\n      - linux/arm64", "\n      - \"linux/amd64\" # c": "\n      - \"linux/amd64\"\n      - \"linux/arm64\" # c",
		"linux/amd64": "",
	} {
		const head = "kos:\n  - repository: example/ko\n    platforms: "
		r := repository{".goreleaser.yaml": head + before + "\n"}
		found := r.lint(t)
		if len(found) != 1 || (found[0].Fix == nil) != (after == "") {
			t.Errorf("%q: %v", before, describeAll(found))
			continue
		}
		if after == "" {
			continue
		}
		if diff := cmp.Diff(head+after+"\n", r.fixed(found)[".goreleaser.yaml"]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWorkflowFixes(t *testing.T) {
	const workflow = ".github/workflows/release.yml"
	const head = "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n"
	const setup = "      - uses: docker/setup-qemu-action@v3\n      - uses: docker/setup-buildx-action@v3\n"
	const build = "      - name: Build\n        uses: docker/build-push-action@v6\n        with:\n          context: .\n"
	const push = "          push: true\n          tags: example/app:1\n"
	const both = "          platforms: linux/amd64,linux/arm64\n"
	for _, test := range []struct {
		name, before, after string
	}{
		{name: "no list", before: head + setup + build + push, after: head + setup + build + both + push},
		{name: "no list, and nothing set up", before: head + build + push, after: head + setup + build + both + push},
		{name: "CRLF", before: strings.ReplaceAll(head+build+push, "\n", "\r\n"), after: strings.ReplaceAll(head+setup+build+both+push, "\n", "\r\n")},
		{
			name: "in a flow", before: head + setup + "      - uses: docker/build-push-action@v6\n        with: {push: true, tags: 'example/app:1'}\n",
			after: head + setup + "      - uses: docker/build-push-action@v6\n        with: {platforms: \"linux/amd64,linux/arm64\", push: true, tags: 'example/app:1'}\n",
		},
		{
			name: "steps that stand apart, with a comment", before: head + "\n      # The image.\n" + build + push,
			after: head + "\n" + strings.ReplaceAll(setup, "v3\n", "v3\n\n") + "      # The image.\n" + build + both + push,
		},
		{
			name: "misspelt", before: head + setup + build + "          platform: linux/amd64,linux/arm64\n" + push, after: head + setup + build + both + push,
		},
		{name: "misspelt, and not complete", before: head + setup + build + "          platform: linux/arm64\n" + push},
		{name: "actions by commit", before: head + strings.Replace(build, "@v6", "@"+strings.Repeat("a", 40)+" # v6", 1) + push},
		{
			name: "no list beside actions by commit", before: head + setup + strings.Replace(build, "@v6", "@"+strings.Repeat("a", 40)+" # v6", 1) + push,
			after: head + setup + strings.Replace(build, "@v6", "@"+strings.Repeat("a", 40)+" # v6", 1) + both + push,
		},
		{name: "loaded", before: head + setup + build + "          load: true\n" + push},
		{name: "a command", before: head + setup + "      - run: docker buildx build -t example/app --push .\n"},
		{
			name: "no QEMU", before: head + "      - uses: docker/setup-buildx-action@v3\n" + build + both + push,
			after: head + "      - uses: docker/setup-buildx-action@v3\n      - uses: docker/setup-qemu-action@v3\n" + build + both + push,
		},
		{
			name: "neither QEMU nor a builder", before: head + "      - run: |\n          docker buildx build --platform linux/arm64 --push -t example/arm:1 .\n",
		},
		{
			name:   "no builder",
			before: head + "      - uses: docker/setup-qemu-action@v3\n" + build + both + push,
			after:  head + setup + build + both + push,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := repository{workflow: test.before, "Dockerfile": "FROM alpine:3.22\nRUN apk add curl\n"}
			before := r.lint(t)
			if len(before) == 0 {
				t.Fatal("there is no finding")
			}
			want := test.after
			if want == "" {
				want = test.before
			}
			fixable := before[:0:0]
			for _, f := range before {
				if f.Fix != nil && (f.Rule == "missing-platforms" || len(before) == 1) {
					fixable = append(fixable, f)
					checkFix(t, r, before, f)
				}
			}
			if test.after == "" {
				for _, f := range before {
					if f.Fix != nil && f.Rule == "missing-platforms" {
						t.Errorf("fix %v", edits(f.Fix))
					}
				}
				return
			}
			if diff := cmp.Diff(want, r.fixed(fixable)[workflow]); diff != "" {
				t.Error(diff, describeAll(before))
			}
		})
	}
}
