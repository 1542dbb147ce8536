package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// grace is how long a refresh that was sent may go on after its command was interrupted: without the answer the login
// could be lost.
const grace = 2 * time.Second

// refreshed is a token for the record's refresh token. Many servers take each refresh token once, and end the whole
// login at its second use (RFC 9700 section 4.14.2): so the store is known to be writable before one is sent, and what
// replaces it is kept before anybody has the new token.
func (s *Session) refreshed(ctx context.Context, w wish, r *tokenstore.Record, by grant.Refresher) (*Answer, error) {
	if err := s.canKeep(ctx, r); err != nil {
		return nil, err
	}
	refresh := func(ctx context.Context, ask grant.Ask) (*grant.Token, error) { return by.Refresh(ctx, ask.Prev, ask) }
	token, err := unhurried(refresh)(ctx, w.ask)
	switch {
	case err == nil:
		return s.answer(w, token, s.saveRefreshed(ctx, r, token, lineage{r.Login, w.upstream}))
	case !isRefused(err):
		s.noteFailure(ctx, err)
		return nil, err
	}
	return s.afterRefusal(ctx, w, r, err)
}

// request is one token request of a grant.
type request func(context.Context, grant.Ask) (*grant.Token, error)

// unhurried lets a request that spends a refresh token come to its end.
func unhurried(ask request) request {
	return func(ctx context.Context, a grant.Ask) (*grant.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		longer, cancel := linger(ctx)
		defer cancel()
		token, err := ask(longer, a)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return token, err
	}
}

// linger ends a while after ctx does.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { t.Stop() })
	})
	return longer, func() {
		stop()
		cancel()
	}
}

// isRefused knows a 4xx by what becomes of it: 429 and 5xx are no refusals.
func isRefused(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Kind == fault.Auth && e.Status != 0
}

// saveRefreshed keeps the token in the place of the entry that it was got with, and of no other.
func (s *Session) saveRefreshed(ctx context.Context, r *tokenstore.Record, token *grant.Token, from lineage) error {
	now, err := s.Store.Get(context.WithoutCancel(ctx), r.Key)
	if err == nil && !sameEntry(now, r) {
		return ctx.Err() // a login of another process, which is newer
	}
	return s.save(ctx, token, from)
}

// afterRefusal goes on where a refresh token was refused: with a newer one of another process, else without.
func (s *Session) afterRefusal(ctx context.Context, w wish, r *tokenstore.Record, refusal error) (*Answer, error) {
	now, err := s.stored(ctx, w.bound)
	if err == nil {
		now, err = s.grown(ctx, now)
	}
	if err != nil {
		return nil, err
	}
	if now != nil && !now.RefreshToken.Equal(r.RefreshToken) {
		if s.serves(w, now) {
			return cached(now), nil
		}
		if !w.again {
			w.again = true
			return s.next(ctx, w, now)
		}
		now = nil // not the one that was refused
	}
	if s.spendsRefreshToken() {
		return nil, s.spent(ctx, now, refusal)
	}
	s.clear(ctx, now)
	w.ask.Prev.RefreshToken = secret.String{}
	answer, err := s.granted(ctx, w)
	return answer, s.loginRequired(err, refusal)
}

// clear takes the refused refresh token out of the entry, if it still lies there. What cannot be cleared is refused
// once more next time.
func (s *Session) clear(ctx context.Context, r *tokenstore.Record) {
	if r == nil {
		return
	}
	cleared := *r
	cleared.RefreshToken = secret.String{}
	_ = s.Store.Put(ctx, &cleared)
}

// spendsRefreshToken reports whether the grant itself is a refresh token that the profile names: it serves until the
// server replaces it, and never after.
func (s *Session) spendsRefreshToken() bool {
	_, login := s.Grant.(grant.Login)
	return s.Identity.Grant == "refresh_token" && !login
}

// spent is the refusal of a refresh token that had replaced the profile's own. The entry is marked, so that neither is
// sent again: the mark is bound to the value of the profile's. A refused client is no word about its token, and a wrong
// secret must not cost what nobody could bring back.
func (s *Session) spent(ctx context.Context, r *tokenstore.Record, refusal error) error {
	e := fault.From(refusal)
	switch {
	case e.OAuthError == "invalid_client":
		s.noteFailure(ctx, refusal)
		return refusal
	case r == nil:
		return refusal
	}
	marked := *r
	marked.AccessToken, marked.RefreshToken, marked.IDToken = secret.String{}, secret.String{}, secret.String{}
	_ = s.Store.Put(ctx, &marked)
	return s.hintSpent(e)
}

func (s *Session) isMarkedSpent(r *tokenstore.Record) bool {
	return s.spendsRefreshToken() && r.AccessToken.IsZero() && r.RefreshToken.IsZero()
}

func (s *Session) stillSpent() error {
	e := fault.New(fault.Auth, "auth.refresh_token_spent",
		"the server ended what the profile's refresh_token began, and its value has not changed since")
	return s.hintSpent(e.Hint("give refresh_token a new value"))
}

// hintSpent is for values that are not looked at before they are needed.
func (s *Session) hintSpent(e *fault.Error) error {
	return e.Hint("where a command or the keyring gives a new value already: authctl token forget -p %s", s.Profile)
}

// loginRequired says so where a grant needs a person; refusal is why the stored login serves no longer, if it does not.
func (s *Session) loginRequired(err, refusal error) error {
	if !errors.Is(err, grant.ErrLoginRequired) {
		return err
	}
	told, ok := errors.AsType[*fault.Error](err)
	if !ok {
		told = fault.New(fault.Auth, "auth.login_required", "%w", err).Hint("authctl login -p %s", s.Profile)
	}
	if refusal != nil {
		was := fault.From(refusal)
		told.Err = fmt.Errorf("%w any more: the server refused the refresh token: %w", grant.ErrLoginRequired, refusal)
		told.OAuthError, told.Status, told.CorrelationID = was.OAuthError, was.Status, was.CorrelationID
	}
	return told
}
