package workflow

import (
	"testing"
)

func TestBuildArgumentsBetweenQuotes(t *testing.T) {
	doc := parse(t, steps(`
      - uses: docker/build-push-action@v6
        with:
          build-args: |
            "ARCH=arm64"
            'A=b'
            C="d"
            "E
`))
	want := map[string][]string{"ARCH": {"arm64"}, "A": {"b"}, "C": {`"d"`}, `"E`: nil}
	compare(t, want, seen(doc.Builds[0]).Args)
}
