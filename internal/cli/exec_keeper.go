package cli

import (
	"context"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Times of a keeper.
const (
	glance   = 30 * time.Second // between looks at the clock: a timer stands still while the machine sleeps
	soonest  = time.Second      // between two token requests
	eachTime = time.Minute      // between renewals of a token that says of itself that it does not live
)

// source gives tokens; a session is one.
type source interface {
	Token(ctx context.Context, want auth.Want) (*auth.Answer, error)
}

// keeper replaces a token in good time while a command runs.
type keeper struct {
	source source
	minTTL time.Duration
	clock  func() time.Time
	write  func(secret.String) error
	warn   func(format string, args ...any)
}

// keep begins, with the end of the token at hand; the function that it gives ends it and waits for that.
func (k *keeper) keep(ctx context.Context, end time.Time) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for next := k.due(end); k.wait(ctx, next); {
			end, next = k.renew(ctx, end)
		}
	}()
	return func() { cancel(); <-done }
}

// due is when a token is to be replaced: when a fifth of its life is left, or --min-ttl of it, but not all the time
// where that is the whole of it.
func (k *keeper) due(end time.Time) time.Time {
	now := k.clock()
	left := end.Sub(now)
	if left <= 0 {
		return now.Add(eachTime)
	}
	return now.Add(max(soonest, left/10, min(left*4/5, left-k.minTTL)))
}

func (k *keeper) wait(ctx context.Context, until time.Time) bool {
	for {
		left := until.Sub(k.clock())
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(min(left, glance))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// renew gets a token that lives longer than the one at hand, and gives its end and when to look again. While that fails
// the old one stays in its place.
func (k *keeper) renew(ctx context.Context, old time.Time) (end, next time.Time) {
	left := max(0, old.Sub(k.clock()))
	answer, err := k.source.Token(ctx, auth.Want{MinTTL: max(k.minTTL, left+soonest)})
	if err == nil {
		if err = k.write(answer.Token.AccessToken); err == nil {
			return answer.Token.ExpiresAt, k.due(answer.Token.ExpiresAt)
		}
	}
	if ctx.Err() != nil {
		return old, k.clock()
	}
	if fault.From(err).Code == "auth.min_ttl" && left > 0 {
		return old, old // a server that gives the same token as long as it lives
	}
	k.warn("the token's file was not renewed: %v", err)
	again := glance
	if left > 0 {
		again = max(soonest, min(glance, left/2))
	}
	return old, k.clock().Add(again)
}
