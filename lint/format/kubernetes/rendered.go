package kubernetes

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// Charts are the charts that helm has rendered.
//
// What is found in a rendered manifest has to point at something that people can change.
// That is the text in the template, if it stands there; else the text of the image in the
// values; else the line of the template that names an image, if it is clear which; else
// the template as a whole.
type Charts struct {
	// Made is by the directory of a chart what comes of each template, by its path.
	Made map[string]map[string][]byte
	// Linted tells which files are read on their own.
	Linted func(path string) bool
}

// of returns the rendered chart that a file belongs to.
func (c *Charts) of(file string) (dir string, templates map[string][]byte) {
	for at := path.Dir(file); c != nil; at = path.Dir(at) {
		if templates, ok := c.Made[at]; ok {
			return at, templates
		}
		if at == "." || at == "/" {
			break
		}
	}
	return "", nil
}

// isTemplate reports whether a file of a chart, or of one within it, is a template.
func isTemplate(file, dir string) bool {
	rest := strings.TrimPrefix(file, dir+"/")
	for {
		if strings.HasPrefix(rest, "templates/") {
			return true
		}
		sub, ok := strings.CutPrefix(rest, "charts/")
		if !ok {
			return false
		}
		if _, rest, ok = strings.Cut(sub, "/"); !ok {
			return false
		}
	}
}

