package workflow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// builder says which inputs of an action that builds images mean what. Of
// several names the first one that is given counts.
type builder struct {
	context, file, target, args, tags []string
	// name is the input with the image's name, when tags holds tags only.
	name      []string
	platforms []string
	// wrong are inputs that do nothing but are taken for platforms.
	wrong []string
	// since is the first major version that has the platforms input.
	since int
	push  []string
	// always is what happens when there is no push input.
	always facts.Known
	// veto is an input that prevents the push when it is true.
	veto string
	// hosted builders bring a native machine for each platform.
	hosted bool
	// buildah builds several platforms without a builder of its own, and leaves
	// the push to another step.
	buildah bool
}

var buildPush = builder{
	context: []string{"context"}, file: []string{"file"}, target: []string{"target"}, args: []string{"build-args"}, tags: []string{"tags"},
	platforms: []string{"platforms"}, wrong: []string{"platform"}, push: []string{"push"}, always: facts.No,
}

// builders are the actions that build one image, by lower case name. Each row
// follows the action's own action.yml.
var builders = map[string]builder{
	"docker/build-push-action": buildPush,
	"depot/build-push-action": {
		context: buildPush.context, file: buildPush.file, target: buildPush.target, args: buildPush.args, tags: buildPush.tags,
		platforms: buildPush.platforms, wrong: buildPush.wrong, push: buildPush.push, always: facts.No, hosted: true,
	},
	"useblacksmith/build-push-action": buildPush,
	"elgohr/publish-docker-github-action": {
		context: []string{"context", "workdir"}, file: []string{"dockerfile"}, args: []string{"buildargs"}, name: []string{"name"},
		platforms: []string{"platforms"}, wrong: []string{"platform"}, since: 5, always: facts.Yes, veto: "no_push",
	},
	"redhat-actions/buildah-build": {
		context: []string{"context", "workdir"}, file: []string{"containerfiles", "dockerfiles"}, args: []string{"build-args"},
		name: []string{"image"}, tags: []string{"tags"}, platforms: []string{"platforms", "platform", "archs", "arch"}, always: facts.No, buildah: true,
	},
	"mr-smithers-excellent/docker-build-push": {
		context: []string{"directory"}, file: []string{"dockerfile"}, target: []string{"target"}, args: []string{"buildargs"}, name: []string{"image"},
		platforms: []string{"platform"}, wrong: []string{"platforms"}, push: []string{"pushimage"}, always: facts.Yes,
	},
	"whoan/docker-build-with-cache-action": {
		context: []string{"context"}, file: []string{"dockerfile"}, name: []string{"image_name"}, push: []string{"push_image_and_stages"}, always: facts.Yes,
		wrong: []string{"platforms", "platform"},
	},
	"jerray/publish-docker-action": {
		context: []string{"path"}, file: []string{"file"}, target: []string{"target"}, args: []string{"build_args"}, name: []string{"repository"}, always: facts.Yes,
		wrong: []string{"platforms", "platform"},
	},
	"aevea/action-kaniko": {
		context: []string{"path"}, file: []string{"build_file"}, target: []string{"target"}, name: []string{"image"}, always: facts.Yes,
		wrong: []string{"platforms", "platform"},
	},
}

// buildPushV1 is docker/build-push-action@v1: no buildx, another set of inputs.
var buildPushV1 = builder{
	context: []string{"path"}, file: []string{"dockerfile"}, target: []string{"target"}, args: []string{"build_args"}, name: []string{"repository"},
	wrong: []string{"platforms", "platform"}, push: []string{"push"}, always: facts.Yes,
}

var (
	majorVersion = regexp.MustCompile(`^v?(\d+)(?:\.[\w.-]*)?$`)
	pinned       = regexp.MustCompile(`(?m)^[\s-]*uses:\s*['"]?[\w./-]+@[0-9a-fA-F]{40}\b`)
	noted        = regexp.MustCompile(`#.*?\b(v?\d+(?:\.\d+)*)\b`)
)

