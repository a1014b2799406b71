package registry

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/archlint/archlint/lint/image"
)

const (
	// scopes is how many repositories one token is for. A token names each of them,
	// and servers take headers and addresses of some 8 KiB.
	scopes = 20
	// pause is how long it is waited before the one repetition of a request.
	pause = 300 * time.Millisecond
	// maxDelay is the longest that a registry is taken at its word.
	maxDelay = 365 * 24 * time.Hour
	// minToken is how long a token is taken to be good that does not say it.
	minToken = time.Minute
)

// host is what a client knows about one registry.
type host struct {
	client   *Client
	registry name.Registry
	http     *http.Client
	rules    rules
	slots    chan struct{}

	login sync.Mutex // held while the first ping is under way

	mu           sync.Mutex
	challenge    *transport.Challenge // nil before the ping
	failed       error                // why it is not asked again, nil if it is
	slow         int                  // requests that it did not answer in time
	requests     int
	until        time.Time           // no request before that
	repositories []string            // that will be asked for, sorted
	shared, own  map[string]*token   // by repository
	cloud        authn.Authenticator // of a cloud's helper, nil if not asked
	cloudOnce    sync.Once
}

// token is a bearer token for some repositories.
type token struct {
	names []string // the repositories

	mu      sync.Mutex
	value   string
	expires time.Time
	err     error // of the last try
}

// statusError is an answer of a registry that is none.
type statusError struct {
	status int
	after  string // how long to wait, for people; "" if it does not say
}

func (e *statusError) Error() string { return "HTTP " + strconv.Itoa(e.status) }

// errBudget means that the requests that the user allows are used up.
var errBudget = errors.New("no more requests")

// final reports whether an error will not go away by asking in another way.
func final(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.status == http.StatusTooManyRequests || status.status == http.StatusUnauthorized || status.status == http.StatusForbidden
	}
	return err != nil
}

// source is where an image can be asked for.
type source struct{ registry, repository string }

// sources are the mirrors of a reference's registry and the registry itself.
func (c *Client) sources(r image.Reference) []source {
	var out []source
	for _, m := range c.options.Mirrors[r.Registry] {
		registry, prefix, _ := strings.Cut(m, "/")
		out = append(out, source{registry, path.Join(prefix, r.Repository)})
	}
	return append(out, source{r.Registry, r.Repository})
}

