package kubernetes

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// isValues reports whether a file is by its name one of values for a Helm chart.
func isValues(file string) bool {
	name := path.Base(file)
	return strings.HasPrefix(name, "values") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

// isDefault reports whether values are those that a chart has of its own.
func isDefault(file string) bool {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".yaml"), ".yml") == "values"
}

// metadata is what of Chart.yaml counts.
type metadata struct {
	Name       string `yaml:"name"`
	AppVersion string `yaml:"appVersion"`

	Dependencies []struct {
		Name  string `yaml:"name"`
		Alias string `yaml:"alias"`
	} `yaml:"dependencies"`
}

// dependency reports whether a key of values is that of a chart that this one brings
// along, so that what is below it is for that.
func (m *metadata) dependency(key string) bool {
	for _, d := range m.Dependencies {
		if d.Alias == key || d.Alias == "" && d.Name == key {
			return true
		}
	}
	return false
}

// prefixed finds the v that a chart puts before the version of its application to make
// a tag of it.
var prefixed = regexp.MustCompile(`printf? "v(%s)?" +\$?\.Chart\.AppVersion|:v\{\{-? *\$?\.Chart\.AppVersion`)

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
	helpers, err := files.ReadFile(path.Join(path.Dir(file), "templates", "_helpers.tpl"))
	if err == nil && m.AppVersion != "" && prefixed.Match(helpers) {
		m.AppVersion = "v" + m.AppVersion
	}
	return &m
}

// values reads the values of a chart: what it runs unless it is told otherwise.
func (p *parser) values(root *yaml.Node, of *metadata) {
	p.what = "chart " + quote(of.Name)
	for _, keys := range [...][]string{{"global", "imageRegistry"}, {"global", "image", "registry"}, {"global", "registry"}} {
		if registry := p.scalar(p.field(root, keys...)); registry != "" {
			p.registry = registry
		}
	}
	for _, keys := range [...][]string{{"global"}, {"_internal_defaults_do_not_set", "global"}} {
		if global := p.field(root, keys...); p.scalar(p.field(global, "hub")) != "" {
			p.hub, p.tag = p.scalar(p.field(global, "hub")), p.scalar(p.field(global, "tag"))
		}
	}
	p.searchValues(root, "", of, 0)
}

