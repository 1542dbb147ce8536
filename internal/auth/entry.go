package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"

	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// stored reads the identity's record; nil is a miss. A token got with another secret is a miss too, but for a refresh
// token that has replaced the profile's own: sending that one again would look like a theft.
func (s *Session) stored(ctx context.Context, bound []secret.String) (*tokenstore.Record, error) {
	r, err := s.inStore(ctx)
	if r != nil && !boundTo(r, bound) {
		return s.successor(ctx, r)
	}
	return r, err
}

// successor is the record's refresh token alone, nil where it has not replaced the one that the profile names.
func (s *Session) successor(ctx context.Context, r *tokenstore.Record) (*tokenstore.Record, error) {
	root, err := s.root(ctx)
	if err != nil || root == nil || !hmac.Equal(r.Root, binding(r.Salt, root)) {
		return nil, err
	}
	left := *r
	left.AccessToken, left.IDToken = secret.String{}, secret.String{}
	return &left, nil
}

// root is what refresh tokens grow from, nil where the profile names nothing of the kind.
func (s *Session) root(ctx context.Context) ([]secret.String, error) {
	if s.Root == nil {
		return nil, nil
	}
	return s.Root(ctx)
}

// latest reads the store with the lock in hand, when it holds what it could not take once.
func (s *Session) latest(ctx context.Context, bound []secret.String) (*tokenstore.Record, error) {
	if err := s.takeSpare(ctx); err != nil {
		return nil, err
	}
	return s.stored(ctx, bound)
}

// takeSpare moves a newer record from the spare place to the store, with the lock in hand: before the refresh token that
// it replaced is sent, which servers take for a theft.
func (s *Session) takeSpare(ctx context.Context) error {
	spared := s.spared(ctx)
	if spared == nil {
		return nil
	}
	if r, err := s.inStore(ctx); err != nil || tokenstore.Newer(r, spared) == r {
		return err
	}
	if err := s.Store.Put(ctx, spared); err != nil {
		return tokenstore.Fault(err).Doing("keeping the token in %s", s.Store.Place())
	}
	_ = s.Spare.Delete(ctx, spared.Key) // it is older than the next one, and will not be taken for it
	return nil
}

// spared is the record in the spare place, nil where there is none that can be read.
func (s *Session) spared(ctx context.Context) *tokenstore.Record {
	if s.Spare == nil {
		return nil
	}
	r, err := s.Spare.Get(ctx, s.Identity.Key())
	if err != nil {
		return nil
	}
	return r
}

// Stored gives the identity's newest record whether or not it is fresh, for looking at; nil where there is none.
func (s *Session) Stored(ctx context.Context) (*tokenstore.Record, error) {
	spared := s.spared(ctx) // first, since another process may move it to the store meanwhile
	r, err := s.inStore(ctx)
	if err != nil {
		return nil, err
	}
	return tokenstore.Newer(r, spared), nil
}

// inStore is the store's own record, whatever it is bound to.
func (s *Session) inStore(ctx context.Context) (*tokenstore.Record, error) {
	r, err := s.Store.Get(ctx, s.Identity.Key())
	if errors.Is(err, tokenstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, tokenstore.Fault(err).Doing("reading the token from %s", s.Store.Place())
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
	return s.drop(ctx)
}

// drop forgets, with the lock in hand.
func (s *Session) drop(ctx context.Context) error {
	s.clearNotes()
	err := s.Store.Delete(ctx, s.Identity.Key())
	if s.Spare != nil {
		err = errors.Join(err, s.Spare.Delete(ctx, s.Identity.Key()))
	}
	if err != nil {
		return tokenstore.Fault(err).Doing("forgetting the token in %s", s.Store.Place())
	}
	return nil
}

// sameEntry reports whether two records are one entry: each write has a salt of its own.
func sameEntry(a, b *tokenstore.Record) bool { return bytes.Equal(a.Salt, b.Salt) }
