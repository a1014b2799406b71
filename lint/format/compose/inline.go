package compose

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// maxInline is the number of stages read from a Dockerfile within the file.
const maxInline = 100

// imageScheme marks an image among the additional contexts of a build.
const imageScheme = "docker-image://"

// contexts adds the images that a build uses as additional contexts.
func (p *parser) contexts(service string, f field) {
	if !p.report(f) {
		return
	}
	add := func(v facts.Value) {
		s := v.String()
		if !v.Known() || !strings.HasPrefix(s, imageScheme) || len(s) == len(imageScheme) {
			return
		}
		reference := v.Slice(len(imageScheme), len(s))
		p.doc.Images = append(p.doc.Images, &facts.ImageUse{
			Role:       facts.RoleBase,
			Name:       fmt.Sprintf("service %q", service),
			References: []facts.Value{reference},
			Span:       v.Span(len(imageScheme), len(s)),
		})
	}
	if f.node.Kind == yaml.SequenceNode {
		for _, item := range p.walker.Items(f.node) {
			if _, v, has, ok := f.unit.assignment(item); ok && has {
				add(v)
			}
		}
		return
	}
	for _, e := range p.walker.Entries(f.node) {
		add(f.unit.value(e.Value))
	}
}

// heredoc matches the start of a here-document, with its end word.
var heredoc = regexp.MustCompile(`<<-?["']?([A-Za-z_][A-Za-z0-9_]*)`)

// inline adds the base images of a Dockerfile within the Compose file. Only its
// FROM lines are read, and of those the ones that name an image in full: the
// rest of a Dockerfile belongs in a file.
func (p *parser) inline(service string, t source.Text) {
	stages := map[string]bool{"scratch": true}
	end := ""          // the word that ends the here-document around the line
	continued := false // the line goes on from the one before
	found := 0
	for at := 0; at < len(t.String) && found < maxInline; {
		line, _, _ := strings.Cut(t.String[at:], "\n")
		start := at
		at += len(line) + 1
		if end != "" {
			if strings.TrimSpace(line) == end {
				end = ""
			}
			continue
		}
		within := continued
		continued = strings.HasSuffix(strings.TrimRight(line, " \t\r"), `\`)
		if m := heredoc.FindStringSubmatch(line); m != nil {
			end = m[1]
		}
		if within {
			continue
		}
		from, ok := parseFrom(line)
		if !ok {
			continue
		}
		found++
		isStage := stages[strings.ToLower(from.reference)]
		if from.name != "" {
			stages[strings.ToLower(from.name)] = true
		}
		if isStage || strings.Contains(from.reference+from.platform, "$") {
			continue
		}
		text := t.Slice(start+from.at, start+from.at+len(from.reference))
		use := &facts.ImageUse{
			Role:       facts.RoleBase,
			Name:       fmt.Sprintf("service %q", service),
			References: []facts.Value{facts.Of(text)},
			Span:       text.All(),
		}
		if platform, err := arch.Parse(from.platform); err == nil {
			use.Platforms = arch.Set{platform}
		}
		p.doc.Images = append(p.doc.Images, use)
	}
}

// from is a FROM instruction.
type from struct {
	reference, name, platform string
	at                        int // offset of the reference in the line
}

// words matches the words of a line.
var words = regexp.MustCompile(`[^ \t\r]+`)

// parseFrom reads a line FROM [--platform=PLATFORM] REFERENCE [AS NAME].
func parseFrom(line string) (from, bool) {
	places := words.FindAllStringIndex(line, 6)
	word := func(i int) string { return line[places[i][0]:places[i][1]] }
	if len(places) < 2 || !strings.EqualFold(word(0), "FROM") {
		return from{}, false
	}
	var f from
	i := 1
	for ; i < len(places) && strings.HasPrefix(word(i), "--"); i++ {
		if platform, ok := strings.CutPrefix(word(i), "--platform="); ok {
			f.platform = platform
		}
	}
	switch rest := len(places) - i; {
	case rest == 3 && strings.EqualFold(word(i+1), "AS"):
		f.name = word(i + 2)
	case rest != 1:
		return from{}, false
	}
	f.reference, f.at = word(i), places[i][0]
	return f, true
}
