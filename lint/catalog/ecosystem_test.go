package catalog

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// readEcosystem reads the source of the curated table.
func readEcosystem(t *testing.T) Ecosystem {
	t.Helper()
	text, err := os.ReadFile("ecosystem.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var table Ecosystem
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&table); err != nil {
		t.Fatal(err)
	}
	return table
}

func TestPackedEcosystemIsThatOfTheSource(t *testing.T) {
	packed, err := PackEcosystem(readEcosystem(t))
	if err != nil {
		t.Fatal(err)
	}
	want, err := inflate(packed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := inflate(ecosystemData)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Error("ecosystem.gz is not made from ecosystem.yaml: run go run ./cmd/catalog ecosystem -in lint/catalog/ecosystem.yaml -out lint/catalog/ecosystem.gz")
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	word := "amd64"
	table := Ecosystem{AsOf: "2026-11-01", Systems: []System{
		{Name: "b", Homepage: "https://b.example", Images: []ImageFact{{Refs: []string{"nginx:1"}, Versions: Versions{Since: "soon"}, Source: "x", Confidence: High}}},
		{Name: "a", Homepage: "https://a.example", Downloads: []DownloadFact{{URLs: []string{"a.example/{arch}"}, AMD64: &word, Versions: Versions{Since: "1.0"}, Confidence: "sure"}}},
	}}
	want := `b: nginx:1: arm64_since "soon" is neither a version nor always, never or unknown
b: nginx:1: want registry/repository, without a tag
a: is listed twice or not in alphabetical order
a: a.example/{arch}: confidence "sure" is none of high, medium, low
a: a.example/{arch}: no source
a: a.example/{arch}: arm64_since 1.0 without a word for arm64`
	err := table.Check()
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestEcosystemImages(t *testing.T) {
	c := Default()
	for _, test := range []struct {
		reference string
		known     bool
		arm64     bool
		guess     bool
		since     string
	}{
		{reference: "istio/proxyv2:1.14.3", known: true, since: "1.15.0"},
		{reference: "docker.io/istio/proxyv2:1.15.0-distroless", known: true, arm64: true, guess: true},
		{reference: "istio/proxyv2:1.15.0", known: true, arm64: true},
		{reference: "istio/proxyv2", known: true, arm64: true, guess: true},
		{reference: "istio/proxyv2:1.15.0-rc.1", known: true, since: "1.15.0"},
		{reference: "envoyproxy/envoy:v1.15.2", known: true, since: "1.16.0"},
		{reference: "envoyproxy/envoy:v1.23.0", known: true}, // broken
		{reference: "envoyproxy/envoy:distroless-v1.30.1", known: true, arm64: true},
		{reference: "envoyproxy/envoy:google-vrp-v1.35.12", known: true},
		{reference: "datadog/agent:6.16.1", known: true, guess: true, since: "6.17.0"},
		{reference: "datadog/agent:6.17.0", known: true, arm64: true, guess: true},
		{reference: "datadog/agent:7.16.0", known: true, guess: true, since: "7.17.0"},
		{reference: "datadog/agent:7", known: true, arm64: true, guess: true},
		{reference: "hashicorp/terraform:1.3.9", known: true, since: "1.3.10"},
		{reference: "hashicorp/terraform:1.3.10", known: true, arm64: true},
		{reference: "hashicorp/terraform:1.4.0", known: true, since: "1.4.3"},
		{reference: "hashicorp/terraform:1.4", known: true, arm64: true, guess: true},
		{reference: "quay.io/cilium/cilium:v1.9.18", known: true, since: "1.10.0"},
		{reference: "quay.io/cilium/cilium:v1.14.1", known: true, arm64: true},
		{reference: "mcr.microsoft.com/mssql/server:2022-latest", known: true},
		{reference: "mcr.microsoft.com/mssql/server", known: true},
		{reference: "minio/minio:RELEASE.2020-10-28T08-16-50Z", known: true, guess: true, since: "2020-11"},
		{reference: "minio/minio:RELEASE.2022-10-28T08-16-50Z", known: true, arm64: true, guess: true},
		{reference: "selenium/hub:4.20.0-20240425", known: true, since: "4.21.0-20240522"},
		{reference: "selenium/hub:4.21.0-20240522", known: true, arm64: true},
		{reference: "k8s.gcr.io/etcd:3.4.3-0", known: true, guess: true, since: "3.4.13-0"},
		{reference: "quay.io/keycloak/keycloak:16.1.1", known: true, since: "17.0.0"},
		{reference: "quay.io/keycloak/keycloak:17.0.0-legacy", known: true},
		{reference: "hashicorp/packer:light-1.7.0", known: true, since: "1.8.0"},
		{reference: "mailhog/mailhog:v1.0.1", known: true},
		{reference: "906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:2.8.0", known: true, since: "2.9.0"},
		// Not established, a tag that says nothing of its version, or one of another kind.
		{reference: "mcr.microsoft.com/azure-sql-edge:1.0.7"},
		{reference: "datadog/dogstatsd:7.32.0"},
		{reference: "grafana/grafana:main"},
		{reference: "quay.io/coreos/flannel:v0.12.0-amd64"},
		{reference: "quay.io/coreos/flannel:v9.9.9"}, // past the last one published there
		{reference: "istio/proxyv2:1.14.3@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{reference: "example.com/nobody/knows:1"},
		{reference: "UPPER CASE"},
		{reference: ""},
	} {
		t.Run(test.reference, func(t *testing.T) {
			got, ok := c.Image(test.reference)
			if ok != test.known {
				t.Fatalf("known %v, want %v: %+v", ok, test.known, got)
			}
			if !ok {
				return
			}
			if arm64 := len(got.Platforms.Missing(curatedCovers())) == 0; arm64 != test.arm64 || got.Guess != test.guess {
				t.Errorf("arm64 %v (guess %v), want %v (guess %v)", arm64, got.Guess, test.arm64, test.guess)
			}
			if got.Since["linux/arm64"] != test.since {
				t.Errorf("since %q, want %q", got.Since["linux/arm64"], test.since)
			}
			if len(got.Covers) != 2 || got.Source == "" || got.AsOf.IsZero() {
				t.Errorf("no provenance: %+v", got)
			}
		})
	}
}

func TestEveryUsableImageAnswersForLatestOrItsFirstVersion(t *testing.T) {
	c := Default()
	for _, s := range readEcosystem(t).Systems {
		for _, image := range s.Images {
			if !image.usable() || len(image.Tags) > 0 || components(image.Since) == 0 {
				continue
			}
			fact := image
			has, _, ok := fact.hasARM64(prefixOf(fact) + image.Since)
			if !ok || !has {
				t.Errorf("%s: %s at its first version %s: has %v, ok %v", s.Name, image.Refs[0], image.Since, has, ok)
			}
			if has, _, _ := fact.hasARM64("0.0.0"); has {
				t.Errorf("%s: %s: has arm64 at 0.0.0", s.Name, image.Refs[0])
			}
		}
	}
	if c.Date("ecosystem").IsZero() || c.Date("official").IsZero() || c.Date("downloads").IsZero() {
		t.Error("a table without a date")
	}
}

func prefixOf(f ImageFact) string {
	if len(f.Prefixes) > 0 {
		return f.Prefixes[0]
	}
	return ""
}

func TestCompareVersions(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"1.2.3", "1.2.3", 0},
		{"v1.2.3", "1.2.3", 0},
		{"1.2", "1.2.0", 0},
		{"1.10", "1.9", 1},
		{"1.0.0-rc.1", "1.0.0", -1},
		{"1.0.0-alpha", "1.0.0-beta", -1},
		{"1.0.0-alpine", "1.0.0", 0},
		{"2.0.0b18", "2.0.0b9", 1},
		{"8u212", "8u222", -1},
		{"1.247347.3b250378", "1.247347.3", 0}, // a build, not a beta
		{"2.0-rc3", "2.0.0-beta2", 1},
		{"2.0-rc3", "2.0.0", -1},
		{"2.0-rc3", "2.0.1", -1},
		{"1.2-alpine", "1.2.0", 0},
		{"1.247346.1b249759", "1.247347.3", -1},
		{"kustomize/v3.8.6", "3.8.5", 1},
		{"jq-1.6", "1.6", 0},
		{"bun-v1.0.0", "0.9.9", 1},
		{"RELEASE.2021-01-02", "2020-11", 1},
		{"99999999999999999999999", "99999999999999999999998", 1},
		{"", "0", 0},
	} {
		if got := CompareVersions(test.a, test.b); got != test.want {
			t.Errorf("CompareVersions(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := CompareVersions(test.b, test.a); got != -test.want {
			t.Errorf("CompareVersions(%q, %q) = %d, want %d", test.b, test.a, got, -test.want)
		}
	}
}
