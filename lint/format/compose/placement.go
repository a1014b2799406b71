package compose

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// machines are the architectures of nodes, under the names that their kernels have for
// them, which is what Swarm compares (moby/swarmkit, manager/constraint).
var machines = []struct{ name, architecture string }{
	{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}, {"ppc64le", "ppc64le"}, {"s390x", "s390x"}, {"riscv64", "riscv64"},
}

// constraintKey is what a constraint on the architecture begins with.
const constraintKey = "node.platform.arch"

// placement reads the constraints that Swarm places a service by, nil if none of them is
// on the architecture of the nodes.
func (p *parser) placement(s *service, what string) *facts.Placement {
	for _, deploy := range s.find("deploy") {
		constraints := p.mapping(p.mapping(deploy.node)["placement"].Value)["constraints"].Value
		for _, item := range p.walker.Items(constraints) {
			if out := p.constraint(deploy.unit, item, what); out != nil {
				return out
			}
		}
	}
	return nil
}

// constraint reads one: node.platform.arch == x86_64.
func (p *parser) constraint(u *unit, n *yaml.Node, what string) *facts.Placement {
	if placed, ok := p.placed[n]; ok {
		return placed
	}
	v := u.value(n)
	text := v.String()
	key, value, equal := strings.Cut(text, "==")
	if !equal {
		key, value, _ = strings.Cut(text, "!=")
	}
	at := slices.IndexFunc(machines, func(m struct{ name, architecture string }) bool {
		return strings.EqualFold(m.name, strings.TrimSpace(value))
	})
	if !v.Known() || !strings.EqualFold(strings.TrimSpace(key), constraintKey) || at < 0 {
		return nil
	}
	span := u.tree.Span(n)
	out := &facts.Placement{What: what, Setting: "constraints", Label: constraintKey, Span: span, Line: span, Values: []source.Span{span}}
	for i, m := range machines {
		if (i == at) == equal {
			out.Architectures = append(out.Architectures, m.architecture)
		}
	}
	if u.emit {
		p.doc.Placements = append(p.doc.Placements, out)
	}
	p.placed[n] = out
	return out
}
