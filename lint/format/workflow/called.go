package workflow

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// A job may leave its work to an action or to a reusable workflow of the same
// repository. These are gone into with what the caller gives them, so that a list
// of platforms counts as what it is there, and the QEMU that an action sets up is
// there for the steps behind it. What is built belongs to the file of the caller.

// The limits: calls for one file, and how deep they nest. GitHub's own limit is ten
// levels of either kind.
const (
	maxCalls   = 500
	maxNesting = 10
)

// call is a call of another file.
type call struct {
	given map[string][]val
	from  source.Span // of the uses: in the file that is read
	file  string      // what is called
	outer *call
	depth int
}

// input returns what an input is in this call.
func (c *call) input(name string, in declared) []val {
	values, ok := c.given[name]
	switch {
	case ok:
	case in.dynamic:
		return []val{unknownVal()}
	case in.fallback.File == nil:
		return []val{{kind: null}}
	default:
		values = []val{textVal(facts.Of(in.fallback))}
	}
	out := make([]val, 0, len(values))
	for _, v := range values {
		out = append(out, v.as(in.kind))
	}
	return out
}

// as converts a value to the declared type of an input.
func (v val) as(want kind) val {
	s := strings.TrimSpace(v.text.String())
	switch {
	case !v.scalar() || v.kind == null:
	case want == boolean && v.text.Known() && (s == "true" || s == "false"), want == number && v.text.Known(), want == text:
		v.kind = want
	}
	return v
}

// enter returns the call of a file from a step, nil if it leads too far.
func (r *reader) enter(s *scope, st *step, file string) *call {
	c := &call{given: map[string][]val{}, from: st.uses.All(), file: file, outer: r.called}
	for outer := r.called; outer != nil; outer = outer.outer {
		if outer.file == file {
			return nil
		}
		c.from, c.depth = outer.from, c.depth+1
	}
	if r.shared.calls--; r.shared.calls < 0 || c.depth >= maxNesting {
		r.shared.exceeded = true
		return nil
	}
	for name, in := range st.with {
		c.given[name] = s.values(in.value)
	}
	return c
}

// within goes into an action or a reusable workflow of the repository.
func (w *walk) within(s *scope, st *step) {
	file := w.inRepository(local(strings.TrimSpace(st.uses.String)))
	done := false
	if extension := file[strings.LastIndexByte(file, '.')+1:]; extension == "yml" || extension == "yaml" {
		done = w.reusable(s, st, file)
	} else {
		done = w.composite(s, st, file)
	}
	if !done {
		// What is not seen may set up what others need.
		w.now.emulation, w.now.builder = true, true
	}
}

// composite is an action of the repository.
type composite struct {
	*reader
	steps   []*step
	outputs map[string]source.Text
}

// openAction reads an action, nil if there is none.
func (r *reader) openAction(directory string) *composite {
	if c, ok := r.shared.actions[directory]; ok {
		return c
	}
	r.shared.actions[directory] = nil
	for _, name := range []string{"action.yml", "action.yaml"} {
		f := r.openBounded(local(directory, name))
		if f == nil {
			continue
		}
		of := r.other(f)
		var root yaml.Node
		if !of.aliasesBounded() || yaml.Unmarshal(f.Data, &root) != nil || len(root.Content) == 0 {
			return nil
		}
		c := &composite{reader: of, outputs: map[string]source.Text{}}
		top := entries(root.Content[0])
		for name, in := range entries(top["inputs"].value) {
			of.inputs[name] = of.actionInput(in.value)
		}
		for name, out := range entries(top["outputs"].value) {
			if value := entries(out.value)["value"].value; isText(value) {
				c.outputs[name] = of.node(value)
			}
		}
		c.steps = of.actionSteps(entries(top["runs"].value)["steps"].value)
		r.shared.actions[directory] = c
		return c
	}
	return nil
}

// open reads a file of the repository, nil if it cannot.
func (r *reader) open(path string) *source.File {
	if r.options.Files == nil || path == "" {
		return nil
	}
	data, err := r.options.Files.ReadFile(path)
	if err != nil {
		return nil
	}
	return source.New(path, data)
}

// openBounded reads an action or a workflow, nil if it cannot or has read too many.
func (r *reader) openBounded(path string) *source.File {
	if r.shared.opened <= 0 {
		r.shared.exceeded = true
		return nil
	}
	f := r.open(path)
	if f == nil {
		return nil
	}
	if r.shared.opened -= len(f.Data); r.shared.opened < 0 {
		r.shared.exceeded = true
		return nil
	}
	return f
}

