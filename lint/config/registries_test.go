package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRegistries(t *testing.T) {
	got := load(t, `
registries:
  allow: [docker.io, "*.corp.example", "localhost:5000"]
  deny: [old.corp.example]
  concurrency: 8
  requests: 500
  tag-age: 90m
  verify: true
  mirrors:
    docker.io: [mirror.gcr.io, "registry.corp.example/hub/cache"]
`).Registries
	want := &Registries{
		Allow: []string{"docker.io", "*.corp.example", "localhost:5000"}, Deny: []string{"old.corp.example"},
		Concurrency: 8, Requests: 500, TagAge: 90 * time.Minute, Verify: true,
		Mirrors: map[string][]string{"docker.io": {"mirror.gcr.io", "registry.corp.example/hub/cache"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for host, ok := range map[string]bool{
		"docker.io": true, "a.corp.example": true, "A.corp.example": true, "localhost:5000": true,
		"old.corp.example": false, "corp.example": false, "a.b.corp.example": false, "localhost": false, "ghcr.io": false, "docker.io.evil": false,
	} {
		if why, allowed := got.Allows(host); allowed != ok || allowed != (why == "") {
			t.Errorf("%s: %v (%s)", host, allowed, why)
		}
	}
	if _, ok := (*Registries)(nil).Allows("ghcr.io"); !ok {
		t.Error("without a configuration not all are allowed")
	}
	if _, ok := (&Registries{Deny: []string{"ghcr.io"}}).Allows("quay.io"); !ok {
		t.Error("what is not denied is not allowed")
	}
}

func TestRegistriesProblems(t *testing.T) {
	for text, want := range map[string]string{
		"registries: [docker.io]":                           ".archlint.yaml:1:13: registries must be a mapping",
		"registries: {mirror: {}}":                          `.archlint.yaml:1:14: unknown key "mirror"; did you mean "mirrors"?`,
		"registries: {foo: 1}":                              `.archlint.yaml:1:14: unknown key "foo"; known are allow, deny, private, insecure, concurrency, requests, tag-age, verify, mirrors`,
		"registries: {concurrency: 0}":                      ".archlint.yaml:1:27: concurrency must be a number from 1 to 64",
		"registries: {concurrency: many}":                   ".archlint.yaml:1:27: concurrency must be a number from 1 to 64",
		"registries: {requests: -1}":                        ".archlint.yaml:1:24: requests must be a number from 1 to 1000000",
		"registries: {tag-age: 5}":                          ".archlint.yaml:1:23: tag-age must be a time such as 30m or 24h, 720h at most",
		"registries: {tag-age: 1000h}":                      ".archlint.yaml:1:23: tag-age must be a time such as 30m or 24h, 720h at most",
		"registries: {verify: maybe}":                       ".archlint.yaml:1:22: verify must be true or false",
		"registries: {allow: ['https://docker.io']}":        ".archlint.yaml:1:22: write the registry without https://",
		"registries: {allow: ['docker.io/library']}":        `.archlint.yaml:1:22: "docker.io/library" is not a registry such as docker.io or registry.example.com:5000`,
		"registries: {mirrors: {docker.io: ['a b']}}":       `.archlint.yaml:1:36: "a b" is not a registry such as docker.io or registry.example.com:5000`,
		"registries: {mirrors: {docker.io: ['*.corp']}}":    `.archlint.yaml:1:36: "*.corp" is not a registry such as docker.io or registry.example.com:5000`,
		"registries: {mirrors: {docker.io: ['a.b/../c']}}":  `.archlint.yaml:1:36: "../c" is not a path before names of images`,
		"registries: {mirrors: {'docker.io/x': [a.b]}}":     `.archlint.yaml:1:24: "docker.io/x" is not a registry such as docker.io or registry.example.com:5000`,
		"registries: {deny: [registry]}":                    `.archlint.yaml:1:21: "registry" is no registry in a reference: registry/app is docker.io/registry/app; a registry has a dot or a port`,
		"registries: {mirrors: {registry: [a.b]}}":          `.archlint.yaml:1:24: "registry" is no registry in a reference: registry/app is docker.io/registry/app; a registry has a dot or a port`,
		"registries: {mirrors: {docker.io: mirror.gcr.io}}": ".archlint.yaml:1:35: the mirrors of docker.io must be a list",
	} {
		_, err := Load(Name, []byte(text), Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestOtherNamesOfRegistries asks for hosts by what leads to the same place.
func TestOtherNamesOfRegistries(t *testing.T) {
	got := load(t, `
registries:
  deny: [index.docker.io, "*.corp.example"]
  mirrors:
    registry-1.docker.io: [mirror.gcr.io]
`).Registries
	for _, host := range []string{"docker.io", "index.docker.io", "docker.io:443", "docker.io.", "a.corp.example:443", "a.corp.example.", "A.corp.example.:443"} {
		if _, ok := got.Allows(host); ok {
			t.Errorf("%s is allowed", host)
		}
	}
	if diff := cmp.Diff(map[string][]string{"docker.io": {"mirror.gcr.io"}}, got.Mirrors); diff != "" {
		t.Error(diff)
	}
}