// host returns what is known of a registry, or why it is not to be asked.
func (c *Client) host(registry string) (*host, string) {
	if c.options.Policy != nil {
		if why, ok := c.options.Policy(registry); !ok {
			return nil, why
		}
	}
	c.mu.Lock()
	known := c.hosts[registry]
	c.mu.Unlock()
	if known != nil {
		return known, ""
	}
	options := []name.Option{name.WeakValidation}
	if c.options.Insecure != nil && c.options.Insecure(registry) {
		options = append(options, name.Insecure)
	}
	parsed, err := name.NewRegistry(registry, options...)
	if err != nil {
		return nil, "no registry can be called so"
	}
	rules := rules{private: c.mayBePrivate(parsed), insecure: c.options.Insecure}
	if !rules.allows(registry) {
		return nil, registry + " is a private address, which is not asked" + unlessListed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.hosts[registry]; h != nil {
		return h, ""
	}
	client := c.http
	if rules.private {
		client = c.inside
	}
	h := &host{client: c, registry: parsed, http: client, rules: rules, slots: make(chan struct{}, c.options.Concurrency), shared: map[string]*token{}, own: map[string]*token{}}
	c.hosts[registry] = h
	return h, ""
}

// unlessListed is what a user can do about a refusal.
const unlessListed = " (registries.private lists those that may be)"

// mayBePrivate reports whether the user has said that a registry may be in a private
// network, or has credentials for it: no file of a repository can make that so.
func (c *Client) mayBePrivate(r name.Registry) bool {
	if c.options.Private != nil && c.options.Private(r.RegistryStr()) {
		return true
	}
	auth, err := c.options.Keychain.Resolve(r)
	return err == nil && auth != authn.Anonymous
}

// name is how people call the registry.
func (h *host) name() string {
	if s := h.registry.RegistryStr(); s != name.DefaultRegistry {
		return s
	}
	return "docker.io"
}

// announce tells the hosts of a registry's images which repositories will be asked
// for, so that one token can be for many.
func (c *Client) announce(registry string, references []image.Reference, which []int) {
	for n, s := range c.sources(image.Reference{Registry: registry}) {
		h, refusal := c.host(s.registry)
		if refusal != "" {
			continue
		}
		h.mu.Lock()
		for _, i := range which {
			h.repositories = append(h.repositories, c.sources(references[i])[n].repository)
		}
		slices.Sort(h.repositories)
		h.repositories = slices.Compact(h.repositories)
		h.mu.Unlock()
	}
}

// response is what a registry answers.
type response struct {
	body      []byte
	mediaType string
	digest    string // that the registry gives
}

// get fetches "manifests/…" or "blobs/…" of a repository.
func (h *host) get(ctx context.Context, repository, what string) (response, error) {
	return h.request(ctx, http.MethodGet, repository, what)
}

// head returns the digest of a tag.
func (h *host) head(ctx context.Context, repository, tag string) (string, error) {
	r, err := h.request(ctx, http.MethodHead, repository, manifests+"/"+tag)
	if err == nil && r.digest == "" {
		return "", &statusError{status: http.StatusNotImplemented}
	}
	return r.digest, err
}

// request makes a request, with credentials where the registry asks for them.
func (h *host) request(ctx context.Context, method, repository, what string) (response, error) {
	if err := h.ping(ctx); err != nil {
		return response{}, err
	}
	r, err := h.authorised(ctx, method, repository, what, false)
	if !refused(err) {
		return r, err
	}
	// A token can be too old, or a server gave one for fewer repositories than it was
	// asked for; then the repository gets one of its own.
	if h.bearer() && !h.owns(repository) {
		if r, err = h.authorised(ctx, method, repository, what, true); !refused(err) {
			return r, err
		}
	}
	if h.askCloud(ctx, repository) {
		return h.authorised(ctx, method, repository, what, true)
	}
	return r, err
}

func refused(err error) bool {
	var status *statusError
	return errors.As(err, &status) && (status.status == http.StatusUnauthorized || status.status == http.StatusForbidden)
}

func (h *host) bearer() bool { return strings.EqualFold(h.challenge.Scheme, "bearer") }

// owns reports whether a repository has a token of its own.
func (h *host) owns(repository string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.own[repository] != nil
}

// ping learns how the registry wants to be asked, once. The first who asks goes
// alone: a host that does not answer costs one time-out.
func (h *host) ping(ctx context.Context) error {
	h.mu.Lock()
	done, failed := h.challenge != nil, h.failed
	h.mu.Unlock()
	if done || failed != nil {
		return failed
	}
	h.login.Lock()
	defer h.login.Unlock()
	h.mu.Lock()
	done, failed = h.challenge != nil, h.failed
	h.mu.Unlock()
	if done || failed != nil {
		return failed
	}
	var challenge *transport.Challenge
	err := h.patiently(ctx, func(ctx context.Context) error {
		ctx, after := withRetryAfter(ctx)
		var err error
		challenge, err = transport.Ping(ctx, h.registry, h.http.Transport)
		return plain(err, after)
	})
	if err == nil && strings.EqualFold(challenge.Scheme, "bearer") {
		err = h.checkRealm(challenge)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.challenge = challenge
	case ctx.Err() == nil && h.failed == nil: // a call that was cancelled says nothing of the host
		h.failed = err
	}
	return err
}

// checkRealm refuses servers of tokens for which guard would refuse the request,
// because ggcr's error for some of them cannot be told from others. Only a registry
// on this machine has its tokens from here.
func (h *host) checkRealm(c *transport.Challenge) error {
	realm, err := url.Parse(c.Parameters["realm"])
	switch {
	case err != nil || realm.Host == "":
		return malformed("the registry does not say where to log in")
	case !h.rules.allows(realm.Host), loopback(realm.Hostname()) && !loopback((&url.URL{Host: h.registry.RegistryStr()}).Hostname()):
		return errRefused
	case realm.Scheme != "https" && !h.rules.plain(realm):
		return errPlain
	}
	return nil
}

// authorised makes a request with credentials. With own, a token that is shared
// with other repositories is not good enough.
func (h *host) authorised(ctx context.Context, method, repository, what string, own bool) (response, error) {
	authorization, err := h.authorization(ctx, repository, own)
	if err != nil {
		return response{}, err
	}
	scheme := "https"
	if h.challenge.Insecure {
		scheme = "http"
	}
	address := scheme + "://" + h.registry.RegistryStr() + "/v2/" + repository + "/" + what
	var out response
	err = h.patiently(ctx, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, method, address, nil)
		if err != nil {
			return err
		}
		if strings.HasPrefix(what, manifests+"/") {
			request.Header.Set("Accept", accept)
		}
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		r, err := h.http.Do(request)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			_, _ = io.CopyN(io.Discard, r.Body, 64<<10) // so that the connection can be used again
			return &statusError{r.StatusCode, r.Header.Get("Retry-After")}
		}
		out = response{mediaType: r.Header.Get("Content-Type"), digest: r.Header.Get("Docker-Content-Digest")}
		if method == http.MethodGet {
			out.body, err = io.ReadAll(r.Body)
		}
		return err
	})
	return out, err
}

