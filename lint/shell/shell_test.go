package shell

import (
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func evaluate(t *testing.T, script, architecture string) *Result {
	t.Helper()
	f := source.New("script", []byte(script))
	result, err := Evaluate(source.Verbatim(f.Span(0, len(f.Data))), Options{
		Architecture: architecture,
		Variables: map[string]Values{
			"TARGETARCH": One(facts.FromMachine(architecture)),
		},
	})
	if err != nil {
		t.Fatalf("Evaluate(%q): %v", script, err)
	}
	return result
}

// fetched returns the words of the commands called get, unknown parts as "?".
func fetched(r *Result) string {
	var out []string
	for _, c := range r.Commands {
		if c.Name() != "get" {
			continue
		}
		for _, w := range c.Words[1:] {
			var alternatives []string
			for _, v := range w.Values {
				text := strings.ReplaceAll(v.String(), facts.Hole, "?")
				alternatives = append(alternatives, text)
			}
			out = append(out, strings.Join(alternatives, "|"))
		}
	}
	return strings.Join(out, " ")
}

func TestEvaluateFollowsTheArchitecture(t *testing.T) {
	tests := []struct{ name, script, amd64, arm64 string }{
		{"uname", `get $(uname -m)`, "x86_64", "aarch64"},
		{"backticks", "get tool-`uname -m`.gz", "tool-x86_64.gz", "tool-aarch64.gz"},
		{"dpkg", `ARCH="$(dpkg --print-architecture)"; get "$ARCH"`, "amd64", "arm64"},
		{"multiarch", `get /usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)`, "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"},
		{"case", `case "$(uname -m)" in x86_64) A=amd64;; aarch64|arm64) A=arm64;; esac; get $A`, "amd64", "arm64"},
		{"case with default", `case $TARGETARCH in arm64) A=aarch64 ;; *) A=x86_64 ;; esac && get $A`, "x86_64", "aarch64"},
		{"case with globs", `case $(uname -m) in x86*) get a;; a*64) get b;; esac`, "a", "b"},
		{"case in substitution", `A=$(case $(uname -m) in x86_64) echo amd64;; aarch64) echo arm64;; esac); get $A`, "amd64", "arm64"},
		{"if", `if [ "$TARGETARCH" = "amd64" ]; then A=x64; else A=arm64; fi; get $A`, "x64", "arm64"},
		{"elif", `if [ "$TARGETARCH" = "amd64" ]; then get a; elif [ "$TARGETARCH" = "arm64" ]; then get b; else exit 1; fi`, "a", "b"},
		{"double brackets", `if [[ "$(uname -m)" == aarch* ]]; then get b; else get a; fi`, "a", "b"},
		{"regexp", `[[ $(uname -m) =~ ^(aarch64|arm64)$ ]] && get b`, "", "b"},
		{"and or", `[ "$TARGETARCH" = amd64 ] && X=x64 || X=arm64; get $X`, "x64", "arm64"},
		{"test -o", `if test "$TARGETARCH" = x -o "$TARGETARCH" = arm64; then get b; fi`, "", "b"},
		{"not", `if ! [ "$TARGETARCH" = amd64 ]; then get b; fi`, "", "b"},
		{"sed", `get $(uname -m | sed s/x86_64/amd64/)`, "amd64", "aarch64"},
		{"sed twice", `get $(uname -m | sed -e 's/x86_64/amd64/' -e 's/aarch64/arm64/')`, "amd64", "arm64"},
		{"sed chain", `get $(arch | sed s/aarch64/arm64/ | sed s/x86_64/amd64/)`, "amd64", "arm64"},
		{"sed alternatives", `get $(uname -m | sed -E 's/x86_64|amd64/x64/;s/aarch64|arm64/a64/')`, "x64", "a64"},
		{"echo to sed", `get $(echo $TARGETARCH | sed 's,amd64,x86_64,')`, "x86_64", "arm64"},
		{"replacement", `A=$(uname -m); A=${A/x86_64/amd64}; A=${A/aarch64/arm64}; get $A`, "amd64", "arm64"},
		{"suffix removed", `A=linux/$TARGETARCH; get ${A#linux/}`, "amd64", "arm64"},
		{"associative array", `declare -A m=([amd64]=x64 [arm64]=a64); get ${m[$TARGETARCH]}`, "x64", "a64"},
		{"function", `name() { if [ "$1" = amd64 ]; then echo x; else echo y; fi; }; get $(name $TARGETARCH)`, "x", "y"},
		{"loop", `for a in amd64 arm64; do get $a; done`, "amd64 arm64", "amd64 arm64"},
		{"grep", `if uname -m | grep -q aarch64; then get b; else get a; fi`, "a", "b"},
		{"grep here-string", `if echo "$TARGETARCH" | grep -qE '^arm'; then get b; else get a; fi`, "a", "b"},
		{"default", `get ${TARGETARCH:-amd64}`, "amd64", "arm64"},
		{"undecided", `if [ -f /x ]; then A=amd64; else A=arm64; fi; get $A`, "amd64|arm64", "amd64|arm64"},
		{"unset default", `get ${ARCH:-amd64}`, "?|amd64", "?|amd64"},
		{"command substitution unknown", `V=$(curl x); get $V-linux`, "?-linux", "?-linux"},
		{"sh -c", `sh -c 'get $(uname -m)'`, "x86_64", "aarch64"},
		{"here-document", "bash <<'EOF'\nget $(uname -m)\nEOF", "x86_64", "aarch64"},
		{"assignment in chain", `set -ex && A=1 && get $A`, "1", "1"},
		{"unknown compared", `if [ "$BUILD_ARCH" = "aarch64" ]; then get b; else get a; fi`, "a", "b"},
		{"unknown platform compared", `if [[ "$P" == linux/arm64 ]]; then get b; else get a; fi`, "a", "b"},
		{"ls in a chain", `pwd && ls && A=1 && get $A`, "1", "1"},
		{"indirection", `A_amd64=x; A_arm64=y; N=A_amd64; get ${!N}`, "x", "y"},
		{"node", `node -p "process.arch === 'arm64' ? 'no' : process.exit(1)" || get a`, "a", ""},
		{"exported", `export A=linux && get $A`, "linux", "linux"},
		{"braces", `get {a,b}-c`, "a-c b-c", "a-c b-c"},
		{"continuation", "get a\\\nb", "ab", "ab"},
		{"quotes", `get "a"'b'\c`, "abc", "abc"},
		{"arch words in tr", `get $(echo X64 | tr '[:upper:]' '[:lower:]')`, "x64", "x64"},
		{"exit ends", `[ "$TARGETARCH" = arm64 ] && exit 0; get a`, "a", ""},
		{"brace group exit", `[ "$TARGETARCH" = amd64 ] || { echo no; exit 1; }; get a`, "a", ""},
		{"prefix assignment", `GOARCH=arm64 get $GOARCH`, "?", "?"},
		{"nested substitution", `A=$(dpkg --print-architecture); case "${A##*-}" in amd64) get x;; arm64) get y;; esac`, "x", "y"},
		{"local", `f() { local a="$1"; get "$a"; }; f $TARGETARCH`, "amd64", "arm64"},
		{"for without branch", `for i in 1 2; do if [ $TARGETARCH = arm64 ]; then get arm$i; fi; done`, "", "arm1 arm2"},
		{"printf", `get $(printf '%s-%s' v1 $TARGETARCH)`, "v1-amd64", "v1-arm64"},
		{"cut", `get $(echo linux/$TARGETARCH | cut -d/ -f2)`, "amd64", "arm64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fetched(evaluate(t, tt.script, "amd64")); got != tt.amd64 {
				t.Errorf("on amd64 got %q, want %q", got, tt.amd64)
			}
			if got := fetched(evaluate(t, tt.script, "arm64")); got != tt.arm64 {
				t.Errorf("on arm64 got %q, want %q", got, tt.arm64)
			}
		})
	}
}

