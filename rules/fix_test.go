package rules

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/source"
)

// edits are the edits of a fix as package fix takes them.
func edits(f *lint.Fix) []fix.Edit {
	var out []fix.Edit
	for _, e := range f.Edits {
		out = append(out, fix.Edit{Path: e.Span.File.Path, Start: e.Span.Start, End: e.Span.End, Text: e.Text})
	}
	return out
}

// fixed returns the repository after the fixes of some findings.
func (r repository) fixed(findings []lint.Finding) repository {
	var plan fix.Plan
	for _, f := range findings {
		plan.Add(edits(f.Fix))
	}
	out := maps.Clone(r)
	for _, p := range plan.Paths() {
		out[p] = string(plan.Apply(p, []byte(r[p])))
	}
	return out
}

// uses are what the Dockerfiles of a repository make of a platform.
func (r repository) uses(p arch.Platform) map[string][]string {
	out := map[string][]string{}
	for path, text := range r {
		if kind, ok := discover.KindOf(path); ok && kind == facts.Dockerfile {
			d := format.Parse(r, r.has, nil)(kind, source.New(path, []byte(text)))
			out[path] = graph.Uses(d, p)
		}
	}
	return out
}

// checkFix applies one fix and asks what it owes: its finding is gone, no other has
// come, and a safe one leaves linux/amd64 as it was.
func checkFix(t *testing.T, r repository, before []lint.Finding, f lint.Finding) {
	t.Helper()
	changed := r.fixed([]lint.Finding{f})
	key := func(f lint.Finding) string {
		return f.Rule + " " + f.Span.File.Path + " " + f.Message
	}
	left := map[string]int{}
	for _, b := range before {
		left[key(b)]++
	}
	had := left[key(f)]
	now := 0
	for _, a := range changed.lint(t) {
		if key(a) == key(f) {
			now++
		}
		if left[key(a)]--; left[key(a)] < 0 {
			t.Errorf("%s\nthe fix of it brings\n%s\nin\n%s", describe(f), describe(a), changed[f.Span.File.Path])
		}
	}
	if now >= had {
		t.Errorf("%s\nis still there after its fix:\n%s", describe(f), changed[f.Span.File.Path])
	}
	if f.Fix.Safe {
		after := changed.uses(arch.LinuxAMD64)
		for path, uses := range r.uses(arch.LinuxAMD64) {
			if !graph.Keeps(uses, after[path]) {
				t.Errorf("%s\nthe fix of it changes %s for linux/amd64:\n%s", describe(f), path, cmp.Diff(uses, after[path]))
			}
		}
	}
	if f.Fix.Description == "" {
		t.Errorf("%s: the fix has no description", describe(f))
	}
}

