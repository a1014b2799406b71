package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

func rdOf(t testing.TB, r *lint.Result, o Options) rdResult {
	t.Helper()
	document := written(t, "rdjson", r, o)
	valid(t, "rdf-DiagnosticResult.json", document)
	inertCharacters(t, document)
	var got rdResult
	if err := json.Unmarshal([]byte(document), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRDJSON(t *testing.T) {
	const want = `{
  "source": {
    "name": "archlint",
    "url": "https://github.com/archlint/archlint"
  },
  "diagnostics": [
    {
      "message": "jq-linux64 runs on amd64 only: use jq-linux-${TARGETARCH}",
      "location": {
        "path": "../app/Dockerfile",
        "range": {
          "start": {
            "line": 2,
            "column": 23
          },
          "end": {
            "line": 2,
            "column": 33
          }
        }
      },
      "severity": "ERROR",
      "code": {
        "value": "arch-download",
        "url": "https://github.com/archlint/archlint/blob/main/docs/rules/arch-download.md"
      },
      "suggestions": [
        {
          "range": {
            "start": {
              "line": 2,
              "column": 26
            },
            "end": {
              "line": 2,
              "column": 33
            }
          },
          "text": "linux-${TARGETARCH}"
        }
      ],
      "related_locations": [
        {
          "message": "published for linux/arm64 here",
          "location": {
            "path": "../.github/workflows/ci.yml",
            "range": {
              "start": {
                "line": 2,
                "column": 12
              },
              "end": {
                "line": 2,
                "column": 23
              }
            }
          }
        }
      ]
    },
    {
      "message": "no arm64",
      "location": {
        "path": "../app/Dockerfile",
        "range": {
          "start": {
            "line": 1,
            "column": 6
          },
          "end": {
            "line": 1,
            "column": 12
          }
        }
      },
      "severity": "WARNING",
      "code": {
        "value": "single-arch-image",
        "url": "https://github.com/archlint/archlint/blob/main/docs/rules/single-arch-image.md"
      }
    },
    {
      "message": "not YAML",
      "location": {
        "path": "../x.yml",
        "range": {
          "start": {
            "line": 3
          }
        }
      },
      "severity": "WARNING"
    },
    {
      "message": "too large",
      "location": {
        "path": "../big"
      },
      "severity": "WARNING"
    }
  ]
}
`
	rel := func(p string) string { return "../" + p }
	if diff := cmp.Diff(want, written(t, "rdjson", sample(t), Options{Rel: rel})); diff != "" {
		t.Error(diff)
	}
	rdOf(t, sample(t), Options{})
	rdOf(t, &lint.Result{}, Options{})
}

func TestRDJSONLHasOneDiagnosticALine(t *testing.T) {
	for name, r := range map[string]*lint.Result{"sample": sample(t), "hostile": hostile(t)} {
		want := rdOf(t, r, Options{}).Diagnostics
		lines := strings.SplitAfter(written(t, "rdjsonl", r, Options{}), "\n")
		if len(lines) != len(want)+1 || lines[len(want)] != "" {
			t.Fatalf("%s: %d lines for %d diagnostics", name, len(lines)-1, len(want))
		}
		for i, line := range lines[:len(want)] {
			valid(t, "rdf-Diagnostic.json", line)
			inertCharacters(t, line)
			var got rdDiagnostic
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			want[i].Source = &rdSource{"archlint", homepage}
			if diff := cmp.Diff(want[i], got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
	if got := written(t, "rdjsonl", &lint.Result{}, Options{}); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestRDJSONCountsBytes(t *testing.T) {
	got := rdOf(t, hostile(t), Options{}).Diagnostics
	want := rdRange{rdPosition{3, 15}, &rdPosition{3, 18}}
	if diff := cmp.Diff(&want, got[0].Location.Range); diff != "" {
		t.Error(diff)
	}
	if got[3].Location != nil {
		t.Errorf("no place became %+v", got[3].Location)
	}
	if m := got[0].Message; strings.Contains(m, "<b>") || strings.Contains(m, "](") || strings.Contains(m, "@all") || strings.Contains(m, "\n") {
		t.Errorf("message %q", m)
	}
}

func TestRDJSONSuggestsAFixAsAWhole(t *testing.T) {
	f := source.New("Dockerfile", []byte("FROM é\r\nRUN x64\r\nRUN y64\r\n"+strings.Repeat("#\r\n", 40)+"END\r\n"))
	other := source.New("other", []byte("x64\n"))
	two := []lint.Edit{{Span: at(t, f, "y64"), Text: "$Y"}, {Span: f.Span(9, 9), Text: "ARG Y\n"}}
	want := rdSuggestion{rdRange{rdPosition{2, 1}, &rdPosition{3, 8}}, "ARG Y\r\nRUN x64\r\nRUN $Y"}
	for name, test := range map[string]struct {
		fix  *lint.Fix
		want []rdSuggestion
	}{
		"none":            {nil, nil},
		"no edits":        {&lint.Fix{}, nil},
		"two edits":       {&lint.Fix{Edits: two}, []rdSuggestion{want}},
		"a removal":       {&lint.Fix{Edits: []lint.Edit{{Span: at(t, f, "x64")}}}, []rdSuggestion{{rdRange{rdPosition{2, 5}, &rdPosition{2, 8}}, ""}}},
		"two files":       {&lint.Fix{Edits: append(two[:1:1], lint.Edit{Span: at(t, other, "x64"), Text: "z"})}, nil},
		"far apart":       {&lint.Fix{Edits: append(two[:1:1], lint.Edit{Span: at(t, f, "END"), Text: "z"})}, nil},
		"one in the next": {&lint.Fix{Edits: append(two[:1:1], lint.Edit{Span: at(t, f, "64\r\nRUN y64"), Text: "z"})}, nil},
		"nowhere":         {&lint.Fix{Edits: append(two[:1:1], lint.Edit{Text: "z"})}, nil},
	} {
		finding := lint.Finding{Rule: "r", Severity: lint.Error, Span: at(t, f, "x64"), Message: "m", Fix: test.fix}
		got := rdOf(t, &lint.Result{Findings: []lint.Finding{finding}}, Options{}).Diagnostics[0].Suggestions
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