// byCommit reports whether a step of the file names an action by its commit.
func (r *reader) byCommit() bool {
	if r.commits == facts.Unknown {
		r.commits = known(pinned.Match(r.file.Data))
	}
	return r.commits == facts.Yes
}

// actionName takes a `uses:` value apart: the lower case name, the name and
// version as said in messages, the major version (0 if unknown). Where the
// version is a commit, the comment behind it tells, as bots write it.
func (r *reader) actionName(uses source.Text) (name, tool string, major int) {
	written, version, _ := strings.Cut(strings.TrimSpace(uses.String), "@")
	if len(version) == 40 && strings.Trim(version, "0123456789abcdefABCDEF") == "" { // a commit
		version = ""
		span := uses.All()
		line := r.file.LineAt(span.Start)
		_, end := r.file.LineRange(line)
		if m := noted.FindStringSubmatch(string(r.file.Data[min(span.End, end):end])); m != nil {
			version = m[1]
		}
	}
	tool = written
	if version != "" {
		tool += "@" + version
	}
	if m := majorVersion.FindStringSubmatch(version); m != nil {
		major, _ = atoi(m[1])
	}
	return strings.ToLower(written), tool, major
}

// action produces the facts of a step that uses an action.
func (w *walk) action(s *scope, st *step) {
	if reference, ok := strings.CutPrefix(st.uses.String, "docker://"); ok {
		at := len(st.uses.String) - len(reference)
		image := st.uses.Slice(at, len(st.uses.String))
		w.image(facts.RoleAction, "docker action", image, s.texts(image))
		if isBinfmt(reference) {
			w.now.emulation = true
		}
		return
	}
	name, tool, major := w.actionName(st.uses)
	if b, ok := builders[name]; ok {
		if name == "docker/build-push-action" && major == 1 {
			b = buildPushV1
		}
		w.builderAction(s, st, b, name, tool, major)
		return
	}
	switch {
	case name == "docker/setup-qemu-action":
		if w.coversARM(s, st) {
			w.now.emulation = true
		}
	case name == "docker/setup-buildx-action":
		if driver, ok := certain(s.values(st.with["driver"].value)); !ok || driver.text.String() != "docker" {
			w.now.builder = true
		}
	case name == "crazy-max/ghaction-docker-buildx":
		w.now.builder, w.now.emulation = true, true
	case name == "depot/setup-action", name == "useblacksmith/setup-docker-builder":
		w.now.builder = true
	case name == "docker/bake-action":
		w.bakeAction(s, st, tool)
	case strings.HasPrefix(name, "docker/github-builder"):
		w.githubBuilder(s, st, name, tool)
	case name == "redhat-actions/push-to-registry":
		image := facts.Unknowable()
		if in, ok := st.with["image"]; ok {
			image = s.one(in.value)
		}
		w.pushed(push{image: image})
	case name == "int128/docker-manifest-create-action":
		w.mergeAction(s, st, tool, []string{"tags"}, "sources")
	case name == "noelware/docker-manifest-action":
		w.mergeAction(s, st, tool, []string{"tags", "inputs", "base-image"}, "images")
	case name == "actions/checkout":
		w.checkout(s, st)
	case retries[name]:
		w.retried(s, st)
	case strings.HasPrefix(name, "./"):
		w.within(s, st)
	default:
		w.foreign(s, st, name)
	}
}

// retries are actions that run a script again until it succeeds.
var retries = map[string]bool{"nick-fields/retry": true, "nick-invision/retry": true, "wandalen/wretry.action": true}

// retried reads the script that is in an input of an action.
func (w *walk) retried(s *scope, st *step) {
	in, ok := st.with["command"]
	if !ok {
		return
	}
	script := *st
	script.run, script.directory = in.value, st.with["current_path"].value
	if script.shell = st.with["shell"].value.String; script.shell == "" {
		script.shell = "bash"
	}
	w.script(s, &script)
	st.outputs = script.outputs
}

