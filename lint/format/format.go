// Package format lists the front ends: one package a format, each of which turns
// a file into facts.
package format

import (
	"path"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/format/aws"
	"github.com/archlint/archlint/lint/format/bake"
	"github.com/archlint/archlint/lint/format/buildscript"
	"github.com/archlint/archlint/lint/format/compose"
	"github.com/archlint/archlint/lint/format/devcontainer"
	"github.com/archlint/archlint/lint/format/dockerfile"
	"github.com/archlint/archlint/lint/format/goreleaser"
	"github.com/archlint/archlint/lint/format/kubernetes"
	"github.com/archlint/archlint/lint/format/terraform"
	"github.com/archlint/archlint/lint/format/workflow"
	"github.com/archlint/archlint/lint/source"
)

// Files reads other files of the repository, for formats that refer to some.
// Paths are relative to the root of the repository, with slashes.
type Files interface {
	ReadFile(path string) ([]byte, error)
}

// Parse returns the front end of each kind of file. linted tells which files are
// read on their own, so that what another file takes over from them is not
// reported twice.
// charts are those that were rendered, nil if none was.
func Parse(files Files, linted func(path string) bool, charts *kubernetes.Charts) func(kind facts.Kind, f *source.File) *facts.Document {
	return func(kind facts.Kind, f *source.File) *facts.Document {
		switch kind {
		case facts.Compose, facts.Action, facts.GoReleaser, facts.GitLabCI, facts.CodeBuild:
			if kubernetes.IsManifest(f.Data) {
				kind = facts.Kubernetes
			}
		}
		switch kind {
		case facts.Dockerfile:
			return dockerfile.Parse(f)
		case facts.Compose:
			return compose.Parse(f, compose.Options{Files: files, Linted: linted})
		case facts.Workflow:
			return workflow.Parse(f, workflow.Options{Files: files})
		case facts.Action:
			return workflow.ParseAction(f, workflow.Options{Files: files})
		case facts.Bake:
			return bake.Parse(f)
		case facts.DevContainer:
			return devcontainer.Parse(f)
		case facts.GoReleaser:
			d := goreleaser.Parse(f)
			d.Builds = append(d.Builds, buildscript.Parse(f).Builds...)
			return d
		case facts.GitLabCI:
			d := workflow.ParseGitLab(f, workflow.Options{Files: files})
			d.Builds = append(d.Builds, buildscript.Parse(f).Builds...)
			return d
		case facts.CodeBuild:
			d := workflow.ParseCodeBuild(f, workflow.Options{Files: files})
			d.Builds = append(d.Builds, buildscript.Parse(f).Builds...)
			return d
		case facts.Kubernetes:
			if aws.MayBeTemplate(f.Data) {
				return aws.Parse(f)
			}
			d := kubernetes.Parse(f, files, charts)
			if path.Base(f.Path) == "build.yaml" || path.Base(f.Path) == "build.yml" { // of Home Assistant
				script := buildscript.Parse(f)
				if d.Doubtful {
					return script
				}
				d.Builds = append(d.Builds, script.Builds...)
			}
			return d
		case facts.AWS:
			return aws.Parse(f)
		case facts.Terraform:
			return terraform.Parse(f)
		case facts.Script:
			d := workflow.ParseScript(f)
			if d.Doubtful {
				return buildscript.Parse(f)
			}
			d.Builds = append(d.Builds, buildscript.Parse(f).Builds...)
			return d
		case facts.BuildScript:
			return buildscript.Parse(f)
		}
		return &facts.Document{File: f, Kind: kind}
	}
}
