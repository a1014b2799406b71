package arch

import "strings"

// Suggest returns the platform that somebody meant who wrote what is none:
// linux/arm64/v8 for linux/arm64v8, linux/arm/v7 for linux/armv7, linux/arm64 for
// arm64/linux. It is false where that is not clear.
func Suggest(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	os, rest := "linux", []string{}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/\\:_- ", r) }) {
		if systems[part] {
			os = part
			continue
		}
		rest = append(rest, part)
	}
	joined := strings.Join(rest, "")
	var architecture, variant string
	switch joined {
	case "amd64", "x8664", "x64", "x86", "intel", "64bit":
		if joined == "x86" {
			return "", false // 386 or amd64?
		}
		architecture = "amd64"
	case "amd64v2", "amd64v3", "amd64v4":
		architecture, variant = "amd64", joined[len("amd64"):]
	case "arm64", "aarch64", "armv8", "arm64v8", "aarch64v8", "aarch64le", "graviton":
		architecture = "arm64"
		if strings.HasSuffix(joined, "v8") && joined != "armv8" {
			variant = "v8"
		}
	case "arm32", "armhf", "armv7", "armv7l", "arm32v7", "armv7hf", "arm7":
		architecture, variant = "arm", "v7"
	case "armv6", "armv6l", "arm32v6", "armel", "arm6":
		architecture, variant = "arm", "v6"
	case "armv5", "arm32v5":
		architecture, variant = "arm", "v5"
	case "i386", "i686", "386":
		architecture = "386"
	case "ppc64el", "powerpc64le", "ppc64le":
		architecture = "ppc64le"
	case "s390", "s390x":
		architecture = "s390x"
	case "riscv", "riscv64", "risc":
		architecture = "riscv64"
	default:
		return "", false
	}
	out := os + "/" + architecture
	if variant != "" {
		out += "/" + variant
	}
	if _, err := Parse(out); err != nil || out == s {
		return "", false
	}
	return out, true
}