// coversARM reports whether setup-qemu-action installs more than amd64.
func (w *walk) coversARM(s *scope, st *step) bool {
	in, ok := st.with["platforms"]
	if !ok {
		return true
	}
	v := s.one(in.value)
	if !v.Known() || strings.EqualFold(v.String(), "all") {
		return true
	}
	for _, word := range split(v, ", \n") {
		if a := labelArchitecture(word.String()); a != "amd64" && a != "386" {
			return true
		}
	}
	return false
}

// first returns the first of the inputs that is given.
func (st *step) first(names []string) (input, bool) {
	for _, name := range names {
		if in, ok := st.with[name]; ok && in.value.String != "" {
			return in, true
		}
	}
	return input{}, false
}

func (s *scope) firstOne(st *step, names []string) facts.Value {
	in, ok := st.first(names)
	if !ok {
		return facts.Value{}
	}
	return s.one(in.value)
}

func (w *walk) builderAction(s *scope, st *step, b builder, name, tool string, major int) {
	out := facts.Build{Span: st.uses.All(), Tool: tool}
	if b.hosted {
		out.Emulation, out.Builder = true, true
	}
	out.Builder = out.Builder || b.buildah

	context := s.firstOne(st, b.context)
	file := s.firstOne(st, b.file)
	out.Context, out.Dockerfile = w.paths(context, file)
	if target := s.firstOne(st, b.target); target.Known() {
		out.Target = target.String()
	}
	if in, ok := st.first(b.args); ok {
		w.arguments(s, &out, in.value)
	}
	out.Tags = w.tags(s, st, b)
	if in, ok := st.first(b.tags); ok {
		out.Passing = namedAfterRun(in.value.String)
	}

	platforms := w.inputPlatforms(s, st, b, major)

	out.Push = b.always
	if in, ok := st.first(b.push); ok {
		out.Push = s.decide(in.value)
	}
	if in, ok := st.with[b.veto]; ok && b.veto != "" {
		switch s.decide(in.value) {
		case facts.Yes:
			out.Push = facts.No
		case facts.Unknown:
			out.Push = facts.Unknown
		}
	}
	if in, ok := st.with["outputs"]; ok && len(b.push) == 1 && b.push[0] == "push" {
		w.outputs(&out, s.texts(in.value))
	}
	if in, ok := st.with["load"]; ok {
		out.Load = s.decide(in.value) == facts.Yes
	}
	if len(b.platforms) > 0 && (b.since == 0 || major >= b.since) {
		out.Takes = b.platforms[0]
	}
	out.Inputs = st.inputs()
	w.record(out, platforms, b.buildah || out.Load)
}

// inputs returns what the step gives its action, in the order of the file.
func (st *step) inputs() []facts.Input {
	var out []facts.Input
	for _, in := range st.with {
		if !in.key.IsZero() {
			out = append(out, facts.Input{Key: in.key, Value: in.value.All()})
		}
	}
	slices.SortFunc(out, func(a, b facts.Input) int { return a.Key.Compare(b.Key) })
	return out
}

// decide reads a boolean input the way the actions toolkit does.
func (s *scope) decide(t source.Text) facts.Known {
	result, first := facts.Unknown, true
	for _, v := range s.values(t) {
		k := v.truth()
		if v.kind == text {
			switch strings.ToLower(strings.TrimSpace(v.text.String())) {
			case "false":
				k = facts.No
			case "true":
				k = facts.Yes
			default:
				if !v.text.Known() {
					k = facts.Unknown
				}
			}
		}
		if v.kind == falsy {
			k = facts.No
		}
		if first {
			result, first = k, false
		} else if result != k {
			return facts.Unknown
		}
	}
	return result
}

