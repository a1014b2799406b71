package arch

import "testing"

func TestFlags(t *testing.T) {
	for text, want := range map[string]string{
		"-mavx2":                         "amd64 -mavx2",
		"-O2 -msse4.2 -g":                "amd64 -msse4.2",
		"CFLAGS=-O2 -mavx2":              "amd64 -mavx2",
		"CFLAGS=-march=haswell":          "amd64 -march=haswell",
		"-DCMAKE_C_FLAGS=-mavx512f":      "amd64 -mavx512f",
		"-march=x86-64-v3":               "amd64 -march=x86-64-v3",
		"-C target-cpu=x86-64-v2":        "amd64 target-cpu=x86-64-v2",
		"-Ctarget-cpu=haswell":           "amd64 -Ctarget-cpu=haswell",
		"-C target-feature=+avx2,+fma":   "amd64 target-feature=+avx2",
		"-mtune=skylake-avx512":          "amd64 -mtune=skylake-avx512",
		"-m64":                           "amd64 -m64",
		"-march=armv8-a+crypto":          "arm64 -march=armv8-a+crypto",
		"-mcpu=neoverse-n1":              "arm64 -mcpu=neoverse-n1",
		"-march=native":                  "",
		"-mtune=generic":                 "",
		"-C target-feature=+crt-static":  "",
		"-m":                             "",
		"-max":                           "",
		"-maven":                         "",
		"-m1":                            "",
		"-mode=644":                      "",
		"--march=haswell-is-no-compiler": "",
		"x-mavx2":                        "",
		"":                               "",
	} {
		got := ""
		for _, w := range Flags(text) {
			if got != "" {
				got += ", "
			}
			got += w.Architecture + " " + w.Text
			if text[w.Start:w.End] != w.Text {
				t.Errorf("%q: %q is not at %d", text, w.Text, w.Start)
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
