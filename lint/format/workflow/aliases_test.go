package workflow

import "testing"

func TestMayAlias(t *testing.T) {
	for text, want := range map[string]bool{
		"a: &x 1\nb: *x\n":                      true,
		"&x [1]: a\n*x : b\n":                   true,
		"- &x\n  a: 1\n- *x\n":                  true,
		"a: [&x 1,*x]\n":                        true,
		"{a: &x 1, b: *x}\n":                    true,
		"a: !!str &x 1\nb: !t *x\n":             true,
		"? &x a\n: *x\n":                        true,
		"\ufeff&x a: *x\n":                      true,
		"a: &x 1\n":                             false,
		"run: make & wait *.go\n":               false,
		"run: |\n  a && b\n  c *.go &\n  d *.x": false,
		"cron: '* * * * *'\nrun: a &b\n":        false,
		"if: a == 'b' && c\nrun: rm *x\n":       false,
	} {
		if got := mayAlias(text); got != want {
			t.Errorf("mayAlias(%q) is %v", text, got)
		}
	}
}
