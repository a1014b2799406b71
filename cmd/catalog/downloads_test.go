package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/catalog"
)

// A registry with what matters of the real one.
const registry = `packages:
  - type: github_release # all releases were looked at
    repo_owner: o
    repo_name: scanned
    version_constraint: "false"
    version_overrides:
      - version_constraint: semver("<= 1.0.0")
        asset: tool_{{.OS}}_{{.Arch}}
        format: raw
        supported_envs: [linux/amd64, darwin]
      - version_constraint: Version == "v1.2.0"
        no_asset: true
      - version_constraint: Version == "v2.0.0"
        asset: tool_{{trimV .Version}}_{{.OS}}_{{.Arch}}.{{.Format}}
        format: tar.gz
        supported_envs: [linux/amd64]
      - version_constraint: "true"
        asset: tool_{{trimV .Version}}_{{.OS}}_{{.Arch}}
        format: tar.gz
        replacements:
          amd64: x86_64
        overrides:
          - goos: windows
            format: zip
          - goos: linux
            goarch: arm64
            replacements:
              arm64: aarch64
  - type: github_release # written by hand
    name: o/r/hand
    repo_owner: o
    repo_name: r
    asset: hand-{{title .OS}}-{{.Arch}}-{{trimPrefix "hand-" .Version}}.zip
    supported_envs: [all]
    version_constraint: semver(">= 2.0.0") or Version in ["hand-1.9.1"]
    version_overrides:
      - version_constraint: semver("< 2.0.0")
        supported_envs: [amd64]
  - type: http
    repo_owner: o
    repo_name: http
    url: https://dl.example.com/{{.SemVer}}/tool.jar
  - type: http
    repo_owner: o
    repo_name: condition
    url: https://dl.example.com/{{.Version}}/{{if eq .OS "linux"}}x{{end}}-linux64
    supported_envs: [linux]
    overrides:
      - goos: linux
        goarch: arm64
        url: https://dl.example.com/{{.Version}}/arm64
        variants: [{key: libc, value: musl}]
      - goarch: arm64
        url: https://dl.example.com/{{.Version}}/linux_aarch64
        variants: [{key: libc, value: glibc}]
  - type: github_release # the 32-bit file
    repo_owner: o
    repo_name: arm
    asset: tool-{{.Arch}}
    replacements: {arm64: arm}
  - type: github_release
    repo_owner: o
    repo_name: ended
    version_constraint: "false"
    version_overrides:
      - version_constraint: semver("<= 1.0.0")
        asset: tool-{{.OS}}-{{.Arch}}.tar.gz
        format: tgz
      - version_constraint: "true"
        no_asset: true
  - type: github_release
    repo_owner: o
    repo_name: never
    asset: never.tgz
    supported_envs: [darwin, amd64]
  - type: go_install
    repo_owner: o
    repo_name: source
    path: example.com/source
  - type: github_release
    repo_owner: o
    repo_name: darwin
    asset: darwin.zip
    supported_envs: [darwin]
`

