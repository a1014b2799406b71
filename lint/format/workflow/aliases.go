package workflow

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds a document after its aliases are followed.
const maxNodes = 200_000

// aliasesBounded reports whether the document stays small when its aliases are
// followed; if not, a problem says so.
func (r *reader) aliasesBounded() bool {
	if !mayAlias(string(r.file.Data)) {
		return true
	}
	var root yaml.Node
	if yaml.Unmarshal(r.file.Data, &root) != nil {
		return true // the parser proper says what is wrong
	}
	sizes := map[*yaml.Node]int{}
	if expandedSize(&root, sizes) <= maxNodes {
		return true
	}
	r.problem(0, "the aliases stand for more than "+itoa(maxNodes)+" nodes; write them out where they are needed")
	return false
}

// mayAlias reports whether a document may have anchors and aliases.
func mayAlias(s string) bool {
	anchor, alias := false, false
	for i := 0; i+1 < len(s); i++ {
		if s[i] != '&' && s[i] != '*' || blank(s[i+1]) || i > 0 && !blank(s[i-1]) && !strings.ContainsRune("[{,:-", rune(s[i-1])) {
			continue
		}
		anchor = anchor || s[i] == '&' && s[i+1] != '&'
		alias = alias || s[i] == '*'
	}
	return anchor && alias
}

// expandedSize counts the nodes of a tree with its aliases followed, up to a
// little more than maxNodes. A node within itself counts once.
func expandedSize(n *yaml.Node, sizes map[*yaml.Node]int) int {
	if size, ok := sizes[n]; ok {
		return size
	}
	sizes[n] = 1
	size := 1
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		size += expandedSize(n.Alias, sizes)
	}
	for _, child := range n.Content {
		if size += expandedSize(child, sizes); size > maxNodes {
			break
		}
	}
	sizes[n] = size
	return size
}
