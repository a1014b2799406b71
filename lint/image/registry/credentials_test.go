package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// home makes an empty home directory the user's, with helpers on the PATH that write
// down what they are asked.
func home(t *testing.T) (dir string, asked func() string) {
	t.Helper()
	dir = t.TempDir()
	for _, v := range []string{"DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	bin := filepath.Join(dir, "bin")
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	record := filepath.Join(dir, "asked")
	return dir, func() string {
		text, _ := os.ReadFile(record)
		_ = os.Remove(record)
		return strings.TrimSpace(string(text))
	}
}

// helper installs a credential helper.
func helper(t *testing.T, dir, name, answer string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the helpers are shell scripts")
	}
	write(t, filepath.Join(dir, "bin", "docker-credential-"+name), fmt.Sprintf("#!/bin/sh\necho \"%s $1 $(cat)\" >>%s/asked\nprintf '%%s' '%s'\n", name, dir, answer))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil { //nolint:gosec // helpers are run
		t.Fatal(err)
	}
}

// user returns the user name that a keychain has for a repository, or its token.
func user(t *testing.T, k authn.Keychain, repository string) string {
	t.Helper()
	r, err := name.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := k.Resolve(r)
	if err != nil {
		t.Fatal(err)
	}
	config, err := auth.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	if config.IdentityToken != "" {
		return "token " + config.IdentityToken
	}
	return config.Username
}

func TestKeychain(t *testing.T) {
	dir, asked := home(t)
	helper(t, dir, "one", `{"Username":"helped","Secret":"s"}`)
	helper(t, dir, "two", `{"Username":"<token>","Secret":"t"}`)
	// Each auth is NAME:s in base64.
	write(t, filepath.Join(dir, ".docker", "config.json"), `{
		"auths": {"https://index.docker.io/v1/": {"auth": "aHViOnM="}, "both.example": {"auth": "ZG9ja2VyOnM="}},
		"credHelpers": {"helped.example": "one", "token.example": "two", "broken.example": "missing"}}`)
	write(t, filepath.Join(dir, ".config", "containers", "auth.json"), `{
		"auths": {"quay.io/team": {"auth": "dGVhbTpz"}, "quay.io/team/app": {"auth": "YXBwOnM="}, "quay.io": {"auth": "cXVheTpz"},
		"both.example": {"auth": "cG9kbWFuOnM="}, "docker.io/team": {"auth": "aHVidGVhbTpz"}}}`)
	k := NewKeychain()
	for repository, want := range map[string]string{
		"nginx":                  "hub",
		"library/nginx":          "hub",
		"team/app":               "hubteam",
		"both.example/a":         "docker",
		"quay.io/other":          "quay",
		"quay.io/team/other":     "team",
		"quay.io/team/app":       "app",
		"quay.io/team/app/more":  "app",
		"quay.io/teams/other":    "quay",
		"helped.example/a":       "helped",
		"helped.example/b":       "helped",
		"token.example/a":        "token t",
		"broken.example/a":       "",
		"nobody.example/a":       "",
		"evil.both.example/a":    "",
		"both.example.evil.io/a": "",
	} {
		if got := user(t, k, repository); got != want {
			t.Errorf("%s: %q, want %q", repository, got, want)
		}
	}
	lines := strings.Split(asked(), "\n")
	if len(lines) != 2 {
		t.Errorf("helpers were run %d times: %q", len(lines), lines)
	}
}

func TestKeychainReadsTheFilesThatTheEnvironmentNames(t *testing.T) {
	dir, _ := home(t)
	write(t, filepath.Join(dir, "d", "config.json"), `{"auths": {"a.example": {"auth": "ZG9ja2VyOnM="}}}`)
	write(t, filepath.Join(dir, "r", "auth.json"), `{"auths": {"b.example": {"auth": "cmVnaXN0cnk6cw=="}}}`)
	write(t, filepath.Join(dir, "x", "containers", "auth.json"), `{"auths": {"b.example": {"auth": "cnVudGltZTpz"}, "c.example": {"auth": "cnVudGltZTpz"}}}`)
	write(t, filepath.Join(dir, "y", "containers", "auth.json"), `not JSON`)
	t.Setenv("DOCKER_CONFIG", filepath.Join(dir, "d"))
	t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(dir, "r", "auth.json"))
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(dir, "x"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "y"))
	k := NewKeychain()
	for repository, want := range map[string]string{"a.example/x": "docker", "b.example/x": "registry", "c.example/x": "runtime"} {
		if got := user(t, k, repository); got != want {
			t.Errorf("%s: %q, want %q", repository, got, want)
		}
	}
}

func TestCloudHelpersAreForTheirCloud(t *testing.T) {
	dir, asked := home(t)
	for _, h := range []string{"ecr-login", "gcloud", "acr-env"} {
		helper(t, dir, h, `{"Username":"`+h+`","Secret":"s"}`)
	}
	for registry, want := range map[string]string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com":      "ecr-login",
		"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com": "ecr-login",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn":  "ecr-login",
		"123456789012.dkr-ecr.eu-west-1.on.aws":             "ecr-login",
		"gcr.io":                                            "gcloud",
		"eu.gcr.io":                                         "gcloud",
		"europe-docker.pkg.dev":                             "gcloud",
		"corp.azurecr.io":                                   "acr-env",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil": "",
		"evil.io":              "",
		"gcr.io.evil":          "",
		"evilgcr.io":           "",
		"a.b.gcr.io":           "",
		"corp.azurecr.io.evil": "",
		"evil/123456789012.dkr.ecr.eu-west-1.amazonaws.com":  "",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com\nevil": "",
	} {
		auth, ok := cloudCredentials(t.Context(), registry)
		got := ""
		if ok {
			config, err := auth.Authorization()
			if err != nil {
				t.Fatal(err)
			}
			got = config.Username
		}
		if got != want {
			t.Errorf("%q: %q, want %q", registry, got, want)
		}
		if record := asked(); want != "" && record != want+" get "+registry || want == "" && record != "" {
			t.Errorf("%q: the helper was asked %q", registry, record)
		}
	}
}

func TestACloudHelperIsAskedOnlyWhereItIsNeeded(t *testing.T) {
	dir, asked := home(t)
	helper(t, dir, "test", `{"Username":"cloud","Secret":"s"}`)
	before := cloud
	t.Cleanup(func() { cloud = before })
	var l journal
	host, on := open(t, withToken(&l, func(user string, scopes []string) ([]string, int) {
		if user == "cloud" {
			return scopes, 0
		}
		var public []string
		for _, s := range scopes {
			if strings.Contains(s, "public") {
				public = append(public, s)
			}
		}
		return public, 0
	}))
	cloud = []cloudRegistry{{regexp.MustCompile("^" + regexp.QuoteMeta(host) + "$"), []string{"test"}}}
	for _, r := range []string{"/public:1", "/private:1", "/private2:1"} {
		push(t, host+r, both(t))
	}
	on.Store(true)
	c := client(t, Options{})
	c.cloud = true
	if got := c.lookUpOne(t.Context(), t, host+"/public:1"); !got.Known {
		t.Errorf("%+v", got)
	}
	if got := asked(); got != "" {
		t.Errorf("asked %q for a public image", got)
	}
	for r, a := range c.lookUpAll(t, host+"/private:1", host+"/private2:1") {
		if !a.Known {
			t.Errorf("%s: %+v", r, a)
		}
	}
	if got := asked(); got != "test get "+host {
		t.Errorf("asked %q", got)
	}
}