func (p *parser) searchValues(n *yaml.Node, key string, of *metadata, depth int) {
	n = p.walker.Resolve(n)
	if p.steps--; n == nil || depth > maxDepth || p.steps < 0 {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for _, placement := range [...]*facts.Placement{p.selector(n), p.affinity(required(p, n))} {
			if placement != nil && !p.windows(n) {
				placement.Default, placement.Whole = p.kind == "", source.Span{}
				p.doc.Placements = append(p.doc.Placements, placement)
			}
		}
		p.image(n, key, of)
		p.images(p.entries(n))
		for _, e := range p.entries(n) {
			if depth == 0 && of.dependency(e.Key.Value) {
				// Its images have the version of another application.
				p.searchValues(e.Value, e.Key.Value, &metadata{}, 1)
				continue
			}
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
	if !imageName(key) {
		return
	}
	repository, registry := p.field(n, "repository"), p.scalar(p.field(n, "registry"))
	tag, digest := p.field(n, "tag"), p.scalar(p.field(n, "digest"))
	if name := p.scalar(p.field(n, "name")); repository == nil && p.scalar(tag) != "" && (registry != "" || strings.Contains(name, "/")) {
		repository = p.field(n, "name")
	}
	if repository == nil || p.scalar(repository) == "" || strings.ContainsAny(repository.Value, "$ ") {
		return
	}
	reference := p.value(repository)
	reference = p.onRegistry(registry, reference)
	version := ""
	if isDefault(p.file.Path) {
		version = of.AppVersion // other values only change some of it
	}
	given := !yamlnode.Null(tag) && tag.Kind == yaml.ScalarNode && tag.Value != ""
	if given {
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
	p.valuesImage(repository, reference, !given)
}

// images reads images in values that are written as one text: "image: app:1.2", or
// "image: app" with "imageTag: 1.2" or "tag: 1.2" beside it.
func (p *parser) images(entries []yamlnode.Entry) {
	for _, e := range entries {
		key, value := e.Key.Value, p.walker.Resolve(e.Value)
		if value == nil || !imageName(key) && !imageOf(key, p.scalar(value)) || strings.TrimSpace(p.scalar(value)) == "" {
			continue
		}
		reference := p.value(value)
		name := value.Value[strings.LastIndexByte(value.Value, '/')+1:]
		sure := strings.EqualFold(key, "image")
		hub, tag, istio := p.istio(entries)
		if !strings.ContainsAny(name, ":@") || strings.HasSuffix(name, "@sha256") {
			if istio && strings.Contains(value.Value, "/") {
				continue // it stands for the whole reference
			}
			version := ""
			if istio && tag != "" {
				version = ":" + tag
			}
			for _, sibling := range entries {
				text := p.scalar(p.walker.Resolve(sibling.Value))
				switch sibling.Key.Value {
				case key + "Tag", "tag":
					if version == "" && text != "" {
						version = ":" + text
					}
				case "digest":
					if strings.HasPrefix(text, "sha256:") {
						version = "@" + text
					}
				}
			}
			if version == "" {
				continue
			}
			reference = reference.Add(facts.Text(version))
		}
		registry := ""
		for _, sibling := range entries {
			switch sibling.Key.Value {
			case "registry", "imageRegistry":
				registry = p.scalar(p.walker.Resolve(sibling.Value))
			case "repo", "repository", "imageRepository":
				sure = false
			}
		}
		if istio && hub != "" && !strings.Contains(reference.String(), "/") {
			registry = hub
		}
		if reference = p.onRegistry(registry, reference); complete(reference.String()) {
			p.valuesImage(value, reference, !sure)
		}
	}
}

// istio returns what values in the manner of Istio's charts put before and behind the name
// of an image: hub and tag beside it, or else those of all images.
func (p *parser) istio(entries []yamlnode.Entry) (hub, tag string, ok bool) {
	hub, tag = p.hub, p.tag
	for _, e := range entries {
		switch text := p.scalar(p.walker.Resolve(e.Value)); {
		case e.Key.Value == "hub":
			if ok = true; text != "" {
				hub = text
			}
		case e.Key.Value == "tag" && text != "":
			tag = text
		}
	}
	return hub, tag, ok
}

// onRegistry puts a registry in front of a reference; without one, that of all images of
// the chart, if the reference does not name one itself.
func (p *parser) onRegistry(registry string, reference facts.Value) facts.Value {
	first, _, slash := strings.Cut(reference.String(), "/")
	if registry == "" && !(slash && (strings.ContainsAny(first, ".:") || first == "localhost")) {
		registry = p.registry
	}
	if registry == "" {
		return reference
	}
	return facts.Text(strings.TrimSuffix(registry, "/") + "/").Add(reference)
}

// valuesImage adds an image of values.
func (p *parser) valuesImage(at *yaml.Node, reference facts.Value, likely bool) {
	text := reference.String()
	name := text
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	if p.deployed[text] || likely && p.deployed[name+":"] {
		return // it is read where it is deployed
	}
	if len(p.doc.Images) < maxImages {
		p.doc.Images = append(p.doc.Images, &facts.ImageUse{
			Role: facts.RolePod, Name: p.what, Span: p.span(at), References: []facts.Value{reference}, Inferred: likely,
		})
	}
}

// imageOf reports whether a key is that of the image of something (imageK8S), and its
// value a whole reference.
func imageOf(key, value string) bool {
	rest, ok := strings.CutPrefix(key, "image")
	return ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' && strings.Contains(value, "/") && strings.ContainsAny(value[strings.LastIndexByte(value, '/')+1:], ":@")
}

// imageName reports whether a key is that of an image: image, initImage, but not
// imageTag or imagePullPolicy.
func imageName(key string) bool { return strings.HasSuffix(strings.ToLower(key), "image") }
