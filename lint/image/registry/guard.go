package registry

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
)

var (
	errRefused  = errors.New("address refused")
	errPlain    = errors.New("plain HTTP refused")
	errTooLarge = errors.New("too large")
)

// guard is the transport of all requests, those of logins and redirects included:
// it refuses addresses, bounds bodies and writes down what happens.
type guard struct {
	next http.RoundTripper
}

// RoundTrip makes one request.
func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	t, _ := request.Context().Value(traceKey{}).(*trace)
	switch {
	case !allowed(request.URL.Host):
		t.failed(errRefused)
		return nil, errRefused
	case request.URL.Scheme != "https" && !loopback(request.URL.Hostname()):
		t.failed(errPlain)
		return nil, errPlain
	}
	response, err := g.next.RoundTrip(request)
	if err != nil {
		t.failed(err)
		return nil, err
	}
	t.answered(response)
	response.Body = &bounded{body: response.Body, left: maxBody, trace: t}
	return response, nil
}

// bounded is a body that fails when it grows too large.
type bounded struct {
	body  io.ReadCloser
	left  int64
	trace *trace
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.trace.failed(errTooLarge)
		return 0, errTooLarge
	}
	return n, err
}

func (b *bounded) Close() error { return b.body.Close() }

// trace is what happened on the way of one look-up; ggcr's errors do not always
// tell. A nil trace takes no notes.
type trace struct {
	mu     sync.Mutex
	count  int // responses
	status int // of the last response
	after  string
	errs   []error
}

type traceKey struct{}

func (t *trace) answered(r *http.Response) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.status = r.StatusCode
	if r.StatusCode == http.StatusTooManyRequests {
		t.after = readableDelay(r.Header.Get("Retry-After"))
	}
}

func (t *trace) failed(err error) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.errs) < 8 {
		t.errs = append(t.errs, err)
	}
}

func (t *trace) responses() int { t.mu.Lock(); defer t.mu.Unlock(); return t.count }

func (t *trace) last() int { t.mu.Lock(); defer t.mu.Unlock(); return t.status }

func (t *trace) retryAfter() string { t.mu.Lock(); defer t.mu.Unlock(); return t.after }

// is reports whether one of the failures was target.
func (t *trace) is(target error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Is(errors.Join(t.errs...), target)
}

// err returns the last failure, or otherwise.
func (t *trace) err(otherwise error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.errs); n > 0 {
		return t.errs[n-1]
	}
	return otherwise
}

// readableDelay returns a Retry-After header of seconds or a date for people, ""
// for anything else.
func readableDelay(header string) string {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return strconv.FormatUint(seconds, 10) + " s"
	}
	if at, err := http.ParseTime(header); err == nil {
		return at.UTC().Format("15:04:05 UTC")
	}
	return ""
}