// other returns a reader for another file. What it says of that file itself is
// dropped.
func (r *reader) other(f *source.File) *reader {
	return &reader{
		file: f, options: r.options, doc: &facts.Document{File: f}, parsed: map[string]actionlint.ExprNode{},
		inputs: map[string]declared{}, events: r.events, shared: r.shared,
	}
}

func (w *walk) composite(s *scope, st *step, directory string) bool {
	if directory == "" {
		return false
	}
	c := w.openAction(directory)
	if c == nil || len(c.steps) == 0 { // a program, of which nothing is known
		return false
	}
	called := w.enter(s, st, directory)
	if called == nil {
		return false
	}
	of := *c.reader
	of.called, of.events = called, w.events
	before, silent := w.reader, w.silent
	w.reader, w.silent = &of, true
	inner := &scope{reader: &of, row: s.row, env: s.env, steps: map[string]*step{}, machine: s.machine, depth: s.depth}
	w.steps(inner, c.steps)
	st.outputs = map[string][]val{}
	for name, value := range c.outputs {
		st.outputs[name] = inner.values(value)
	}
	w.reader, w.silent = before, silent
	return true
}

// readsMatrix reports whether a step uses an action of the repository that depends
// on the matrix of the job.
func (r *reader) readsMatrix(st *step) bool {
	if !strings.HasPrefix(st.uses.String, "./") {
		return false
	}
	c := r.openAction(local(strings.TrimSpace(st.uses.String)))
	return c != nil && strings.Contains(string(c.file.Data), "matrix")
}

// callable is a reusable workflow of the repository.
type callable struct {
	file     *source.File
	workflow *actionlint.Workflow
}

func (r *reader) openWorkflow(file string) *callable {
	if c, ok := r.shared.workflows[file]; ok {
		return c
	}
	var c *callable
	if f := r.openBounded(file); f != nil && r.other(f).aliasesBounded() {
		if parsed, _ := actionlint.Parse(f.Data); parsed != nil {
			c = &callable{file: f, workflow: parsed}
		}
	}
	r.shared.workflows[file] = c
	return c
}

// reusable adds what a reusable workflow builds when it is called from a job.
func (w *walk) reusable(s *scope, st *step, file string) bool {
	c := w.openWorkflow(file)
	if c == nil {
		return false
	}
	called := w.enter(s, st, file)
	if called == nil {
		return false
	}
	of := w.other(c.file)
	of.called = called
	of.workflow(c.workflow)
	for _, b := range of.doc.Builds {
		b.Caller = called.from
		b.Matrix = b.Matrix || w.job.matrix
		rec := &record{build: *b, platforms: b.Platforms}
		for _, a := range b.Runner {
			rec.machines = append(rec.machines, machine{os: "linux", arch: a})
		}
		if len(b.Runner) == 0 {
			rec.machines = []machine{{}}
		}
		if len(w.now.records) < maxRecords {
			w.now.records = append(w.now.records, rec)
		}
	}
	for _, m := range of.doc.Merges {
		w.merge(m)
	}
	return true
}

var (
	// platformInput finds the inputs of foreign actions and workflows that take the
	// platforms of an image.
	platformInput = regexp.MustCompile(`^(?:(?:docker|image|build|target|container|oci)[-_]?)?platforms?$`)
	// ofImages finds the actions that have to do with images, and setsUp those of
	// them that prepare others.
	ofImages = []string{"docker", "container", "image", "buildx", "kaniko", "podman", "buildah"}
	setsUp   = []string{"qemu", "binfmt", "buildx", "setup-docker", "docker-setup", "setup-container"}
)

// foreign reads a step that uses an action, or a job that calls a workflow, of
// another repository: no more is known of it than the names of its inputs.
func (w *walk) foreign(s *scope, st *step, name string) {
	if containsAny(name, setsUp...) {
		w.now.emulation, w.now.builder = true, true
		return
	}
	workflow := strings.Contains(name, "/.github/workflows/")
	if !workflow && !containsAny(name, ofImages...) || strings.HasPrefix(name, "docker/") {
		return
	}
	for _, input := range sortedKeys(st.with) {
		in := st.with[input]
		if !platformInput.MatchString(input) || !strings.Contains(in.value.String, "/") && !strings.Contains(in.value.String, "${{") {
			continue
		}
		platforms := s.platforms(in.value)
		if platforms.State != facts.PlatformsKnown {
			continue
		}
		out := facts.Build{Span: in.value.All(), Tool: in.key.Text(), OpaqueArgs: true, Inferred: true, Emulation: true, Builder: true}
		for _, switched := range []string{"push", "publish", "push-image", "push_image"} {
			if in, ok := st.with[switched]; ok && s.decide(in.value) == facts.No {
				out.Push = facts.No
			}
		}
		w.record(out, platforms, false)
	}
}