// TestFixesOfAllTestData holds every fix of every mini repository to what a fix owes.
func TestFixesOfAllTestData(t *testing.T) {
	files, err := filepath.Glob("../testdata/rules/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	fixes := 0
	for _, file := range files {
		t.Run(strings.TrimPrefix(filepath.ToSlash(file), "../testdata/rules/"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := repository{}
			for _, f := range txtar.Parse(data).Files {
				r[f.Name] = string(f.Data)
			}
			before := r.lint(t)
			for _, f := range before {
				if f.Fix != nil {
					fixes++
					checkFix(t, r, before, f)
				}
			}
		})
	}
	if fixes == 0 {
		t.Error("no fix was tried")
	}
	t.Logf("%d fixes", fixes)
}

func TestFixes(t *testing.T) {
	const tool = "https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_"
	const node = "https://nodejs.org/dist/v20.0.0/node-v20.0.0-linux-"
	for _, test := range []struct {
		name, before, after string
		unsafe              bool
	}{
		{
			name:   "a download",
			before: "FROM alpine:3.20\nRUN wget " + tool + "amd64.zip\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\n",
		},
		{
			name:   "a download, declared",
			before: "FROM alpine:3.20\nARG TARGETARCH\nRUN wget \"" + tool + "amd64.zip\"\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget \"" + tool + "${TARGETARCH}.zip\"\n",
		},
		{
			name:   "a download, declared too late",
			before: "FROM alpine:3.20\nRUN wget " + tool + "amd64.zip\nARG TARGETARCH\nRUN echo $TARGETARCH\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\nARG TARGETARCH\nRUN echo $TARGETARCH\n",
		},
		{
			name:   "CRLF",
			before: "FROM alpine:3.20\r\nRUN wget " + tool + "amd64.zip\r\n",
			after:  "FROM alpine:3.20\r\nARG TARGETARCH\r\nRUN wget " + tool + "${TARGETARCH}.zip\r\n",
		},
		{
			name:   "single quotes",
			before: "FROM alpine:3.20\nRUN wget '" + tool + "amd64.zip'\n",
		},
		{
			name:   "exec form",
			before: "FROM alpine:3.20\nRUN [\"wget\", \"" + tool + "amd64.zip\"]\n",
		},
		{
			name:   "ADD",
			before: "FROM alpine:3.20\nADD " + tool + "amd64.zip /tmp/\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nADD " + tool + "${TARGETARCH}.zip /tmp/\n",
		},
		{
			name:   "ADD with a checksum",
			before: "FROM alpine:3.20\nADD --checksum=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " + tool + "amd64.zip /tmp/\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nADD --checksum=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " + tool + "${TARGETARCH}.zip /tmp/\n",
			unsafe: true,
		},
		{
			name:   "a checksum of one file",
			before: "FROM alpine:3.20\nRUN wget " + tool + "amd64.zip && echo 1234 x | sha256sum -c\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip && echo 1234 x | sha256sum -c\n",
			unsafe: true,
		},
		{
			name:   "a checksum by openssl",
			before: "FROM alpine:3.20\nRUN wget " + tool + "amd64.zip && openssl sha256 x | grep 1234\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip && openssl sha256 x | grep 1234\n",
			unsafe: true,
		},
		{
			name:   "the script has its own TARGETARCH",
			before: "FROM alpine:3.20\nRUN TARGETARCH=x; wget " + tool + "amd64.zip\n",
		},
		{
			name:   "a version without arm64",
			before: "FROM alpine:3.20\nRUN wget https://github.com/Yelp/dumb-init/releases/download/v1.2.2/dumb-init_1.2.2_amd64\n",
		},
		{
			name:   "uname -m",
			before: "FROM debian:12\nRUN set -eux; \\\n    curl -LO https://github.com/Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_x86_64\n",
			after:  "FROM debian:12\nRUN set -eux; \\\n    curl -LO https://github.com/Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_$(uname -m)\n",
		},
		{
			name:   "uname -m of the build machine is of no use",
			before: "FROM --platform=$BUILDPLATFORM debian:12 AS get\nRUN curl -Lo /init https://github.com/Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_x86_64\nFROM debian:12\nCOPY --from=get /init /init\n",
			after:  "FROM --platform=$BUILDPLATFORM debian:12 AS get\nARG TARGETARCH\nRUN case \"${TARGETARCH}\" in amd64) arch=x86_64 ;; arm64) arch=aarch64 ;; esac; \\\n    curl -Lo /init https://github.com/Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_${arch}\nFROM debian:12\nCOPY --from=get /init /init\n",
		},
		{
			name:   "a switch",
			before: "FROM debian:12\nRUN curl -LO " + node + "x64.tar.xz \\\n # the archive\n && tar xf node-v20.0.0-linux-x64.tar.xz\n",
			after:  "FROM debian:12\nARG TARGETARCH\nRUN case \"${TARGETARCH}\" in amd64) arch=x64 ;; arm64) arch=arm64 ;; esac; \\\n    curl -LO " + node + "${arch}.tar.xz \\\n # the archive\n && tar xf node-v20.0.0-linux-${arch}.tar.xz\n",
		},
		{
			name:   "a switch behind another escape character",
			before: "# syntax=docker/dockerfile:1\n# Escape = `\nFROM debian:12\nRUN curl -LO " + node + "x64.tar.xz\n",
			after:  "# syntax=docker/dockerfile:1\n# Escape = `\nFROM debian:12\nARG TARGETARCH\nRUN case \"${TARGETARCH}\" in amd64) arch=x64 ;; arm64) arch=arm64 ;; esac; `\n    curl -LO " + node + "${arch}.tar.xz\n",
		},
		{
			name:   "a switch where arch is taken",
			before: "FROM debian:12\nRUN arch=1; curl -LO " + node + "x64.tar.xz\n",
			after:  "FROM debian:12\nARG TARGETARCH\nRUN case \"${TARGETARCH}\" in amd64) target_arch=x64 ;; arm64) target_arch=arm64 ;; esac; \\\n    arch=1; curl -LO " + node + "${target_arch}.tar.xz\n",
		},
		{
			name:   "a switch in a here-document",
			before: "FROM debian:12\nRUN <<EOF\ncurl -LO " + node + "x64.tar.xz\nEOF\n",
			after:  "FROM debian:12\nARG TARGETARCH\nRUN <<EOF\ncase \"${TARGETARCH}\" in amd64) arch=x64 ;; arm64) arch=arm64 ;; esac\ncurl -LO " + node + "${arch}.tar.xz\nEOF\n",
		},
		{
			name:   "its name in the next instruction",
			before: "FROM alpine:3.20\nADD " + tool + "amd64.zip /tmp/\nRUN unzip /tmp/terraform_1.9.8_linux_amd64.zip\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nADD " + tool + "${TARGETARCH}.zip /tmp/\nRUN unzip /tmp/terraform_1.9.8_linux_${TARGETARCH}.zip\n",
		},
		{
			name:   "what is in the archive",
			before: "FROM alpine:3.20\nRUN curl -L https://get.helm.sh/helm-v3.16.2-linux-amd64.tar.gz | tar xz && mv linux-amd64/helm /usr/bin/ # amd64\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN curl -L https://get.helm.sh/helm-v3.16.2-linux-${TARGETARCH}.tar.gz | tar xz && mv linux-${TARGETARCH}/helm /usr/bin/ # amd64\n",
			unsafe: true, // for the comment, which is not understood
		},
		{
			name:   "an architecture of nobody's in the next instruction",
			before: "FROM alpine:3.20\nRUN wget " + tool + "amd64.zip\nRUN cp linux/amd64/x /x\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\nRUN cp linux/amd64/x /x\n",
			unsafe: true,
		},
		{
			name:   "a checksum in the next instruction",
			before: "FROM alpine:3.20\nRUN wget " + tool + "amd64.zip\nRUN echo 12 terraform_1.9.8_linux_amd64.zip | sha256sum -c\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\nRUN echo 12 terraform_1.9.8_linux_${TARGETARCH}.zip | sha256sum -c\n",
			unsafe: true,
		},
		{
			name:   "GOARCH",
			before: "FROM golang:1.23\nRUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /app .\n",
			after:  "FROM golang:1.23\nARG TARGETARCH\nRUN CGO_ENABLED=0 GOOS=linux GOARCH=${TARGETARCH} go build -o /app .\n",
		},
		{
			name:   "the variable GOARCH",
			before: "FROM golang:1.23 AS build\nENV GOOS=linux GOARCH=amd64\nRUN go build -o /app .\n",
			after:  "FROM golang:1.23 AS build\nARG TARGETARCH\nENV GOOS=linux GOARCH=${TARGETARCH}\nRUN go build -o /app .\n",
		},
		{
			name:   "JAVA_HOME",
			before: "FROM debian:12\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\n",
			after:  "FROM debian:12\nARG TARGETARCH\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-${TARGETARCH}\n",
		},
		{
			name:   "a library path",
			before: "FROM debian:12\nRUN ln -s /usr/lib/x86_64-linux-gnu/libfoo.so /usr/lib/libfoo.so\n",
			after:  "FROM debian:12\nRUN ln -s /usr/lib/$(uname -m)-linux-gnu/libfoo.so /usr/lib/libfoo.so\n",
		},
		{
			name:   "an apt repository",
			before: "FROM debian:12\nRUN echo \"deb [arch=amd64] https://download.docker.com/linux/debian bookworm stable\" > /etc/apt/sources.list.d/docker.list\n",
			after:  "FROM debian:12\nRUN echo \"deb [arch=$(dpkg --print-architecture)] https://download.docker.com/linux/debian bookworm stable\" > /etc/apt/sources.list.d/docker.list\n",
			unsafe: true,
		},
		{
			name:   "a default that shadows",
			before: "FROM alpine:3.20\nARG TARGETARCH=amd64\nRUN wget " + tool + "${TARGETARCH}.zip\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\n",
		},
		{
			name:   "a download, declared for later builds",
			before: "FROM alpine:3.20\nONBUILD ARG TARGETARCH\nRUN wget " + tool + "amd64.zip\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nONBUILD ARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\n",
		},
		{
			name:   "an official image of one architecture",
			before: "FROM amd64/alpine:3.20\n",
			after:  "FROM alpine:3.20\n",
		},
		{
			name:   "the image of another owner",
			before: "FROM example/amd64-alpine:3.20\n",
		},
		{
			name:   "an argument that is not declared",
			before: "FROM alpine:3.20\nRUN wget " + tool + "${TARGETARCH}.zip\n",
			after:  "FROM alpine:3.20\nARG TARGETARCH\nRUN wget " + tool + "${TARGETARCH}.zip\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := repository{"Dockerfile": test.before}
			before := r.lint(t)
			if len(before) != 1 {
				t.Fatalf("%d findings: %v", len(before), describeAll(before))
			}
			f := before[0]
			if test.after == "" {
				if f.Fix != nil {
					t.Errorf("fix %v", edits(f.Fix))
				}
				return
			}
			if f.Fix == nil {
				t.Fatalf("no fix for %s", describe(f))
			}
			if diff := cmp.Diff(test.after, r.fixed(before)["Dockerfile"]); diff != "" {
				t.Error(diff)
			}
			if f.Fix.Safe == test.unsafe {
				t.Errorf("safe %v", f.Fix.Safe)
			}
			checkFix(t, r, before, f)
		})
	}
}

