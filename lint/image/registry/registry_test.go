package registry

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/archlint/archlint/lint/image"
)

// anonymous are no credentials, so that no docker configuration is read.
type anonymous struct{}

func (anonymous) Resolve(authn.Resource) (authn.Authenticator, error) { return authn.Anonymous, nil }

var today = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// server is a registry in this process whose answers a test may replace; it
// returns its host and a counter of requests by path.
func server(t *testing.T, wrap func(http.Handler) http.Handler) (host string, requests *sync.Map) {
	t.Helper()
	requests = &sync.Map{}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if wrap != nil {
		handler = wrap(handler)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := requests.LoadOrStore(r.Method+" "+r.URL.Path, new(atomic.Int32))
		n.(*atomic.Int32).Add(1)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), requests
}

func total(requests *sync.Map) (n int) {
	requests.Range(func(_, count any) bool { n += int(count.(*atomic.Int32).Load()); return true })
	return n
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	o.Keychain = anonymous{}
	o.Now = func() time.Time { return today }
	c := New(o)
	c.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c
}

// lookUpOne asks for one image.
func (c *Client) lookUpOne(ctx context.Context, t *testing.T, reference string) image.Answer {
	t.Helper()
	r, err := image.Parse(reference)
	if err != nil {
		t.Fatal(err)
	}
	return c.Lookup(ctx, []image.Reference{r})[r]
}

func single(t *testing.T, os, architecture, variant string) v1.Image {
	t.Helper()
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: os, Architecture: architecture, Variant: variant})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// listed is an entry of an index for the platform os/architecture[/variant].
func listed(t *testing.T, platform string) mutate.IndexAddendum {
	t.Helper()
	parts := strings.SplitN(platform+"/", "/", 4)
	p := v1.Platform{OS: parts[0], Architecture: parts[1], Variant: strings.TrimSuffix(parts[2], "/")}
	return mutate.IndexAddendum{Add: single(t, p.OS, p.Architecture, p.Variant), Descriptor: v1.Descriptor{Platform: &p}}
}

