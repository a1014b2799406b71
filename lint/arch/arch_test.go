package arch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWordsAreWholeWords(t *testing.T) {
	tests := []struct{ text, want string }{
		{"https://x/kubectl-linux-amd64", "amd64:amd64"},
		{"tool_1.2_Linux_x86_64.tar.gz", "amd64:x86_64"},
		{"node-v20-linux-x64.tar.xz", "amd64:x64"},
		{"trivy_0.18_Linux-64bit.deb", "amd64:Linux-64bit"},
		{"jq-linux64", "amd64:linux64"},
		{"micromamba/linux-64/latest", "amd64:linux-64"},
		{"linuxx64", "amd64:linuxx64"},
		{"Miniconda3-py39-Linux-x86_64.sh", "amd64:x86_64"},
		{"/usr/lib/x86_64-linux-gnu", "amd64:x86_64"},
		{"ld-linux-x86-64.so.2", "amd64:x86-64"},
		{"arm64v8/alpine", "arm64:arm64v8"},
		{"protoc-3-linux-aarch_64.zip", "arm64:aarch_64"},
		{"java-17-openjdk-amd64", "amd64:amd64"},
		{"linux/arm/v7 armhf", "arm:armhf"},
		{"a-amd64-b-arm64", "amd64:amd64 arm64:arm64"},
		{"AMD64 X64", "amd64:AMD64 amd64:X64"},
		{"camd64 amd640 x640 share power tools", ""},
		{"linux-64.2", ""},
		{"linuxamd64.Dockerfile", "amd64:amd64"},
		{"linuxarm64v8 linuxarm32v7", "arm64:arm64v8 arm:arm32v7"},
		{"tool-darwinarm64", "arm64:arm64"},
		{"sdk_Linux64_armv8l.tgz", "arm64:armv8l"},
		{"archlinuxamd64", ""},
		{"x86_64_v3", "amd64:x86_64"},
		{"ppc64le s390x riscv64", "ppc64le:ppc64le s390x:s390x riscv64:riscv64"},
	}
	for _, tt := range tests {
		var got []string
		for _, w := range Words(tt.text) {
			if tt.text[w.Start:w.End] != w.Text {
				t.Errorf("%q: word %q stands at %q", tt.text, w.Text, tt.text[w.Start:w.End])
			}
			got = append(got, w.Architecture+":"+w.Text)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("Words(%q): %s", tt.text, diff)
		}
	}
}

func TestWordsKnowTheSystem(t *testing.T) {
	for text, want := range map[string]string{
		"tool-darwin-arm64":          "darwin",
		"tool-linux-amd64":           "linux",
		"https://x/linux/tool.amd64": "linux",
		"tool-windows-amd64.exe":     "windows",
		"x86_64-apple-darwin":        "darwin",
		"tool-amd64":                 "",
		"win-x64":                    "windows",
		"tool_win_amd64.zip":         "windows",
		"linux-amd64-wasm-to-oci":    "linux",
		"windowless-amd64":           "",
		"x86_64-unknown-none":        "none",
	} {
		if got := Words(text)[0].OS; got != want {
			t.Errorf("Words(%q) are for %q, want %q", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct{ in, want string }{
		{"linux/amd64", "linux/amd64"},
		{"linux/arm64/v8", "linux/arm64"},
		{"linux/aarch64", "linux/arm64"},
		{"amd64", "linux/amd64"},
		{"linux", "linux/amd64"},
		{"linux/arm", "linux/arm/v7"},
		{"linux/arm/v6", "linux/arm/v6"},
		{"LINUX/AMD64", "linux/amd64"},
		{"linux/arm64v8", ""},
		{"linux/x64", ""},
		{"", ""},
		{"a/b/c/d", ""},
	}
	for _, tt := range tests {
		p, err := Parse(tt.in)
		got := ""
		if err == nil {
			got = p.String()
		}
		if got != tt.want {
			t.Errorf("Parse(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestMissingComparesVariants(t *testing.T) {
	required, err := ParseSet("linux/amd64,linux/arm64, linux/arm/v7")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ have, missing string }{
		{"linux/amd64,linux/arm64/v8,linux/arm/v6", ""},
		{"linux/amd64", "linux/arm64, linux/arm/v7"},
		{"windows/amd64", "linux/amd64, linux/arm64, linux/arm/v7"},
		{"linux/amd64/v3,linux/arm64,linux/arm", "linux/amd64"},
	}
	for _, tt := range tests {
		have, err := ParseSet(tt.have)
		if err != nil {
			t.Fatal(err)
		}
		if got := have.Missing(required).String(); got != tt.missing {
			t.Errorf("%s misses %q, want %q", tt.have, got, tt.missing)
		}
	}
}

// Texts are passed over quickly if they have no part of any spelling.
func TestEverySpellingIsLookedFor(t *testing.T) {
	for _, spelling := range vocabulary {
		for _, text := range []string{spelling.text, strings.ToUpper(spelling.text)} {
			if !mayHaveWords(text) || len(Words(text)) == 0 {
				t.Errorf("%s is not found", text)
			}
		}
	}
}

func BenchmarkWords(b *testing.B) {
	text := "curl -fsSL https://github.com/a/b/releases/download/v1.2.3/tool_1.2.3_linux_amd64.tar.gz -o /tmp/tool.tar.gz"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Words(text)
	}
}
