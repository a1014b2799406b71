package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/config/spell"
)

// Bounds on a configuration, which may come from a stranger.
const (
	maxProblems = 20
	maxEntries  = 2000 // of a list or mapping
	maxPattern  = 512  // bytes of a pattern
	maxBraces   = 8    // lists of alternatives {a,b} in a pattern
	maxForms    = 64   // texts that the alternatives of a pattern come to
	maxWild     = 500  // forms of all patterns with wildcards, of one kind
)

// Problem is something wrong with a configuration.
type Problem struct {
	Path         string
	Line, Column int // from 1, columns in code points; 0 for the whole file
	Message      string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.Path, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.Path, p.Line, p.Column, p.Message)
}

// The keys of the file and of an entry of paths.
var (
	keys     = []string{"platforms", "exclude", "rules", "paths", "images", "registries"}
	pathKeys = []string{"platforms", "ignore"}
)

// otherKeys are keys of the tools of the same name that check the layers of a
// program (github.com/archlinter/archlint, github.com/mshogin/archlint) and read a
// file of the same name.
var otherKeys = []string{
	"aliases", "allowed_dependencies", "components", "diff", "enable_git", "entry_points", "extends", "framework",
	"frameworks", "git", "ignore", "layers", "max_file_size", "overrides", "scoring", "severity", "thresholds", "tsconfig", "watch",
}

const otherTool = "another tool named archlint, for the layers of a program, uses the same file name; " +
	"if this file is its, name archlint's own with --config"

type loader struct {
	options  Options
	config   *Config
	problems []*Problem
	other    bool // the hint at the other tool was given
}

func (l *loader) problem(n *yaml.Node, format string, args ...any) {
	p := &Problem{Path: l.config.Path, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	l.problems = append(l.problems, p)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (l *loader) load(data []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if !errors.Is(err, io.EOF) { // a file of nothing but comments
			l.malformed(err)
		}
		return
	}
	if err := decoder.Decode(&second); err == nil {
		l.problem(&second, "a second YAML document; put everything into one")
		return
	} else if !errors.Is(err, io.EOF) {
		l.malformed(err)
		return
	}
	if len(document.Content) != 1 {
		return
	}
	root := document.Content[0]
	if isNull(root) {
		return
	}
	l.each(root, "the configuration", func(key, value *yaml.Node) {
		switch key.Value {
		case "platforms":
			l.config.Platforms = l.platforms(value)
		case "exclude":
			for _, n := range l.list(value, "exclude") {
				if pattern, ok := l.pattern(n); ok {
					l.config.Exclude = append(l.config.Exclude, pattern)
				}
			}
		case "rules":
			l.rules(value)
		case "paths":
			l.each(value, "paths", l.path)
		case "images":
			l.each(value, "images", l.image)
		case "registries":
			l.registries(value)
		default:
			l.unknownKey(key)
		}
	})
	var paths, images []string
	for _, p := range l.config.Paths {
		paths = append(paths, p.Pattern)
	}
	for _, i := range l.config.Images {
		images = append(images, i.Pattern)
	}
	l.wild("the entries of exclude", l.config.Exclude)
	l.wild("the entries of paths", paths)
	l.wild("the entries of images", images)
}

// malformed reports an error of the YAML parser, which knows the line at best.
func (l *loader) malformed(err error) {
	p := &Problem{Path: l.config.Path, Message: "not YAML: " + short(yamlLine.ReplaceAllString(err.Error(), ""))}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column = 1
	}
	l.problems = append(l.problems, p)
}

func (l *loader) unknownKey(key *yaml.Node) {
	switch near := spell.Nearest(key.Value, keys); {
	case slices.Contains(otherKeys, key.Value):
		l.problem(key, "unknown key %q; known are %s%s", short(key.Value), strings.Join(keys, ", "), l.hint())
	case near != "":
		l.problem(key, "unknown key %q; did you mean %q?", short(key.Value), near)
	default:
		l.problem(key, "unknown key %q; known are %s", short(key.Value), strings.Join(keys, ", "))
	}
}

