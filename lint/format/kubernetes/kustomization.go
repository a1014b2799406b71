package kubernetes

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

const (
	maxIncludes     = 2000 // of one kustomization
	maxReplacements = 1000
)

// includes are the keys under which a kustomization lists files and directories.
var includes = []string{"resources", "bases", "components", "patchesStrategicMerge"}

// patchLists are those under which it lists patches, which are files or written out.
var patchLists = []string{"patches", "patchesJson6902"}

// kustomization reads what a kustomization puts together, and the images that it puts
// in the place of others.
func (p *parser) kustomization(root *yaml.Node) {
	k := p.doc.Kustomization
	if k == nil {
		k = &facts.Kustomization{}
		p.doc.Kustomization = k
	}
	for _, key := range includes {
		for _, item := range p.walker.Items(p.field(root, key)) {
			p.include(k, key, item)
			p.inline(item, nil)
		}
	}
	for _, key := range patchLists {
		for _, item := range p.walker.Items(p.field(root, key)) {
			if file := p.field(item, "path"); file != nil {
				p.include(k, key, file)
			}
			p.inline(p.field(item, "patch"), p.field(item, "target"))
		}
	}
	for _, item := range p.walker.Items(p.field(root, "images")) {
		name := p.field(item, "name")
		if p.scalar(name) == "" || len(k.Images) >= maxReplacements {
			continue
		}
		r := facts.Replacement{Name: p.scalar(name)}
		for _, part := range []struct {
			key string
			to  *facts.Value
		}{{"newName", &r.NewName}, {"newTag", &r.Tag}, {"digest", &r.Digest}} {
			n := p.field(item, part.key)
			if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" {
				continue
			}
			// What matters most is what stands last: the digest, the tag, the name.
			*part.to, r.Span = p.value(n), p.span(n)
			if !complete(n.Value) {
				*part.to = facts.Unknowable()
			}
		}
		if r.Span != (source.Span{}) {
			k.Images = append(k.Images, r)
		}
	}
}

// include adds a file or a directory that stands in a list.
func (p *parser) include(k *facts.Kustomization, key string, n *yaml.Node) {
	name := p.scalar(n)
	if len(k.Includes) >= maxIncludes || strings.Contains(name, "\n") {
		return // a patch that is written out
	}
	at := path.Join(path.Dir(p.file.Path), name)
	if name == "" || strings.Contains(name, "://") || strings.ContainsAny(name, "?@") || path.IsAbs(name) || at == ".." || strings.HasPrefix(at, "../") {
		at = ""
	}
	k.Includes = append(k.Includes, at)
	if key == "components" {
		k.Components = append(k.Components, at)
	}
}
