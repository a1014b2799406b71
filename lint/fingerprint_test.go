package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/source"
)

// at returns a finding for each place of a text in a file.
func at(path, data, text string) []Finding {
	f := source.New(path, []byte(data))
	var out []Finding
	for from := 0; ; {
		i := strings.Index(data[from:], text)
		if i < 0 {
			return out
		}
		out = append(out, Finding{Rule: "arch-download", Span: f.Span(from+i, from+i+len(text)), Message: fmt.Sprintf("line %d", f.LineAt(from+i))})
		from += i + len(text)
	}
}

func TestFingerprintsStay(t *testing.T) {
	const code = "FROM alpine\nADD https://example.com/tool-amd64 /\nRUN x\n"
	want := Fingerprints(at("Dockerfile", code, "amd64"))
	if len(want) != 1 {
		t.Fatalf("%d fingerprints", len(want))
	}
	for name, changed := range map[string]string{
		"lines above":            strings.Repeat("# comment\n", 10) + code,
		"lines below":            code + "RUN y\n",
		"other lines change":     strings.Replace(code, "alpine", "debian", 1),
		"indentation":            strings.ReplaceAll(code, "ADD ", "\tADD   "),
		"line ends of Windows":   strings.ReplaceAll(code, "\n", "\r\n"),
		"no line end at the end": strings.TrimSuffix(code, "\nRUN x\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, Fingerprints(at("Dockerfile", changed, "amd64"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFingerprintsDiffer(t *testing.T) {
	const code = "ADD tool-amd64 /\n"
	base := Fingerprints(at("Dockerfile", code, "amd64"))[0]
	otherRule := at("Dockerfile", code, "amd64")
	otherRule[0].Rule = "arch-path"
	for name, findings := range map[string][]Finding{
		"path": at("a/Dockerfile", code, "amd64"),
		"line": at("Dockerfile", "ADD tool2-amd64 /\n", "amd64"),
		"span": at("Dockerfile", code, "tool-amd64"),
		"rule": otherRule,
	} {
		if got := Fingerprints(findings)[0]; got == base {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
	three := Fingerprints(at("Dockerfile", code+code+"ADD amd64 amd64\n", "amd64"))
	seen := map[string]bool{}
	for _, name := range three {
		seen[name] = true
	}
	if len(seen) != 4 || three[0] != base {
		t.Errorf("alike findings have %d names of 4: %q", len(seen), three)
	}
}

func TestContents(t *testing.T) {
	long := "ADD " + strings.Repeat("ä", maxContent) + " amd64\n"
	var c Contents
	one, other := c.Of(&at("x", long, "amd64")[0]), c.Of(&at("x", strings.Replace(long, " amd64", "x amd64", 1), "amd64")[0])
	if one == other || len(one) > maxContent+30 {
		t.Errorf("long lines: %q and %q", one, other)
	}
	f := source.New("x", []byte("one \\\n  two\nthree\n"))
	for end, want := range map[int]string{3: "one \\", 12: `one \ two`, 13: `one \ two three`} {
		if got := c.Of(&Finding{Span: f.Span(0, end)}); got != want {
			t.Errorf("to %d: %q, want %q", end, got, want)
		}
	}
	if got := c.Of(&Finding{}); got != "" {
		t.Errorf("a finding without a place is on %q", got)
	}
}
