package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/graph"
	"github.com/archlint/archlint/lint/image"
)

// PinnedNodeArchitecture finds selectors that keep what could run anywhere on nodes of
// one architecture.
func PinnedNodeArchitecture() *lint.Rule {
	return &lint.Rule{
		Name: "pinned-node-architecture", Since: "0.1.0", Severity: lint.Warning, Page: page("pinned_node_architecture.md"), Fixable: true,
		Summary: "a node selector or affinity keeps a workload off a required platform",
		Check: func(p *lint.Pass) {
			for _, placement := range p.Project.Placements {
				ready := len(placement.Images) > 0
				because := false // of an image that is not there for the platform
				for _, i := range placement.Images {
					answer := p.Answer(i.Reference)
					lacks := answer.Known && len(answer.Missing(placement.Missing)) > 0
					ready = ready && answer.Known && !lacks
					// One that is named after the architecture is one of several.
					_, several := image.MultiPlatformName(i.Reference)
					because = because || lacks && !several
				}
				if because {
					continue // single-arch-image says so
				}
				f := lint.Finding{
					Span: placement.Span, Platforms: placement.Missing,
					Message: fmt.Sprintf("%s runs on %s nodes only, and is never scheduled on %s", placement.What, strings.Join(placement.Architectures, ", "), placement.Missing),
					Help:    placementHelp(placement, ready),
				}
				if placement.Machine != "" {
					f.Message = fmt.Sprintf("%s runs on machines like %s only, which are %s, and is never scheduled on %s",
						placement.What, placement.Machine, strings.Join(placement.Architectures, ", "), placement.Missing)
				}
				switch {
				case placement.Pool:
					f.Severity = lint.Info
					f.Message = fmt.Sprintf("%s has %s nodes only, and no other pool here has one for %s", placement.What, strings.Join(placement.Architectures, ", "), placement.Missing)
				case placement.Implicit:
					f.Severity = lint.Info
					f.Message = fmt.Sprintf("%s names no architecture, and so runs on amd64, not on %s", placement.What, placement.Missing)
				case placement.Service:
					if placement.Required {
						f.Severity = lint.Info
					}
					f.Message = fmt.Sprintf("%s asks for %s, and does not run on %s", placement.What, placement.Span.Text(), placement.Missing)
				case placement.Default:
					f.Message = fmt.Sprintf("unless it is told otherwise, %s runs on %s nodes only, and not on %s", placement.What, strings.Join(placement.Architectures, ", "), placement.Missing)
				}
				if ready && !placement.Service && placement.Machine == "" {
					f.Fix = placementFix(placement)
				}
				p.Report(f)
			}
		},
	}
}

func placementHelp(p *graph.Placement, ready bool) string {
	if p.Service {
		help := "it has to be one: ask for arm64"
		if len(p.Images) > 0 && !ready {
			help += " once its images are there for it"
		}
		if p.Implicit {
			help += fmt.Sprintf(" by %s", p.Setting)
		}
		return help
	}
	if p.Machine != "" {
		help := "allow machines of the other architecture, too"
		if p.Pool {
			return help + ", or add a pool of them"
		}
		return help + ", once all its images are there for " + p.Missing.String()
	}
	all := strings.Join(append(p.Architectures[:len(p.Architectures):len(p.Architectures)], names(p.Missing)...), ", ")
	help := fmt.Sprintf("take the selector out, or require %s In [%s] by a node affinity", "kubernetes.io/arch", all)
	if p.Setting == "constraints" {
		help = "take the constraint out"
	}
	if p.Setting == "nodeAffinity" {
		help = fmt.Sprintf("allow %s", all)
	}
	if p.Pool {
		return fmt.Sprintf("allow %s, or add a pool for it", all)
	}
	if ready {
		return help + "; all images of it are there for " + p.Missing.String()
	}
	return help + ", once all its images are there for " + p.Missing.String()
}

func names(s arch.Set) []string {
	var out []string
	for _, p := range s {
		out = append(out, p.Architecture)
	}
	return out
}

// placementFix lets a workload run on the missing platforms too.
func placementFix(p *graph.Placement) *lint.Fix {
	f := p.Span.File
	if p.Setting == "nodeAffinity" {
		if !p.Alone || len(p.Values) == 0 {
			return nil
		}
		last := p.Values[len(p.Values)-1]
		line := f.Line(f.LineAt(last.Start))
		start, _ := f.LineRange(f.LineAt(last.Start))
		separator := ", "
		if before := string(f.Data[start:last.Start]); strings.TrimLeft(before, " ") == "- " || strings.TrimLeft(before, " ") == "- \"" {
			separator = "\n" + before
		} else if !strings.Contains(line, "[") || !strings.Contains(line, "]") {
			return nil
		}
		if strings.ContainsAny(separator, "\"'") || last.End < len(f.Data) && (f.Data[last.End] == '"' || f.Data[last.End] == '\'') {
			return nil
		}
		text := ""
		for _, name := range names(p.Missing) {
			text += separator + name
		}
		return &lint.Fix{Safe: true, Description: "allow " + p.Missing.String() + " too", Edits: []lint.Edit{{Span: f.Span(last.End, last.End), Text: text}}}
	}
	return selectorFix(p)
}

// selectorFix writes a required affinity in place of the label of a nodeSelector, or
// above what is left of it.
func selectorFix(p *graph.Placement) *lint.Fix {
	f := p.Span.File
	if p.Whole.IsZero() || p.Default || strings.Contains(p.Whole.Text(), "#") {
		return nil
	}
	first := f.LineAt(p.Whole.Start)
	start, _ := f.LineRange(first)
	before := string(f.Data[start:p.Whole.Start])
	if strings.Trim(before, " -") != "" {
		return nil // it does not begin the line
	}
	_, end := f.LineRange(f.LineAt(p.Whole.End))
	if strings.Trim(string(f.Data[p.Whole.End:end]), "}\"' ") != "" {
		return nil
	}
	newline := "\n"
	if strings.Contains(f.Line(first)+string(f.Data[start:end]), "\r\n") || end < len(f.Data) && f.Data[end] == '\r' {
		newline = "\r\n"
	}
	indent := newline + strings.Repeat(" ", len(before))
	text := "affinity:" + indent + "  nodeAffinity:" + indent + "    requiredDuringSchedulingIgnoredDuringExecution:" + indent + "      nodeSelectorTerms:" +
		indent + "        - matchExpressions:" + indent + "            - key: kubernetes.io/arch" + indent + "              operator: In" +
		indent + "              values: [" + strings.Join(append(p.Architectures[:len(p.Architectures):len(p.Architectures)], names(p.Missing)...), ", ") + "]"
	fix := &lint.Fix{Safe: true, Description: "require an architecture of " + strings.Join(p.Architectures, ", ") + ", " + strings.Join(names(p.Missing), ", ") + " by an affinity"}
	if p.Alone {
		fix.Edits = []lint.Edit{{Span: f.Span(p.Whole.Start, end), Text: text}}
		return fix
	}
	n := f.LineAt(p.Line.Start)
	from, _ := f.LineRange(n)
	_, to := f.LineRange(n)
	if n == first || n == f.Lines() || strings.Trim(string(f.Data[from:p.Line.Start])+string(f.Data[p.Line.End:to]), " \"'") != "" {
		return nil // the labels stand in one line
	}
	next, _ := f.LineRange(n + 1)
	fix.Edits = []lint.Edit{{Span: f.Span(p.Whole.Start, p.Whole.Start), Text: text + indent}, {Span: f.Span(from, next)}}
	return fix
}
