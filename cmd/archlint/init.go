package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/config"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/rules"
)

func newInit() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration to begin with",
		Long: `Looks at the repository, asking no registry, and writes .archlint.yaml at its root:
everything in it is a comment, what fits this repository among it. A configuration
that is there is left as it is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.init(cmd) },
	}
	f.registerRepository(cmd)
	return cmd
}

func (f *flags) init(cmd *cobra.Command) error {
	f.offline = true
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	r, err := f.openAll()
	if err != nil {
		return err
	}
	if name, ok := config.Discover(r.root, r.root); ok {
		return usage(fmt.Errorf("there is %s already", path.Base(name)))
	}
	if err := f.find(ctx, cmd, r, nil); err != nil {
		return err
	}
	o := f.options(r, f.images(r))
	o.Rules = rules.All()
	result, err := lint.Run(ctx, o)
	if err != nil {
		return f.failed(err)
	}
	if err := fix.Create(r.root, config.Name, configuration(result)); err != nil {
		return failure(err)
	}
	errors, warnings, infos := result.Count()
	fmt.Fprintf(cmd.OutOrStdout(), "%s: written; %s in %s\n", config.Name, count(errors+warnings+infos, "finding"), count(result.Files, "file"))
	return nil
}

// samples are directories of files that nothing is run from.
var samples = []string{"testdata", "fixtures", "examples", "third_party", "vendor"}

// configuration is a configuration in which nothing is set.
func configuration(r *lint.Result) []byte {
	var exclude, images []string
	for i := range r.Findings {
		if r.Findings[i].Span.IsZero() {
			continue
		}
		parts := strings.Split(path.Dir(r.Findings[i].Span.File.Path), "/")
		for n, part := range parts {
			if slices.Contains(samples, part) {
				exclude = append(exclude, strings.Join(parts[:n+1], "/")+"/**")
				break
			}
		}
	}
	for i := range r.Images {
		reference, err := image.Parse(r.Images[i].Reference)
		if err == nil && !r.Images[i].Answer.Known && !public(reference.Registry) {
			images = append(images, reference.Registry+"/**")
		}
	}
	b := []byte(`# yaml-language-server: $schema=https://raw.githubusercontent.com/archlint/archlint/main/docs/archlint.schema.json
#
# The configuration of archlint. Nothing has to be set; what is shown are the forms.

# The platforms that everything has to support. These are the ones if nothing is said.
# platforms: [linux/amd64, linux/arm64]

# Files that are not read.
# exclude:
`)
	b = lines(b, exclude, "third_party/**", `#   - "%s"`)
	b = append(b, `
# The severity of rules: off, info, warning or error. "archlint rules" lists them.
# rules:
#   unknown-image: off

# What is different for some files: other platforms, rules that do not count.
# paths:
#   "legacy/**":
#     platforms: [linux/amd64]
#   "tests/**":
#     ignore: [arch-download]

# What you know of images that archlint cannot ask for.
# images:
`...)
	b = lines(b, images, "registry.example.com/base/*", `#   "%s": [linux/amd64, linux/arm64]`)
	return append(b, `
# Which registries are asked, and how. "archlint lock" keeps what they say.
# registries:
#   allow: [docker.io, ghcr.io, quay.io]
`...)
}

// lines adds a line for each of the texts, or for an example.
func lines(b []byte, texts []string, example, form string) []byte {
	slices.Sort(texts)
	if texts = slices.Compact(texts); len(texts) == 0 {
		texts = []string{example}
	}
	for _, t := range texts[:min(len(texts), 10)] {
		b = fmt.Appendf(b, form+"\n", strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' || r == '"' || r == '\\' {
				return '?' // any character, to the pattern
			}
			return r
		}, t))
	}
	return b
}

// public reports whether anybody may ask a registry.
func public(registry string) bool {
	switch registry {
	case "docker.io", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "k8s.gcr.io", "public.ecr.aws", "mcr.microsoft.com", "registry.gitlab.com", "docker.elastic.co", "cgr.dev":
		return true
	}
	return false
}
