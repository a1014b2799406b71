package buildscript

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/source"
)

func TestParseFindsBuildArguments(t *testing.T) {
	tests := []struct{ name, path, text, want string }{
		{"make", "Makefile", "image:\n\tdocker build --build-arg ARCH=$(ARCH) --build-arg=OS=linux -t x .\n", "ARCH OS"},
		{"quoted", "build.sh", `docker build --build-arg "GOARCH=${a}" --build-arg 'B' .`, "B GOARCH"},
		{"list", "cloudbuild.yaml", "args:\n  - '--build-arg'\n  - 'ARCH=arm64'\n", "ARCH"},
		{"list on one line", "ci.sh", `["build", "--build-arg", "ARCH=arm64"]`, "ARCH"},
		{"python", "build.py", `cmd += ["--build-arg", f"TARGET_PLATFORM={p}"]`, "TARGET_PLATFORM"},
		{"kaniko", "ci.sh", "executor --build-arg ARCH=arm64", "ARCH"},
		{"buildctl", "ci.sh", "buildctl build --opt build-arg:ARCH=arm64", "ARCH"},
		{"bake", "docker-bake.hcl", "target \"x\" {\n  args = {\n    ARCH = \"arm64\"\n  }\n}\n", "ARCH"},
		{"list of a CI system", ".drone.yml", "settings:\n  build_args:\n    ARCH: arm64\n", "ARCH"},
		{"home assistant", "addon/build.yaml", "build_from:\n  amd64: x\n", "BUILD_ARCH BUILD_FROM BUILD_VERSION"},
		{"another build file", "addon/build.yaml", "steps: []\n", ""},
		{"nothing", "run.sh", "echo args: A=b\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Parse(source.New(tt.path, []byte(tt.text)))
			var got []string
			for _, b := range d.Builds {
				for name := range b.Args {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
