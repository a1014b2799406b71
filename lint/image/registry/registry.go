// Package registry asks image registries which platforms an image has.
//
// It is built from go-containerregistry's parts for credentials, the ping of a
// registry and its tokens, and makes the requests itself, with the manners that a
// program needs that asks for hundreds of images:
//
//   - One ping a registry, and one token for many repositories.
//   - What the cache has by digest is not fetched again. A tag that was asked before
//     is confirmed with HEAD, which no registry counts as a pull.
//   - One GET for an index; for a single image one more for its configuration, which
//     alone names the architecture. Requests for the same digest are shared.
//   - Retry-After is honoured: a short wait is waited for, a long one ends the
//     questions to that registry, and so does a host that does not answer.
//   - So many requests at a time to a registry, and so many in all.
//
// What went wrong is told apart, because only "not found" says anything about the
// image: refused credentials, rate limits and time-outs leave its platforms unknown.
//
// References come from files that strangers may have written. So bodies and
// counts are bounded, requests to private and link-local addresses and plain HTTP
// are refused except on the loopback interface, to which nobody else may lead, and to
// registries of which the user says so, also after redirects, for tokens, and when a
// name is resolved (see guard.go); credentials go to the host that they are kept for; and nothing of a
// response's body or of credentials gets into an answer.
package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"golang.org/x/sync/singleflight"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
	"github.com/archlint/archlint/lint/image/cache"
)

const (
	maxBody   = 8 << 20 // bytes of any response
	maxNested = 8       // indexes inside an index, and images in it without a platform
	maxHosts  = 100     // registries in a run
	maxSlow   = 3       // requests that run out of time before a host is given up
	maxVerify = 16      // manifests behind an index that are read to verify it
	maxWait   = 10 * time.Second
)

