// Package workflow reads GitHub Actions workflows and action.yml files.
//
// Pipelines of GitLab and of CodeBuild are scripts, too, and read in the same way.
//
// actionlint parses workflows; what it has to say about them besides syntax is
// not our business and is dropped. Composite actions are read with YAML nodes.
// Both become jobs made of the same [step]s, and one walk over these produces
// the facts: an action that builds images is looked up in the table of
// builders.go, a script is evaluated by lint/shell and its docker commands are
// read by docker.go.
//
// A job is looked at once for each combination of its matrix, so that a value is
// known wherever the file alone decides it, and the builds of all combinations
// are joined again: a [facts.Build] stands for all the combinations that build
// the same stage of the same Dockerfile. Expressions are evaluated to the set of
// values that they can have (expr.go); nothing is evaluated that needs more than
// the file. Expansion, expressions and scripts are bounded, as all of them may
// come from a stranger.
package workflow

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/yamlnode"
	"github.com/archlint/archlint/lint/makefile"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// Options bound the reading of a file. The zero value is ready for use.
type Options struct {
	// MaxRows is the largest number of combinations of a matrix that are looked
	// at; 0 means 1000.
	MaxRows int
	// Files reads the actions and reusable workflows of the repository that a file
	// calls; nil for none.
	Files Files
}

// Files reads other files of the repository. Paths are relative to its root, with
// slashes.
type Files interface {
	ReadFile(path string) ([]byte, error)
}

func (o Options) maxRows() int {
	if o.MaxRows > 0 {
		return o.MaxRows
	}
	return 1000
}

// reader reads one file.
type reader struct {
	file    *source.File
	options Options
	doc     *facts.Document
	parsed  map[string]actionlint.ExprNode // expressions by text, nil if malformed
	// inputs are those that the file declares, by lower case name.
	inputs map[string]declared
	// events are the values of github.event_name, none if they are not known.
	events []val
	// called is the call that the file is read for, nil if it is read for itself.
	called *call
	shared *shared
	// commits tells whether a step names an action by its commit.
	commits facts.Known
	said    bool // that there are too many scripts
}

// declared is an input as a file declares it.
type declared struct {
	fallback source.Text // the default, if it has one
	dynamic  bool        // the default is an expression
	kind     kind        // boolean, number, or text
}

// shared is what the readers of a file and of those that it calls have in common.
type shared struct {
	budget    int // evaluations of scripts that are left
	work      int // and what they may still take
	exceeded  bool
	opened    int // bytes that may still be read of others
	visits    int // steps of others that may still be gone through
	calls     int // calls of other files that are left
	actions   map[string]*composite
	workflows map[string]*callable
	makefiles map[string]*makefile.File
	scripts   map[string]*source.File
	results   map[evaluation]*shell.Result // of scripts
}

// maxScripts bounds the evaluations of scripts for one file: scripts times the
// combinations of values that they see.
const maxScripts = 5000

// maxWork bounds what all evaluations for one file take: as much as ten of the largest.
const maxWork = 3_000_000

// maxOpened bounds the actions and workflows that are read for the sake of one file, in
// bytes; for an action, of which a repository may have many that use each other, it is
// a quarter.
const maxOpened = 512 << 10

// maxCalledSteps bounds how many steps of others are gone through for one file; for an
// action it is a tenth.
const maxCalledSteps = 50_000

// maxVisits bounds how many steps of a job are looked at: steps times rows.
const maxVisits = 20_000

func newReader(f *source.File, kind facts.Kind, o Options) *reader {
	opened, visits := maxOpened, maxCalledSteps
	if kind == facts.Action {
		opened, visits = opened/4, visits/10
	}
	return &reader{
		file: f, options: o, doc: &facts.Document{File: f, Kind: kind, Comments: yamlnode.Comments(f)},
		parsed: map[string]actionlint.ExprNode{}, inputs: map[string]declared{},
		shared: &shared{budget: maxScripts, work: maxWork, calls: maxCalls, opened: opened, visits: visits, actions: map[string]*composite{}, workflows: map[string]*callable{}, makefiles: map[string]*makefile.File{}, scripts: map[string]*source.File{}, results: map[evaluation]*shell.Result{}},
	}
}

// job is what is known of a job on all rows of its matrix.
type job struct {
	id        string
	at        int // offset of its name
	rows      []row
	matrix    bool
	runsOn    []source.Text // labels
	env       []*layer      // of the workflow and the job
	steps     []*step
	container *container
	services  []*container
	directory source.Text // defaults.run.working-directory
	shell     string      // defaults.run.shell
}

// container is a job container or a service.
type container struct {
	role  facts.Role
	name  string
	image source.Text
}

