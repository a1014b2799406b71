package rules

import (
	"fmt"
	"strings"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/catalog"
	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/graph"
)

// ArchDownload finds files for one architecture that are fetched whatever the
// platform of the image is.
func ArchDownload() *lint.Rule {
	return &lint.Rule{
		Name: "arch-download", Since: "0.1.0", Severity: lint.Error, Page: page("arch_download.md"), Fixable: true,
		Summary: "a file for one architecture is fetched",
		Check: func(p *lint.Pass) {
			reportSelections(p, "arch-download", func(s *graph.Selection) (string, string) {
				name, missing := base(s.Text.Display()), platforms(s.Platforms)
				if s.Misnamed != "" {
					return fmt.Sprintf("there is no %s: on %s this file is called %s, not %s, and the build for it cannot fetch it", name, missing, s.Misnamed, s.Word.Text),
						fmt.Sprintf("choose %s or %s by ${TARGETARCH}%s", s.Download.AMD64Word, s.Misnamed, declare(s))
				}
				if s.Word.Text == "" {
					name = last(s.Text.Display())
				}
				message := fmt.Sprintf("%s is for %s only; %s build of this image would contain it", name, s.Architecture, article(missing))
				if s.Builder {
					message = fmt.Sprintf("%s is for %s only; the build fails on %s machine", name, s.Architecture, article(missing))
				}
				help := downloadHelp(s)
				if p, ok := locate(s.Document, s.Span); ok && s.Architecture == "amd64" && checksums.MatchString(facts.SpanOf(p.in).Text()) {
					help += "; the checksum there is that of one file, so give one for each platform"
				}
				return message, help
			})
		},
	}
}

// downloadHelp says what the catalogue knows of the file for the other platform.
func downloadHelp(s *graph.Selection) string {
	d := s.Download
	if d == nil {
		return instead(s)
	}
	switch {
	case never(d):
		return fmt.Sprintf("no file of %s for arm64 is known (catalogue of %s): look for another source, or build it", d.Tool, d.AsOf.Format("2006-01-02"))
	case d.BeforeARM64 && d.Since != "":
		since := "since " + d.Since
		if strings.HasPrefix(d.Since, "after ") {
			since = d.Since
		}
		return fmt.Sprintf("%s: there is a file for arm64 %s; move to a version that has it, and %s", d.Tool, since, instead(s))
	case d.ARM64URL != "" && s.Word.Text == "" && !strings.Contains(d.ARM64URL, "{"):
		return fmt.Sprintf("the file for arm64 is %s: choose by ${TARGETARCH}%s", d.ARM64URL, declare(s))
	}
	return instead(s)
}

// never reports whether no version of a file is known to exist for arm64.
func never(d *catalog.Download) bool {
	return d.ARM64 == catalog.No && !d.BeforeARM64
}
