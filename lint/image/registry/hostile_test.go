package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/cache"
	"github.com/archlint/archlint/lint/image/lock"
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

// served answers for an image with one body and digest.
func served(mediaType, digest, body string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", mediaType)
			if digest != "" {
				w.Header().Set("Docker-Content-Digest", digest)
			}
			_, _ = io.WriteString(w, body)
		})
	}
}

// TestAnswersCanBeLocked asks hostile registries: a lock that cannot be read would
// end all runs from then on.
func TestAnswersCanBeLocked(t *testing.T) {
	entry := func(os, architecture, variant string) string {
		return fmt.Sprintf(`{"digest":"sha256:%064d","platform":{"os":%q,"architecture":%q,"variant":%q}}`, 1, os, architecture, variant)
	}
	index := func(entries ...string) string {
		return `{"schemaVersion":2,"manifests":[` + strings.Join(append(entries, entry("linux", "amd64", "")), ",") + `]}`
	}
	var many []string
	for i := range 300 {
		many = append(many, entry("linux", fmt.Sprintf("a%d", i), ""))
	}
	const oci, old = string(types.OCIImageIndex), string(types.DockerManifestSchema1)
	for name, test := range map[string]struct{ mediaType, digest, body string }{
		"a comma":                  {mediaType: oci, body: index(entry("linux", "a,b", ""))},
		"a bracket":                {mediaType: oci, body: index(entry("linux", "]", ""))},
		"a comment":                {mediaType: oci, body: index(entry("linux", "x", "#"))},
		"a quote":                  {mediaType: oci, body: index(entry(`"`, "x", ""))},
		"slashes":                  {mediaType: oci, body: index(entry("linux", "a/b", "c"))},
		"many platforms":           {mediaType: oci, body: index(many...)},
		"an old one":               {mediaType: old, digest: `[x`, body: `{"schemaVersion":1,"architecture":"amd64","fsLayers":[{}]}`},
		"an old one with controls": {mediaType: old, digest: "sha256:\u009b31m", body: `{"schemaVersion":1,"architecture":"amd64","fsLayers":[{}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			host, _ := server(t, served(test.mediaType, test.digest, test.body))
			r, err := image.Parse(host + "/a:1")
			if err != nil {
				t.Fatal(err)
			}
			a := client(t, Options{}).lookUpOne(t.Context(), t, r.String())
			e, ok := lock.Of(a, today)
			if !ok {
				if name != "many platforms" {
					t.Errorf("%+v", a)
				}
				return
			}
			text := (&lock.Lock{Entries: map[image.Reference]lock.Entry{r: e}}).Format()
			back, err := lock.Parse(lock.Name, text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if !back.Entries[r].Same(e) {
				t.Errorf("%+v, want %+v", back.Entries[r], e)
			}
		})
	}
}

func TestOtherNamesOfArchitectures(t *testing.T) {
	body := `{"schemaVersion":2,"manifests":[
		{"platform":{"os":"linux","architecture":"x86_64"}},
		{"platform":{"os":"Linux","architecture":"aarch64","variant":"v8"}}]}`
	host, _ := server(t, served(string(types.OCIImageIndex), "", body))
	if a := client(t, Options{}).lookUpOne(t.Context(), t, host+"/a:1"); a.Platforms.String() != "linux/amd64, linux/arm64" {
		t.Errorf("%+v", a)
	}
}

func TestDelay(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"0": 0, "37": 37 * time.Second, "4294967296": maxDelay, "99999999999999999999999": maxDelay,
		"Sun, 22 Nov 2026 00:00:00 GMT": 0, "Mon, 23 Nov 2026 00:00:05 GMT": 5 * time.Second, "Fri, 31 Dec 9999 00:00:00 GMT": maxDelay,
	} {
		if got, ok := delay(header, today); !ok || got != want {
			t.Errorf("%s: %v, %v", header, got, ok)
		}
	}
	for _, header := range []string{"", "-5", "soon", "1.5", "+3"} {
		if got, ok := delay(header, today); ok {
			t.Errorf("%s: %v", header, got)
		}
	}
}

// TestEntriesWithoutAPlatform asks for indexes as containerd reads them: of an entry
// that names no platform, the configuration does.
func TestEntriesWithoutAPlatform(t *testing.T) {
	var gone atomic.Bool
	host, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if gone.Load() && strings.Contains(r.URL.Path, "/blobs/") {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	artifact := mutate.IndexAddendum{Add: mutate.ConfigMediaType(single(t, "", "", ""), "application/vnd.example.config.v1+json")}
	push(t, host+"/a:1", mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), mutate.IndexAddendum{Add: single(t, "linux", "arm64", "")}, artifact))
	a := client(t, Options{}).lookUpOne(t.Context(), t, host+"/a:1")
	if a.Platforms.String() != "linux/amd64, linux/arm64" {
		t.Errorf("%+v", a)
	}
	gone.Store(true)
	if a := client(t, Options{}).lookUpOne(t.Context(), t, host+"/a:1"); a.Known || a.Reason != image.Unreachable {
		t.Errorf("where the configuration cannot be had: %+v", a)
	}
}

// TestAMissingPartIsNoMissingImage has tags of which a part is gone: the lock drops
// what is not found.
func TestAMissingPartIsNoMissingImage(t *testing.T) {
	var part atomic.Value
	part.Store("none")
	host, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, part.Load().(string)) {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	inner := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.DockerManifestList), listed(t, "linux/riscv64"))
	push(t, host+"/single:1", single(t, "linux", "amd64", ""))
	push(t, host+"/nested:1", mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), mutate.IndexAddendum{Add: inner}))
	push(t, host+"/silent:1", mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), mutate.IndexAddendum{Add: single(t, "linux", "arm64", "")}))
	for reference, path := range map[string]string{"/single:1": "/blobs/sha256:", "/nested:1": "/manifests/sha256:", "/silent:1": "/manifests/sha256:"} {
		part.Store(path)
		if a := client(t, Options{}).lookUpOne(t.Context(), t, host+reference); a.Known || a.Reason != image.Malformed {
			t.Errorf("%s: %+v", reference, a)
		}
	}
}

// TestThePingOverTLSAndWithout has both answer at the same time; it is for the race
// detector.
func TestThePingOverTLSAndWithout(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	c := client(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		both.Done()
		both.Wait()
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"60"}}, Body: http.NoBody, Request: r}, nil
	})})
	if a := c.lookUpOne(t.Context(), t, "127.0.0.1:5000/a:1"); a.Reason != image.RateLimited || !strings.HasSuffix(a.Detail, "retry after 60 s") {
		t.Errorf("%+v", a)
	}
}

// TestAnIndexWithTwoImagesForAPlatform has one pinned that the index does not lead to:
// who pins the index in its place gets another image.
func TestAnIndexWithTwoImagesForAPlatform(t *testing.T) {
	host, _ := server(t, nil)
	other, err := mutate.Config(single(t, "linux", "amd64", ""), v1.Config{User: "other"})
	if err != nil {
		t.Fatal(err)
	}
	second := mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}}
	push(t, host+"/a:1", mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), second, listed(t, "linux/arm64")))
	for digest, want := range map[string]bool{digestOf(t, single(t, "linux", "amd64", "")): true, digestOf(t, other): false, digestOf(t, single(t, "linux", "arm64", "")): true} {
		a := client(t, Options{}).lookUpOne(t.Context(), t, host+"/a:1@"+digest)
		if a.Tagged == nil || a.Tagged.Contains != want {
			t.Errorf("%s: %+v", digest, a.Tagged)
		}
	}
}