// outputs reads a list of exporters: type=image,push=true.
func (w *walk) outputs(b *facts.Build, values []facts.Value) {
	for _, v := range values {
		for _, line := range split(v, "\n") {
			switch published, digest := exporter(line); published {
			case facts.Yes:
				b.Push = facts.Yes
				b.Digest = b.Digest || digest
			case facts.Unknown:
				if b.Push == facts.No {
					b.Push = facts.Unknown
				}
				b.Digest = b.Digest || digest
			}
		}
	}
}

// exporter reads one exporter of --output: is the result published, and by
// digest only?
func exporter(v facts.Value) (published facts.Known, digest bool) {
	published = facts.No
	if !v.Known() {
		published = facts.Unknown
	}
	for _, field := range split(v, ",") {
		key, value, _ := strings.Cut(strings.Trim(field.String(), `"'`), "=")
		switch key {
		case "type":
			switch value {
			case "registry":
				return facts.Yes, strings.Contains(v.String(), "push-by-digest=true")
			case "docker", "oci", "tar", "local", "cacheonly":
				return facts.No, false
			}
		case "push":
			switch {
			case value == "true":
				published = facts.Yes
			case value == "" || !field.Known():
				published = facts.Unknown
			default:
				published = facts.No
			}
		case "push-by-digest":
			digest = value == "true"
		}
	}
	return published, digest
}

// tags are the names that an action gives its result.
func (w *walk) tags(s *scope, st *step, b builder) []facts.Value {
	var out []facts.Value
	if in, ok := st.first(b.name); ok {
		for _, v := range s.texts(in.value) {
			if len(v.Parts) > 0 {
				out = append(out, split(v, ", \n")...)
			}
		}
		return out
	}
	if in, ok := st.first(b.tags); ok {
		for _, v := range s.texts(in.value) {
			out = append(out, split(v, ",\n")...)
		}
	}
	if in, ok := st.with["outputs"]; ok && len(out) == 0 {
		for _, v := range s.texts(in.value) {
			for _, field := range split(v, ",\n") {
				if key, value, ok := cut(field, '='); ok && key.String() == "name" {
					out = append(out, value)
				}
			}
		}
	}
	return out
}

// ofRun finds what tells one run of a workflow from another.
var ofRun = regexp.MustCompile(`\$\{\{\s*github\.(?:sha|run_id|run_number|run_attempt|event\.pull_request\.head\.sha)\s*\}\}`)

// namedAfterRun reports whether every tag of a list, as it is written, names the
// commit or the run.
func namedAfterRun(list string) bool {
	tags := strings.FieldsFunc(list, func(r rune) bool { return r == '\n' || r == ',' })
	for _, tag := range tags {
		if strings.TrimSpace(tag) != "" && !ofRun.MatchString(tag) {
			return false
		}
	}
	return ofRun.MatchString(list)
}

// output is an output of an earlier step: docker/metadata-action names the
// images, everything else is unknown.
func (s *scope) output(st *step, name string) val {
	action, _, _ := s.actionName(st.uses)
	if action != "docker/metadata-action" && action != "crazy-max/ghaction-docker-meta" || name != "tags" {
		return unknownVal()
	}
	in, ok := st.first([]string{"images"})
	if !ok {
		return unknownVal()
	}
	inner := *s
	inner.depth++
	var out facts.Value
	for _, image := range split(inner.one(in.value), "\n,") {
		image = trim(image)
		if _, value, ok := strings.Cut(image.String(), "name="); ok {
			image = image.Slice(len(image.String())-len(value), len(image.String()))
		} else if strings.Contains(image.String(), "=") {
			continue // enable=…
		}
		if len(out.Parts) > 0 {
			out = out.Add(facts.Text("\n"))
		}
		out = out.Add(image).Add(facts.Text(":")).Add(facts.Unknowable())
	}
	if len(out.Parts) == 0 {
		return unknownVal()
	}
	return textVal(out)
}