func TestServicesAreUnpinned(t *testing.T) {
	const service = "services:\n  db:\n    image: redis:7.4\n"
	for name, test := range map[string]struct{ before, after string }{
		"a line of its own":          {service + "    platform: linux/amd64\n    restart: always\n", service + "    restart: always\n"},
		"quoted, the last, CRLF":     {strings.ReplaceAll(service+"    platform: \"linux/amd64\"", "\n", "\r\n"), strings.ReplaceAll(service, "\n", "\r\n")},
		"a reason behind it":         {service + "    platform: linux/amd64 # the plugin needs it\n", ""},
		"beside others":              {"services:\n  db: {image: redis:7.4, platform: linux/amd64}\n", ""},
		"an image that is not known": {"services:\n  db:\n    image: example/db:1\n    platform: linux/amd64\n", ""},
		"an image that is built":     {"services:\n  db:\n    build: https://github.com/example/db.git\n    platform: linux/amd64\n", ""},
		"shared by several": {
			"x-base: &base\n  platform: linux/amd64\n\n  # always\n  restart: always\nservices:\n  a:\n    <<: *base\n    image: redis:7.4\n  b:\n    <<: *base\n    image: postgres:16\n",
			"x-base: &base\n\n  # always\n  restart: always\nservices:\n  a:\n    <<: *base\n    image: redis:7.4\n  b:\n    <<: *base\n    image: postgres:16\n",
		},
		"all that is shared": {"x-base: &base\n  platform: linux/amd64\nservices:\n  a:\n    <<: *base\n    image: redis:7.4\n", ""},
		"shared with one that is for amd64": {
			"x-base: &base\n  platform: linux/amd64\nservices:\n  a:\n    <<: *base\n    image: redis:7.4\n  b:\n    <<: *base\n    image: mysql:5.7\n", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := repository{"compose.yaml": test.before}
			found := slices.DeleteFunc(r.lint(t), func(f lint.Finding) bool { return f.Rule != "pinned-platform" })
			if len(found) == 0 {
				t.Fatal("nothing is found")
			}
			f := found[0]
			if f.Fix == nil || test.after == "" {
				if f.Fix != nil || test.after != "" {
					t.Errorf("fix: %v", f.Fix != nil)
				}
				return
			}
			if diff := cmp.Diff(test.after, r.fixed(found[:1])["compose.yaml"]); diff != "" || !f.Fix.Safe {
				t.Errorf("safe %v\n%s", f.Fix.Safe, diff)
			}
			checkFix(t, r, r.lint(t), f)
		})
	}
}

