package compose

import (
	"fmt"
	"path"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
)

// layer is a service as it is written in one place. A service has one layer, and
// one more for each service that it extends.
type layer struct {
	unit   *unit
	fields map[string]yamlnode.Entry
}

// service is a service with all that it extends.
type service struct {
	name   string
	layers []layer // its own first
}

// field is a value in a layer.
type field struct {
	unit *unit
	key  *yaml.Node
	node *yaml.Node
}

// find returns the values that a key has in the layers, up to one that is said
// to replace those before.
func (s *service) find(key string) []field {
	var out []field
	for _, l := range s.layers {
		e, ok := l.fields[key]
		if !ok {
			continue
		}
		if e.Value.Tag == "!reset" {
			break
		}
		if !yamlnode.Null(e.Value) {
			out = append(out, field{unit: l.unit, key: e.Key, node: e.Value})
		}
		if e.Value.Tag == "!override" {
			break
		}
	}
	return out
}

// scalar returns the value of a key that is a scalar in the first layer that has
// the key.
func (s *service) scalar(key string) (field, bool) {
	found := s.find(key)
	if len(found) == 0 || found[0].node.Kind != yaml.ScalarNode {
		return field{}, false
	}
	return found[0], true
}

// services adds the facts of the services of a file.
func (p *parser) services(u *unit) {
	for _, e := range p.list(u) {
		if e.Value.Kind == yaml.MappingNode {
			p.service(&service{name: e.Key.Value, layers: p.layers(u, e)})
		}
	}
}

// layers returns a service and what it extends.
func (p *parser) layers(u *unit, e yamlnode.Entry) []layer {
	start, at := e, u
	seen := map[*yaml.Node]bool{}
	var out []layer
	for len(out) < maxDepth {
		if seen[e.Value] {
			p.circle(at, start, seen)
			return out
		}
		seen[e.Value] = true
		fields := p.mapping(e.Value)
		out = append(out, layer{unit: u, fields: fields})
		extends, ok := fields["extends"]
		if !ok {
			return out
		}
		if u, e, ok = p.extended(u, extends.Value); !ok {
			return out
		}
	}
	p.walker.Exceeded = true
	return out
}

// circle reports services that extend each other, once.
func (p *parser) circle(u *unit, e yamlnode.Entry, services map[*yaml.Node]bool) {
	for n := range services {
		if p.cycles[n] {
			return
		}
	}
	for n := range services {
		p.cycles[n] = true
	}
	if u.emit {
		p.problem(u.tree.Span(p.mapping(e.Value)["extends"].Value),
			"extends of service %q goes in a circle; remove one of the extends", e.Key.Value)
	}
}

// extended returns the service that the value of extends names.
func (p *parser) extended(u *unit, n *yaml.Node) (*unit, yamlnode.Entry, bool) {
	name := n
	if n.Kind == yaml.MappingNode {
		fields := p.mapping(n)
		name = fields["service"].Value
		if file := fields["file"].Value; !yamlnode.Null(file) {
			paths := p.paths(u, file)
			if len(paths) != 1 {
				return nil, yamlnode.Entry{}, false
			}
			if u = p.open(paths[0], u.env); u == nil {
				return nil, yamlnode.Entry{}, false
			}
		}
	}
	if wanted, ok := u.known(name); ok {
		p.list(u)
		e, ok := u.byName[wanted]
		return u, e, ok
	}
	return nil, yamlnode.Entry{}, false
}

// service adds the facts of a service.
func (p *parser) service(s *service) {
	what := fmt.Sprintf("service %q", s.name)
	var pin *facts.Pin
	platform, ok := s.scalar("platform")
	if ok {
		pin = p.pin(platform, what)
	}
	var use *facts.ImageUse
	if image, ok := s.scalar("image"); ok {
		use = p.use(image, platform.node, pin, p.placement(s, what), what)
	}
	if pin != nil && pin.Image == nil {
		pin.Image = use
	}
	p.build(s, use)
}

