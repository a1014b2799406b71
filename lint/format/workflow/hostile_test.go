package workflow

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/source"
)

type files map[string]string

func (f files) ReadFile(path string) ([]byte, error) {
	if text, ok := f[path]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

// TestScriptsWithoutEnd has steps that run a long script again and again, scripts that
// run each other, Makefiles and actions that call themselves.
func TestScriptsWithoutEnd(t *testing.T) {
	items := strings.Repeat("x ", 16)
	loop := "for a in " + items + "; do for b in " + items + "; do for c in " + items + "; do X=\"$X$a$b$c$1\"; docker build -t $X$a .; done; done; done\n"
	var many strings.Builder
	for i := range 500 {
		fmt.Fprintf(&many, "      - run: ./long.sh %d\n", i)
	}
	const head = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"
	repository := files{
		"long.sh": "#!/bin/bash\n" + loop + loop, "again.sh": "#!/bin/sh\ndocker build .; ./again.sh; ./again.sh; ./again.sh; make again\n",
		"Makefile":     "again:\n\t$(MAKE) again\n\t./again.sh\n\tdocker build .\n",
		"a/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: ./b\n    - uses: ./b\n", "b/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: ./a\n    - uses: ./a\n",
		".github/workflows/w.yml": "on: {workflow_call: {}}\njobs:\n  j: {uses: ./.github/workflows/w.yml}\n  k: {uses: ./.github/workflows/w.yml}\n",
	}
	doc := Parse(source.New("x.yml", []byte(head+many.String())), Options{Files: repository})
	if len(doc.Problems) != 1 || !strings.Contains(doc.Problems[0].Message, "too many or too long") {
		t.Errorf("problems: %v", doc.Problems)
	}
	for _, step := range []string{"run: ./again.sh", "run: make again", "uses: ./a"} {
		doc := Parse(source.New("x.yml", []byte(head+"      - "+step+"\n")), Options{Files: repository})
		if len(doc.Problems) != 0 {
			t.Errorf("%s: problems: %v", step, doc.Problems)
		}
		if n := len(doc.Builds); n > 500 {
			t.Errorf("%s: %d builds", step, n)
		}
	}
	Parse(source.New("x.yml", []byte("on: push\njobs:\n  j: {uses: ./.github/workflows/w.yml}\n")), Options{Files: repository})
}