// TestChecksumsAreNoticed reads the help of a download that is compared with one.
func TestChecksumsAreNoticed(t *testing.T) {
	const tool = "https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_amd64.zip"
	for text, want := range map[string]bool{
		"RUN wget " + tool + " && echo 12 x | sha256sum -c": true,
		"ADD --checksum=sha256:12 " + tool + " /":           true,
		"RUN wget " + tool: false,
	} {
		found := repository{"Dockerfile": "FROM alpine:3.20\n" + text + "\n"}.lint(t)
		if len(found) != 1 || strings.Contains(found[0].Help, "one for each platform") != want {
			t.Errorf("%s: %v", text, describeAll(found))
		}
	}
}

// TestFixesTogether applies all safe fixes of a file at once.
func TestFixesTogether(t *testing.T) {
	r := repository{"Dockerfile": "FROM golang:1.23 AS build\nENV GOARCH=amd64\nRUN go build -o /app .\nFROM debian:12\n" +
		"ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\n" +
		"RUN curl -LO https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_amd64.zip && \\\n" +
		"    curl -LO https://nodejs.org/dist/v20.0.0/node-v20.0.0-linux-x64.tar.xz\nCOPY --from=build /app /app\n"}
	before := r.lint(t)
	after := r.fixed(slices.DeleteFunc(before, func(f lint.Finding) bool { return f.Fix == nil || !f.Fix.Safe }))
	if left := after.lint(t); len(left) > 0 {
		t.Errorf("%v left in\n%s", describeAll(left), after["Dockerfile"])
	}
	if n := strings.Count(after["Dockerfile"], "ARG TARGETARCH\n"); n != 2 {
		t.Errorf("%d declarations in\n%s", n, after["Dockerfile"])
	}
	if diff := cmp.Diff(r.uses(arch.LinuxAMD64), after.uses(arch.LinuxAMD64)); diff != "" {
		t.Error(diff)
	}
}

