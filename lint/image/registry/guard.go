package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	rules     rules
}

// rules are which addresses the requests to a registry, and where it leads, may go to.
type rules struct {
	// private is true for a registry that the user has said may be in a private
	// network, and so may where it leads: to its storage, to its server of tokens.
	private bool
	// insecure reports whether a host may be asked without TLS.
	insecure func(hostport string) bool
}

func (r rules) plain(u *url.URL) bool {
	return loopback(u.Hostname()) || r.insecure != nil && r.insecure(u.Host)
}

func (r rules) allows(hostport string) bool {
	return allowed(hostport) || r.private && within(hostport)
}

// RoundTrip makes one request.
func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case !g.rules.allows(request.URL.Host):
		return nil, errRefused
	case request.URL.Scheme != "https" && !g.rules.plain(request.URL):
		return nil, errPlain
	case request.Response != nil && loopback(request.URL.Hostname()) && !loopback(request.Response.Request.URL.Hostname()):
		return nil, errRefused // a redirect to this machine, by somebody else
	}
	request = request.Clone(request.Context()) // it is not ours to change
	request.Header.Set("User-Agent", g.userAgent)
	response, err := g.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if after, ok := request.Context().Value(retryAfterKey{}).(*retryAfter); ok {
		after.Store(response.Header.Get("Retry-After"))
	}
	response.Body = &bounded{body: response.Body, left: maxBody}
	return response, nil
}

type retryAfterKey struct{}

// retryAfter is a header of that name. ggcr pings with TLS and without at a time.
type retryAfter struct{ atomic.Value }

func (r *retryAfter) String() string {
	s, _ := r.Load().(string)
	return s
}

// withRetryAfter has the Retry-After header of the last response written down, for
// requests that ggcr makes.
func withRetryAfter(ctx context.Context) (context.Context, *retryAfter) {
	after := new(retryAfter)
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
// time-outs. It looks at each address that it is about to connect to, when the name has
// been resolved: a name that stands for a public address now may stand for another one
// a moment later. The metadata services of clouds are never connected to, private
// addresses only if that is allowed, and this machine only under its own name.
//
// What goes through a proxy of the user's is resolved there; the proxy itself may be
// anywhere.
func newTransport(connections int, private bool) http.RoundTripper {
	return transportBy(http.ProxyFromEnvironment, connections, private)
}

func transportBy(proxyOf func(*http.Request) (*url.URL, error), connections int, private bool) http.RoundTripper {
	var proxies sync.Map // host:port
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			proxy, err := proxyOf(r)
			if proxy != nil {
				proxies.Store(dialled(proxy), true)
			}
			return proxy, err
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialer := &net.Dialer{Timeout: 4 * time.Second}
			if _, proxy := proxies.Load(address); !proxy {
				host, _, _ := net.SplitHostPort(address)
				dialer.Control = func(_, address string, _ syscall.RawConn) error {
					a, err := netip.ParseAddrPort(address)
					if err != nil || !reachable(a.Addr(), loopback(host), private) {
						return errRefused
					}
					return nil
				}
			}
			return dialer.DialContext(ctx, network, address)
		},
		DisableCompression:     true, // a few kilobytes could be megabytes
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

// dialled is the address that is connected to for a proxy.
func dialled(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

// reachable reports whether an address may be connected to: that of this machine if it
// was called so, a private one if that is allowed.
func reachable(a netip.Addr, local, private bool) bool {
	switch a = a.Unmap(); {
	case a.IsLoopback():
		return local
	case metadata(a):
		return false
	}
	return public(a) || private && internal(a)
}

// allowed reports whether a host, with or without a port, may be asked: not an
// address that is private, link-local or no unicast address. Loopback is fine.
func allowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if host == "metadata" || host == "metadata.google.internal" {
		return false
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		// 167772161 and 10.1 are 10.0.0.1 to some resolvers and proxies.
		return !number.MatchString(host[strings.LastIndexByte(host, '.')+1:])
	}
	a = a.Unmap()
	return a.IsLoopback() || public(a)
}

// within reports whether a host is an address of a private network, where the user has
// said that a registry is.
func within(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && !metadata(a) && internal(a.Unmap())
}

// public reports whether an address is a unicast address of the public network.
func public(a netip.Addr) bool {
	a = meant(a)
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

// internal reports whether an address is of a private network, or of a carrier, as
// those of some virtual networks are.
func internal(a netip.Addr) bool {
	a = meant(a)
	return a.IsPrivate() || carriers.Contains(a)
}

var number = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)

// reserved are networks beside the private ones in which no public registry is: this
// network, carriers, protocols, and what is for later or was for sites.
var reserved = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "240.0.0.0/4", "fec0::/10")

var carriers = netip.MustParsePrefix("100.64.0.0/10")

// services are the addresses of metadata services that are not link-local: those of
// Alibaba, Oracle and Amazon.
var services = prefixes("100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::254/128")

// metadata reports whether an address, also one that a name stands for, may be that
// of a metadata service.
func metadata(a netip.Addr) bool {
	a = meant(a.Unmap())
	return a.IsLinkLocalUnicast() || slices.ContainsFunc(services, func(p netip.Prefix) bool { return p.Contains(a) })
}

// The ways to write an IPv4 address as an IPv6 address that gateways understand.
var (
	translated = prefixes("64:ff9b::/96", "::/96")
	tunnelled  = prefixes("2002::/16")[0]
)

// meant returns the IPv4 address that an IPv6 address stands for, or else the address.
func meant(a netip.Addr) netip.Addr {
	a = a.WithZone("")
	bytes := a.As16()
	switch {
	case !a.Is6() || a.IsLoopback() || a.IsUnspecified():
	case slices.ContainsFunc(translated, func(p netip.Prefix) bool { return p.Contains(a) }):
		return netip.AddrFrom4([4]byte(bytes[12:]))
	case tunnelled.Contains(a):
		return netip.AddrFrom4([4]byte(bytes[2:6]))
	}
	return a
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.Unmap().IsLoopback()
}