// arguments reads build arguments, one NAME=VALUE a line.
func (w *walk) arguments(s *scope, b *facts.Build, t source.Text) {
	values := s.texts(t)
	if len(values) != 1 {
		b.OpaqueArgs = true
		return
	}
	for _, line := range split(values[0], "\n") {
		w.argument(b, unquoted(line))
	}
}

// unquoted takes off the quotes around a whole line: the toolkit reads the input
// as CSV.
func unquoted(line facts.Value) facts.Value {
	s := line.String()
	if n := len(s); n > 1 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return line.Slice(1, n-1)
	}
	return line
}

func (w *walk) argument(b *facts.Build, line facts.Value) {
	if strings.HasPrefix(line.String(), "#") {
		return
	}
	name, value, ok := cut(line, '=')
	if !name.Known() || name.String() == "" {
		b.OpaqueArgs = true
		return
	}
	if b.Args == nil {
		b.Args = map[string][]facts.Value{}
	}
	if !ok || !value.Known() { // NAME alone is taken from the environment
		b.Args[name.String()] = nil
		return
	}
	b.Args[name.String()] = []facts.Value{value}
}

// inputPlatforms reads the list of platforms of an action.
func (w *walk) inputPlatforms(s *scope, st *step, b builder, major int) facts.Platforms {
	in, ok := st.first(b.platforms)
	if !ok {
		if wrong, ok := st.first(b.wrong); ok {
			name := wrong.key.Text()
			reason := "the action has no input " + name
			if len(b.platforms) > 0 {
				reason += "; it is called " + b.platforms[0]
			}
			return facts.Platforms{State: facts.PlatformsIgnored, Span: wrong.key, Reason: reason}
		}
		return facts.Platforms{}
	}
	if b.since > 0 && major > 0 && major < b.since {
		return facts.Platforms{State: facts.PlatformsIgnored, Span: in.key, Reason: "this version of the action has no input " + in.key.Text()}
	}
	return s.platforms(in.value)
}

// platforms reads a list of platforms as it is written. In a file that is called, it
// points at what the caller gives, where that alone is the list.
func (s *scope) platforms(written source.Text) facts.Platforms {
	values := s.texts(written)
	out := platformsOf(values, written)
	if len(values) == 1 {
		out.Origin = exactly(trim(values[0]))
	}
	m := inputReference.FindStringSubmatch(written.String)
	if s.called == nil || m == nil {
		return out
	}
	out.Input = m[1]
	switch {
	case out.State == facts.PlatformsAbsent:
		out.Span = s.called.from
	case len(values) == 1:
		out.Reason = ""
		if span := exactly(trim(values[0])); !span.IsZero() {
			out.Span = span
		}
	}
	return out
}

// exactly returns the place where a value stands as it is, the zero Span if it is put
// together from pieces.
func exactly(v facts.Value) source.Span {
	if span := v.Span(0, len(v.String())); !span.IsZero() && span.Text() == v.String() {
		return span
	}
	return source.Span{}
}

// platformsOf reads the values that a list of platforms can have. Of several the
// widest counts: an image that is tested on one platform and published for more
// is published for more. Lists of one length are for the platforms of all.
func platformsOf(values []facts.Value, written source.Text) facts.Platforms {
	out := facts.Platforms{Span: written.All()}
	opaque, width := false, 0
	for _, v := range values {
		v = trim(v)
		switch {
		case !v.Known():
			opaque = true
			continue
		case v.Empty():
			continue
		}
		set, err := parsePlatforms(v.String())
		if err != nil {
			return facts.Platforms{State: facts.PlatformsUnknown, Span: out.Span, Reason: err.Error()}
		}
		out.State = facts.PlatformsKnown
		switch {
		case len(set) > width:
			out.Set, width = set, len(set)
		case len(set) == width:
			for _, p := range set {
				out.Set = out.Set.Add(p)
			}
		}
	}
	if opaque && out.State != facts.PlatformsKnown {
		out.State, out.Reason = facts.PlatformsUnknown, whyUnknown(written)
	}
	if out.State == facts.PlatformsAbsent {
		out.Span = source.Span{}
	} else if m := inputReference.FindStringSubmatch(written.String); m != nil && out.State == facts.PlatformsKnown {
		out.Reason = "default of input " + m[1]
	}
	return out
}

