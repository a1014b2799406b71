package main

import (
	"testing"

	"github.com/archlint/archlint/lint/arch"
)

func TestRequiredPlatformsAreGuessed(t *testing.T) {
	for name, test := range map[string]struct {
		builds            []string
		platforms, others string
	}{
		"no builds":                     {nil, "linux/amd64, linux/arm64", ""},
		"builds for amd64 only":         {[]string{"linux/amd64"}, "linux/amd64, linux/arm64", ""},
		"builds for arm64 only":         {[]string{"linux/arm64", "linux/arm64"}, "linux/arm64", ""},
		"one for each":                  {[]string{"linux/arm64", "linux/amd64"}, "linux/amd64, linux/arm64", ""},
		"more in all":                   {[]string{"linux/amd64,linux/arm64,linux/s390x", "linux/s390x,linux/amd64"}, "linux/amd64, linux/arm64, linux/s390x", ""},
		"more in some":                  {[]string{"linux/amd64,linux/arm64,linux/s390x", "linux/arm64,linux/amd64"}, "linux/amd64, linux/arm64", "linux/s390x"},
		"a job for each platform":       {[]string{"linux/amd64", "linux/arm/v7"}, "linux/amd64, linux/arm64", "linux/arm/v7"},
		"other systems are not counted": {[]string{"linux/amd64,windows/amd64"}, "linux/amd64, linux/arm64", ""},
	} {
		var builds []arch.Set
		for _, b := range test.builds {
			set, err := arch.ParseSet(b)
			if err != nil {
				t.Fatal(err)
			}
			builds = append(builds, set)
		}
		platforms, others, _ := required(builds)
		if platforms.String() != test.platforms || others.String() != test.others {
			t.Errorf("%s: %s, others %s", name, platforms, others)
		}
	}
}
