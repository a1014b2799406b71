package catalog

import (
	"testing"

	"github.com/archlint/archlint/lint/arch"
)

func TestOfficialImages(t *testing.T) {
	c := Default()
	const (
		both      = "both"
		amd64Only = "amd64"
		neither   = "neither"
	)
	for _, test := range []struct {
		reference string
		want      string
		guess     bool
		since     string // of linux/arm64
	}{
		{reference: "mysql:5.7", want: amd64Only, since: "8.0"},
		{reference: "mysql:8.0.28", want: amd64Only, since: "8.0.29"},
		{reference: "mysql:8.0.32", want: both},
		{reference: "mysql", want: both},
		{reference: "docker.io/library/mysql:5.7.44", want: amd64Only, since: "8.0.29"},
		{reference: "docker.io/mysql:5.7", want: amd64Only, since: "8.0"},
		{reference: "index.docker.io/library/mysql:5.7", want: amd64Only, since: "8.0"},
		{reference: "library/mysql:5.7", want: amd64Only, since: "8.0"},
		{reference: "public.ecr.aws/docker/library/mysql:5.7", want: amd64Only, since: "8.0"},
		{reference: "node:20-alpine", want: both},
		{reference: "node:8.4.0", want: amd64Only, since: "8.5.0"}, // left before manifest lists
		{reference: "eclipse-temurin:17-jre-alpine", want: amd64Only, since: "21-jre-alpine"},
		{reference: "eclipse-temurin:17-jre", want: both},
		{reference: "debian:jessie", want: amd64Only},
		{reference: "centos:7", want: both},
		{reference: "centos:6", want: amd64Only, since: "7"},
		{reference: "php:5.6-jessie", want: amd64Only},
		{reference: "php:5.6.30", want: amd64Only, since: "5.6.31"},
		{reference: "python:2.7-alpine3.4", want: amd64Only, since: "2.7-alpine3.11"},
		{reference: "openjdk:8-jre-alpine", want: both},
		{reference: "openjdk:17-jdk-alpine", want: amd64Only},
		{reference: "elasticsearch:7.7.1", want: amd64Only, since: "7.8.0"},
		{reference: "sonarqube:8.9.9-community", want: amd64Only},
		{reference: "jenkins:2.60.3", want: amd64Only},
		{reference: "percona:8.0", want: amd64Only},
		{reference: "golang:1.22-windowsservercore-ltsc2022", want: neither},
		// Not listed: as the closest tag.
		{reference: "node:20.99.1-alpine3.99", want: both, guess: true},
		{reference: "mysql:5.7.99", want: amd64Only, guess: true, since: "8.0.29"},
		{reference: "eclipse-temurin:17.0.99_9-jre-alpine", want: amd64Only, guess: true},
		{reference: "debian:bookworm-20991231", want: both, guess: true},
		{reference: "percona:99", want: amd64Only, guess: true},
	} {
		t.Run(test.reference, func(t *testing.T) {
			got, ok := c.Image(test.reference)
			if !ok {
				t.Fatal("not known")
			}
			platforms := neither
			switch {
			case got.Platforms.Has(arch.LinuxAMD64) && got.Platforms.Has(arch.LinuxARM64):
				platforms = both
			case got.Platforms.Has(arch.LinuxAMD64):
				platforms = amd64Only
			}
			if platforms != test.want || got.Guess != test.guess {
				t.Errorf("got %s (guess %v) from %v, want %s (guess %v)", platforms, got.Guess, got.Platforms, test.want, test.guess)
			}
			if test.since != "" && got.Since["linux/arm64"] != test.since {
				t.Errorf("since %q, want %q", got.Since["linux/arm64"], test.since)
			}
			if test.want == both && got.Since["linux/arm64"] != "" {
				t.Errorf("since %q for an image that has it", got.Since["linux/arm64"])
			}
			if got.AsOf.IsZero() || got.Source == "" || got.Confidence == "" {
				t.Errorf("no provenance: %+v", got)
			}
		})
	}
}

func BenchmarkDecodeOfficial(b *testing.B) {
	for b.Loop() {
		if _, err := decodeOfficial(officialData); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEcosystem(b *testing.B) {
	for b.Loop() {
		if _, err := decodeEcosystem(ecosystemData); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeDownloads(b *testing.B) {
	for b.Loop() {
		if _, err := decodeDownloads(downloadsData); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImage(b *testing.B) {
	c := Default()
	c.Image("node:20")
	for _, reference := range []string{"node:20-alpine", "mysql:5.7", "node:20.99-alpine3.99", "quay.io/cilium/cilium:v1.9.0"} {
		b.Run(reference, func(b *testing.B) {
			for b.Loop() {
				c.Image(reference)
			}
		})
	}
}

func BenchmarkDownload(b *testing.B) {
	c := Default()
	url := "https://releases.hashicorp.com/terraform/\x00/terraform_\x00_linux_amd64.zip"
	c.Download(url)
	for b.Loop() {
		c.Download(url)
	}
}
