package workflow

import (
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// walk goes through the steps of a job, row by row, and joins what the rows say.
type walk struct {
	*reader
	job    *job
	images []*facts.ImageUse
	builds []*combined
	index  map[string]*combined // the same, by key
	merges []*facts.Merge
	now    *pass
	// silent is true within an action of the repository: what it says of images by
	// itself is reported where it is read for itself.
	silent bool
}

// pass is the way through the steps for one row.
type pass struct {
	scope     *scope
	machines  []machine
	emulation bool
	builder   bool
	indexes   bool // the engine's store holds the images of several platforms
	records   []*record
	pushes    []push
	// strangers are the names of local images that are, or may be, no result of a
	// build of this job: they were pulled. loaded is true if there may be more.
	strangers []facts.Value
	loaded    bool
	checkouts []checkout
	written   *layer // what scripts have written to GITHUB_ENV
	// from is the command of the step that runs make or a script, whose commands are
	// gone through; nesting is how many lie in each other.
	from    source.Span
	nesting int
	step    *step
}

// The limits of what is kept of the steps for one row: builds, and pushes of
// their results.
const (
	maxRecords = 2000
	maxPushes  = 500
)

// record is a build in one row.
type record struct {
	build     facts.Build
	platforms facts.Platforms
	// pushable is true if a push command later in the job may publish it.
	pushable bool
	machines []machine
}

// push is a command or action that pushes an image of the local store.
type push struct {
	image facts.Value
	after int // the number of records before it
	// span and tool are those of a command, from which a build can be inferred.
	span source.Span
	tool string
}

// checkout is where a repository is checked out.
type checkout struct {
	path    string
	foreign bool // another repository
	unknown bool
}

// combined is a build over all rows of the matrix.
type combined struct {
	records []*record
}

func (w *walk) row(r row) {
	s := &scope{reader: w.reader, row: r, env: w.job.env, steps: map[string]*step{}}
	p := &pass{scope: s, machines: s.machines(w.job), written: &layer{}}
	s.env = append(s.env[:len(s.env):len(s.env)], p.written)
	if len(p.machines) == 1 {
		s.machine = p.machines[0]
	}
	w.now = p
	for _, c := range w.job.containers() {
		w.image(c.role, c.name, c.image, s.texts(c.image))
	}
	w.steps(s, w.job.steps)
	w.published()
	w.infer()
	for _, rec := range p.records {
		w.join(rec)
	}
}

// steps goes through the steps of a job, or of an action that a job uses.
func (w *walk) steps(s *scope, steps []*step) {
	for _, st := range steps {
		if w.called != nil {
			if w.shared.visits--; w.shared.visits < 0 {
				w.shared.exceeded = true
				return
			}
		}
		st.outputs = nil
		w.now.indexes = w.now.indexes || st.storesIndexes()
		w.now.step = st
		inner := *s
		if st.env != nil && len(st.env.variables) > 0 {
			w.pinEnv(s, st.env)
			inner.env = append(s.env[:len(s.env):len(s.env)], st.env)
		}
		switch {
		case inner.never(st.condition):
		case st.uses.String != "":
			w.action(&inner, st)
		case st.run.String != "":
			w.script(&inner, st)
		}
		if st.id != "" {
			s.steps[st.id] = st
		}
	}
}

// image adds a use of an image on the machines of the row.
func (w *walk) image(role facts.Role, name string, written source.Text, values []facts.Value) *facts.ImageUse {
	return w.imageAt(role, name, written.All(), values, runnerPlatforms(w.now.machines))
}

// imageAt adds a use of an image that must be there for the platforms. Uses at
// the same place for the same platforms are joined; a matrix that runs each
// platform's image on a machine of its own makes several.
func (w *walk) imageAt(role facts.Role, name string, span source.Span, values []facts.Value, platforms arch.Set) *facts.ImageUse {
	var use *facts.ImageUse
	for _, u := range w.images {
		if u.Span == span && u.Role == role && u.Platforms.String() == platforms.String() {
			use = u
		}
	}
	if use == nil {
		use = &facts.ImageUse{Role: role, Name: name, Span: span, Platforms: platforms}
		if !w.silent {
			w.images = append(w.images, use)
		}
	}
	for _, v := range values {
		if v = trim(v); v.Known() && !v.Empty() {
			use.References = distinctTexts(append(use.References, v))
		}
	}
	return use
}

// pin reports a pin, unless what is read is reported elsewhere.
func (w *walk) pin(p *facts.Pin) {
	if !w.silent {
		w.reader.pin(p)
	}
}

// record adds a build of the row.
func (w *walk) record(b facts.Build, platforms facts.Platforms, pushable bool) *record {
	b.Job = w.job.id
	b.Matrix = w.job.matrix
	b.Emulation = b.Emulation || w.now.emulation
	b.Builder = b.Builder || w.now.builder
	b.IndexStore = w.now.indexes
	b.ByCommit = w.byCommit()
	if st := w.now.step; w.called == nil && st != nil {
		b.Step = st.at
	}
	if w.called != nil {
		b.Caller = w.called.from
	}
	if from := w.now.from; !from.IsZero() {
		b.Script, b.Span = b.Span, from
		if platforms.Span.File != from.File {
			platforms.Span = source.Span{}
		}
	}
	rec := &record{build: b, platforms: platforms, pushable: pushable, machines: w.now.machines}
	if windows := len(rec.machines) > 0; platforms.State == facts.PlatformsAbsent {
		for _, m := range rec.machines {
			windows = windows && m.os == "windows"
		}
		if windows { // an engine on Windows makes images for Windows
			rec.platforms.State = facts.PlatformsKnown
			rec.platforms.Set = arch.Set{{OS: "windows", Architecture: "amd64"}}
		}
	}
	if len(w.now.records) < maxRecords {
		w.now.records = append(w.now.records, rec)
	}
	return rec
}

// pushed notes that an image of the local store is pushed.
func (w *walk) pushed(p push) {
	if from := w.now.from; !from.IsZero() && !p.span.IsZero() {
		p.span = from
	}
	if len(w.now.pushes) < maxPushes {
		p.after = len(w.now.records)
		w.now.pushes = append(w.now.pushes, p)
	}
}

// stranger notes names of images of the local store that were built elsewhere.
func (w *walk) stranger(names []facts.Value) {
	if len(w.now.strangers) < maxPushes {
		w.now.strangers = append(w.now.strangers, names...)
	}
}

// published marks the local builds that a later push publishes.
func (w *walk) published() {
	for i, rec := range w.now.records {
		if !rec.pushable || rec.build.Push == facts.Yes {
			continue
		}
		for _, p := range w.now.pushes {
			if p.after <= i {
				continue
			}
			switch mayBeOneOf(p.image, rec.build.Tags) {
			case facts.Yes:
				rec.build.Push = facts.Yes
			case facts.Unknown:
				if rec.build.Push == facts.No {
					rec.build.Push = facts.Unknown
				}
			}
		}
	}
}

// infer adds a build for each image that is pushed and that nothing visible has
// made: make, a script or a program of another kind has built it on this machine.
func (w *walk) infer() {
	if w.now.loaded || w.now.indexes {
		return
	}
	built := w.now.records
	for _, p := range w.now.pushes {
		if p.span.IsZero() || onThisMachine(p.image) || mayBeOneOf(p.image, w.now.strangers) != facts.No {
			continue
		}
		seen := false
		for _, rec := range built[:min(p.after, len(built))] {
			// A bake file gives names that are not seen here.
			nameless := len(rec.build.Tags) == 0 && rec.platforms.State == facts.PlatformsUnknown
			seen = seen || nameless || mayBeOneOf(p.image, rec.build.Tags) != facts.No
		}
		if seen {
			continue
		}
		platforms := facts.Platforms{}
		if w.job.namesArchitectures() {
			platforms = facts.Platforms{State: facts.PlatformsUnknown, Reason: "the matrix has several architectures"}
		}
		w.record(facts.Build{Span: p.span, Tool: p.tool, Tags: []facts.Value{p.image}, Push: facts.Yes, OpaqueArgs: true, Inferred: true}, platforms, false)
	}
}

// storesIndexes reports whether a step gives the engine the store of containerd,
// which holds, and pushes, the images of several platforms.
func (s *step) storesIndexes() bool {
	const store = "containerd-snapshotter"
	found := strings.Contains(s.uses.String, store) || strings.Contains(s.run.String, store) || strings.Contains(s.directory.String, store)
	for _, in := range s.with {
		found = found || strings.Contains(in.value.String, store)
	}
	if s.env != nil {
		for _, v := range s.env.variables {
			found = found || strings.Contains(v.value.String, store)
		}
	}
	return found
}

// onThisMachine reports whether an image is in a registry that ends with the job.
func onThisMachine(image facts.Value) bool {
	host, _, _ := strings.Cut(image.String(), "/")
	host, _, _ = strings.Cut(host, ":")
	return host == "localhost" || host == "127.0.0.1"
}

// namesArchitectures reports whether the matrix has a value for each of several
// architectures.
func (j *job) namesArchitectures() bool {
	first := ""
	for _, r := range j.rows {
		for _, v := range r.values {
			if v.kind != text {
				continue
			}
			for _, word := range arch.Words(v.text.String()) {
				if first != "" && word.Architecture != first {
					return true
				}
				first = word.Architecture
			}
		}
	}
	return false
}

// mayBeOneOf reports whether an image is of the same repository as one of the
// tags; Unknown if the part that decides is not known.
func mayBeOneOf(image facts.Value, tags []facts.Value) facts.Known {
	result := facts.No
	name := repository(image.String())
	for _, tag := range tags {
		other := repository(tag.String())
		switch {
		case name == other && otherTag(image.String(), tag.String()):
		case name == other:
			return facts.Yes
		case mayBeSame(name, other):
			result = facts.Unknown
		}
	}
	return result
}

// otherTag reports whether two references of one repository certainly have
// different tags. One that is pushed without a tag may be pushed with all.
func otherTag(pushed, built string) bool {
	tag := func(reference string) string {
		_, tag, _ := strings.Cut(reference[strings.LastIndexByte(reference, '/')+1:], ":")
		return tag
	}
	a, b := tag(pushed), tag(built)
	if b == "" {
		b = "latest"
	}
	return a != "" && a != b && !strings.ContainsAny(pushed+built, facts.Hole+"@")
}

// mayBeSame reports whether two texts with holes can be the same, by what they
// begin and end with.
func mayBeSame(a, b string) bool {
	if !strings.Contains(a, facts.Hole) {
		a, b = b, a
	}
	first, last := strings.Index(a, facts.Hole), strings.LastIndex(a, facts.Hole)
	if first < 0 {
		return a == b
	}
	head, tail := b, b
	if i := strings.Index(b, facts.Hole); i >= 0 {
		head, tail = b[:i], b[strings.LastIndex(b, facts.Hole)+1:]
	} else if len(b) < first+len(a)-last-1 {
		return false
	}
	n, m := min(len(head), first), min(len(tail), len(a)-last-1)
	return head[:n] == a[:n] && tail[len(tail)-m:] == a[len(a)-m:]
}

// repository returns a reference without tag and digest.
func repository(reference string) string {
	if i := strings.IndexByte(reference, '@'); i >= 0 {
		reference = reference[:i]
	}
	if i := strings.LastIndexByte(reference, ':'); i > strings.LastIndexByte(reference, '/') {
		reference = reference[:i]
	}
	reference = strings.TrimPrefix(reference, "docker.io/")
	return strings.TrimPrefix(reference, "index.docker.io/")
}

// join puts the record to the others of the same build.
func (w *walk) join(rec *record) {
	b := &rec.build
	key := strings.Join([]string{b.Script.Text(), b.Span.File.Path, itoa(b.Span.Start), itoa(b.Caller.Start), b.Tool, b.Context, b.Dockerfile, b.Target}, facts.Hole)
	j, ok := w.index[key]
	if !ok {
		j = &combined{}
		w.index[key] = j
		w.builds = append(w.builds, j)
	}
	j.records = append(j.records, rec)
}

// finish adds what the rows said to the document.
func (w *walk) finish() {
	for _, j := range w.builds {
		w.doc.Builds = append(w.doc.Builds, j.build())
	}
	for _, use := range w.images {
		if use.Role == facts.RoleRun {
			use.Builds = w.builtHere(use)
			if w.oneForEach(use.Span) {
				use.Platforms = arch.Set{}
			}
		}
	}
	w.doc.Images = append(w.doc.Images, w.images...)
	w.doc.Merges = append(w.doc.Merges, w.merges...)
}

// oneForEach reports whether what is run at a place is named after several
// architectures, one on each row of the matrix.
func (w *walk) oneForEach(at source.Span) bool {
	first := ""
	for _, use := range w.images {
		if use.Role != facts.RoleRun || use.Span != at {
			continue
		}
		for _, reference := range use.References {
			for _, word := range arch.Words(reference.String()) {
				if first != "" && word.Architecture != first {
					return true
				}
				first = word.Architecture
			}
		}
	}
	return false
}

// builtHere reports whether the image is the result of a build of this job.
func (w *walk) builtHere(use *facts.ImageUse) bool {
	for _, j := range w.builds {
		for _, rec := range j.records {
			for _, tag := range rec.build.Tags {
				for _, reference := range use.References {
					if repository(tag.String()) == repository(reference.String()) {
						return true
					}
				}
			}
		}
	}
	return false
}

// build joins the records of all rows.
func (j *combined) build() *facts.Build {
	out := j.records[0].build
	out.Args = nil
	out.Tags = nil
	out.Load = true
	out.Emulation, out.Builder, out.IndexStore = true, true, true
	runner, known := []string{}, true
	published := facts.No
	for i, rec := range j.records {
		b := &rec.build
		out.Tags = append(out.Tags, b.Tags...)
		out.OpaqueArgs = out.OpaqueArgs || b.OpaqueArgs
		out.Load = out.Load && b.Load
		out.Digest = out.Digest || b.Digest
		out.Emulation = out.Emulation && b.Emulation
		out.Builder = out.Builder && b.Builder
		out.IndexStore = out.IndexStore && b.IndexStore
		out.Inferred = out.Inferred && b.Inferred
		out.Passing = out.Passing && b.Passing
		switch {
		case i == 0:
			published = b.Push
		case published != b.Push:
			published = facts.Unknown
		}
		for _, m := range rec.machines {
			switch {
			case m.arch == "" || m.os == "darwin":
				known = false
			case !slices.Contains(runner, m.arch):
				runner = append(runner, m.arch)
			}
		}
		for _, name := range sortedKeys(b.Args) {
			if out.Args == nil {
				out.Args = map[string][]facts.Value{}
			}
			have, seen := out.Args[name]
			switch {
			case b.Args[name] == nil || seen && have == nil || i > 0 && !seen:
				// Not known, or not set on every row.
				out.Args[name] = nil
			default:
				out.Args[name] = distinctTexts(append(have, b.Args[name]...))
			}
		}
	}
	for name := range out.Args {
		for _, rec := range j.records {
			if _, ok := rec.build.Args[name]; !ok {
				out.Args[name] = nil
			}
		}
	}
	out.Push = published
	out.Tags = distinctTexts(out.Tags)
	if len(out.Tags) > 0 && !slices.ContainsFunc(out.Tags, func(t facts.Value) bool { return !onThisMachine(t) }) {
		out.Push = facts.No // nobody else can pull it
	}
	if out.Runner = nil; known && len(runner) > 0 {
		out.Runner = runner
	}
	out.Platforms = j.platforms()
	return &out
}

// platforms joins the lists of platforms of all rows. Rows without a list build
// for their own machine.
func (j *combined) platforms() facts.Platforms {
	out := j.records[0].platforms
	same := true
	for _, rec := range j.records[1:] {
		p := rec.platforms
		if p.State == facts.PlatformsUnknown && out.State != facts.PlatformsUnknown {
			out = p
		}
		same = same && p.State == j.records[0].platforms.State
	}
	if out.State == facts.PlatformsUnknown || same && out.State != facts.PlatformsKnown || len(j.records) == 1 {
		return out
	}
	out = facts.Platforms{State: facts.PlatformsKnown}
	for _, rec := range j.records {
		p := rec.platforms
		if p.State != facts.PlatformsKnown {
			p.Set = runnerPlatforms(rec.machines)
			if len(p.Set) == 0 {
				return facts.Platforms{State: facts.PlatformsUnknown, Span: out.Span, Reason: "some rows of the matrix have no list, and their runner is not known"}
			}
		}
		if out.Span.IsZero() {
			out.Span, out.Reason = p.Span, p.Reason
		}
		out.Each = append(out.Each, p.Set)
		out.Rows = append(out.Rows, p.Origin)
		for _, platform := range p.Set {
			out.Set = out.Set.Add(platform)
		}
	}
	return out
}
