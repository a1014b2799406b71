package compose

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// where writes a value as its parts: text that stands in the file in brackets,
// other known text as it is, a question mark for what is not known.
func where(v facts.Value) string {
	var b strings.Builder
	for _, p := range v.Parts {
		switch {
		case p.Origin == facts.Opaque:
			b.WriteString("?")
		case p.Source.File != nil:
			b.WriteString("[" + p.Source.All().Text() + "]")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func testEnvironment() *environment {
	env := &environment{}
	env.read([]byte("TAG=1.2\nEMPTY=\nLOST=$GONE\n"))
	return env
}

var templates = []struct{ text, want string }{
	{"nginx:1.25", "[nginx:1.25]"},
	{"nginx:$TAG", "[nginx:]1.2"},
	{"nginx:${TAG}-x", "[nginx:]1.2[-x]"},
	{"${TAG}${TAG}", "1.21.2"},
	{"nginx:${UNSET}", "[nginx:]?"},
	{"nginx:$UNSET/x", "[nginx:]?[/x]"},
	{"nginx:${UNSET:-8.0}", "[nginx:][8.0]"},
	{"nginx:${UNSET-8.0}", "[nginx:][8.0]"},
	{"nginx:${EMPTY:-8.0}", "[nginx:][8.0]"},
	{"nginx:${EMPTY-8.0}", "[nginx:]"},
	{"nginx:${TAG:-8.0}", "[nginx:]1.2"},
	{"${UNSET:-}nginx", "[nginx]"},
	{"${UNSET:-a}-${UNSET:-b}", "[a][-][b]"},
	{"${UNSET:-${TAG}-x}", "1.2[-x]"},
	{"${UNSET:-${OTHER:-deep}}", "[deep]"},
	{"${UNSET:-${OTHER}}", "?"},
	{"x${UNSET:+-y}", "[x]"},
	{"x${TAG:+-y}", "[x][-y]"},
	{"x${EMPTY:+-y}", "[x]"},
	{"x${EMPTY+-y}", "[x][-y]"},
	{"${TAG:?set it}", "1.2"},
	{"${TAG?set it}", "1.2"},
	{"${UNSET:?set it}", "?"},
	{"${EMPTY:?set it}", "?"},
	{"${EMPTY?set it}x", "[x]"},
	{"${LOST}", "?"},
	{"${LOST:-x}", "?"},
	{"$$TAG-$${TAG}", "[$][TAG-$][{TAG}]"},
	{"a$", "[a$]"},
	{"a$1", "[a$1]"},
	{"a ${", "?"},
	{"a ${}", "?"},
	{"a ${1}", "[a ]?"},
	{"a ${TAG", "?"},
	{"a ${TAG!x}", "[a ]?"},
	{"a ${TAG:}", "[a ]?"},
	{"a ${UNSET:-x\ny}", "[a ]?"},
}

func TestVariablesAreExpandedInPlace(t *testing.T) {
	for _, test := range templates {
		t.Run(test.text, func(t *testing.T) {
			f := source.New("x", []byte(test.text))
			got := testEnvironment().expand(source.Verbatim(f.Span(0, len(f.Data))))
			if diff := cmp.Diff(test.want, where(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// agree compares a known value with what Compose makes of the same text.
func agree(t *testing.T, text string) {
	t.Helper()
	v := testEnvironment().expand(source.Text{String: text})
	if !v.Known() {
		return
	}
	want, err := template.SubstituteWithOptions(text, func(name string) (string, bool) {
		value, ok := map[string]string{"TAG": "1.2", "EMPTY": "", "LOST": ""}[name]
		return value, ok
	}, template.WithPattern(template.DefaultPattern), template.WithoutLogging)
	if err != nil {
		t.Errorf("%q: %q, but Compose refuses it: %v", text, v.String(), err)
	} else if v.String() != want {
		t.Errorf("%q: %q, Compose has %q", text, v.String(), want)
	}
}

func TestExpansionAgreesWithCompose(t *testing.T) {
	for _, test := range templates {
		agree(t, test.text)
	}
}

func TestExpansionIsBounded(t *testing.T) {
	env := &environment{}
	env.read([]byte("A=0123456789012345678901234567890123456789\n" + strings.Repeat("A=$A$A$A$A\n", 50)))
	for name, text := range map[string]string{
		"growing variables": "$A",
		"long text":         strings.Repeat("x", maxValue+1),
		"deep defaults":     strings.Repeat("${U:-", 500) + strings.Repeat("}", 500),
		"many variables":    strings.Repeat("${U:-xxxx}$", maxValue/20) + "{A",
	} {
		if v := env.expand(source.Text{String: text}); v.Known() {
			t.Errorf("%s: known to be %.40q", name, v.String())
		}
	}
}

var environments = []string{
	"A=1\nB = 2\nC: 3\nexport D=4\n",
	"# comment\n\nA=x # comment\nB=x#y\nC=\n  D=  spaced  \n",
	"A='single $x \\n'\nB=\"double\\n\\t\\\"q\\\" \\\\\"\nC='it\\'s'\nD=\"over\nlines\" # c\nE=5",
	"\uFEFFA=1\r\nB=\"2\"\r\nC=3\r\n",
	"A=one\nB=$A-two\nC=${B}-${D:-three}\nE=\"\\$A $$A ${A}\"\n",
	"9A=x\nA.b=1\nA-b=2\nA[0]=3\n",
	"INHERITED\nA=1\n",
}

func TestEnvironmentFilesAgreeWithCompose(t *testing.T) {
	for _, data := range environments {
		want, err := dotenv.Parse(strings.NewReader(data))
		if err != nil {
			t.Errorf("%q: Compose refuses it: %v", data, err)
		}
		delete(want, "9A")
		env := &environment{}
		env.read([]byte(data))
		got := map[string]string{}
		for name, v := range env.values {
			got[name] = v.String()
		}
		if diff := cmp.Diff(want, got); diff != "" || env.unreadable {
			t.Errorf("%q: unreadable is %v (-compose +got):\n%s", data, env.unreadable, diff)
		}
	}
}

func TestVariablesBehindAFaultAreUnknown(t *testing.T) {
	for _, data := range []string{"A=1\nB C=2\nD=3\n", "A=1\nB='x\nD=3\n", "A=1\n*\nD=3", "A=1\nB C\nD=3\n", strings.Repeat("#", maxEnvironment+1)} {
		env := &environment{}
		env.read([]byte(data))
		if v := env.expand(source.Text{String: "${D:-default}"}); v.Known() {
			t.Errorf("%.20q: D is known to be %q", data, v.String())
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, test := range templates {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 || strings.ContainsAny(text, "\u017f\u212a") {
			return // Compose takes these letters for s and k
		}
		agree(t, text)
		file := source.New("x", []byte(text))
		for _, p := range testEnvironment().expand(source.Verbatim(file.Span(0, len(text)))).Parts {
			if p.Source.File != nil && p.Source.All().Text() != p.Text {
				t.Errorf("%q: part %q is mapped to %q", text, p.Text, p.Source.All().Text())
			}
		}
	})
}

func FuzzEnvironment(f *testing.F) {
	for _, data := range environments {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 200 || strings.ContainsAny(string(data), "$\\\u0085\u00a0") {
			return
		}
		env := &environment{}
		env.read(data)
		want, err := dotenv.Parse(strings.NewReader(string(data)))
		if err != nil || env.unreadable {
			return
		}
		for name, v := range env.values {
			if v.Known() && v.String() != want[name] {
				t.Errorf("%q: %s is %q, Compose has %q", data, name, v.String(), want[name])
			}
		}
	})
}