// hint says once that the file may be another tool's.
func (l *loader) hint() string {
	if l.other {
		return ""
	}
	l.other = true
	return ". Note: " + otherTool
}

func (l *loader) rules(value *yaml.Node) {
	l.config.Rules = map[string]Level{}
	if n := resolve(value); n.Kind == yaml.SequenceNode {
		l.problem(n, "rules must be a mapping of rule names to off, info, warning or error, not a list%s", l.hint())
		return
	}
	l.each(value, "rules", func(key, value *yaml.Node) {
		if !l.rule(key) {
			return
		}
		value = resolve(value)
		if value.Kind != yaml.ScalarNode {
			l.problem(value, "rule %q must be off, info, warning or error%s", short(key.Value), l.hint())
			return
		}
		level := slices.Index(levels, value.Value)
		switch {
		case level >= 0:
			l.config.Rules[key.Value] = Level(level)
		case value.Value == "false":
			l.problem(value, "rule %q cannot be false; write off", short(key.Value))
		case value.Value == "warn":
			l.problem(value, "rule %q cannot be warn; write warning", short(key.Value))
		default:
			l.problem(value, "rule %q cannot be %q; write off, info, warning or error", key.Value, short(value.Value))
		}
	})
}

// rule checks the name of a rule.
func (l *loader) rule(n *yaml.Node) bool {
	name := n.Value
	if l.options.Rules == nil || slices.Contains(l.options.Rules, name) {
		return true
	}
	near := spell.Nearest(name, l.options.Rules)
	switch {
	case near != "":
		l.problem(n, "unknown rule %q; did you mean %q?", short(name), near)
	case strings.Contains(name, "_"):
		// Ours have hyphens, the other tool's underscores.
		l.problem(n, "unknown rule %q; archlint rules lists them%s", short(name), l.hint())
	default:
		l.problem(n, "unknown rule %q; archlint rules lists them", short(name))
	}
	return false
}

func (l *loader) path(key, value *yaml.Node) {
	pattern, ok := l.pattern(key)
	rule := PathRule{Pattern: pattern}
	l.each(value, fmt.Sprintf("the entry %q of paths", short(key.Value)), func(key, value *yaml.Node) {
		switch key.Value {
		case "platforms":
			rule.Platforms = l.platforms(value)
		case "ignore":
			for _, n := range l.list(value, "ignore") {
				if l.rule(n) {
					rule.Ignore = append(rule.Ignore, n.Value)
				}
			}
		default:
			if near := spell.Nearest(key.Value, pathKeys); near != "" {
				l.problem(key, "unknown key %q; did you mean %q?", short(key.Value), near)
			} else {
				l.problem(key, "unknown key %q; known are %s", short(key.Value), strings.Join(pathKeys, ", "))
			}
		}
	})
	if ok {
		l.config.Paths = append(l.config.Paths, rule)
	}
}

func (l *loader) image(key, value *yaml.Node) {
	if !l.checkPattern(key) {
		return
	}
	if platforms := l.platforms(value); platforms != nil {
		l.config.Images = append(l.config.Images, ImageRule{Pattern: key.Value, Platforms: platforms})
	}
}

// pattern reads a pattern of paths and makes it relative to the root.
func (l *loader) pattern(n *yaml.Node) (string, bool) {
	if !l.checkPattern(n) {
		return "", false
	}
	pattern := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(n.Value, "./"), "/"), "/")
	if pattern == "" || pattern == "." {
		l.problem(n, "pattern %q matches nothing; write ** for everything", short(n.Value))
		return "", false
	}
	if pattern == ".." || strings.HasPrefix(pattern, "../") || strings.Contains(pattern, "/../") {
		l.problem(n, "pattern %q leads out of the directory of the configuration", short(n.Value))
		return "", false
	}
	if base := strings.Trim(l.options.Base, "/"); base != "" && base != "." {
		pattern = quote(base) + "/" + pattern
	}
	return pattern, true
}

