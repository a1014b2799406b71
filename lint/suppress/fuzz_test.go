package suppress

import (
	"testing"
	"time"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// FuzzNew reads comments.
func FuzzNew(f *testing.F) {
	for _, seed := range []string{"archlint:ignore arch-download until=2027-06-30 x", "archlint:ignore-file a,b ,c", "archlint: ignore", "archlint:disable x", "archlint:ignore ,,,"} {
		f.Add(seed, 1)
	}
	f.Fuzz(func(t *testing.T, text string, line int) {
		file := source.New("f", []byte("# "+text+"\nx\n"))
		set := New([]facts.Comment{{Text: text, Span: file.Span(0, len(text)+2)}}, []string{"arch-download", "arch-path"}, time.Unix(0, 0))
		set.Match("arch-download", line, line, line)
		for _, l := range set.Leftovers(func(string) bool { return true }) {
			if l.Message == "" || l.Span.End > len(file.Data) {
				t.Fatalf("%+v", l)
			}
		}
	})
}
