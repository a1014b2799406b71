package arch

import "testing"

func TestOfInstance(t *testing.T) {
	for name, want := range map[string]string{
		"m5.large": "amd64", "m7i-flex.large": "amd64", "t3": "amd64", "c5n.18xlarge": "amd64", "r5b.metal": "amd64", "x2iezn.metal": "amd64", "m1.small": "amd64",
		"m6g.large": "arm64", "c7gn.xlarge": "arm64", "t4g": "arm64", "im4gn.large": "arm64", "is4gen.medium": "arm64", "x2gd.metal": "arm64", "a1.large": "arm64", "r8gd.48xlarge": "arm64", "hpc7g.4xlarge": "arm64",
		"g4dn.xlarge": "", "g5.xlarge": "", "p4d.24xlarge": "", "inf2.xlarge": "", "mac2.metal": "", "u-6tb1.56xlarge": "", "a9": "", "m5.": "amd64", "m": "", "5": "", "": "",
		"n1-standard-1": "amd64", "e2-medium": "amd64", "t2a-standard-4": "arm64", "c4a-highcpu-8": "arm64", "g2-standard-4": "", "a2-highgpu-1g": "", "x-y": "",
		"Standard_D4s_v5": "amd64", "Standard_D4ps_v5": "arm64", "Standard_E2pds_v6": "arm64", "Standard_B2pts_v2": "arm64", "Standard_NC6": "", "Standard_HB120rs_v3": "", "Standard_": "",
	} {
		if got, ok := OfInstance(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, ok, want)
		}
	}
}