// step is a step of a job or of a composite action.
type step struct {
	id        string
	at        source.Span // its first byte, as an empty span
	condition source.Text // if:
	uses      source.Text
	with      map[string]input // by lower case name
	run       source.Text
	shell     string
	directory source.Text
	env       *layer
	outputs   map[string][]val // what its script has set, on the current row
}

// input is one entry of with:.
type input struct {
	key   source.Span
	value source.Text
}

// Parse reads a workflow.
func Parse(f *source.File, o Options) *facts.Document {
	r := newReader(f, facts.Workflow, o)
	if !r.aliasesBounded() {
		return r.doc
	}
	w, errs := actionlint.Parse(f.Data)
	if w == nil {
		r.syntaxError(errs)
		return r.doc
	}
	r.workflow(w)
	return r.doc
}

// syntaxError reports why a file is not YAML: one problem, whatever the number
// of errors.
func (r *reader) syntaxError(errs []*actionlint.Error) {
	var root yaml.Node
	if err := yaml.Unmarshal(r.file.Data, &root); err != nil {
		r.doc.Problems = append(r.doc.Problems, yamlnode.Problem(r.file, err))
		return
	}
	if len(errs) > 0 {
		e := errs[0]
		r.problem(r.file.Offset(max(1, e.Line), max(1, e.Column)), strings.Join(strings.Fields(e.Message), " "))
	}
}

func (r *reader) problem(at int, message string) {
	r.doc.Problems = append(r.doc.Problems, facts.Problem{Span: r.file.Span(at, at), Message: message})
}

func (r *reader) workflow(w *actionlint.Workflow) {
	for _, event := range w.On {
		switch event := event.(type) {
		case *actionlint.WorkflowCallEvent:
			for _, in := range event.Inputs {
				r.declare(in.Name, in.Default, string(in.Type))
			}
		case *actionlint.WorkflowDispatchEvent:
			for _, in := range event.Inputs {
				if r.called == nil {
					r.declare(in.Name, in.Default, string(in.Type))
				}
			}
		}
	}
	if r.called == nil {
		r.events = events(w.On)
	}
	outer := r.layer(w.Env)
	r.pinEnv(&scope{reader: r, row: row{open: true}}, outer)
	jobs := slices.SortedFunc(maps.Values(w.Jobs), func(a, b *actionlint.Job) int { return comparePos(a.ID, b.ID) })
	var read []*job
	for _, j := range jobs {
		if j == nil || j.ID == nil {
			continue
		}
		read = append(read, r.workflowJob(w, j, outer))
	}
	r.handedOver(read)
}

// events returns the events that start a workflow. Those of a reusable workflow
// are its callers' events.
func events(on []actionlint.Event) []val {
	var out []val
	for _, event := range on {
		if _, called := event.(*actionlint.WorkflowCallEvent); called || event == nil {
			return nil
		}
		if hook, ok := event.(*actionlint.WebhookEvent); ok && hook.Hook == nil {
			return nil
		}
		out = append(out, stringVal(event.EventName()))
	}
	if len(out) > maxAlternatives {
		return nil
	}
	return out
}

func (r *reader) declare(name, fallback *actionlint.String, kind string) {
	if name == nil {
		return
	}
	d := declared{kind: text}
	switch kind {
	case "boolean":
		d.kind = boolean
	case "number":
		d.kind = number
	}
	if fallback != nil {
		d.fallback, d.dynamic = r.text(fallback), strings.Contains(fallback.Value, "${{")
	}
	r.inputs[strings.ToLower(name.Value)] = d
}

func (r *reader) workflowJob(w *actionlint.Workflow, in *actionlint.Job, outer *layer) *job {
	out := &job{id: in.ID.Value, at: r.offset(in.ID.Pos), env: []*layer{outer, r.layer(in.Env)}}
	out.rows, out.matrix = r.rows(in.Strategy)
	if in.RunsOn != nil {
		for _, label := range in.RunsOn.Labels {
			out.runsOn = append(out.runsOn, r.text(label))
		}
		if in.RunsOn.LabelsExpr != nil {
			out.runsOn = append(out.runsOn, r.text(in.RunsOn.LabelsExpr))
		}
	}
	for _, d := range []*actionlint.Defaults{w.Defaults, in.Defaults} {
		if d == nil || d.Run == nil {
			continue
		}
		if d.Run.WorkingDirectory != nil {
			out.directory = r.text(d.Run.WorkingDirectory)
		}
		if d.Run.Shell != nil {
			out.shell = d.Run.Shell.Value
		}
	}
	if c := in.Container; c != nil && c.Image != nil && c.Image.Value != "" {
		out.container = &container{role: facts.RoleContainer, name: "job " + strconv.Quote(in.ID.Value), image: r.text(c.Image)}
	}
	if in.Services != nil {
		for _, s := range in.Services.Value {
			if s == nil || s.Name == nil || s.Container == nil || s.Container.Image == nil || s.Container.Image.Value == "" {
				continue
			}
			out.services = append(out.services, &container{role: facts.RoleService, name: "service " + strconv.Quote(s.Name.Value), image: r.text(s.Container.Image)})
		}
		slices.SortFunc(out.services, func(a, b *container) int { return a.image.All().Compare(b.image.All()) })
	}
	for _, s := range in.Steps {
		if s != nil {
			out.steps = append(out.steps, r.workflowStep(s))
		}
	}
	if in.WorkflowCall != nil && in.WorkflowCall.Uses != nil {
		call := &step{uses: r.text(in.WorkflowCall.Uses), with: map[string]input{}, env: &layer{}}
		for name, i := range in.WorkflowCall.Inputs {
			call.with[name] = r.input(i.Name, i.Value)
		}
		out.steps = append(out.steps, call)
	}
	r.job(out)
	return out
}

