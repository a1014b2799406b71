// Package compose reads Compose files: which images their services run, for
// which platform, and what they build.
//
// The file is read as nodes of YAML, not by Compose's own loader, which forgets
// where things stand. What the loader does with the text is done here on the
// nodes: anchors and merge keys, extends in the same and in other files, include,
// and variables, which are known from the .env file beside the Compose file and
// from the defaults written at their use. The environment of the process that
// lints is not the one that the services will run in and is not looked at, so a
// variable that is in neither place makes a value unknown.
//
// A fact stands where its text is written. Services that share a text, through
// an anchor or by extending each other, share one fact.
package compose

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/source"
)

const (
	// maxExpansion is the number of nodes that aliases, merge keys and extends may
	// add to those that stand in the file.
	maxExpansion = 10_000
	// maxDepth is how deep extends and include are followed.
	maxDepth = 64
	// maxFiles is the number of other files read for one Compose file.
	maxFiles = 100
	// maxList is the number of platforms and of tags read for one build.
	maxList = 100
)

// Files gives access to the other files of the repository. A path is relative to
// the root of the repository, with forward slashes. It is up to the
// implementation to bound the size of files and to stay in the repository.
type Files interface {
	ReadFile(path string) ([]byte, error)
}

// Options are what Parse needs beside the file.
type Options struct {
	// Files reads .env, extended and included files. Without it their content is
	// not known.
	Files Files
	// Linted reports whether a file is read as a Compose file of its own. What is
	// written in such a file is reported there, and not again by the files that
	// extend or include it. Nil stands for none.
	Linted func(path string) bool
}

// Parse reads a Compose file. The spans of facts that come from extended and
// included files are in those files.
func Parse(f *source.File, o Options) *facts.Document {
	p := &parser{
		options: o,
		doc:     &facts.Document{File: f, Kind: facts.Compose, Comments: yamlnode.Comments(f)},
		trees:   map[string]*yamlnode.Tree{},
		units:   map[unitKey]*unit{},
		joined:  map[string]bool{},
		fields:  map[*yaml.Node]map[string]yamlnode.Entry{},
		uses:    map[useKey]*facts.ImageUse{},
		pins:    map[*yaml.Node]*facts.Pin{},
		placed:  map[*yaml.Node]*facts.Placement{},
		builds:  map[*yaml.Node]*facts.Build{},
		seen:    map[*yaml.Node]bool{},
		cycles:  map[*yaml.Node]bool{},
	}
	p.walker.Budget = maxExpansion
	main := p.unit(f, p.environment(path.Join(path.Dir(f.Path), ".env")), true)
	if len(main.tree.Roots) == 0 {
		return p.doc
	}
	p.services(main)
	p.include(main, []string{f.Path}, source.Span{})
	p.markBuilt()
	if p.tooMany {
		p.problem(main.tree.Span(main.tree.Roots[0]), "it includes and extends more than %d files; the others are not read", maxFiles)
	}
	if p.walker.Exceeded {
		p.problem(main.tree.Span(main.tree.Roots[0]),
			"aliases, merge keys or extends go in circles, too deep or stand for too much; the rest was not read, write it out")
	}
	return p.doc
}

// parser collects the facts of one document.
type parser struct {
	options Options
	doc     *facts.Document
	walker  yamlnode.Walker
	read    int  // other files read
	tooMany bool // files, to be read

	trees  map[string]*yamlnode.Tree
	units  map[unitKey]*unit
	joined map[string]bool                          // files that were included
	fields map[*yaml.Node]map[string]yamlnode.Entry // of mappings, for services that are extended often
	uses   map[useKey]*facts.ImageUse
	pins   map[*yaml.Node]*facts.Pin
	placed map[*yaml.Node]*facts.Placement // by the constraint
	builds map[*yaml.Node]*facts.Build
	seen   map[*yaml.Node]bool // texts that were reported, other than those above
	cycles map[*yaml.Node]bool // services of which a circle was reported
}

// useKey tells apart the images as written, by the platform and the nodes they are
// run for.
type useKey struct {
	image, platform *yaml.Node
	placement       *facts.Placement
}

