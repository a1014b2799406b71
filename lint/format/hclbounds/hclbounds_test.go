package hclbounds

import (
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/source"
)

func TestCheck(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	for name, test := range map[string]struct{ text, want string }{
		"ordinary":      {many("target \"a\" {\n  platforms = [\"linux/amd64\", \"${A}\"]\n  x = a ? b.c[0] : !d\n}\n", 2000), ""},
		"a long list":   {"x = [" + many("1 + a.b,\n", 20_000) + "]\n", ""},
		"a long text":   {"x = \"" + many("${a} - ", 20_000) + "\"\n", ""},
		"large":         {many("# x\n", MaxSize), "KiB"},
		"deep":          {"x = " + many("[", 100) + many("]", 100), "nest"},
		"unary":         {"x = " + many("!", 400_000) + "a", "operators"},
		"minus":         {"x = " + many("- ", 200_000) + "1", "operators"},
		"conditional":   {"x = " + many("a ? 1 : ", 50_000) + "1", "operators"},
		"sum":           {"x = (" + many("1 +\n", 50_000) + "1)", "operators"},
		"traversal":     {"x = a" + many(".b", 50_000), "operators"},
		"index":         {"x = a" + many("[0]", 50_000), "operators"},
		"call of calls": {"x = a" + many("()", 50_000), "operators"},
	} {
		t.Run(name, func(t *testing.T) {
			problem, is := Check(source.New("x.hcl", []byte(test.text)))
			if is != (test.want != "") || !strings.Contains(problem.Message, test.want) {
				t.Errorf("%v %q", is, problem.Message)
			}
		})
	}
}
