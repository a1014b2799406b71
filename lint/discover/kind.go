package discover

import (
	"bytes"
	"path"
	"strings"

	"github.com/archlint/archlint/lint/facts"
)

// KindOf returns the kind of a file by its path (with slashes), and whether it
// is of a kind that archlint reads at all.
func KindOf(file string) (facts.Kind, bool) {
	dir, name := path.Split(file)
	return kindOf(strings.TrimSuffix(dir, "/"), name)
}

// KindFound is KindOf with what is read although its name alone says little: the kind
// that a walk of the repository gives a file.
func KindFound(file string) (facts.Kind, bool) {
	dir, name := path.Split(file)
	dir = strings.TrimSuffix(dir, "/")
	for part := range strings.SplitSeq(dir, "/") {
		if part == "node_modules" || part == ".git" {
			return "", false
		}
	}
	return kindFound(dir, name)
}

func kindFound(dir, name string) (facts.Kind, bool) {
	if kind, ok := kindOf(dir, name); ok {
		return kind, true
	}
	return otherKind(dir, name)
}

// kindOf is KindOf with the path cut already: it is asked about every file of a
// repository, so what cannot match is turned down before anything is allocated.
func kindOf(dir, name string) (facts.Kind, bool) {
	if stem, ok := yamlStem(name); ok {
		switch {
		case isWorkflows(dir):
			return facts.Workflow, true
		case stem == "action":
			return facts.Action, true
		case isCompose(stem):
			return facts.Compose, true
		case isGoReleaser(stem):
			return facts.GoReleaser, true
		case stem == ".gitlab-ci" || strings.HasSuffix(stem, ".gitlab-ci"):
			return facts.GitLabCI, true
		case isBuildSpec(stem):
			return facts.CodeBuild, true
		}
		return "", false
	}
	if isDockerfile(name) {
		return facts.Dockerfile, true
	}
	if isBake(name) {
		return facts.Bake, true
	}
	if isDevContainer(dir, name) {
		return facts.DevContainer, true
	}
	return "", false
}

// isDevContainer reports whether a file is one of those in which a dev container is
// described: .devcontainer/devcontainer.json, also one folder down, or .devcontainer.json.
func isDevContainer(dir, name string) bool {
	switch name {
	case ".devcontainer.json":
		return true
	case "devcontainer.json":
		return path.Base(dir) == ".devcontainer" || path.Base(path.Dir(dir)) == ".devcontainer"
	}
	return false
}

// otherKind returns the kind of a file that is not of a container tool by its name: of
// a YAML file only its content can tell whether it is for Kubernetes.
func otherKind(dir, name string) (facts.Kind, bool) {
	if ext := path.Ext(name); ext == ".sh" || ext == ".bash" {
		return facts.Script, true
	}
	if isBuildScript(dir, name) {
		return facts.BuildScript, true
	}
	if _, ok := yamlStem(name); ok || name == "Kustomization" {
		return facts.Kubernetes, true
	}
	if strings.HasSuffix(name, ".tf") {
		return facts.Terraform, true
	}
	if isAWS(name) {
		return facts.AWS, true
	}
	return "", false
}

// isAWS reports whether a JSON file may be by its name a task definition of ECS or a
// template of CloudFormation.
func isAWS(name string) bool {
	if !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".template") {
		return false
	}
	lower := strings.ToLower(name)
	return strings.Contains(lower, "task") && strings.Contains(lower, "def") || strings.Contains(lower, "template") || strings.Contains(lower, "cloudformation")
}

// isBake reports whether a name is that of a bake file: docker-bake.hcl, also with
// something between (docker-bake.override.json), and bake.hcl.
func isBake(name string) bool {
	stem, ok := strings.CutSuffix(name, ".hcl")
	if !ok {
		if stem, ok = strings.CutSuffix(name, ".json"); !ok || !strings.HasPrefix(name, "docker-bake") {
			return false
		}
	}
	for _, word := range [...]string{"docker-bake", "bake"} {
		if rest, ok := strings.CutPrefix(stem, word); ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0]))) {
			return true
		}
		if rest, ok := strings.CutSuffix(stem, word); ok && strings.HasSuffix(rest, ".") {
			return true
		}
	}
	return false
}

