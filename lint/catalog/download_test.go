package catalog

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDownloads(t *testing.T) {
	c := Default()
	const gh = "https://github.com/"
	for _, test := range []struct {
		url       string
		arch      string
		arm64     Availability
		since     string
		before    bool
		words     string // amd64>arm64
		wordOnly  bool
		universal bool
	}{
		// A name without a word is amd64.
		{url: gh + "krallin/tini/releases/download/v0.19.0/tini", arch: "amd64", arm64: Yes, since: "0.11.0", words: ">-arm64"},
		{url: gh + "krallin/tini/releases/download/\x00/tini", arch: "amd64", arm64: Yes, since: "0.11.0", words: ">-arm64"},
		{url: gh + "krallin/tini/releases/download/v0.9.0/tini", arch: "amd64", arm64: No, since: "0.11.0", before: true, words: ">-arm64"},
		{url: gh + "opencontainers/runc/releases/download/v1.0.0-rc5/runc.amd64", arch: "amd64", arm64: No, since: "1.1.0-rc.1", before: true, words: "amd64>arm64", wordOnly: true},
		{url: gh + "opencontainers/runc/releases/download/v1.1.0/runc.amd64", arch: "amd64", arm64: Yes, since: "1.1.0-rc.1", words: "amd64>arm64", wordOnly: true},
		{url: gh + "krallin/tini/releases/download/v0.19.0/tini-arm64", arch: "arm64", arm64: Yes, since: "0.11.0", words: ">-arm64"},
		{url: gh + "krallin/tini/releases/download/v0.19.0/tini-static-amd64", arch: "amd64", arm64: Yes, since: "0.11.0", words: "amd64>arm64", wordOnly: true},
		{url: gh + "k3s-io/k3s/releases/download/v1.20.0%2Bk3s1/k3s", arch: "amd64", arm64: Yes, words: ">-arm64"},
		{url: gh + "stedolan/jq/releases/download/jq-1.6/jq-linux64", arch: "amd64", arm64: No, since: "after 1.6", before: true, words: "64>arm64"},
		{url: gh + "jqlang/jq/releases/download/jq-1.7/jq-linux64", arch: "amd64", arm64: Yes, since: "after 1.6", words: "64>arm64"},
		{url: gh + "istio/istio/releases/download/1.5.0/istio-1.5.0-linux.tar.gz", arch: "amd64", arm64: No, since: "1.6.0", before: true, words: ">arm64"},
		{url: gh + "ninja-build/ninja/releases/download/v1.10.2/ninja-linux.zip", arch: "amd64", arm64: No, since: "after 1.11.1", before: true, words: ">-aarch64"},
		{url: gh + "buildpacks/pack/releases/download/v0.30.0/pack-v0.30.0-linux.tgz", arch: "amd64", arm64: Yes, since: "after 0.24.1", words: ">arm64"},
		{url: gh + "getsops/sops/releases/download/v3.6.1/sops-v3.6.1.linux", arch: "amd64", arm64: No, since: "after 3.7.1", before: true, words: ">.arm64"},
		// A name with a word.
		{url: gh + "Yelp/dumb-init/releases/download/v1.2.2/dumb-init_1.2.2_amd64", arch: "amd64", arm64: No, since: "1.2.4", before: true, words: "amd64>aarch64"},
		{url: gh + "Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_x86_64", arch: "amd64", arm64: Yes, since: "1.2.4", words: "x86_64>aarch64", wordOnly: true},
		{url: "https://releases.hashicorp.com/terraform/1.2.0/terraform_1.2.0_linux_amd64.zip", arch: "amd64", arm64: Yes, since: "0.13.5", words: "amd64>arm64", wordOnly: true},
		{url: "https://releases.hashicorp.com/terraform/0.12.29/terraform_0.12.29_linux_amd64.zip", arch: "amd64", arm64: No, since: "0.12.30", before: true, words: "amd64>arm64", wordOnly: true},
		{url: "https://releases.hashicorp.com/terraform/0.12.30/terraform_0.12.30_linux_amd64.zip", arch: "amd64", arm64: Yes, since: "0.13.5", words: "amd64>arm64", wordOnly: true},
		{url: "https://releases.hashicorp.com/terraform/\x00/terraform_\x00_linux_amd64.zip", arch: "amd64", arm64: Yes, since: "0.13.5", words: "amd64>arm64", wordOnly: true},
		{url: gh + "docker/compose/releases/download/1.29.2/docker-compose-Linux-x86_64", arch: "amd64", arm64: No, since: "2.0.0", before: true, words: "x86_64>aarch64", wordOnly: true},
		{url: gh + "weaveworks/eksctl/releases/latest/download/eksctl_\x00_amd64.tar.gz", arch: "amd64", arm64: Yes, since: "0.30.0", words: "amd64>arm64", wordOnly: true},
		{url: gh + "kubernetes-sigs/kustomize/releases/download/kustomize%2Fv3.5.4/kustomize_v3.5.4_linux_amd64.tar.gz", arch: "amd64", arm64: No, since: "3.8.6", before: true, words: "amd64>arm64", wordOnly: true},
		{url: gh + "protocolbuffers/protobuf/releases/download/v21.1/protoc-21.1-linux-x86_64.zip", arch: "amd64", arm64: Yes, since: "3.5.0", words: "x86_64>aarch_64", wordOnly: true},
		{url: "https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip", arch: "amd64", arm64: Yes, since: "2.0.36", words: "x86_64>aarch64", wordOnly: true},
		{url: "https://storage.googleapis.com/kubernetes-release/release/\x00/bin/linux/amd64/kubectl", arch: "amd64", arm64: Yes, since: "after 1.2.7", words: "amd64>arm64", wordOnly: true},
		{url: "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest/linux_amd64/amazon-ssm-agent.rpm", arch: "amd64", arm64: Yes, since: "2.3.274.0", words: "amd64>arm64", wordOnly: true},
		{url: "https://chromedriver.storage.googleapis.com/2.40/chromedriver_linux64.zip", arch: "amd64", arm64: No, words: "linux64>"},
		{url: "https://nodejs.org/dist/v14.0.0/node-v14.0.0-linux-x64.tar.xz", arch: "amd64", arm64: Yes, since: "4.0.0", words: "x64>arm64", wordOnly: true},
		// From the wider table.
		{url: gh + "99designs/aws-vault/releases/download/v4.6.0/aws-vault-linux-amd64", arch: "amd64", arm64: No, since: "after 5.0.1", before: true, words: "amd64>arm64"},
		{url: gh + "99designs/aws-vault/releases/download/v6.0.0/aws-vault-linux-amd64", arch: "amd64", arm64: Yes, since: "after 5.0.1", words: "amd64>arm64", wordOnly: true},
		{url: gh + "99designs/aws-vault/releases/download/v6.0.0/aws-vault_linux_amd64.deb", arch: "amd64", arm64: Yes, since: "after 5.0.1", words: "amd64>"},
		{url: gh + "aakso/ssh-inscribe/releases/download/v0.1/sshi-linux-x86_64", arch: "amd64", arm64: No, words: "x86_64>"},
		// One for all.
		{url: "https://archive.apache.org/dist/maven/maven-3/3.6.3/binaries/apache-maven-3.6.3-bin.tar.gz", universal: true, arm64: Yes, words: ">"},
		{url: gh + "checkstyle/checkstyle/releases/download/checkstyle-10.0/checkstyle-10.0-all.jar", universal: true, arm64: Yes, words: ">"},
	} {
		t.Run(test.url, func(t *testing.T) {
			got, ok := c.Download(test.url)
			if !ok {
				t.Fatal("not known")
			}
			type summary struct {
				Arch      string
				ARM64     string
				Since     string
				Before    bool
				Words     string
				WordOnly  bool
				Universal bool
			}
			want := summary{test.arch, test.arm64.String(), test.since, test.before, test.words, test.wordOnly, test.universal}
			have := summary{got.Architecture, got.ARM64.String(), got.Since, got.BeforeARM64, got.AMD64Word + ">" + got.ARM64Word, got.WordOnly, got.Universal}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%+v\n%s", got, diff)
			}
			if got.Tool == "" || got.Source == "" || got.AsOf.IsZero() || got.Confidence == "" {
				t.Errorf("no provenance: %+v", got)
			}
			if test.wordOnly && got.ARM64URL == "" {
				t.Error("no URL for arm64")
			}
		})
	}
}

