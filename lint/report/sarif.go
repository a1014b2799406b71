package report

import (
	"io"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/fix"
	"github.com/archlint/archlint/lint/source"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage    = "https://github.com/archlint/archlint"
	// sarifRoot is what paths are relative to; by this name GitHub and viewers know
	// the root of the repository.
	sarifRoot = "%SRCROOT%"
	// sarifFingerprint changes its version when the same finding gets another name.
	sarifFingerprint = "archlint/v1"
	// maxDescription is the length that GitHub allows for the description of a rule.
	maxDescription = 1000
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool             `json:"tool"`
	Invocations []sarifInvocation     `json:"invocations"`
	BaseIDs     map[string]sarifLabel `json:"originalUriBaseIds"`
	Results     []sarifResult         `json:"results"`
	ColumnKind  string                `json:"columnKind"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string        `json:"id"`
	ShortDescription *sarifMessage `json:"shortDescription,omitempty"`
	FullDescription  *sarifMessage `json:"fullDescription,omitempty"`
	HelpURI          string        `json:"helpUri,omitempty"`
	Help             *sarifMessage `json:"help,omitempty"`
	Default          *sarifDefault `json:"defaultConfiguration,omitempty"`
}

type sarifDefault struct {
	Level string `json:"level"`
}

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLabel struct {
	Description sarifMessage `json:"description"`
}

type sarifResult struct {
	Rule         string            `json:"ruleId"`
	Index        int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Fixes        []sarifFix        `json:"fixes,omitempty"`
	Properties   *sarifProperties  `json:"properties,omitempty"`
}

type sarifProperties struct {
	Platforms []string `json:"platforms,omitempty"`
	Safety    string   `json:"safety,omitempty"`
}

type sarifLocation struct {
	ID       *int           `json:"id,omitempty"`
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Message  *sarifMessage  `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI     string `json:"uri"`
	BaseURI string `json:"uriBaseId"`
}

// sarifRegion is a range of code; like ours it ends behind its last character.
type sarifRegion struct {
	Line      int `json:"startLine"`
	Column    int `json:"startColumn"`
	EndLine   int `json:"endLine"`
	EndColumn int `json:"endColumn"`
}

