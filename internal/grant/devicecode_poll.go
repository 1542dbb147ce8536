package grant

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

const (
	defaultInterval = 5 * time.Second
	minInterval     = time.Second
	maxInterval     = time.Minute     // a server could make a person who has agreed wait for hours
	slowDown        = 5 * time.Second // RFC 8628 section 3.5
	defaultWait     = 15 * time.Minute
	maxWait         = 30 * time.Minute
	maxFailures     = 5 // in a row, of server and network
)

// poll asks the token endpoint again and again whether a person has agreed somewhere else (RFC 8628 section 3.4, CIBA
// Core 1.0 section 10.1).
type poll struct {
	flow     *Config
	fields   []Field
	interval time.Duration
	ends     time.Time
	wait     func(ctx context.Context, d time.Duration) error

	failures int
	notUntil time.Time // a server asked for a pause
}

// times reads interval and expires_in of a reply. Whatever they say, polls begin at least a second apart and at most a
// minute, and end.
func (p *poll) times(reply Members, now time.Time) error {
	interval, said, err := reply.Lifetime("interval")
	if err != nil {
		return err
	}
	if p.interval = min(max(interval, minInterval), maxInterval); !said {
		p.interval = defaultInterval
	}
	life, said, err := reply.Lifetime("expires_in")
	switch {
	case err != nil:
		return err
	case !said:
		life = defaultWait
	case life <= 0:
		return errors.New("expires_in leaves no time")
	}
	p.ends = now.Add(min(life, maxWait))
	return nil
}

// token polls until the server has said yes or no, or the time is over.
func (p *poll) token(ctx context.Context) (*Token, error) {
	for {
		if err := p.pause(ctx); err != nil {
			return nil, err
		}
		token, err := p.flow.redeem(ctx, Ask{}, p.fields...)
		if err == nil {
			return token, nil
		}
		if ctx.Err() != nil {
			return nil, lateLogin(ctx)
		}
		if !p.goesOn(fault.From(err)) {
			return nil, err
		}
	}
}

// pause waits for the next poll. What is left of the time is used for a last one.
func (p *poll) pause(ctx context.Context) error {
	now := p.flow.Endpoint.now()
	left := p.ends.Sub(now)
	if left <= 0 {
		return expired()
	}
	interval := max(p.interval, p.notUntil.Sub(now))
	if err := p.sleep(ctx, min(interval, left)); err != nil {
		return lateLogin(ctx)
	}
	return nil
}

func (p *poll) sleep(ctx context.Context, d time.Duration) error {
	if p.wait != nil {
		return p.wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goesOn reports whether an answer means: not yet. A server or network that fails is asked less and less often
// (RFC 8628 section 3.5), and no more after some failures in a row.
func (p *poll) goesOn(e *fault.Error) bool {
	switch e.OAuthError {
	case "authorization_pending":
		p.failures = 0
		return true
	case "slow_down":
		p.failures = 0
		p.interval += slowDown
		return true
	}
	p.failures++
	if (e.Kind != fault.Network && e.Kind != fault.Timeout) || !e.Retryable || p.failures > maxFailures {
		return false
	}
	p.interval *= 2
	if pause, ok := errors.AsType[*Throttled](e); ok {
		p.notUntil = pause.Until
	}
	return true
}

func expired() *fault.Error {
	e := fault.New(fault.Auth, "auth.expired_token", "nobody has agreed in the time that the server gave").Doing("logging in").
		Hint("authctl login starts anew")
	e.OAuthError = "expired_token"
	return e
}

// lateLogin is the end of the caller's patience, or of the caller.
func lateLogin(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	e := fault.New(fault.Timeout, "timeout.login", "nobody has agreed").Doing("logging in").
		Hint("run it again; authctl login --login-timeout 15m waits longer")
	e.Retryable = true
	return e
}