// parsePlatforms reads a list with the quotes and brackets that people put in.
func parsePlatforms(s string) (arch.Set, error) {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines[i] = ""
		}
	}
	return arch.ParseSet(strings.NewReplacer(`"`, " ", `'`, " ", ";", " ").Replace(strings.Join(lines, "\n")))
}

// bakeAction is docker/bake-action: what is built stands in the bake file.
func (w *walk) bakeAction(s *scope, st *step, tool string) {
	out := facts.Build{Span: st.uses.All(), Tool: tool, Push: facts.Unknown, OpaqueArgs: true}
	platforms := facts.Platforms{State: facts.PlatformsUnknown, Reason: bakeReason}
	if in, ok := st.with["push"]; ok {
		out.Push = s.decide(in.value)
	}
	if in, ok := st.with["load"]; ok && s.decide(in.value) == facts.Yes {
		out.Load, out.Push = true, facts.No
	}
	if in, ok := st.with["set"]; ok {
		for _, v := range s.texts(in.value) {
			w.bakeOverrides(&out, &platforms, split(v, "\n"), in.value)
		}
	}
	if _, ok := st.with["push"]; !ok {
		tryOut(&out, platforms)
	}
	w.bakeCall(s, st, &out)
	w.record(out, platforms, false)
}

// bakeCall notes which targets of which files an action builds, if that is known.
func (w *walk) bakeCall(s *scope, st *step, out *facts.Build) {
	call := &facts.BakeCall{Directory: "."}
	list := func(name string) (words []string, ok bool) {
		in, given := st.with[name]
		if !given {
			return nil, true
		}
		v := s.one(in.value)
		// metadata-action writes a bake file with tags and labels.
		metadata := strings.Count(in.value.String, "${{") == strings.Count(in.value.String, ".outputs.bake-file")
		if !v.Known() && !metadata {
			return nil, false
		}
		words = strings.FieldsFunc(v.String(), func(r rune) bool { return r == ',' || r == '\n' || r == ' ' || r == '\r' })
		return slices.DeleteFunc(words, func(word string) bool { return strings.Contains(word, facts.Hole) }), true
	}
	files, ok := list("files")
	targets, also := list("targets")
	directory, third := list("workdir")
	overrides, fourth := list("set")
	if source, given := st.with["source"]; !ok || !also || !third || !fourth || given && strings.TrimSpace(source.value.String) != "." && source.value.String != "" {
		return // what is built is not in the repository, or nobody knows
	}
	if len(directory) == 1 {
		call.Directory = directory[0]
	}
	call.Files, call.Targets = files, targets
	// The environment gives bake its variables, the registry's name among them.
	for _, l := range s.env {
		for _, v := range l.variables {
			if onThisMachine(facts.Of(v.value)) {
				out.Push = facts.No
			}
		}
	}
	call.Variables, call.Open = s.names()
	if in, ok := st.with["vars"]; ok {
		for _, line := range split(s.one(in.value), "\n") {
			name, _, _ := cut(line, '=')
			call.Variables = append(call.Variables, name.String())
			call.Open = call.Open || !name.Known()
		}
	}
	for _, o := range overrides {
		key, _, _ := strings.Cut(o, "=")
		call.Set = append(call.Set, strings.TrimSuffix(key, "+"))
	}
	out.Bake = call
}

// names are those of the variables of the environment; open if there may be more.
func (s *scope) names() (names []string, open bool) {
	for _, l := range s.env {
		for i := range l.variables {
			names = append(names, l.variables[i].name)
		}
	}
	return names, s.open()
}

