package graph

import (
	"path"
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/shell"
)

// checksum are the endings of files that go with a download.
var checksum = []string{".sha256", ".sha256sum", ".sha512", ".sha512sum", ".sha1", ".md5", ".asc", ".sig", ".pem", ".cert", ".sbom", ".checksum", ".intoto.jsonl", ".bundle", ".sbom.json", ".sha", ".sha256.txt"}

// words returns the architectures that a text of a kind selects.
func words(kind shell.Kind, text string) []arch.Word {
	if kind == shell.Flag {
		return arch.Flags(text)
	}
	all := arch.Words(text)
	if len(all) == 0 {
		return nil
	}
	switch kind {
	case shell.Fetch:
		end := len(text)
		if i := strings.IndexAny(text, "?#"); i >= 0 {
			end = i
		}
		start := strings.LastIndexByte(text[:end], '/') + 1
		var last []arch.Word
		for _, w := range all {
			if w.Start >= start && w.End <= end {
				last = append(last, w)
			}
		}
		if len(last) > 0 {
			return last
		}
		if neutralFile(text[:end]) {
			return nil
		}
	case shell.Path:
		var out []arch.Word
		last := strings.LastIndexByte(strings.TrimRight(text, "/"), '/') + 1
		for _, w := range all {
			if w.End <= last && neutralFile(text) {
				continue
			}
			// qemu-aarch64-static emulates that architecture and runs on others.
			if !strings.HasSuffix(text[:w.Start], "qemu-") {
				out = append(out, w)
			}
		}
		return out
	case shell.Package:
		if crossTool(text) {
			return nil
		}
	}
	return all
}

// forge matches the source archives and the plain files of code hosts.
var forge = regexp.MustCompile(`//(?:www\.)?(?:github\.com|bitbucket\.org|codeberg\.org|gitea\.com)/[^/]+/[^/]+/(?:archive|raw|get|tarball|zipball)/`)

// neutralFile reports whether a URL names a file that is the same for every
// architecture, whatever the folders above it are called: source archives, keys,
// scripts, Java archives.
func neutralFile(url string) bool {
	if forge.MatchString(url) || strings.Contains(url, "//raw.githubusercontent.com/") || strings.Contains(url, "//codeload.github.com/") || strings.Contains(url, "/-/archive/") || strings.Contains(url, "/-/raw/") {
		return true
	}
	for _, ending := range []string{".noarch.rpm", ".src.rpm", "_all.deb", "-none-any.whl", "-noarch.apk"} {
		if strings.HasSuffix(url, ending) {
			return true
		}
	}
	switch path.Base(url) {
	case "Packages", "Packages.gz", "Packages.xz", "Release", "InRelease", "Release.gpg":
		return true
	}
	switch path.Ext(url) {
	case ".jar", ".war", ".sh", ".py", ".gpg", ".key", ".pub", ".txt", ".json", ".yaml", ".yml", ".md", ".patch", ".diff", ".conf", ".list", ".repo", ".html", ".xml":
		return true
	}
	return false
}

// crossTool reports whether a package is a tool that makes or runs programs of
// another architecture: it is there on every architecture.
func crossTool(name string) bool {
	for _, s := range []string{"-linux-gnu", "-linux-musl", "crossbuild-essential", "-cross", "qemu-", "-elf", "-none-eabi", "mingw"} {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

// soVersion is the version at the end of a shared library's name, which goes
// with the architecture for the dynamic loader.
var soVersion = regexp.MustCompile(`\.so\.[0-9]+$`)

// family is what the files of one thing for several architectures have in
// common: the text without architectures and the words that go with them.
func family(kind shell.Kind, text string) string {
	t := strings.ReplaceAll(strings.ToLower(template(text)), "/lib64/", "/lib/")
	for _, s := range []string{"linux", "unknown", "-gnueabihf", "-gnu", "-musl", "debian", "ubuntu"} {
		t = strings.ReplaceAll(t, s, "")
	}
	t = soVersion.ReplaceAllString(t, "")
	return string(rune('0'+kind)) + strings.Map(func(r rune) rune {
		switch r {
		case '-', '_', '.':
			return -1
		}
		return r
	}, t)
}

// bare reports whether a text is nothing but the name of an architecture or a
// platform.
func bare(text string) bool {
	text = strings.Trim(text, `"'`)
	words := arch.Words(text)
	if len(words) != 1 {
		return false
	}
	rest := strings.ToLower(text[:words[0].Start] + text[words[0].End:])
	rest = strings.NewReplacer("linux", "", "/", "", "-", "", "_", "", ".", "").Replace(rest)
	return rest == "" || rest == "v8" || rest == "v2" || rest == "v3"
}
