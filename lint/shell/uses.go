package shell

import (
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// Kind is what a word selects.
type Kind int

// The kinds of selections.
const (
	Fetch      Kind = iota + 1 // a file that is downloaded
	Package                    // a package that is installed
	Repository                 // a line that names a package repository
	Target                     // what a compiler or tool builds for
	Path                       // a place in the file system that is there on one architecture
	Flag                       // an option of a compiler that one architecture has
)

// Use is a word of a script that selects something which may exist for one
// architecture only.
type Use struct {
	Kind    Kind
	Subject string // the program or variable that reads the word: curl, GOARCH
	Word    Word
	// Output is, for a Fetch, the file that it is written to, nil if unknown.
	Output Values
	// Maybe is that of the command.
	Maybe bool
}

// Uses returns what a command selects.
func Uses(c *Command) []Use {
	var uses []Use
	add := func(kind Kind, subject string, w Word) *Use {
		uses = append(uses, Use{Kind: kind, Subject: subject, Word: w, Maybe: c.Maybe})
		return &uses[len(uses)-1]
	}
	for _, a := range c.Assigns {
		if a.Name == "GOARCH" && foreign(c.Assigns) {
			continue
		}
		if kind := VariableKind(a.Name, a.Word.Values); kind != 0 {
			add(kind, a.Name, a.Word)
		}
	}
	name := c.Name()
	if name == "" {
		return uses
	}
	args := c.Words[1:]
	if fetcher, ok := fetchers[name]; ok {
		output := outputOf(c, args, fetcher)
		if output == nil && readers[c.Reader] {
			return uses // what is fetched is read, not kept
		}
		for _, w := range fetcher.addresses(args) {
			add(Fetch, name, w).Output = output
		}
		return uses
	}
	if name == "gh" {
		options("-p", "--pattern")(args, func(_ Kind, w Word) { add(Fetch, name, w) })
		return uses
	}
	repositories(c, name, args, add)
	if manager, ok := managers[name]; ok {
		manager(args, func(kind Kind, w Word) { add(kind, name, w) })
	}
	if targets, ok := targetOptions[name]; ok {
		targets.find(args, func(w Word) { add(Target, name, w) })
	}
	if name == "make" || name == "gmake" {
		makeArguments(args, func(w Word) { add(Target, name, w) })
	}
	if isCompiler(name) {
		for _, w := range args {
			if hasFlag(w.Values) {
				add(Flag, name, w)
			}
		}
	}
	if strings.HasSuffix(name, "configure") {
		prefixed(args, func(w Word) { add(Target, name, w) }, "--host=", "--build=", "--target=", "--arch=")
	}
	if !harmless[name] || inPlace(name, args) {
		for _, w := range args {
			if isSystemPath(w.Values) {
				add(Path, name, w)
			}
		}
	}
	return uses
}

// foreign reports whether the assignments before a command make Go build for
// another system than Linux.
func foreign(assigns []Assign) bool {
	for _, a := range assigns {
		if text, ok := a.Word.Text(); a.Name == "GOOS" && (!ok || text != "linux") {
			return true
		}
	}
	return false
}

// readers take text apart; "$" is a $(…).
var readers = map[string]bool{
	"$": true, "grep": true, "egrep": true, "awk": true, "gawk": true, "sed": true, "jq": true, "yq": true, "cut": true, "head": true, "tail": true, "tr": true, "sort": true, "wc": true,
}

// Picked returns the words by which commands pick a file out of a list, when what
// is then downloaded is not known otherwise:
//
//	curl https://api.github.com/… | grep linux_amd64 | cut -d'"' -f4 | wget -i -
func Picked(commands []*Command) []Use {
	fetches := false
	for _, c := range commands {
		fetches = fetches || fetchesUnknown(c)
	}
	if !fetches {
		return nil
	}
	var uses []Use
	for _, c := range commands {
		switch name := c.Name(); name {
		case "grep", "egrep", "fgrep", "jq", "awk", "gawk":
			skip := false
			for i, w := range c.Words[1:] {
				text, _ := w.Values.prefix()
				if strings.HasPrefix(text, "-") {
					skip = skip || name != "jq" && strings.HasPrefix(text, "-v") || name != "jq" && text == "--invert-match"
					continue
				}
				if !skip && i < 8 {
					uses = append(uses, Use{Kind: Fetch, Subject: name, Word: w, Maybe: c.Maybe})
				}
			}
		}
	}
	return uses
}

// fetchesUnknown reports whether a command downloads from an address of which
// nothing is known, or from those that it reads.
func fetchesUnknown(c *Command) bool {
	name := c.Name()
	if name == "xargs" {
		for _, w := range c.Words[1:] {
			if text, _ := w.Text(); text == "curl" || text == "wget" {
				return true
			}
		}
		return false
	}
	if name != "curl" && name != "wget" && name != "aria2c" {
		return false
	}
	for _, w := range c.Words[1:] {
		if text, ok := w.Text(); ok && (text == "-i" || text == "--input-file" || text == "-i-") {
			return true
		}
		if len(w.Values) > 0 && w.Values[0].Unknown() {
			return true
		}
	}
	return false
}

// fetcher describes a program that downloads: which options take a value that
// is no address, and which name the output file.
type fetcher struct {
	values  string   // short options with a value
	long    []string // long options with a value
	outputs []string // options that name the output
}

var fetchers = map[string]fetcher{
	"curl": {
		values: "AbcCdDeEFHKmoPQrtTuUwxXyYz",
		long: []string{
			"--header", "--user-agent", "--referer", "--data", "--data-raw", "--data-binary", "--user", "--proxy", "--request", "--retry", "--retry-delay", "--retry-max-time",
			"--connect-timeout", "--max-time", "--write-out", "--cacert", "--cookie", "--form", "--output", "--output-dir", "--speed-limit", "--speed-time", "--resolve", "--config", "--oauth2-bearer",
		},
		outputs: []string{"-o", "--output"},
	},
	"wget": {
		values:  "aBeioOPQTtUwA",
		long:    []string{"--header", "--user-agent", "--output-document", "--directory-prefix", "--tries", "--timeout", "--post-data", "--password", "--user", "--output-file", "--execute"},
		outputs: []string{"-O", "--output-document"},
	},
	"aria2c":       {values: "dostxkj", long: []string{"--out", "--dir"}, outputs: []string{"-o", "--out"}},
	"axel":         {values: "no", outputs: []string{"-o"}},
	"lwp-download": {},
	"download":     {},
	"curlie":       {},
	"http":         {values: "o", outputs: []string{"-o", "--output"}},
}

// addresses returns the words that are URLs.
func (f fetcher) addresses(args []Word) []Word {
	var out []Word
	skip := false
	for _, w := range args {
		text, _ := w.Values.prefix()
		switch {
		case skip:
			skip = false
		case strings.HasPrefix(text, "--url="):
			out = append(out, w.after("="))
		case strings.HasPrefix(text, "--"):
			for _, l := range f.long {
				if text == l {
					skip = true
				}
			}
		case strings.HasPrefix(text, "-") && len(text) > 1:
			last := text[len(text)-1:]
			// In a group such as -fsSLo only the last can take the next word.
			skip = strings.Contains(f.values, last) && !strings.ContainsAny(text[1:len(text)-1], f.values)
		default:
			if isAddress(w.Values) {
				out = append(out, w)
			}
		}
	}
	return out
}

// prefix returns the known text at the start of the first value.
func (v Values) prefix() (string, bool) {
	if len(v) == 0 {
		return "", false
	}
	text := ""
	for _, p := range v[0].Parts {
		if p.Origin == facts.Opaque || p.Origin == facts.Builder {
			return text, false
		}
		text += p.Text
	}
	return text, true
}

func (w Word) after(separator string) Word {
	var values Values
	for _, v := range w.Values {
		text := v.String()
		values = append(values, v.Slice(strings.Index(text, separator)+len(separator), len(text)))
	}
	return Word{Values: values, Span: w.Span}
}

var hostLike = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+(:[0-9]+)?/`)

// isAddress reports whether a word is what a download program takes for a URL:
// one with a scheme or a host, or one that begins with something unknown and
// goes on like a path.
func isAddress(v Values) bool {
	for _, value := range v {
		text := value.String()
		if strings.Contains(text, "://") || hostLike.MatchString(text) {
			return true
		}
		if len(value.Parts) > 0 && value.Parts[0].Origin == facts.Opaque && (strings.Contains(text, "/") || len(arch.Words(value.Parts[0].Name)) > 0) {
			return true
		}
	}
	return false
}

func outputOf(c *Command, args []Word, f fetcher) Values {
	for i, w := range args {
		text, _ := w.Values.prefix()
		for _, option := range f.outputs {
			if text == option && i+1 < len(args) {
				return args[i+1].Values
			}
			if strings.HasPrefix(option, "--") && strings.HasPrefix(text, option+"=") {
				return w.after("=").Values
			}
			short := option[len(option)-1:]
			if len(option) == 2 && len(text) > 2 && text[0] == '-' && text[1] != '-' && strings.HasSuffix(text, short) && i+1 < len(args) {
				return args[i+1].Values
			}
		}
	}
	return c.Output
}

// compilers are the programs that compile, and those that hand options on.
var compilers = map[string]bool{
	"gcc": true, "g++": true, "cc": true, "c++": true, "clang": true, "clang++": true, "gfortran": true, "nvcc": true, "rustc": true, "cargo": true,
	"make": true, "gmake": true, "cmake": true, "meson": true, "configure": true, "bazel": true, "scons": true,
}

// isCompiler reports whether a program is one of those, with a triple before its name
// or a version behind it.
func isCompiler(name string) bool {
	if i := strings.LastIndexByte(name, '-'); i > 0 && i < len(name)-1 && strings.Trim(name[i+1:], "0123456789.") == "" {
		name = name[:i]
	}
	return compilers[name[strings.LastIndexByte(name, '-')+1:]]
}

// flagVariables matches the variables whose value compilers take as options.
var flagVariables = regexp.MustCompile(`^([A-Z0-9_]*_)?(C|CXX|CPP|LD|F|FC|ASM|NVCC|RUST|CGO_C|CGO_CXX)?FLAGS(_[A-Z0-9_]+)?$|^COPTS?$`)

func hasFlag(v Values) bool {
	for _, value := range v {
		if len(arch.Flags(value.String())) > 0 {
			return true
		}
	}
	return false
}

// VariableKind returns what a variable selects by its name alone, or by a value
// that is a path; 0 when it selects nothing.
func VariableKind(name string, v Values) Kind {
	upper := strings.ToUpper(name)
	switch upper {
	case "GOARCH", "CARGO_BUILD_TARGET", "NPM_CONFIG_ARCH", "NPM_CONFIG_TARGET_ARCH", "NPM_CONFIG_CPU", "SDKMAN_PLATFORM", "DOTNET_RUNTIME_ID", "RUNTIME_IDENTIFIER",
		"CMAKE_SYSTEM_PROCESSOR", "RUSTUP_TOOLCHAIN", "CONDA_SUBDIR":
		return Target
	}
	if (strings.Contains(upper, "FLAGS") || strings.HasPrefix(upper, "COPT")) && flagVariables.MatchString(upper) && hasFlag(v) {
		return Flag
	}
	// In a list of places to look in, one that is not there is passed over, and
	// the folder of the machine's own libraries is looked in anyway.
	if strings.HasSuffix(upper, "PATH") && !isRuntimePath(v) {
		return 0
	}
	if isSystemPath(v) {
		return Path
	}
	return 0
}

func isRuntimePath(v Values) bool {
	for _, value := range v {
		if strings.Contains(systemPathIn(value.String()), "/jvm/") {
			return true
		}
	}
	return false
}

// systemPath matches the places below which a Linux distribution keeps one
// architecture's files: Debian's multiarch folders, the dynamic loader of amd64,
// the folders of Java runtimes that end in the architecture.
var systemPath = regexp.MustCompile(`(^|[/=:, "'-])(lib|libexec|lib64|include)/(x86_64|aarch64)-linux-(gnu|musl)|ld-linux-(x86-64|aarch64)\.so|/ld-musl-(x86_64|aarch64)\.so|/jvm/[^/ :"']*(amd64|x86_64|arm64|aarch64|x64)\b`)

// systemPathIn returns the first such place that a text names, "" for none. Most texts
// are told from their parts to have none, without the expression.
func systemPathIn(text string) string {
	if !strings.Contains(text, "-linux-") && !strings.Contains(text, "/ld-musl-") && !strings.Contains(text, "/jvm/") {
		return ""
	}
	return systemPath.FindString(text)
}

func isSystemPath(v Values) bool {
	for _, value := range v {
		if systemPathIn(value.String()) != "" {
			return true
		}
	}
	return false
}

// IsSystemPath reports whether a value names a place that is there on one
// architecture only.
func IsSystemPath(v facts.Value) bool { return systemPathIn(v.String()) != "" }

// harmless commands do not fail, or change nothing that matters, when a path is
// not there.
var harmless = map[string]bool{
	"rm": true, "echo": true, "printf": true, "find": true, "ls": true, "test": true, "[": true, "mkdir": true, "du": true, "grep": true,
	"cd": false, "export": true, "local": true, "readonly": true, "declare": true, "rmdir": true, "ldconfig": true, "true": true, "sed": true, "awk": true,
}

// inPlace reports whether sed changes a file, which has to be there.
func inPlace(name string, args []Word) bool {
	for _, w := range args {
		if text, _ := w.Values.prefix(); name == "sed" && (strings.HasPrefix(text, "-i") || text == "--in-place") {
			return true
		}
	}
	return false
}

var aptSource = regexp.MustCompile(`\bdeb(?:-src)?\s+\[[^\]]*arch(?:itectures?)?=([^\]\s]*)|(?m)(?:^|\\n)\s*Architectures:\s*([^\n\\]*)`)

var yumSource = regexp.MustCompile(`(?m)(?:^|\\n)\s*(?:baseurl|mirrorlist)\s*=[^\n\\]*`)

// repositories finds the lines of package repositories that are written
// somewhere: apt's "deb [arch=amd64] …", yum's baseurl=….
func repositories(c *Command, name string, args []Word, add func(Kind, string, Word) *Use) {
	look := func(values Values, span source.Span) {
		for _, v := range values {
			text := v.String()
			if !strings.Contains(text, "deb") && !strings.Contains(text, "Architectures:") && !strings.Contains(text, "baseurl") && !strings.Contains(text, "mirrorlist") {
				continue // as most
			}
			for _, m := range aptSource.FindAllStringSubmatchIndex(text, -1) {
				from, to := m[2], m[3]
				if from < 0 {
					from, to = m[4], m[5]
				}
				if from < to {
					add(Repository, "apt", Word{Values: One(v.Slice(from, to)), Span: span})
				}
			}
			for _, m := range yumSource.FindAllStringIndex(text, -1) {
				add(Repository, "yum", Word{Values: One(v.Slice(m[0], m[1])), Span: span})
			}
		}
	}
	switch name {
	case "echo", "printf", "add-apt-repository", "apt-add-repository":
		for _, w := range args {
			look(w.Values, w.Span)
		}
	case "cat", "tee":
		look(c.Input, c.Span)
	}
}

// managers know which arguments of a package manager are packages.
var managers = map[string]func([]Word, func(Kind, Word)){
	"apt-get": installs("install"), "apt": installs("install"), "aptitude": installs("install"),
	"yum": installs("install", "localinstall", "groupinstall"), "dnf": installs("install"), "microdnf": installs("install"), "tdnf": installs("install"),
	"zypper": installs("install", "in"), "apk": installs("add"), "rpm": files, "dpkg": files, "gdebi": files, "alien": files,
	"pip": installs("install", "download"), "pip3": installs("install", "download"), "pipx": installs("install"), "uv": installs("install", "add"),
	"npm": installs("install", "i", "add", "ci"), "yarn": installs("add", "install"), "pnpm": installs("add", "install", "i"),
	"conda": installs("install", "create"), "mamba": installs("install", "create"), "micromamba": installs("install", "create"),
	"gem": installs("install"), "brew": installs("install"), "rustup": rustup, "rustup-init": options("--default-host", "--target", "-t", "--default-toolchain"),
}

func installs(verbs ...string) func([]Word, func(Kind, Word)) {
	return func(args []Word, add func(Kind, Word)) {
		found := false
		for _, w := range args {
			text, _ := w.Values.prefix()
			switch {
			case !found && !strings.HasPrefix(text, "-"):
				for _, verb := range verbs {
					found = found || text == verb
				}
			case strings.Contains(text, "://"):
				add(Fetch, w)
			case found && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "./") && !strings.HasPrefix(text, "-"):
				add(Package, w)
			}
		}
	}
}

// files are the arguments of a tool that installs package files: an address is
// a download, a local file was fetched elsewhere and is found there.
func files(args []Word, add func(Kind, Word)) {
	for _, w := range args {
		if text, _ := w.Values.prefix(); strings.Contains(text, "://") {
			add(Fetch, w)
		}
	}
}

func rustup(args []Word, add func(Kind, Word)) {
	verbs := 0
	for _, w := range args {
		text, _ := w.Values.prefix()
		switch {
		case strings.HasPrefix(text, "-") && !strings.Contains(text, "="):
		case text == "target" || text == "toolchain" || text == "add" || text == "install" || text == "default" || text == "override" || text == "set" || text == "component":
			verbs++
		case verbs > 0:
			add(Target, w)
		}
	}
}

func options(names ...string) func([]Word, func(Kind, Word)) {
	o := toolOptions(names)
	return func(args []Word, add func(Kind, Word)) { o.find(args, func(w Word) { add(Target, w) }) }
}

// toolOptions are the options of a tool that name what it builds for.
type toolOptions []string

func (o toolOptions) find(args []Word, add func(Word)) {
	next := false
	for _, w := range args {
		text, _ := w.Values.prefix()
		if next {
			add(w)
			next = false
			continue
		}
		for _, option := range o {
			switch {
			case text == option:
				next = true
			case strings.HasPrefix(text, option+"="), strings.HasPrefix(option, "-D") && strings.HasPrefix(text, option):
				add(w.after("="))
			case strings.HasPrefix(option, "/p:") && strings.HasPrefix(text, option):
				add(w.after(":"))
			}
		}
	}
}

var targetOptions = map[string]toolOptions{
	"cargo":       {"--target"},
	"cross":       {"--target"},
	"rustc":       {"--target"},
	"maturin":     {"--target"},
	"dotnet":      {"-r", "--runtime", "-a", "--arch", "--os-arch", "/p:RuntimeIdentifier", "-p:RuntimeIdentifier", "/p:PlatformTarget"},
	"nuget":       {"-r"},
	"clang":       {"-target", "--target"},
	"clang++":     {"-target", "--target"},
	"zig":         {"-target", "-Dtarget"},
	"deno":        {"--target"},
	"bun":         {"--target"},
	"pkg":         {"-t", "--target", "--targets"},
	"nexe":        {"-t", "--target"},
	"cmake":       {"-DCMAKE_SYSTEM_PROCESSOR", "-DCMAKE_OSX_ARCHITECTURES", "-DVCPKG_TARGET_TRIPLET", "-DARCH"},
	"meson":       {"--cross-file"},
	"bazel":       {"--cpu", "--platforms"},
	"bazelisk":    {"--cpu", "--platforms"},
	"npm":         {"--arch", "--target_arch", "--target-arch", "--cpu"},
	"yarn":        {"--arch", "--target_arch", "--cpu"},
	"node-gyp":    {"--arch", "--target_arch"},
	"swift":       {"--arch", "--triple"},
	"gox":         {"-arch", "-osarch"},
	"pip":         {"--platform"},
	"pip3":        {"--platform"},
	"conda":       {"--platform", "--subdir"},
	"vcpkg":       {"--triplet"},
	"debootstrap": {"--arch"},
	"mvn":         {"-Dos.arch", "-Dos.detected.arch", "-Dos.detected.classifier", "-Djavacpp.platform"},
	"gradle":      {"-Dos.arch", "-Djavacpp.platform", "-PjavacppPlatform"},
}

func makeArguments(args []Word, add func(Word)) {
	skip := false
	for _, w := range args {
		text, _ := w.Values.prefix()
		switch {
		case skip:
			skip = false
		case text == "-C" || text == "-f" || text == "-j" || text == "-I":
			skip = true
		case strings.HasPrefix(text, "-"):
		default:
			add(w)
		}
	}
}

func prefixed(args []Word, add func(Word), prefixes ...string) {
	for _, w := range args {
		text, _ := w.Values.prefix()
		for _, p := range prefixes {
			if strings.HasPrefix(text, p) {
				add(w.after("="))
			}
		}
	}
}

// Expand expands the variables of a text the way a Dockerfile or a shell does in
// one word, quotes included.
func Expand(text source.Text, variables map[string]Values) Values {
	values, _ := ExpandUnset(text, variables)
	return values
}

// ExpandUnset is Expand that also returns the uses of variables that are not set.
func ExpandUnset(text source.Text, variables map[string]Values) (Values, []Unset) {
	if text.String == "" {
		return Values{facts.Value{}}, nil
	}
	if !strings.ContainsAny(text.String, "$\\\"'`") {
		return One(facts.Of(text)), nil
	}
	e := &evaluator{text: text, result: &Result{}}
	st := &state{variables: variables, arrays: nil, functions: nil}
	if w := parseWord(text.String); w != nil {
		return e.word(w, st), e.result.Unset
	}
	if w := parseDocument(text.String); w != nil {
		return e.parts(w.Parts, true, st), e.result.Unset
	}
	return Values{facts.Unknowable()}, nil
}