// unit is a file with the variables that it is read with.
type unit struct {
	tree *yamlnode.Tree
	path string
	dir  string // "." for the root of the repository
	env  *environment
	emit bool // what is written in it is reported

	entries []yamlnode.Entry // its services
	byName  map[string]yamlnode.Entry
}

type unitKey struct {
	path string
	env  *environment
}

// unit returns a file read with some variables. It is parsed once: facts are told
// apart by the nodes that they are read from.
func (p *parser) unit(f *source.File, env *environment, emit bool) *unit {
	tree, ok := p.trees[f.Path]
	if !ok {
		tree = yamlnode.Parse(f)
		p.trees[f.Path] = tree
		p.walker.Budget += tree.Nodes
		if emit {
			p.doc.Problems = append(p.doc.Problems, tree.Problems...)
		}
	}
	u := &unit{tree: tree, path: f.Path, dir: path.Dir(f.Path), env: env, emit: emit}
	p.units[unitKey{f.Path, env}] = u
	return u
}

// open returns another file of the repository, nil if it cannot be read.
func (p *parser) open(file string, env *environment) *unit {
	key := unitKey{file, env}
	if u, ok := p.units[key]; ok {
		return u
	}
	emit := p.options.Linted == nil || !p.options.Linted(file)
	if tree, ok := p.trees[file]; ok {
		return p.unit(tree.File, env, emit)
	}
	data, ok := p.readFile(file)
	if !ok {
		p.units[key] = nil
		return nil
	}
	return p.unit(source.New(file, data), env, emit)
}

// readFile reads another file of the repository. One that is not there is no
// problem: it may be made before Compose runs.
func (p *parser) readFile(file string) ([]byte, bool) {
	if p.options.Files == nil || !local(file) {
		return nil, false
	}
	if p.read >= maxFiles {
		p.tooMany = true
		return nil, false
	}
	p.read++
	data, err := p.options.Files.ReadFile(file)
	return data, err == nil
}

// local reports whether a cleaned path lies in the repository.
func local(file string) bool {
	return file != "" && file != "." && file != ".." && !strings.HasPrefix(file, "../") && !path.IsAbs(file)
}

// remote reports whether a path in a Compose file names something that is no
// file of the repository.
func remote(file string) bool {
	return strings.Contains(file, "://") || strings.HasPrefix(file, "git@") || strings.HasPrefix(file, "github.com/") ||
		strings.HasPrefix(file, "oci:") || path.IsAbs(file) || strings.HasPrefix(file, "~")
}

// report reports whether the facts of a text that services may share are to be
// added: it is written in a file that is linted here, and was not met before.
func (p *parser) report(f field) bool {
	if p.seen[f.node] || !f.unit.emit {
		return false
	}
	p.seen[f.node] = true
	return true
}

func (p *parser) problem(at source.Span, format string, args ...any) {
	p.doc.Problems = append(p.doc.Problems, facts.Problem{Span: at, Message: fmt.Sprintf(format, args...)})
}

// mapping returns the entries of a mapping by key.
func (p *parser) mapping(n *yaml.Node) map[string]yamlnode.Entry {
	if fields, ok := p.fields[n]; ok {
		return fields
	}
	fields := map[string]yamlnode.Entry{}
	for _, e := range p.walker.Entries(n) {
		fields[e.Key.Value] = e
	}
	p.fields[n] = fields
	return fields
}

// value returns the value of a scalar with its variables expanded. It is unknown
// for other nodes.
func (u *unit) value(n *yaml.Node) facts.Value {
	if n == nil || n.Kind != yaml.ScalarNode {
		return facts.Unknowable()
	}
	return u.env.expand(u.tree.Text(n))
}

// known returns the value of a scalar if all of it is known.
func (u *unit) known(n *yaml.Node) (string, bool) {
	v := u.value(n)
	return v.String(), v.Known()
}

