// Package auth is the one story of the product: a token from the store while it lives, else one new token for all who
// ask for it at the same time. It knows neither the wire nor the disk; grants and stores do.
package auth

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// lockWait is how long one process waits for another's token request: the request's own time-out.
const lockWait = 30 * time.Second

// Locker gives one identity to one process at a time. The lock of a process that died is free.
type Locker interface {
	Lock(ctx context.Context, name string) (unlock func(), err error)
}

// Session gets, renews and forgets the token of one profile.
type Session struct {
	Profile, Provider string
	Identity          profile.Identity
	Grant             grant.Grant
	// Bound gives what a stored token must have been got with besides the identity: the secrets, as far as they can
	// be read without asking anybody, and what discovery found.
	Bound func(ctx context.Context) ([]secret.String, error)

	Store tokenstore.Store
	Locks Locker // nil where no other process can share the store
	Notes Notes
	Clock func() time.Time
	// Skew ends a token's use this long before its end; 0 stands for the share of its life that [skew] takes.
	Skew time.Duration
	// Warn tells the user about what did not stop the command.
	Warn func(format string, args ...any)
}

// Want says which token will do.
type Want struct {
	MinTTL       time.Duration // it must live at least this long, beyond the skew where it comes from the store
	ForceRefresh bool          // none from before this call
	NoCache      bool          // neither read nor write the store
}

// Answer is a token and where it came from.
type Answer struct {
	Token     *grant.Token
	FromCache bool
}

// Token gives a live token: the stored one, else a new one. However many processes miss at the same time, one of
// them makes the request and the others find its answer. A warm read takes no lock.
func (s *Session) Token(ctx context.Context, want Want) (*Answer, error) {
	if want.NoCache {
		return s.uncached(ctx, want, grant.Ask{})
	}
	asked := s.Clock()
	return s.singleFlight(ctx, want, grant.Ask{}, func(r *tokenstore.Record) bool {
		return s.fresh(r, want.MinTTL) && (!want.ForceRefresh || r.ObtainedAt.After(asked))
	})
}

// Renew gives a token to replace stale, which an API refused; claims is the API's decoded claims challenge, if it
// sent one. A newer token of another process is taken instead of a new one.
func (s *Session) Renew(ctx context.Context, stale *grant.Token, want Want, claims string) (*Answer, error) {
	ask := grant.Ask{Claims: claims}
	if want.NoCache {
		return s.uncached(ctx, want, ask)
	}
	return s.singleFlight(ctx, want, ask, func(r *tokenstore.Record) bool {
		return s.fresh(r, want.MinTTL) && !r.AccessToken.Equal(stale.AccessToken)
	})
}

func (s *Session) singleFlight(ctx context.Context, want Want, ask grant.Ask, serves func(*tokenstore.Record) bool) (*Answer, error) {
	bound, err := s.Bound(ctx)
	if err != nil {
		return nil, err
	}
	if r, err := s.stored(ctx, bound); err != nil {
		return nil, err
	} else if r != nil && serves(r) {
		return cached(r), nil
	}
	unlock, since, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r, err := s.stored(ctx, bound)
	if err != nil {
		return nil, err
	}
	if r != nil && serves(r) {
		return cached(r), nil
	}
	if err := s.mayAsk(since); err != nil {
		return nil, err
	}
	if r != nil {
		ask.Prev = tokenOf(r)
	}
	answer, err := s.request(ctx, want, ask)
	if answer != nil {
		err = errors.Join(s.save(ctx, answer.Token), err)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// uncached asks for a token of one's own; the server's wish for a pause holds all the same.
func (s *Session) uncached(ctx context.Context, want Want, ask grant.Ask) (*Answer, error) {
	if err := s.mayAsk(s.Clock()); err != nil {
		return nil, err
	}
	answer, err := s.request(ctx, want, ask)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// stored reads the identity's record; nil is a miss. A token got with another secret is a miss too.
func (s *Session) stored(ctx context.Context, bound []secret.String) (*tokenstore.Record, error) {
	r, err := s.Store.Get(ctx, s.Identity.Key())
	switch {
	case errors.Is(err, tokenstore.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, storeFault(err).Doing("reading the token from %s", s.Store.Place())
	case !boundTo(r, bound):
		return nil, nil
	}
	return r, nil
}

// request makes the one token request. The answer is given beside an auth.min_ttl error too, so that it can be kept.
func (s *Session) request(ctx context.Context, want Want, ask grant.Ask) (*Answer, error) {
	token, err := s.Grant.Token(ctx, ask)
	if err != nil {
		s.noteFailure(ctx, err)
		return nil, err
	}
	answer := &Answer{Token: token}
	if left := token.ExpiresAt.Sub(s.Clock()); want.MinTTL > 0 && left < want.MinTTL {
		return answer, fault.New(fault.Auth, "auth.min_ttl", "the new token lives %s, less than the %s asked for",
			left.Truncate(time.Second), want.MinTTL).Hint("ask for less with --min-ttl, or raise the token's life at the provider")
	}
	return answer, nil
}

// lock takes the identity's lock; since is when the wait began, for telling whose failure another's was.
func (s *Session) lock(ctx context.Context) (unlock func(), since time.Time, err error) {
	since = s.Clock()
	if s.Locks == nil {
		return func() {}, since, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	unlock, err = s.Locks.Lock(ctx, s.Identity.Key())
	return unlock, since, err
}

// Stored gives the identity's record whether or not it is fresh, for looking at; nil where there is none.
func (s *Session) Stored(ctx context.Context) (*tokenstore.Record, error) {
	r, err := s.Store.Get(ctx, s.Identity.Key())
	if errors.Is(err, tokenstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, storeFault(err).Doing("reading the token from %s", s.Store.Place())
	}
	return r, nil
}

// Forget drops the identity's token and whatever was noted about its token endpoint.
func (s *Session) Forget(ctx context.Context) error {
	unlock, _, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s.clearNotes()
	if err := s.Store.Delete(ctx, s.Identity.Key()); err != nil {
		return storeFault(err).Doing("forgetting the token in %s", s.Store.Place())
	}
	return nil
}

// storeFault lets a store's own words stand, and gives an error without any the store's kind.
func storeFault(err error) *fault.Error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return fault.From(err)
	}
	return &fault.Error{Kind: fault.Store, Err: err}
}
