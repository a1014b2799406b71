package yamlnode

import (
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
)

// MaxDepth is how deep aliases and merges are followed.
const MaxDepth = 64

// Entry is a key of a mapping and its value, aliases resolved.
type Entry struct {
	Key   *yaml.Node
	Value *yaml.Node
}

// Walker follows aliases and merge keys in trees, up to a number of nodes.
// Anchors let a small file stand for an exponentially large one, and for one
// that contains itself.
type Walker struct {
	// Budget is the number of nodes that may still be visited.
	Budget int
	// Exceeded is true once something was left out because the budget was spent,
	// or aliases were nested too deep or in a circle.
	Exceeded bool
}

// Problem says that something was left out, if it was.
func (w *Walker) Problem(t *Tree) []facts.Problem {
	if !w.Exceeded || len(t.Roots) == 0 {
		return nil
	}
	return []facts.Problem{{Span: t.Span(t.Roots[0]), Message: "aliases and merge keys go in circles, too deep or stand for too much; the rest was not read, write it out"}}
}

// Resolve returns the node that an alias stands for, and other nodes as they
// are; nil for a nil node.
func (w *Walker) Resolve(n *yaml.Node) *yaml.Node {
	for range MaxDepth {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	w.Exceeded = true
	return nil
}

// Entries returns the entries of a mapping in order, its own before those that
// it gets by merge keys ("<<"). Of several entries with the same key the first
// one is kept. It returns nil when n is no mapping.
func (w *Walker) Entries(n *yaml.Node) []Entry {
	n = w.Resolve(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out []Entry
	w.entries(n, map[string]bool{}, &out, 0)
	return out
}

func (w *Walker) entries(n *yaml.Node, seen map[string]bool, out *[]Entry, depth int) {
	if depth > MaxDepth {
		w.Exceeded = true
		return
	}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if w.Budget <= 0 {
			w.Exceeded = true
			return
		}
		w.Budget--
		key, value := w.Resolve(n.Content[i]), w.Resolve(n.Content[i+1])
		switch {
		case key == nil || value == nil || key.Kind != yaml.ScalarNode:
		case merge(key):
			merges = append(merges, value)
		case !seen[key.Value]:
			seen[key.Value] = true
			*out = append(*out, Entry{Key: key, Value: value})
		}
	}
	for _, m := range merges {
		list := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			list = m.Content
		}
		for _, item := range list {
			if item = w.Resolve(item); item != nil && item.Kind == yaml.MappingNode {
				w.entries(item, seen, out, depth+1)
			}
		}
	}
}

// Items returns the items of a sequence, aliases resolved, or nil when n is no
// sequence.
func (w *Walker) Items(n *yaml.Node) []*yaml.Node {
	n = w.Resolve(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		if w.Budget <= 0 {
			w.Exceeded = true
			break
		}
		w.Budget--
		if item = w.Resolve(item); item != nil {
			out = append(out, item)
		}
	}
	return out
}

// Null reports whether a node has no value.
func Null(n *yaml.Node) bool { return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func merge(key *yaml.Node) bool { return key.Value == "<<" && key.Tag == "!!merge" }
