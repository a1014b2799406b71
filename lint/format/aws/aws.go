// Package aws reads on which architecture AWS runs something: task definitions of ECS,
// functions of Lambda and projects of CodeBuild, in JSON and in templates of
// CloudFormation and SAM.
//
// All three run on x86-64 unless they are told otherwise (docs.aws.amazon.com: ECS
// "RuntimePlatform", Lambda "Architectures", CodeBuild "ProjectEnvironment"), so that
// one that says nothing has said that.
package aws

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

// The limits, beside those of yamlnode.
const (
	maxExpansion = 10_000
	maxResources = 2000
)

// MayBeTemplate reports whether a YAML or JSON file may be a template of CloudFormation.
func MayBeTemplate(data []byte) bool {
	for _, kind := range [][]byte{[]byte("AWS::ECS::TaskDefinition"), []byte("AWS::Lambda::Function"), []byte("AWS::Serverless::Function"), []byte("AWS::CodeBuild::Project")} {
		if bytes.Contains(data, kind) {
			return true
		}
	}
	return false
}

// Parse reads a template of CloudFormation, or a task definition by itself. One that is
// neither is doubtful.
func Parse(f *source.File) *facts.Document {
	p := &parser{doc: &facts.Document{File: f, Kind: facts.AWS, Doubtful: true}, tree: yamlnode.Parse(f)}
	p.walker.Budget = 20*p.tree.Nodes + maxExpansion
	for _, root := range p.tree.Roots {
		if p.field(root, "containerDefinitions") != nil {
			p.task(root, "task definition "+p.name(root, "family"), p.tree.Span(p.key(root, "containerDefinitions")), lower)
		}
		n := 0
		for _, e := range p.walker.Entries(p.field(root, "Resources")) {
			if n++; n > maxResources {
				p.doc.Problems = append(p.doc.Problems, facts.Problem{Span: p.tree.Span(e.Key), Message: fmt.Sprintf("there are more than %d resources; the others are not read: split the file", maxResources)})
				break
			}
			p.resource(root, e)
		}
	}
	p.doc.Problems = append(p.doc.Problems, p.walker.Problem(p.tree)...)
	if len(p.doc.Images)+len(p.doc.Placements) > 0 {
		p.doc.Doubtful = false
		p.doc.Comments = yamlnode.Comments(f)
	}
	return p.doc
}

type parser struct {
	doc    *facts.Document
	tree   *yamlnode.Tree
	walker yamlnode.Walker
}

func (p *parser) field(n *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		var found *yaml.Node
		for _, e := range p.walker.Entries(n) {
			if e.Key.Value == name {
				found = e.Value
				break
			}
		}
		n = p.walker.Resolve(found)
	}
	return n
}

func (p *parser) key(n *yaml.Node, name string) *yaml.Node {
	for _, e := range p.walker.Entries(n) {
		if e.Key.Value == name {
			return e.Key
		}
	}
	return n
}

// text returns a scalar; "" for what a function of CloudFormation makes.
func (p *parser) text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") || strings.ContainsAny(n.Value, "${}<>") {
		return ""
	}
	return n.Value
}

func (p *parser) name(n *yaml.Node, key string) string {
	if name := p.text(p.field(n, key)); name != "" && len(name) <= 100 {
		return `"` + name + `"`
	}
	return "without a name"
}

// The keys of a task definition: those of the API begin with a small letter.
type keys struct{ containers, image, name, platform, architecture, compatibilities string }

var (
	lower = keys{"containerDefinitions", "image", "name", "runtimePlatform", "cpuArchitecture", "requiresCompatibilities"}
	upper = keys{"ContainerDefinitions", "Image", "Name", "RuntimePlatform", "CpuArchitecture", "RequiresCompatibilities"}
)

// fargate reports whether a task is for Fargate alone: on instances of one's own it
// runs on what they are, unless it asks for something.
func (p *parser) fargate(n *yaml.Node, k keys) bool {
	list := p.walker.Items(p.field(n, k.compatibilities))
	return len(list) == 1 && p.text(list[0]) == "FARGATE"
}