type sarifFix struct {
	Description *sarifMessage    `json:"description,omitempty"`
	Changes     []sarifChange    `json:"artifactChanges"`
	Properties  *sarifProperties `json:"properties,omitempty"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifRegion  `json:"deletedRegion"`
	Inserted sarifMessage `json:"insertedContent"` // also if it is empty: reviewdog's reader fails without it
}

// SARIF writes the report in the Static Analysis Results Interchange Format 2.1.0, for
// code scanning of GitHub and for viewers in editors.
//
// Paths are relative to the root of the repository, wherever archlint was started:
// that is where GitHub looks for them.
func SARIF(w io.Writer, r *lint.Result, o Options) error {
	run := sarifRun{
		Tool: sarifTool{sarifDriver{Name: "archlint", Version: o.Version, InformationURI: homepage, Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{
			Successful:    true,
			Notifications: make([]sarifNotification, 0, len(r.Problems)),
		}},
		BaseIDs:    map[string]sarifLabel{sarifRoot: {sarifMessage{Text: "The root of the repository."}}},
		Results:    make([]sarifResult, 0, len(r.Findings)),
		ColumnKind: "unicodeCodePoints",
	}
	index := map[string]int{}
	add := func(rule sarifRule) {
		index[rule.ID] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
	}
	for _, rule := range o.Rules {
		add(sarifRuleOf(rule))
	}
	names := lint.Fingerprints(r.Findings)
	for i := range r.Findings {
		f := &r.Findings[i]
		if _, ok := index[f.Rule]; !ok { // it is described nowhere
			name := sarifText(f.Rule)
			rule := sarifRule{ID: f.Rule, ShortDescription: &name, FullDescription: &name}
			if ruleName.MatchString(f.Rule) {
				rule.HelpURI = ruleURL(f.Rule)
			}
			add(rule)
		}
		result := sarifResultOf(f)
		result.Index, result.Fingerprints = index[f.Rule], map[string]string{sarifFingerprint: names[i]}
		run.Results = append(run.Results, result)
	}
	for _, p := range r.Problems {
		n := sarifNotification{Level: "warning", Message: sarifText(p.Message)}
		if p.Path != "" {
			at := &sarifPhysical{Artifact: sarifArtifactOf(p.Path)}
			if p.Line > 0 {
				column := max(p.Column, 1)
				at.Region = &sarifRegion{p.Line, column, p.Line, column}
			}
			n.Locations = []sarifLocation{{Physical: at}}
		}
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, n)
	}
	return writeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}, "  ")
}

func sarifResultOf(f *lint.Finding) sarifResult {
	message := sarifText(f.Message)
	if f.Help != "" { // where there is little room, the first sentence is shown
		message.Text += ".\nHelp: " + sarifText(f.Help).Text
	}
	out := sarifResult{Rule: f.Rule, Level: sarifLevel(f.Severity), Message: message}
	if len(f.Platforms) > 0 {
		out.Properties = &sarifProperties{Platforms: f.Platforms.Strings()}
	}
	if at := sarifPhysicalOf(f.Span); at != nil {
		out.Locations = []sarifLocation{{Physical: at}}
	}
	for i, related := range f.Related {
		message := sarifText(related.Message)
		out.Related = append(out.Related, sarifLocation{ID: &i, Physical: sarifPhysicalOf(related.Span), Message: &message})
	}
	if len(edits(f)) > 0 {
		out.Fixes = []sarifFix{sarifFixOf(f.Fix)}
	}
	return out
}

func sarifFixOf(f *lint.Fix) sarifFix {
	out := sarifFix{Properties: &sarifProperties{Safety: "unsafe"}}
	if f.Safe {
		out.Properties.Safety = "safe"
	}
	if f.Description != "" {
		message := sarifText(f.Description)
		out.Description = &message
	}
	changes := map[*source.File]int{}
	for _, edit := range f.Edits {
		file := edit.Span.File
		i, ok := changes[file]
		if !ok {
			i = len(out.Changes)
			changes[file] = i
			out.Changes = append(out.Changes, sarifChange{Artifact: sarifArtifactOf(file.Path)})
		}
		out.Changes[i].Replacements = append(out.Changes[i].Replacements, sarifReplacement{
			Deleted: sarifRegionOf(edit.Span), Inserted: sarifMessage{Text: fix.LineEnds(edit.Text, file.Data)},
		})
	}
	return out
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

func sarifPhysicalOf(s source.Span) *sarifPhysical {
	if s.IsZero() {
		return nil
	}
	region := sarifRegionOf(s)
	return &sarifPhysical{Artifact: sarifArtifactOf(s.File.Path), Region: &region}
}

func sarifRegionOf(s source.Span) sarifRegion {
	p := placeOf(s)
	return sarifRegion{p.line, p.column, p.endLine, p.endColumn}
}

func sarifArtifactOf(path string) sarifArtifact {
	return sarifArtifact{URI: uri(path), BaseURI: sarifRoot}
}

// uri returns a path as a relative reference: all bytes but letters, digits and what
// means nothing in an address are encoded, so that no name is taken for a scheme, a
// query or a fragment.
func uri(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

var (
	sarifPlaceholder = regexp.MustCompile(`\{(\d+)\}`)
	markdownLink     = regexp.MustCompile(`\[([^\[\]]*)\]\(([^()\s]*)\)`)
)

// sarifText returns a message that means itself. In SARIF "[a](b)" is a link and "{0}"
// a placeholder. Other braces stay single: the standard would have them doubled,
// but what shows messages does not undo that.
func sarifText(s string) sarifMessage {
	s = strings.ReplaceAll(Printable(s), "](", "] (")
	return sarifMessage{Text: sarifPlaceholder.ReplaceAllString(s, "{{$1}}")}
}

func sarifRuleOf(r *lint.Rule) sarifRule {
	page := absoluteLinks(r.Page, r.URL())
	about := paragraph(page, "What it does")
	if about == "" {
		about = r.Summary
	}
	return sarifRule{
		ID:               r.Name,
		ShortDescription: &sarifMessage{Text: plainText(r.Summary)},
		FullDescription:  &sarifMessage{Text: shorten(plainText(about), maxDescription)},
		HelpURI:          r.URL(),
		Help:             &sarifMessage{Text: page, Markdown: page},
		Default:          &sarifDefault{Level: sarifLevel(r.Severity)},
	}
}

// absoluteLinks makes the links of a page work where the page does not stand.
func absoluteLinks(page, address string) string {
	base, err := url.Parse(address)
	if err != nil {
		return page
	}
	return markdownLink.ReplaceAllStringFunc(page, func(link string) string {
		parts := markdownLink.FindStringSubmatch(link)
		target, err := base.Parse(parts[2])
		if err != nil {
			return link
		}
		return "[" + parts[1] + "](" + target.String() + ")"
	})
}

// paragraph returns the first paragraph below a heading of a page, on one line.
func paragraph(page, heading string) string {
	_, rest, ok := strings.Cut(page, "\n## "+heading+"\n")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(strings.TrimLeft(rest, "\n"), "\n\n")
	return strings.Join(strings.Fields(text), " ")
}

// plainText takes the links and the code marks of Markdown off a text.
func plainText(s string) string {
	return strings.ReplaceAll(markdownLink.ReplaceAllString(s, "$1"), "`", "")
}

// shorten cuts a text to at most limit characters.
func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