func TestDownloadsThatAreNotKnown(t *testing.T) {
	c := Default()
	for _, url := range []string{
		"https://github.com/krallin/tini/releases/download/v0.19.0/tini-\x00", // the architecture is in the unknown part
		"https://github.com/krallin/tini/releases/download/v0.19.0/tini\x00",
		"https://github.com/krallin/tini/releases/download/v0.19.0/\x00",
		"https://github.com/krallin/tini/releases/download/v0.19.0/tini.asc",
		"https://github.com/krallin/tini/archive/v0.19.0.tar.gz",
		"https://github.com/krallin/tini/archive/refs/tags/v0.19.0.tar.gz",
		"https://codeload.github.com/krallin/tini/tar.gz/v0.19.0",
		"https://releases.hashicorp.com/terraform/\x00/terraform_\x00_linux_\x00.zip",
		"https://releases.hashicorp.com/\x00/\x00/\x00_\x00_linux_amd64.zip", // of which tool?
		"https://github.com/docker/compose/releases/download/1.29.2/docker-compose-\x00-\x00",
		"https://github.com/\x00/\x00/releases/download/v1/x_linux_amd64",
		"https://\x00/tini",
		"https://example.com/tool_linux_amd64.tar.gz",
		"https://raw.githubusercontent.com/nobody/knows/master/install.sh",
		"https://github.com/helm/helm",
		"https://github.com",
		"https://", "", "\x00", "{", "{}", "github.com/a/b{",
		"https://github.com/krallin/tini/" + strings.Repeat("x/", 4000) + "tini",
	} {
		if got, ok := c.Download(url); ok {
			t.Errorf("%q: got %+v", url, got)
		}
	}
}