func TestEvaluateKeepsThePlaceOfALiteral(t *testing.T) {
	script := "A=\"tool-amd64\" && \\\n  B=${A}.tgz; get \"https://x/$B\""
	r := evaluate(t, script, "arm64")
	for _, c := range r.Commands {
		if c.Name() != "get" {
			continue
		}
		v := c.Words[1].Values[0]
		i := strings.Index(v.String(), "amd64")
		span := v.Span(i, i+5)
		if span.Text() != "amd64" || span.Start != strings.Index(script, "amd64") {
			t.Errorf("amd64 in %q is at %v %q", v.String(), span.From(), span.Text())
		}
		return
	}
	t.Fatal("no command called get")
}

func TestEvaluateFindsIncompleteSwitches(t *testing.T) {
	tests := []struct {
		name, script string
		arm64        bool
		fails        bool
	}{
		{"no branch", `case $(uname -m) in x86_64) A=amd64;; esac`, true, false},
		{"exit", `case $(uname -m) in x86_64) A=amd64;; *) echo "unsupported"; exit 1;; esac`, true, true},
		{"if", `if [ "$TARGETARCH" = amd64 ]; then A=x; else echo no; exit 1; fi`, true, true},
		{"guard", `[ "$(uname -m)" = x86_64 ] || exit 1`, true, true},
		{"double brackets", `if [[ $TARGETARCH != amd64 ]]; then exit 1; fi`, true, true},
		{"elif", `if [ "$TARGETARCH" = amd64 ]; then A=x; elif [ $TARGETARCH = arm64 ]; then A=y; else exit 1; fi`, false, false},
		{"nothing to do", `[ "$TARGETARCH" = amd64 ] || exit 0`, false, false},
		{"something extra", `case $(uname -m) in x86_64) GOOS=linux make more;; esac`, false, false},
		{"another reason", `[ -f x ] || exit 1`, false, false},
		{"complete", `case $(uname -m) in x86_64) A=amd64;; aarch64) A=arm64;; *) exit 1;; esac`, false, false},
		{"not about architectures", `case $1 in a) x;; *) exit 1;; esac`, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := evaluate(t, tt.script, "amd64").Switches; len(got) != 0 {
				t.Errorf("on amd64 there is a switch: %+v", got)
			}
			got := evaluate(t, tt.script, "arm64").Switches
			if (len(got) == 1) != tt.arm64 || len(got) == 1 && got[0].Fails != tt.fails {
				t.Errorf("on arm64 got %+v", got)
			}
		})
	}
}

