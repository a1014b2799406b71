// Package secret finds what should not be shown again in the text of a repository: the
// passwords in addresses, tokens of well-known forms, the values of headers and variables
// that are for secrets.
//
// Reports quote lines of code, and logs of CI are read by more people than the code. What
// is found is only hidden, not reported: looking for secrets is for other tools.
package secret

import (
	"regexp"
	"slices"
	"strings"
)

// Mask stands for what is hidden.
const Mask = "***"

// form is a form that secrets have. The secret is the first group, or else all of it.
type form struct {
	hints []string // one of which stands in a text that has it, in lower case
	re    *regexp.Regexp
}

var forms = []form{
	// https://user:password@host and, for HTTP, https://token@host.
	{[]string{"@"}, regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s/@:"']*:([^\s/@"']+)@`)},
	{[]string{"@"}, regexp.MustCompile(`(?i)\bhttps?://([^\s/@:"']{12,})@`)},
	{[]string{"="}, regexp.MustCompile(`(?i)[?&](?:access_token|private_token|token|sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature|key|api_?key|password|secret)=([^&\s"'#]+)`)},
	{[]string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, regexp.MustCompile(`\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{16,}`)},
	{[]string{"glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"}, regexp.MustCompile(`\bgl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{16,}`)},
	{[]string{"akia", "asia"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{[]string{"aiza"}, regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{30,}`)},
	{[]string{"dckr_", "npm_", "pypi-", "xox", "sk-", "hvs."}, regexp.MustCompile(`\b(?:dckr_[a-z]+_[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-AgE[A-Za-z0-9_-]{16,}|xox[a-z]-[0-9][A-Za-z0-9-]{12,}|sk-(?:[a-z0-9]+-)?[A-Za-z0-9]{24,}|hvs\.[A-Za-z0-9_-]{20,})`)},
	{[]string{"eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`)},
	{[]string{"authorization", "-token", "api-key"}, regexp.MustCompile(`(?i)\b(?:proxy-authorization|authorization|private-token|job-token|deploy-token|x-[a-z-]*token|x-api-key)["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token)\s+)?([^\s"'\\]+)`)},
	{[]string{"bearer"}, regexp.MustCompile(`(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})`)},
	{[]string{"-u", "--user", "--proxy-user"}, regexp.MustCompile(`(?:^|\s)(?:-u|--user|--proxy-user)[ =]?["']?[^\s:"'=]+:([^\s"']+)`)},
	{[]string{"--password", "--token"}, regexp.MustCompile(`(?:^|\s)--(?:http-|registry-)?(?:password|token)[ =]["']?([^\s"'-][^\s"']*)`)},
	// Variables by their names: NPM_TOKEN=…, AWS_SECRET_ACCESS_KEY: …
	{[]string{"password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "access_key"}, regexp.MustCompile(`\b(?:[A-Z0-9_]*_)?(?:PASSWORD|PASSWD|SECRET|SECRET_ACCESS_KEY|SECRET_KEY|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY)["']?\s*[=:]\s*["']?([^\s"']{8,})`)},
}

// Find returns the ranges of a text to be hidden, in order and apart from one another.
func Find(s string) [][2]int {
	var out [][2]int
	lower := ""
	for _, f := range forms {
		if lower == "" {
			lower = strings.ToLower(s)
		}
		if !slices.ContainsFunc(f.hints, func(hint string) bool { return strings.Contains(lower, hint) }) {
			continue
		}
		for _, m := range f.re.FindAllStringSubmatchIndex(s, -1) {
			at := [2]int{m[len(m)-2], m[len(m)-1]}
			if at[0] < 0 || open(s[at[0]:at[1]]) || strings.HasPrefix(s[at[1]:], "@sha256:") {
				continue
			}
			out = append(out, at)
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int { return a[0] - b[0] })
	joined := out[:0]
	for _, at := range out {
		if n := len(joined); n > 0 && at[0] <= joined[n-1][1] {
			joined[n-1][1] = max(joined[n-1][1], at[1])
			continue
		}
		joined = append(joined, at)
	}
	return joined
}

// open reports whether a text is no secret: a variable that stands for one, a
// placeholder, or what is hidden already.
func open(s string) bool {
	return strings.HasPrefix(s, "$") || strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "<") || strings.HasPrefix(s, "%") || strings.Contains(s, "…") || strings.Contains(s, "\x00") || strings.Trim(s, "*xX.") == ""
}

// Hide replaces what is to be hidden.
func Hide(s string) string {
	found := Find(s)
	if len(found) == 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		b.WriteString(s[at:f[0]])
		b.WriteString(Mask)
		at = f[1]
	}
	b.WriteString(s[at:])
	return b.String()
}
