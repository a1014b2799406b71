package report

import (
	"encoding/xml"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
)

// validXML checks a document against a published schema with the program xmllint, where it
// is there.
func validXML(t testing.TB, schema, document string) {
	t.Helper()
	program, err := exec.LookPath("xmllint")
	if err != nil {
		t.Log("xmllint is not there: the schema is not checked")
		return
	}
	cmd := exec.Command(program, "--nonet", "--noout", "--schema", filepath.Join("testdata", "schemas", schema), "-")
	cmd.Stdin = strings.NewReader(document)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, document)
	}
}

const checkstyleSample = `<?xml version="1.0" encoding="UTF-8"?>
<checkstyle version="4.3">
  <file name="../app/Dockerfile">
    <error line="2" column="23" severity="error" message="jq-linux64 runs on amd64 only: use jq-linux-${TARGETARCH}" source="archlint.arch-download"></error>
    <error line="1" column="6" severity="warning" message="no arm64" source="archlint.single-arch-image"></error>
  </file>
  <file name="../big">
    <error severity="warning" message="too large" source="archlint.problem"></error>
  </file>
  <file name="../x.yml">
    <error line="3" column="1" severity="warning" message="not YAML" source="archlint.problem"></error>
  </file>
</checkstyle>
`

const junitSample = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="archlint" tests="5" failures="2" errors="2">
  <testsuite name="archlint.other" tests="1" failures="0" errors="0">
    <testcase classname="archlint.other" name="all files"></testcase>
  </testsuite>
  <testsuite name="archlint.arch-download" tests="1" failures="1" errors="0">
    <testcase classname="archlint.arch-download" name="../app/Dockerfile">
      <failure type="error" message="jq-linux64 runs on amd64 only">../app/Dockerfile:2:23: error: jq-linux64 runs on amd64 only&#xA;   help: use jq-linux-${TARGETARCH}&#xA;</failure>
    </testcase>
  </testsuite>
  <testsuite name="archlint.single-arch-image" tests="1" failures="1" errors="0">
    <testcase classname="archlint.single-arch-image" name="../app/Dockerfile">
      <failure type="warning" message="no arm64">../app/Dockerfile:1:6: warning: no arm64&#xA;</failure>
    </testcase>
  </testsuite>
  <testsuite name="archlint.files" tests="2" failures="0" errors="2">
    <testcase classname="archlint.files" name="../x.yml">
      <error type="problem" message="not YAML">../x.yml:3:1: not YAML&#xA;</error>
    </testcase>
    <testcase classname="archlint.files" name="../big">
      <error type="problem" message="too large">too large&#xA;</error>
    </testcase>
  </testsuite>
</testsuites>
`

func TestXML(t *testing.T) {
	o := Options{Rel: func(p string) string { return "../" + p }, Rules: []*lint.Rule{{Name: "other"}, {Name: "arch-download"}}}
	for name, want := range map[string]string{"checkstyle": checkstyleSample, "junit": junitSample} {
		if diff := cmp.Diff(want, written(t, name, sample(t), o)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	validXML(t, "junit-10.xsd", junitSample)
}

func TestXMLOfHostileText(t *testing.T) {
	for _, name := range []string{"checkstyle", "junit"} {
		document := written(t, name, hostile(t), Options{})
		inertCharacters(t, document)
		decoder := xml.NewDecoder(strings.NewReader(document))
		for {
			token, err := decoder.Token()
			if token == nil {
				if err.Error() != "EOF" {
					t.Errorf("%s: %v", name, err)
				}
				break
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "b" {
				t.Errorf("%s: text became an element", name)
			}
		}
		if strings.Contains(document, "\ufffd") || !strings.Contains(document, `\ufffe`) {
			t.Errorf("%s: something is lost in %s", name, document)
		}
	}
}

func TestJUnit(t *testing.T) {
	for name, r := range map[string]*lint.Result{"hostile": hostile(t), "nothing": {}} {
		document := written(t, "junit", r, Options{})
		validXML(t, "junit-10.xsd", document)
		var got junitReport
		if err := xml.Unmarshal([]byte(document), &got); err != nil {
			t.Fatal(err)
		}
		if got.Tests == 0 {
			t.Errorf("%s: no test", name)
		}
	}
	f := hostile(t).Findings
	several := &lint.Result{Findings: []lint.Finding{f[1], f[2], f[2], f[2]}}
	several.Findings[2].Message, several.Findings[3].Severity = "worse", lint.Info
	several.Findings[2].Severity = lint.Error
	var got junitReport
	if err := xml.Unmarshal([]byte(written(t, "junit", several, Options{})), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Suites) != 2 || got.Tests != 2 || got.Failures != 1 {
		t.Fatalf("%+v", got)
	}
	if c := got.Suites[0].Cases[0]; c.Failure != nil || !strings.HasSuffix(c.Output, "info: all\n") {
		t.Errorf("advice is %+v", c)
	}
	want := &junitResult{"error", "worse (and 2 more)", "c:d/e.yml:1:4: warning: m\nc:d/e.yml:1:4: error: worse\nc:d/e.yml:1:4: info: m\n"}
	if diff := cmp.Diff(want, got.Suites[1].Cases[0].Failure); diff != "" {
		t.Error(diff)
	}
}
