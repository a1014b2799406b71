package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/cache"
)

// lookUpAll asks for several images at once.
func (c *Client) lookUpAll(t *testing.T, references ...string) map[string]image.Answer {
	t.Helper()
	var parsed []image.Reference
	for _, s := range references {
		r, err := image.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, r)
	}
	out := map[string]image.Answer{}
	answers := c.Lookup(t.Context(), parsed)
	for i, r := range parsed {
		out[references[i]] = answers[r]
	}
	return out
}

// journal is what a server was asked, one line a request.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (l *journal) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// take returns the lines since the last call, sorted.
func (l *journal) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	slices.Sort(lines)
	return lines
}

// logging notes the requests below /v2/.
func logging(l *journal) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.add("%s %s", r.Method, strings.TrimPrefix(r.URL.Path, "/v2"))
			next.ServeHTTP(w, r)
		})
	}
}

// digestOf returns the digest of an image or index.
func digestOf(t *testing.T, what interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	h, err := what.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// both is an index for linux/amd64 and linux/arm64.
func both(t *testing.T) v1.ImageIndex {
	return mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), listed(t, "linux/arm64"))
}

// withToken puts a server of tokens before a registry. grant decides on the scopes
// that a token is asked for: with those that it returns, or with a status.
func withToken(l *journal, grant func(user string, scopes []string) (granted []string, status int)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				user, _, _ := r.BasicAuth()
				scopes := r.URL.Query()["scope"]
				l.add("token for %s: %s", user, strings.Join(scopes, " "))
				granted, status := grant(user, scopes)
				if status != 0 {
					w.WriteHeader(status)
					return
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"token": "t:" + strings.Join(granted, ","), "expires_in": 300})
				return
			}
			l.add("%s %s", r.Method, strings.TrimPrefix(r.URL.Path, "/v2"))
			repository, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/")
			repository, _, _ = strings.Cut(repository, "/blobs/")
			token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer t:")
			if repository == "" || !slices.Contains(strings.Split(token, ","), "repository:"+repository+":pull") {
				w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, r.Host))
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// open is a registry behind a handler that tests push past.
func open(t *testing.T, wrap func(http.Handler) http.Handler) (host string, on *atomic.Bool) {
	on = &atomic.Bool{}
	host, _ = server(t, func(next http.Handler) http.Handler {
		wrapped := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if on.Load() {
				wrapped.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	return host, on
}

func TestOnePingAndOneTokenForManyRepositories(t *testing.T) {
	var l journal
	host, on := open(t, withToken(&l, func(_ string, scopes []string) ([]string, int) { return scopes, 0 }))
	var references []string
	for i := range 45 {
		references = append(references, fmt.Sprintf("%s/team/app%02d:1", host, i))
		push(t, references[i], both(t))
	}
	on.Store(true)
	for reference, answer := range client(t, Options{}).lookUpAll(t, references...) {
		if answer.Platforms.String() != "linux/amd64, linux/arm64" {
			t.Errorf("%s: %+v", reference, answer)
		}
	}
	count := map[string]int{}
	for _, line := range l.take() {
		switch {
		case strings.HasPrefix(line, "token"):
			count["token"]++
		case line == "GET /":
			count["ping"]++
		case strings.HasPrefix(line, "GET /team/"):
			count["manifest"]++
		default:
			t.Errorf("%s", line)
		}
	}
	if diff := cmp.Diff(map[string]int{"ping": 1, "token": 3, "manifest": 45}, count); diff != "" {
		t.Error(diff)
	}
}

func TestATokenThatCannotBeHadForAllIsHadForEach(t *testing.T) {
	private := "repository:team/private:pull"
	for name, grant := range map[string]func(string, []string) ([]string, int){
		"refused as a whole": func(_ string, scopes []string) ([]string, int) {
			if slices.Contains(scopes, private) {
				return nil, http.StatusForbidden
			}
			return scopes, 0
		},
		"given for the first only": func(_ string, scopes []string) ([]string, int) { return scopes[:1], 0 },
		"given for the allowed ones": func(_ string, scopes []string) ([]string, int) {
			return slices.DeleteFunc(scopes, func(s string) bool { return s == private }), 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l journal
			host, on := open(t, withToken(&l, grant))
			references := []string{host + "/team/a:1", host + "/team/b:1", host + "/team/private:1"}
			for _, r := range references {
				push(t, r, both(t))
			}
			on.Store(true)
			got := client(t, Options{}).lookUpAll(t, references...)
			if !got[references[0]].Known || !got[references[1]].Known {
				t.Errorf("%+v", got)
			}
			if name != "given for the first only" {
				if a := got[references[2]]; a.Known || a.Reason != image.Unauthorised {
					t.Errorf("%+v", a)
				}
			}
			for line, n := range tally(l.take()) {
				if n > 2 {
					t.Errorf("%d times %s", n, line)
				}
			}
		})
	}
}

func tally(lines []string) map[string]int {
	out := map[string]int{}
	for _, l := range lines {
		out[l]++
	}
	return out
}

func TestCache(t *testing.T) {
	var l journal
	host, _ := server(t, logging(&l))
	single := single(t, "linux", "amd64", "")
	push(t, host+"/a:1", both(t))
	push(t, host+"/b:1", single)
	l.take()
	kept := cache.Open(t.TempDir())
	now := time.Now().Add(-48 * time.Hour)
	ask := func(o Options) map[string]image.Answer {
		o.Cache, o.Keychain, o.Now = kept, anonymous{}, func() time.Time { return now }
		return New(o).lookUpAll(t, host+"/a:1", host+"/b:1", host+"/b@"+digestOf(t, single))
	}
	check := func(name string, got map[string]image.Answer, provenance image.Provenance, requests ...string) {
		t.Helper()
		if a := got[host+"/a:1"]; a.Platforms.String() != "linux/amd64, linux/arm64" || a.Provenance != provenance || a.Single {
			t.Errorf("%s: a: %+v", name, a)
		}
		if b := got[host+"/b:1"]; b.Platforms.String() != "linux/amd64" || b.Provenance != provenance || !b.Single {
			t.Errorf("%s: b: %+v", name, b)
		}
		slices.Sort(requests)
		if diff := cmp.Diff(requests, l.take()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", name, diff)
		}
	}
	config, err := single.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	// The same manifest, once by its tag and once by its digest.
	check("cold", ask(Options{Concurrency: 1}), image.FromRegistry, "GET /", "GET /a/manifests/1", "GET /b/manifests/1", "GET /b/blobs/"+config.String())
	check("warm", ask(Options{}), image.FromCache)
	now = now.Add(2 * time.Hour)
	check("aged", ask(Options{}), image.FromRegistry, "GET /", "HEAD /a/manifests/1", "HEAD /b/manifests/1")
	check("warm again", ask(Options{}), image.FromCache)
	now = now.Add(2 * time.Hour)
	check("aged and offline", ask(Options{Offline: true}), image.FromCache)
	check("with a longer age", ask(Options{TagAge: 24 * time.Hour}), image.FromCache)

	// The tag has moved.
	push(t, host+"/b:1", mutate.AppendManifests(empty.Index, listed(t, "linux/arm64")))
	l.take()
	got := ask(Options{})
	if b := got[host+"/b:1"]; b.Platforms.String() != "linux/arm64" {
		t.Errorf("moved: %+v", b)
	}
	want := []string{"GET /", "GET /b/manifests/1", "HEAD /a/manifests/1", "HEAD /b/manifests/1"}
	if diff := cmp.Diff(want, l.take()); diff != "" {
		t.Errorf("moved: requests (-want +got):\n%s", diff)
	}
}

func TestADamagedCacheIsAnEmptyOne(t *testing.T) {
	host, _ := server(t, nil)
	push(t, host+"/a:1", both(t))
	dir := t.TempDir()
	ask := func() image.Answer {
		c := New(Options{Cache: cache.Open(dir), Keychain: anonymous{}})
		return c.lookUpOne(t.Context(), t, host+"/a:1")
	}
	ask()
	files := 0
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files++
			return os.WriteFile(path, []byte("{"), 0o644)
		}
		return err
	}); err != nil || files < 3 {
		t.Fatal(files, err)
	}
	if got := ask(); !got.Known || got.Provenance != image.FromRegistry {
		t.Errorf("%+v", got)
	}
	if got := ask(); !got.Known || got.Provenance != image.FromCache {
		t.Errorf("not written anew: %+v", got)
	}
}

