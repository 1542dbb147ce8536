package auth

import (
	"context"
	"errors"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

const unauthorized = 401 // the status of RFC 6750 section 3.1 for a token that serves no longer

// Subject is the token that a server is told about or asked about. The zero Subject is what is stored.
type Subject struct {
	Token secret.String // any server's token; zero: the stored one that Hint names
	Hint  string        // "access_token", "refresh_token", or "" where nobody knows
}

// Introspect gives the server's JSON about a token (RFC 7662), never about a new one.
func (s *Session) Introspect(ctx context.Context, t Subject) ([]byte, error) {
	if t.Token.IsZero() {
		var err error
		if t, err = s.chosen(ctx, t.Hint); err != nil {
			return nil, err
		}
	}
	return s.Life.Introspect(ctx, t.Token, t.Hint)
}

// chosen is the stored token of a kind, the access token where none is said.
func (s *Session) chosen(ctx context.Context, kind string) (Subject, error) {
	r, err := s.Stored(ctx)
	if err != nil {
		return Subject{}, err
	}
	if kind == "" {
		kind = grant.AccessTokenHint
	}
	for _, t := range subjects(r) {
		if t.Hint == kind {
			return t, nil
		}
	}
	if kind == grant.RefreshTokenHint {
		return Subject{}, s.Missing("refresh token")
	}
	return Subject{}, s.Missing("token")
}

// subjects are the tokens of a record in the order in which they are revoked: an access token dies with its refresh
// token at many servers, never the other way round (RFC 7009 section 2.1).
func subjects(r *tokenstore.Record) []Subject {
	if r == nil {
		return nil
	}
	var list []Subject
	for _, t := range []Subject{{r.RefreshToken, grant.RefreshTokenHint}, {r.AccessToken, grant.AccessTokenHint}} {
		if !t.Token.IsZero() {
			list = append(list, t)
		}
	}
	return list
}

// Revoke ends a token at the server (RFC 7009). The zero Subject ends the stored tokens, which are forgotten when the
// server has ended all of them, and kept when it has not.
func (s *Session) Revoke(ctx context.Context, t Subject) error {
	if able, err := s.Life.CanRevoke(ctx); err != nil {
		return err
	} else if !able || !t.Token.IsZero() {
		return s.Life.Revoke(ctx, t.Token, t.Hint) // which says what is missing
	}
	unlock, _, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := s.Stored(ctx)
	if err != nil {
		return err
	}
	list := subjects(r)
	if len(list) == 0 {
		return s.Missing("token")
	}
	if err := s.revokeAll(ctx, list); err != nil {
		return err
	}
	return s.drop(context.WithoutCancel(ctx))
}

// Logout ends the stored tokens at the server where it can, and forgets them in any case. No refresh comes between: the
// lock is held all the while.
func (s *Session) Logout(ctx context.Context) error {
	unlock, _, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	revoked := s.endStored(ctx)
	return errors.Join(revoked, s.drop(context.WithoutCancel(ctx)))
}

func (s *Session) endStored(ctx context.Context) error {
	r, err := s.Stored(ctx)
	list := subjects(r)
	if err != nil || len(list) == 0 {
		return err
	}
	able, err := s.Life.CanRevoke(ctx)
	if err != nil {
		return err
	}
	if !able {
		s.Warn("the server has no revocation endpoint: its tokens are forgotten here, and live there until they expire")
		return nil
	}
	return s.revokeAll(ctx, list)
}

func (s *Session) revokeAll(ctx context.Context, list []Subject) error {
	for _, t := range list {
		if err := s.Life.Revoke(ctx, t.Token, t.Hint); err != nil {
			return err
		}
	}
	return nil
}

// UserInfo gives the claims of the person whom the profile's token stands for, as JSON. A token that the server no
// longer takes is renewed once.
func (s *Session) UserInfo(ctx context.Context) ([]byte, error) {
	if err := s.Life.CanTell(ctx); err != nil {
		return nil, err
	}
	answer, err := s.Token(ctx, Want{})
	if err != nil {
		return nil, err
	}
	claims, err := s.Life.UserInfo(ctx, answer.Token)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Status != unauthorized || !answer.FromCache {
		return claims, err
	}
	if answer, err = s.Renew(ctx, answer.Token, Want{}, ""); err != nil {
		return nil, err
	}
	return s.Life.UserInfo(ctx, answer.Token)
}

// Keys gives the server's JWK set (RFC 7517), as JSON, and its issuer.
func (s *Session) Keys(ctx context.Context) (set []byte, issuer string, err error) {
	return s.Life.Keys(ctx)
}

// Missing says that none of what is stored, and which command gets it: only a login does where a grant needs a person.
func (s *Session) Missing(what string) error {
	e := fault.New(fault.Auth, "auth.no_token", "no %s is stored", what)
	if provider.Interactive(s.Identity.Grant) {
		e.Code = "auth.login_required"
		return e.Hint("authctl login -p %s", s.Profile)
	}
	return e.Hint("authctl token get -p %s", s.Profile)
}