// patiently makes a request, within the limits of the host. It is repeated once
// after an accident, and after a wait that the registry asks for.
func (h *host) patiently(ctx context.Context, request func(context.Context) error) error {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for try := 0; ; try++ {
		if err := h.turn(ctx); err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, h.client.options.Timeout)
		err := request(limited)
		late := errors.Is(limited.Err(), context.DeadlineExceeded)
		cancel()
		var status *statusError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case late:
			return h.late()
		case errors.As(err, &status) && limits(status):
			wait, known := delay(status.after, h.client.options.Now())
			if !known {
				wait = time.Second
			}
			status.after = ""
			if known {
				status.after = readable(wait)
			}
			if try > 0 || wait > maxWait {
				h.mu.Lock()
				h.failed = status
				h.mu.Unlock()
				return status
			}
			h.mu.Lock()
			if until := h.client.options.Now().Add(wait); until.After(h.until) {
				h.until = until
			}
			h.mu.Unlock()
			if err := h.client.wait(ctx, wait); err != nil {
				return err
			}
		case try > 0 || !accident(err):
			return err
		default:
			if err := h.client.wait(ctx, pause); err != nil {
				return err
			}
		}
	}
}

// limits reports whether an answer means that too much was asked. An overload is
// one if it says when it will be over.
func limits(s *statusError) bool {
	return s.status == http.StatusTooManyRequests || s.status == http.StatusServiceUnavailable && s.after != ""
}

// accident reports whether the same request may well succeed a moment later.
func accident(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		switch status.status {
		case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
			return true // but not 503: who is overloaded is not to be asked twice
		}
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// turn waits until the host may be asked, and counts the request.
func (h *host) turn(ctx context.Context) error {
	h.mu.Lock()
	failed, until := h.failed, h.until
	if failed == nil && h.requests >= h.client.options.Requests {
		failed = errBudget
	}
	if failed == nil {
		h.requests++
	}
	h.mu.Unlock()
	if failed != nil {
		return failed
	}
	if wait := until.Sub(h.client.options.Now()); wait > 0 {
		return h.client.wait(ctx, wait)
	}
	return nil
}

// errLate means that the host did not answer in time.
var errLate = errors.New("no answer in time")

// late counts an answer that did not come. A host whose answers do not come any
// more is not asked again.
func (h *host) late() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.slow++; h.slow >= maxSlow && h.failed == nil {
		h.failed = errLate
	}
	return errLate
}

// authorization returns the header of that name.
func (h *host) authorization(ctx context.Context, repository string, own bool) (string, error) {
	auth, err := h.credentials(repository)
	if err != nil {
		return "", err
	}
	config, err := authn.Authorization(ctx, auth)
	if err != nil {
		return "", unauthorised
	}
	switch {
	case !h.bearer():
		if config.Username == "" && config.Password == "" || h.challenge.Scheme == "" {
			return "", nil
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(config.Username+":"+config.Password)), nil
	case config.RegistryToken != "":
		return "Bearer " + config.RegistryToken, nil
	}
	return h.bearerToken(ctx, repository, own, auth, *config)
}

