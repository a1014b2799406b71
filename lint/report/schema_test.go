package report

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/source"
)

// written returns a report in a format.
func written(t testing.TB, name string, r *lint.Result, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Formats()[name](&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// valid checks a JSON document against a published schema of testdata/schemas.
func valid(t testing.TB, schema, document string) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiled, err := compiler.Compile(filepath.Join("testdata", "schemas", schema))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("%v\n%s", err, document)
	}
}

// evil is text that means something to somebody: runners, terminals, browsers, Markdown,
// XML, SARIF.
const evil = "::error::x %0A\n\r\x1b[31m\x00\x7f\u202e\u2028\ufffe\U000e0041\U000e0101\u3164<b>&amp;]]>\"' [a](https://evil.example) {0} | `c` @all \xff é日\U0001f680"

// hostile is a result in which everything that comes from a repository is evil.
func hostile(t testing.TB) *lint.Result {
	t.Helper()
	f := source.New("a b%\n::error::/日\u202e\x1b\xff#?<é>.Dockerfile", []byte("# "+evil+"\r\nRUN é日\U0001f680 x64 amd64\r\n"))
	g := source.New("c:d/e.yml", []byte("x: y\n"))
	return &lint.Result{
		Platforms: arch.Default(), Files: 2,
		Findings: []lint.Finding{
			{
				Rule: "arch-download", Severity: lint.Error, Span: at(t, f, "x64"), Message: evil, Help: evil, Platforms: arch.Set{arch.LinuxARM64},
				Related: []lint.Related{{Span: at(t, g, "y"), Message: evil}, {Message: "nowhere"}},
				Fix: &lint.Fix{Description: evil, Edits: []lint.Edit{
					{Span: at(t, f, "x64"), Text: evil},
					{Span: f.Span(0, 0), Text: "# one\n# two\n"},
					{Span: at(t, g, "x: "), Text: ""},
				}},
			},
			{Rule: evil, Severity: lint.Info, Span: f.Span(0, len(f.Data)), Message: "all"},
			{Rule: "single-arch-image", Severity: lint.Warning, Span: at(t, g, "y"), Message: "m"},
			{Rule: "single-arch-image", Severity: lint.Warning, Message: "without a place"},
		},
		Problems: []lint.Problem{{Path: f.Path, Line: 2, Column: 3, Message: evil}, {Path: "c:d", Message: "m"}},
	}
}

// inertCharacters reports characters that must stand in no report as they are.
func inertCharacters(t testing.TB, document string) {
	t.Helper()
	for _, c := range document {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c == 0x202e || c == 0x2028 || c == 0xfffe || c == 0xe0041 || c == 0xe0101 || c == 0x3164 {
			t.Errorf("%U in the document", c)
		}
	}
}