// task reads a task definition.
func (p *parser) task(n *yaml.Node, what string, at source.Span, k keys) {
	platform := p.field(n, k.platform)
	value := p.field(platform, k.architecture)
	if system := p.text(p.field(platform, map[bool]string{true: "operatingSystemFamily", false: "OperatingSystemFamily"}[k == lower])); strings.HasPrefix(system, "WINDOWS") {
		return
	}
	var placement *facts.Placement
	if value != nil || p.fargate(n, k) {
		placement = p.place(what, k.platform, k.architecture, value, at)
	}
	for _, c := range p.walker.Items(p.field(n, k.containers)) {
		image := p.field(c, k.image)
		reference := p.text(image)
		if reference == "" || strings.Contains(reference, " ") || !strings.ContainsAny(reference, "/:.") && len(reference) > 40 {
			continue
		}
		use := &facts.ImageUse{Role: facts.RolePod, Name: what, Span: p.tree.Span(image), References: []facts.Value{facts.Of(p.tree.Text(image))}, Placement: placement}
		if name := p.text(p.field(c, k.name)); name != "" {
			use.Name = `container "` + name + `" of ` + what
		}
		p.doc.Images = append(p.doc.Images, use)
		if placement != nil {
			placement.Images = append(placement.Images, use)
		}
	}
}

// place notes the architecture that something asks for: nil if that is not known.
func (p *parser) place(what, setting, label string, value *yaml.Node, at source.Span) *facts.Placement {
	placement := &facts.Placement{What: what, Setting: setting, Label: label, Span: at, Line: at, Service: true}
	switch {
	case value == nil:
		placement.Architectures, placement.Implicit = []string{"amd64"}, true
	default:
		architecture := Architecture(p.text(value))
		if architecture == "" {
			return nil
		}
		placement.Architectures, placement.Span, placement.Line = []string{architecture}, p.tree.Span(value), p.tree.Span(value)
	}
	p.doc.Placements = append(p.doc.Placements, placement)
	return placement
}

// Architecture reads the names that AWS has for architectures.
func Architecture(name string) string {
	switch name {
	case "X86_64", "x86_64":
		return "amd64"
	case "ARM64", "arm64":
		return "arm64"
	}
	return ""
}

// Environment reads the type of CodeBuild's machines.
func Environment(name string) string {
	switch {
	case strings.HasPrefix(name, "ARM_"):
		return "arm64"
	case strings.HasPrefix(name, "LINUX_"):
		return "amd64"
	}
	return ""
}

// resource reads a resource of a template.
func (p *parser) resource(root *yaml.Node, e yamlnode.Entry) {
	name := e.Key.Value
	if len(name) > 100 {
		return
	}
	kind := p.text(p.field(e.Value, "Type"))
	properties := p.field(e.Value, "Properties")
	at := p.tree.Span(e.Key)
	switch kind {
	case "AWS::ECS::TaskDefinition":
		p.task(properties, `task definition "`+name+`"`, at, upper)
	case "AWS::Lambda::Function", "AWS::Serverless::Function":
		list := p.field(properties, "Architectures")
		if list == nil && kind == "AWS::Serverless::Function" {
			list = p.field(root, "Globals", "Function", "Architectures")
		}
		items := p.walker.Items(list)
		switch {
		case list == nil:
			p.place(`function "`+name+`"`, "Architectures", "Architectures", nil, at)
		case len(items) == 1:
			p.place(`function "`+name+`"`, "Architectures", "Architectures", items[0], at)
		}
	case "AWS::CodeBuild::Project":
		value := p.field(properties, "Environment", "Type")
		if architecture := Environment(p.text(value)); architecture != "" {
			p.doc.Placements = append(p.doc.Placements, &facts.Placement{
				What: `build project "` + name + `"`, Setting: "Environment", Label: "Type", Span: p.tree.Span(value), Line: p.tree.Span(value),
				Architectures: []string{architecture}, Service: true, Required: true,
			})
		}
	}
}
