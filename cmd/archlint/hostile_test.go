package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/archlint/archlint/lint/report"
)

// inRepository makes a repository of files the working directory.
func inRepository(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

// TestBeyondABoundThereIsAProblem has repositories of which each goes beyond one bound of
// docs/security.md: nothing fails, and the report says that something was not read.
func TestBeyondABoundThereIsAProblem(t *testing.T) {
	many := strings.Repeat
	lines := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const workflow = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"
	const pod = "apiVersion: v1\nkind: Pod\nspec:\n"
	aliases := "a: &a [x,x,x,x,x,x,x,x,x]\n" + lines(11, "%[1]d: &b%[1]d [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n")
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"a large file":               {map[string]string{"Dockerfile": "FROM a\n" + many("# 3456789\n", 500_000)}, "larger than the limit"},
		"a large .gitignore":         {map[string]string{".gitignore": many("x\n", 200_000), "Dockerfile": "FROM scratch\n"}, "not honoured"},
		"tiring .gitignore":          {map[string]string{".gitignore": lines(2000, many("*a", 60)+"%d\n"), many("a", 120) + "/" + many("a", 200) + ".Dockerfile": "FROM scratch\n", "Dockerfile": "FROM scratch\n"}, ""},
		"large YAML":                 {map[string]string{"compose.yaml": "services:\n" + lines(90_000, "  s%d: {}\n")}, "larger than 1024 KiB"},
		"many documents":             {map[string]string{"compose.yaml": many("---\nservices: {}\n", 1100)}, "more than 1000 YAML documents"},
		"aliases in Compose":         {map[string]string{"compose.yaml": "x: &x {" + lines(200, "k%d: v, ") + "}\nservices:\n" + lines(3000, "  s%d: {image: a, <<: *x}\n")}, "stand for too much"},
		"aliases in a workflow":      {map[string]string{".github/workflows/w.yml": aliases + "on: push\njobs: {j: {runs-on: x, steps: [*b1, *b2], env: {x: *b3}, y: [" + many("*b4,", 3000) + "]}}\n"}, "alias"},
		"Compose files":              {map[string]string{"compose.yaml": "include:\n" + lines(200, "- c%d.yaml\n") + "services: {}\n"}, "more than 100|files"},
		"instructions":               {map[string]string{"Dockerfile": "FROM scratch\n" + many("USER a\n", 21_000)}, "more than 20000|instructions"},
		"stages":                     {map[string]string{"Dockerfile": lines(1100, "FROM scratch AS s%d\n")}, "more than 1000 stages"},
		"a long instruction":         {map[string]string{"Dockerfile": "FROM scratch\nRUN " + many("x", 1<<20) + "\n"}, "long"},
		"deep HCL":                   {map[string]string{"docker-bake.hcl": "target \"a\" { args = " + many("[", 99) + many("]", 99) + " }\n"}, "nest"},
		"operators of HCL":           {map[string]string{"docker-bake.hcl": "x = " + many("!", 300_000) + "true\n"}, "operators"},
		"operators of Terraform":     {map[string]string{"x.tf": "resource \"aws_ecs_task_definition\" \"a\" { x = " + many("-", 300_000) + "1 }\n"}, "operators"},
		"large HCL":                  {map[string]string{"docker-bake.hcl": many("# 3456789\n", 60_000)}, "KiB"},
		"targets of bake":            {map[string]string{"docker-bake.hcl": lines(600, "target \"t%d\" {}\n")}, "more than 500 targets"},
		"blocks of Terraform":        {map[string]string{"x.tf": lines(2100, "resource \"aws_lambda_function\" \"a%d\" {}\n")}, "more than 2000 blocks"},
		"resources of a template":    {map[string]string{"template.yaml": "Resources:\n" + lines(2100, "  A%d: {Type: 'AWS::Lambda::Function'}\n")}, "more than 2000 resources"},
		"a long expression":          {map[string]string{".github/workflows/w.yml": workflow + "      - uses: docker/build-push-action@v6\n        with: {push: true, platforms: \"${{ 'a" + many("a", 5000) + "' }}\", tags: a}\n"}, ""},
		"rows of a matrix":           {map[string]string{".github/workflows/w.yml": "on: push\njobs:\n  j:\n    strategy: {matrix: {a: [" + lines(200, "%d,") + "], b: [" + lines(200, "%d,") + "]}}\n    runs-on: ubuntu-latest\n    steps: [{run: docker build .}]\n"}, "matrix"},
		"calls":                      {map[string]string{".github/workflows/w.yml": workflow + many("      - uses: ./a\n", 600), "a/action.yml": "runs: {using: composite, steps: [{run: x, shell: sh}]}\n"}, "too many"},
		"levels of calls":            {map[string]string{".github/workflows/w.yml": workflow + "      - uses: ./a0\n", "a0/action.yml": "runs: {using: composite, steps: [{uses: ./a1}]}\n", "a1/action.yml": "runs: {using: composite, steps: [{uses: ./a2}]}\n", "a2/action.yml": "runs: {using: composite, steps: [{uses: ./a3}]}\n", "a3/action.yml": "runs: {using: composite, steps: [{uses: ./a4}]}\n", "a4/action.yml": "runs: {using: composite, steps: [{uses: ./a5}]}\n", "a5/action.yml": "runs: {using: composite, steps: [{uses: ./a6}]}\n", "a6/action.yml": "runs: {using: composite, steps: [{uses: ./a7}]}\n", "a7/action.yml": "runs: {using: composite, steps: [{uses: ./a8}]}\n", "a8/action.yml": "runs: {using: composite, steps: [{uses: ./a9}]}\n", "a9/action.yml": "runs: {using: composite, steps: [{uses: ./b}]}\n", "b/action.yml": "runs: {using: composite, steps: [{uses: ./c}]}\n", "c/action.yml": "runs: {using: composite, steps: []}\n"}, "too many"},
		"bytes of calls":             {map[string]string{".github/workflows/w.yml": workflow + "      - uses: ./a\n", "a/action.yml": "runs: {using: composite, steps: []}\n" + many("# 3456789\n", 60_000)}, "too many"},
		"steps of calls":             {map[string]string{".github/workflows/w.yml": workflow + many("      - uses: ./a\n", 400), "a/action.yml": "runs:\n  using: composite\n  steps:\n" + many("  - run: x\n    shell: sh\n", 200)}, "too many"},
		"a long script":              {map[string]string{"Dockerfile": "FROM scratch\nRUN " + many("true; ", 30_000) + "true\n"}, "too many, too long or too deep"},
		"a deep script":              {map[string]string{"Dockerfile": "FROM scratch\nRUN " + many("(", 900) + "true" + many(")", 900) + "\n"}, "too many, too long or too deep"},
		"a quoted deep script":       {map[string]string{"Dockerfile": "FROM scratch\nRUN " + many(`"$(`, 300_000) + "\n"}, "too many, too long or too deep"},
		"commands of a script":       {map[string]string{"Dockerfile": "FROM scratch\nRUN " + many("true; ", 6000) + "true\n"}, "too many, too long or too deep"},
		"commands of scripts":        {map[string]string{"Dockerfile": "FROM scratch\n" + many("RUN for a in 1 2 3 4 5 6 7 8 9 10 11 12; do for b in 1 2 3 4 5 6 7 8 9 10 11 12; do for c in 1 2 3 4 5 6 7 8 9 10 11 12; do x; done; done; done\n", 40)}, "too many, too long or too deep"},
		"costly patterns":            {map[string]string{"Dockerfile": "FROM scratch\nRUN A=" + many("a", 4000) + "; " + many("B=${A//*a*a*a*a*b/x}; ", 3000) + "true\n"}, "too many, too long or too deep"},
		"images of a manifest":       {map[string]string{"k.yaml": pod + "  containers:\n" + lines(6000, "  - image: a:%d\n")}, "more than 5000|images"},
		"entries of a kustomization": {map[string]string{"kustomization.yaml": "resources:\n" + lines(3000, "- r%d.yaml\n")}, "more than 2000"},
		"findings":                   {map[string]string{"a/Dockerfile": lines(600, "FROM scratch AS s%d\n") + "RUN true\n", "x.yaml": "", "Dockerfile": "FROM alpine:3.20\n" + lines(19_000, "RUN curl -O http://x/y-amd64-%d.tgz\n"), "b/Dockerfile": "FROM alpine:3.20\n" + lines(19_000, "RUN curl -O http://x/y-amd64-%d.tgz\n")}, "findings of severity"},
		"rules of a comment":         {map[string]string{"Dockerfile": "FROM scratch\n# archlint:ignore " + lines(50_000, "r%d,") + "\n"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inRepository(t, test.files)
			if code := run(t.Context(), []string{"--offline", "--cache-dir=", "--format", "json=out.json"}); code > exitFindings {
				t.Fatalf("exit code %d", code)
			}
			data, err := os.ReadFile("out.json")
			if err != nil {
				t.Fatal(err)
			}
			var out struct{ Problems []struct{ Message string } }
			if err := json.Unmarshal(data, &out); err != nil {
				t.Fatal(err)
			}
			said := test.want == ""
			for _, p := range out.Problems {
				said = said || regexp.MustCompile(test.want).MatchString(p.Message)
				if strings.Contains(p.Message, "archlint failed") {
					t.Error(p.Message)
				}
			}
			if !said {
				t.Errorf("no problem says %q: %v", test.want, out.Problems)
			}
		})
	}
}

