package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/archlint/archlint/lint"
)

// elements returns the names of the elements of a page, each once with what its
// attributes are, and its text.
func elements(t *testing.T, page string) (tags map[string]int, links []string, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	tags = map[string]int{}
	var b strings.Builder
	for node := range root.Descendants() {
		switch node.Type {
		case html.ElementNode:
			tags[node.Data]++
			for _, a := range node.Attr {
				switch a.Key {
				case "href":
					links = append(links, a.Val)
				case "class", "id", "style", "lang", "charset", "name", "content", "http-equiv", "open":
				default:
					t.Errorf("the element %s has the attribute %s", node.Data, a.Key)
				}
			}
		case html.TextNode:
			b.WriteString(node.Data)
		}
	}
	return tags, links, b.String()
}

func TestHTML(t *testing.T) {
	r := sample(t)
	r.Documents = []lint.Document{{Path: "app/Dockerfile", Kind: "dockerfile", Required: r.Platforms}, {Path: "compose.yaml", Kind: "compose", Required: r.Platforms}}
	tags, links, text := elements(t, written(t, "html", r, Options{Version: "1.2.3"}))
	for _, want := range []string{
		"1 of 2 files ready (50 %)", "jq-linux64 runs on amd64 only", "RUN curl", "use jq-linux-${TARGETARCH}", "not YAML", "x.yml:3", "archlint 1.2.3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if tags["mark"] != 2 || tags["details"] != 1 {
		t.Errorf("elements %v", tags)
	}
	if links[0] != "#file-1" {
		t.Errorf("links %v", links)
	}
}

func TestHTMLOfHostileText(t *testing.T) {
	r := hostile(t)
	r.Documents = []lint.Document{{Path: r.Findings[0].Span.File.Path, Kind: "dockerfile", Required: r.Platforms}}
	page := written(t, "html", r, Options{Version: evil})
	inertCharacters(t, page)
	harmless := sample(t)
	harmless.Documents = []lint.Document{{Path: "app/Dockerfile", Required: r.Platforms}}
	tags, links, _ := elements(t, page)
	want, _, _ := elements(t, written(t, "html", harmless, Options{}))
	for tag := range tags {
		if want[tag] == 0 && tag != "code" {
			t.Errorf("the page has an element %s", tag)
		}
	}
	for _, link := range links {
		if !strings.HasPrefix(link, "https://github.com/archlint/archlint") && !strings.HasPrefix(link, "#file-") {
			t.Errorf("the page leads to %s", link)
		}
	}
}

func TestReadiness(t *testing.T) {
	r := sample(t)
	r.Documents = []lint.Document{
		{Path: "app/Dockerfile", Kind: "dockerfile", Required: r.Platforms},
		{Path: "Dockerfile.arm64", Kind: "dockerfile", Required: r.Platforms[1:2]},
		{Path: "compose.yaml", Kind: "compose", Required: r.Platforms},
	}
	r.Findings = append(r.Findings, lint.Finding{Rule: lint.UnusedIgnore, Severity: lint.Warning, Span: r.Findings[0].Span, Message: "m"})
	var b strings.Builder
	if err := ReadinessFormats()["text"](&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	want := `linux/amd64: 1 of 2 files ready (50 %), 1 with warnings
linux/arm64: 2 of 3 files ready (66 %), 1 blocked

FILE            KIND        linux/amd64  linux/arm64  IN THE WAY
app/Dockerfile  dockerfile  doubt        blocked      arch-download, single-arch-image

arch-download: 1 finding in 1 file, 1 with a fix
single-arch-image: 1 finding in 1 file
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestReadinessOfNothing(t *testing.T) {
	for name, format := range ReadinessFormats() {
		var b strings.Builder
		if err := format(&b, &lint.Result{}, Options{}); err != nil || b.Len() == 0 || strings.Contains(b.String(), "null") {
			t.Errorf("%s: %v %s", name, err, b.String())
		}
	}
}