func (l *loader) checkPattern(n *yaml.Node) bool {
	switch {
	case n.Value == "":
		l.problem(n, "an empty pattern matches nothing")
	case len(n.Value) > maxPattern || strings.Count(n.Value, "{") > maxBraces || forms(n.Value) > maxForms:
		l.problem(n, "the pattern is too long; write several")
	case !doublestar.ValidatePattern(n.Value):
		l.problem(n, "pattern %q is malformed: check its brackets and braces", short(n.Value))
	default:
		return true
	}
	return false
}

// forms is how many texts the alternatives of a pattern come to, or more.
func forms(pattern string) int {
	total, at := 1, []int{}
	for i := range len(pattern) {
		switch pattern[i] {
		case '{':
			at = append(at, 1)
		case ',':
			if len(at) > 0 {
				at[len(at)-1]++
			}
		case '}':
			if len(at) > 0 {
				total = min(total*at[len(at)-1], maxForms+1)
				at = at[:len(at)-1]
			}
		}
	}
	return total
}

// wild checks how much there is to be matched with each path or image.
func (l *loader) wild(what string, patterns []string) {
	n := 0
	for _, p := range patterns {
		if strings.ContainsAny(p, "*?[{") {
			n += forms(p)
		}
	}
	if n > maxWild {
		l.problem(nil, "%s have more than %d patterns with wildcards, alternatives counted", what, maxWild)
	}
}

// quote makes a path a pattern that matches only it.
func quote(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`*?[]{}\`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// platforms reads a list of platforms, or one. It returns nil after a problem.
func (l *loader) platforms(value *yaml.Node) arch.Set {
	nodes := []*yaml.Node{resolve(value)}
	if nodes[0].Kind != yaml.ScalarNode || isNull(nodes[0]) {
		nodes = l.list(value, "platforms")
		if nodes == nil {
			return nil
		}
	}
	var set arch.Set
	for _, n := range nodes {
		p, err := arch.Parse(n.Value)
		if err != nil {
			l.problem(n, "%s", short(err.Error()))
			continue
		}
		set = set.Add(p)
	}
	return set
}

// list returns the scalars of a list that is not empty. After a problem with the
// list itself it returns nil.
func (l *loader) list(value *yaml.Node, what string) []*yaml.Node {
	n := resolve(value)
	if n.Kind != yaml.SequenceNode {
		l.problem(n, "%s must be a list", what)
		return nil
	}
	if len(n.Content) == 0 {
		l.problem(n, "%s is empty; leave it out", what)
		return nil
	}
	if len(n.Content) > maxEntries {
		l.problem(n, "%s has more than %d entries", what, maxEntries)
		return nil
	}
	var items []*yaml.Node
	for _, item := range n.Content {
		item = resolve(item)
		if item.Kind != yaml.ScalarNode || isNull(item) {
			l.problem(item, "an entry of %s must be a word", what)
			continue
		}
		items = append(items, item)
	}
	return items
}

// each calls visit for the entries of a mapping. A key that comes twice is a
// problem.
func (l *loader) each(value *yaml.Node, what string, visit func(key, value *yaml.Node)) {
	n := resolve(value)
	if n.Kind != yaml.MappingNode {
		l.problem(n, "%s must be a mapping", what)
		return
	}
	if len(n.Content) > 2*maxEntries {
		l.problem(n, "%s has more than %d entries", what, maxEntries)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := resolve(n.Content[i])
		switch {
		case key.Kind != yaml.ScalarNode:
			l.problem(key, "a key of %s must be a word", what)
		case seen[key.Value]:
			l.problem(key, "%q comes twice", short(key.Value))
		default:
			seen[key.Value] = true
			visit(key, n.Content[i+1])
		}
	}
}

// resolve returns what an alias stands for. The nesting of the file is fixed, so
// aliases cannot lead in circles.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// short keeps long words of the file out of messages, which quote them.
func short(s string) string {
	if len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
