package arch

import "testing"

func TestSuggest(t *testing.T) {
	for s, want := range map[string]string{
		"linux/arm64v8":     "linux/arm64/v8",
		"linux/arm64-v8":    "linux/arm64/v8",
		"linux/armv7":       "linux/arm/v7",
		"linux/arm32v7":     "linux/arm/v7",
		"linux/armv8":       "linux/arm64",
		"arm64/linux":       "linux/arm64",
		"linux-arm64":       "linux/arm64",
		"linux_amd64":       "linux/amd64",
		`linux\amd64`:       "linux/amd64",
		"linux/x64":         "linux/amd64",
		"Linux/X64":         "linux/amd64",
		"linux/ppc64el":     "linux/ppc64le",
		"windows/x64":       "windows/amd64",
		"linux/x86":         "",
		"linux/amd64/arm64": "",
		"linux/foo":         "",
		"linux":             "",
		"":                  "",
	} {
		got, ok := Suggest(s)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
		if _, err := Parse(s); err == nil && ok {
			t.Errorf("%q is a platform, and another one is suggested", s)
		}
	}
}