func TestReadRegistry(t *testing.T) {
	got, err := readRegistry([]byte(registry))
	if err != nil {
		t.Fatal(err)
	}
	const releases = "https://github.com/o/"
	at := func(repository, file string) string {
		return releases + repository + "/releases/download/{tag}/" + file
	}
	want := []catalog.Release{
		{Tool: "o/scanned", Range: "<=1.0.0", HasARM64: catalog.No, Since: ">1.0.0", Exceptions: "v2.0.0", Scanned: true, AMD64Word: "amd64", AMD64URL: at("scanned", "tool_linux_amd64")},
		{
			Tool: "o/scanned", Range: ">1.0.0,<v1.2.0", HasARM64: catalog.Yes, Since: ">1.0.0", Exceptions: "v2.0.0", Scanned: true, AMD64Word: "x86_64", ARM64Word: "aarch64",
			AMD64URL: at("scanned", "tool_{version}_linux_x86_64.tar.gz"), ARM64URL: at("scanned", "tool_{version}_linux_aarch64.tar.gz"),
		},
		{
			Tool: "o/scanned", Range: ">v1.2.0,<v2.0.0", HasARM64: catalog.Yes, Since: ">1.0.0", Exceptions: "v2.0.0", Scanned: true, AMD64Word: "x86_64", ARM64Word: "aarch64",
			AMD64URL: at("scanned", "tool_{version}_linux_x86_64.tar.gz"), ARM64URL: at("scanned", "tool_{version}_linux_aarch64.tar.gz"),
		},
		{
			Tool: "o/scanned", Range: "==v2.0.0", HasARM64: catalog.No, Since: ">1.0.0", Exceptions: "v2.0.0", Scanned: true, AMD64Word: "amd64",
			AMD64URL: at("scanned", "tool_{version}_linux_amd64.tar.gz"),
		},
		{
			Tool: "o/scanned", Range: ">v2.0.0", Latest: true, HasARM64: catalog.Yes, Since: ">1.0.0", Exceptions: "v2.0.0", Scanned: true, AMD64Word: "x86_64", ARM64Word: "aarch64",
			AMD64URL: at("scanned", "tool_{version}_linux_x86_64.tar.gz"), ARM64URL: at("scanned", "tool_{version}_linux_aarch64.tar.gz"),
		},
		{Tool: "o/r/hand", Range: "<hand-1.9.1", HasARM64: catalog.No, Since: ">=2.0.0", AMD64Word: "amd64", AMD64URL: at("r", "hand-Linux-amd64-{version}.zip")},
		{
			Tool: "o/r/hand", Range: "==hand-1.9.1", HasARM64: catalog.Yes, Since: ">=2.0.0", AMD64Word: "amd64", ARM64Word: "arm64",
			AMD64URL: at("r", "hand-Linux-amd64-{version}.zip"), ARM64URL: at("r", "hand-Linux-arm64-{version}.zip"),
		},
		{Tool: "o/r/hand", Range: ">hand-1.9.1,<2.0.0", HasARM64: catalog.No, Since: ">=2.0.0", AMD64Word: "amd64", AMD64URL: at("r", "hand-Linux-amd64-{version}.zip")},
		{
			Tool: "o/r/hand", Range: ">=2.0.0", Latest: true, HasARM64: catalog.Yes, Since: ">=2.0.0", AMD64Word: "amd64", ARM64Word: "arm64",
			AMD64URL: at("r", "hand-Linux-amd64-{version}.zip"), ARM64URL: at("r", "hand-Linux-arm64-{version}.zip"),
		},
		{
			Tool: "o/http", Range: "*", Latest: true, HasARM64: catalog.Yes, Since: "unknown",
			AMD64URL: "https://dl.example.com/{semver}/tool.jar", ARM64URL: "https://dl.example.com/{semver}/tool.jar",
		},
		{
			Tool: "o/condition", Range: "*", Latest: true, HasARM64: catalog.Yes, Since: "unknown", ARM64Word: "aarch64",
			AMD64URL: "https://dl.example.com/{tag}/{*}x{*}-linux64", ARM64URL: "https://dl.example.com/{tag}/linux_aarch64",
		},
		{Tool: "o/arm", Range: "*", Latest: true, HasARM64: catalog.Unknown, Since: "unknown", AMD64Word: "amd64", AMD64URL: at("arm", "tool-amd64")},
		{
			Tool: "o/ended", Range: "<=1.0.0", HasARM64: catalog.Yes, Since: "unknown", Scanned: true, AMD64Word: "amd64", ARM64Word: "arm64",
			AMD64URL: at("ended", "tool-linux-amd64.tar.gz"), ARM64URL: at("ended", "tool-linux-arm64.tar.gz"),
		},
		{Tool: "o/never", Range: "*", Latest: true, HasARM64: catalog.No, Since: "never", AMD64URL: at("never", "never.tgz")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConditions(t *testing.T) {
	for _, test := range []struct {
		condition string
		yes, no   string // versions, separated by spaces
		unread    bool
	}{
		{condition: "true", yes: "1.0.0"},
		{condition: "false", no: "1.0.0"},
		{condition: `semver("<= 1.2.0")`, yes: "v1.2.0 1.1.9 0.1", no: "1.2.1 2.0"},
		{condition: `semver(">= 1.0, < 2.0")`, yes: "1.0.0 1.9", no: "0.9 2.0.0"},
		{condition: `semver("!= 1.0.0")`, yes: "0.9 1.1", no: "1.0.0"},
		{condition: `semver("1.0.0") || Version == "v3.0.0"`, yes: "1.0.0 v3.0.0", no: "2.0.0 3.0.1"},
		{condition: `Version in ["v1.0.0", "v1.2.0","nightly"] or semver(">= 3.0.0")`, yes: "v1.0.0 v1.2.0 3.0.0", no: "1.1.0 2.0.0"},
		{condition: `(semver("> 1.0.0"))`, unread: true},
		{condition: `semver("> 1.0.0") and semver("<= 2.0.0")`, yes: "1.1.0 2.0.0", no: "1.0.0 2.1.0"},
		{condition: `semverWithVersion(">= 1.7.0", trimPrefix(Version, "tool-"))`, yes: "tool-1.7.0", no: "tool-1.6.0"},
		{condition: `Version == "nightly"`, no: "1.0.0"},
		{condition: `Version startsWith "rc/"`, unread: true},
		{condition: `semver("> x")`, unread: true},
	} {
		t.Run(test.condition, func(t *testing.T) {
			alternatives, unread := parseCondition(test.condition)
			if unread != test.unread {
				t.Fatalf("unread %v, want %v", unread, test.unread)
			}
			for _, version := range append(strings.Fields(test.yes), strings.Fields(test.no)...) {
				line := &versionLine{}
				line.add(alternatives)
				line.add([]condition{{{"==", version}}})
				points := line.sorted()
				for n, p := range points {
					if catalog.CompareVersions(p.text, version) != 0 {
						continue
					}
					want := strings.Contains(" "+test.yes+" ", " "+version+" ")
					if got := holds(alternatives, points, piece{n, true}); got != want {
						t.Errorf("%s: %v, want %v", version, got, want)
					}
				}
			}
		})
	}
}

func TestDownloadsFromCheckout(t *testing.T) {
	r := newRepository(t)
	commit := r.commit("2026-02-03", map[string]string{"registry.yaml": registry})
	out := filepath.Join(t.TempDir(), "downloads.gz")
	if err := run([]string{"downloads", "-from", r.dir, "-out", out}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	back, err := catalog.UnpackReleases(packed)
	if err != nil || len(back) != 14 {
		t.Errorf("%d rows, error %v", len(back), err)
	}
	sums, err := os.ReadFile(filepath.Join(filepath.Dir(out), "SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if want := catalog.Sum(back) + "  downloads 2026-02-03 " + commit + " 14 rows\n"; string(sums) != want {
		t.Errorf("SUMS is %q, want %q", sums, want)
	}

	for text, want := range map[string]string{"packages: [": "registry.yaml:", "packages: []\n": "no packages"} {
		r.commit("2026-02-04", map[string]string{"registry.yaml": text})
		err := run([]string{"downloads", "-from", r.dir, "-out", out}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	r.commit("2026-02-05", map[string]string{"registry.yaml": "", "x": "x"})
	err = run([]string{"downloads", "-from", r.dir, "-out", out}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "want a checkout of aquaproj/aqua-registry") {
		t.Errorf("error %v, want what to give", err)
	}
}

func FuzzReadRegistry(f *testing.F) {
	f.Add(registry)
	f.Add("packages:\n  - type: http\n    url: \"\"\n")
	f.Add("packages:\n  - type: github_release\n    asset: x{{.Arch}}\n    version_constraint: semver(\"> 1, < 0\")\n    version_overrides:\n      - version_constraint: Version in [\"1\", \"2-rc\"]\n        asset: y\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := readRegistry([]byte(text))
		if err != nil {
			return
		}
		for _, row := range rows {
			if row.AMD64URL == "" || row.Range == "" || row.Since == "" {
				t.Errorf("%+v", row)
			}
		}
	})
}