// Without the bounds of matcher these would not end while somebody waits.
func TestHostileURLsEnd(t *testing.T) {
	c := Default()
	for _, filler := range []string{"\x00", "\x00a", "\x00-", "0.", "-linux-", "\x00/"} {
		n := (maxURL - 60) / len(filler)
		c.Download("https://github.com/istio/istio/releases/download/" + strings.Repeat(filler, n))
		c.Download("https://dl.google.com/" + strings.Repeat(filler, n) + ".tar.gz")
	}
}

func TestReleasesReadBack(t *testing.T) {
	const at = "https://github.com/o/r/releases/download/{tag}/"
	rows := []Release{
		{Tool: "o/r", Range: "==v1.0.0", HasARM64: No, Since: ">v1.0.0", Exceptions: "v1.1.0", Scanned: true, AMD64Word: "x86_64", AMD64URL: at + "r-x86_64"},
		{
			Tool: "o/r", Range: ">v1.0.0", Latest: true, HasARM64: Yes, Since: ">v1.0.0", Exceptions: "v1.1.0", Scanned: true,
			AMD64Word: "x86_64", ARM64Word: "aarch64", AMD64URL: at + "r-x86_64", ARM64URL: at + "r-aarch64",
		},
		{Tool: "o/r/other", Range: "*", Latest: true, HasARM64: Yes, Since: "always", AMD64URL: at + "all.zip", ARM64URL: at + "all.zip"},
		{Tool: "x", Range: "*", Latest: true, HasARM64: Unknown, Since: "always", AMD64Word: "amd64", AMD64URL: "https://x.example/{version}/amd64"},
	}
	const commit = "0123456"
	packed, err := PackReleases(rows, time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC), commit)
	if err != nil {
		t.Fatal(err)
	}
	back, err := UnpackReleases(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, back); diff != "" {
		t.Error(diff)
	}
}

func TestOfficialReadBack(t *testing.T) {
	rows := []Row{
		{"b", "1.0", "linux/amd64"},
		{"b", "1.0.1", "linux/amd64,linux/arm64"},
		{"a", "latest", "windows/amd64"},
	}
	packed, err := PackOfficial(rows, time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC), "c0ffee")
	if err != nil {
		t.Fatal(err)
	}
	back, err := UnpackOfficial(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Row{rows[2], rows[0], rows[1]}, back); diff != "" {
		t.Error(diff)
	}
	if _, err := PackOfficial(append(rows, rows[0]), time.Time{}, ""); err == nil {
		t.Error("a tag that is listed twice is packed")
	}
}

func TestDamagedTablesAnswerNothing(t *testing.T) {
	packed := func(text string) []byte {
		b, err := deflate(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, bad := range [][]byte{
		nil, []byte("x"), packed(""), packed("official x\n"), packed("official 2026-01-01\nlinux/amd64\n"),
		packed("official 2026-01-01\nlinux/amd64\n\n~a\n!1\t7\n"), packed("official 2026-01-01\nlinux/amd64\n\n~a\n\x7f1\t0\n~"),
		packed("downloads 2026-01-01\nx"), packed("downloads 2026-01-01\n@github.com/a/b\n:\nx\n"), packed("{"), packed(`{"as_of":"x"}`),
	} {
		c := newCatalog(bad, bad, bad)
		if got, ok := c.Image("a:2"); ok && len(got.Platforms) == 0 {
			t.Errorf("%q answers %+v", bad, got)
		}
		if got, ok := c.Download("https://github.com/a/b/releases/download/v1/b"); ok {
			t.Errorf("%q answers %+v", bad, got)
		}
	}
}