// list returns the services of a file, in all of its documents.
func (p *parser) list(u *unit) []yamlnode.Entry {
	if u.byName != nil {
		return u.entries
	}
	for _, root := range u.tree.Roots {
		if root.Kind != yaml.MappingNode {
			continue
		}
		if services, ok := p.mapping(root)["services"]; ok {
			u.entries = append(u.entries, p.walker.Entries(services.Value)...)
			continue
		}
		u.entries = append(u.entries, p.first(root)...)
	}
	u.byName = make(map[string]yamlnode.Entry, len(u.entries))
	for _, e := range u.entries {
		if _, ok := u.byName[e.Key.Value]; !ok && e.Value.Kind == yaml.MappingNode {
			u.byName[e.Key.Value] = e
		}
	}
	return u.entries
}

// first returns the services of a file in the first version of the format, in
// which they are the keys of the file and there is nothing else. Files of other
// formats have none.
func (p *parser) first(root *yaml.Node) []yamlnode.Entry {
	var services []yamlnode.Entry
	for _, e := range p.walker.Entries(root) {
		if strings.HasPrefix(e.Key.Value, "x-") {
			continue
		}
		if e.Value.Kind != yaml.MappingNode {
			return nil
		}
		fields := p.mapping(e.Value)
		image, build := fields["image"], fields["build"]
		if isScalar(image.Value) || isScalar(build.Value) || fields["extends"].Key != nil {
			services = append(services, e)
		}
	}
	return services
}

func isScalar(n *yaml.Node) bool { return n != nil && n.Kind == yaml.ScalarNode && !yamlnode.Null(n) }

// include follows the includes of a file. The chain holds the paths of the files
// on the way to it, at the place in the linted file where it begins.
func (p *parser) include(u *unit, chain []string, at source.Span) {
	for _, root := range u.tree.Roots {
		for _, item := range p.walker.Items(p.mapping(root)["include"].Value) {
			start := at
			if start.IsZero() {
				start = u.tree.Span(item)
			}
			paths, dir, env := p.included(u, item)
			for _, file := range paths {
				p.includeFile(u, file, dir, env, chain, start)
			}
		}
	}
}

// included returns what an item of include names: the files, the directory whose
// .env they are read with ("" for that of the first file) and environment files
// in place of it.
func (p *parser) included(u *unit, item *yaml.Node) (paths []string, dir string, env []string) {
	if item.Kind == yaml.ScalarNode {
		return p.paths(u, item), "", nil
	}
	fields := p.mapping(item)
	paths, env = p.paths(u, fields["path"].Value), p.paths(u, fields["env_file"].Value)
	if dirs := p.paths(u, fields["project_directory"].Value); len(dirs) > 0 {
		dir = dirs[0]
	}
	return paths, dir, env
}

// paths returns the paths that a scalar or a list of them name, relative to the
// repository. Those that are not known or lead out of it are left out.
func (p *parser) paths(u *unit, n *yaml.Node) []string {
	nodes := []*yaml.Node{n}
	if n != nil && n.Kind == yaml.SequenceNode {
		nodes = p.walker.Items(n)
	}
	var out []string
	for _, node := range nodes {
		if s, ok := u.known(node); ok && s != "" && !remote(s) {
			out = append(out, path.Join(u.dir, s))
		}
	}
	return out
}

func (p *parser) includeFile(u *unit, file, dir string, envFiles []string, chain []string, at source.Span) {
	for _, before := range chain {
		if before == file {
			p.problem(at, "include of %q comes back to itself; remove one of the includes", file)
			return
		}
	}
	if len(chain) >= maxDepth {
		p.walker.Exceeded = true
		return
	}
	if p.read >= maxFiles {
		p.tooMany = true
		return
	}
	if p.joined[file] {
		return
	}
	p.joined[file] = true
	if dir == "" {
		dir = path.Dir(file)
	}
	if len(envFiles) == 0 {
		envFiles = []string{path.Join(dir, ".env")}
	}
	next := p.open(file, u.env.over(p.environment(envFiles...)))
	if next == nil {
		return
	}
	p.services(next)
	p.include(next, append(chain[:len(chain):len(chain)], file), at)
}

// environment reads files of variables. Later ones win.
func (p *parser) environment(files ...string) *environment {
	env := &environment{}
	for _, file := range files {
		if data, ok := p.readFile(file); ok {
			env.read(data)
		}
	}
	return env
}
