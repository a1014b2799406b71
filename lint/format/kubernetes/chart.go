package kubernetes

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
)

// isValues reports whether a file is by its name one of values for a Helm chart.
func isValues(file string) bool {
	name := path.Base(file)
	return strings.HasPrefix(name, "values") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

// metadata is what of Chart.yaml counts.
type metadata struct {
	Name       string `yaml:"name"`
	AppVersion string `yaml:"appVersion"`
}

// chart returns the chart that a file of values lies in, nil if it does in none.
func chart(file string, files Files) *metadata {
	if files == nil {
		return nil
	}
	data, err := files.ReadFile(path.Join(path.Dir(file), "Chart.yaml"))
	if err != nil {
		return nil
	}
	var m metadata
	if yaml.Unmarshal(data, &m) != nil {
		return nil
	}
	return &m
}

// values reads the values of a chart: what it runs unless it is told otherwise.
func (p *parser) values(root *yaml.Node, of *metadata) {
	p.what = "chart " + quote(of.Name)
	p.searchValues(root, "", of, 0)
}

func (p *parser) searchValues(n *yaml.Node, key string, of *metadata, depth int) {
	n = p.walker.Resolve(n)
	if p.steps--; n == nil || depth > maxDepth || p.steps < 0 {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		if key == "nodeSelector" {
			if placement := p.selector(n); placement != nil && !p.windows(n) {
				placement.Default = true
				p.doc.Placements = append(p.doc.Placements, placement)
			}
			return
		}
		p.image(n, key, of)
		for _, e := range p.entries(n) {
			p.searchValues(e.Value, e.Key.Value, of, depth+1)
		}
	case yaml.SequenceNode:
		for _, item := range p.walker.Items(n) {
			p.searchValues(item, key, of, depth+1)
		}
	}
}

// image reads the usual form of an image in values: a repository, with the registry
// in front of it and the tag apart. A tag that is left out is mostly the version of
// the application, which only the templates could tell.
func (p *parser) image(n *yaml.Node, key string, of *metadata) {
	repository := p.field(n, "repository")
	if !strings.Contains(strings.ToLower(key), "image") || repository == nil || p.scalar(repository) == "" || strings.ContainsAny(repository.Value, "$ ") {
		return
	}
	use := &facts.ImageUse{Role: facts.RolePod, Name: p.what, Span: p.span(repository)}
	reference := p.value(repository)
	if registry := p.scalar(p.field(n, "registry")); registry != "" {
		reference = facts.Text(registry + "/").Add(reference)
	}
	tag, digest := p.field(n, "tag"), p.scalar(p.field(n, "digest"))
	version := of.AppVersion
	if tag != nil && tag.Kind == yaml.ScalarNode && tag.Value != "" {
		if version = p.scalar(tag); version == "" {
			return
		}
	}
	switch {
	case strings.Contains(repository.Value[strings.LastIndexByte(repository.Value, '/')+1:], ":"):
	case strings.HasPrefix(digest, "sha256:"):
		reference = reference.Add(facts.Text("@" + digest))
	case version != "" && !strings.ContainsAny(version, " $<>{}+"):
		reference = reference.Add(facts.Text(":" + version))
	default:
		return
	}
	if tag == nil || tag.Value == "" {
		use.Inferred = true
	}
	use.References = []facts.Value{reference}
	p.doc.Images = append(p.doc.Images, use)
}
