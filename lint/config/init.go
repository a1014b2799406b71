package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/arch"
)

// Found is what a look at a repository gives for a first configuration. Its words go
// into the file as they are.
type Found struct {
	Platforms arch.Set // to require
	Because   string   // why, a sentence; "" if it is the default
	// Others are platforms that only some builds are for.
	Others arch.Set
	// Folders have files that may be other people's or examples, Registries images of
	// which nothing is known.
	Folders, Registries []string
}

// Template writes a first configuration: what is set, and behind # without a blank
// what could be.
func Template(found Found) []byte {
	var b strings.Builder
	prose := func(text string) {
		line := "#"
		for word := range strings.FieldsSeq(text) {
			if len(line)+1+len(word) > 80 {
				b.WriteString(line + "\n")
				line = "#"
			}
			line += " " + word
		}
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "# yaml-language-server: $schema=%s\n", SchemaURL)
	prose("Configuration of archlint. All of it is optional; remove the # from what you need. https://github.com/archlint/archlint/blob/main/docs/configuration.md says more.")
	b.WriteString("\n")

	prose("The platforms that everything has to support. " + found.Because)
	if len(found.Others) > 0 {
		prose("Some builds are for " + found.Others.String() + ", too; add what is to work everywhere.")
	}
	fmt.Fprintf(&b, "platforms: [%s]\n\n", found.Platforms)

	prose("Files that are not read at all, relative to this file. What .gitignore names is not read anyway.")
	folders := found.Folders
	if len(folders) == 0 {
		folders = []string{"third_party"}
	} else {
		prose("These have files that archlint reads, and may be examples or other people's:")
	}
	b.WriteString("#exclude:\n")
	for _, folder := range folders {
		fmt.Fprintf(&b, "#  - %q\n", folder+"/**")
	}
	b.WriteString("\n")

	prose("How much the findings of a rule matter: off, info, warning or error. archlint rules lists the rules.")
	b.WriteString("#rules:\n#  arch-path: warning\n\n")

	prose("What holds for a part of the repository; the last pattern that matches a file gives its platforms.")
	b.WriteString("#paths:\n#  \"legacy/**\":\n#    platforms: [linux/amd64]\n#  \"tests/**\":\n#    ignore: [arch-download]\n\n")

	prose("What you know of images that archlint cannot look up. It goes before all that registries say.")
	registries := found.Registries
	if len(registries) == 0 {
		registries = []string{"registry.example.com"}
	} else {
		prose("Your files name images of these registries, of which nothing is known offline:")
	}
	b.WriteString("#images:\n")
	for _, registry := range registries {
		fmt.Fprintf(&b, "#  %q: [%s]\n", registry+"/**", found.Platforms)
	}
	b.WriteString("\n")

	prose("How registries are asked: which may be, and which to ask in their place.")
	b.WriteString("#registries:\n#  allow: [docker.io, ghcr.io]\n#  mirrors:\n#    docker.io: [mirror.gcr.io]\n")
	return []byte(b.String())
}

// maxFound is how many folders and registries a first configuration names.
const maxFound = 8

// folderWords are names of folders whose files are seldom built by the repository itself.
var folderWords = []string{"example", "examples", "external", "fixtures", "samples", "test", "testdata", "tests", "third_party", "third-party", "thirdparty", "vendor"}

// AsideFolders returns the topmost folders of files that by their names may be examples
// or other people's.
func AsideFolders(paths []string) []string {
	var out []string
	for _, path := range paths {
		parts := strings.Split(path, "/")
		for i, part := range parts[:len(parts)-1] {
			if slices.Contains(folderWords, strings.ToLower(part)) {
				out = append(out, strings.Join(parts[:i+1], "/"))
				break
			}
		}
	}
	return plainest(out)
}

// plainest returns the first words that can stand in the file as they are.
func plainest(words []string) []string {
	words = slices.DeleteFunc(slices.Clone(words), func(s string) bool {
		return s == "" || len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-/:", r))
		})
	})
	slices.Sort(words)
	words = slices.Compact(words)
	return words[:min(len(words), maxFound)]
}

// UnknownRegistries returns the hosts that a first configuration names.
func UnknownRegistries(hosts []string) []string {
	return plainest(slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return slices.Contains(publicRegistries, canonical(h)) }))
}

// publicRegistries answer everybody, so that there is nothing to say about their images.
var publicRegistries = []string{
	"docker.elastic.co", "docker.io", "gcr.io", "ghcr.io", "lscr.io", "mcr.microsoft.com", "nvcr.io", "public.ecr.aws", "quay.io", "registry.gitlab.com",
	"registry.k8s.io",
}
