package registry

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/archlint/archlint/lint/image"
)

func TestProgressTellsOfEveryImageThatIsAsked(t *testing.T) {
	var references []image.Reference
	for i := range maxHosts + 2 { // some are refused
		for _, tag := range []string{"1", "2"} {
			r, err := image.Parse(fmt.Sprintf("r%d.example.com/a:%s", i, tag))
			if err != nil {
				t.Fatal(err)
			}
			references = append(references, r)
		}
	}
	var told []int
	options := Options{
		Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }),
		Progress: func(done, total int) {
			if total != len(references) {
				t.Errorf("%d images in all, want %d", total, len(references))
			}
			told = append(told, done)
		},
	}
	client(t, options).Lookup(t.Context(), references)
	if len(told) != len(references)+1 {
		t.Fatalf("told %d times, want %d", len(told), len(references)+1)
	}
	for i, done := range told {
		if done != i {
			t.Fatalf("told of %d, want %d", done, i)
		}
	}
	// Nobody is asked: there is nothing to tell.
	options.Offline, told = true, nil
	client(t, options).Lookup(t.Context(), references)
	if told != nil {
		t.Errorf("told of %d offline", told)
	}
}