func TestWhatIsKeptAnswersWhereTheRegistryDoesNot(t *testing.T) {
	var status atomic.Int32
	host, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s := status.Load(); s != 0 {
				w.WriteHeader(int(s))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	push(t, host+"/a:1", both(t))
	now := time.Now().Add(-48 * time.Hour)
	o := Options{Cache: cache.Open(t.TempDir()), Keychain: anonymous{}, Now: func() time.Time { return now }}
	New(o).lookUpOne(t.Context(), t, host+"/a:1")
	now = now.Add(24 * time.Hour)
	for s, known := range map[int]bool{429: true, 500: true, 503: true, 401: true, 404: false} {
		status.Store(int32(s))
		c := New(o)
		c.wait = func(context.Context, time.Duration) error { return nil }
		got := c.lookUpOne(t.Context(), t, host+"/a:1")
		if s == 404 { // at the ping: this is no registry
			continue
		}
		if got.Known != known || known && (got.Provenance != image.FromCache || now.Sub(got.AsOf) < 23*time.Hour) {
			t.Errorf("%d: %+v", s, got)
		}
	}
	status.Store(0)
	if got := New(o).lookUpOne(t.Context(), t, host+"/gone:1"); got.Known {
		t.Errorf("%+v", got)
	}
}

func TestRetryAfter(t *testing.T) {
	const long, short = "3600", "2"
	for _, test := range []struct {
		name, after string
		status      int
		times       int32 // that the registry is at its limit
		known       bool
		waits       []time.Duration
		detail      string
		requests    int
	}{
		{name: "a short wait is waited for", status: 429, after: short, times: 1, known: true, waits: []time.Duration{2 * time.Second}, requests: 2},
		{name: "also of an overloaded one", status: 503, after: short, times: 1, known: true, waits: []time.Duration{2 * time.Second}, requests: 2},
		{name: "once", status: 429, after: short, times: 9, waits: []time.Duration{2 * time.Second}, detail: "HOST limits the rate of requests, retry after 2 s", requests: 2},
		{name: "not long", status: 429, after: long, times: 1, detail: "HOST limits the rate of requests, retry after 60 min", requests: 1},
		{name: "unsaid", status: 429, times: 1, known: true, waits: []time.Duration{time.Second}, requests: 2},
		{name: "unsaid, overloaded", status: 503, times: 1, detail: "HOST answered HTTP 503", requests: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked, served atomic.Int32
			host, _ := server(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/") {
						served.Add(1)
						if asked.Add(1) <= test.times {
							w.Header().Set("Retry-After", test.after)
							w.WriteHeader(test.status)
							return
						}
					}
					next.ServeHTTP(w, r)
				})
			})
			push(t, host+"/a:1", both(t))
			c := New(Options{Keychain: anonymous{}, Concurrency: 1})
			var waits []time.Duration
			c.wait = func(_ context.Context, d time.Duration) error {
				waits = append(waits, d.Round(time.Second))
				return nil
			}
			got := c.lookUpOne(t.Context(), t, host+"/a:1")
			if got.Known != test.known || strings.ReplaceAll(got.Detail, host, "HOST") != test.detail {
				t.Errorf("got %+v", got)
			}
			if len(waits) > len(test.waits) {
				waits = waits[:len(test.waits)] // the host as a whole waits, too
			}
			if diff := cmp.Diff(test.waits, waits); diff != "" {
				t.Errorf("waits %s", diff)
			}
			if n := int(served.Load()); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			// Who is at its limit is not asked for the next image either.
			if got := c.lookUpOne(t.Context(), t, host+"/b:1"); test.times > 1 && got.Reason != image.RateLimited {
				t.Errorf("the next: %+v", got)
			}
			if n := int(served.Load()); test.times > 1 && n != test.requests {
				t.Errorf("%d requests after the limit", n-test.requests)
			}
		})
	}
}