// bearerToken returns the header with a token for a repository.
func (h *host) bearerToken(ctx context.Context, repository string, own bool, auth authn.Authenticator, config authn.AuthConfig) (string, error) {
	t := h.token(repository, own, config)
	value, err := t.get(ctx, h.client.options.Now(), func() (string, time.Time, error) { return h.exchange(ctx, auth, t.names) })
	switch {
	case err == nil:
		return "Bearer " + value, nil
	case len(t.names) > 1 && ctx.Err() == nil && !limited(err):
		// It cannot be had for all of them together: each gets its own.
		return h.bearerToken(ctx, repository, true, auth, config)
	}
	return "", err
}

// get returns the token, from the server if there is none that is good. It is asked
// once: what it does not give to one, it does not give to the next. A call that was
// cancelled says nothing of it.
func (t *token) get(ctx context.Context, now time.Time, exchange func() (string, time.Time, error)) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil && !now.Before(t.expires) {
		value, expires, err := exchange()
		if err != nil && ctx.Err() != nil {
			return "", err
		}
		t.value, t.expires, t.err = value, expires, err
	}
	return t.value, t.err
}

func limited(err error) bool {
	var status *statusError
	return errors.As(err, &status) && limits(status)
}

// unauthorised is the answer that a registry would give.
var unauthorised = &statusError{status: http.StatusUnauthorized}

func (h *host) credentials(repository string) (authn.Authenticator, error) {
	h.mu.Lock()
	cloud := h.cloud
	h.mu.Unlock()
	if cloud != nil {
		return cloud, nil
	}
	auth, err := h.client.options.Keychain.Resolve(h.registry.Repo(repository))
	if err != nil {
		return nil, unauthorised
	}
	return auth, nil
}

// askCloud gets credentials from the helper of a cloud, if the user has none for
// the registry. It reports whether there are some now.
func (h *host) askCloud(ctx context.Context, repository string) bool {
	if auth, err := h.client.options.Keychain.Resolve(h.registry.Repo(repository)); !h.client.cloud || err != nil || auth != authn.Anonymous {
		return false
	}
	h.cloudOnce.Do(func() {
		if auth, ok := cloudCredentials(ctx, h.registry.RegistryStr()); ok {
			h.mu.Lock()
			h.cloud, h.shared, h.own = auth, map[string]*token{}, map[string]*token{}
			h.mu.Unlock()
		}
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cloud != nil
}

// token returns the token of a repository, to be filled. Repositories with the same
// credentials share one.
func (h *host) token(repository string, own bool, config authn.AuthConfig) *token {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.own[repository]; t != nil {
		return t
	}
	if t := h.shared[repository]; t != nil && !own {
		return t
	}
	t := &token{names: []string{repository}}
	if !own {
		t.names = h.batch(repository, config)
	}
	if len(t.names) == 1 {
		h.own[repository] = t
		return t
	}
	for _, n := range t.names {
		h.shared[n] = t
	}
	return t
}

// batch returns the repositories that share a token with one: those around it in
// the sorted list that have the same credentials.
func (h *host) batch(repository string, config authn.AuthConfig) []string {
	at, ok := slices.BinarySearch(h.repositories, repository)
	if !ok {
		return []string{repository}
	}
	from := at - at%scopes
	var names []string
	for _, n := range h.repositories[from:min(from+scopes, len(h.repositories))] {
		auth, err := h.client.options.Keychain.Resolve(h.registry.Repo(n))
		if err != nil {
			continue
		}
		if c, err := auth.Authorization(); n == repository || h.cloud != nil || err == nil && *c == config {
			names = append(names, n)
		}
	}
	return names
}

// exchange asks for a token.
func (h *host) exchange(ctx context.Context, auth authn.Authenticator, names []string) (value string, expires time.Time, err error) {
	wanted := make([]string, len(names))
	for i, n := range names {
		wanted[i] = h.registry.Repo(n).Scope(transport.PullScope)
	}
	var got *transport.Token
	err = h.patiently(ctx, func(ctx context.Context) error {
		var err error
		ctx, after := withRetryAfter(ctx)
		got, err = transport.Exchange(ctx, h.registry, auth, h.http.Transport, wanted, h.challenge)
		return plain(err, after)
	})
	if err != nil {
		return "", time.Time{}, err
	}
	value = got.Token
	if value == "" {
		value = got.AccessToken
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < '!' || r > '~' }) {
		return "", time.Time{}, malformed("the registry's token cannot be used")
	}
	// A third earlier, so that none ends on its way.
	good := max(minToken, time.Duration(min(got.ExpiresIn, 24*3600))*time.Second)
	return value, h.client.options.Now().Add(good * 2 / 3), nil
}

// plain turns ggcr's errors, which do not tell how long to wait, into ours.
func plain(err error, after *retryAfter) error {
	var answered *transport.Error
	if errors.As(err, &answered) {
		return &statusError{answered.StatusCode, after.String()}
	}
	return err
}

// delay reads a Retry-After header of seconds or a date.
func delay(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(seconds)*time.Second, maxDelay), true
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, at.Sub(now)), maxDelay), true
	}
	return 0, false
}

