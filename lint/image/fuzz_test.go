package image

import "testing"

// FuzzParse reads references: what is read is written so that it is read as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"nginx", "nginx:1.27", "docker.io/library/nginx@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"127.0.0.1:5000/a/b:c", "[::1]:5000/a", "localhost/a", "a.b/c/d:e@sha512:x", "UPPER", "-a", "a/../b", "a:b:c", "index.docker.io/a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Fatalf("%q is %q, and that is %q, %v", s, r.String(), again.String(), err)
		}
		_, _, _ = ArchInName(s)
		_, _ = MultiPlatformName(s)
	})
}
