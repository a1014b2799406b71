package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/cache"
)

// BenchmarkLookup asks for 500 images of as many repositories at a registry that is
// 20 ms away, with 32 requests at a time. What cannot be beaten cold is
// 500 × 20 ms / 32 = 312 ms.
func BenchmarkLookup(b *testing.B) {
	const images, latency, workers = 500, 20 * time.Millisecond, 32
	// A third are single images, which cost a request more.
	for _, bench := range []struct {
		name    string
		singles bool
	}{{"indexes", false}, {"a third single images", true}} {
		var requests atomic.Int64
		config := `{"os":"linux","architecture":"amd64"}`
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			time.Sleep(latency)
			var n int
			_, _ = fmt.Sscanf(r.URL.Path, "/v2/app%d/", &n)
			switch {
			case r.URL.Path == "/v2/":
			case strings.Contains(r.URL.Path, "/blobs/"):
				fmt.Fprintf(w, "%s%*s", config, n, "")
			default:
				body := fmt.Sprintf(`{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"platform":{"os":"linux","architecture":"amd64"}}]}`,
					types.OCIManifestSchema1, sha256Of(nil), n)
				w.Header().Set("Content-Type", string(types.OCIImageIndex))
				if bench.singles && n%3 == 0 {
					body = fmt.Sprintf(`{"schemaVersion":2,"config":{"mediaType":%q,"digest":%q,"size":40},"layers":[]}`,
						types.OCIConfigJSON, sha256Of([]byte(fmt.Sprintf("%s%*s", config, n, ""))))
					w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
				}
				w.Header().Set("Docker-Content-Digest", sha256Of([]byte(body)))
				if r.Method == http.MethodGet {
					_, _ = w.Write([]byte(body))
				}
			}
		}))
		references := make([]image.Reference, images)
		for i := range references {
			references[i] = image.Reference{Registry: strings.TrimPrefix(s.URL, "http://"), Repository: fmt.Sprintf("app%d", i), Tag: "1"}
		}
		run := func(b *testing.B, prepare func() Options) {
			requests.Store(0)
			b.ReportAllocs()
			for b.Loop() {
				o := prepare()
				o.Keychain, o.Concurrency = anonymous{}, workers
				for r, a := range New(o).Lookup(b.Context(), references) {
					if !a.Known {
						b.Fatal(r, a)
					}
				}
			}
			b.ReportMetric(float64(requests.Load())/float64(b.N), "requests/op")
		}
		b.Run(bench.name+"/cold", func(b *testing.B) {
			run(b, func() Options { return Options{Cache: cache.Open(b.TempDir())} })
		})
		b.Run(bench.name+"/cold without a cache", func(b *testing.B) { run(b, func() Options { return Options{} }) })
		kept := cache.Open(b.TempDir())
		New(Options{Cache: kept, Keychain: anonymous{}, Concurrency: workers}).Lookup(b.Context(), references)
		b.Run(bench.name+"/warm", func(b *testing.B) { run(b, func() Options { return Options{Cache: kept} }) })
		b.Run(bench.name+"/tags confirmed", func(b *testing.B) {
			run(b, func() Options {
				return Options{Cache: kept, TagAge: time.Nanosecond}
			})
		})
		s.Close()
	}
}
