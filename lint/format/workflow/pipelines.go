package workflow

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// The jobs of other CI systems are scripts with an environment, on a machine: what is
// a job of a workflow with one step that runs them.

// The limits of what is read of one pipeline.
const (
	maxPipelineJobs = 1000
	// maxPipelineImages is the number of images read of a job.
	maxPipelineImages = 20
	maxPipelineRows   = 50 // of a matrix
	maxExtends        = 20 // jobs that extend jobs
	maxVariables      = 500
)

// pipeline reads a file of another CI system.
type pipeline struct {
	*reader
	tree   *yamlnode.Tree
	walker yamlnode.Walker
	jobs   map[string]*yaml.Node
}

func newPipeline(f *source.File, kind facts.Kind, o Options) *pipeline {
	p := &pipeline{reader: newReader(f, kind, o), tree: yamlnode.Parse(f), jobs: map[string]*yaml.Node{}}
	p.doc.Problems = p.tree.Problems
	p.walker.Budget = 20*p.tree.Nodes + 10_000
	return p
}

func (p *pipeline) field(n *yaml.Node, names ...string) *yaml.Node {
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

// script joins the commands of lists into one script.
func (p *pipeline) script(lists ...*yaml.Node) source.Text {
	b := source.NewBuilder(p.file)
	for _, list := range lists {
		p.commands(b, list, 0)
	}
	return b.Text()
}

func (p *pipeline) commands(b *source.Builder, n *yaml.Node, depth int) {
	n = p.walker.Resolve(n)
	switch {
	case n == nil || depth > maxExtends:
	case n.Kind == yaml.ScalarNode && n.Tag == "!reference":
	case n.Kind == yaml.ScalarNode:
		t := p.tree.Text(n)
		b.AppendText(t)
		end := t.All().End
		b.Replace("\n", end, end)
	case n.Kind == yaml.SequenceNode && n.Tag == "!reference":
		// !reference [job, script]
		items := p.walker.Items(n)
		if len(items) == 2 && p.jobs[items[0].Value] != nil {
			p.commands(b, p.field(p.jobs[items[0].Value], items[1].Value), depth+1)
		}
	case n.Kind == yaml.SequenceNode:
		for _, item := range p.walker.Items(n) {
			p.commands(b, item, depth+1)
		}
	}
}

// environment adds variables to a layer, with what the ones before them give.
func (p *pipeline) environment(l *layer, n *yaml.Node, known map[string]shell.Values) {
	for _, e := range p.walker.Entries(n) {
		value := p.walker.Resolve(e.Value)
		if value != nil && value.Kind == yaml.MappingNode {
			value = p.field(value, "value")
		}
		if !isText(value) || len(l.variables) >= maxVariables {
			continue
		}
		t := p.tree.Text(value)
		values := shell.Expand(t, known)
		known[e.Key.Value] = values
		v := variable{name: e.Key.Value, span: p.tree.Span(e.Key), value: t}
		for _, one := range values {
			v.set = append(v.set, textVal(one))
		}
		l.add(v)
	}
}

// run reads a job of one script.
func (p *pipeline) run(id string, at *yaml.Node, machines []source.Text, env []*layer, script source.Text, containers ...*container) {
	j := &job{id: id, at: p.tree.Span(at).Start, rows: noMatrix(), env: env, runsOn: machines, shell: "bash", services: containers}
	j.steps = []*step{{run: script, shell: "bash", env: &layer{}}}
	p.job(j)
	p.handedOver([]*job{j})
}

// notJobs are the keys of .gitlab-ci.yml that are no jobs (docs.gitlab.com, "CI/CD
// YAML syntax reference").
var notJobs = []string{"default", "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script", "after_script", "spec"}

// ParseGitLab reads .gitlab-ci.yml. Included files are not, so that a job that extends
// one of theirs is what is written of it here.
func ParseGitLab(f *source.File, o Options) *facts.Document {
	p := newPipeline(f, facts.GitLabCI, o)
	for _, root := range p.tree.Roots {
		for _, e := range p.walker.Entries(root) {
			if e.Value.Kind == yaml.MappingNode && !slices.Contains(notJobs, e.Key.Value) && len(p.jobs) < maxPipelineJobs {
				p.jobs[e.Key.Value] = e.Value
			}
		}
	}
	for _, root := range p.tree.Roots {
		before := p.field(root, "default", "before_script")
		if before == nil {
			before = p.field(root, "before_script")
		}
		for _, e := range p.walker.Entries(root) {
			// A job that begins with a dot is for others to extend.
			if p.jobs[e.Key.Value] == nil || strings.HasPrefix(e.Key.Value, ".") {
				continue
			}
			p.gitLabJob(root, e, before)
		}
	}
	p.doc.Problems = append(p.doc.Problems, p.walker.Problem(p.tree)...)
	return p.doc
}

// gitLabJob reads a job, once for each combination of its matrix.
func (p *pipeline) gitLabJob(root *yaml.Node, e yamlnode.Entry, before *yaml.Node) {
	script := p.inherited(e.Value, "script", 0)
	if script == nil {
		return
	}
	if own := p.inherited(e.Value, "before_script", 0); own != nil {
		before = own
	}
	text := p.script(before, script)
	tags := p.inherited(e.Value, "tags", 0)
	if tags == nil {
		tags = p.field(root, "default", "tags")
	}
	containers := p.gitLabImages(root, e, tags)
	for _, row := range p.gitLabRows(p.field(e.Value, "parallel", "matrix")) {
		known := map[string]shell.Values{}
		outer, inner := &layer{open: true}, &layer{}
		p.environment(outer, p.field(root, "variables"), known)
		for name, value := range row {
			known[name] = shell.One(facts.Of(value))
			inner.add(variable{name: name, value: value, set: []val{textVal(facts.Of(value))}})
		}
		for _, variables := range p.allInherited(e.Value, "variables") {
			p.environment(inner, variables, known)
		}
		p.run(e.Key.Value, e.Key, p.gitLabMachine(tags, known), []*layer{outer, inner}, text, containers...)
	}
}

// gitLabImages returns the image that a job runs in and those of its services, where
// they are written out, and where a tag says on what machine: without one, only the
// settings of the project do.
func (p *pipeline) gitLabImages(root *yaml.Node, e yamlnode.Entry, tags *yaml.Node) []*container {
	if len(p.walker.Items(tags)) == 0 {
		return nil
	}
	setting := func(key string) *yaml.Node {
		n := p.inherited(e.Value, key, 0)
		if n == nil {
			n = p.field(root, "default", key)
		}
		if n == nil {
			n = p.field(root, key)
		}
		return p.walker.Resolve(n)
	}
	var out []*container
	add := func(role facts.Role, n *yaml.Node) {
		if n != nil && n.Kind == yaml.MappingNode {
			n = p.field(n, "name")
		}
		if isText(n) && n.Value != "" && !strings.ContainsAny(n.Value, "$ ") && len(out) < maxPipelineImages {
			out = append(out, &container{role: role, name: "job " + strconv.Quote(e.Key.Value), image: p.tree.Text(n)})
		}
	}
	add(facts.RoleContainer, setting("image"))
	for _, item := range p.walker.Items(setting("services")) {
		add(facts.RoleService, item)
	}
	return out
}

// gitLabMachine returns the labels of the machine: GitLab's own runners are amd64
// unless a tag says otherwise (docs.gitlab.com, "Hosted runners on Linux").
func (p *pipeline) gitLabMachine(tags *yaml.Node, known map[string]shell.Values) []source.Text {
	list := p.walker.Items(tags)
	if len(list) == 0 {
		return []source.Text{{File: p.file, String: "ubuntu-latest"}}
	}
	var out []source.Text
	for _, tag := range list {
		if !isText(tag) {
			continue
		}
		text, _ := shell.Expand(p.tree.Text(tag), known).Single()
		if strings.HasPrefix(text, "saas-linux-") && !strings.Contains(text, "arm64") {
			text = "linux-amd64"
		}
		out = append(out, source.Text{File: p.file, String: text})
	}
	return out
}

// gitLabRows returns the combinations of a matrix, one without variables if there is
// none.
func (p *pipeline) gitLabRows(matrix *yaml.Node) []map[string]source.Text {
	var rows []map[string]source.Text
	for _, item := range p.walker.Items(matrix) {
		part := []map[string]source.Text{{}}
		for _, e := range p.walker.Entries(item) {
			values := p.walker.Items(e.Value)
			if isText(e.Value) {
				values = []*yaml.Node{e.Value}
			}
			var next []map[string]source.Text
			for _, row := range part {
				for _, v := range values {
					if !isText(v) || len(next) >= maxPipelineRows {
						continue
					}
					more := map[string]source.Text{e.Key.Value: p.tree.Text(v)}
					for name, text := range row {
						more[name] = text
					}
					next = append(next, more)
				}
			}
			part = next
		}
		rows = append(rows, part...)
	}
	if len(rows) == 0 || len(rows) > maxPipelineRows {
		return []map[string]source.Text{{}}
	}
	return rows
}

// inherited returns the value of a key of a job, or of the last of those it extends
// that has it.
func (p *pipeline) inherited(job *yaml.Node, key string, depth int) *yaml.Node {
	if job == nil || depth > maxExtends {
		return nil
	}
	if value := p.field(job, key); value != nil {
		return value
	}
	extended := p.extends(job)
	for i := len(extended) - 1; i >= 0; i-- {
		if value := p.inherited(extended[i], key, depth+1); value != nil {
			return value
		}
	}
	return nil
}

// allInherited returns the values of a key of a job and of those it extends, those
// that count less first.
func (p *pipeline) allInherited(job *yaml.Node, key string) []*yaml.Node {
	var out []*yaml.Node
	seen := map[*yaml.Node]bool{}
	var visit func(job *yaml.Node, depth int)
	visit = func(job *yaml.Node, depth int) {
		if job == nil || seen[job] || depth > maxExtends {
			return
		}
		seen[job] = true
		for _, other := range p.extends(job) {
			visit(other, depth+1)
		}
		if value := p.field(job, key); value != nil {
			out = append(out, value)
		}
	}
	visit(job, 0)
	return out
}

func (p *pipeline) extends(job *yaml.Node) []*yaml.Node {
	n := p.field(job, "extends")
	names := p.walker.Items(n)
	if isText(n) {
		names = []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, name := range names {
		if other := p.jobs[name.Value]; other != nil {
			out = append(out, other)
		}
	}
	return out
}

// ParseCodeBuild reads the buildspec.yml of AWS CodeBuild. On which machine it runs is
// said in the project, and not in the file, unless its batch says so.
func ParseCodeBuild(f *source.File, o Options) *facts.Document {
	p := newPipeline(f, facts.CodeBuild, o)
	for _, root := range p.tree.Roots {
		known := map[string]shell.Values{}
		env := &layer{open: true}
		p.environment(env, p.field(root, "env", "variables"), known)
		phases := p.field(root, "phases")
		var lists []*yaml.Node
		for _, phase := range []string{"install", "pre_build", "build", "post_build"} {
			lists = append(lists, p.field(phases, phase, "commands"))
		}
		script := p.script(lists...)
		if script.String == "" {
			continue
		}
		machine := []source.Text{{File: p.file, String: "self-hosted"}}
		p.run(path.Base(f.Path), root, machine, []*layer{env}, script)
	}
	p.doc.Problems = append(p.doc.Problems, p.walker.Problem(p.tree)...)
	return p.doc
}
