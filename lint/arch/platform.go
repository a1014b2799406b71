// Package arch knows platforms and the words by which people name
// architectures.
//
// A [Platform] is what registries and BuildKit mean by it: operating system,
// architecture and variant, in Go's spelling. A [Word] is an architecture named
// in running text: in a URL, a package, a path. Projects spell the same
// architecture in many ways (amd64, x86_64, x64, 64bit, linux64), and the
// spelling of the other architecture goes with it (amd64 with arm64, x86_64 with
// aarch64 or arm64); the vocabulary in this package is the only place where such
// spellings are written down.
package arch

import (
	"fmt"
	"sort"
	"strings"
)

// Platform is an operating system and an architecture with its variant.
type Platform struct {
	OS           string
	Architecture string
	Variant      string
}

// The platforms that are required unless the user says otherwise.
var (
	LinuxAMD64 = Platform{OS: "linux", Architecture: "amd64"}
	LinuxARM64 = Platform{OS: "linux", Architecture: "arm64"}
)

// String returns the platform as os/architecture[/variant].
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// aliases are the spellings of architectures that containerd's platform parser
// accepts besides Go's own (containerd/platforms, database.go).
var aliases = map[string]Platform{
	"x86_64":  {Architecture: "amd64"},
	"x86-64":  {Architecture: "amd64"},
	"aarch64": {Architecture: "arm64"},
	"armhf":   {Architecture: "arm", Variant: "v7"},
	"armel":   {Architecture: "arm", Variant: "v6"},
	"i386":    {Architecture: "386"},
	"i486":    {Architecture: "386"},
	"i586":    {Architecture: "386"},
	"i686":    {Architecture: "386"},
}

// architectures are the values of Go's GOARCH that images are published for.
var architectures = map[string]bool{
	"386": true, "amd64": true, "arm": true, "arm64": true, "loong64": true, "mips": true, "mipsle": true,
	"mips64": true, "mips64le": true, "ppc64": true, "ppc64le": true, "riscv64": true, "s390x": true, "wasm": true,
}

var systems = map[string]bool{
	"linux": true, "windows": true, "darwin": true, "freebsd": true, "netbsd": true, "openbsd": true, "wasi": true,
}

// Parse reads a platform the way BuildKit and containerd do: os/arch,
// os/arch/variant, or an architecture or an operating system alone (the other
// half is then linux or amd64).
func Parse(s string) (Platform, error) {
	parts := strings.Split(strings.ToLower(strings.TrimSpace(s)), "/")
	var p Platform
	switch {
	case len(parts) == 1 && systems[parts[0]]:
		return Platform{OS: parts[0], Architecture: "amd64"}, nil
	case len(parts) == 1:
		p = Platform{OS: "linux", Architecture: parts[0]}
	case len(parts) == 2:
		p = Platform{OS: parts[0], Architecture: parts[1]}
	case len(parts) == 3:
		p = Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
	default:
		return Platform{}, fmt.Errorf("%q is not a platform; write os/architecture, as in linux/arm64", s)
	}
	if a, ok := aliases[p.Architecture]; ok {
		p.Architecture = a.Architecture
		if p.Variant == "" {
			p.Variant = a.Variant
		}
	}
	if !systems[p.OS] || !architectures[p.Architecture] {
		return Platform{}, fmt.Errorf("%q is not a platform; write os/architecture, as in linux/arm64", s)
	}
	return p.Normalize(), nil
}

// Normalize drops the variants that are the default of their architecture:
// arm64/v8 is arm64 and amd64/v1 is amd64; arm without a variant is arm/v7.
func (p Platform) Normalize() Platform {
	switch {
	case p.Architecture == "arm64" && (p.Variant == "v8" || p.Variant == "8"):
		p.Variant = ""
	case p.Architecture == "amd64" && p.Variant == "v1":
		p.Variant = ""
	case p.Architecture == "arm" && p.Variant == "":
		p.Variant = "v7"
	}
	return p
}

// Runs reports whether a machine of platform p runs images made for o: the same
// platform, or a lower variant of it (arm/v7 runs v6, amd64/v3 runs amd64).
func (p Platform) Runs(o Platform) bool {
	p, o = p.Normalize(), o.Normalize()
	if p.OS != o.OS || p.Architecture != o.Architecture {
		return false
	}
	return o.Variant <= p.Variant
}

// Set is a set of platforms, in the order in which they were given.
type Set []Platform

// Default are the platforms required when nothing says otherwise.
func Default() Set { return Set{LinuxAMD64, LinuxARM64} }

// ParseSet reads a list of platforms separated by commas or white space.
func ParseSet(s string) (Set, error) {
	var set Set
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' }) {
		p, err := Parse(word)
		if err != nil {
			return nil, err
		}
		if !set.Has(p) {
			set = append(set, p)
		}
	}
	return set, nil
}

// Has reports whether exactly p is in the set.
func (s Set) Has(p Platform) bool {
	for _, q := range s {
		if p.Normalize() == q.Normalize() {
			return true
		}
	}
	return false
}

// Missing returns the platforms of required on which nothing of s runs.
func (s Set) Missing(required Set) Set {
	var missing Set
	for _, want := range required {
		found := false
		for _, have := range s {
			found = found || want.Runs(have)
		}
		if !found {
			missing = append(missing, want)
		}
	}
	return missing
}

// Add returns the set with p in it.
func (s Set) Add(p Platform) Set {
	if s.Has(p) {
		return s
	}
	return append(s[:len(s):len(s)], p)
}

// Strings returns the platforms as strings, in order.
func (s Set) Strings() []string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = p.String()
	}
	return out
}

// String lists the platforms, separated by ", ".
func (s Set) String() string { return strings.Join(s.Strings(), ", ") }

// Sorted returns the set in alphabetical order.
func (s Set) Sorted() Set {
	out := append(Set(nil), s...)
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}
