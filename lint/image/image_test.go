package image

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
)

const digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func TestParse(t *testing.T) {
	for _, test := range []struct {
		in, full, familiar string
	}{
		{"nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"},
		{"library/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"index.docker.io/library/nginx:1", "docker.io/library/nginx:1", "nginx:1"},
		{"amd64/nginx:1", "docker.io/amd64/nginx:1", "amd64/nginx:1"},
		{"nginx@" + digest, "docker.io/library/nginx@" + digest, "nginx@" + digest},
		{"nginx:1@" + digest, "docker.io/library/nginx:1@" + digest, "nginx:1@" + digest},
		{"localhost:5000/a/b", "localhost:5000/a/b:latest", "localhost:5000/a/b:latest"},
		{"localhost:5000/a@" + digest, "localhost:5000/a@" + digest, "localhost:5000/a@" + digest},
		{"ghcr.io/o/r/x:v1", "ghcr.io/o/r/x:v1", "ghcr.io/o/r/x:v1"},
	} {
		got, err := Parse(test.in)
		if err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		if got.String() != test.full || got.Familiar() != test.familiar {
			t.Errorf("%s: got %s, %s; want %s, %s", test.in, got, got.Familiar(), test.full, test.familiar)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%s: reads back as %+v, %v", test.in, again, err)
		}
	}
	for _, bad := range []string{"", "UPPER", "a b", "nginx:", "nginx@sha256:1", "${X}", "a\x00b", "https://x/y", "x@y@z", strings.Repeat("a", 2000), "-", ":", "@", "/"} {
		if got, err := Parse(bad); err == nil {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
}

func TestArchInName(t *testing.T) {
	for _, test := range []struct {
		reference, word, architecture, multi string
	}{
		{"amd64/nginx:1", "amd64", "amd64", "nginx:1"},
		{"docker.io/arm64v8/nginx", "arm64v8", "arm64", "docker.io/nginx"},
		{"arm32v7/nginx:1", "arm32v7", "arm", "nginx:1"},
		{"ghcr.io/o/amd64/app:1", "amd64", "amd64", "ghcr.io/o/app:1"},
		{"k8s.gcr.io/debian-base-amd64:v1", "amd64", "amd64", "k8s.gcr.io/debian-base:v1"},
		{"k8s.gcr.io/pause-arm64:3.1@" + digest, "arm64", "arm64", "k8s.gcr.io/pause:3.1"},
		{"prom/prometheus-linux-amd64:v2.10.0", "amd64", "amd64", "prom/prometheus:v2.10.0"},
		{"quay.io/pypa/manylinux2014_x86_64:2023", "x86_64", "amd64", "quay.io/pypa/manylinux2014:2023"},
		{"balenalib/aarch64-debian:buster", "aarch64", "arm64", "balenalib/debian:buster"},
		{"nginx:1.2-x86_64", "x86_64", "amd64", "nginx:1.2"},
		{"app:linux-arm64", "arm64", "arm64", "app"},
		{"app:amd64", "amd64", "amd64", "app"},
		{"localhost:5000/app:amd64", "amd64", "amd64", "localhost:5000/app"},
		{"aquasec/kube-bench:linux-amd64-v0.6.6", "amd64", "amd64", "aquasec/kube-bench:v0.6.6"},
		{"argoproj/argoexec:v2.11.0-linux-arm64", "arm64", "arm64", "argoproj/argoexec:v2.11.0"},
		{"fluent/fluent-bit:x86_64-1.3.0", "x86_64", "amd64", "fluent/fluent-bit:1.3.0"},
		{"confluentinc/cp-kafka:7.2.0.arm64", "arm64", "arm64", "confluentinc/cp-kafka:7.2.0"},
		{"app:7.4-x64", "x64", "amd64", "app:7.4"},
	} {
		word, architecture, ok := ArchInName(test.reference)
		if !ok || word != test.word || architecture != test.architecture {
			t.Errorf("%s: got %q %q %v, want %q %q", test.reference, word, architecture, ok, test.word, test.architecture)
		}
		if multi, ok := MultiPlatformName(test.reference); !ok || multi != test.multi {
			t.Errorf("%s: multi-platform name %q %v, want %q", test.reference, multi, ok, test.multi)
		}
	}
	for _, reference := range []string{
		"nginx", "nginx:1.25-alpine", "foo/foo-x64-toolchain:1", "dockcross/linux-arm64", "dockcross/linux-x64:latest",
		"messense/rust-musl-cross:aarch64-musl", "ghcr.io/cross-rs/aarch64-unknown-linux-gnu:0.2.5",
		"multiarch/qemu-user-static:x86_64-aarch64", "tonistiigi/binfmt:qemu-v6-arm64", "muslcc/i686:x86_64-linux-musl",
		"gcc:12-x86_64-mid-1", "redis:5-32bit", "amd64.example.com/app:1", "registry.amd64:5000/app", "ubuntu:jammy-linux64",
		"app-arm64e:1", "amd64", "x/amd64", "nginx:1@" + digest, "not an image-amd64", "app-amd64:1-arm64",
	} {
		if word, architecture, ok := ArchInName(reference); ok {
			t.Errorf("%s: got %q %q", reference, word, architecture)
		}
		if multi, ok := MultiPlatformName(reference); ok {
			t.Errorf("%s: got %q", reference, multi)
		}
	}
}

func TestIsWindows(t *testing.T) {
	for reference, want := range map[string]bool{
		"mcr.microsoft.com/windows/servercore:ltsc2022":         true,
		"mcr.microsoft.com/windows/nanoserver:1809":             true,
		"mcr.microsoft.com/windows:20H2":                        true,
		"mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-1809":      true,
		"mcr.microsoft.com/dotnet/framework/sdk:4.8":            true,
		"golang:1.22-windowsservercore-ltsc2022":                true,
		"microsoft/nanoserver":                                  true,
		"mcr.microsoft.com/dotnet/sdk:8.0":                      false,
		"nginx":                                                 false,
		"example.com/windows-exporter:1":                        false,
		"not an image":                                          false,
		"mcr.microsoft.com/powershell:nanoserver-ltsc2022":      true,
		"mcr.microsoft.com/dotnet/aspnet:8.0-windowsservercore": true,
	} {
		if got := IsWindows(reference); got != want {
			t.Errorf("%s: got %v, want %v", reference, got, want)
		}
	}
}

func TestMissingSpeaksOnlyOfWhatIsCovered(t *testing.T) {
	required := arch.Set{arch.LinuxAMD64, arch.LinuxARM64, {OS: "linux", Architecture: "s390x"}}
	for _, test := range []struct {
		name   string
		answer Answer
		want   string
	}{
		{"unknown", Answer{Reason: Offline}, ""},
		{"all", Answer{Known: true, Platforms: arch.Set{arch.LinuxAMD64}}, "linux/arm64, linux/s390x"},
		{"covered", Answer{Known: true, Platforms: arch.Set{arch.LinuxAMD64}, Covers: arch.Default()}, "linux/arm64"},
	} {
		if got := test.answer.Missing(required).String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// table is a source and a catalogue that know what is in them.
type table struct {
	asked   []string
	answers map[string]Answer
	facts   map[string]catalog.Image
}

func (s *table) Lookup(_ context.Context, references []Reference) map[Reference]Answer {
	answers := map[Reference]Answer{}
	for _, reference := range references {
		s.asked = append(s.asked, reference.String())
		answer, ok := s.answers[reference.String()]
		if !ok {
			answer = Answer{Reason: NotFound, Detail: "not found"}
		}
		answers[reference] = answer
	}
	return answers
}

type lock map[Reference]Answer

func (l lock) Image(reference Reference) (Answer, bool) { a, ok := l[reference]; return a, ok }

func (s *table) Image(reference string) (catalog.Image, bool) {
	fact, ok := s.facts[reference]
	return fact, ok
}

func TestResolveAsksInOrder(t *testing.T) {
	amd64, both := arch.Set{arch.LinuxAMD64}, arch.Default()
	day := time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC)
	since := map[string]string{"linux/arm64": "2.0"}
	newTable := func() *table {
		return &table{
			answers: map[string]Answer{
				"docker.io/library/multi:1":      {Known: true, Platforms: both, Provenance: FromRegistry},
				"docker.io/library/old:1":        {Known: true, Platforms: amd64, Provenance: FromRegistry},
				"docker.io/library/limited:1":    {Reason: RateLimited, Detail: "slow down"},
				"docker.io/library/forgotten:1":  {Reason: RateLimited, Detail: "slow down"},
				"docker.io/library/configured:1": {Known: true, Platforms: both, Provenance: FromRegistry},
			},
			facts: map[string]catalog.Image{
				"multi:1":               {Platforms: amd64, AsOf: day, Since: since, Advice: "move"},
				"old:1":                 {Platforms: amd64, AsOf: day, Since: since, Advice: "move", Source: "list"},
				"limited:1":             {Platforms: amd64, AsOf: day, Covers: both, Guess: true},
				"locked:1":              {Platforms: amd64, AsOf: day, Since: since, Advice: "move", Source: "list"},
				"exact:1-amd64":         {Platforms: both, AsOf: day},
				"guess:1-amd64":         {Platforms: both, AsOf: day, Guess: true},
				"docker.io/library/o:1": {Platforms: amd64, AsOf: day},
			},
		}
	}
	config := func(reference string) (arch.Set, bool) {
		if strings.HasPrefix(reference, "configured:") {
			return amd64, true
		}
		return nil, false
	}
	references := []string{
		"configured:1", "amd64/nginx:1", "exact:1-amd64", "guess:1-amd64", "multi:1", "docker.io/multi:1", "old:1", "limited:1",
		"forgotten:1", "gone:1", "locked:1", "multi:1", "NOT AN IMAGE",
	}
	locked := lock{{Registry: "docker.io", Repository: "library/locked", Tag: "1"}: {Known: true, Platforms: amd64, Provenance: FromLock, Digest: "sha256:1"}}
	source := newTable()
	got := New(Options{Config: config, Catalog: source, Lock: locked, Source: source}).Resolve(t.Context(), references)
	want := map[string]Answer{
		"configured:1":      {Known: true, Platforms: amd64, Provenance: FromConfig},
		"amd64/nginx:1":     {Known: true, Platforms: amd64, Provenance: FromName},
		"exact:1-amd64":     {Known: true, Platforms: both, Provenance: FromCatalogue, AsOf: day},
		"guess:1-amd64":     {Known: true, Platforms: amd64, Provenance: FromName},
		"multi:1":           {Known: true, Platforms: both, Provenance: FromRegistry},
		"docker.io/multi:1": {Known: true, Platforms: both, Provenance: FromRegistry},
		"old:1":             {Known: true, Platforms: amd64, Provenance: FromRegistry, Since: since, Advice: "move", Reference: "list"},
		"limited:1":         {Known: true, Platforms: amd64, Provenance: FromCatalogue, AsOf: day, Covers: both, Guess: true},
		"forgotten:1":       {Reason: RateLimited, Detail: "slow down"},
		"gone:1":            {Reason: NotFound, Detail: "not found"},
		"locked:1":          {Known: true, Platforms: amd64, Provenance: FromLock, Digest: "sha256:1", Since: since, Advice: "move", Reference: "list"},
		"NOT AN IMAGE":      {Reason: Invalid, Detail: `"NOT AN IMAGE" is not an image reference`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	slices.Sort(source.asked)
	asked := []string{"docker.io/library/forgotten:1", "docker.io/library/gone:1", "docker.io/library/limited:1", "docker.io/library/multi:1", "docker.io/library/old:1"}
	if diff := cmp.Diff(asked, source.asked); diff != "" {
		t.Errorf("asked\n%s", diff)
	}

	source = newTable()
	got = New(Options{Config: config, Lock: locked, Catalog: source}).Resolve(t.Context(), references)
	for reference, answer := range map[string]Answer{
		"configured:1": want["configured:1"], "amd64/nginx:1": want["amd64/nginx:1"], "limited:1": want["limited:1"], "locked:1": want["locked:1"],
		"old:1":  {Known: true, Platforms: amd64, Provenance: FromCatalogue, AsOf: day, Since: since, Advice: "move", Reference: "list"},
		"gone:1": {Reason: Offline, Detail: "not in the catalogue, and no registry was asked"},
	} {
		if diff := cmp.Diff(answer, got[reference]); diff != "" {
			t.Errorf("offline, %s\n%s", reference, diff)
		}
	}
	if len(source.asked) > 0 {
		t.Errorf("asked %v although offline", source.asked)
	}
}

// deadline is a source that tells when it has to be done.
type deadline struct{ at time.Time }

func (d *deadline) Lookup(ctx context.Context, references []Reference) map[Reference]Answer {
	d.at, _ = ctx.Deadline()
	return nil
}

func TestResolveBoundsTheTimeOfItsSource(t *testing.T) {
	source := &deadline{}
	got := New(Options{Source: source, Timeout: time.Hour}).Resolve(t.Context(), []string{"a:1"})
	if source.at.IsZero() || time.Until(source.at) > time.Hour {
		t.Errorf("to be done at %s", source.at)
	}
	if len(got) != 1 || got["a:1"].Known {
		t.Errorf("got %+v", got)
	}
}

func TestResolveWithTheEmbeddedCatalogue(t *testing.T) {
	got := New(Options{Catalog: catalog.Default()}).Resolve(t.Context(), []string{
		"mysql:5.7", "node:20-alpine", "quay.io/cilium/cilium:v1.9.0", "k8s.gcr.io/kube-proxy-amd64:v1.10.0", "arm64v8/traefik:1.7",
		"quay.io/coreos/flannel-arm64:v0.6.0", "quay.io/coreos/flannel:v0.12.0-arm64", "rhasspy/nothing:1",
	})
	for reference, want := range map[string]string{
		"mysql:5.7":                            "catalogue, missing linux/arm64",
		"node:20-alpine":                       "catalogue, missing ",
		"quay.io/cilium/cilium:v1.9.0":         "catalogue, missing linux/arm64",
		"k8s.gcr.io/kube-proxy-amd64:v1.10.0":  "catalogue, missing linux/arm64",
		"arm64v8/traefik:1.7":                  "name, missing linux/amd64",
		"quay.io/coreos/flannel-arm64:v0.6.0":  "name, missing linux/amd64",
		"quay.io/coreos/flannel:v0.12.0-arm64": "name, missing linux/amd64",
		"rhasspy/nothing:1":                    ", missing ",
	} {
		answer := got[reference]
		if have := string(answer.Provenance) + ", missing " + answer.Missing(arch.Default()).String(); have != want {
			t.Errorf("%s: got %q, want %q: %+v", reference, have, want, answer)
		}
	}
}
