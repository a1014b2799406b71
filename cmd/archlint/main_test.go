package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"archlint": func() { os.Exit(run(context.Background(), os.Args[1:])) },
	})
}

// TestScripts runs the program as users do, on small repositories, with every
// flag and exit code that it promises.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// A .git marks the root, so that nothing above the test is looked at.
			return os.Mkdir(env.WorkDir+"/.git", 0o755)
		},
	})
}

func TestArchlintHasNothingToSayOfItself(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	if code := run(t.Context(), []string{"--offline", "--cache-dir=", "--fail-on=info"}); code != exitClean {
		t.Errorf("exit code %d", code)
	}
}

func TestInstalledVersion(t *testing.T) {
	for module, want := range map[string]string{
		"v0.1.0": "0.1.0", "v0.1.0-rc.1": "0.1.0-rc.1", "v0.0.0-20260102030405-abcdefabcdef": "0.0.0-20260102030405-abcdefabcdef",
		"": "dev", "(devel)": "dev", "v0.1.1-0.20260102030405-abcdefabcdef+dirty": "dev",
	} {
		if got := installed(module); got != want {
			t.Errorf("%q: %s, want %s", module, got, want)
		}
	}
}