// pin returns the fact of a platform, nil if it is not known.
func (p *parser) pin(f field, what string) *facts.Pin {
	if pin, ok := p.pins[f.node]; ok {
		return pin
	}
	var pin *facts.Pin
	if v := f.unit.value(f.node); v.Known() && !v.Empty() {
		pin = &facts.Pin{Value: v, Span: f.unit.tree.Span(f.node), What: what, Setting: "platform:"}
		if f.unit.emit {
			p.doc.Pins = append(p.doc.Pins, pin)
		}
	}
	p.pins[f.node] = pin
	return pin
}

// use returns the fact of an image that is run for a platform.
func (p *parser) use(f field, platform *yaml.Node, pin *facts.Pin, placement *facts.Placement, what string) *facts.ImageUse {
	key := useKey{f.node, platform, placement}
	if pin == nil {
		key.platform = nil
	}
	if use, ok := p.uses[key]; ok {
		return use
	}
	use := &facts.ImageUse{Role: facts.RoleService, Name: what, Span: f.unit.tree.Span(f.node), Platform: pin, Placement: placement}
	if v := f.unit.value(f.node); v.Known() && !v.Empty() {
		use.References = []facts.Value{v}
	}
	if f.unit.emit {
		p.doc.Images = append(p.doc.Images, use)
		if placement != nil {
			placement.Images = append(placement.Images, use)
		}
	}
	p.uses[key] = use
	return use
}

// markBuilt marks the images that another service of the file builds.
func (p *parser) markBuilt() {
	built := map[string]bool{}
	for _, b := range p.doc.Builds {
		for _, tag := range b.Tags {
			if tag.Known() {
				built[tag.String()] = true
			}
		}
	}
	for _, use := range p.doc.Images {
		for _, reference := range use.References {
			use.Builds = use.Builds || use.Role == facts.RoleService && built[reference.String()]
		}
	}
}

// build adds the facts of what a service builds; use is its image, if it names
// one.
func (p *parser) build(s *service, use *facts.ImageUse) {
	parts := s.find("build")
	if len(parts) == 0 {
		return
	}
	tag, tagged := facts.Value{}, false
	if use != nil {
		use.Builds = true
		tag, tagged = facts.Unknowable(), true
		if len(use.References) == 1 {
			tag = use.References[0]
		}
	}
	if known, ok := p.builds[parts[0].node]; ok {
		if tagged {
			addTag(known, tag)
		}
		return
	}
	b := p.newBuild(s.name, parts)
	p.builds[parts[0].node] = b
	if tagged {
		addTag(b, tag)
	}
	if parts[0].unit.emit {
		p.doc.Builds = append(p.doc.Builds, b)
	}
}

// newBuild reads a build from the values of build:, the service's own first. One
// that is a text is the context.
func (p *parser) newBuild(service string, parts []field) *facts.Build {
	own := parts[0]
	b := &facts.Build{Tool: "compose build", Job: service, Push: facts.No, Span: own.unit.tree.Span(own.key)}
	if own.node.Kind == yaml.ScalarNode {
		b.Span = own.unit.tree.Span(own.node)
	}
	found := map[string][]field{}
	for _, part := range parts {
		if part.node.Kind == yaml.ScalarNode {
			found["context"] = append(found["context"], part)
			continue
		}
		for name, e := range p.mapping(part.node) {
			if !yamlnode.Null(e.Value) {
				found[name] = append(found[name], field{unit: part.unit, key: e.Key, node: e.Value})
			}
		}
	}
	p.dockerfile(b, own.unit, found)
	if f := found["target"]; len(f) > 0 {
		if target, ok := f[0].unit.known(f[0].node); ok {
			b.Target = target
		}
	}
	for _, args := range found["args"] {
		p.args(b, args)
	}
	p.platforms(b, found["platforms"])
	for _, tags := range found["tags"] {
		for _, item := range p.walker.Items(tags.node) {
			addTag(b, whole(tags.unit.value(item)))
		}
	}
	for _, contexts := range found["additional_contexts"] {
		p.contexts(service, contexts)
	}
	return b
}

// whole returns a value if all of it is known, else one of which nothing is.
func whole(v facts.Value) facts.Value {
	if !v.Known() {
		return facts.Unknowable()
	}
	return v
}

// addTag adds a name of the result that it does not have yet.
func addTag(b *facts.Build, tag facts.Value) {
	if len(b.Tags) >= maxList {
		return
	}
	for _, t := range b.Tags {
		if t.Known() == tag.Known() && t.String() == tag.String() {
			return
		}
	}
	b.Tags = append(b.Tags, tag)
}

