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

// Locker gives one identity to one process at a time. The lock of a process that died is free.
type Locker interface {
	Lock(ctx context.Context, name string) (unlock func(), err error)
}

// Session gets, renews and forgets the token of one profile.
type Session struct {
	Profile, Provider string
	Identity          profile.Identity
	Grant             grant.Grant
	// Life manages tokens that were given.
	Life *grant.Life
	// Bound gives what a stored token must have been got with besides the identity: the secrets, as far as they can
	// be read without asking anybody, and what discovery found.
	Bound func(ctx context.Context) ([]secret.String, error)
	// Upstream gives what the tokens of other profiles depend on that this one is exchanged for; nil: there are none.
	Upstream func(ctx context.Context) ([]secret.String, error)
	// Root gives the part of Bound that refresh tokens grow from. Who has it may use the newest of them whatever else has
	// changed, such as the client's secret; nil: there is none.
	Root func(ctx context.Context) ([]secret.String, error)
	// ProofKey gives the user's own key that tokens are bound to (RFC 9449); nil: there is none, or it lies with the
	// token.
	ProofKey func(ctx context.Context) (secret.String, error)

	Store tokenstore.Store
	// Spare takes a new refresh token that Store could not keep, until it can; nil: there is no such place.
	Spare tokenstore.Store
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

// wish is one call for a token on its way through the story.
type wish struct {
	want  Want
	ask   grant.Ask
	takes func(*tokenstore.Record) bool // whatever is left of its life
	bound []secret.String               // Bound and upstream
	lineage
	again bool // a refresh token was refused, and another process had put a newer one in its place
}

// Token gives a live token: the stored one, else a new one. However many processes miss at the same time, one of
// them makes the request and the others find its answer. A warm read takes no lock.
func (s *Session) Token(ctx context.Context, want Want) (*Answer, error) {
	asked := s.Clock()
	return s.fulfil(ctx, wish{want: want, takes: func(r *tokenstore.Record) bool {
		return !want.ForceRefresh || r.ObtainedAt.After(asked)
	}})
}

// Renew gives a token to replace stale, which an API refused; claims is the API's decoded claims challenge, if it
// sent one. A newer token of another process is taken instead of a new one.
func (s *Session) Renew(ctx context.Context, stale *grant.Token, want Want, claims string) (*Answer, error) {
	return s.fulfil(ctx, wish{want: want, ask: grant.Ask{Claims: claims}, takes: func(r *tokenstore.Record) bool {
		return !r.AccessToken.Equal(stale.AccessToken)
	}})
}

func (s *Session) fulfil(ctx context.Context, w wish) (answer *Answer, err error) {
	if w.want.NoCache {
		answer, err = s.uncached(ctx, w)
	} else {
		answer, err = s.singleFlight(ctx, w)
	}
	if err != nil {
		return nil, err
	}
	return answer, s.prove(ctx, answer.Token)
}

// singleFlight is the story: stored; else, one process at a time, stored by another meanwhile, refreshed, or granted
// anew, and kept.
func (s *Session) singleFlight(ctx context.Context, w wish) (*Answer, error) {
	var err error
	if w.upstream, err = s.upstream(ctx); err != nil {
		return nil, err
	}
	if w.bound, err = s.boundWith(ctx, w.upstream); err != nil {
		return nil, err
	}
	before, err := s.stored(ctx, w.bound)
	if err != nil {
		return nil, err
	}
	if s.serves(w, before) {
		return cached(before), nil
	}
	unlock, since, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// Asked for again, since who had the lock may have discovered what the token now depends on.
	if w.bound, err = s.boundWith(ctx, w.upstream); err != nil {
		return nil, err
	}
	r, err := s.latest(ctx, w.bound)
	if err != nil {
		return nil, err
	}
	switch {
	case s.serves(w, r):
		return cached(r), nil
	case s.isNewSince(before, r) && w.takes(r):
		answer := cached(r)
		return answer, tooShort(w, answer.Token)
	}
	if err := s.mayAsk(ctx, since); err != nil {
		return nil, err
	}
	r, unlockFamily, err := s.family(ctx, r)
	if err != nil {
		return nil, err
	}
	defer unlockFamily()
	return s.next(ctx, w, r)
}

// next is a new token, kept: by the refresh token of the record where there is one, else by the grant itself.
func (s *Session) next(ctx context.Context, w wish, r *tokenstore.Record) (*Answer, error) {
	if r == nil {
		return s.granted(ctx, w)
	}
	w.ask.Prev = tokenOf(r)
	refresher, ok := s.Grant.(grant.Refresher)
	switch {
	case ok && !r.RefreshToken.IsZero():
		return s.refreshed(ctx, w, r, refresher)
	case s.isMarkedSpent(r):
		return nil, s.stillSpent()
	}
	return s.granted(ctx, w)
}

// granted is a token of the grant itself, kept.
func (s *Session) granted(ctx context.Context, w wish) (*Answer, error) {
	var ask request = s.Grant.Token
	if s.spendsRefreshToken() {
		if err := s.canKeep(ctx, nil); err != nil {
			return nil, err
		}
		ask = unhurried(ask)
	}
	token, err := ask(ctx, w.ask)
	if err != nil {
		s.noteFailure(ctx, err)
		return nil, s.loginRequired(err, nil)
	}
	return s.answer(w, token, s.save(ctx, token, lineage{upstream: w.upstream}))
}

// uncached asks for a token of one's own; the server's wish for a pause holds all the same.
func (s *Session) uncached(ctx context.Context, w wish) (*Answer, error) {
	if err := s.mayAsk(ctx, s.Clock()); err != nil {
		return nil, err
	}
	token, err := s.Grant.Token(ctx, w.ask)
	if err == nil {
		if token.Rotated {
			s.Warn("the server replaced the refresh token, and --no-cache does not keep the new one: the next command may be refused")
		}
		return s.answer(w, token, nil)
	}
	s.noteFailure(ctx, err)
	if errors.Is(err, grant.ErrLoginRequired) {
		return nil, fault.From(s.loginRequired(err, nil)).Hint("leave out --no-cache: a stored login is not looked at with it")
	}
	return nil, err
}

// answer is a new token that lives as long as was asked for; kept is why it was not kept.
func (s *Session) answer(w wish, token *grant.Token, kept error) (*Answer, error) {
	if err := errors.Join(kept, tooShort(w, token)); err != nil {
		return nil, err
	}
	return &Answer{Token: token}, nil
}

// tooShort is the error of a new token whose whole life is less than was asked for.
func tooShort(w wish, token *grant.Token) error {
	life := token.Lifetime()
	if w.want.MinTTL == 0 || life >= w.want.MinTTL {
		return nil
	}
	return fault.New(fault.Auth, "auth.min_ttl", "the new token lives %s, less than the %s asked for",
		life.Truncate(time.Second), w.want.MinTTL).Hint("ask for less with --min-ttl, or raise the token's life at the provider")
}

// prove gives the token the user's own key.
func (s *Session) prove(ctx context.Context, token *grant.Token) (err error) {
	if s.ProofKey != nil && token.ProofKey.IsZero() {
		token.ProofKey, err = s.ProofKey(ctx)
	}
	return err
}

// lock takes the identity's lock; since is when the wait began, for telling whose failure another's was.
func (s *Session) lock(ctx context.Context) (unlock func(), since time.Time, err error) {
	since = s.Clock()
	if s.Locks == nil {
		return func() {}, since, nil
	}
	unlock, err = s.Locks.Lock(ctx, s.Identity.Key())
	return unlock, since, err
}
