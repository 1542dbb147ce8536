package call

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Waits between two sendings: a random part of a bound that doubles. A server that asks for more than maxWait is not
// waited for.
const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 10 * time.Second
	maxWait      = time.Minute
)

// Retry says how often a request that failed in passing is sent again. A request that may have been processed is sent
// again only if to do it twice is as good as once: by its method, by an Idempotency-Key, or by the user's word.
type Retry struct {
	Max    int
	Within time.Duration // no retry begins later than this after the first sending; 0: no such bound
	Unsafe bool          // the user's word
}

// outcome is how one sending ended, as far as a retry depends on it.
type outcome struct {
	status int // 0: no answer
	asked  time.Duration
	waits  bool // the answer named a time: asked

	lost    bool // the connection went away, or was never made
	late    bool // time ran out
	reached bool // the server may have processed it
}

func outcomeOf(w *watch, res *http.Response, err error, now time.Time) outcome {
	if err == nil {
		o := outcome{status: res.StatusCode, reached: true}
		o.asked, o.waits = httpx.RetryAfter(res.Header, now)
		return o
	}
	f := fault.From(err)
	return outcome{
		lost:    f.Kind == fault.Network && f.Retryable || f.Code == "protocol.truncated",
		late:    f.Kind == fault.Timeout,
		reached: w.reached() && f.Code != httpx.CodeRefused,
	}
}

// worth reports whether a request that ended so may be sent again.
func (r Retry) worth(req *Request, o outcome) bool {
	safe := IsSafe(req.method())
	idempotent := req.method() == http.MethodPut || req.method() == http.MethodDelete
	keyed := req.Header.Get("Idempotency-Key") != ""
	switch {
	case o.status == http.StatusTooManyRequests: // by its meaning not processed
		return true
	case o.status == http.StatusServiceUnavailable && o.waits:
		return true
	case o.status == http.StatusRequestTimeout, o.status == http.StatusBadGateway,
		o.status == http.StatusServiceUnavailable, o.status == http.StatusGatewayTimeout:
		return safe || r.Unsafe
	case (o.lost || o.late) && !o.reached:
		return true
	case o.late:
		return safe || idempotent && r.Unsafe
	}
	return o.lost && (safe || keyed || r.Unsafe)
}

// IsSafe reports whether a request with the method changes nothing (RFC 9110 section 9.2.1), however often it is sent.
func IsSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// mayRetry gives the time to wait before the request is sent again, if it is.
func (e *errand) mayRetry(ctx context.Context, o outcome) (time.Duration, bool) {
	r := e.client.Retry
	if e.retries >= r.Max || ctx.Err() != nil || !r.worth(e.req, o) || !replayable(e.req.Body) {
		return 0, false
	}
	pause := o.asked
	if !o.waits {
		bound := min(firstBackoff<<min(e.retries, 10), maxBackoff)
		pause = rand.N(bound)
	}
	begin := e.client.now().Add(pause)
	deadline, bounded := ctx.Deadline()
	switch {
	case pause > maxWait, bounded && begin.After(deadline), r.Within > 0 && begin.Sub(e.began) > r.Within:
		e.client.Trace.note("no retry: there is no time to wait %s", pause.Round(time.Millisecond))
		return 0, false
	}
	return pause, true
}

// wait lets pause go by, and says why.
func (e *errand) wait(ctx context.Context, pause time.Duration, res *http.Response, err error) error {
	e.retries++
	e.trip.retried()
	why := "the connection failed"
	switch {
	case res != nil:
		why = "HTTP " + res.Status
	case fault.Is(err, fault.Timeout):
		why = "time-out"
	}
	e.client.Trace.note("%s: retry %d of %d in %s", why, e.retries, e.client.Retry.Max, pause.Round(time.Millisecond))
	return e.client.sleep(ctx, pause)
}

func (c *Client) sleep(ctx context.Context, pause time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, pause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return httpx.Failure(context.Cause(ctx))
	}
}
