package render

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindLeavesOutChartsWithinCharts(t *testing.T) {
	got := Find([]string{"b/Chart.yaml", "a/Chart.yaml", "a/charts/x/Chart.yaml", "a/values.yaml", "charts/c/Chart.yaml", "a/charts/x/charts/y/Chart.yaml"})
	if diff := cmp.Diff([]string{"a", "b", "charts/c"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"."}, Find([]string{"Chart.yaml", "charts/x/Chart.yaml"})); diff != "" {
		t.Error(diff)
	}
}

func TestSplit(t *testing.T) {
	got := split("d", []byte("---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/templates/b.yaml\nb: 1\n---\n# Source: c/templates/a.yaml\na: 2\n---\nno: source\n---\n# Source: c/../../x.yaml\nx: 1\n---\n# Source: c\ny: 1\n"))
	if names := slices.Sorted(maps.Keys(got)); strings.Join(names, " ") != "d/templates/a.yaml d/templates/b.yaml" {
		t.Fatal(names)
	}
	if a := string(got["d/templates/a.yaml"]); !strings.Contains(a, "a: 1") || !strings.Contains(a, "a: 2") || strings.Contains(a, "b: 1") {
		t.Errorf("%q", a)
	}
}

// helm puts a program of that name first on the path.
func helm(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the program is a shell script")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "helm"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// charts makes a repository of charts by their Chart.yaml.
func charts(t *testing.T, all map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for dir, text := range all {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, dir, "Chart.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestHelm(t *testing.T) {
	t.Setenv("HELM_DRIVER", "secret")
	t.Setenv("KUBECONFIG", "secret")
	helm(t, `case "$3" in
*/bad) echo "warning: x" >&2; echo "Error: found in Chart.yaml, but missing in charts/ directory: redis" >&2; exit 1 ;;
esac
case "$HELM_DRIVER$KUBECONFIG" in *secret*) exit 7 ;; esac
echo "---"; echo "# Source: x/templates/a.yaml"; echo "https: $HTTPS_PROXY"
`)
	root := charts(t, map[string]string{"good": "name: x\n", "bad": "name: y\n", "lib": "name: z\ntype: library\n", "linked": "name: l\n"})
	if err := os.Symlink("/", filepath.Join(root, "linked", "templates")); err != nil {
		t.Fatal(err)
	}
	got, problems, err := Helm(context.Background(), root, []string{"bad", "good", "lib", "linked"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(got["good"]["good/templates/a.yaml"]); len(got) != 1 || !strings.Contains(text, "https: "+nowhere) {
		t.Errorf("%v", got)
	}
	want := []Problem{
		{"bad/Chart.yaml", "was not rendered: helm says: found in Chart.yaml, but missing in charts/ directory: redis; its templates are read as they stand"},
		{"linked/Chart.yaml", "was not rendered: a symbolic link in it leads out of the repository; its templates are read as they stand"},
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

func TestHelmThatWritesWithoutEnd(t *testing.T) {
	helm(t, "exec cat /dev/zero\n")
	_, problems, err := Helm(context.Background(), charts(t, map[string]string{"c": "name: c\n"}), []string{"c"}, 1)
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "writes more than 32 MiB") {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestNoHelm(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, _, err := Helm(context.Background(), "/", []string{"c"}, 1); err == nil || !strings.Contains(err.Error(), "there is no helm") {
		t.Error(err)
	}
	if _, _, err := Helm(context.Background(), "/", nil, 1); err != nil {
		t.Errorf("without charts: %v", err)
	}
}

// TestRealHelm renders a chart with helm itself, where there is one.
func TestRealHelm(t *testing.T) {
	if _, err := exec.LookPath("helm"); err != nil {
		t.Skip(err)
	}
	root := charts(t, map[string]string{"c": "apiVersion: v2\nname: other\nversion: 0.1.0\n", "d": "apiVersion: v2\nname: d\nversion: 0.1.0\ndependencies: [{name: x, version: 1.0.0, repository: 'https://example.com'}]\n"})
	if err := os.MkdirAll(filepath.Join(root, "c", "templates"), 0o755); err != nil {
		t.Fatal(err)
	}
	template := "kind: Pod\napiVersion: v1\nspec: {containers: [{image: {{ printf \"%s:%s\" .Chart.Name .Values.tag }}}]}\n"
	for name, text := range map[string]string{"templates/pod.yaml": template, "values.yaml": "tag: '1'\n"} {
		if err := os.WriteFile(filepath.Join(root, "c", filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, problems, err := Helm(context.Background(), root, []string{"c", "d"}, 2)
	if err != nil || !strings.Contains(string(got["c"]["c/templates/pod.yaml"]), "image: other:1") {
		t.Errorf("%v, %v", got, err)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "missing in charts/ directory: x") {
		t.Errorf("%v", problems)
	}
}
