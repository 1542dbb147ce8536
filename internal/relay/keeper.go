package relay

import (
	"context"
	"errors"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

const (
	failurePause = time.Second      // between token requests while they fail
	futilePause  = 10 * time.Second // after a new token was refused as well
)

var errFutile = errors.New("the API refuses new tokens too")

// stopping is the answer to those who wait when the relay ends.
func stopping() error {
	return &tokenError{err: fault.New(fault.Network, "network.stopping", "the proxy is stopping")}
}

// keeper keeps the token. Whoever needs the one at hand takes it without waiting; one goroutine, which [keeper.run] is,
// asks for others, for all who need one and ahead of time.
type keeper struct {
	source  TokenSource
	base    *url.URL
	skew    time.Duration
	clock   func() time.Time
	metrics *metrics
	warn    func(error) // about a renewal ahead of time, of which no client hears

	current atomic.Pointer[held]
	wants   chan *want
	stopped chan struct{}

	// The rest is the goroutine's own.
	ahead    time.Time // when to renew
	failure  error
	failedAt time.Time
	pause    time.Time // no request before
}

// want is somebody who waits for a token.
type want struct {
	since  time.Time
	stale  *held // not this one; nil: any that is fresh
	claims string
	answer chan answer
}

type answer struct {
	token *held
	err   error
}

func newKeeper(cfg Config, base *url.URL, m *metrics) *keeper {
	return &keeper{
		source: cfg.Tokens, base: base, skew: cfg.Skew, clock: cfg.Clock, warn: cfg.Warn, metrics: m,
		wants: make(chan *want), stopped: make(chan struct{}),
	}
}

// token gives a fresh token.
func (k *keeper) token(ctx context.Context) (*held, error) {
	if h := k.atHand(); h != nil {
		return h, nil
	}
	return k.ask(ctx, &want{since: k.clock()})
}

// soon is token for who waits no longer than limit.
func (k *keeper) soon(ctx context.Context, limit time.Duration) (*held, error) {
	if h := k.atHand(); h != nil {
		return h, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return k.ask(ctx, &want{since: k.clock()})
}

// atHand is the token in use; nil where another must be asked for.
func (k *keeper) atHand() *held {
	h := k.fresh(k.clock())
	if h != nil && !h.used.Load() {
		h.used.Store(true)
	}
	return h
}

// renew gives a token in place of stale, which the API refused: for all who come with the same one, the same.
func (k *keeper) renew(ctx context.Context, stale *held, claims string) (*held, error) {
	return k.ask(ctx, &want{since: k.clock(), stale: stale, claims: claims})
}

func (k *keeper) ask(ctx context.Context, w *want) (*held, error) {
	w.answer = make(chan answer, 1)
	select {
	case k.wants <- w:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-k.stopped:
		return nil, stopping()
	}
	select {
	case a := <-w.answer:
		return a.token, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-k.stopped:
		return nil, stopping()
	}
}

// fresh is the token at hand, nil where it is too old. A clock that went back is not noticed before the API does.
func (k *keeper) fresh(now time.Time) *held {
	if h := k.current.Load(); h != nil && now.Before(h.staleAt) {
		return h
	}
	return nil
}

// run serves until ctx ends. A client that gives up does not take the token away from those who wait with it: the
// request for it ends with ctx, not with theirs.
func (k *keeper) run(ctx context.Context) {
	defer close(k.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-k.wants:
			h, err := k.serve(ctx, w)
			w.answer <- answer{h, err}
		case <-k.due():
			k.renewAhead(ctx)
		}
	}
}

// due fires when the token should be renewed; nil, which never does, while there is none.
func (k *keeper) due() <-chan time.Time {
	if now := k.clock(); k.fresh(now) != nil {
		return time.After(max(k.ahead.Sub(now), 0))
	}
	return nil
}

func (k *keeper) serve(ctx context.Context, w *want) (*held, error) {
	now := k.clock()
	if h := k.fresh(now); h != nil && h != w.stale {
		h.used.Store(true)
		return h, nil
	}
	if w.stale != nil && now.UnixNano()-w.stale.refusedAt.Load() < int64(futilePause) {
		return nil, errFutile
	}
	if k.failure != nil && (k.failedAt.After(w.since) || now.Before(k.pause)) {
		return nil, k.failure
	}
	var token Token
	var err error
	if w.stale == nil {
		token, err = k.source.Token(ctx, 0)
	} else {
		token, err = k.source.Renew(ctx, w.claims)
	}
	k.metrics.renewed(err)
	if err != nil {
		return nil, k.failed(err)
	}
	return k.keep(token, w), nil
}

// failed remembers a failure, for those who were waiting at the time, and for as long as the server wants to be left
// alone.
func (k *keeper) failed(err error) *tokenError {
	now := k.clock()
	e := &tokenError{err: err}
	k.failure, k.failedAt, k.pause = e, now, now.Add(failurePause)
	if throttled, ok := errors.AsType[interface {
		error
		RetryAt() time.Time
	}](err); ok {
		e.retryAt = throttled.RetryAt()
		k.pause = e.retryAt
	}
	return e
}

// keep puts a token in use until the share of its life ends in which it may be too late when it arrives. The share
// before that is for renewing it in the background. A token without a life serves whoever asked for it; nil is nobody.
func (k *keeper) keep(token Token, asked *want) *held {
	life := token.ExpiresAt.Sub(token.ObtainedAt)
	skew := k.skew
	if skew == 0 {
		skew = min(max(life/10, 2*time.Second), time.Minute)
	}
	h := &held{bearer: token.Bearer, line: lineOf(token.Bearer, k.base), staleAt: token.ExpiresAt.Add(-skew)}
	h.used.Store(asked != nil)
	h.renewed = asked != nil && asked.stale != nil
	k.failure = nil
	if !k.clock().Before(h.staleAt) {
		return h
	}
	usable := life - skew
	h.renewAt = h.staleAt.Add(-min(skew, usable/2))
	k.ahead = h.renewAt
	k.current.Store(h)
	return h
}

// renewAhead renews the token while the old one still serves. A token that nobody used is left to age, so that a relay
// which nobody uses falls silent; where it does not work out, it is tried again until the old one is stale.
func (k *keeper) renewAhead(ctx context.Context) {
	now, h := k.clock(), k.current.Load()
	left := h.staleAt.Sub(h.renewAt)
	k.ahead = now.Add(max(left/5, 200*time.Millisecond))
	if !h.used.Load() || now.Before(h.renewAt) || now.Before(k.pause) {
		return
	}
	token, err := k.source.Token(ctx, left)
	k.metrics.renewed(err)
	if err != nil {
		if e := k.failed(err); e.retryAt.IsZero() {
			k.failure = nil // who asks in the foreground asks for less
		}
		if ctx.Err() == nil {
			k.warn(err)
		}
		return
	}
	k.keep(token, nil)
}
