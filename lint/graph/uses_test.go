package graph

import "testing"

func TestKeeps(t *testing.T) {
	for _, test := range []struct {
		before, after string
		want          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a", "ab", false},
		{"x-…", "x-amd64", true},
		{"x-….zip", "x-amd64.zip", true},
		{"x-….zip", "x-amd64.tgz", false},
		{"x-….zip", "y-amd64.zip", false},
		{"…/…/x", "a/b/x", true},
		{"…/…/x", "a/b/y", false},
		{"…/…/x", "a/x", false},
		{"x-amd64", "x-…", false},
		{"…", "anything", true},
		{"a…a", "a", false},
	} {
		if got := Keeps([]string{test.before}, []string{test.after}); got != test.want {
			t.Errorf("%q, %q: got %v", test.before, test.after, got)
		}
	}
	if Keeps(nil, []string{"a"}) {
		t.Error("one more is kept")
	}
}
