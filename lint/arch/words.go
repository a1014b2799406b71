package arch

import "strings"

// Word is an architecture named in a text.
type Word struct {
	Start, End   int    // bytes in the text that was searched
	Text         string // as written
	Architecture string // in Go's spelling
	Style        Style  // which family of names it belongs to
	OS           string // linux, darwin, windows when the text around it says so, else ""
}

// Style is a family of architecture names that are used together.
type Style int

// The families, by the name that each gives to amd64 and to arm64.
const (
	StyleGo      Style = iota // amd64, arm64: Go, Debian, BuildKit
	StyleKernel               // x86_64, aarch64: uname -m, RPM, Alpine, GNU and Rust triples
	StyleNode                 // x64, arm64: Node.js, .NET, Microsoft
	StyleBits                 // 64bit, ARM64: HashiCorp of old, Trivy
	StyleLinux64              // linux64, linuxarm64: jq, SDKMAN, ChromeDriver
	StyleConda                // linux-64, linux-aarch64
	StyleOther
)

type spelling struct {
	text         string
	architecture string
	style        Style
}

// vocabulary lists the spellings, longer ones before those they begin with.
var vocabulary = []spelling{
	{"linux-x86_64", "amd64", StyleKernel},
	{"linux_x86_64", "amd64", StyleKernel},
	{"x86_64", "amd64", StyleKernel},
	{"x86-64", "amd64", StyleKernel},
	{"x8664", "amd64", StyleKernel},
	{"amd64", "amd64", StyleGo},
	{"linuxx64", "amd64", StyleLinux64},
	{"linux64bit", "amd64", StyleBits},
	{"linux64", "amd64", StyleLinux64},
	{"linux-64bit", "amd64", StyleBits},
	{"linux_64bit", "amd64", StyleBits},
	{"linux-64", "amd64", StyleConda},
	{"linux_64", "amd64", StyleConda},
	{"intel64", "amd64", StyleOther},
	{"x64", "amd64", StyleNode},

	{"arm64v8", "arm64", StyleGo},
	{"arm64", "arm64", StyleGo},
	{"aarch_64", "arm64", StyleKernel},
	{"aarch64", "arm64", StyleKernel},
	{"linuxarm64", "arm64", StyleLinux64},
	{"linuxaarch64", "arm64", StyleLinux64},
	{"armv8l", "arm64", StyleKernel},
	{"armv8", "arm64", StyleOther},

	{"armv7hl", "arm", StyleKernel},
	{"arm32v7", "arm", StyleGo},
	{"arm32v6", "arm", StyleGo},
	{"arm32v5", "arm", StyleGo},
	{"armv7l", "arm", StyleKernel},
	{"armv6l", "arm", StyleKernel},
	{"armv7", "arm", StyleKernel},
	{"armv6", "arm", StyleKernel},
	{"armhf", "arm", StyleGo},
	{"armel", "arm", StyleGo},

	{"i386", "386", StyleGo},
	{"i686", "386", StyleKernel},
	{"ppc64le", "ppc64le", StyleGo},
	{"ppc64el", "ppc64le", StyleGo},
	{"powerpc64le", "ppc64le", StyleKernel},
	{"s390x", "s390x", StyleGo},
	{"riscv64gc", "riscv64", StyleKernel},
	{"riscv64", "riscv64", StyleGo},
	{"mips64le", "mips64le", StyleGo},
	{"mips64el", "mips64le", StyleGo},
	{"loongarch64", "loong64", StyleKernel},
	{"loong64", "loong64", StyleGo},
}

// byFirst indexes the vocabulary by its (lower case) first byte.
var byFirst = func() (index [256][]spelling) {
	for _, s := range vocabulary {
		index[s.text[0]] = append(index[s.text[0]], s)
	}
	return index
}()

// Words returns the architectures named in s, from left to right. A name counts
// only as a whole word: not inside a longer run of letters and digits, so that
// neither "samd64" nor "arm64e" is one.
func Words(s string) []Word {
	if !mayHaveWords(s) {
		return nil
	}
	var words []Word
	lower := ""
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20 // lower case for letters, harmless for the rest
		candidates := byFirst[c]
		if len(candidates) == 0 {
			continue
		}
		if lower == "" {
			lower = asciiLower(s)
		}
		if i > 0 && letterOrDigit(s[i-1]) && !afterSystem(lower[:i]) {
			continue
		}
		for _, spelling := range candidates {
			end := i + len(spelling.text)
			if end > len(s) || lower[i:end] != spelling.text || end < len(s) && letterOrDigit(s[end]) {
				continue
			}
			// "linux-64" must not eat the start of a version such as linux-64.2.
			if spelling.style == StyleConda && end+1 < len(s) && s[end] == '.' && digit(s[end+1]) {
				continue
			}
			start := i
			if strings.HasPrefix(spelling.text, "linux-x") || strings.HasPrefix(spelling.text, "linux_x") {
				start += len("linux-")
			}
			words = append(words, Word{
				Start: start, End: end, Text: s[start:end],
				Architecture: spelling.architecture, Style: spelling.style,
			})
			i = end - 1
			break
		}
	}
	words = withoutWidths(words)
	if len(words) > 0 {
		system := systemIn(lower)
		for i := range words {
			words[i].OS = system
		}
	}
	return words
}

