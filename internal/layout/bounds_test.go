package layout

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheTableOfBoundsIsThatOfTheCode compares docs/security.md with the constants that it
// names.
func TestTheTableOfBoundsIsThatOfTheCode(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| .* \\| ([0-9]+) \\| `([a-z/]+)\\.([A-Za-z]+)` \\|$").FindAllStringSubmatch(string(page), -1)
	if len(rows) < 40 {
		t.Fatalf("%d rows: has the table another form?", len(rows))
	}
	packages := map[string]map[string]ast.Expr{}
	for _, row := range rows {
		want, dir, name := row[1], row[2], row[3]
		if packages[dir] == nil {
			packages[dir] = constants(t, dir)
		}
		expr := packages[dir][name]
		if expr == nil {
			t.Errorf("%s has no constant %s", dir, name)
			continue
		}
		if got := value(expr, packages[dir]); got.ExactString() != want {
			t.Errorf("%s.%s is %s, and %s in docs/security.md", dir, name, got, want)
		}
	}
}

// constants returns the constants of a package by their names.
func constants(t *testing.T, dir string) map[string]ast.Expr {
	t.Helper()
	out := map[string]ast.Expr{}
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					v := s.(*ast.ValueSpec)
					for i, name := range v.Names {
						if i < len(v.Values) {
							out[name.Name] = v.Values[i]
						}
					}
				}
			}
		}
	}
	return out
}

// value evaluates an expression of numbers.
func value(e ast.Expr, names map[string]ast.Expr) constant.Value {
	switch e := e.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0)
	case *ast.ParenExpr:
		return value(e.X, names)
	case *ast.Ident:
		if names[e.Name] != nil {
			return value(names[e.Name], names)
		}
	case *ast.BinaryExpr:
		x, y := value(e.X, names), value(e.Y, names)
		if e.Op == token.SHL {
			n, _ := constant.Uint64Val(y)
			return constant.Shift(x, e.Op, uint(n))
		}
		return constant.BinaryOp(x, e.Op, y)
	}
	return constant.MakeUnknown()
}
