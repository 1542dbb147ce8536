package auth

import (
	"context"
	"crypto/hmac"

	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// A refresh token that a profile names serves several identities: what flags narrow is one of its own, and so is a
// profile that was changed. The server replaces it for all of them at once, and takes its second use for a theft. So the
// newest one counts, whichever identity it came to, and one process at a time may spend it.

// family takes the family's lock, and gives r with the newest refresh token that has grown from the profile's own. For
// all other grants r is what it was.
func (s *Session) family(ctx context.Context, r *tokenstore.Record) (grown *tokenstore.Record, unlock func(), err error) {
	if s.Root == nil || s.Locks == nil {
		return r, func() {}, nil
	}
	unlock, err = s.Locks.Lock(ctx, "refresh tokens of "+s.Identity.ClientID+" at "+s.Identity.TokenEndpoint)
	if err != nil {
		return nil, nil, err
	}
	if grown, err = s.grown(ctx, r); err != nil {
		unlock()
		return nil, nil, err
	}
	return grown, unlock, nil
}

// grown is r with the newest refresh token of its family, and what is known of the family where there is no r yet.
func (s *Session) grown(ctx context.Context, r *tokenstore.Record) (*tokenstore.Record, error) {
	root, err := s.root(ctx)
	if err != nil || root == nil {
		return r, err
	}
	all, err := s.Store.List(ctx)
	if err != nil {
		return nil, tokenstore.Fault(err).Doing("looking for newer refresh tokens in %s", s.Store.Place())
	}
	newest := r
	for _, other := range all {
		if s.isKin(other, root) && (newest == nil || other.ObtainedAt.After(newest.ObtainedAt)) {
			newest = other
		}
	}
	if newest == r {
		return r, nil
	}
	if r == nil {
		first := *newest
		first.Key, first.AccessToken, first.IDToken = s.Identity.Key(), secret.String{}, secret.String{}
		return &first, nil
	}
	younger := *r
	younger.RefreshToken, younger.ProofKey = newest.RefreshToken, newest.ProofKey
	if s.isMarkedSpent(newest) {
		younger.AccessToken = secret.String{} // it marks the whole family
	}
	return &younger, nil
}

func (s *Session) isKin(r *tokenstore.Record, root []secret.String) bool {
	return r.Provider == s.Provider && r.Endpoint == s.Identity.TokenEndpoint && r.ClientID == s.Identity.ClientID &&
		hmac.Equal(r.Root, binding(r.Salt, root))
}