// mayHaveWords is a quick look for what every spelling has a part of.
func mayHaveWords(s string) bool {
	for i := 0; i+1 < len(s); i++ {
		switch c, next := s[i], s[i+1]; {
		case c == '6' && next == '4', c == '8' && next == '6', c == '3' && next == '9', c|0x20 == 'a' && next|0x20 == 'r':
			return true
		}
	}
	return false
}

// afterSystem reports whether a text ends in the name of an operating system, as a
// word that an architecture may be joined to: linuxamd64, darwinarm64.
func afterSystem(lower string) bool {
	for _, system := range []string{"linux", "darwin", "macos", "windows", "win"} {
		if strings.HasSuffix(lower, system) {
			before := len(lower) - len(system)
			return before == 0 || !letterOrDigit(lower[before-1])
		}
	}
	return false
}

// withoutWidths drops the words that only say 64 bits (linux64, 64bit) where
// another word says which architecture.
func withoutWidths(words []Word) []Word {
	named := false
	for _, w := range words {
		named = named || w.Style != StyleLinux64 && w.Style != StyleBits && w.Style != StyleConda
	}
	if !named {
		return words
	}
	out := words[:0]
	for _, w := range words {
		if w.Architecture != "amd64" || w.Style != StyleLinux64 && w.Style != StyleBits && w.Style != StyleConda {
			out = append(out, w)
		}
	}
	return out
}

// Name returns the architecture that s is a name of, "" if it is none.
func Name(s string) string {
	words := Words(s)
	if len(words) == 1 && words[0].Start == 0 && words[0].End == len(s) {
		return words[0].Architecture
	}
	return ""
}

// NameOf returns the architecture that a text names, alone or as a Linux platform
// ("arm64", "linux/arm64"), "" if it names none.
func NameOf(text string) string { return Name(strings.TrimPrefix(text, "linux/")) }

// systemIn returns the operating system that a file name is for, "" if it does
// not say. A name that holds several (a URL below /linux/ for darwin) counts as
// the last.
func systemIn(lower string) string {
	best, at := "", -1
	for _, s := range []struct{ word, system string }{
		{"linux", "linux"},
		{"darwin", "darwin"},
		{"macos", "darwin"},
		{"osx", "darwin"},
		{"apple", "darwin"},
		{"windows", "windows"},
		{"win", "windows"},
		{"win32", "windows"},
		{"win64", "windows"},
		{"exe", "windows"},
		{"msi", "windows"},
		{"freebsd", "freebsd"},
		{"android", "android"},
		{"none", "none"},
		{"uefi", "none"},
	} {
		for end := len(lower); ; {
			i := strings.LastIndex(lower[:end], s.word)
			if i < 0 {
				break
			}
			after := i + len(s.word)
			// "linux" may go on (linux64, linuxx64); the others are whole words.
			whole := (i == 0 || !letterOrDigit(lower[i-1])) && (after == len(lower) || s.word == "linux" || !letterOrDigit(lower[after]))
			if whole {
				if i > at {
					best, at = s.system, i
				}
				break
			}
			end = i
		}
	}
	return best
}

// Spellings gives, for each architecture, its name in each style.
var spellings = map[string]map[Style]string{
	"amd64": {StyleGo: "amd64", StyleKernel: "x86_64", StyleNode: "x64", StyleBits: "64bit", StyleLinux64: "linux64", StyleConda: "linux-64", StyleOther: "amd64"},
	"arm64": {StyleGo: "arm64", StyleKernel: "aarch64", StyleNode: "arm64", StyleBits: "ARM64", StyleLinux64: "linuxarm64", StyleConda: "linux-aarch64", StyleOther: "arm64"},
}

// Spell returns the name of an architecture in a style; Go's name where the
// style has none of its own.
func Spell(architecture string, style Style) string {
	if s, ok := spellings[architecture][style]; ok {
		return s
	}
	return architecture
}

// Kernel returns what uname -m prints on the architecture.
func Kernel(architecture string) string {
	switch architecture {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "arm":
		return "armv7l"
	case "386":
		return "i686"
	case "loong64":
		return "loongarch64"
	}
	return architecture
}

// Debian returns what dpkg --print-architecture prints on the architecture.
func Debian(architecture string) string {
	switch architecture {
	case "arm":
		return "armhf"
	case "386":
		return "i386"
	case "ppc64le":
		return "ppc64el"
	}
	return architecture
}

// Alpine returns what apk --print-arch prints on the architecture.
func Alpine(architecture string) string {
	switch architecture {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "arm":
		return "armv7"
	case "386":
		return "x86"
	case "loong64":
		return "loongarch64"
	}
	return architecture
}

// Multiarch returns the Debian multiarch triplet, the name of the directory
// below /usr/lib that holds the architecture's libraries.
func Multiarch(architecture string) string {
	switch architecture {
	case "amd64", "arm64", "s390x", "riscv64", "loong64":
		return Kernel(architecture) + "-linux-gnu"
	case "arm":
		return "arm-linux-gnueabihf"
	case "386":
		return "i386-linux-gnu"
	case "ppc64le":
		return "powerpc64le-linux-gnu"
	}
	return architecture + "-linux-gnu"
}

// Node returns Node.js's process.arch on the architecture.
func Node(architecture string) string {
	switch architecture {
	case "amd64":
		return "x64"
	case "386":
		return "ia32"
	case "ppc64le":
		return "ppc64"
	}
	return architecture
}

func letterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// asciiLower lowers ASCII letters only, so that offsets stay the same.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