func TestMirrors(t *testing.T) {
	var mirrored, upstream journal
	mirror, _ := server(t, logging(&mirrored))
	host, _ := server(t, logging(&upstream))
	push(t, mirror+"/hub/team/a:1", both(t))
	push(t, host+"/team/a:1", single(t, "linux", "amd64", ""))
	push(t, host+"/team/b:1", single(t, "linux", "amd64", ""))
	mirrored.take()
	upstream.take()
	c := client(t, Options{Mirrors: map[string][]string{host: {"127.0.0.1:1", mirror + "/hub"}}})
	got := c.lookUpAll(t, host+"/team/a:1", host+"/team/b:1", host+"/team/c:1")
	if a := got[host+"/team/a:1"]; a.Platforms.String() != "linux/amd64, linux/arm64" {
		t.Errorf("a: %+v", a)
	}
	if b := got[host+"/team/b:1"]; b.Platforms.String() != "linux/amd64" {
		t.Errorf("b: %+v", b)
	}
	if c := got[host+"/team/c:1"]; c.Known || c.Reason != image.NotFound || c.Detail != "not found at "+host {
		t.Errorf("c: %+v", c)
	}
	want := []string{"GET /", "GET /hub/team/a/manifests/1", "GET /hub/team/b/manifests/1", "GET /hub/team/c/manifests/1"}
	if diff := cmp.Diff(want, mirrored.take()); diff != "" {
		t.Errorf("mirror: %s", diff)
	}
	asked := upstream.take()
	if slices.Contains(asked, "GET /team/a/manifests/1") || !slices.Contains(asked, "GET /team/b/manifests/1") {
		t.Errorf("upstream: %q", asked)
	}
}

