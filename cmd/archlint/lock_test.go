package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestABrokenLockIsWrittenAnew does what the message about such a lock says.
func TestABrokenLockIsWrittenAnew(t *testing.T) {
	for name, broken := range map[string]string{"empty": "", "a conflict": "<<<<<<< ours\nversion: 1\n", "another key": "version: 1\nimages:\n  x: {}\n"} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir(".git", 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{"Dockerfile": "FROM scratch\n", ".archlint.lock": broken} {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range []struct {
				command string
				want    int
			}{{"lock --check", exitUsage}, {"lock", exitClean}, {"lock --check", exitClean}} {
				if code := run(t.Context(), append(strings.Fields(step.command), "--cache-dir", "", "--config", os.DevNull)); code != step.want {
					t.Errorf("%s: exit code %d, want %d", step.command, code, step.want)
				}
			}
		})
	}
}

// TestTheLockDoesNotDependOnTheCache has what explain reads of an image, which is
// more than a run does, in the cache of one who checks and not of another.
func TestTheLockDoesNotDependOnTheCache(t *testing.T) {
	content := map[string]string{}
	add := func(kind, text string) string {
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))
		content["/v2/a/"+kind+"/"+digest] = text
		return digest
	}
	var entries []string
	for _, architecture := range []string{"amd64", "arm64"} {
		config := add("blobs", `{"os":"linux","architecture":"`+architecture+`"}`)
		manifest := add("manifests", fmt.Sprintf(`{"schemaVersion":2,"config":{"digest":%q},"layers":[{"digest":"sha256:%064d"}]}`, config, 1))
		entries = append(entries, fmt.Sprintf(`{"digest":%q,"platform":{"os":"linux","architecture":%q}}`, manifest, architecture))
	}
	content["/v2/a/manifests/1"] = `{"schemaVersion":2,"manifests":[` + strings.Join(entries, ",") + `]}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := content[r.URL.Path]
		if !ok && r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	reference := strings.TrimPrefix(s.URL, "http://") + "/a:1"
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("Dockerfile", []byte("FROM "+reference+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"lock --cache-dir one", "explain " + reference + " --cache-dir two", "lock --check --cache-dir two", "lock --check --cache-dir one"} {
		if command == "explain "+reference+" --cache-dir two" {
			_ = os.Rename(".archlint.lock", "kept") // so that the registry is asked
		}
		if code := run(t.Context(), append(strings.Fields(command), "--config", os.DevNull)); code != exitClean {
			t.Errorf("%s: exit code %d", command, code)
		}
		_ = os.Rename("kept", ".archlint.lock")
	}
}
