package rules

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint"
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/discover"
	"github.com/archlint/archlint/lint/format"
	"github.com/archlint/archlint/lint/image"
)

// reasons is a source that knows nothing: the tag of an image is the reason why.
type reasons struct{}

func (reasons) Resolve(_ context.Context, references []string) map[string]image.Answer {
	out := map[string]image.Answer{}
	for _, r := range references {
		_, tag, _ := strings.Cut(r, ":")
		out[r] = image.Answer{Reason: image.Reason(tag), Detail: "because " + tag}
	}
	return out
}

func TestUnknownImageNamesReasonAndRemedy(t *testing.T) {
	all := []image.Reason{image.NotFound, image.Unauthorised, image.RateLimited, image.Unreachable, image.Refused, image.TooLarge, image.Malformed, image.Offline}
	var text strings.Builder
	text.WriteString("services:\n")
	for i, reason := range all {
		fmt.Fprintf(&text, "  s%d:\n    image: quay.io/team/app:%s\n", i, reason)
	}
	text.WriteString("  again:\n    image: quay.io/team/app:malformed\n")
	r := repository{"compose.yaml": text.String()}
	for _, strict := range []bool{false, true} {
		result, err := lint.Run(t.Context(), lint.Options{
			Inputs: []lint.Input{{Path: "compose.yaml", Kind: must(discover.KindOf("compose.yaml")), Report: true}},
			Read:   r.ReadFile, Parse: format.Parse(r, r.has, nil), Rules: []*lint.Rule{UnknownImage()}, Known: ruleNames(),
			Platforms: arch.Default(), Images: reasons{}, Strict: strict, Now: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"not-found": "check its name", "unauthorised": "log in with docker login quay.io", "rate-limited": "try again later", "unreachable": "try again when",
			"refused": "see registries:", "too-large": "imagetools inspect", "malformed": "imagetools inspect", "offline": "without --offline",
		}
		severity := lint.Error
		if !strict {
			delete(want, "offline") // nobody was to be asked
			severity = lint.Info
		}
		got := map[string]string{}
		for _, f := range result.Findings {
			reason := f.Message[strings.LastIndexByte(f.Message, ' ')+1:]
			if !strings.HasPrefix(f.Message, "it is not known for which platforms quay.io/team/app:"+reason+" exists: because") {
				t.Errorf("%s", f.Message)
			}
			if f.Severity != severity {
				t.Errorf("%s: %s", reason, f.Severity)
			}
			if reason == "malformed" && len(f.Related) != 1 {
				t.Errorf("%d related places", len(f.Related))
			}
			got[reason] = want[reason]
			if !strings.Contains(f.Help, want[reason]) {
				t.Errorf("%s: help %q", reason, f.Help)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("strict %v: %s", strict, diff)
		}
	}
}

func must[T any](v T, ok bool) T {
	if !ok {
		panic("not ok")
	}
	return v
}

func TestArchTaggedImageKnowsTheOtherName(t *testing.T) {
	for reference, want := range map[string]string{
		"amd64/alpine:3.20": "use alpine:3.20, which has linux/arm64 (catalogue of 2026-08-21)",
		"amd64/mysql:5.7":   "mysql:5.7 does not have linux/arm64 either (catalogue of 2026-08-21): linux/arm64 is there from 8.0 on. No arm64 for 5.x; move to mysql:8 or to mariadb",
		"amd64/corp-tool:1": "use corp-tool:1, if it has both platforms, or choose by ${TARGETARCH}",
		"quay.io/prometheus/node-exporter-linux-amd64:v1.0.0": "use quay.io/prometheus/node-exporter",
	} {
		found := repository{"Dockerfile": "FROM " + reference + "\n"}.lint(t)
		if len(found) != 1 || found[0].Rule != "arch-tagged-image" || !strings.HasPrefix(found[0].Help, want) {
			t.Errorf("%s: %v\n%s", reference, describeAll(found), found[0].Help)
		}
	}
}
