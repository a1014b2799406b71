package discover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
)

// tree writes files (path → content) into a new directory. A path that ends in a
// slash is a directory, content that begins with "-> " a symbolic link.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		at := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			if err := os.Symlink(target, at); err != nil {
				t.Skip("no symbolic links here: ", err)
			}
			continue
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func paths(entries []Entry) []string {
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Path)
	}
	return out
}

func find(t *testing.T, o Options) []string {
	t.Helper()
	entries, problems, err := Find(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return paths(entries)
}

func TestFindTellsKindsByName(t *testing.T) {
	root := tree(t, map[string]string{
		"Dockerfile": "FROM a", "README.md": "", "deploy/compose.prod.yaml": "", "a/.github/workflows/ci.yml": "",
		".github/workflows/release.yaml": "", ".github/workflows/lib/notes.yml": "", "tool/action.yml": "", "values.yaml": "",
	})
	got, _, err := Find(context.Background(), Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		// What is in other YAML is for its content to tell.
		{Path: ".github/workflows/lib/notes.yml", Kind: facts.Kubernetes, Selected: true},
		{Path: ".github/workflows/release.yaml", Kind: facts.Workflow, Selected: true},
		{Path: "Dockerfile", Kind: facts.Dockerfile, Selected: true},
		{Path: "a/.github/workflows/ci.yml", Kind: facts.Workflow, Selected: true},
		{Path: "deploy/compose.prod.yaml", Kind: facts.Compose, Selected: true},
		{Path: "tool/action.yml", Kind: facts.Action, Selected: true},
		{Path: "values.yaml", Kind: facts.Kubernetes, Selected: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindSelectsByArguments(t *testing.T) {
	root := tree(t, map[string]string{
		"Dockerfile": "FROM a", "svc/a/Dockerfile": "FROM a", "svc/a/web.Dockerfile": "FROM a", "svc/b/compose.yml": "",
		"svc/ab/Dockerfile": "FROM a", "svc/a/[x]/Dockerfile": "FROM a", "svc/a/notes.txt": "hello",
	})
	for _, test := range []struct {
		name  string
		dir   string
		paths []string
		want  []string
	}{
		{"everything below the working directory", "svc/a", nil, []string{"svc/a/Dockerfile", "svc/a/[x]/Dockerfile", "svc/a/web.Dockerfile"}},
		{"dots", "", []string{"svc/b/..."}, []string{"svc/b/compose.yml"}},
		{"only dots", "svc/b", []string{"..."}, []string{"svc/b/compose.yml"}},
		{"a directory, not those that begin alike", "svc", []string{"a"}, []string{"svc/a/Dockerfile", "svc/a/[x]/Dockerfile", "svc/a/web.Dockerfile"}},
		{"the directory above", "svc/b", []string{"../ab"}, []string{"svc/ab/Dockerfile"}},
		{"a file", "svc", []string{"./ab/Dockerfile"}, []string{"svc/ab/Dockerfile"}},
		{"a pattern", "", []string{"svc/*/Dockerfile"}, []string{"svc/a/Dockerfile", "svc/ab/Dockerfile"}},
		{"a pattern from a directory whose name is one", "svc/a/[x]", []string{"*file"}, []string{"svc/a/[x]/Dockerfile"}},
		{"a pattern of any depth", "svc", []string{"**/*.{yml,Dockerfile}"}, []string{"svc/a/web.Dockerfile", "svc/b/compose.yml"}},
		{"a file whose name looks like a pattern", "svc/a", []string{"[x]/Dockerfile"}, []string{"svc/a/[x]/Dockerfile"}},
		{"several that overlap", "", []string{"svc/ab", "./...", "svc/ab/Dockerfile", "svc/*b/*"}, []string{
			"Dockerfile", "svc/a/Dockerfile", "svc/a/[x]/Dockerfile", "svc/a/web.Dockerfile", "svc/ab/Dockerfile", "svc/b/compose.yml",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := find(t, Options{Root: root, Dir: filepath.Join(root, filepath.FromSlash(test.dir)), Paths: test.paths})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindWholeMarksWhatIsSelected(t *testing.T) {
	root := tree(t, map[string]string{"Dockerfile": "FROM a", "svc/Dockerfile": "FROM a", "svc/compose.yml": "", "out/Dockerfile": "FROM a", ".gitignore": "out/"})
	got, _, err := Find(context.Background(), Options{Root: root, Paths: []string{"svc/...", "Dockerfile", "out"}, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Path: "Dockerfile", Kind: facts.Dockerfile, Selected: true, Named: true},
		{Path: "out/Dockerfile", Kind: facts.Dockerfile, Selected: true},
		{Path: "svc/Dockerfile", Kind: facts.Dockerfile, Selected: true},
		{Path: "svc/compose.yml", Kind: facts.Compose, Selected: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, _, err = Find(context.Background(), Options{Root: root, Paths: []string{"svc/*.yml"}, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range got {
		if e.Selected != (e.Path == "svc/compose.yml") {
			t.Errorf("%s: selected = %v", e.Path, e.Selected)
		}
	}
	if len(got) != 3 {
		t.Errorf("found %v", paths(got))
	}
}

func TestFindNamedFilesAreToldByContent(t *testing.T) {
	root := tree(t, map[string]string{
		"image.tmpl": "# a comment\n\nFROM alpine:3\nRUN x", "lower": "\ufefffrom alpine as base", "args": "ARG X=1\nFROM $X",
		"directive": "# Syntax = docker/dockerfile:1\n", "platform": "FROM --platform=linux/amd64 alpine AS x\n",
		"ci.yml": "name: x\n\"on\": push\njobs:\n  a: {}\n", "steps.yml": "name: x\nruns:\n  using: composite\n",
		"stack.yml": "# x\nservices:\n  db:\n    image: a\n",
	})
	for file, want := range map[string]facts.Kind{
		"image.tmpl": facts.Dockerfile, "lower": facts.Dockerfile, "args": facts.Dockerfile, "directive": facts.Dockerfile,
		"platform": facts.Dockerfile, "ci.yml": facts.Workflow, "steps.yml": facts.Action, "stack.yml": facts.Compose,
	} {
		got, _, err := Find(context.Background(), Options{Root: root, Paths: []string{file}})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if diff := cmp.Diff([]Entry{{Path: file, Kind: want, Selected: true, Named: true}}, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func TestFindRefusesArguments(t *testing.T) {
	root := tree(t, map[string]string{
		"repo/x.py": "from os import path", "repo/mail": "From: me", "repo/ci.yml": "services:\n  - docker\nstages: [a]", "repo/empty": "",
		"repo/binary": "FROM \x00", "repo/sub/x.txt": "", "other/Dockerfile": "FROM a", "repo/link": "-> ../other/Dockerfile", "repo/linked": "-> ../other",
	})
	for argument, want := range map[string]string{
		"x.py":                "not a file archlint knows",
		"mail":                "not a file archlint knows",
		"ci.yml":              "not a file archlint knows",
		"empty":               "not a file archlint knows",
		"binary":              "not a file archlint knows",
		"nowhere":             "no such file or directory",
		"nowhere/...":         "no such file or directory",
		"nowhere/*":           "no such file or directory",
		"x.py/...":            "not a directory",
		"sub/*":               "no file that archlint knows matches",
		"[":                   "malformed pattern",
		"../other/Dockerfile": "outside of the repository",
		"../other/*":          "outside of the repository",
		"..":                  "outside of the repository",
		"link":                "outside of the repository",
		"linked":              "outside of the repository",
		"linked/Dockerfile":   "outside of the repository",
		"":                    "not a path",
	} {
		entries, _, err := Find(context.Background(), Options{Root: filepath.Join(root, "repo"), Paths: []string{argument}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: entries %v, error %v; want an error with %q", argument, entries, err, want)
		}
	}
}

func TestFindHonoursGitignore(t *testing.T) {
	root := tree(t, map[string]string{
		".git/HEAD": "", ".gitignore": "build/\n*.Dockerfile\n!keep.Dockerfile\n/compose.yml\n",
		"build/Dockerfile": "FROM a", "a.Dockerfile": "FROM a", "keep.Dockerfile": "FROM a", "compose.yml": "", "sub/compose.yml": "",
		"sub/.gitignore": "!a.Dockerfile\ninner\n", "sub/a.Dockerfile": "FROM a", "sub/b.Dockerfile": "FROM a", "sub/inner/Dockerfile": "FROM a",
	})
	want := []string{"keep.Dockerfile", "sub/a.Dockerfile", "sub/compose.yml"}
	if diff := cmp.Diff(want, find(t, Options{Root: root})); diff != "" {
		t.Errorf("from the root: %s", diff)
	}
	want = []string{"sub/a.Dockerfile", "sub/compose.yml"}
	if diff := cmp.Diff(want, find(t, Options{Root: root, Paths: []string{"sub"}})); diff != "" {
		t.Errorf("below the root: %s", diff)
	}
	want = []string{"build/Dockerfile", "sub/b.Dockerfile", "sub/inner/Dockerfile"}
	if diff := cmp.Diff(want, find(t, Options{Root: root, Paths: []string{"build", "sub/inner/...", "sub/b.Dockerfile"}})); diff != "" {
		t.Errorf("named: %s", diff)
	}
}

func TestFindExcludes(t *testing.T) {
	root := tree(t, map[string]string{
		"Dockerfile": "FROM a", "test/Dockerfile": "FROM a", "test/deep/Dockerfile": "FROM a", "x/legacy.Dockerfile": "FROM a", "x/test/Dockerfile": "FROM a",
	})
	exclude := []string{"test/", "**/legacy.*"}
	want := []string{"Dockerfile", "x/test/Dockerfile"}
	if diff := cmp.Diff(want, find(t, Options{Root: root, Exclude: exclude})); diff != "" {
		t.Error(diff)
	}
	want = []string{"Dockerfile"}
	named := []string{"Dockerfile", "test/deep/Dockerfile", "test/deep", "x/legacy.Dockerfile"}
	if diff := cmp.Diff(want, find(t, Options{Root: root, Exclude: exclude, Paths: named})); diff != "" {
		t.Errorf("named: %s", diff)
	}
	if _, _, err := Find(context.Background(), Options{Root: root, Exclude: []string{"[a"}}); err == nil {
		t.Error("a malformed pattern is accepted")
	}
}

func TestFindLeavesOtherPeoplesDirectoriesAlone(t *testing.T) {
	root := tree(t, map[string]string{
		".git/Dockerfile": "FROM a", "node_modules/x/Dockerfile": "FROM a", "a/node_modules/Dockerfile": "FROM a",
		"vendor/modules.txt": "", "vendor/x/Dockerfile": "FROM a", "php/vendor/Dockerfile": "FROM a",
		"submodule/.git": "gitdir: ../.git/modules/x", "submodule/Dockerfile": "FROM a", "clone/.git/HEAD": "", "clone/x/Dockerfile": "FROM a",
		"real/Dockerfile": "FROM a", "link": "-> real", "Dockerfile": "-> real/Dockerfile", "loop/self": "-> ../loop",
	})
	if diff := cmp.Diff([]string{"php/vendor/Dockerfile", "real/Dockerfile"}, find(t, Options{Root: root})); diff != "" {
		t.Error(diff)
	}
	want := []string{"clone/x/Dockerfile", "real/Dockerfile", "submodule/Dockerfile", "vendor/x/Dockerfile"}
	got := find(t, Options{Root: root, Paths: []string{"clone", "submodule", "vendor", "Dockerfile", "link/..."}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("named: %s", diff)
	}
}

func TestFindTakesTestDataOnlyWhenAsked(t *testing.T) {
	root := tree(t, map[string]string{
		"Dockerfile": "FROM a", "testdata/Dockerfile": "FROM a", "a/testdata/x/Dockerfile": "FROM a", "a/mytestdata/Dockerfile": "FROM a", "b/testdata.Dockerfile": "FROM a",
	})
	for _, test := range []struct {
		dir   string
		paths []string
		want  []string
	}{
		{"", nil, []string{"Dockerfile", "a/mytestdata/Dockerfile", "b/testdata.Dockerfile"}},
		{"", []string{"**/Dockerfile"}, []string{"Dockerfile", "a/mytestdata/Dockerfile"}},
		{"", []string{"a"}, []string{"a/mytestdata/Dockerfile"}},
		{"", []string{"a/testdata"}, []string{"a/testdata/x/Dockerfile"}},
		{"", []string{"**/testdata/**"}, []string{"a/testdata/x/Dockerfile", "testdata/Dockerfile"}},
		{"", []string{"testdata/Dockerfile"}, []string{"testdata/Dockerfile"}},
		{"a/testdata", nil, []string{"a/testdata/x/Dockerfile"}},
	} {
		got := find(t, Options{Root: root, Dir: filepath.Join(root, filepath.FromSlash(test.dir)), Paths: test.paths})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q %q: %s", test.dir, test.paths, diff)
		}
	}
}

func TestFindReachesTheRootThroughALink(t *testing.T) {
	root := tree(t, map[string]string{"repo/a/Dockerfile": "FROM a", "alias": "-> repo"})
	got := find(t, Options{Root: filepath.Join(root, "alias"), Dir: filepath.Join(root, "repo", "a")})
	if diff := cmp.Diff([]string{"a/Dockerfile"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindReportsWhatItCannotRead(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not hold here")
	}
	root := tree(t, map[string]string{"Dockerfile": "FROM a", "closed/Dockerfile": "FROM a"})
	if err := os.Chmod(filepath.Join(root, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(root, "closed"), 0o755)
	entries, problems, err := Find(context.Background(), Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Dockerfile"}, paths(entries)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Problem{{Path: "closed", Message: "cannot be read: permission denied"}}, problems); diff != "" {
		t.Error(diff)
	}
}

func TestFindIsBounded(t *testing.T) {
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("%02d/Dockerfile", i)] = "FROM a"
	}
	root := tree(t, files)
	entries, problems, err := Find(context.Background(), Options{Root: root, MaxFiles: 60})
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 10 || len(problems) != 1 || !strings.Contains(problems[0].Message, "too many files") {
		t.Errorf("%d entries, problems %v", len(entries), problems)
	}
	_, problems, err = Find(context.Background(), Options{Root: root, MaxFiles: 100})
	if err != nil || len(problems) != 0 {
		t.Errorf("at the bound: problems %v, error %v", problems, err)
	}
}

func TestFindReportsLargeIgnoreFiles(t *testing.T) {
	root := tree(t, map[string]string{".gitignore": strings.Repeat("Dockerfile\n", maxIgnoreSize/10), "Dockerfile": "FROM a"})
	entries, problems, err := Find(context.Background(), Options{Root: root})
	if err != nil || len(entries) != 1 || len(problems) != 1 || !strings.Contains(problems[0].Message, "larger than 256 KiB") {
		t.Errorf("entries %v, problems %v, error %v", entries, problems, err)
	}
}

func TestFindStopsWhenCancelled(t *testing.T) {
	root := tree(t, map[string]string{"Dockerfile": "FROM a"})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Find(ctx, Options{Root: root}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRootIsTheNearestRepository(t *testing.T) {
	root := tree(t, map[string]string{".git/HEAD": "", "a/b/": "", "worktree/.git": "gitdir: x", "worktree/c/": ""})
	for dir, want := range map[string]string{"": "", "a/b": "", "worktree/c": "worktree"} {
		if got := Root(filepath.Join(root, dir)); got != filepath.Join(root, want) {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
	bare := tree(t, map[string]string{"a/": ""})
	if got := Root(filepath.Join(bare, "a")); got != filepath.Join(bare, "a") {
		t.Errorf("without a repository: %s", got)
	}
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]facts.Kind{
		"Dockerfile": facts.Dockerfile, "dockerfile": facts.Dockerfile, "DOCKERFILE": facts.Dockerfile, "a/b/Dockerfile": facts.Dockerfile,
		"Dockerfile.alpine": facts.Dockerfile, "Dockerfile.3.12": facts.Dockerfile, "Dockerfile-dev": facts.Dockerfile, "Dockerfile_arm64": facts.Dockerfile,
		"web.Dockerfile": facts.Dockerfile, "web.dockerfile": facts.Dockerfile, "Containerfile": facts.Dockerfile, "Containerfile.ubi9": facts.Dockerfile,
		"x.containerfile": facts.Dockerfile, "Dockerfile.amd64": facts.Dockerfile, "Dockerfile.example": facts.Dockerfile,
		"dockerfile.go": "", "dockerfile_test.go": "", "dockerfile-llb.md": "", "Dockerfile.template": "", "Dockerfile.j2": "", "Dockerfile.dockerignore": "",
		"Dockerfile.dev.tmpl": "", "Dockerfile.MD": "", "Dockerfile~": "", "Dockerfile.dev~": "", ".Dockerfile.swp": "", "Dockerfile.yml": "", "dockerfiles": "",
		"MyDockerfile": "", "Dockerfile.": facts.Dockerfile,
		"compose.yml": facts.Compose, "compose.yaml": facts.Compose, "docker-compose.yml": facts.Compose, "docker-compose.dev.yaml": facts.Compose,
		"docker-compose-test.yml": facts.Compose, "compose.override.yml": facts.Compose, "compose_ci.yml": facts.Compose, "dev.compose.yml": facts.Compose,
		"dev.docker-compose.yml": facts.Compose, "composer.yml": "", "docker-compose.yml.j2": "", "composefile": "", "decompose.yml": "", "compose.json": "",
		"action.yml": facts.Action, "x/action.yaml": facts.Action, "actions.yml": "", "transaction.yml": "",
		".github/workflows/a.yml": facts.Workflow, "x/.github/workflows/a.yaml": facts.Workflow, ".github/workflows/docker-compose.yml": facts.Workflow,
		".github/workflows/sub/a.yml": "", ".github/workflows/a.json": "", "x.github/workflows/a.yml": "", "workflows/a.yml": "",
		".github/workflows/action.yml": facts.Workflow, "": "",
		".devcontainer.json": facts.DevContainer, ".devcontainer/devcontainer.json": facts.DevContainer, "a/.devcontainer/b/devcontainer.json": facts.DevContainer,
		"devcontainer.json": "", ".devcontainer/a/b/devcontainer.json": "", ".devcontainer/package.json": "",
	} {
		got, ok := KindOf(name)
		if got != want || ok != (want != "") {
			t.Errorf("KindOf(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	files := map[string]string{".gitignore": "build/\n*.log\nout\n/tmp/**\n"}
	for i := range 1000 {
		dir := fmt.Sprintf("team%02d/service%03d/", i%20, i)
		files[dir+"Dockerfile"] = "FROM a"
		files[dir+".gitignore"] = "*.o\n/dist\n"
		for j := range 8 {
			files[fmt.Sprintf("%ssrc/file%d.go", dir, j)] = ""
		}
	}
	root := tree(b, files)
	b.ReportAllocs()
	for b.Loop() {
		entries, _, err := Find(context.Background(), Options{Root: root})
		if err != nil || len(entries) != 1000 {
			b.Fatal(len(entries), err)
		}
	}
}
