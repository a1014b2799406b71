package shell

import (
	"testing"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// FuzzEvaluate holds the evaluator to its promises: it ends, it does not panic,
// and every byte of a literal is the byte of the file that it points to.
func FuzzEvaluate(f *testing.F) {
	for _, seed := range []string{
		`case "$(uname -m)" in x86_64) A=amd64;; aarch64|arm64) A=arm64;; *) exit 1;; esac; curl -fsSL https://x/$A -o /x`,
		`ARCH=$(uname -m | sed -e 's/x86_64/amd64/' -e s,aarch64,arm64,); wget "https://x/tool_${ARCH}.deb"`,
		"declare -A m=([amd64]=x64); echo ${m[$TARGETARCH]:-none} | tee /etc/apt/sources.list.d/x.list <<EOF\ndeb [arch=amd64] http://x y\nEOF\n",
		`f() { local a="$1"; get {a,b}-"$a"; }; for i in 1 2 3; do f $i || return; done`,
		`[[ $TARGETARCH =~ ^a(md|rm)64$ ]] && X=${TARGETARCH/amd/x86_} || X=${X%%-*}; printf '%s\n' "$X" | tr a-z A-Z | cut -d_ -f1`,
		"sh -c 'echo \"deb [arch=amd64] http://x\" >> /etc/apt/x.list'",
		"bash <<'E'\nget `arch`\nE\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		file := source.New("script", []byte(script))
		text := source.Verbatim(file.Span(0, len(file.Data)))
		options := Options{Architecture: "arm64", Variables: map[string]Values{"TARGETARCH": One(facts.FromMachine("arm64"))}}
		result, err := Evaluate(text, options)
		if err != nil {
			result = EvaluateLoosely(text, options)
		}
		for _, c := range result.Commands {
			for _, w := range c.Words {
				for _, v := range w.Values {
					checkValue(t, v)
				}
			}
			for _, u := range Uses(c) {
				for _, v := range u.Word.Values {
					checkValue(t, v)
				}
			}
		}
	})
}

func checkValue(t *testing.T, v facts.Value) {
	t.Helper()
	for _, p := range v.Parts {
		if p.Origin != facts.Literal || p.Source.File == nil {
			continue
		}
		if p.Source.String != p.Text {
			t.Fatalf("a part %q has the source %q", p.Text, p.Source.String)
		}
		if span := p.Source.All(); span.Text() != p.Text {
			t.Fatalf("a part %q stands at %q", p.Text, span.Text())
		}
	}
}