func TestBudgetPolicyAndConcurrency(t *testing.T) {
	var running, most, requests atomic.Int32
	host, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			requests.Add(1)
			time.Sleep(2 * time.Millisecond)
			next.ServeHTTP(w, r)
		})
	})
	var references []string
	for i := range 30 {
		references = append(references, fmt.Sprintf("%s/app%d:1", host, i))
		push(t, references[i], both(t))
	}
	most.Store(0)
	requests.Store(0)
	got := client(t, Options{Concurrency: 3, Requests: 11}).lookUpAll(t, references...)
	known, refused := 0, 0
	for _, a := range got {
		switch {
		case a.Known:
			known++
		case a.Reason == image.Refused && a.Detail == fmt.Sprintf("the 11 requests to %s that are allowed in a run are used up", host):
			refused++
		default:
			t.Errorf("%+v", a)
		}
	}
	if known != 10 || refused != 20 { // one is the ping
		t.Errorf("%d known, %d refused", known, refused)
	}
	if n := most.Load(); n > 3 {
		t.Errorf("%d requests at a time", n)
	}
	requests.Store(0)
	policy := func(registry string) (string, bool) { return registry + " is not allowed", registry != host }
	if a := client(t, Options{Policy: policy}).lookUpOne(t.Context(), t, references[0]); a.Reason != image.Refused || a.Detail != host+" is not allowed" {
		t.Errorf("%+v", a)
	}
	if a := client(t, Options{Offline: true}).lookUpOne(t.Context(), t, references[0]); a.Reason != image.Offline {
		t.Errorf("%+v", a)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests to who is not to be asked", n)
	}
}

func TestOneRequestForADigest(t *testing.T) {
	var l journal
	host, _ := server(t, func(next http.Handler) http.Handler {
		return logging(&l)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/sha256:") {
				time.Sleep(50 * time.Millisecond) // so that all ask meanwhile
			}
			next.ServeHTTP(w, r)
		}))
	})
	index := both(t)
	var references []string
	for i := range 8 {
		push(t, fmt.Sprintf("%s/app%d:1", host, i), index)
		references = append(references, fmt.Sprintf("%s/app%d@%s", host, i, digestOf(t, index)))
	}
	l.take()
	for r, a := range client(t, Options{}).lookUpAll(t, references...) {
		if !a.Known {
			t.Errorf("%s: %+v", r, a)
		}
	}
	if n := len(l.take()); n != 2 { // and the ping
		t.Errorf("%d requests", n)
	}
}

