// Package kubernetes reads what runs on a cluster: manifests of all kinds that hold
// the template of a pod, kustomizations, and the templates and values of Helm charts.
//
// Nothing is rendered here; what helm has made of a chart can be handed in (rendered.go).
// Else a template is read as the YAML around its actions: where an
// action stands in a value, the value is not known, and a line that holds nothing else
// is left out. Of files that are not YAML even so, nothing is said.
//
// Pods are found by their form, a list of containers with images, and not by their
// kind, so that they are found in custom resources, too.
package kubernetes

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// The limits, beside those of yamlnode.
const (
	maxExpansion = 10_000 // nodes that aliases and merge keys may add
	maxDepth     = 60
	maxImages    = 5000 // of one file
)

// Files reads other files of the repository. Paths are relative to its root, with
// slashes.
type Files interface {
	ReadFile(path string) ([]byte, error)
}

// Parse reads a YAML file. One that is not for Kubernetes is doubtful. Of the templates of
// rendered charts it reads what came of them.
func Parse(f *source.File, files Files, charts *Charts) *facts.Document {
	dir, templates := charts.of(f.Path)
	if _, ok := templates[f.Path]; ok || templates != nil && (isTemplate(f.Path, dir) || f.Path == path.Join(dir, "Chart.yaml")) {
		return charts.rendered(f, files, dir, templates)
	}
	doc := &facts.Document{File: f, Kind: facts.Kubernetes, Doubtful: true}
	var of *metadata
	if isValues(f.Path) {
		of = chart(f.Path, files)
	}
	values := of != nil
	if !values && !mayBe(f) {
		return doc
	}
	p := &parser{file: f, doc: doc, mappings: map[*yaml.Node][]yamlnode.Entry{}}
	if values {
		p.deployed = deployed(templates)
	}
	masked := f
	if bytes.Contains(f.Data, []byte("{{")) {
		masked = source.New(f.Path, mask(f.Data))
		p.templated = true
	}
	p.tree = yamlnode.ParseSome(masked, func(document []byte) bool {
		return values || isKustomization(f.Path) || (says(document) || saysPatch(document)) && !bytes.Contains(document, definition)
	})
	p.walker.Budget = p.tree.Nodes + maxExpansion
	p.steps = p.tree.Nodes + maxExpansion
	for _, root := range p.tree.Roots {
		switch {
		case values:
			p.values(root, of)
		case isKustomization(f.Path) || strings.HasPrefix(p.scalar(p.field(root, "apiVersion")), "kustomize.config.k8s.io/"):
			p.kustomization(root)
		case root.Kind == yaml.SequenceNode:
			p.operations(root)
		default:
			p.manifest(root)
		}
	}
	// What comes of templates may point at values that say nothing by themselves.
	if len(doc.Images)+len(doc.Placements) > 0 || doc.Kustomization != nil || values && templates != nil {
		doc.Doubtful = false
		doc.Comments = yamlnode.Comments(f)
		doc.Problems = p.walker.Problem(p.tree)
		switch {
		case len(doc.Images) >= maxImages:
			p.problem("there are more than %d images; the others are not looked at: split the file", maxImages)
		case doc.Kustomization != nil && len(doc.Kustomization.Includes) >= maxIncludes:
			p.problem("the kustomization has more than %d entries; the others are not looked at", maxIncludes)
		case doc.Kustomization != nil && len(doc.Kustomization.Images) >= maxReplacements:
			p.problem("the kustomization replaces more than %d images; the others are not looked at", maxReplacements)
		case p.steps < 0:
			p.problem("the file is too much to look through; split it")
		}
	}
	if !p.templated && len(p.tree.Problems) > 0 {
		// Said only if the user names the file: repositories are full of YAML that is
		// wrong on purpose.
		doc.Problems = append(doc.Problems, p.tree.Problems...)
		doc.Doubtful = len(p.tree.Roots) == 0
	}
	return doc
}

