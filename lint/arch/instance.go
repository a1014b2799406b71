package arch

import "strings"

// OfInstance returns the architecture of the machines of a type that a cloud rents out
// (m7g.large, c4a-standard-4, Standard_D4ps_v5), also of a family of them (m7g). It is
// false for types that are not known, and for those that are taken for something else
// than their processor, as accelerators.
func OfInstance(name string) (string, bool) {
	if rest, ok := strings.CutPrefix(name, "Standard_"); ok {
		return ofAzure(rest)
	}
	if family, _, ok := strings.Cut(name, "-"); ok && !strings.Contains(name, ".") {
		if architecture, ok := googleFamilies[family]; ok {
			return architecture, true
		}
	}
	family, _, _ := strings.Cut(name, ".")
	return ofAmazon(family)
}

// googleFamilies are the series of Compute Engine (cloud.google.com/compute/docs,
// "CPU platforms").
var googleFamilies = map[string]string{
	"t2a": "arm64", "c4a": "arm64", "n4a": "arm64",
	"e2": "amd64", "n1": "amd64", "n2": "amd64", "n2d": "amd64", "n4": "amd64", "n4d": "amd64", "c2": "amd64", "c2d": "amd64", "c3": "amd64",
	"c3d": "amd64", "c4": "amd64", "c4d": "amd64", "t2d": "amd64", "m1": "amd64", "m2": "amd64", "m3": "amd64", "m4": "amd64",
}

// amazonSeries are the series of EC2 with processors of both kinds, or of Intel and
// AMD alone; those for accelerators are not among them.
var amazonSeries = map[string]bool{
	"a": true, "c": true, "d": true, "h": true, "hpc": true, "i": true, "im": true, "is": true, "m": true, "r": true, "t": true, "x": true, "z": true,
}

// ofAmazon takes a family of EC2 apart: the series, the generation, and letters for
// what is special, of which the first is a g for Graviton (docs.aws.amazon.com/ec2,
// "Instance type naming conventions").
func ofAmazon(family string) (string, bool) {
	digit := strings.IndexAny(family, "0123456789")
	if digit < 1 || !amazonSeries[family[:digit]] {
		return "", false
	}
	special := strings.TrimLeft(family[digit:], "0123456789")
	switch {
	case strings.Trim(special, "abcdefghijklmnopqrstuvwxyz-") != "":
		return "", false
	case family == "a1", strings.HasPrefix(special, "g"):
		return "arm64", true
	case family[:digit] == "a":
		return "", false
	}
	return "amd64", true
}

// ofAzure takes a size of Azure apart: letters for the family, the number of
// processors, and letters for what is special, with a p for those of ARM
// (learn.microsoft.com/azure, "Azure virtual machine sizes naming conventions").
func ofAzure(size string) (string, bool) {
	digit := strings.IndexAny(size, "0123456789")
	if digit < 1 || strings.ContainsAny(size[:digit], "NH") {
		return "", false // accelerators, and machines for computing
	}
	special, _, _ := strings.Cut(size[digit:], "_")
	if strings.Contains(special, "p") {
		return "arm64", true
	}
	return "amd64", true
}