// tryOut marks a bake that sets the platforms here and neither pushes nor names
// its result here: it validates or tests something.
func tryOut(b *facts.Build, platforms facts.Platforms) {
	if b.Push == facts.Unknown && platforms.State == facts.PlatformsKnown && len(b.Tags) == 0 {
		b.Push = facts.No
	}
}

const bakeReason = "platforms are set in the bake file"

// bakeOverrides reads --set values: target.platform=linux/amd64,linux/arm64.
func (w *walk) bakeOverrides(b *facts.Build, platforms *facts.Platforms, overrides []facts.Value, written source.Text) {
	for _, o := range overrides {
		key, value, ok := cut(o, '=')
		if !ok {
			continue
		}
		name := strings.TrimSuffix(key.String(), "+")
		switch name[strings.LastIndexByte(name, '.')+1:] {
		case "platform", "platforms":
			next := platformsOf([]facts.Value{value}, written)
			if span := exactly(value); !span.IsZero() {
				next.Span = span
			}
			// Several overrides are for several targets, or add up.
			if platforms.State == facts.PlatformsKnown && next.State == facts.PlatformsKnown {
				for _, p := range platforms.Set {
					next.Set = next.Set.Add(p)
				}
			}
			*platforms = next
		case "output":
			w.outputs(b, []facts.Value{value})
		case "tags":
			b.Tags = append(b.Tags, value)
		}
	}
}

// githubBuilder is docker/github-builder, whose reusable workflows build.yml and
// bake.yml build each platform on a machine of its own, and merge them. Without a
// list they build on GitHub's amd64 machines, unless told another.
func (w *walk) githubBuilder(s *scope, st *step, name, tool string) {
	out := facts.Build{Span: st.uses.All(), Tool: tool, Push: facts.No, OpaqueArgs: true, Emulation: true, Builder: true}
	if in, ok := st.with["push"]; ok {
		out.Push = s.decide(in.value)
	}
	if in, ok := st.with["output"]; ok {
		if v := s.one(in.value); v.Known() && v.String() != "image" {
			out.Push = facts.No
		}
	}
	if in, ok := st.with["meta-images"]; ok {
		for _, v := range s.texts(in.value) {
			for _, image := range split(v, ",\n") {
				out.Tags = append(out.Tags, image.Add(facts.Text(":")).Add(facts.Unknowable()))
			}
		}
	}
	machines := []machine{{os: "linux", arch: "amd64"}}
	if in, ok := st.with["runner"]; ok && !oneOf(s.one(in.value), "auto", "amd64") {
		machines = []machine{{}}
	}
	platforms := facts.Platforms{State: facts.PlatformsUnknown, Reason: "platforms are set in the called workflow"}
	switch {
	case strings.HasSuffix(name, "/build.yml"):
		platforms = facts.Platforms{}
		if in, ok := st.with["platforms"]; ok {
			platforms = s.platforms(in.value)
		}
		context, file := s.firstOne(st, buildPush.context), s.firstOne(st, buildPush.file)
		out.Context, out.Dockerfile = w.paths(context, file)
		if target := s.firstOne(st, buildPush.target); target.Known() {
			out.Target = target.String()
		}
		if in, ok := st.with["build-args"]; ok {
			w.arguments(s, &out, in.value)
		}
	case strings.HasSuffix(name, "/bake.yml"):
		platforms.Reason = bakeReason
		if in, ok := st.with["set"]; ok {
			for _, v := range s.texts(in.value) {
				w.bakeOverrides(&out, &platforms, split(v, "\n"), in.value)
			}
		}
		if in, ok := st.with["target"]; ok {
			st.with["targets"] = in
		}
		push := out.Push
		w.bakeCall(s, st, &out)
		out.Push = push
	}
	rec := w.record(out, platforms, false)
	rec.machines = machines
}

func oneOf(v facts.Value, texts ...string) bool {
	return v.Known() && slices.Contains(texts, v.String())
}