func TestTheTagBesideADigest(t *testing.T) {
	host, _ := server(t, nil)
	index, old := both(t), single(t, "linux", "amd64", "v1")
	push(t, host+"/a:1", index)
	push(t, host+"/a:old", old)
	push(t, host+"/single:1", single(t, "linux", "amd64", ""))
	push(t, host+"/single:arm", single(t, "linux", "arm64", ""))
	child := digestOf(t, single(t, "linux", "amd64", ""))
	tagged := &image.Tagged{Digest: digestOf(t, index), Platforms: arch.Default()}
	for reference, want := range map[string]*image.Tagged{
		"/a:1@" + child:               {Digest: tagged.Digest, Platforms: tagged.Platforms, Contains: true},
		"/a:1@" + digestOf(t, old):    tagged, // the tag has moved on
		"/a@" + child:                 nil,
		"/a:1@" + digestOf(t, index):  nil, // the index itself
		"/a:gone@" + digestOf(t, old): nil,
		"/single:arm@" + child:        {Digest: digestOf(t, single(t, "linux", "arm64", "")), Platforms: arch.Set{arch.LinuxARM64}},
		"/single:1@" + child:          {Digest: child, Platforms: arch.Set{arch.LinuxAMD64}},
	} {
		kept := cache.Open(t.TempDir())
		for range 2 { // from the registry, then from the cache
			c := New(Options{Keychain: anonymous{}, Cache: kept})
			got := c.lookUpOne(t.Context(), t, host+reference)
			if !got.Known {
				t.Fatalf("%s: %+v", reference, got)
			}
			if diff := cmp.Diff(want, got.Tagged); diff != "" {
				t.Errorf("%s, %s: %s", reference, got.Provenance, diff)
			}
		}
	}
}

func TestAnIndexThatLies(t *testing.T) {
	host, _ := server(t, nil)
	layer := func(img v1.Image, text string) v1.Image {
		out, err := mutate.AppendLayers(img, static.NewLayer([]byte(text), types.OCILayer))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	as := func(img v1.Image, platform string) mutate.IndexAddendum {
		p := platformOf(t, platform)
		return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant}}}
	}
	amd64, arm64 := layer(single(t, "linux", "amd64", ""), "amd64"), layer(single(t, "linux", "arm64", "v8"), "arm64")
	forged := layer(single(t, "linux", "arm64", ""), "amd64")    // the amd64 program in an image that says arm64
	forgotten := layer(single(t, "linux", "amd64", ""), "arm64") // the other way round
	for _, test := range []struct {
		name      string
		entries   []mutate.IndexAddendum
		platforms string
		want      string // platform: evidence (certain), with Verify
		shallow   string // the same without
	}{
		{name: "honest", entries: []mutate.IndexAddendum{as(amd64, "linux/amd64"), as(arm64, "linux/arm64")}, platforms: "linux/amd64, linux/arm64"},
		{
			name: "one image for both", entries: []mutate.IndexAddendum{as(amd64, "linux/amd64"), as(amd64, "linux/arm64")}, platforms: "linux/amd64",
			want:    "linux/arm64: its configuration says linux/amd64 (true)",
			shallow: "linux/arm64: its configuration says linux/amd64 (true)",
		},
		{
			name: "one image for both, the wrong one first", entries: []mutate.IndexAddendum{as(amd64, "linux/arm64"), as(amd64, "linux/amd64")}, platforms: "linux/amd64",
			want:    "linux/arm64: its configuration says linux/amd64 (true)",
			shallow: "linux/arm64: its configuration says linux/amd64 (true)",
		},
		{
			name: "the same layers", entries: []mutate.IndexAddendum{as(amd64, "linux/amd64"), as(forged, "linux/arm64")}, platforms: "linux/amd64, linux/arm64",
			want: "linux/arm64: its layers are those of linux/amd64 (false)",
		},
		{
			name: "a configuration that was forgotten", entries: []mutate.IndexAddendum{as(amd64, "linux/amd64"), as(forgotten, "linux/arm64")}, platforms: "linux/amd64, linux/arm64",
			want: "linux/arm64: its configuration says linux/amd64 (false)",
		},
		{name: "variants", entries: []mutate.IndexAddendum{as(single(t, "linux", "arm", ""), "linux/arm/v6"), as(layer(single(t, "linux", "arm", "v7"), "7"), "linux/arm/v7")}, platforms: "linux/arm/v6, linux/arm/v7"},
		{name: "nothing in it", entries: []mutate.IndexAddendum{as(single(t, "linux", "amd64", ""), "linux/amd64"), as(single(t, "linux", "arm64", ""), "linux/arm64")}, platforms: "linux/amd64, linux/arm64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			reference := host + "/lies:" + strings.ReplaceAll(strings.ReplaceAll(test.name, " ", "-"), ",", "")
			push(t, reference, mutate.AppendManifests(empty.Index, test.entries...))
			kept := cache.Open(t.TempDir())
			for i, want := range []string{test.shallow, test.want, test.shallow} {
				c := New(Options{Keychain: anonymous{}, Verify: i == 1, Cache: kept})
				got := c.lookUpOne(t.Context(), t, reference)
				var have []string
				for _, c := range got.Contradictions {
					have = append(have, fmt.Sprintf("%s: %s (%v)", c.Platform, c.Evidence, c.Certain))
				}
				if s := strings.Join(have, "; "); s != want || got.Platforms.String() != test.platforms {
					t.Errorf("%d: got %q, %s, want %q, %s", i, s, got.Platforms, want, test.platforms)
				}
			}
		})
	}
}