func (p *parser) problem(format string, args ...any) {
	p.doc.Problems = append(p.doc.Problems, facts.Problem{Span: p.file.Span(0, 0), Message: fmt.Sprintf(format, args...)})
}

var (
	manifestKeys = [][]byte{[]byte("apiVersion"), []byte("kind")}
	imageKey     = []byte("image")
	selectorKeys = [][]byte{[]byte("/arch"), []byte("/instance-"), []byte("instanceType")}
	definition   = []byte("kind: CustomResourceDefinition")
)

// mayBe turns down, by its bytes, what cannot be for Kubernetes or has nothing to say.
func mayBe(f *source.File) bool {
	if isKustomization(f.Path) {
		return true // it may change what others do not
	}
	return says(f.Data) || saysPatch(f.Data)
}

// says reports whether bytes may be a manifest that has something to say.
func says(data []byte) bool {
	for _, key := range manifestKeys {
		if !bytes.Contains(data, key) {
			return false
		}
	}
	return hasSubject(data)
}

// hasSubject reports whether bytes may name an image or nodes.
func hasSubject(data []byte) bool {
	if bytes.Contains(data, imageKey) {
		return true
	}
	for _, key := range selectorKeys {
		if bytes.Contains(data, key) {
			return true
		}
	}
	return false
}

// IsManifest reports whether a file whose name says something else is a manifest:
// goreleaser.yaml may be a task that runs GoReleaser.
func IsManifest(data []byte) bool { return topLevel("apiVersion", data) && topLevel("kind", data) }

// topLevel reports whether a key begins a line.
func topLevel(key string, data []byte) bool {
	return bytes.HasPrefix(data, []byte(key+":")) || bytes.Contains(data, []byte("\n"+key+":"))
}

func isKustomization(file string) bool {
	switch path.Base(file) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return false
}

// mask takes the actions out of a template, byte for byte: a line that holds nothing
// else becomes blank, elsewhere underscores stand for it.
func mask(data []byte) []byte {
	out := bytes.Clone(data)
	for at := 0; at < len(out); {
		start := bytes.Index(out[at:], []byte("{{"))
		if start < 0 {
			break
		}
		start += at
		end := bytes.Index(out[start:], []byte("}}"))
		if end < 0 {
			break
		}
		end += start + 2
		for i := start; i < end; i++ {
			if out[i] != '\n' && out[i] != '\r' {
				out[i] = placeholder
			}
		}
		at = end
	}
	from := 0
	for from < len(out) {
		to := bytes.IndexByte(out[from:], '\n')
		if to < 0 {
			to = len(out) - from
		}
		line := out[from : from+to]
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 1 && len(bytes.Trim(trimmed, string(rune(placeholder))+" \t-")) == 0 && bytes.IndexByte(data[from:from+to], '{') >= 0 {
			for i := range line {
				if line[i] != '\r' {
					line[i] = ' '
				}
			}
		}
		from += to + 1
	}
	if !bytes.Contains(out, []byte{placeholder, placeholder}) {
		return out
	}
	// An action over several lines leaves lines of placeholders.
	return placeholders.ReplaceAllFunc(out, func(line []byte) []byte { return bytes.Repeat([]byte(" "), len(line)) })
}

const placeholder = '_'

var placeholders = regexp.MustCompile(`(?m)^[ \t]*_{2,}[ \t]*$`)

type parser struct {
	file      *source.File
	doc       *facts.Document
	tree      *yamlnode.Tree
	walker    yamlnode.Walker
	templated bool
	mappings  map[*yaml.Node][]yamlnode.Entry // read so far
	steps     int                             // of the search that are left
	patches   int                             // written out in a kustomization, read so far
	kind      string                          // of the object that is read
	what      string                          // kind and name
	deployed  map[string]bool                 // images of a chart that was rendered
	registry  string                          // of all images of a chart, "" if they name it
	hub, tag  string                          // of Istio's charts: what is before and behind the names of images
	system    string                          // of it: apiVersion
}