func push(t *testing.T, reference string, what remote.Taggable) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	switch what := what.(type) {
	case v1.Image:
		err = remote.Write(ref, what)
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestLookup(t *testing.T) {
	host, _ := server(t, nil)
	attestation := listed(t, "unknown/unknown")
	attestation.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	silent := mutate.IndexAddendum{Add: single(t, "linux", "s390x", "")} // no platform
	index := mutate.AppendManifests(empty.Index, listed(t, "linux/arm64/v8"), listed(t, "linux/amd64"), listed(t, "linux/arm/v7"), attestation, silent)
	onlyAttested := mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), attestation)
	inner := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.DockerManifestList), listed(t, "linux/riscv64"))
	outer := mutate.AppendManifests(empty.Index, listed(t, "linux/amd64"), mutate.IndexAddendum{Add: inner})

	push(t, host+"/team/index:1", index)
	push(t, host+"/team/attested:1", onlyAttested)
	push(t, host+"/team/nested:1", outer)
	push(t, host+"/team/single:arm64", single(t, "linux", "arm64", "v8"))
	push(t, host+"/team/single:amd64", single(t, "linux", "amd64", ""))
	push(t, host+"/team/nothing:1", mutate.AppendManifests(empty.Index, attestation))
	push(t, host+"/team/chart:1", single(t, "", "", ""))
	digest := func(what interface{ Digest() (v1.Hash, error) }) string {
		h, err := what.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return h.String()
	}

	for _, test := range []struct {
		name, reference string
		platforms       string
		digest          string
		reason          image.Reason
	}{
		{name: "index, without attestations, and an entry without a platform", reference: "/team/index:1", platforms: "linux/amd64, linux/arm/v7, linux/arm64, linux/s390x", digest: digest(index)},
		{name: "index of one image and its attestation", reference: "/team/attested:1", platforms: "linux/amd64", digest: digest(onlyAttested)},
		{name: "index in an index", reference: "/team/nested:1", platforms: "linux/amd64, linux/riscv64", digest: digest(outer)},
		{name: "single manifest", reference: "/team/single:arm64", platforms: "linux/arm64", digest: digest(single(t, "linux", "arm64", "v8"))},
		{name: "digest of a child", reference: "/team/single@" + digest(single(t, "linux", "amd64", "")), platforms: "linux/amd64", digest: digest(single(t, "linux", "amd64", ""))},
		{name: "the digest counts, not the tag beside it", reference: "/team/single:arm64@" + digest(single(t, "linux", "amd64", "")), platforms: "linux/amd64", digest: digest(single(t, "linux", "amd64", ""))},
		{name: "index without platforms", reference: "/team/nothing:1", reason: image.Malformed},
		{name: "no image", reference: "/team/chart:1", reason: image.Malformed},
		{name: "no such tag", reference: "/team/index:2", reason: image.NotFound},
		{name: "no such repository", reference: "/team/other:1", reason: image.NotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := client(t, Options{}).lookUpOne(t.Context(), t, host+test.reference)
			if test.reason != "" {
				if got.Known || got.Reason != test.reason || got.Detail == "" {
					t.Fatalf("got %+v, want %s with a detail", got, test.reason)
				}
				return
			}
			if got.Platforms.String() != test.platforms || got.Digest != test.digest {
				t.Errorf("got %s %s, want %s %s (%s)", got.Platforms, got.Digest, test.platforms, test.digest, got.Detail)
			}
			want := image.Answer{Known: true, Provenance: image.FromRegistry, AsOf: today}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(image.Answer{}, "Platforms", "Digest", "Single", "Tagged")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASingleManifestCostsTwoRequestsAndAnIndexOne(t *testing.T) {
	host, requests := server(t, nil)
	push(t, host+"/a:1", mutate.AppendManifests(empty.Index, listed(t, "linux/amd64")))
	push(t, host+"/b:1", single(t, "linux", "amd64", ""))
	for reference, want := range map[string]int{"/a:1": 2, "/b:1": 3} { // one of them is ggcr's ping
		before := total(requests)
		if got := client(t, Options{}).lookUpOne(t.Context(), t, host+reference); !got.Known {
			t.Fatal(got)
		}
		if got := total(requests) - before; got != want {
			t.Errorf("%s: %d requests, want %d", reference, got, want)
		}
	}
}

// answering replaces the answers to requests for manifests.
func answering(status int, header, body string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				next.ServeHTTP(w, r)
				return
			}
			if key, value, found := strings.Cut(header, ": "); found {
				w.Header().Set(key, value)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
}

func TestWhatWentWrongIsToldApart(t *testing.T) {
	const index = "Content-Type: application/vnd.oci.image.index.v1+json"
	many := `{"schemaVersion":2,"manifests":[` + strings.Repeat(`{"platform":{"os":"linux","architecture":"amd64"}},`, maxEntries) + `{}]}`
	for _, test := range []struct {
		name         string
		status       int
		header, body string
		reason       image.Reason
		detail       string
		requests     int // for manifests
	}{
		{name: "401", status: 401, reason: image.Unauthorised, detail: "not found at HOST, or private (HTTP 401)", requests: 1},
		{name: "403", status: 403, reason: image.Unauthorised, detail: "not found at HOST, or private (HTTP 403)", requests: 1},
		{name: "404", status: 404, body: `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"::error::x"}]}`, reason: image.NotFound, detail: "not found at HOST", requests: 1},
		{name: "429", status: 429, header: "Retry-After: 37", reason: image.RateLimited, detail: "HOST limits the rate of requests, retry after 37 s", requests: 1},
		{name: "429 with a date", status: 429, header: "Retry-After: Mon, 23 Nov 2026 10:20:30 GMT", reason: image.RateLimited, detail: "HOST limits the rate of requests, retry after 10 h", requests: 1},
		{name: "429 with nonsense", status: 429, header: "Retry-After: ::warning::soon", reason: image.RateLimited, detail: "HOST limits the rate of requests", requests: 2},
		{name: "500", status: 500, body: "secret", reason: image.Unreachable, detail: "HOST answered HTTP 500", requests: 2},
		{name: "503", status: 503, reason: image.Unreachable, detail: "HOST answered HTTP 503", requests: 1},
		{name: "418", status: 418, reason: image.Refused, detail: "HOST answered HTTP 418", requests: 1},
		{name: "a web page", status: 200, header: "Content-Type: text/html", body: "<html>", reason: image.Malformed, detail: "what the registry serves is not an image", requests: 1},
		{name: "broken JSON", status: 200, header: index, body: "{", reason: image.Malformed, detail: "what the registry serves cannot be read", requests: 1},
		{name: "too many entries", status: 200, header: index, body: many, reason: image.TooLarge, detail: "what HOST serves for it is too large", requests: 1},
		{name: "too many bytes", status: 200, header: index, body: strings.Repeat(" ", maxBody+1), reason: image.TooLarge, requests: 1},
		{name: "a redirect to the metadata service", status: 307, header: "Location: http://169.254.169.254/latest/meta-data", reason: image.Refused, requests: 1},
		{name: "a redirect to plain HTTP", status: 307, header: "Location: http://example.com/v2/", reason: image.Refused, requests: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			host, requests := server(t, answering(test.status, test.header, test.body))
			got := client(t, Options{}).lookUpOne(t.Context(), t, host+"/team/app:1")
			if got.Known || got.Reason != test.reason {
				t.Fatalf("got %+v, want %s", got, test.reason)
			}
			if detail := strings.ReplaceAll(got.Detail, host, "HOST"); test.detail != "" && detail != test.detail {
				t.Errorf("detail %q, want %q", detail, test.detail)
			}
			n, _ := requests.LoadOrStore("GET /v2/team/app/manifests/1", new(atomic.Int32))
			if count := int(n.(*atomic.Int32).Load()); count != test.requests {
				t.Errorf("%d requests for the manifest, want %d", count, test.requests)
			}
		})
	}
}

func TestADeadHostIsAskedOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	listener.Close() // nothing listens there any more
	var dials atomic.Int32
	c := client(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		dials.Add(1)
		return http.DefaultTransport.RoundTrip(r)
	})})
	first := c.lookUpOne(t.Context(), t, host+"/a:1")
	if first.Reason != image.Unreachable || first.Detail != host+": connection refused" {
		t.Fatalf("got %+v", first)
	}
	after := dials.Load()
	if after == 0 {
		t.Fatal("nothing was asked")
	}
	for i := range 20 {
		if got := c.lookUpOne(t.Context(), t, fmt.Sprintf("%s/b%d:1", host, i)); got.Reason != image.Unreachable {
			t.Errorf("got %+v", got)
		}
	}
	if n := dials.Load(); n != after {
		t.Errorf("%d requests after the host was known to be dead", n-after)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestASilentHostCostsOneTimeOut(t *testing.T) {
	var dials atomic.Int32
	c := client(t, Options{Timeout: 100 * time.Millisecond, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		dials.Add(1)
		<-r.Context().Done()
		return nil, r.Context().Err()
	})})
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			got := c.lookUpOne(context.Background(), t, fmt.Sprintf("registry.example/app%d:1", i))
			if got.Reason != image.Unreachable || got.Detail != "registry.example did not answer within 100ms" {
				t.Errorf("got %+v", got)
			}
		})
	}
	group.Wait()
	if n := dials.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestACancelledLookupDoesNotCondemnTheHost(t *testing.T) {
	host, _ := server(t, nil)
	push(t, host+"/a:1", single(t, "linux", "amd64", ""))
	c := client(t, Options{})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.lookUpOne(cancelled, t, host+"/a:1"); got.Known || got.Reason != image.Unreachable {
		t.Errorf("got %+v", got)
	}
	if got := c.lookUpOne(t.Context(), t, host+"/a:1"); !got.Known {
		t.Errorf("got %+v", got)
	}
}

func TestHostsThatAreNotAsked(t *testing.T) {
	c := client(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("asked %s", r.URL)
		return nil, fmt.Errorf("no")
	})})
	for reference, reason := range map[string]image.Reason{
		"10.0.0.1/a:1":                       image.Refused,
		"192.168.1.1:5000/a:1":               image.Refused,
		"169.254.169.254/latest/meta-data":   image.Refused,
		"[fd00:ec2::254]:80/a:1":             image.Refused,
		"0.0.0.0:5000/a:1":                   image.Refused,
		"metadata.google.internal/compute:1": image.Refused,
	} {
		if got := c.lookUpOne(t.Context(), t, reference); got.Known || got.Reason != reason {
			t.Errorf("%q: got %+v, want %s", reference, got, reason)
		}
	}
}

func TestDockerHubIsAskedWhereItIs(t *testing.T) {
	var asked []string
	c := client(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return nil, io.ErrUnexpectedEOF
	})})
	got := c.lookUpOne(t.Context(), t, "docker.io/library/nginx:1")
	if got.Reason != image.Unreachable {
		t.Errorf("got %+v", got)
	}
	want := []string{"https://index.docker.io/v2/", "https://index.docker.io/v2/"} // and once more
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
