package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/discover"
)

type hook struct {
	ID            string `yaml:"id"`
	Entry         string `yaml:"entry"`
	Files         string `yaml:"files"`
	Exclude       string `yaml:"exclude"`
	PassFilenames *bool  `yaml:"pass_filenames"`
}

// takes reports whether pre-commit selects a file for the hook.
func (h hook) takes(file string) bool {
	return regexp.MustCompile(h.Files).MatchString(file) && (h.Exclude == "" || !regexp.MustCompile(h.Exclude).MatchString(file))
}

func hooks(t *testing.T) map[string]hook {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []hook
	if err := yaml.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	byID := map[string]hook{}
	for _, h := range list {
		byID[h.ID] = h
	}
	return byID
}

func TestHooksTakeTheFilesThatArchlintKnows(t *testing.T) {
	names := []string{
		"Dockerfile", "dockerfile", "DOCKERFILE", "Containerfile", "a/b/Dockerfile", "Dockerfile.alpine", "Dockerfile-dev", "Dockerfile_dev",
		"Dockerfile.arm64", "web.Dockerfile", "web.dockerfile", "x.containerfile", "Dockerfile.v1.2", "sp ace/Dockerfile",
		"Dockerfile~", "Dockerfile.tmpl~", "xDockerfile", "Dockerfiles", "Dockerfiles/README", "dockerfile.go", "Dockerfile.md", "Dockerfile.tar.gz",
		"Dockerfile.j2", "Dockerfile-x.tmpl", "Dockerfile_x.TXT", "lockedDockerfile", "Dockerfile.d/notes",
		"compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.prod.yaml", "docker-compose-dev.yml", "compose_x.yml", "prod.compose.yml",
		"a.docker-compose.yaml", "composer.yml", "compose.json", "decompose.yml", "a/compose.override.yml", "compose/x.yml",
		".github/workflows/ci.yml", ".github/workflows/ci.yaml", "sub/.github/workflows/ci.yml", ".github/workflows/sub/ci.yml", ".github/workflows/ci.json",
		"x.github/workflows/ci.yml", ".github/dependabot.yml",
		".gitlab-ci.yml", "images.gitlab-ci.yaml", "gitlab-ci.yml", ".gitlab-ci.json", "buildspec.yml", "a/buildspec-arm64.yaml", "buildspecs.yml", "xbuildspec.yml",
		".goreleaser.yml", "goreleaser.yaml", "a/.goreleaser-nightly.yaml", ".goreleaser.json", "goreleasers.yaml",
		"action.yml", "a/action.yaml", "reaction.yml", "action.json", "main.go", "README.md", "values.yaml", "docker-compose",
		"docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "a/docker-bake.override.json", "bake.hcl", "prod.bake.hcl", "bake.json", "main.hcl", "handbake.hcl",
		".devcontainer.json", ".devcontainer/devcontainer.json", "a/.devcontainer/b/devcontainer.json", ".devcontainer/a/b/devcontainer.json", "devcontainer.json", ".devcontainer/x.json", "a.devcontainer/devcontainer.json",
	}
	for _, extension := range otherExtensions(t) {
		names = append(names, "Dockerfile."+extension, "a/Containerfile-b."+extension)
	}
	all := hooks(t)
	for _, name := range names {
		_, known := discover.KindOf(name)
		if known && !all["archlint"].takes(name) {
			t.Errorf("hook archlint does not run for %s, which archlint reads", name)
		}
		if all["archlint-files"].takes(name) != known {
			t.Errorf("hook archlint-files takes %s: %t; archlint knows it: %t", name, !known, known)
		}
	}
	if !all["archlint"].takes(".archlint.lock") || all["archlint-files"].takes(".archlint.lock") {
		t.Error("the lock is for the hook on all files")
	}
	if !all["archlint"].takes(".archlint.yaml") || all["archlint-files"].takes(".archlint.yaml") {
		t.Error("the configuration is for the hook archlint only")
	}
}

// otherExtensions reads the extensions of what is no Dockerfile from the source.
func otherExtensions(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "lint", "discover", "kind.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var extensions []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "otherExtensions" {
			return true
		}
		ast.Inspect(spec, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				extensions = append(extensions, value)
			}
			return true
		})
		return false
	})
	if len(extensions) < 50 {
		t.Fatalf("found %d extensions in the source", len(extensions))
	}
	return extensions
}