// field returns the value of a key of a mapping, nil if it has none.
func (p *parser) field(n *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		n = p.walker.Resolve(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var found *yaml.Node
		for _, e := range p.entries(n) {
			if e.Key.Value == name {
				found = e.Value
				break
			}
		}
		n = found
	}
	return p.walker.Resolve(n)
}

// entries returns the entries of a mapping, each of which counts once for the budget.
func (p *parser) entries(n *yaml.Node) []yamlnode.Entry {
	n = p.walker.Resolve(n)
	if entries, ok := p.mappings[n]; ok {
		return entries
	}
	entries := p.walker.Entries(n)
	p.mappings[n] = entries
	return entries
}

// scalar returns the text of a scalar, "" for anything else, for null, and for what a
// template decides.
func (p *parser) scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || yamlnode.Null(n) {
		return ""
	}
	if v := p.value(n); v.Known() {
		return v.String()
	}
	return ""
}

// span is the place of a scalar in the file itself.
func (p *parser) span(n *yaml.Node) source.Span {
	s := p.tree.Span(n)
	return p.file.Span(s.Start, s.End)
}

// value returns the text of a scalar with its place, unknown where a template decides.
func (p *parser) value(n *yaml.Node) facts.Value {
	if !p.templated {
		return facts.Of(p.tree.Text(n))
	}
	span := p.span(n)
	if strings.Contains(span.Text(), "{{") || span.Text() != n.Value {
		if strings.Contains(span.Text(), "{{") {
			return facts.Unknowable()
		}
		return facts.Text(n.Value)
	}
	return facts.Of(source.Verbatim(span))
}

// manifest reads a document.
func (p *parser) manifest(root *yaml.Node) {
	kind := p.scalar(p.field(root, "kind"))
	version := p.field(root, "apiVersion") // charts often compute it
	p.system = p.scalar(version)
	if kind == "" || version == nil || kind == "CustomResourceDefinition" {
		return
	}
	p.object(root, kind, 0)
}

// object reads an object, and those in a list of them.
func (p *parser) object(n *yaml.Node, kind string, depth int) {
	if strings.HasSuffix(kind, "List") && depth < 3 {
		for _, item := range p.walker.Items(p.field(n, "items")) {
			if k := p.scalar(p.field(item, "kind")); k != "" {
				p.object(item, k, depth+1)
			}
		}
		return
	}
	p.kind, p.what = kind, kind
	name := p.scalar(p.field(n, "metadata", "name"))
	if name == "" {
		name = p.scalar(p.field(n, "metadata", "generateName"))
	}
	if strings.Trim(name, string(rune(placeholder))) != "" {
		p.what += " " + quote(name)
	}
	p.pools(n, kind)
	p.search(n, "", 0)
}

func quote(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return `"` + strings.ToValidUTF8(s, "") + `"`
}

// texts are the keys of what is text to Kubernetes, or what it says itself.
var texts = map[string]bool{"data": true, "stringData": true, "binaryData": true, "annotations": true, "labels": true, "status": true}

// search looks for pods in an object.
func (p *parser) search(n *yaml.Node, key string, depth int) {
	n = p.walker.Resolve(n)
	if p.steps--; n == nil || depth > maxDepth || p.steps < 0 {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		if texts[key] {
			return
		}
		if key == "valuesObject" || key == "values" && p.kind == "HelmRelease" {
			p.searchValues(n, "", &metadata{}, depth) // what Flux and Argo CD give a chart
			return
		}
		if p.pod(n) {
			return
		}
		p.resourceImage(n)
		if key == "resource" && p.custom() {
			p.inline(p.field(n, "manifest"), nil) // what a step of Argo Workflows creates
		}
		for _, e := range p.entries(n) {
			p.search(e.Value, e.Key.Value, depth+1)
		}
	case yaml.SequenceNode:
		for _, item := range p.walker.Items(n) {
			p.search(item, key, depth+1)
		}
	}
}