// dockerfile sets the context and the Dockerfile of a build. The Dockerfile is
// not known where it is written in the Compose file itself, or where the context
// is not in the repository.
func (p *parser) dockerfile(b *facts.Build, u *unit, found map[string][]field) {
	context, ok := ".", true
	if f := found["context"]; len(f) > 0 {
		u = f[0].unit
		context, ok = u.known(f[0].node)
		b.Context = context
		if !ok && f[0].node.Kind == yaml.ScalarNode {
			b.Context = f[0].node.Value
		}
	}
	if f := found["dockerfile_inline"]; len(f) > 0 {
		if f[0].node.Kind == yaml.ScalarNode && p.report(f[0]) {
			p.inline(b.Job, f[0].unit.tree.Text(f[0].node))
		}
		return
	}
	file := "Dockerfile"
	if f := found["dockerfile"]; len(f) > 0 && ok {
		file, ok = f[0].unit.known(f[0].node)
	}
	if !ok || remote(context) || remote(file) || file == "" {
		return
	}
	if joined := path.Join(u.dir, context, file); local(joined) {
		b.Dockerfile = joined
	}
}

// args adds build arguments, as a mapping or as a list of NAME=value. The ones
// there already win. A name alone takes its value from the environment.
func (p *parser) args(b *facts.Build, f field) {
	set := func(name string, v facts.Value, has bool) {
		if _, ok := b.Args[name]; ok {
			return
		}
		if b.Args == nil {
			b.Args = map[string][]facts.Value{}
		}
		if !has {
			v, has = f.unit.env.lookup(name)
		}
		b.Args[name] = nil
		if has && v.Known() {
			b.Args[name] = []facts.Value{v}
		}
	}
	switch f.node.Kind {
	case yaml.MappingNode:
		for _, e := range p.walker.Entries(f.node) {
			set(e.Key.Value, f.unit.value(e.Value), !yamlnode.Null(e.Value))
		}
	case yaml.SequenceNode:
		for _, item := range p.walker.Items(f.node) {
			if name, value, has, ok := f.unit.assignment(item); ok {
				set(name, value, has)
			} else {
				b.OpaqueArgs = true
			}
		}
	default:
		b.OpaqueArgs = true
	}
}

// assignment splits a scalar NAME=value, of which the value may be missing. It
// reports false if the name is not known.
func (u *unit) assignment(n *yaml.Node) (name string, v facts.Value, has, ok bool) {
	v = u.value(n)
	text := ""
	for _, part := range v.Parts {
		if part.Origin == facts.Opaque {
			break
		}
		text += part.Text
	}
	for i := range len(text) {
		if text[i] == '=' {
			return text[:i], v.Slice(i+1, len(v.String())), true, true
		}
	}
	return text, facts.Value{}, false, v.Known() && text != ""
}

// platforms sets the platforms of a build. Lists of extended services add up.
func (p *parser) platforms(b *facts.Build, lists []field) {
	out := &b.Platforms
	unknown := func(reason string) {
		out.State = facts.PlatformsUnknown
		if out.Reason == "" {
			out.Reason = reason
		}
	}
	for _, f := range lists {
		if f.node.Kind != yaml.SequenceNode {
			out.Span = f.unit.tree.Span(f.node)
			unknown("platforms is not a list")
			continue
		}
		items := p.walker.Items(f.node)
		if len(items) == 0 {
			continue
		}
		if len(items) > maxList {
			items = items[:maxList]
			unknown(fmt.Sprintf("it has more than %d platforms", maxList))
		}
		if out.Span.IsZero() {
			out.Span = f.unit.tree.Span(f.node)
		}
		if out.State == facts.PlatformsAbsent {
			out.State = facts.PlatformsKnown
		}
		for _, item := range items {
			s, ok := f.unit.known(item)
			if !ok {
				unknown("it depends on a variable that has no value here")
				continue
			}
			platform, err := arch.Parse(s)
			if err != nil {
				unknown(err.Error())
				continue
			}
			out.Set = out.Set.Add(platform)
		}
	}
}
