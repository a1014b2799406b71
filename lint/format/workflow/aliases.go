package workflow

import (
	"strings"
	"unicode/utf8"

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

// mayAlias reports whether a document may have anchors and aliases. Those stand where
// a node may begin: at the start of a line, behind an indicator, or behind a tag. In
// the middle of others, "&" and "*" are text.
func mayAlias(s string) bool {
	anchor, alias := false, false
	last, tag := byte('\n'), false // the last byte of the line that is not blank; whether it has a tag
	for i := 0; i+1 < len(s); i++ {
		c, next := s[i], s[i+1]
		switch {
		case c == '\n' || c == '\r':
			last, tag = '\n', false
			continue
		case blank(c):
			continue
		case c != '&' && c != '*' || blank(next) || next == '\n':
		case tag || last >= utf8.RuneSelf || strings.IndexByte("\n[{,:-?", last) >= 0:
			anchor = anchor || c == '&' && next != '&'
			alias = alias || c == '*'
		}
		last, tag = c, tag || c == '!'
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