// TestFixesThatAreNone are changes that would break what works on linux/amd64.
func TestFixesThatAreNone(t *testing.T) {
	const tool = "https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_"
	const node = "https://nodejs.org/dist/v20.0.0/node-v20.0.0-linux-"
	const build = "FROM --platform=$BUILDPLATFORM golang:1.23 AS build\n"
	const result = "\nFROM debian:12\nCOPY --from=build /app /app\n"
	for _, test := range []struct{ name, text string }{
		{"a download of a later build", "FROM debian:12\nONBUILD RUN wget " + tool + "amd64.zip\n"},
		{"a switch in a later build", "FROM debian:12\nONBUILD RUN wget " + node + "x64.tar.xz\n"},
		{"a variable of a later build", "FROM debian:12\nONBUILD ENV GOARCH=amd64\nONBUILD RUN go build -o /app .\n"},
		{"an argument of a later build", "FROM debian:12\nONBUILD RUN wget " + tool + "${TARGETARCH}.zip\n"},
		{"an argument that has to be first", build + "RUN exec go build -o /app ." + result},
		{"a builtin before it", build + "RUN command go build -o /app ." + result},
		{"a program before it", build + "RUN nice go build -o /app ." + result},
		{"a program with arguments before it", build + "RUN timeout 10 go build -o /app ." + result},
		{"a word that is a program in some shells", build + "RUN time go build -o /app ." + result},
		{"a file for other machines", "FROM debian:12\nRUN wget " + tool + "amd64.zip\nCOPY <<'END' /later.sh\nunzip terraform_1.9.8_linux_amd64.zip\nEND\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := repository{"Dockerfile": test.text}
			for _, f := range r.lint(t) {
				if f.Fix != nil && f.Fix.Safe {
					t.Errorf("%s\n%s", describe(f), r.fixed([]lint.Finding{f})["Dockerfile"])
				}
			}
		})
	}
}

// TestNoFixHidesAnotherFinding has downloads of which only one can be changed. What
// is right beside what is wrong counts for it, so the other would not be reported.
func TestNoFixHidesAnotherFinding(t *testing.T) {
	const tool = "https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_amd64.zip"
	for _, text := range []string{
		"FROM debian:12\nRUN curl -LO '" + tool + "'\nADD " + tool + " /x\n",
		"FROM debian:12\nADD " + tool + " /x\nRUN [\"curl\", \"-LO\", \"" + tool + "\"]\n",
		"FROM golang:1.23\nRUN GOARCH=amd64 go build -o /a ./a\nRUN sh -c 'GOARCH=amd64 go build -o /b ./b'\n",
		"FROM debian:12\nADD " + tool + " /x\nONBUILD ADD " + tool + " /x\n",
	} {
		r := repository{"Dockerfile": text}
		before := r.lint(t)
		if len(before) != 2 {
			t.Errorf("%d findings in\n%s", len(before), text)
		}
		var fixable []lint.Finding
		for _, f := range before {
			if f.Fix != nil {
				fixable = append(fixable, f)
			}
		}
		if len(fixable) == 0 {
			continue
		}
		changed := r.fixed(fixable)
		if left := changed.lint(t); len(left) < len(before)-len(fixable) {
			t.Errorf("%d of %d findings are fixed, and %d are left in\n%s", len(fixable), len(before), len(left), changed["Dockerfile"])
		}
	}
}
