package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

var (
	errRefused  = errors.New("address refused")
	errPlain    = errors.New("plain HTTP refused")
	errTooLarge = errors.New("too large")
)

// guard is the transport of all requests, those of logins and redirects included:
// it refuses addresses and bounds bodies.
type guard struct {
	next      http.RoundTripper
	userAgent string
}

// RoundTrip makes one request.
func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case !allowed(request.URL.Host):
		return nil, errRefused
	case request.URL.Scheme != "https" && !loopback(request.URL.Hostname()):
		return nil, errPlain
	}
	request = request.Clone(request.Context()) // it is not ours to change
	request.Header.Set("User-Agent", g.userAgent)
	response, err := g.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if after, ok := request.Context().Value(retryAfterKey{}).(*string); ok {
		*after = response.Header.Get("Retry-After")
	}
	response.Body = &bounded{body: response.Body, left: maxBody}
	return response, nil
}

type retryAfterKey struct{}

// withRetryAfter has the Retry-After header of the last response written down, for
// requests that ggcr makes.
func withRetryAfter(ctx context.Context) (context.Context, *string) {
	after := new(string)
	return context.WithValue(ctx, retryAfterKey{}, after), after
}

// bounded is a body that fails when it grows too large.
type bounded struct {
	body io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

func (b *bounded) Close() error { return b.body.Close() }

// newTransport is the default transport of the standard library with shorter
// time-outs, which never connects to a link-local address: no registry is there,
// but the metadata services of cloud machines are.
func newTransport(connections int) http.RoundTripper {
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
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           4 * connections,
		MaxIdleConnsPerHost:    connections,
		MaxConnsPerHost:        connections,
		MaxResponseHeaderBytes: 64 << 10,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    4 * time.Second,
		ExpectContinueTimeout:  time.Second,
	}
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