func (r *reader) workflowStep(in *actionlint.Step) *step {
	out := &step{env: r.layer(in.Env)}
	if in.Pos != nil {
		at := r.offset(in.Pos)
		out.at = r.file.Span(at, at)
	}
	if in.ID != nil {
		out.id = strings.ToLower(in.ID.Value)
	}
	if in.If != nil {
		out.condition = r.text(in.If)
	}
	switch exec := in.Exec.(type) {
	case *actionlint.ExecRun:
		if exec.Run != nil {
			out.run = r.text(exec.Run)
		}
		if exec.Shell != nil {
			out.shell = exec.Shell.Value
		}
		if exec.WorkingDirectory != nil {
			out.directory = r.text(exec.WorkingDirectory)
		}
	case *actionlint.ExecAction:
		if exec.Uses != nil {
			out.uses = r.text(exec.Uses)
		}
		out.with = make(map[string]input, len(exec.Inputs))
		for name, i := range exec.Inputs {
			out.with[name] = r.input(i.Name, i.Value)
		}
	}
	return out
}

func (r *reader) input(name, value *actionlint.String) input {
	out := input{}
	if name != nil {
		out.key = r.text(name).All()
	}
	if value != nil {
		out.value = r.text(value)
	}
	return out
}

// layer reads an env: section, in the order of the file.
func (r *reader) layer(env *actionlint.Env) *layer {
	out := &layer{}
	if env == nil {
		return out
	}
	out.open = env.Expression != nil
	var list []variable
	for _, v := range env.Vars {
		if v == nil || v.Name == nil || v.Value == nil {
			continue
		}
		list = append(list, variable{name: v.Name.Value, span: r.text(v.Name).All(), value: r.text(v.Value)})
	}
	slices.SortFunc(list, func(a, b variable) int { return a.span.Compare(b.span) })
	for _, v := range list {
		out.add(v)
	}
	return out
}

func (r *reader) text(s *actionlint.String) source.Text { return r.textAt(s.Pos, s.Value) }

func (r *reader) textAt(pos *actionlint.Pos, value string) source.Text {
	if pos == nil {
		return source.Text{}
	}
	return source.Scalar(r.file, pos.Line, pos.Col, value)
}

func (r *reader) offset(pos *actionlint.Pos) int {
	if pos == nil {
		return 0
	}
	return r.file.Offset(pos.Line, pos.Col)
}

// matrixReference finds the keys of the matrix that a text depends on.
var matrixReference = regexp.MustCompile(`(?i)\bmatrix\b(?:\s*\.\s*([a-z_][a-z0-9_-]*)|\s*\[\s*'([^']*)'\s*\])?`)

// keysOf adds the matrix keys named in the texts to keys; all is true if the
// whole matrix is used.
func keysOf(keys map[string]bool, texts ...source.Text) (all bool) {
	for _, t := range texts {
		if !strings.Contains(t.String, "${{") {
			continue
		}
		all = keysIn(keys, t.String) || all
	}
	return all
}

// keysIn is keysOf for a text that is an expression as a whole.
func keysIn(keys map[string]bool, expression string) (all bool) {
	for _, m := range matrixReference.FindAllStringSubmatch(expression, -1) {
		key := strings.ToLower(cmp.Or(m[1], m[2]))
		all = all || key == ""
		keys[key] = true
	}
	return all
}

func (l *layer) texts() []source.Text {
	var out []source.Text
	if l != nil {
		for _, v := range l.variables {
			out = append(out, v.value)
		}
	}
	return out
}