// yamlStem returns the name without its .yml or .yaml.
func yamlStem(name string) (string, bool) {
	if stem, ok := strings.CutSuffix(name, ".yml"); ok {
		return stem, true
	}
	return strings.CutSuffix(name, ".yaml")
}

func isWorkflows(dir string) bool {
	return dir == ".github/workflows" || strings.HasSuffix(dir, "/.github/workflows")
}

// isCompose reports whether the stem of a YAML file's name is that of a compose
// file: compose, docker-compose, compose.prod, docker-compose-dev,
// prod.compose, but not composer.
func isCompose(stem string) bool {
	for _, word := range [...]string{"docker-compose", "compose"} {
		if rest, ok := strings.CutPrefix(stem, word); ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0]))) {
			return true
		}
		if rest, ok := strings.CutSuffix(stem, word); ok && strings.HasSuffix(rest, ".") {
			return true
		}
	}
	return false
}

// isGoReleaser reports whether the stem of a YAML file's name is that of a
// configuration of GoReleaser: .goreleaser, goreleaser, .goreleaser-nightly.
func isGoReleaser(stem string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(stem, "."), "goreleaser")
	return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0])))
}

// isBuildSpec reports whether the stem of a YAML file's name is that of a
// specification of AWS CodeBuild: buildspec, buildspec-arm64.
func isBuildSpec(stem string) bool {
	rest, ok := strings.CutPrefix(stem, "buildspec")
	return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0])))
}

// isDockerfile reports whether a name is that of a Dockerfile or Containerfile:
// the word itself, with something behind it (Dockerfile.alpine, Dockerfile-dev)
// or as the extension (web.Dockerfile), in any case.
func isDockerfile(name string) bool {
	for _, word := range [...]string{"dockerfile", "containerfile"} {
		if len(name) < len(word) {
			continue
		}
		if strings.EqualFold(name[:len(word)], word) {
			rest := name[len(word):]
			if rest == "" || strings.ContainsRune(".-_", rune(rest[0])) && rest[len(rest)-1] != '~' {
				return !otherExtensions[strings.ToLower(strings.TrimPrefix(path.Ext(rest), "."))]
			}
		}
		// Behind a dot only: lockedDockerfile is no Dockerfile.
		if at := len(name) - len(word); at > 0 && name[at-1] == '.' && strings.EqualFold(name[at:], word) {
			return true
		}
	}
	return false
}

// otherExtensions are the extensions behind the word Dockerfile that make a file
// something else: a template of a Dockerfile, a program or a text about one, a
// copy left behind by an editor.
var otherExtensions = set(
	// templates: no Dockerfile before they are expanded
	"template", "tmpl", "tpl", "gotmpl", "jinja", "jinja2", "j2", "erb", "ejs", "hbs", "mustache", "liquid", "in", "m4",
	// editors' and tools' copies
	"orig", "bak", "backup", "old", "rej", "swp", "swo", "tmp", "patch", "diff", "log", "snap",
	// lists of ignored files
	"dockerignore", "containerignore",
	// texts and data
	"md", "mdx", "markdown", "rst", "adoc", "txt", "html", "htm", "pdf", "svg", "png", "jpg", "jpeg", "gif", "ico",
	"json", "json5", "jsonc", "yml", "yaml", "toml", "xml", "ini", "cfg", "csv", "lock", "sum", "hcl", "tf", "nix",
	"sql", "proto", "ipynb", "txtar", "gz", "tgz", "tar", "zip", "xz", "sig", "asc", "sha256",
	// programs
	"go", "rs", "py", "pyc", "pyi", "rb", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "vue", "java", "class",
	"kt", "kts", "groovy", "scala", "c", "h", "cc", "cpp", "hpp", "cs", "fs", "php", "pl", "pm", "lua", "swift", "dart",
	"ex", "exs", "erl", "hs", "ml", "clj", "el", "vim", "r", "sh", "bash", "zsh", "fish", "ps1", "bat", "cmd", "css",
	"scss", "less", "tmlanguage", "lark", "pest", "bnf",
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, word := range words {
		m[word] = true
	}
	return m
}

