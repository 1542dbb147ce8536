package cli

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/batch"
	"github.com/authctl/authctl/internal/httpx"
)

const (
	// batchLook is how long the token in hand is used without a look at whether it must be renewed soon, and for how
	// long a token that cannot be had is not asked for again: thousands of requests ask.
	batchLook = time.Second
	// batchRenew is how long a token that replaced a refused one is trusted: what is refused for another reason than
	// the token's age would else cost a token request for each line.
	batchRenew = time.Minute
)

// batchTokens gives all workers of a batch one token, and renews it once for all of them.
type batchTokens struct {
	client *call.Client
	clock  func() time.Time

	mu         sync.Mutex
	bearer     httpx.Bearer
	err        error
	generation int // counts the renewals
	looked     time.Time
	renewed    time.Time // the last renewal that gave a token
	failed     time.Time // the last one that did not
	failure    error     // what that one met with; nil after one that did
}

func newBatchTokens(client *call.Client, clock func() time.Time) *batchTokens {
	return &batchTokens{client: client, clock: clock}
}

// doer is the client of one worker.
func (t *batchTokens) doer(begin func()) batch.Doer {
	w := &batchWorker{shared: t, client: *t.client, begin: begin}
	if t.client.Source != nil {
		w.client.Source = w
	}
	return w
}

// current is the token in hand and which one it is.
func (t *batchTokens) current(ctx context.Context) (httpx.Bearer, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inHand(ctx)
}

func (t *batchTokens) inHand(ctx context.Context) (httpx.Bearer, int, error) {
	if now := t.clock(); t.looked.IsZero() || now.Sub(t.looked) >= batchLook || now.Before(t.looked) {
		bearer, err := t.client.Source.Bearer(ctx)
		t.got(ctx, now, bearer, err)
	}
	return t.bearer, t.generation, t.err
}

// got takes a token, or the error in its place, into hand.
func (t *batchTokens) got(ctx context.Context, now time.Time, bearer httpx.Bearer, err error) {
	t.bearer, t.err, t.looked = bearer, err, now
	if ctx.Err() != nil || t.spent(now) {
		t.looked = time.Time{} // one request's time was up, not everybody's; or a token for one request
	}
}

// spent reports whether the token lives no longer than for the request that it was asked for.
func (t *batchTokens) spent(now time.Time) bool {
	s, ok := t.client.Source.(*sessionTokens)
	return ok && t.err == nil && s.last != nil && !s.last.Token.ExpiresAt.After(now)
}

// renew replaces the token that a worker used, unless another worker has done so, or could not, since.
func (t *batchTokens) renew(ctx context.Context, used int, claims string) (httpx.Bearer, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if used != t.generation {
		return t.inHand(ctx)
	}
	if t.failure != nil && t.clock().Sub(t.failed) < batchLook {
		return httpx.Bearer{}, used, t.failure
	}
	bearer, err := t.client.Source.Renew(ctx, claims)
	if err != nil {
		if ctx.Err() == nil { // else one request's time was up, not everybody's
			t.failed, t.failure = t.clock(), err
		}
		return bearer, used, err
	}
	t.renewed, t.failure = t.clock(), nil
	t.got(ctx, t.renewed, bearer, nil)
	t.generation++
	return t.bearer, t.generation, nil
}

// settled reports whether the token was renewed so lately that another renewal would be for nothing.
func (t *batchTokens) settled(used int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return used == t.generation && !t.renewed.IsZero() && t.clock().Sub(t.renewed) < batchRenew
}

var _ call.TokenSource = (*batchWorker)(nil)

// batchWorker sends one request at a time, and knows which token it used.
type batchWorker struct {
	shared *batchTokens
	client call.Client
	begin  func()
	used   int
}

// Do implements [batch.Doer].
func (w *batchWorker) Do(ctx context.Context, req *call.Request) (*http.Response, error) {
	if req.NoAuth || w.client.Source == nil {
		w.begin() // else when the token is in hand
	}
	return w.client.Do(ctx, req)
}

// Bearer implements [call.TokenSource].
func (w *batchWorker) Bearer(ctx context.Context) (bearer httpx.Bearer, err error) {
	bearer, w.used, err = w.shared.current(ctx)
	w.client.ReauthStatuses = w.shared.client.ReauthStatuses
	if err == nil && w.shared.settled(w.used) {
		w.client.ReauthStatuses = []int{}
	}
	if err == nil {
		w.begin()
	}
	return bearer, err
}

// Renew implements [call.TokenSource].
func (w *batchWorker) Renew(ctx context.Context, claims string) (bearer httpx.Bearer, err error) {
	bearer, w.used, err = w.shared.renew(ctx, w.used, claims)
	return bearer, err
}
