package layout

import (
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const (
	module = "github.com/archlint/archlint"
	root   = "../.."
)

// arrow forbids imports, also those by way of other packages of this module.
type arrow struct {
	from    string   // a package of this module, or all below it with /...
	never   []string // packages that it must not lead to, also with /...
	because string
}

// arrows are the imports that would turn the flow of data around: front ends
// make facts, the graph joins them, rules judge, reports write.
var arrows = []arrow{
	{"lint/format/...", []string{"rules"}, "a front end knows a format and no rule"},
	{"lint/format/...", []string{"lint"}, "a front end makes facts; the engine calls it, not the other way round"},
	{"rules", []string{"lint/format/...", "lint/report/...", "lint/discover"}, "a rule knows facts and no format"},
	{"lint/report/...", []string{"rules", "lint/format/...", "lint/graph/..."}, "a report knows findings only"},
	{"lint/fix", []string{"lint", "rules", "lint/format/..."}, "edits know nothing of findings"},
	{"lint/git", []string{"lint", "rules", "lint/format/..."}, "what has changed has nothing to do with findings"},
	{"lint/render", []string{"lint", "rules", "lint/format/..."}, "what helm makes of charts is text"},
	{"lint/baseline", []string{"rules", "lint/format/...", "lint/report/..."}, "a baseline knows findings only"},
	{"lint/facts", []string{"lint", "lint/graph", "lint/shell", "lint/format/...", "rules"}, "the model is at the bottom"},
	{"lint", []string{"rules", "lint/format/...", "lint/report/...", "lint/image/registry"}, "front ends, rules and the network are handed in"},
}

func TestImportsFollowTheArrows(t *testing.T) {
	imports := moduleImports(t)
	for _, a := range arrows {
		checked := 0
		for from := range imports {
			if !matches(a.from, from) {
				continue
			}
			checked++
			for _, never := range a.never {
				if way := find(imports, from, func(to string) bool { return to != from && matches(never, to) }); way != nil && !only(a, way) {
					t.Errorf("%s must not link %s (%s): %s", from, never, a.because, strings.Join(way, " → "))
				}
			}
		}
		if checked == 0 {
			t.Errorf("no package %s: is the table of arrows out of date?", a.from)
		}
	}
}

// only reports whether a way is one that the arrow does not mean: reports link
// the graph through the engine, whose findings they write.
func only(a arrow, way []string) bool {
	return strings.HasPrefix(a.from, "lint/report") && len(way) > 2 && way[1] == "lint" && way[len(way)-1] == "lint/graph"
}

func matches(pattern, name string) bool {
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == tree || strings.HasPrefix(name, tree+"/")
	}
	return pattern == name
}

// offline are the packages that work without a network: the registry client is
// handed in by the program.
var offline = []string{"lint", "lint/arch", "lint/catalog", "lint/baseline", "lint/facts", "lint/git", "lint/graph", "lint/fix", "lint/image", "lint/image/cache", "lint/image/lock", "lint/render", "lint/shell", "lint/source", "lint/suppress", "rules"}

// TestCoreIsOffline asks the go command, because the way to the network may lead
// through other people's packages.
func TestCoreIsOffline(t *testing.T) {
	for _, name := range offline {
		cmd := exec.Command("go", "list", "-deps", "./"+name)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
		if slices.Contains(strings.Fields(string(out)), "net/http") {
			t.Errorf("%s links net/http", name)
		}
	}
}

// find returns the shortest way of imports from a package to one that is looked
// for, nil if there is none. Packages of this module go without its path.
func find(imports map[string][]string, from string, wanted func(string) bool) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if wanted(at) {
			var way []string
			for ; at != ""; at = before[at] {
				way = append(way, at)
			}
			slices.Reverse(way)
			return way
		}
		for _, next := range imports[at] {
			if _, ok := before[next]; !ok {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// moduleImports returns what each package of this module imports, tests not
// counted; packages of the module without its path.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); dir != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		pkg, err := build.Default.ImportDir(dir, 0)
		if err != nil {
			if _, none := err.(*build.NoGoError); none {
				return nil
			}
			return err
		}
		name := filepath.ToSlash(rel)
		out[name] = []string{}
		for _, i := range pkg.Imports {
			out[name] = append(out[name], strings.TrimPrefix(i, module+"/"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only %d packages below %s", len(out), root)
	}
	return out
}

func TestFindFollowsImports(t *testing.T) {
	imports := map[string][]string{"a": {"b"}, "b": {"c", "d"}, "c": {"a"}}
	if got := find(imports, "a", func(s string) bool { return s == "d" }); !slices.Equal(got, []string{"a", "b", "d"}) {
		t.Errorf("got %v", got)
	}
	if got := find(imports, "a", func(s string) bool { return s == "e" }); got != nil {
		t.Errorf("got %v, want none", got)
	}
}

// versions of dependencies that were chosen with care; docs/architecture.md says
// why. Whoever changes one here has built and tested the set together.
var versions = map[string]string{
	"github.com/moby/buildkit":              "v0.34.2",
	"go.yaml.in/yaml/v3":                    "v3.0.6",
	"go.yaml.in/yaml/v4":                    "v4.0.0-rc.3",
	"github.com/compose-spec/compose-go/v2": "v2.10.1",
}

func TestVersionsGoTogether(t *testing.T) {
	data, err := os.ReadFile(path.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Replace) > 0 {
		t.Error("go.mod has a replace directive: go install …@version refuses such modules")
	}
	have := map[string]string{}
	for _, r := range file.Require {
		have[r.Mod.Path] = r.Mod.Version
	}
	for name, version := range versions {
		if have[name] != version {
			t.Errorf("go.mod requires %s %q, want %s", name, have[name], version)
		}
	}
}
