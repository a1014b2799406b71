package arch

import (
	"regexp"
	"strings"
)

// x86Flag matches options of compilers that know x86 only, and x86Name the values of
// -march and its like; armName those of arm64.
//
// Sources: GCC's manual, "x86 Options" and "AArch64 Options"; rustc --print target-cpus.
var (
	x86Flag = regexp.MustCompile(`^-m(64|32|x32|mmx|3dnow|sse[0-9.a]*|ssse3|avx[0-9a-z-]*|fma4?|xop|bmi2?|popcnt|aes|pclmul|f16c|lzcnt|tbm|adx|rdrnd|rdseed|rtm|sahf|movbe|cx16|fpmath=[a-z0-9,+]+)$`)
	x86Name = regexp.MustCompile(`^(x86-64(-v[234])?|i[3-6]86|pentium.*|core2|corei7.*|core-avx.*|nehalem|westmere|sandybridge|ivybridge|haswell|broadwell|skylake.*|cannonlake|icelake.*|cascadelake|cooperlake|tigerlake|sapphirerapids|alderlake|silvermont|goldmont.*|bonnell|knl|knm|k8.*|opteron.*|athlon.*|barcelona|amdfam10|btver[12]|bdver[1-4]|znver[1-5])$`)
	armName = regexp.MustCompile(`^(armv[89](\.[0-9]+)?-a([+].*)?|cortex-[axr][0-9].*|neoverse-.*|thunderx.*|ampere1.*|apple-m[0-9].*)$`)
	feature = regexp.MustCompile(`^[+](avx.*|sse.*|ssse3|bmi[12]|fma|aes|popcnt|pclmulqdq|f16c|lzcnt|adx)$`)
)

// Flags returns the options of compilers in s that only one architecture has: -mavx2,
// -march=haswell, Rust's -C target-cpu=x86-64-v3.
func Flags(s string) []Word {
	var out []Word
	separator := func(c byte) bool { return strings.IndexByte(" \t\n\"',", c) >= 0 }
	for start := 0; start < len(s); {
		end := start
		for end < len(s) && !separator(s[end]) {
			end++
		}
		if architecture, from := flag(s[start:end]); architecture != "" {
			out = append(out, Word{Start: start + from, End: end, Text: s[start+from : end], Architecture: architecture, Style: StyleOther})
		}
		start = end + 1
	}
	return out
}

// flag returns the architecture that an option is for, and where in it the option
// begins: CFLAGS=-mavx2 is one, too.
func flag(s string) (architecture string, from int) {
	if i := strings.Index(s, "=-"); i > 0 && !strings.HasPrefix(s, "-") || i > 0 && strings.HasPrefix(s, "-D") {
		architecture, from = flag(s[i+1:])
		return architecture, from + i + 1
	}
	if x86Flag.MatchString(s) {
		return "amd64", 0
	}
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return "", 0
	}
	switch strings.TrimPrefix(name, "-C") {
	case "-march", "-mtune", "-mcpu", "target-cpu":
		switch {
		case x86Name.MatchString(value):
			return "amd64", 0
		case armName.MatchString(value):
			return "arm64", 0
		}
	case "target-feature":
		if feature.MatchString(value) {
			return "amd64", 0
		}
	}
	return "", 0
}