// rendered reads what comes of a template. For Chart.yaml, that is what comes of templates
// which are not read on their own, as those in a packed chart.
func (c *Charts) rendered(f *source.File, files Files, dir string, templates map[string][]byte) *facts.Document {
	doc := &facts.Document{File: f, Kind: facts.Kubernetes, Doubtful: true}
	names := []string{f.Path}
	if f.Path == path.Join(dir, "Chart.yaml") {
		names = names[:0]
		for name := range templates {
			if !c.Linted(name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
	}
	for _, name := range names {
		made := manifests(source.New(f.Path, templates[name]))
		m := &mapper{template: f, images: made.Images}
		if name == f.Path {
			for at := path.Dir(path.Dir(name)); files != nil; at = path.Dir(at) {
				if data, err := files.ReadFile(path.Join(at, "values.yaml")); err == nil && len(data) <= source.MaxFileSize {
					m.values = append(m.values, source.New(path.Join(at, "values.yaml"), data))
				}
				if at == dir || at == "." || at == "/" {
					break
				}
			}
		} else {
			m.dependency(name, dir)
		}
		for _, p := range made.Placements {
			p.Span = m.label(p)
			p.Line, p.Values, p.Whole = p.Span, nil, source.Span{}
		}
		for i, use := range made.Images {
			m.image(use, i)
		}
		doc.Images = append(doc.Images, made.Images[:min(len(made.Images), max(0, maxImages-len(doc.Images)))]...)
		doc.Placements = append(doc.Placements, made.Placements...)
	}
	if len(doc.Images)+len(doc.Placements) > 0 {
		doc.Doubtful = false
		doc.Comments = yamlnode.Comments(f)
	}
	return doc
}

// manifests reads text as manifests, in which nothing is left to be rendered.
func manifests(f *source.File) *facts.Document {
	p := &parser{file: f, doc: &facts.Document{File: f}, mappings: map[*yaml.Node][]yamlnode.Entry{}}
	p.tree = yamlnode.ParseSome(f, func(document []byte) bool { return says(document) && !bytes.Contains(document, definition) })
	p.walker.Budget = p.tree.Nodes + maxExpansion
	p.steps = p.tree.Nodes + maxExpansion
	for _, root := range p.tree.Roots {
		p.manifest(root)
	}
	return p.doc
}

// mapper finds the places of what stands in rendered text.
type mapper struct {
	template *source.File
	values   []*source.File // of the chart, and of those around it
	images   []*facts.ImageUse
	lines    []source.Span // of what follows "image:" in the template
	looked   bool
	fixed    source.Span // of all, if it is clear
}

// dependency finds the entry of a dependency in Chart.yaml.
func (m *mapper) dependency(name, dir string) {
	m.fixed = m.template.LineSpan(1)
	rest, ok := strings.CutPrefix(name, path.Join(dir, "charts")+"/")
	if !ok {
		return
	}
	sub, _, _ := strings.Cut(rest, "/")
	entry := regexp.MustCompile(`(?m)^[ -]*(?:name|alias): *["']?(` + regexp.QuoteMeta(sub) + `)["']? *$`)
	list := bytes.Index(m.template.Data, []byte("dependencies:"))
	if at := entry.FindSubmatchIndex(m.template.Data[max(0, list):]); list >= 0 && at != nil {
		m.fixed = m.template.Span(list+at[2], list+at[3])
	}
}

// image gives an image its place.
func (m *mapper) image(use *facts.ImageUse, n int) {
	if len(use.References) == 0 {
		use.Span = m.template.LineSpan(1)
		return
	}
	reference := use.References[0].String()
	use.Span = m.find(reference, n)
	use.References = []facts.Value{facts.Text(reference)}
	if use.Span.Text() == reference {
		use.References[0] = facts.Of(source.Verbatim(use.Span))
	}
}

func (m *mapper) find(reference string, n int) source.Span {
	if !m.fixed.IsZero() {
		return m.fixed
	}
	if at := scalar(m.template, reference, nil); !at.IsZero() {
		return at
	}
	untagged := reference
	if i := strings.IndexByte(untagged, '@'); i >= 0 {
		untagged = untagged[:i]
	}
	tagged := untagged
	if i := strings.LastIndexByte(untagged, ':'); i > strings.LastIndexByte(untagged, '/') {
		untagged = untagged[:i]
	}
	candidates := []string{reference, tagged, untagged}
	for rest := untagged; ; {
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		rest = after
		candidates = append(candidates, rest+tagged[len(untagged):], rest)
	}
	for _, f := range m.values {
		for _, text := range candidates {
			at := scalar(f, text, imageKeyOf)
			if at.IsZero() {
				continue
			}
			// A single word may well be that of something else.
			if strings.Contains(text, "/") || scalar(source.New(f.Path, f.Data[at.End:]), text, imageKeyOf).IsZero() {
				return at
			}
		}
	}
	if !m.looked {
		m.looked = true
		for _, at := range imageLine.FindAllSubmatchIndex(m.template.Data, -1) {
			m.lines = append(m.lines, m.template.Span(at[2], at[3]))
		}
	}
	switch len(m.lines) {
	case 1:
		return m.lines[0]
	case len(m.images):
		return m.lines[n]
	}
	return m.template.LineSpan(1)
}

// imageLine is what names an image in a template.
var imageLine = regexp.MustCompile(`(?m)^[ \t-]*image:[ \t]*(\S[^\r\n]*?)[ \t]*$`)

// imageKeyOf reports whether a key may be that of a part of an image's name.
func imageKeyOf(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "image") || strings.HasSuffix(key, "image") || strings.HasSuffix(key, "repository") || key == "name" || key == "repo"
}

// label finds the value of the label that a placement goes by.
func (m *mapper) label(p *facts.Placement) source.Span {
	if !m.fixed.IsZero() {
		return m.fixed
	}
	value := p.Machine
	if value == "" && len(p.Architectures) > 0 {
		value = p.Architectures[0]
	}
	for _, f := range append([]*source.File{m.template}, m.values...) {
		if at := scalar(f, value, func(key string) bool { return key == p.Label }); !at.IsZero() {
			return at
		}
	}
	for _, f := range append([]*source.File{m.template}, m.values...) {
		if i := bytes.Index(f.Data, []byte(p.Label)); i >= 0 {
			return f.LineSpan(f.LineAt(i))
		}
	}
	return m.template.LineSpan(1)
}

// scalar returns the first place of a text that is all of the value of a key, in a line
// that is no comment; the zero Span if there is none.
func scalar(f *source.File, text string, key func(string) bool) source.Span {
	if text == "" {
		return source.Span{}
	}
	for at := 0; ; {
		i := bytes.Index(f.Data[at:], []byte(text))
		if i < 0 {
			return source.Span{}
		}
		start := at + i
		end := start + len(text)
		at = start + 1
		from, to := f.LineRange(f.LineAt(start))
		before, after := strings.TrimRight(string(f.Data[from:start]), ` "'`), strings.TrimLeft(string(f.Data[min(end, to):to]), `"'`)
		name, isValue := strings.CutSuffix(before, ":")
		if !isValue || after != "" && !strings.ContainsRune(" \t\r\n,}", rune(after[0])) || strings.HasPrefix(strings.TrimSpace(before), "#") {
			continue
		}
		name = strings.Trim(name[strings.LastIndexAny(name, " {,-\t")+1:], `"'`)
		if key == nil || key(name) {
			return f.Span(start, end)
		}
	}
}

// deployed are the images that a rendered chart runs, and their names without tags.
func deployed(templates map[string][]byte) map[string]bool {
	out := map[string]bool{}
	for _, text := range templates {
		for _, m := range imageLine.FindAllSubmatch(text, -1) {
			reference := strings.Trim(string(m[1]), `"'`)
			out[reference] = true
			name, digest, pinned := strings.Cut(reference, "@")
			if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
				name = name[:i]
			}
			out[name+":"] = true
			if pinned {
				out[name+"@"+digest] = true // the tag beside it does not count
			}
		}
	}
	return out
}
