package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestASlowRegistryDoesNotKeepFindingsBack has a registry answer so slowly that the
// time of the run would be over.
func TestASlowRegistryDoesNotKeepFindingsBack(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	text := "FROM --platform=linux/amd64 " + strings.TrimPrefix(s.URL, "http://") + "/a:1\n"
	if err := os.WriteFile("Dockerfile", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]int{"": exitFindings, "--fix --diff": exitFindings, "lock": exitFailure} {
		args := append(strings.Fields(command), "--timeout", "2s", "--cache-dir", "", "--config", os.DevNull)
		if code := run(t.Context(), args); code != want {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}
