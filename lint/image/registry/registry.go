// Package registry asks image registries which platforms an image has.
//
// For a reference there is one request for the index or the manifest, and for a
// single manifest one more for its configuration, which alone names the
// architecture (besides what ggcr's client sends to log in). Attestations and
// entries without a platform are no platforms.
//
// A registry that does not answer must not cost more than one time-out: the first
// look-up on a host goes alone, and after a failure to connect the host is not
// asked again by the same client. What went wrong is told apart, because only "not
// found" says anything about the image: refused credentials, rate limits and
// time-outs leave its platforms unknown.
//
// References come from files that strangers may have written. So bodies and
// counts are bounded, connections to private and link-local addresses and plain
// HTTP are refused except on the loopback interface, also after redirects, and
// nothing of a response's body or of credentials gets into an answer.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"golang.org/x/sync/errgroup"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
)

const (
	maxBody    = 8 << 20 // bytes of any response
	maxConfig  = 4 << 20 // bytes of an image configuration
	maxEntries = 1000    // of an index
	maxNested  = 8       // indexes inside an index
	maxSlow    = 3       // look-ups that run out of time before a host is given up
)

// Options of a client; the zero value is fine.
type Options struct {
	// Timeout is for one image, retries included; 0 for 5 s.
	Timeout time.Duration
	// Keychain gives credentials; nil for those of the docker configuration and
	// its helpers.
	Keychain authn.Keychain
	// Transport makes the requests; nil for the client's own.
	Transport http.RoundTripper
	// UserAgent is sent with every request.
	UserAgent string
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

// Client asks registries. It is safe for concurrent use.
type Client struct {
	options Options
	puller  *remote.Puller

	mu    sync.Mutex
	hosts map[string]*host
	repos map[string]*sync.Mutex
}

// host is what a client has learnt about a registry.
type host struct {
	mu     sync.Mutex // held while the first look-up is under way
	tried  bool
	slow   int    // look-ups that it began to answer and did not end
	failed string // why it is not asked again, "" if it is
}

// New returns a client.
func New(o Options) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Keychain == nil {
		o.Keychain = authn.DefaultKeychain
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.UserAgent == "" {
		o.UserAgent = "archlint"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	puller, err := remote.NewPuller(
		remote.WithTransport(guard{o.Transport}),
		remote.WithAuthFromKeychain(o.Keychain),
		remote.WithUserAgent(o.UserAgent),
		// One more try, soon: a dead network must not cost long. A rate limit or an
		// overload (503) is an answer, not an accident.
		remote.WithRetryBackoff(remote.Backoff{Duration: 300 * time.Millisecond, Factor: 1, Steps: 2}),
		remote.WithRetryStatusCodes(http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout),
		remote.WithRetryPredicate(func(err error) bool {
			var status *transport.Error
			return errors.As(err, &status) && status.Temporary() && status.StatusCode != http.StatusTooManyRequests || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("registry client: %w", err)
	}
	return &Client{options: o, puller: puller, hosts: map[string]*host{}, repos: map[string]*sync.Mutex{}}, nil
}

// newTransport is the default transport of the standard library with shorter
// time-outs, which never connects to a link-local address: no registry is there,
// but the metadata services of cloud machines are.
func newTransport() http.RoundTripper {
	dialer := &net.Dialer{
		Timeout: 4 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().Unmap().IsLinkLocalUnicast() {
				return errRefused
			}
			return nil
		},
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   16,
		MaxConnsPerHost:       16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   4 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Lookup asks the registries of references for their platforms.
func (c *Client) Lookup(ctx context.Context, references []image.Reference) map[image.Reference]image.Answer {
	answers := make([]image.Answer, len(references))
	var group errgroup.Group
	group.SetLimit(16)
	for i, reference := range references {
		group.Go(func() error { answers[i] = c.lookUp(ctx, reference.String()); return nil })
	}
	_ = group.Wait() // no function fails
	out := make(map[image.Reference]image.Answer, len(references))
	for i, reference := range references {
		out[reference] = answers[i]
	}
	return out
}

func (c *Client) lookUp(ctx context.Context, reference string) image.Answer {
	ref, err := name.ParseReference(reference, name.WeakValidation)
	if err != nil {
		return unknown(image.Invalid, fmt.Sprintf("%q is not an image reference", reference))
	}
	registry := ref.Context().RegistryStr()
	if !allowed(registry) {
		return unknown(image.Refused, registry+" is a private address, which is not asked")
	}
	h, repo := c.locks(registry, ref.Context().Name())

	// The first look-up on a host goes alone; the others wait for what it learns.
	h.mu.Lock()
	if h.failed != "" {
		h.mu.Unlock()
		return unknown(image.Unreachable, h.failed)
	}
	first := !h.tried
	if !first {
		h.mu.Unlock()
	}

	// One repository is asked for one image at a time, because they share a login.
	repo.Lock()
	trace := &trace{}
	limited, cancel := context.WithTimeout(context.WithValue(ctx, traceKey{}, trace), c.options.Timeout)
	answer, err := c.lookup(limited, ref)
	repo.Unlock()
	if err != nil {
		answer = c.explain(limited, registry, trace, err)
	}
	timedOut := limited.Err() != nil
	cancel()

	if !first {
		h.mu.Lock()
	}
	// A call that was cancelled from outside says nothing about the host.
	if ctx.Err() == nil {
		h.tried = true
		if timedOut && trace.responses() > 0 {
			h.slow++
		}
		if answer.Reason == image.Unreachable && h.failed == "" && (trace.responses() == 0 || h.slow >= maxSlow) {
			h.failed = answer.Detail
		}
	}
	h.mu.Unlock()
	return answer
}

// locks returns what the client knows about a host and the lock of a repository.
func (c *Client) locks(registry, repository string) (*host, *sync.Mutex) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hosts[registry]
	if h == nil {
		h = &host{}
		c.hosts[registry] = h
	}
	r := c.repos[repository]
	if r == nil {
		r = &sync.Mutex{}
		c.repos[repository] = r
	}
	return h, r
}

func unknown(reason image.Reason, detail string) image.Answer {
	return image.Answer{Reason: reason, Detail: detail}
}

// malformed is what a registry serves and cannot be read as an image.
type malformed string

func (m malformed) Error() string { return string(m) }

// lookup makes the requests.
func (c *Client) lookup(ctx context.Context, ref name.Reference) (image.Answer, error) {
	descriptor, err := c.puller.Get(ctx, ref)
	if err != nil {
		return image.Answer{}, err
	}
	answer := image.Answer{
		Known: true, Provenance: image.FromRegistry, AsOf: c.options.Now(), Digest: descriptor.Digest.String(),
	}
	nested := maxNested
	answer.Platforms, err = c.platforms(ctx, ref, descriptor, &nested)
	if err != nil {
		return image.Answer{}, err
	}
	if len(answer.Platforms) == 0 {
		return image.Answer{}, malformed("the index names no platform")
	}
	answer.Platforms = answer.Platforms.Sorted()
	return answer, nil
}

// platforms reads an index or a manifest. Indexes inside are followed as long as
// nested allows.
func (c *Client) platforms(ctx context.Context, ref name.Reference, d *remote.Descriptor, nested *int) (arch.Set, error) {
	switch {
	case d.MediaType.IsIndex():
		var index v1.IndexManifest
		if err := json.Unmarshal(d.Manifest, &index); err != nil {
			return nil, malformed("the index cannot be read")
		}
		if len(index.Manifests) > maxEntries {
			return nil, errTooLarge
		}
		var set arch.Set
		for _, entry := range index.Manifests {
			if entry.Annotations["vnd.docker.reference.type"] != "" {
				continue // an attestation
			}
			if entry.MediaType.IsIndex() && (entry.Platform == nil || entry.Platform.OS == "") {
				if *nested <= 0 {
					return nil, errTooLarge
				}
				*nested--
				inner, err := c.puller.Get(ctx, ref.Context().Digest(entry.Digest.String()))
				if err != nil {
					return nil, err
				}
				platforms, err := c.platforms(ctx, ref, inner, nested)
				if err != nil {
					return nil, err
				}
				for _, p := range platforms {
					set = set.Add(p)
				}
				continue
			}
			if entry.Platform != nil {
				if p, ok := platform(entry.Platform.OS, entry.Platform.Architecture, entry.Platform.Variant); ok {
					set = set.Add(p)
				}
			}
		}
		return set, nil
	case d.MediaType == types.DockerManifestSchema1 || d.MediaType == types.DockerManifestSchema1Signed:
		var old struct {
			Architecture string `json:"architecture"`
		}
		if err := json.Unmarshal(d.Manifest, &old); err == nil {
			if p, ok := platform("linux", old.Architecture, ""); ok {
				return arch.Set{p}, nil
			}
		}
		return nil, malformed("the manifest, in an old format, names no platform")
	case d.MediaType.IsImage():
		return c.config(d)
	}
	return nil, malformed("what the registry serves is not an image")
}

// config reads the platform of a single image out of its configuration.
func (c *Client) config(d *remote.Descriptor) (arch.Set, error) {
	var manifest v1.Manifest
	if err := json.Unmarshal(d.Manifest, &manifest); err != nil {
		return nil, malformed("the manifest cannot be read")
	}
	if manifest.Config.Size > maxConfig {
		return nil, errTooLarge
	}
	// Of a single manifest, that is this image; of an index it would be the one for
	// linux/amd64.
	img, err := d.Image()
	if err != nil {
		return nil, err
	}
	raw, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	var config struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, malformed("the image's configuration cannot be read")
	}
	p, ok := platform(config.OS, config.Architecture, config.Variant)
	if !ok {
		return nil, malformed("the image's configuration names no platform")
	}
	return arch.Set{p}, nil
}

// platform returns the platform that a registry names, false for none.
func platform(os, architecture, variant string) (arch.Platform, bool) {
	for _, s := range []string{os, architecture} {
		if s == "" || s == "unknown" {
			return arch.Platform{}, false
		}
	}
	for _, s := range []string{os, architecture, variant} {
		if len(s) > 32 || strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' }) {
			return arch.Platform{}, false
		}
	}
	return arch.Platform{OS: os, Architecture: architecture, Variant: variant}.Normalize(), true
}

// explain turns an error into an answer. Nothing that a response's body says is
// repeated.
func (c *Client) explain(ctx context.Context, registry string, t *trace, err error) image.Answer {
	var bad malformed
	switch {
	case errors.Is(err, errRefused) || t.is(errRefused):
		return unknown(image.Refused, registry+" leads to a private address, which is not asked")
	case errors.Is(err, errPlain) || t.is(errPlain):
		return unknown(image.Refused, registry+" is asked over TLS only")
	case errors.Is(err, errTooLarge) || t.is(errTooLarge):
		return unknown(image.TooLarge, "what "+registry+" serves for it is too large")
	case errors.As(err, &bad):
		return unknown(image.Malformed, bad.Error())
	}
	status := 0
	var answered *transport.Error
	if errors.As(err, &answered) {
		status = answered.StatusCode
	} else if t.responses() > 0 {
		status = t.last()
	}
	// The login can fail at a host beside the registry: then the status is not the
	// last word.
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unknown(image.Unreachable, fmt.Sprintf("%s did not answer within %s", registry, c.options.Timeout))
	}
	switch {
	case ctx.Err() != nil:
		return unknown(image.Unreachable, "asking "+registry+" was cancelled")
	case t.responses() == 0:
		return unknown(image.Unreachable, registry+": "+cause(t.err(err)))
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return unknown(image.Unauthorised, fmt.Sprintf("not found at %s, or private (HTTP %d)", registry, status))
	case status == http.StatusNotFound:
		return unknown(image.NotFound, "not found at "+registry)
	case status == http.StatusTooManyRequests:
		detail := registry + " limits the rate of requests"
		if after := t.retryAfter(); after != "" {
			detail += ", retry after " + after
		}
		return unknown(image.RateLimited, detail)
	case status >= 500 || status == http.StatusRequestTimeout:
		return unknown(image.Unreachable, fmt.Sprintf("%s answered HTTP %d", registry, status))
	case status >= 300 && status < 400:
		// The client itself does not follow redirects to private addresses.
		return unknown(image.Refused, registry+" redirects to where it is not asked")
	case status >= 400:
		return unknown(image.Refused, fmt.Sprintf("%s answered HTTP %d", registry, status))
	case t.err(nil) != nil:
		return unknown(image.Unreachable, registry+": "+cause(t.err(nil)))
	}
	return unknown(image.Malformed, "what "+registry+" serves for it cannot be read")
}

// cause says in a few words why no connection was made. The texts of errors are
// not repeated: they may hold what a response or a redirect says.
func cause(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return "the name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no connection in time"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "network unreachable"
	}
	if err != nil && strings.Contains(err.Error(), "x509:") {
		return "its certificate is not trusted"
	}
	return "no connection"
}

// allowed reports whether a host, with or without a port, may be asked: not an
// address that is private, link-local or no unicast address. Loopback is fine.
func allowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "metadata" || host == "metadata.google.internal" {
		return false
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return true
	}
	a = a.Unmap()
	return a.IsLoopback() || !a.IsPrivate() && a.IsGlobalUnicast()
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.Unmap().IsLoopback()
}