// Identify returns the kind of a file by the beginning of its content, for files
// that the user names although their names say nothing.
func Identify(data []byte) (facts.Kind, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return "", false
	}
	if beginsDockerfile(data) {
		return facts.Dockerfile, true
	}
	return identifyYAML(data)
}

// beginsDockerfile reports whether the first instruction is one that a
// Dockerfile begins with. FROM is looked at closely, because Python and e-mails
// begin with it as well.
func beginsDockerfile(data []byte) bool {
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		switch {
		case text == "":
			continue
		case strings.HasPrefix(text, "#"):
			directive := strings.ToLower(strings.TrimSpace(text[1:]))
			key, value, ok := strings.Cut(directive, "=")
			if key = strings.TrimSpace(key); ok && value != "" && (key == "syntax" || key == "escape" || key == "check") {
				return true
			}
			continue
		}
		words := strings.Fields(text)
		switch strings.ToUpper(words[0]) {
		case "ARG":
			return len(words) > 1
		case "FROM":
			words = words[1:]
			for len(words) > 0 && strings.HasPrefix(words[0], "--") {
				words = words[1:]
			}
			return len(words) == 1 || len(words) == 3 && strings.EqualFold(words[1], "as") ||
				len(words) > 0 && words[len(words)-1] == `\`
		}
		return false
	}
	return false
}

// identifyYAML looks at the keys in the first column.
func identifyYAML(data []byte) (facts.Kind, bool) {
	keys := map[string]bool{}
	services := false // the last key was services:
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), " \t\r\n")
		trimmed := strings.TrimLeft(text, " ")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if services {
			// A list under services: is a CI system's, not compose's.
			if strings.HasPrefix(trimmed, "- ") || trimmed == "-" {
				delete(keys, "services")
			}
			services = false
		}
		if text[0] == ' ' || text[0] == '-' {
			continue
		}
		key, _, ok := strings.Cut(text, ":")
		if !ok {
			continue
		}
		key = strings.Trim(strings.TrimSpace(key), `"'`)
		keys[key] = true
		services = key == "services"
	}
	switch {
	case keys["jobs"] && keys["on"]:
		return facts.Workflow, true
	case keys["runs"]:
		return facts.Action, true
	case keys["services"]:
		return facts.Compose, true
	case keys["apiVersion"] && keys["kind"], keys["Resources"]:
		return facts.Kubernetes, true // or a template of CloudFormation
	}
	return "", false
}

// buildScripts are the names, in lower case, of files that may build images
// although they are no file of a container tool.
var buildScripts = map[string]bool{
	"makefile": true, "gnumakefile": true, "justfile": true, "taskfile.yml": true, "taskfile.yaml": true, "jenkinsfile": true, "earthfile": true, "tiltfile": true,
	".travis.yml": true, ".drone.yml": true, ".drone.jsonnet": true, "bitbucket-pipelines.yml": true,
	"build.json": true,
}

// isBuildScript reports whether a file is by its name a script, a Makefile or the
// configuration of a CI system, from which images may be built.
func isBuildScript(dir, name string) bool {
	switch path.Ext(name) {
	case ".mk", ".mak", ".hcl", ".py":
		return true
	case ".yml", ".yaml", ".json":
		lower := strings.ToLower(name)
		for _, prefix := range [...]string{"cloudbuild", "azure-pipelines", "skaffold", "docker-bake."} {
			if strings.HasPrefix(lower, prefix) {
				return true
			}
		}
		if base := path.Base(dir); base == ".circleci" || base == ".buildkite" {
			return true
		}
	}
	lower := strings.ToLower(name)
	return buildScripts[lower] || strings.HasPrefix(lower, "makefile.") || path.Base(dir) == "hooks" && (name == "build" || name == "push")
}