// readable writes a delay for people.
func readable(d time.Duration) string {
	if d < 2*time.Minute {
		return strconv.Itoa(int(d.Round(time.Second)/time.Second)) + " s"
	}
	if d < 2*time.Hour {
		return strconv.Itoa(int(d.Round(time.Minute)/time.Minute)) + " min"
	}
	return strconv.Itoa(int(d.Round(time.Hour)/time.Hour)) + " h"
}

func sha256Of(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// explain turns an error into an answer. Nothing that a response's body says is
// repeated.
func (c *Client) explain(ctx context.Context, h *host, err error) image.Answer {
	registry := h.name()
	var bad malformed
	var status *statusError
	switch {
	case errors.Is(err, errRefused):
		return unknown(image.Refused, registry+" is at, or leads to, a private address, which is not asked"+unlessListed)
	case errors.Is(err, errPlain):
		return unknown(image.Refused, registry+" is asked over TLS only (registries.insecure lists those that are asked without)")
	case errors.Is(err, errTooLarge):
		return unknown(image.TooLarge, "what "+registry+" serves for it is too large")
	case errors.As(err, &bad):
		return unknown(image.Malformed, bad.Error())
	case errors.Is(err, errBudget):
		return unknown(image.Refused, fmt.Sprintf("the %d requests to %s that are allowed in a run are used up", c.options.Requests, registry))
	case errors.Is(err, errLate):
		return unknown(image.Unreachable, fmt.Sprintf("%s did not answer within %s", registry, c.options.Timeout))
	case ctx.Err() != nil:
		return unknown(image.Unreachable, "there was no time left to ask "+registry)
	case !errors.As(err, &status):
		return unknown(image.Unreachable, registry+": "+cause(err))
	}
	switch {
	case limits(status):
		detail := registry + " limits the rate of requests"
		if status.after != "" {
			detail += ", retry after " + status.after
		}
		return unknown(image.RateLimited, detail)
	case refused(status):
		return unknown(image.Unauthorised, fmt.Sprintf("not found at %s, or private (HTTP %d)", registry, status.status))
	case status.status == http.StatusNotFound:
		return unknown(image.NotFound, "not found at "+registry)
	case status.status >= 500, status.status == http.StatusRequestTimeout:
		return unknown(image.Unreachable, fmt.Sprintf("%s answered HTTP %d", registry, status.status))
	case status.status >= 400:
		return unknown(image.Refused, fmt.Sprintf("%s answered HTTP %d", registry, status.status))
	}
	return unknown(image.Malformed, fmt.Sprintf("what %s answered cannot be read (HTTP %d)", registry, status.status))
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
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection broke"
	}
	if strings.Contains(err.Error(), "x509:") {
		return "its certificate is not trusted"
	}
	return "no connection"
}
