package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/report"
	"github.com/archlint/archlint/lint/source"
)

// FuzzDockerfile takes Dockerfiles through the whole engine: nothing fails, and
// every finding lies in the file.
func FuzzDockerfile(f *testing.F) {
	for _, seed := range []string{
		"ARG ARCH=amd64\nFROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /x\nFROM alpine\nCOPY --from=b /x /y-${ARCH}\nADD https://x/a_linux_amd64.tgz /\n",
		"FROM b-${TARGETARCH}\nRUN <<EOF\ncase $(uname -m) in x86_64) exit 1;; esac\ncurl https://x/y-x86_64.rpm\nEOF\n",
		"FROM amd64/alpine\r\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64 A=\"b c\"\r\nRUN [\"sh\", \"-c\", \"echo 'deb [arch=amd64] http://x y' > /etc/x\"]\r\n",
		"FROM x\nRUN curl -u a:\x1b]0;\u202e https://u:password@h/a-amd64.tgz && X=`uname -m`\n",
		"FROM a AS a\nFROM a\nCOPY --from=0 x y\nONBUILD RUN wget $X\nRUN --mount=from=c,target=/ make x-amd64\n",
	} {
		f.Add(seed)
	}
	f.Setenv("GITHUB_STEP_SUMMARY", "") // the report for GitHub would write to it
	known := catalog.Default()
	images := image.New(image.Options{Catalog: known})
	f.Fuzz(func(t *testing.T, text string) {
		result, err := lint.Run(context.Background(), lint.Options{
			Inputs:    []lint.Input{{Path: "Dockerfile", Kind: facts.Dockerfile, Report: true}},
			Read:      func(string) ([]byte, error) { return []byte(text), nil },
			Parse:     format.Parse(nil, nil, nil),
			Rules:     All(),
			Platforms: arch.Default(),
			Images:    images,
			Download:  known.Download,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range result.Problems {
			if strings.Contains(p.Message, "archlint failed") {
				t.Fatalf("%s on %q", p.Message, text)
			}
		}
		for _, finding := range result.Findings {
			if s := finding.Span; s.Start < 0 || s.End > len(text) || s.Start > s.End {
				t.Fatalf("%s at [%d, %d) of %d bytes", finding.Rule, s.Start, s.End, len(text))
			}
			if finding.Message == "" || len(finding.Platforms) == 0 {
				t.Fatalf("%s says %q for %v", finding.Rule, finding.Message, finding.Platforms)
			}
		}
		for name, write := range report.Formats() {
			var out bytes.Buffer
			if err := write(&out, result, report.Options{Rules: All()}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if bytes.ContainsAny(out.Bytes(), "\x1b\x07\u202e\u2066") {
				t.Fatalf("%s has control characters", name)
			}
			if (name == "json" || name == "sarif" || name == "gitlab" || name == "rdjson") && !json.Valid(out.Bytes()) {
				t.Fatalf("%s is no JSON:\n%s", name, out.Bytes())
			}
		}
		repaired(t, text, result)
	})
}

// repaired makes the fixes of a result that go together: the file can be read as well as
// before.
func repaired(t *testing.T, text string, result *lint.Result) {
	var plan fix.Plan
	for _, finding := range result.Findings {
		if finding.Fix == nil || !finding.Fix.Safe {
			continue
		}
		var edits []fix.Edit
		for _, e := range finding.Fix.Edits {
			edits = append(edits, fix.Edit{Path: "Dockerfile", Start: e.Span.Start, End: e.Span.End, Text: e.Text})
		}
		plan.Add(edits)
	}
	if len(plan.Paths()) == 0 {
		return
	}
	parse := format.Parse(nil, nil, nil)
	was := parse(facts.Dockerfile, source.New("Dockerfile", []byte(text)))
	is := parse(facts.Dockerfile, source.New("Dockerfile", plan.Apply("Dockerfile", []byte(text))))
	if len(is.Problems) > len(was.Problems) || len(is.Stages) != len(was.Stages) {
		t.Fatalf("the fixes of %q make %q: %v", text, is.File.Data, is.Problems)
	}
}