// Options of a client; the zero value is fine.
type Options struct {
	// Offline makes no request: only what the cache has is answered, of any age.
	Offline bool
	// Cache keeps what registries answer; nil for none.
	Cache *cache.Cache
	// TagAge is how long the cache's answer for a tag counts without asking whether
	// it still holds; 0 for an hour. Digests hold for ever.
	TagAge time.Duration
	// Timeout is for one request; 0 for 5 s.
	Timeout time.Duration
	// Concurrency is how many requests are under way at a time at one registry; 0
	// for 16.
	Concurrency int
	// Requests is how many are made to one registry at most; 0 for 5000.
	Requests int
	// Mirrors are, by registry ("docker.io"), the hosts that are asked before it,
	// each with a path before the repository's name or without.
	Mirrors map[string][]string
	// Policy says whether a registry may be asked, and if not why; nil allows all.
	Policy func(registry string) (why string, ok bool)
	// Private reports whether the user has said that a registry may be at a private
	// address; nil for none. One that the user is logged in to may be.
	Private func(registry string) bool
	// Insecure reports whether the user has said that a host may be asked without TLS;
	// nil for none. Those on this machine may be.
	Insecure func(hostport string) bool
	// Verify also reads the manifests behind an index, to find those that are not
	// what the index says. It takes some requests more for each image, once.
	Verify bool
	// Keychain gives credentials; nil for those of the user, and of clouds' helpers.
	Keychain authn.Keychain
	// Transport makes the requests; nil for the client's own.
	Transport http.RoundTripper
	// UserAgent is sent with every request.
	UserAgent string
	// Progress is told how many of the images that registries are asked for have been
	// answered, at first none, at last all; never by two at a time. Nil for nobody.
	Progress func(done, total int)
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

// Client asks registries. It is safe for concurrent use.
type Client struct {
	options Options
	cloud   bool         // ask the helpers of clouds
	http    *http.Client // for most registries
	inside  *http.Client // for those that may be in a private network
	digests singleflight.Group
	tags    singleflight.Group
	// wait waits; a test need not.
	wait func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	hosts map[string]*host
}

// New returns a client.
func New(o Options) *Client {
	if o.TagAge <= 0 {
		o.TagAge = time.Hour
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 16
	}
	if o.Requests <= 0 {
		o.Requests = 5000
	}
	c := &Client{cloud: o.Keychain == nil, hosts: map[string]*host{}, wait: wait}
	if o.Keychain == nil {
		o.Keychain = NewKeychain()
	}
	if o.UserAgent == "" {
		o.UserAgent = "archlint"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c.options = o
	// A connection is kept for whoever asks next, so the two have none in common.
	c.http, c.inside = c.transport(false), c.transport(true)
	return c
}

// transport returns what makes requests.
func (c *Client) transport(private bool) *http.Client {
	next := c.options.Transport
	if next == nil {
		next = newTransport(c.options.Concurrency, private)
	}
	return &http.Client{
		Transport: guard{next, c.options.UserAgent, rules{private, c.options.Insecure}},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return errors.New("too many redirects")
			}
			// Go would still send credentials to a subdomain; storage behind a
			// registry wants none, and nobody else may have them.
			if request.URL.Host != via[0].URL.Host {
				request.Header.Del("Authorization")
			}
			return nil
		},
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lookup asks for the platforms of images, all registries at the same time.
func (c *Client) Lookup(ctx context.Context, references []image.Reference) map[image.Reference]image.Answer {
	kept := make([]keptAnswer, len(references))
	inParallel(runtime.GOMAXPROCS(0), len(references), func(i int) { kept[i] = c.kept(references[i]) })

	answers := make([]image.Answer, len(references))
	byHost := map[string][]int{}
	for i, r := range references {
		switch k := kept[i]; {
		case k.fresh || c.options.Offline && k.answer.Known:
			answers[i] = k.answer
		case c.options.Offline:
			answers[i] = unknown(image.Offline, "not in the cache, and no registry was asked")
		default:
			byHost[r.Registry] = append(byHost[r.Registry], i)
		}
	}
	answered := c.progress(byHost)
	var group sync.WaitGroup
	for n, registry := range slices.Sorted(maps.Keys(byHost)) {
		which := byHost[registry]
		if n >= maxHosts {
			for _, i := range which {
				answers[i] = unknown(image.Refused, fmt.Sprintf("more than %d registries in one run", maxHosts))
				answered()
			}
			continue
		}
		group.Go(func() {
			c.announce(registry, references, which)
			inParallel(c.options.Concurrency, len(which), func(n int) {
				i := which[n]
				answers[i] = c.ask(ctx, references[i])
				answered()
				if old := kept[i].answer; !answers[i].Known && old.Known && answers[i].Reason != image.NotFound && answers[i].Reason != image.Refused {
					answers[i] = old // better than nothing
				}
			})
		})
	}
	group.Wait()
	if !c.options.Offline {
		c.options.Cache.Prune()
	}
	out := make(map[image.Reference]image.Answer, len(references))
	for i, r := range references {
		out[r] = answers[i]
	}
	return out
}

// progress returns what to call for each image that has been answered.
func (c *Client) progress(byHost map[string][]int) func() {
	total := 0
	for _, which := range byHost {
		total += len(which)
	}
	if c.options.Progress == nil || total == 0 {
		return func() {}
	}
	c.options.Progress(0, total)
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		c.options.Progress(done, total)
	}
}

// inParallel calls do for 0 to n-1, so many at a time.
func inParallel(workers, n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	group.Wait()
}

// ask asks the mirrors and then the registry itself.
func (c *Client) ask(ctx context.Context, r image.Reference) image.Answer {
	var answer image.Answer
	for _, s := range c.sources(r) {
		h, refusal := c.host(s.registry)
		if refusal != "" {
			answer = unknown(image.Refused, refusal)
			continue
		}
		var err error
		if answer, err = c.lookUp(ctx, h, s, r); err == nil {
			return answer
		}
		answer = c.explain(ctx, h, err)
		if ctx.Err() != nil {
			break
		}
	}
	return answer
}

func unknown(reason image.Reason, detail string) image.Answer {
	return image.Answer{Reason: reason, Detail: detail}
}

// keptAnswer is what the cache says. If it is fresh, nobody is to be asked.
type keptAnswer struct {
	answer image.Answer
	fresh  bool
}

// kept answers from the cache alone.
func (c *Client) kept(r image.Reference) keptAnswer {
	if c.options.Cache == nil {
		return keptAnswer{}
	}
	ctx, w := context.Background(), &walk{client: c, reference: r}
	digest, at, fresh := r.Digest, time.Time{}, true
	if digest == "" {
		tag, ok := c.keptTag(r)
		if !ok {
			return keptAnswer{}
		}
		digest, at, fresh = tag.Digest, tag.At, c.fresh(tag)
	}
	m, err := w.manifest(ctx, digest)
	if err != nil {
		return keptAnswer{}
	}
	answer, err := w.read(ctx, digest, m)
	if err != nil {
		return keptAnswer{}
	}
	answer.Provenance, answer.AsOf = image.FromCache, at
	fresh = fresh && (w.complete || !c.options.Verify)
	if needsTag(r, answer) {
		tag, ok := c.keptTag(r)
		fresh = fresh && ok && c.fresh(tag)
		if ok {
			answer.Tagged = w.tagged(ctx, tag.Digest, r.Digest)
		}
	}
	return keptAnswer{answer, fresh}
}

func (c *Client) fresh(t cache.Tag) bool { return c.options.Now().Sub(t.At) < c.options.TagAge }

// needsTag reports whether the tag beside a digest is of interest: whether there is
// an index to take instead of a single manifest.
func needsTag(r image.Reference, a image.Answer) bool {
	return r.Digest != "" && r.Tag != "" && a.Single
}

// keptTag returns what the tag of a reference stood for where it would be asked:
// what is still good, or else the first that there is.
func (c *Client) keptTag(r image.Reference) (first cache.Tag, ok bool) {
	for _, s := range c.sources(r) {
		t, found := c.options.Cache.Tag(s.tag(r.Tag))
		if found && c.fresh(t) {
			return t, true
		}
		if found && !ok {
			first, ok = t, true
		}
	}
	return first, ok
}

// tag is the name under which the cache keeps a tag of the source. What a mirror
// says is not kept as what the registry says: who else shares the cache has not
// chosen that mirror.
func (s source) tag(tag string) string {
	return image.Reference{Registry: s.registry, Repository: s.repository, Tag: tag}.String()
}

// lookUp asks one host for an image.
func (c *Client) lookUp(ctx context.Context, h *host, s source, r image.Reference) (image.Answer, error) {
	w := &walk{client: c, host: h, source: s, reference: r, ask: true}
	digest, m, err := r.Digest, (*manifest)(nil), error(nil)
	if digest != "" {
		m, err = w.manifest(ctx, digest)
	} else {
		digest, m, err = w.tag(ctx, r.Tag)
	}
	if err != nil {
		return image.Answer{}, err
	}
	answer, err := w.read(ctx, digest, m)
	if err != nil {
		return image.Answer{}, err
	}
	answer.Provenance, answer.AsOf = image.FromRegistry, c.options.Now()
	if needsTag(r, answer) {
		// What the digest is does not depend on it, so nothing is lost if it fails.
		if digest, _, err := w.tag(ctx, r.Tag); err == nil {
			answer.Tagged = w.tagged(ctx, digest, r.Digest)
		}
	}
	return answer, nil
}

// walk reads what is behind one reference, from the cache or a host.
type walk struct {
	client    *Client
	host      *host
	source    source // the host may be a mirror
	reference image.Reference
	ask       bool // whether the host may be asked
	nested    int  // indexes and images read
	complete  bool // the manifests behind the index are verified
}

// errNotKept means that the cache does not have what nobody is to be asked for.
var errNotKept = errors.New("not in the cache")

// content returns what a digest is of, once for all who ask at the same time.
func (w *walk) content(ctx context.Context, kind, digest string) (body []byte, mediaType string, err error) {
	if body, ok := w.client.options.Cache.Blob(digest); ok {
		return body, "", nil
	}
	if !w.ask {
		return nil, "", errNotKept
	}
	type result struct {
		body      []byte
		mediaType string
	}
	got, err := once(&w.client.digests, kind+digest, func() (result, error) {
		if body, ok := w.client.options.Cache.Blob(digest); ok {
			return result{body, ""}, nil
		}
		response, err := w.host.get(ctx, w.source.repository, kind+"/"+digest)
		if err != nil {
			return result{}, err
		}
		if !cache.Matches(digest, response.body) {
			return result{}, malformed("what the registry serves is not what the digest stands for")
		}
		if kind == manifests {
			if _, err := parseManifest(response.mediaType, response.body); err != nil {
				return result{}, err
			}
		}
		_ = w.client.options.Cache.PutBlob(digest, response.body)
		return result{response.body, response.mediaType}, nil
	})
	return got.body, got.mediaType, err
}

// once has one ask of all who want the same at the same time. Its error is not
// that of the others, who may ask elsewhere or have more time: they ask themselves.
func once[T any](flights *singleflight.Group, key string, ask func() (T, error)) (T, error) {
	for {
		mine := false
		got, err, _ := flights.Do(key, func() (any, error) { mine = true; return ask() })
		if mine || err == nil {
			out, _ := got.(T)
			return out, err
		}
	}
}

// The kinds of content a registry has, as they stand in paths.
const (
	manifests = "manifests"
	blobs     = "blobs"
)

// manifest returns the manifest or index of a digest.
func (w *walk) manifest(ctx context.Context, digest string) (*manifest, error) {
	body, mediaType, err := w.content(ctx, manifests, digest)
	if err != nil {
		return nil, err
	}
	return parseManifest(mediaType, body)
}

// tag asks what a tag stands for, and remembers it.
func (w *walk) tag(ctx context.Context, tag string) (string, *manifest, error) {
	type result struct {
		digest string
		m      *manifest
	}
	got, err := once(&w.client.tags, w.source.tag(tag), func() (result, error) {
		digest, m, err := w.askTag(ctx, tag)
		return result{digest, m}, err
	})
	return got.digest, got.m, err
}

// wellFormed are digests of which nothing else is known.
var wellFormed = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (w *walk) askTag(ctx context.Context, tag string) (string, *manifest, error) {
	c, reference := w.client, w.source.tag(tag)
	remember := func(digest string) {
		_ = c.options.Cache.PutTag(reference, cache.Tag{Digest: digest, At: c.options.Now()})
	}
	if known, ok := c.options.Cache.Tag(reference); ok {
		// Most tags stand for what they stood for yesterday: HEAD tells, and is free
		// where pulls are counted. Not every registry answers it.
		if body, ok := c.options.Cache.Blob(known.Digest); ok {
			digest, err := w.host.head(ctx, w.source.repository, tag)
			if final(err) {
				return "", nil, err
			}
			if err == nil && digest == known.Digest {
				if m, err := parseManifest("", body); err == nil {
					remember(digest)
					return digest, m, nil
				}
			}
		}
	}
	response, err := w.host.get(ctx, w.source.repository, manifests+"/"+tag)
	if err != nil {
		return "", nil, err
	}
	m, err := parseManifest(response.mediaType, response.body)
	if err != nil {
		return "", nil, err
	}
	digest := response.digest
	switch {
	case m.described && wellFormed.MatchString(digest):
		// The digest of an old manifest is not that of the whole body.
	case m.described:
		digest = sha256Of(response.body)
	case digest == "":
		digest = sha256Of(response.body)
	case !cache.Matches(digest, response.body):
		return "", nil, malformed("what the registry serves is not what its digest stands for")
	}
	if c.options.Cache.PutBlob(digest, response.body) == nil {
		remember(digest)
	}
	return digest, m, nil
}

// read turns a manifest into an answer.
func (w *walk) read(ctx context.Context, digest string, m *manifest) (image.Answer, error) {
	answer := image.Answer{Known: true, Digest: digest, Single: !m.index}
	if !m.index {
		p, err := w.single(ctx, m)
		if err != nil {
			return image.Answer{}, err
		}
		answer.Platforms = arch.Set{p}
		w.complete = true
		return answer, nil
	}
	entries, err := w.entries(ctx, m)
	if err != nil {
		return image.Answer{}, err
	}
	answer.Contradictions = w.verify(ctx, entries)
	for _, e := range entries {
		if !slices.ContainsFunc(answer.Contradictions, func(c image.Contradiction) bool { return c.Certain && c.Platform == e.platform }) {
			answer.Platforms = answer.Platforms.Add(e.platform)
		}
	}
	switch {
	case len(answer.Platforms)+len(answer.Contradictions) > maxKinds:
		return image.Answer{}, errTooLarge
	case len(answer.Platforms) == 0:
		return image.Answer{}, malformed("the index names no platform")
	}
	answer.Platforms = answer.Platforms.Sorted()
	return answer, nil
}

// single returns the platform of a single image.
func (w *walk) single(ctx context.Context, m *manifest) (arch.Platform, error) {
	if m.described {
		return m.platform, nil
	}
	body, _, err := w.content(ctx, blobs, m.config)
	if err != nil {
		return arch.Platform{}, incomplete(err)
	}
	return parseConfig(body)
}

// errIncomplete means that a part of an image is not there. That says nothing of
// the image as a whole, which is.
const errIncomplete = malformed("the registry does not have all parts of the image")

func incomplete(err error) error {
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusNotFound {
		return errIncomplete
	}
	return err
}

// platform returns the platform of the single image of a digest.
func (w *walk) platform(ctx context.Context, digest string) (arch.Platform, error) {
	m, err := w.manifest(ctx, digest)
	switch {
	case err != nil:
		return arch.Platform{}, incomplete(err)
	case m.index:
		return arch.Platform{}, malformed("the index names an image that is none")
	}
	return w.single(ctx, m)
}

// entries returns the entries for platforms of an index and the indexes in it.
func (w *walk) entries(ctx context.Context, m *manifest) ([]entry, error) {
	var out []entry
	for _, e := range m.entries {
		switch {
		case e.known && !e.index:
			out = append(out, e)
		case e.index && !e.known:
			if w.nested++; w.nested > maxNested {
				return nil, errTooLarge
			}
			inner, err := w.manifest(ctx, e.digest)
			if err != nil {
				return nil, incomplete(err)
			}
			if !inner.index {
				return nil, malformed("the index names an index that is none")
			}
			more, err := w.entries(ctx, inner)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		case e.known:
			out = append(out, e) // an index for one platform
		case e.silent:
			if w.nested++; w.nested > maxNested {
				return nil, errTooLarge
			}
			var err error
			if e.platform, err = w.platform(ctx, e.digest); errors.As(err, new(malformed)) && !errors.Is(err, errIncomplete) {
				continue // an artifact
			} else if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		if len(out) > maxEntries {
			return nil, errTooLarge
		}
	}
	return out, nil
}

// tagged describes what a tag stands for, beside a digest that is pinned; nil if
// that cannot be learnt.
func (w *walk) tagged(ctx context.Context, digest, pinned string) *image.Tagged {
	w.nested = 0
	m, err := w.manifest(ctx, digest)
	if err != nil {
		return nil
	}
	answer, err := w.read(ctx, digest, m)
	if err != nil {
		return nil
	}
	t := &image.Tagged{Digest: digest, Platforms: answer.Platforms}
	if m.index {
		w.nested = 0 // they are read once more
		entries, err := w.entries(ctx, m)
		// Of two images for a platform the first is taken.
		i := slices.IndexFunc(entries, func(e entry) bool { return e.digest == pinned })
		t.Contains = err == nil && i >= 0 && !slices.ContainsFunc(entries[:i], func(e entry) bool { return e.platform == entries[i].platform })
	}
	return t
}
