package registry

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/cache"
)

func TestTheErrorOfOneRepositoryIsNotThatOfAnother(t *testing.T) {
	index := both(t)
	asked, release := make(chan struct{}), make(chan struct{})
	// A registry that makes others wait for its answer, and then has none.
	hostile, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/") {
				close(asked)
				<-release
				w.WriteHeader(http.StatusNotFound)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	good, _ := server(t, nil)
	push(t, good+"/team/app:1", index)
	c := client(t, Options{})
	done := make(chan image.Answer)
	go func() { done <- c.lookUpOne(context.Background(), t, hostile+"/x@"+digestOf(t, index)) }()
	<-asked
	go func() { done <- c.lookUpOne(context.Background(), t, good+"/team/app@"+digestOf(t, index)) }()
	time.Sleep(100 * time.Millisecond) // so that it waits for the other
	close(release)
	for range 2 {
		if a := <-done; !a.Known && a.Detail != "not found at "+hostile {
			t.Errorf("%+v", a)
		}
	}
}

func TestACancelledLookupDoesNotCondemnATokenEither(t *testing.T) {
	var l journal
	var slow atomic.Bool
	began := make(chan struct{})
	host, on := open(t, withToken(&l, func(_ string, scopes []string) ([]string, int) {
		if slow.CompareAndSwap(true, false) {
			close(began)
			time.Sleep(100 * time.Millisecond)
		}
		return scopes, 0
	}))
	push(t, host+"/team/app:1", both(t))
	on.Store(true)
	slow.Store(true)
	c := client(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if a := c.lookUpOne(ctx, t, host+"/team/app:1"); a.Known {
		t.Fatalf("%+v", a)
	}
	if a := c.lookUpOne(t.Context(), t, host+"/team/app:1"); !a.Known {
		t.Errorf("%+v", a)
	}
}

func TestAManifestOfManyEntriesIsNotReadToItsEnd(t *testing.T) {
	for name, body := range map[string]string{
		"index":      `{"manifests":[` + strings.Repeat(`{},`, maxBody/3-20) + `{}]}`,
		"layers":     `{"config":{},"layers":[` + strings.Repeat(`{},`, maxBody/3-20) + `{}]}`,
		"old layers": `{"schemaVersion":1,"architecture":"amd64","fsLayers":[` + strings.Repeat(`1,`, maxBody/2-40) + `1]}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parseManifest("", []byte(body))
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 32 {
			t.Errorf("%s: %d MiB for %d MiB", name, n, len(body)>>20)
		}
		if !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatAMirrorSaysIsKeptAsTheMirrors(t *testing.T) {
	mirror, _ := server(t, nil)
	host, _ := server(t, nil)
	push(t, mirror+"/hub/team/app:1", single(t, "linux", "amd64", ""))
	push(t, host+"/team/app:1", both(t))
	kept := cache.Open(t.TempDir())
	ask := func(mirrors map[string][]string) image.Answer {
		return New(Options{Keychain: anonymous{}, Cache: kept, Mirrors: mirrors}).lookUpOne(t.Context(), t, host+"/team/app:1")
	}
	mirrors := map[string][]string{host: {mirror + "/hub"}}
	if a := ask(mirrors); a.Platforms.String() != "linux/amd64" || a.Provenance != image.FromRegistry {
		t.Errorf("by the mirror: %+v", a)
	}
	if a := ask(mirrors); a.Platforms.String() != "linux/amd64" || a.Provenance != image.FromCache {
		t.Errorf("by the mirror, again: %+v", a)
	}
	// Another repository, which has not chosen that mirror, shares the cache.
	if a := ask(nil); a.Platforms.String() != "linux/amd64, linux/arm64" {
		t.Errorf("without the mirror: %+v", a)
	}
}