func TestEvaluateBoundsHostileScripts(t *testing.T) {
	for name, script := range map[string]string{
		"recursion":   `f() { f; f; }; f`,
		"loops":       strings.Repeat("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do ", 12) + "get x;" + strings.Repeat(" done;", 12),
		"substitutes": strings.Repeat("$(", 500) + strings.Repeat(")", 500),
		"braces":      "get " + strings.Repeat("{a,b,c,d}", 30),
		"doubling":    "A=x; " + strings.Repeat("A=$A$A; ", 80) + "get $A",
		"branches":    strings.Repeat("if [ -f x ]; then A=$A$RANDOM; else A=$A.; fi\n", 300),
		"case":        strings.Repeat("case $x in a) ", 200) + strings.Repeat(" ;; esac", 200),
	} {
		t.Run(name, func(t *testing.T) {
			f := source.New("script", []byte(script))
			// A syntax error is fine, a panic or hanging is not.
			r, err := Evaluate(source.Verbatim(f.Span(0, len(f.Data))), Options{Architecture: "arm64"})
			if err == nil && len(r.Commands) > maxCommands+1 {
				t.Errorf("%d commands", len(r.Commands))
			}
		})
	}
}

func TestEvaluateLooselyTakesWhatItCan(t *testing.T) {
	f := source.New("script", []byte("A=amd64\nif then (\nget tool-$A && \\\n  get other\nget \"$(oops\"\n"))
	script := source.Verbatim(f.Span(0, len(f.Data)))
	if _, err := Evaluate(script, Options{}); err == nil {
		t.Fatal("the script parses, so it shows nothing")
	}
	r := EvaluateLoosely(script, Options{Architecture: "arm64"})
	if got, want := fetched(r), "tool-amd64 other $ oops"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, c := range r.Commands {
		if !c.Maybe {
			t.Errorf("%q is certain", c.Span.Text())
		}
	}
}

// BenchmarkEvaluate evaluates a script as many Dockerfiles have it, and lists what its
// commands select.
func BenchmarkEvaluate(b *testing.B) {
	text := `set -eux; \
	apt-get update; apt-get install -y --no-install-recommends ca-certificates curl gnupg; \
	case "$(dpkg --print-architecture)" in amd64) arch=x86_64 ;; arm64) arch=aarch64 ;; *) exit 1 ;; esac; \
	if [ -n "$VERSION" ]; then url="https://example.com/tool/v${VERSION}/tool_${arch}.tar.gz"; else url="https://example.com/tool/latest/tool_${arch}.tar.gz"; fi; \
	curl -fsSL -o /tmp/tool.tar.gz "$url"; \
	echo "0123456789abcdef  /tmp/tool.tar.gz" | sha256sum -c -; \
	for i in a b c; do tar -xzf /tmp/tool.tar.gz -C "/opt/$i" --strip-components=1; done; \
	rm -rf /var/lib/apt/lists/* /tmp/tool.tar.gz
`
	f := source.New("script", []byte(text))
	script := source.Verbatim(f.Span(0, len(text)))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		result, err := Evaluate(script, Options{Architecture: "arm64", Variables: map[string]Values{"VERSION": One(facts.Text("1.2.3"))}})
		if err != nil || !result.Asked {
			b.Fatal(err, result.Asked)
		}
		for _, c := range result.Commands {
			Uses(c)
		}
	}
}
