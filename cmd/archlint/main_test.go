package main

import (
	"context"
	"os"
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
