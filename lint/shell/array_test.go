package shell

import (
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/source"
)

func TestArraysAsWords(t *testing.T) {
	for script, want := range map[string]string{
		"a=(x y)\necho \"${a[@]}\" z":                     "echo x y z",
		"a=(x)\na+=(y 'v w')\necho ${a[@]}":               "echo x y v w",
		"a=()\necho \"${a[@]}\"":                          "echo",
		"for i in \"${a[@]}\"; do echo $i; done":          "echo …",
		"a=(x y)\nfor i in \"${a[@]}\"; do echo $i; done": "echo x, echo y",
		"a=(x)\nif $C; then a+=(y); fi\necho ${a[@]}":     "echo …",
		"a+=(x)\necho ${a[@]}":                            "echo …",
		"a=(x y)\necho ${#a[@]} ${a[1]}":                  "echo … y",
	} {
		f := source.New("script", []byte(script))
		result, err := Evaluate(source.Verbatim(f.Span(0, len(script))), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range result.Commands {
			if c.Name() != "echo" {
				continue
			}
			var words []string
			for _, w := range c.Words {
				words = append(words, w.Values[0].Display())
			}
			got = append(got, strings.Join(words, " "))
		}
		if joined := strings.Join(got, ", "); joined != want {
			t.Errorf("%q: got %s, want %s", script, joined, want)
		}
	}
}