// mergeAction is an action that makes an index.
func (w *walk) mergeAction(s *scope, st *step, tool string, tags []string, sources string) {
	m := &facts.Merge{Span: st.uses.All(), Tool: tool, Job: w.job.id}
	if in, ok := st.first(tags); ok {
		for _, v := range s.texts(in.value) {
			m.Tags = append(m.Tags, split(v, ", \n")...)
		}
	}
	if in, ok := st.first([]string{sources}); ok {
		for _, v := range s.texts(in.value) {
			m.Sources = append(m.Sources, split(v, ", \n")...)
		}
	}
	w.merge(m)
}

// merge adds a merge; the same one on other rows adds its tags and sources.
func (w *walk) merge(m *facts.Merge) {
	if !w.now.from.IsZero() {
		m.Span = w.now.from
	}
	for _, have := range w.merges {
		if have.Span == m.Span {
			have.Tags = distinctTexts(append(have.Tags, m.Tags...))
			have.Sources = distinctTexts(append(have.Sources, m.Sources...))
			return
		}
	}
	w.merges = append(w.merges, m)
}

// checkout notes where a repository is put.
func (w *walk) checkout(s *scope, st *step) {
	c := checkout{path: "."}
	if in, ok := st.with["path"]; ok {
		v := s.one(in.value)
		c.unknown = !v.Known()
		c.path = local(v.String())
	}
	if in, ok := st.with["repository"]; ok && !strings.Contains(in.value.String, "github.repository") &&
		!strings.Contains(in.value.String, "head.repo.full_name") && in.value.String != "" {
		c.foreign = true
	}
	w.now.checkouts = append(w.now.checkouts, c)
}

// inRepository turns a path of the workspace into one of the repository: "" when
// it belongs to another repository that was checked out.
func (w *walk) inRepository(p string) string {
	if p == "" {
		return ""
	}
	best, length := checkout{}, -1
	for _, c := range w.now.checkouts {
		if c.unknown {
			continue
		}
		if n := len(c.path); c.path == "." && length < 0 {
			best, length = c, 0
		} else if c.path != "" && c.path != "." && (p == c.path || strings.HasPrefix(p, c.path+"/")) && n > length {
			best, length = c, n
		}
	}
	switch {
	case best.foreign:
		return ""
	case length > 0:
		return local(strings.TrimPrefix(strings.TrimPrefix(p, best.path), "/"))
	}
	return p
}

// paths returns the context as written and the Dockerfile, relative to the
// repository. Dockerfiles are given relative to the workspace, except for a
// context that the builder fetches by itself from git.
func (w *walk) paths(context, file facts.Value) (written, dockerfile string) {
	if !context.Known() {
		if file.Known() && !file.Empty() {
			dockerfile = w.inRepository(local(file.String()))
		}
		return "", dockerfile
	}
	written = or(context.String(), ".")
	if sub, ok := strings.CutPrefix(written, "{{defaultContext}}"); ok {
		directory := local(".", strings.TrimPrefix(sub, ":"))
		if !file.Known() || directory == "" {
			return written, ""
		}
		return written, local(directory, or(file.String(), "Dockerfile"))
	}
	switch {
	case isRemote(written) || !file.Known():
	case !file.Empty():
		dockerfile = w.inRepository(local(file.String()))
	default:
		dockerfile = w.inRepository(local(written, "Dockerfile"))
	}
	return written, dockerfile
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// isRemote reports whether a build context is fetched from elsewhere.
func isRemote(context string) bool {
	return context == "-" || strings.Contains(context, "://") || strings.HasPrefix(context, "git@") || strings.HasPrefix(context, "github.com/")
}

// isBinfmt reports whether an image is one that registers emulators.
func isBinfmt(reference string) bool {
	switch repository(reference) {
	case "tonistiigi/binfmt", "multiarch/qemu-user-static", "linuxkit/binfmt", "docker/binfmt", "aptman/qus":
		return true
	}
	return false
}