func TestVerifyReadsOnce(t *testing.T) {
	var l journal
	host, _ := server(t, logging(&l))
	push(t, host+"/a:1", both(t))
	kept := cache.Open(t.TempDir())
	for i, want := range []int{2, 5, 0} { // with the ping and HEAD; then two manifests and two configurations
		l.take()
		if got := New(Options{Keychain: anonymous{}, Verify: i > 0, Cache: kept}).lookUpOne(t.Context(), t, host+"/a:1"); !got.Known || len(got.Contradictions) > 0 {
			t.Errorf("%+v", got)
		}
		if lines := l.take(); i != 1 && len(lines) != want || i == 1 && len(lines) < want {
			t.Errorf("%d: %q", i, lines)
		}
	}
}

func TestBodies(t *testing.T) {
	good, err := both(t).RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	const index = string(types.OCIImageIndex)
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		known   bool
		reason  image.Reason
		detail  string
		timeout time.Duration
	}{
		{name: "served as JSON", known: true, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(good)
		}},
		{name: "with parameters", known: true, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", index+"; charset=utf-8")
			_, _ = w.Write(good)
		}},
		{name: "truncated", reason: image.Unreachable, detail: "HOST: the connection broke", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", index)
			w.Header().Set("Content-Length", "10000")
			_, _ = w.Write(good)
		}},
		{name: "another digest", reason: image.Malformed, detail: "what the registry serves is not what its digest stands for", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", index)
			w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("a", 64))
			_, _ = w.Write(good)
		}},
		{name: "an index and an image at once", reason: image.Malformed, detail: "what the registry serves is an index and an image at once", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", index)
			_, _ = io.WriteString(w, `{"schemaVersion":2,"manifests":[],"layers":[]}`)
		}},
		{name: "no images in it", reason: image.Malformed, detail: "the index names no platform", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", index)
			_, _ = io.WriteString(w, `{"schemaVersion":2,"manifests":[]}`)
		}},
		{name: "without an end", reason: image.TooLarge, detail: "what HOST serves for it is too large", handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", index)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}},
		{name: "drop by drop", reason: image.Unreachable, detail: "HOST did not answer within 200ms", timeout: 200 * time.Millisecond, handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", index)
			for range 1000 {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-time.After(20 * time.Millisecond):
				case <-r.Context().Done():
					return
				}
			}
		}},
		{name: "a redirect in a circle", reason: image.Unreachable, detail: "HOST: no connection", handler: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}},
		{name: "a redirect elsewhere", known: true, handler: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("elsewhere") == "" {
				http.Redirect(w, r, r.URL.Path+"?elsewhere=1", http.StatusTemporaryRedirect)
				return
			}
			w.Header().Set("Content-Type", index)
			_, _ = w.Write(good)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			host, _ := server(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.Contains(r.URL.Path, "/manifests/") {
						test.handler(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			got := client(t, Options{Timeout: test.timeout}).lookUpOne(t.Context(), t, host+"/a:1")
			if got.Known != test.known || got.Reason != test.reason || strings.ReplaceAll(got.Detail, host, "HOST") != test.detail {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestSlowAnswersEndTheQuestions(t *testing.T) {
	var asked atomic.Int32
	host, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/") {
				asked.Add(1)
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	var references []string
	for i := range 20 {
		references = append(references, fmt.Sprintf("%s/app%d:1", host, i))
	}
	for r, a := range client(t, Options{Timeout: 50 * time.Millisecond, Concurrency: 1}).lookUpAll(t, references...) {
		if a.Reason != image.Unreachable {
			t.Errorf("%s: %+v", r, a)
		}
	}
	if n := asked.Load(); n != maxSlow {
		t.Errorf("%d requests, want %d", n, maxSlow)
	}
}

func TestCredentialsStayAtTheirHost(t *testing.T) {
	var elsewhere journal
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.add("authorization %q", r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"os":"linux","architecture":"arm64"}`)
	}))
	t.Cleanup(storage.Close)
	// By another name, for that is all that counts here.
	address := strings.Replace(storage.URL, "127.0.0.1", "localhost", 1)
	host, _ := server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if strings.Contains(r.URL.Path, "/blobs/") {
				http.Redirect(w, r, address+"/x", http.StatusTemporaryRedirect)
				return
			}
			if strings.Contains(r.URL.Path, "/manifests/") {
				w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
				config := sha256Of([]byte(`{"os":"linux","architecture":"arm64"}`))
				fmt.Fprintf(w, `{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":1},"layers":[]}`, config)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	keychain := keychainFunc(func(r authn.Resource) authn.Authenticator {
		if r.RegistryStr() != host {
			t.Errorf("credentials for %s", r.RegistryStr())
		}
		return &authn.Basic{Username: "me", Password: "secret"}
	})
	c := New(Options{Keychain: keychain})
	if got := c.lookUpOne(t.Context(), t, host+"/a:1"); got.Platforms.String() != "linux/arm64" {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{`authorization ""`}, elsewhere.take()); diff != "" {
		t.Error(diff)
	}
	refused := New(Options{Keychain: anonymous{}}).lookUpOne(t.Context(), t, host+"/a:1")
	if refused.Reason != image.Unauthorised || strings.Contains(refused.Detail, "secret") {
		t.Errorf("%+v", refused)
	}
}

type keychainFunc func(authn.Resource) authn.Authenticator

func (f keychainFunc) Resolve(r authn.Resource) (authn.Authenticator, error) { return f(r), nil }

func TestHTTP2(t *testing.T) {
	var l journal
	var manifest []byte
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.add("HTTP/%d", r.ProtoMajor)
		if r.URL.Path != "/v2/" {
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			_, _ = w.Write(manifest)
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	manifest, _ = both(t).RawManifest()
	transport := newTransport(4, false).(*http.Transport)
	transport.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	var connections atomic.Int32
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connections.Add(1)
		return dial(ctx, network, address)
	}
	host := strings.TrimPrefix(s.URL, "https://")
	var references []string
	for i := range 20 {
		references = append(references, fmt.Sprintf("%s/app%d:1", host, i))
	}
	for r, a := range client(t, Options{Transport: transport}).lookUpAll(t, references...) {
		if !a.Known {
			t.Errorf("%s: %+v", r, a)
		}
	}
	if got := tally(l.take()); got["HTTP/2"] != 21 || len(got) != 1 {
		t.Errorf("%v", got)
	}
	if n := connections.Load(); n > 2 {
		t.Errorf("%d connections", n)
	}
}

func platformOf(t *testing.T, s string) arch.Platform {
	t.Helper()
	p, err := arch.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// FuzzManifest reads whatever a registry may serve.
func FuzzManifest(f *testing.F) {
	f.Add("", []byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:0","platform":{"os":"linux","architecture":"arm64"}}]}`))
	f.Add(string(types.OCIManifestSchema1), []byte(`{"schemaVersion":2,"config":{"digest":"sha256:0"},"layers":[{}]}`))
	f.Add("text/html", []byte(`{"schemaVersion":1,"mediaType":"`+string(types.DockerManifestSchema1)+`","architecture":"amd64","fsLayers":[]}`))
	f.Add("a;b", []byte(`{"manifests":null,"config":null}`))
	f.Fuzz(func(t *testing.T, mediaType string, body []byte) {
		m, err := parseManifest(mediaType, body)
		if (m == nil) == (err == nil) {
			t.Fatalf("%+v, %v", m, err)
		}
		if m != nil && len(m.entries) > maxEntries {
			t.Fatal("too many entries")
		}
		if p, err := parseConfig(body); err == nil && (p.OS == "" || p.Architecture == "") {
			t.Fatalf("%+v", p)
		}
	})
}
