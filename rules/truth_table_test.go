package rules

import (
	"strings"
	"testing"
)

// TestTruthTable holds the decisions that the whole is about: what looks alike and is
// right, and what looks harmless and is not.
func TestTruthTable(t *testing.T) {
	const (
		helm = "https://get.helm.sh/helm-v3.16.2-linux-"
		node = "https://nodejs.org/dist/v22.11.0/node-v22.11.0-linux-"
	)
	for _, test := range []struct {
		name  string
		files repository
		rule  string // "" for nothing at all
	}{
		// Right.
		{"case on uname", repository{"Dockerfile": "FROM debian:12\nRUN case \"$(uname -m)\" in x86_64) A=amd64;; aarch64) A=arm64;; esac; curl -LO " + helm + "$A.tar.gz\n"}, ""},
		{"sed on uname", repository{"Dockerfile": "FROM debian:12\nRUN ARCH=$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/'); curl -LO " + helm + "$ARCH.tar.gz\n"}, ""},
		{"sed for one only", repository{"Dockerfile": "FROM debian:12\nRUN ARCH=$(uname -m | sed s/x86_64/amd64/); curl -LO https://example.com/tool-$ARCH.tar.gz\n"}, ""},
		{"a conditional", repository{"Dockerfile": "FROM debian:12\nARG TARGETARCH\nRUN [ \"$TARGETARCH\" = amd64 ] && X=x64 || X=arm64; curl -LO " + node + "$X.tar.xz\n"}, ""},
		{"stages for each", repository{"Dockerfile": "FROM alpine:3.20 AS bin-amd64\nADD " + helm + "amd64.tar.gz /\nFROM alpine:3.20 AS bin-arm64\nADD " + helm + "arm64.tar.gz /\nFROM bin-${TARGETARCH}\n"}, ""},
		{"a default", repository{"Dockerfile": "FROM debian:12\nARG TARGETARCH\nRUN curl -LO " + helm + "${TARGETARCH:-amd64}.tar.gz\n"}, ""},
		{"both are fetched", repository{"Dockerfile": "FROM debian:12\nRUN curl -LO " + helm + "amd64.tar.gz && curl -LO " + helm + "arm64.tar.gz\n"}, ""},
		{"printed", repository{"Dockerfile": "FROM debian:12\nRUN echo \"linux/amd64 only\"\n"}, ""},
		{"a label", repository{"Dockerfile": "FROM debian:12\nLABEL arch=amd64\n"}, ""},
		{"a directory of its own", repository{"Dockerfile": "FROM debian:12\nRUN mkdir -p /opt/linux-amd64 && cp /etc/os-release /opt/linux-amd64/\n"}, ""},
		{"a cross build", repository{"Dockerfile": "FROM debian:12\nRUN dpkg --add-architecture arm64 && apt-get update && apt-get install -y libssl-dev:arm64\n"}, ""},
		{"a file for each", repository{"Dockerfile.amd64": "FROM debian:12\nRUN curl -LO " + helm + "amd64.tar.gz\n", "Dockerfile.arm64": "FROM debian:12\nRUN curl -LO " + helm + "arm64.tar.gz\n"}, ""},
		{"a cross-compiling builder", repository{"Dockerfile": "FROM --platform=$BUILDPLATFORM golang:1.23 AS build\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\n"}, ""},
		{"a platform that every build sets", repository{
			"Dockerfile":               "ARG BASE_PLATFORM=linux/amd64\nFROM --platform=${BASE_PLATFORM} debian:12\nRUN true\n",
			".github/workflows/ci.yml": "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        platform: [linux/amd64, linux/arm64]\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          load: true\n          build-args: BASE_PLATFORM=${{ matrix.platform }}\n",
		}, ""},

		{"an argument after a variable", repository{"Dockerfile": "FROM debian:12\nENV ARCH=amd64\nARG TARGETARCH\nARG ARCH=${TARGETARCH}\nRUN curl -LO " + helm + "${ARCH}.tar.gz\n"}, ""},
		{"an argument of the stage below", repository{"Dockerfile": "FROM debian:12 AS base\nARG TARGETARCH\nFROM base\nRUN curl -LO " + helm + "${TARGETARCH}.tar.gz\n"}, ""},
		{"several in one", repository{"Dockerfile": "FROM golang:1.23\nARG TARGETOS TARGETARCH GOARCH=$TARGETARCH\nRUN go build\n"}, ""},

		// Wrong.
		{"a default that shadows", repository{"Dockerfile": "FROM debian:12\nARG TARGETARCH=amd64\nRUN curl -LO " + helm + "${TARGETARCH}.tar.gz\n"}, "shadowed-target-arg"},
		{"undeclared", repository{"Dockerfile": "FROM debian:12\nRUN curl -LO " + helm + "${TARGETARCH}.tar.gz\n"}, "undeclared-target-arg"},
		{"a result of the build machine", repository{"Dockerfile": "FROM --platform=$BUILDPLATFORM debian:12\nCOPY app /app\nCMD [\"/app\"]\n"}, "build-platform-result"},
		{"case without arm64", repository{"Dockerfile": "FROM debian:12\nRUN case \"$(uname -m)\" in x86_64) A=amd64;; esac; curl -LO " + helm + "$A.tar.gz\n"}, "incomplete-arch-switch"},
		{"case that ends", repository{"Dockerfile": "FROM debian:12\nRUN case \"$(uname -m)\" in x86_64) A=amd64;; *) exit 1;; esac; curl -LO " + helm + "$A.tar.gz\n"}, "incomplete-arch-switch"},
		{"case that falls back", repository{"Dockerfile": "FROM debian:12\nRUN case \"$(uname -m)\" in armv7l) A=arm;; *) A=amd64;; esac; curl -LO " + helm + "$A.tar.gz\n"}, "arch-variable"},
		{"an argument used later", repository{"Dockerfile": "FROM debian:12\nARG CONDA_FILE=Miniconda3-latest-Linux-x86_64.sh\nRUN wget https://repo.anaconda.com/miniconda/$CONDA_FILE\n"}, "arch-download"},
		{"JAVA_HOME", repository{"Dockerfile": "FROM debian:12\nENV JAVA_HOME=/usr/lib/jvm/java-11-openjdk-amd64\n"}, "arch-path"},
		{"rustup", repository{"Dockerfile": "FROM rust:1.80\nRUN rustup target add x86_64-unknown-linux-musl && cargo build --target x86_64-unknown-linux-musl\n"}, "arch-target"},
		{"SDKMAN", repository{"Dockerfile": "FROM debian:12\nENV SDKMAN_PLATFORM=linuxx64\n"}, "arch-target"},
		{"64bit", repository{"Dockerfile": "FROM debian:12\nRUN wget https://github.com/aquasecurity/trivy/releases/download/v0.50.0/trivy_0.50.0_Linux-64bit.tar.gz\n"}, "arch-download"},
		{"a path of a builder", repository{"Dockerfile": "FROM golang:1.23 AS builder\nRUN make\nFROM scratch\nCOPY --from=builder /go/_output/linux/amd64/x /x\n"}, "arch-path"},
		{"an architecture as a platform", repository{"Dockerfile": "FROM --platform=amd64 debian:12\nCMD [\"sh\"]\n"}, "pinned-platform"},
		{"addresses that are handed on", repository{"Dockerfile": "FROM debian:12\nRUN echo https://example.com/a-amd64.tgz https://example.com/b-all.tgz | xargs -n1 curl -LO\n"}, "arch-download"},
		{"a target beside another program's", repository{"Dockerfile": "FROM debian:12\nRUN dotnet publish -r linux-x64 -o /o\nRUN GOARCH=arm64 go build\n"}, "arch-target"},
		{"cargo on the build machine", repository{"Dockerfile": "FROM --platform=$BUILDPLATFORM rust:1.80 AS build\nRUN cargo build --release\nFROM debian:12\nCOPY --from=build /target/release/app /app\n"}, "build-platform-result"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := test.files.lint(t)
			switch {
			case test.rule == "" && len(found) > 0:
				t.Errorf("found %s", strings.Join(describeAll(found), "\n"))
			case test.rule != "" && (len(found) == 0 || found[0].Rule != test.rule):
				t.Errorf("want %s, found %s", test.rule, strings.Join(describeAll(found), "\n"))
			}
		})
	}
}
