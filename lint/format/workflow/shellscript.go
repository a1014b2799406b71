package workflow

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/shell"
	"github.com/archlint/archlint/lint/source"
)

// maxScriptImages is the number of images read from one script.
const maxScriptImages = 200

var (
	runs        = regexp.MustCompile(`\b(?:docker|podman|nerdctl)\s+(?:container\s+)?(?:run|create)\b`)
	ignoreLines = regexp.MustCompile(`(?m)(?:^|[ \t])#[ \t]*(archlint:[^\r\n]*)`)
)

// ParseScript reads which images a shell script runs. It is evaluated as on a machine of
// each of the usual architectures, since nothing says on which it will run; what it runs
// is only likely to be run there. One that runs none is doubtful.
func ParseScript(f *source.File) *facts.Document {
	doc := &facts.Document{File: f, Kind: facts.Script, Doubtful: true}
	if !runs.Match(f.Data) {
		return doc
	}
	script := source.Verbatim(f.Span(0, len(f.Data)))
	byPlace := map[source.Span]*facts.ImageUse{}
	built := map[string]bool{}
	both := arch.Set{arch.LinuxAMD64, arch.LinuxARM64}
	for _, platform := range both {
		result, err := shell.Evaluate(script, shell.Options{Architecture: platform.Architecture})
		if err != nil {
			return doc
		}
		for _, c := range result.Commands {
			tool := c.Name()
			if tool != "docker" && tool != "podman" && tool != "nerdctl" {
				continue
			}
			name, image, asked := ran(tool, c, built)
			if reference, ok := image.Values, len(image.Values) == 1; !ok || !reference[0].Known() || !namesImage(reference[0].String()) {
				continue
			}
			use := byPlace[image.Span]
			if use == nil {
				if len(doc.Images) >= maxScriptImages {
					continue
				}
				use = &facts.ImageUse{Role: facts.RoleRun, Name: name, Span: image.Span, References: []facts.Value{image.Values[0]}, Inferred: true}
				byPlace[image.Span] = use
				doc.Images = append(doc.Images, use)
				if len(asked.Values) == 1 && constant(asked.Values[0]) {
					use.Platform = &facts.Pin{Value: asked.Values[0], Span: spanOf(asked.Values[0], asked.Span), What: name, Setting: "--platform", Image: use}
					doc.Pins = append(doc.Pins, use.Platform)
				}
			} else {
				use.References = distinctTexts(append(use.References, image.Values[0]))
			}
			use.Platforms = use.Platforms.Add(platform)
		}
	}
	for _, use := range doc.Images {
		switch {
		case len(use.References) > 1:
			use.Platforms = arch.Set{} // each has its own
		case len(use.Platforms) == len(both):
			use.Platforms = nil // whatever it runs on
		}
		for _, reference := range use.References {
			use.Builds = use.Builds || built[repository(reference.String())]
		}
	}
	if len(doc.Images) > 0 {
		doc.Doubtful = false
		if bytes.Contains(f.Data, []byte("archlint:")) {
			for _, m := range ignoreLines.FindAllSubmatchIndex(f.Data, -1) {
				start := m[2] - 1
				for f.Data[start] != '#' {
					start--
				}
				doc.Comments = append(doc.Comments, facts.Comment{Text: strings.TrimSpace(string(f.Data[m[2]:m[3]])), Span: f.Span(start, m[3])})
			}
		}
	}
	return doc
}

// ran returns the image that a command runs, and the platform that it asks for. It notes
// what is built under which name.
func ran(tool string, c *shell.Command, built map[string]bool) (name string, image, platform shell.Word) {
	words := parseArguments(c.Words[1:], globalSwitches, true).positional
	for len(words) > 0 {
		sub, _ := words[0].Text()
		name, words = tool+" "+sub, words[1:]
		switch sub {
		case "container", "image", "buildx":
			continue
		case "run", "create":
			a := parseArguments(words, runSwitches, true)
			if len(a.positional) == 0 || anything(a.positional[0]) {
				return name, shell.Word{}, shell.Word{}
			}
			platform, _ = a.last("--platform")
			return name, a.positional[0], platform
		case "build", "tag", "import", "load", "commit":
			a := parseArguments(words, buildSwitches, false)
			names := a.all("-t", "--tag")
			if sub != "build" {
				names = a.positional
			}
			for _, word := range names {
				for _, v := range word.Values {
					built[repository(v.String())] = true
				}
			}
		}
		return name, shell.Word{}, shell.Word{}
	}
	return "", shell.Word{}, shell.Word{}
}

// namesImage reports whether a reference is one to pull: a single word may as well be what
// somebody has built here.
func namesImage(reference string) bool {
	return strings.ContainsAny(reference, "/:@") && !strings.HasPrefix(reference, "-") && !strings.ContainsAny(reference, " $<>{}")
}