// containerLists are the lists of containers of a pod; those of Argo Workflows and
// Tekton are found in custom resources only.
var containerLists = map[string]bool{"containers": true, "initContainers": true, "ephemeralContainers": true, "sidecars": false, "steps": false}

// pod reads a mapping that is the specification of a pod; false if it is none.
func (p *parser) pod(n *yaml.Node) bool {
	var images []*facts.ImageUse
	found := false
	for _, e := range p.entries(n) {
		core, list := containerLists[e.Key.Value]
		value := p.walker.Resolve(e.Value)
		switch {
		case list && value != nil && value.Kind == yaml.SequenceNode && (core || p.custom()):
			for _, item := range p.walker.Items(value) {
				if use := p.container(item); use != nil {
					images = append(images, use)
					found = true
				} else if core && p.field(item, "name") != nil {
					found = true // its image is given elsewhere
				}
			}
		case (e.Key.Value == "container" || e.Key.Value == "script") && p.custom():
			if use := p.container(value); use != nil {
				images = append(images, use)
				found = true
			}
		}
	}
	affinity := required(p, n)
	if !found && p.field(n, "nodeSelector") == nil && affinity == nil {
		return false
	}
	if p.windows(n) {
		return found
	}
	placement := p.selector(n)
	if other := p.affinity(affinity); placement == nil || placement.Machine != "" && other != nil && other.Machine == "" {
		placement = other
	}
	for _, use := range images {
		use.Placement = placement
	}
	if placement != nil {
		placement.Images = images
		p.doc.Placements = append(p.doc.Placements, placement)
	}
	for _, use := range images {
		if len(p.doc.Images) < maxImages {
			p.doc.Images = append(p.doc.Images, use)
		}
	}
	return found
}

// custom reports whether the object is of Argo Workflows or Tekton.
func (p *parser) custom() bool {
	return strings.HasPrefix(p.system, "argoproj.io/") || strings.HasPrefix(p.system, "tekton.dev/")
}

// container reads a container, nil if it has no image.
func (p *parser) container(n *yaml.Node) *facts.ImageUse {
	image := p.field(n, "image")
	if image == nil || image.Kind != yaml.ScalarNode || image.Value == "" {
		return nil
	}
	use := &facts.ImageUse{Role: facts.RolePod, Name: p.what, Span: p.span(image)}
	if name := p.scalar(p.field(n, "name")); name != "" {
		use.Name = "container " + quote(name) + " of " + p.what
	}
	if v := p.value(image); v.Known() && complete(v.String()) {
		use.References = []facts.Value{v}
	}
	return use
}

// resourceImage reads an image that a custom resource names outside of containers,
// as spec.image of many operators. What they do with it is only likely.
func (p *parser) resourceImage(n *yaml.Node) {
	group, _, _ := strings.Cut(p.system, "/")
	if !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, ".x-k8s.io") {
		return
	}
	image := p.field(n, "image")
	reference := p.scalar(image)
	name, tag, tagged := strings.Cut(reference[strings.LastIndexByte(reference, '/')+1:], ":")
	if !tagged || name == "" || tag == "" || !strings.Contains(reference, "/") || !complete(reference) || len(p.doc.Images) >= maxImages {
		return
	}
	p.doc.Images = append(p.doc.Images, &facts.ImageUse{
		Role: facts.RolePod, Name: p.what, Span: p.span(image), References: []facts.Value{p.value(image)}, Inferred: true,
	})
}

// complete reports whether a reference is what will be pulled: $(params.image) is
// Tekton's, $VERSION envsubst's, ko://module what ko builds, and "/proxy:" was left by
// a program that had nothing to fill in.
func complete(reference string) bool {
	return !strings.ContainsAny(reference, "$<>{} ") && !strings.Contains(reference, "://") && !strings.HasPrefix(reference, "/") && !strings.HasSuffix(reference, ":")
}
