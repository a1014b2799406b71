// Package goreleaser reads .goreleaser.yaml: which images a release publishes, and for
// which platforms.
//
// GoReleaser describes images in three ways (goreleaser.com, "Docker Images", "Docker
// Manifests", "Dockers (v2)", "Docker Images with Ko"): dockers makes one image for one
// platform, docker_manifests joins several; dockers_v2 makes an index at once, for
// linux/amd64 and linux/arm64 unless it is told otherwise; kos makes one with ko, for
// linux/amd64 unless it is told otherwise. What a template decides is not known.
package goreleaser

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// The limits, beside those of yamlnode.
const (
	maxExpansion = 10_000 // nodes that aliases and merge keys may add
	maxImages    = 500    // of one file
	maxTags      = 100    // of one image
)

// Parse reads a configuration of GoReleaser.
func Parse(f *source.File) *facts.Document {
	doc := &facts.Document{File: f, Kind: facts.GoReleaser, Comments: yamlnode.Comments(f)}
	p := &parser{doc: doc, tree: yamlnode.Parse(f)}
	doc.Problems = p.tree.Problems
	p.walker.Budget = 10*p.tree.Nodes + maxExpansion
	for _, root := range p.tree.Roots {
		p.dockers(p.field(root, "dockers"))
		p.indexes(p.field(root, "dockers_v2"))
		p.kos(p.field(root, "kos"))
		p.manifests(p.field(root, "docker_manifests"))
	}
	doc.Problems = append(doc.Problems, p.walker.Problem(p.tree)...)
	return doc
}

type parser struct {
	doc    *facts.Document
	tree   *yamlnode.Tree
	walker yamlnode.Walker
}

// field returns the value of a key of a mapping, nil if it has none.
func (p *parser) field(n *yaml.Node, name string) *yaml.Node {
	for _, e := range p.walker.Entries(n) {
		if e.Key.Value == name {
			return p.walker.Resolve(e.Value)
		}
	}
	return nil
}

// key returns the key of an entry of a mapping, nil if it has none.
func (p *parser) key(n *yaml.Node, name string) *yaml.Node {
	for _, e := range p.walker.Entries(n) {
		if e.Key.Value == name {
			return e.Key
		}
	}
	return nil
}

// value returns a scalar, in which each action of a template is unknown.
func (p *parser) value(n *yaml.Node) facts.Value {
	if n == nil || n.Kind != yaml.ScalarNode {
		return facts.Unknowable()
	}
	t := p.tree.Text(n)
	var out facts.Value
	for at := 0; at < len(t.String); {
		start := strings.Index(t.String[at:], "{{")
		if start < 0 {
			return out.Add(facts.Of(t.Slice(at, len(t.String))))
		}
		if start > 0 {
			out = out.Add(facts.Of(t.Slice(at, at+start)))
		}
		out = out.Add(facts.Unknowable())
		end := strings.Index(t.String[at+start:], "}}")
		if end < 0 {
			return out
		}
		at += start + end + 2
	}
	return out
}

// text returns a scalar that is wholly known.
func (p *parser) text(n *yaml.Node) (string, bool) {
	v := p.value(n)
	return v.String(), v.Known()
}

// texts returns the scalars of a list, or the one that stands for it.
func (p *parser) texts(n *yaml.Node) []facts.Value {
	if n != nil && n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return []facts.Value{p.value(n)}
	}
	var out []facts.Value
	for _, item := range p.walker.Items(n) {
		if len(out) < maxTags {
			out = append(out, p.value(item))
		}
	}
	return out
}

// add adds a build of an image.
func (p *parser) add(b *facts.Build) {
	if len(p.doc.Builds) < maxImages {
		p.doc.Builds = append(p.doc.Builds, b)
	}
}

// published tells what a switch that prevents the push says: nothing, true, false,
// "auto" for releases that are none yet, or a template.
func (p *parser) published(n *yaml.Node) facts.Known {
	if n == nil {
		return facts.Yes
	}
	switch text, ok := p.text(n); {
	case ok && text == "true":
		return facts.No
	case ok && (text == "false" || text == "auto" || text == ""):
		return facts.Yes
	}
	return facts.Unknown
}

// at is the place of an image: the value of one of its keys, else its first key.
func (p *parser) at(n *yaml.Node, names ...string) source.Span {
	for _, name := range names {
		if value := p.field(n, name); value != nil && value.Kind == yaml.ScalarNode {
			return p.tree.Span(value)
		}
		if key := p.key(n, name); key != nil {
			return p.tree.Span(key)
		}
	}
	for _, e := range p.walker.Entries(n) {
		return p.tree.Span(e.Key)
	}
	return p.tree.Span(n)
}

// dockerfile is the path of the Dockerfile of an image, "" if it is not known.
func (p *parser) dockerfile(n *yaml.Node) string {
	file := p.field(n, "dockerfile")
	if file == nil {
		return "Dockerfile"
	}
	text, ok := p.text(file)
	if clean := path.Clean(text); ok && text != "" && !path.IsAbs(clean) && !strings.HasPrefix(clean, "..") {
		return clean
	}
	return ""
}