func (s *step) texts() []source.Text {
	out := []source.Text{s.uses, s.run, s.directory}
	for _, name := range sortedKeys(s.with) {
		out = append(out, s.with[name].value)
	}
	return append(out, s.env.texts()...)
}

// matters reports whether anything in a job may have to do with images. Most jobs
// test something, and are not looked at step by step.
func (j *job) matters() bool {
	if j.container != nil || len(j.services) > 0 {
		return true
	}
	for _, s := range j.steps {
		if works(s.run.String) || containsAny(s.run.String, "qemu-user", defaultPlatform, "./", "hack/", "script/", "scripts/", "bin/", "ci/", "build/", "tools/") {
			return true
		}
		uses := strings.ToLower(s.uses.String)
		if uses != "" && containsAny(uses, "./", "docker", "image", "container", "build", "kaniko", "podman", "depot", "retry", "qemu", "binfmt", "/.github/workflows/") {
			return true
		}
		if s.env != nil && s.env.find(strings.ToLower(defaultPlatform)) != nil {
			return true
		}
	}
	return false
}

// job produces the facts of a job.
func (r *reader) job(j *job) {
	if !j.matters() {
		if len(j.env) > 0 {
			r.pinEnv(&scope{reader: r, row: row{open: true}, env: j.env[:len(j.env)-1]}, j.env[len(j.env)-1])
		}
		return
	}
	keys := map[string]bool{}
	all := keysOf(keys, append(slices.Clone(j.runsOn), j.directory)...)
	for _, l := range j.env {
		all = keysOf(keys, l.texts()...) || all
	}
	for _, s := range j.steps {
		all = keysOf(keys, s.texts()...) || r.readsMatrix(s) || all
		all = keysIn(keys, s.condition.String) || all
	}
	for _, c := range j.containers() {
		all = keysOf(keys, c.image) || all
	}
	base := &scope{reader: r, row: row{open: true}, env: j.env[:max(0, len(j.env)-1)]}
	if len(j.env) > 0 {
		r.pinEnv(base, j.env[len(j.env)-1])
	}
	w := &walk{reader: r, job: j, index: map[string]*combined{}}
	rows := project(j.rows, keys, all)
	if len(rows)*len(j.steps) > maxVisits && len(rows) > 1 {
		r.problem(j.at, "the combinations of the matrix times the steps are more than "+itoa(maxVisits)+"; the values of the matrix are taken as unknown")
		rows = []row{{open: true}}
	}
	for _, row := range rows {
		w.row(row)
	}
	w.finish()
	if r.shared.exceeded && r.called == nil && !r.said {
		r.said = true
		r.problem(j.at, "the scripts of this file, and what it calls, are too many or too long; from here on they were not read")
	}
}

func (j *job) containers() []*container {
	if j.container == nil {
		return j.services
	}
	return append([]*container{j.container}, j.services...)
}

// pinEnv reports DOCKER_DEFAULT_PLATFORM in an env: section.
func (r *reader) pinEnv(s *scope, l *layer) {
	for _, v := range l.variables {
		if v.name != defaultPlatform || v.value.String == "" {
			continue
		}
		for _, value := range s.texts(v.value) {
			if value.Known() && !value.Empty() {
				r.pin(&facts.Pin{Value: value, Span: v.value.All(), What: defaultPlatform, Setting: defaultPlatform})
			}
		}
	}
}

// pin adds a pin that is not there yet.
func (r *reader) pin(p *facts.Pin) {
	for _, q := range r.doc.Pins {
		if q.Span == p.Span && q.Setting == p.Setting && q.Value.String() == p.Value.String() {
			return
		}
	}
	r.doc.Pins = append(r.doc.Pins, p)
}

// runnerPlatforms are the platforms of the machines, as images need them: empty,
// not nil, when none is known.
func runnerPlatforms(machines []machine) arch.Set {
	set := arch.Set{}
	for _, m := range machines {
		if m.arch != "" && m.os == "linux" {
			set = set.Add(arch.Platform{OS: "linux", Architecture: m.arch})
		}
	}
	return set
}

// local returns a path of the repository: relative to its root, with no way out
// of it. It is "" for anything else; the root is ".".
func local(parts ...string) string {
	for _, p := range parts {
		if strings.ContainsAny(p, "\x00\n") || strings.HasPrefix(p, "/") || strings.HasPrefix(p, "~") {
			return ""
		}
	}
	p := path.Join(parts...)
	if p == "" {
		return "."
	}
	if p == ".." || strings.HasPrefix(p, "../") {
		return ""
	}
	return p
}

func itoa(i int) string { return strconv.Itoa(i) }

func atoi(s string) (int, bool) {
	i, err := strconv.Atoi(s)
	return i, err == nil && i >= 0
}
