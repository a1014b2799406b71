package registry

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/archlint/archlint/lint/image"
)

func TestReachable(t *testing.T) {
	for address, want := range map[string][3]bool{ // in public, where private is allowed, under the name of this machine
		"1.1.1.1":            {true, true, true},
		"2606:4700::1111":    {true, true, true},
		"10.0.0.1":           {false, true, false},
		"192.168.1.1":        {false, true, false},
		"100.64.0.1":         {false, true, false},
		"fd00::1":            {false, true, false},
		"::ffff:10.0.0.1":    {false, true, false},
		"64:ff9b::a00:1":     {false, true, false},
		"2002:a00:1::1":      {false, true, false},
		"127.0.0.1":          {false, false, true},
		"::1":                {false, false, true},
		"169.254.169.254":    {false, false, false},
		"100.100.100.200":    {false, false, false},
		"fd00:ec2::254":      {false, false, false},
		"64:ff9b::a9fe:a9fe": {false, false, false},
		"fe80::1":            {false, false, false},
		"224.0.0.1":          {false, false, false},
		"255.255.255.255":    {false, false, false},
		"0.0.0.0":            {false, false, false},
		"::":                 {false, false, false},
		"240.0.0.1":          {false, false, false},
		"192.0.0.192":        {false, false, false},
	} {
		a := netip.MustParseAddr(address)
		if got := [3]bool{reachable(a, false, false), reachable(a, false, true), reachable(a, true, false)}; got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// TestANameDoesNotLeadToAPrivateAddress dials names, as one that has been resolved to a
// public address a moment before.
func TestANameDoesNotLeadToAPrivateAddress(t *testing.T) {
	for _, address := range []string{"10.255.255.1:1", "192.168.255.1:1", "[fd00::1]:1", "127.0.0.1.:1"} {
		connection, err := newTransport(1, false).(*http.Transport).DialContext(t.Context(), "tcp", address)
		if err == nil {
			connection.Close()
			t.Errorf("%s was reached", address)
		}
	}
}

// TestPrivateRegistries has those that the user lists, or has credentials for.
func TestPrivateRegistries(t *testing.T) {
	listed := func(r string) bool { return r == "10.0.0.1:5000" || r == "registry.corp.example" }
	c := New(Options{Private: listed, Keychain: loggedIn("10.0.0.2:5000")})
	for registry, want := range map[string]bool{"10.0.0.1:5000": true, "10.0.0.2:5000": true, "10.0.0.3:5000": false, "169.254.169.254": false} {
		if _, refusal := c.host(registry); (refusal == "") != want {
			t.Errorf("%s: %q", registry, refusal)
		}
	}
	for registry, want := range map[string]*http.Client{"registry.corp.example": c.inside, "docker.io": c.http} {
		if h, _ := c.host(registry); h == nil || h.http != want {
			t.Errorf("%s is asked in the way of others", registry)
		}
	}
	metadata := New(Options{Private: func(string) bool { return true }, Keychain: loggedIn("")})
	if _, refusal := metadata.host("169.254.169.254"); refusal == "" {
		t.Error("a metadata service is asked because it is listed")
	}
}

type loggedIn string

func (l loggedIn) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if r.RegistryStr() == string(l) {
		return &authn.Basic{Username: "u", Password: "p"}, nil
	}
	return authn.Anonymous, nil
}

// TestWithoutTLS asks a host in the open only if the user lists it.
func TestWithoutTLS(t *testing.T) {
	host, _ := server(t, nil)
	address, err := url.Parse("http://" + host)
	if err != nil {
		t.Fatal(err)
	}
	for name, insecure := range map[string]func(string) bool{"": nil, "registry.example": func(h string) bool { return h == "registry.example" }} {
		transport := newTransport(1, false).(*http.Transport)
		transport.Proxy = http.ProxyURL(address) // leads all names to the server
		transport.DialContext = nil
		a := client(t, Options{Transport: transport, Insecure: insecure}).lookUpOne(t.Context(), t, "registry.example/a:1")
		if name == "" && a.Reason == image.NotFound {
			t.Errorf("not listed: %+v", a)
		}
		if name != "" && a.Reason != image.NotFound {
			t.Errorf("listed: %+v", a)
		}
	}
}

// TestAProxyMayBeAnywhere has the proxy of the user on this machine, which no name leads to.
func TestAProxyMayBeAnywhere(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	a := client(t, Options{Transport: transportBy(http.ProxyURL(address), 1, false)}).lookUpOne(t.Context(), t, "registry.example/a:1")
	if asked.Load() == 0 {
		t.Errorf("the proxy was not asked: %+v", a)
	}
	if a.Known || a.Reason == image.Refused {
		t.Errorf("%+v", a)
	}
}
