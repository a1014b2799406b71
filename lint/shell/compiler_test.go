package shell

import "testing"

func TestIsCompiler(t *testing.T) {
	for name, want := range map[string]bool{
		"gcc": true, "g++-12": true, "aarch64-linux-gnu-gcc": true, "x86_64-linux-gnu-g++-12.2": true, "clang++": true, "make": true,
		"gcc-": false, "gcc-4-5": false, "tool-gcc-wrapper": false, "automake": false, "": false, "-": false,
	} {
		if got := isCompiler(name); got != want {
			t.Errorf("isCompiler(%q) is %v", name, got)
		}
	}
}