func TestTheHookInAContainerIsTheOther(t *testing.T) {
	all := hooks(t)
	there, here := all["archlint-docker"], all["archlint"]
	if there.Files == "" || there.Files != here.Files || there.PassFilenames == nil || *there.PassFilenames {
		t.Errorf("archlint-docker runs for other files: %+v", there)
	}
	// What it runs is what the image has.
	program, arguments, _ := strings.Cut(there.Entry, " ")
	if _, want, _ := strings.Cut(here.Entry, " "); arguments != want {
		t.Errorf("archlint-docker has the arguments %q, archlint %q", arguments, want)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "ENTRYPOINT [\"" + program + "\"]\n"; !strings.HasSuffix(string(data), want) {
		t.Errorf("the Dockerfile does not end with %q", want)
	}
}

// fakeDocker stands in for docker, for want of a daemon: it builds nothing, and runs
// archlint where the container would have the repository.
const fakeDocker = `#!/bin/sh
printf 'docker %s\n' "$*" >>"$FAKE_LOG"
case $1 in
build) test -f Dockerfile ;;
run)
	while [ "$1" != --entrypoint ]; do
		if [ "$1" = -v ]; then cd "${2%%:*}" || exit 9; fi
		shift
	done
	shift 3
	exec "$ARCHLINT" "$@" ;;
*) exit 1 ;;
esac
`

func TestPreCommitInAContainer(t *testing.T) {
	require(t, "pre-commit", "git", "go")
	archlint, err := program()
	if err != nil {
		t.Fatal(err)
	}
	source := checkoutDir(t)
	temp := t.TempDir()
	write(t, temp, map[string]string{"bin/docker": fakeDocker})
	if err := os.Chmod(filepath.Join(temp, "bin", "docker"), 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(temp, "log")
	env := []string{
		"PATH=" + filepath.Join(temp, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "FAKE_LOG=" + log, "ARCHLINT=" + archlint,
		"PRE_COMMIT_HOME=" + t.TempDir(), "PRE_COMMIT_COLOR=never",
	}
	revision := strings.TrimSpace(run(t, source, nil, "git", "rev-parse", "HEAD").stdout)
	dir := repository(t, map[string]string{
		"a/Dockerfile": good, "b/Dockerfile": bad,
		".pre-commit-config.yaml": "repos:\n- repo: " + source + "\n  rev: " + revision + "\n  hooks:\n  - id: archlint-docker\n",
	})
	got := run(t, dir, env, "pre-commit", "run", "--files", "a/Dockerfile")
	if got.code != 1 || !strings.Contains(got.stdout, "b/Dockerfile:2:") {
		t.Errorf("exit code %d, want 1 and the finding\n%s", got.code, got)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^docker build .*\.$(.|\n)*^docker run .*--entrypoint /usr/local/bin/archlint pre-commit-\w+ --offline$`).Match(data) {
		t.Errorf("docker was run so:\n%s", data)
	}
}

func TestPreCommit(t *testing.T) {
	require(t, "pre-commit", "git", "go")
	source := checkoutDir(t)
	// Modules are not fetched again for each installation, nor packages compiled.
	env := append(goEnv(t, "GOMODCACHE", "GOCACHE"), "GOFLAGS=-trimpath", "PRE_COMMIT_HOME="+t.TempDir(), "PRE_COMMIT_COLOR=never")

	t.Run("try-repo", func(t *testing.T) {
		dir := repository(t, map[string]string{"Dockerfile": bad})
		got := run(t, dir, env, "pre-commit", "try-repo", source, "archlint", "--all-files")
		if got.code != 1 || !strings.Contains(got.stdout, "Dockerfile:2:") || !strings.Contains(got.stdout, "[arch-download]") {
			t.Errorf("exit code %d, want 1 and the finding\n%s", got.code, got)
		}
	})

	revision := strings.TrimSpace(run(t, source, nil, "git", "rev-parse", "HEAD").stdout)
	tests := map[string]struct {
		files map[string]string
		args  []string
		code  int
		want  []string // in what is written
		not   []string // not there
	}{
		"a repository without findings passes": {
			files: map[string]string{"Dockerfile": good},
			args:  []string{"archlint", "--all-files"},
			want:  []string{"Passed"},
		},
		"a finding fails the hook": {
			files: map[string]string{"Dockerfile": bad},
			args:  []string{"archlint", "--all-files"},
			code:  1,
			want:  []string{"Dockerfile:2:", "arch-download"},
		},
		"the whole repository is linted when one file changes": {
			files: map[string]string{"a/Dockerfile": good, "b/Dockerfile": bad},
			args:  []string{"archlint", "--files", "a/Dockerfile"},
			code:  1,
			want:  []string{"b/Dockerfile:2:"},
		},
		"changed files only are reported by the hook for files": {
			files: map[string]string{"a/Dockerfile": good, "b/Dockerfile": bad},
			args:  []string{"archlint-files", "--files", "a/Dockerfile"},
			want:  []string{"Passed"},
			not:   []string{"b/Dockerfile"},
		},
		"a finding in a changed file fails the hook for files": {
			files: map[string]string{"a/Dockerfile": bad, "b/Dockerfile": bad, "sp ace/$x.Dockerfile": bad},
			args:  []string{"archlint-files", "--files", "b/Dockerfile", "sp ace/$x.Dockerfile"},
			code:  1,
			want:  []string{"b/Dockerfile:2:", "sp ace/$x.Dockerfile:2:"},
			not:   []string{"a/Dockerfile:2:"},
		},
		"other files start nothing": {
			files: map[string]string{"b/Dockerfile": bad, "README.md": "# Title\n", "Dockerfile.md": "# FROM\n"},
			args:  []string{"archlint-files", "--files", "README.md", "Dockerfile.md"},
			want:  []string{"Skipped"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.files[".pre-commit-config.yaml"] = "repos:\n- repo: " + source + "\n  rev: " + revision + "\n  hooks:\n  - id: archlint\n  - id: archlint-files\n"
			dir := repository(t, test.files)
			got := run(t, dir, env, "pre-commit", append([]string{"run"}, test.args...)...)
			if got.code != test.code {
				t.Errorf("exit code %d, want %d", got.code, test.code)
			}
			for _, want := range test.want {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("%q is missing", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(got.stdout, not) {
					t.Errorf("there is %q", not)
				}
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}