// TestSecretsAndEscapesStayOutOfReports writes all reports on a repository with both.
func TestSecretsAndEscapesStayOutOfReports(t *testing.T) {
	// Put together, or others who look for secrets would find them here.
	token := "gh" + "p_" + strings.Repeat("a1B2", 9)
	secrets := []string{"hunter22", token, "s3cr3tvalue", "AK" + "IA" + strings.Repeat("A1B2", 4)}
	inRepository(t, map[string]string{
		"Dockerfile": "FROM alpine:3.20\n" +
			"RUN curl -u admin:hunter22 -O https://x:hunter22@h.example/a-linux-amd64.tgz?token=s3cr3tvalue\n" +
			"RUN curl -H 'Authorization: Bearer s3cr3tvalue' -O https://" + token + "@h.example/b-linux-amd64.tgz\n" +
			"RUN NPM_TOKEN=" + token + " AWS_ACCESS_KEY_ID=" + secrets[3] + " wget https://h.example/c-linux-amd64.tgz\n" +
			"ENV URL=https://u:hunter22@h.example/d-linux-amd64.tgz\nRUN curl -O $URL\n" +
			"RUN curl -O 'https://h.example/\x1b]0;x\x07\u202e::error::x<img src=x>@octocat-linux-amd64.tgz'\n",
		"compose.yaml": "services:\n  a: {image: 'x', platform: 'https://u:hunter22@h'}\n",
	})
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	args := []string{"--offline", "--cache-dir=", "--fail-on=never"}
	for name := range report.Formats() {
		args = append(args, "--format", name+"=out."+name)
	}
	if code := run(t.Context(), args); code != exitClean {
		t.Fatalf("exit code %d", code)
	}
	for name := range report.Formats() {
		data, err := os.ReadFile("out." + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(secrets, "\x1b]", "\x07", "\u202e") {
			if strings.Contains(string(data), s) {
				i := strings.Index(string(data), s)
				t.Errorf("%s: %q in …%s…", name, s, data[max(0, i-80):min(len(data), i+40)])
			}
		}
		if name == "github" {
			for line := range strings.Lines(string(data)) {
				if strings.HasPrefix(strings.TrimSpace(line), "::error::x") {
					t.Errorf("a command: %s", line)
				}
			}
		}
	}
}

// TestOfflineAsksNobody has everything that a request could be made through count what
// comes: this machine, a proxy, a credential helper.
func TestOfflineAsksNobody(t *testing.T) {
	var asked atomic.Int32
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Listener.Close()
	server.Listener = counting{listener, &asked}
	server.Start()
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	helpers := t.TempDir()
	helper := "#!/bin/sh\ntouch '" + filepath.Join(helpers, "ran") + "'\n"
	if err := os.WriteFile(filepath.Join(helpers, "docker-credential-x"), []byte(helper), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(helpers, "config.json"), []byte(`{"credsStore":"x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	inRepository(t, map[string]string{
		"Dockerfile":     "FROM " + address + "/a:1\nFROM registry.example.com/b:1\nFROM nginx:1.27\nADD https://h.example/x-amd64.tgz /\nADD https://github.com/a/b.git#main /x\n",
		"compose.yaml":   "include: [https://h.example/c.yaml, oci://h.example/d]\nservices: {a: {image: c, build: {context: 'https://github.com/a/b.git'}}}\n",
		".archlint.yaml": "registries: {mirrors: {docker.io: ['" + address + "']}, insecure: ['" + address + "']}\n",
	})
	t.Setenv("PATH", helpers+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("DOCKER_CONFIG", helpers)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"} {
		t.Setenv(name, server.URL)
	}
	for _, args := range [][]string{{"--fail-on=never"}, {"images"}, {"explain", address + "/a:1"}, {"lock", "--check"}, {"--diff"}} {
		_ = run(t.Context(), append(args, "--offline", "--cache-dir="+t.TempDir()))
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
	if _, err := os.Stat(filepath.Join(helpers, "ran")); err == nil {
		t.Error("a credential helper was run")
	}
	// The same without --offline shows that it would have been seen.
	_ = run(t.Context(), []string{"images", "--cache-dir="})
	if asked.Load() == 0 {
		t.Error("nobody was asked online either")
	}
}

// counting counts connections.
type counting struct {
	net.Listener
	n *atomic.Int32
}

func (c counting) Accept() (net.Conn, error) {
	connection, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return connection, err
}
