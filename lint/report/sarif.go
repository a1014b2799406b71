package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/source"
)

// The parts of SARIF 2.1.0 that are written (docs.oasis-open.org/sarif/sarif/v2.1.0).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string             `json:"id"`
		Name             string             `json:"name"`
		ShortDescription sarifText          `json:"shortDescription"`
		Help             *sarifText         `json:"help,omitempty"`
		HelpURI          string             `json:"helpUri"`
		Configuration    sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    *int              `json:"ruleIndex,omitempty"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Fixes        []sarifFix        `json:"fixes,omitempty"`
		Properties   map[string]any    `json:"properties,omitempty"`
	}
	sarifLocation struct {
		ID       *int          `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion   `json:"deletedRegion"`
		Inserted *sarifContent `json:"insertedContent,omitempty"`
	}
	sarifContent struct {
		Text string `json:"text"`
	}
)

// sarifRoot stands for the root of the repository, to which paths are relative
// wherever the program was started: that is how code scanning knows files.
const sarifRoot = "%SRCROOT%"

// SARIF writes the report in the Static Analysis Results Interchange Format, for code
// scanning and editors.
func SARIF(w io.Writer, r *lint.Result, o Options) error {
	driver := sarifDriver{Name: "archlint", InformationURI: "https://github.com/archlint/archlint", Version: o.Version, Rules: []sarifRule{}}
	index := map[string]int{}
	for i, rule := range o.Rules {
		index[rule.Name] = i
		driver.Rules = append(driver.Rules, sarifRule{
			ID: rule.Name, Name: rule.Name, ShortDescription: sarifText{Text: sentence(rule.Summary)}, HelpURI: rule.URL(),
			Help: &sarifText{Text: sentence(rule.Summary) + " See " + rule.URL() + ".", Markdown: rule.Page}, Configuration: sarifConfiguration{Level: sarifLevel(rule.Severity)},
		})
	}
	run := sarifRun{Tool: sarifTool{Driver: driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	invocation := sarifInvocation{Successful: true}
	for _, p := range r.Problems {
		n := sarifNotification{Level: "error", Message: sarifText{Text: p.Message}}
		if p.Path != "" {
			location := sarifLocation{Physical: sarifPhysical{Artifact: artifact(p.Path)}}
			if p.Line > 0 {
				location.Physical.Region = &sarifRegion{StartLine: p.Line, StartColumn: p.Column}
			}
			n.Locations = []sarifLocation{location}
		}
		invocation.Notifications = append(invocation.Notifications, n)
	}
	run.Invocations = []sarifInvocation{invocation}
	fingerprints := lint.Fingerprints(r.Findings)
	for i := range r.Findings {
		f := &r.Findings[i]
		result := sarifResult{
			RuleID: f.Rule, Level: sarifLevel(f.Severity), Message: sarifText{Text: advice(f)}, Locations: locations(f.Span),
			Fingerprints: map[string]string{"archlint/v1": fingerprints[i]},
		}
		if n, ok := index[f.Rule]; ok {
			result.RuleIndex = &n
		}
		if len(f.Platforms) > 0 {
			result.Properties = map[string]any{"platforms": f.Platforms.Strings()}
		}
		for n, related := range f.Related {
			at := location(related.Span)
			at.ID, at.Message = &n, &sarifText{Text: related.Message}
			result.Related = append(result.Related, at)
		}
		if f.Fix != nil {
			result.Fixes = []sarifFix{sarifFixOf(f.Fix)}
		}
		run.Results = append(run.Results, result)
	}
	return writeJSON(w, sarifLog{
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func sarifLevel(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	}
	return "note"
}

func artifact(path string) sarifArtifact {
	return sarifArtifact{URI: (&url.URL{Path: path}).String(), BaseID: sarifRoot}
}

func location(s source.Span) sarifLocation {
	p := placeOf(s)
	region := regionOf(p)
	return sarifLocation{Physical: sarifPhysical{Artifact: artifact(p.path), Region: &region}}
}

// locations is the place of a finding, nothing for one that has none.
func locations(s source.Span) []sarifLocation {
	if s.IsZero() {
		return nil
	}
	return []sarifLocation{location(s)}
}

func regionOf(p place) sarifRegion {
	return sarifRegion{StartLine: p.line, StartColumn: p.column, EndLine: p.endLine, EndColumn: p.endColumn}
}

func sarifFixOf(fix *lint.Fix) sarifFix {
	out := sarifFix{Description: sarifText{Text: fix.Description}}
	if !fix.Safe {
		out.Description.Text += " (needs a look)"
	}
	for _, edit := range fix.Edits {
		p := placeOf(edit.Span)
		replacement := sarifReplacement{Deleted: regionOf(p)}
		if edit.Text != "" {
			replacement.Inserted = &sarifContent{Text: edit.Text}
		}
		uri := artifact(p.path)
		if n := len(out.Changes); n > 0 && out.Changes[n-1].Artifact == uri {
			out.Changes[n-1].Replacements = append(out.Changes[n-1].Replacements, replacement)
			continue
		}
		out.Changes = append(out.Changes, sarifChange{Artifact: uri, Replacements: []sarifReplacement{replacement}})
	}
	return out
}

// sentence begins a text with a capital and ends it with a stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// advice is what is wrong and what to do, as sentences.
func advice(f *lint.Finding) string {
	text := f.Message + "."
	if f.Help != "" {
		text += " " + sentence(f.Help)
	}
	return text
}

// writeJSON writes a document as [JSON] does.
func writeJSON(w io.Writer, document any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}
