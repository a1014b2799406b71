package spell

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"platforms", "paths", "rules", "exclude"}
	for s, want := range map[string]string{
		"platform": "platforms", "plaforms": "platforms", "ruels": "rules", "path": "paths", "excluded": "exclude", "Paths": "paths",
		"extends": "", "x": "", "": "", "layers": "", "rules": "rules", strings.Repeat("rules", 1000): "",
	} {
		if got := Nearest(s, words); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", s, got, want)
		}
	}
	if got := Nearest("rules", nil); got != "" {
		t.Errorf("out of nothing: %q", got)
	}
}

func TestEditsCountsSwapsOnce(t *testing.T) {
	for pair, want := range map[[2]string]int{{"ab", "ba"}: 1, {"abc", "abc"}: 0, {"", "abc"}: 3, {"kitten", "sitting"}: 3, {"donwload", "download"}: 1} {
		if got := edits(pair[0], pair[1]); got != want {
			t.Errorf("%v: %d, want %d", pair, got, want)
		}
	}
}