// dockers reads images of one platform each.
func (p *parser) dockers(list *yaml.Node) {
	for _, n := range p.walker.Items(list) {
		if n.Kind != yaml.MappingNode {
			continue
		}
		b := &facts.Build{
			Span: p.at(n, "goarch", "image_templates"), Tool: "goreleaser dockers", Push: p.published(p.field(n, "skip_push")),
			Dockerfile: p.dockerfile(n), Tags: p.texts(p.field(n, "image_templates")),
		}
		system, architecture := "linux", "amd64"
		known := true
		for name, to := range map[string]*string{"goos": &system, "goarch": &architecture} {
			if value := p.field(n, name); value != nil {
				text, ok := p.text(value)
				known = known && ok
				*to = text
			}
		}
		platform := arch.Platform{OS: system, Architecture: architecture}.Normalize()
		b.Platforms = facts.Platforms{State: facts.PlatformsKnown, Set: arch.Set{platform}}
		for _, flag := range p.texts(p.field(n, "build_flag_templates")) {
			name, value, _ := strings.Cut(flag.String(), "=")
			switch name {
			case "--platform":
				// The image is for what docker is told, whatever program is in it.
				set, err := arch.ParseSet(value)
				if known = flag.Known() && err == nil && len(set) > 0; known {
					b.Platforms.Set = set
				}
			case "--build-arg":
				name, _, _ := strings.Cut(value, "=")
				if b.Args == nil {
					b.Args = map[string][]facts.Value{}
				}
				b.Args[name] = nil
			case "--target":
				if flag.Known() {
					b.Target = value
				}
			}
		}
		if !known {
			b.Platforms = facts.Platforms{State: facts.PlatformsUnknown, Reason: "a template decides on the platform"}
		}
		p.add(b)
	}
}

// platforms reads a list of platforms; without one it is that of the default.
func (p *parser) platforms(n *yaml.Node, otherwise ...arch.Platform) facts.Platforms {
	list := p.field(n, "platforms")
	if list == nil || list.Tag == "!!null" {
		return facts.Platforms{State: facts.PlatformsKnown, Set: otherwise}
	}
	out := facts.Platforms{State: facts.PlatformsKnown, Span: p.tree.Span(list)}
	for _, v := range p.texts(list) {
		set, err := arch.ParseSet(v.String())
		if !v.Known() || err != nil || len(set) == 0 {
			return facts.Platforms{State: facts.PlatformsUnknown, Span: out.Span, Reason: "a template decides on the platforms"}
		}
		for _, platform := range set {
			out.Set = out.Set.Add(platform)
		}
	}
	if len(out.Set) == 0 {
		return facts.Platforms{State: facts.PlatformsUnknown, Span: out.Span, Reason: "the platforms are no list of names"}
	}
	return out
}

// indexes reads images of several platforms.
func (p *parser) indexes(list *yaml.Node) {
	for _, n := range p.walker.Items(list) {
		if n.Kind != yaml.MappingNode {
			continue
		}
		b := &facts.Build{
			Span: p.at(n, "platforms", "images"), Tool: "goreleaser dockers_v2", Push: p.published(p.field(n, "disable")),
			Dockerfile: p.dockerfile(n), Builder: true, Emulation: true,
			Platforms: p.platforms(n, arch.LinuxAMD64, arch.LinuxARM64),
		}
		b.Tags = p.joined(p.texts(p.field(n, "images")), p.texts(p.field(n, "tags")))
		for _, e := range p.walker.Entries(p.field(n, "build_args")) {
			if b.Args == nil {
				b.Args = map[string][]facts.Value{}
			}
			b.Args[e.Key.Value] = nil
		}
		p.add(b)
	}
}

// kos reads images that ko makes.
func (p *parser) kos(list *yaml.Node) {
	for _, n := range p.walker.Items(list) {
		if n.Kind != yaml.MappingNode {
			continue
		}
		b := &facts.Build{
			Span: p.at(n, "platforms", "repositories", "repository"), Tool: "goreleaser kos", Push: p.published(p.field(n, "disable")),
			Builder: true, Emulation: true, Platforms: p.platforms(n, arch.LinuxAMD64),
		}
		repositories := append(p.texts(p.field(n, "repositories")), p.texts(p.field(n, "repository"))...)
		tags := p.texts(p.field(n, "tags"))
		if len(tags) == 0 {
			tags = []facts.Value{facts.Text("latest")}
		}
		b.Tags = p.joined(repositories, tags)
		p.add(b)
	}
}

// joined returns the references of images with tags.
func (p *parser) joined(names, tags []facts.Value) []facts.Value {
	var out []facts.Value
	for _, name := range names {
		for _, tag := range tags {
			if len(out) < maxTags {
				out = append(out, name.Add(facts.Text(":")).Add(tag))
			}
		}
		if len(tags) == 0 {
			out = append(out, name)
		}
	}
	return out
}

// manifests reads the indexes that join images of dockers.
func (p *parser) manifests(list *yaml.Node) {
	for _, n := range p.walker.Items(list) {
		if n.Kind == yaml.MappingNode && len(p.doc.Merges) < maxImages {
			p.doc.Merges = append(p.doc.Merges, &facts.Merge{
				Span: p.at(n, "name_template"), Tool: "goreleaser docker_manifests",
				Tags: p.texts(p.field(n, "name_template")), Sources: p.texts(p.field(n, "image_templates")),
			})
		}
	}
}
