package registry

import (
	"compress/gzip"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/archlint/archlint/lint/image"
)

func TestAllowed(t *testing.T) {
	for host, want := range map[string]bool{
		"docker.io":                  true,
		"1.1.1.1":                    true,
		"registry.example:5000":      true,
		"127.0.0.1:5000":             true,
		"[::1]:5000":                 true,
		"[2606:4700::1111]":          true,
		"100.com":                    true,
		"10.0.0.1":                   false,
		"[::ffff:10.0.0.1]":          false,
		"169.254.169.254:80":         false,
		"[fd00:ec2::254]":            false,
		"metadata.google.internal":   false,
		"metadata.google.internal.":  false,
		"metadata.google.internal.:": false,
		"METADATA.":                  false,
		// Of carriers, and the metadata services of two clouds.
		"100.100.100.200": false,
		"192.0.0.192":     false,
		// The same addresses in other words, which some resolvers and proxies read.
		"2852039166":           false,
		"0xa9fea9fe":           false,
		"0251.0376.0251.0376":  false,
		"169.254.43518":        false,
		"10.1":                 false,
		"10.0.0.1.":            false,
		"0":                    false,
		"[64:ff9b::a9fe:a9fe]": false,
		"[2002:a9fe:a9fe::1]":  false,
		"[::a9fe:a9fe]":        false,
		"[fec0::1]":            false,
	} {
		if got := allowed(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

func TestNamesOfMetadataServicesAreNotDialled(t *testing.T) {
	dial := newTransport(1, false).(*http.Transport).DialContext
	for _, address := range []string{"169.254.169.254:1", "100.100.100.200:1", "192.0.0.192:1", "[fd00:ec2::254]:1", "[64:ff9b::a9fe:a9fe]:1", "[::ffff:169.254.169.254]:1"} {
		ctx, cancel := context.WithCancel(t.Context())
		connection, err := dial(ctx, "tcp", address)
		cancel()
		if connection != nil {
			connection.Close()
		}
		if !errors.Is(err, errRefused) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestOthersDoNotLeadToThisMachine pins that only who names this machine gets to it.
func TestOthersDoNotLeadToThisMachine(t *testing.T) {
	var asked atomic.Int32
	local := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(local.Close)
	address := strings.Replace(local.URL, "127.0.0.1", "localhost", 1)
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				http.Redirect(w, r, address+"/containers/json", http.StatusTemporaryRedirect)
			}
		},
		"redirect of the ping": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, address+"/", http.StatusTemporaryRedirect)
		},
		"realm": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+strings.Replace(address, "http:", "https:", 1)+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewTLSServer(answer)
			t.Cleanup(s.Close)
			transport := newTransport(4, false).(*http.Transport)
			transport.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			var dialled atomic.Int32
			dial := transport.DialContext
			transport.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
				if strings.HasPrefix(to, "example.com:") {
					return dial(ctx, network, strings.TrimPrefix(s.URL, "https://"))
				}
				dialled.Add(1)
				return dial(ctx, network, to)
			}
			got := client(t, Options{Transport: transport}).lookUpOne(t.Context(), t, "example.com/a:1")
			if got.Known || got.Reason != image.Refused {
				t.Errorf("%+v", got)
			}
			if n := asked.Load() + dialled.Load(); n != 0 {
				t.Errorf("%d requests to this machine", n)
			}
		})
	}
}

// TestNothingIsUncompressed pins that what is read is what was sent: a few kilobytes
// would be megabytes, of many registries at a time.
func TestNothingIsUncompressed(t *testing.T) {
	index, err := both(t).RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	host, _ := server(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			if r.Header.Get("Accept-Encoding") != "" && r.URL.Path != "/v2/" {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				_, _ = z.Write([]byte(strings.Repeat(" ", maxBody-len(index))))
				_, _ = z.Write(index)
				_ = z.Close()
				return
			}
			_, _ = w.Write(index)
		})
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := client(t, Options{}).lookUpOne(t.Context(), t, host+"/a:1")
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) >> 20; !a.Known || n > 4 {
		t.Errorf("%d MiB, %+v", n, a)
	}
}
