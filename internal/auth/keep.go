package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

const (
	// keepWait bounds the keeping of a token after its command was interrupted: a person may be unlocking the keyring.
	keepWait = 90 * time.Second
	// firstPause is before a refresh token that the store did not take is offered again; each pause is twice the last.
	firstPause = 20 * time.Millisecond
	lastPause  = 80 * time.Millisecond
)

// save keeps a token that lives at all. A store that cannot write costs the user the next request, not this token:
// that is a warning, unless the token carries a refresh token that nothing could bring back.
func (s *Session) save(ctx context.Context, token *grant.Token, from lineage) error {
	if !token.ExpiresAt.After(token.ObtainedAt) && token.RefreshToken.IsZero() {
		return nil
	}
	// Asked for again, since a discovery made by this very request belongs to the token.
	bound, err := s.Bound(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	root, err := s.root(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	s.clearNotes()
	record := s.record(token, append(bound, from.upstream...), root)
	record.Login = from.login
	if !token.RefreshToken.IsZero() {
		return s.saveForGood(ctx, record)
	}
	err = s.Store.Put(ctx, record)
	if err != nil && ctx.Err() == nil {
		s.Warn("the token could not be kept in %s and will be asked for again: %v", s.Store.Place(), err)
	}
	return ctx.Err()
}

// saveForGood keeps a record whose refresh token may be the only one that the server still takes: an interruption does
// not stop it, a store that is busy for a moment is asked again, and what it does not take goes to the spare place.
func (s *Session) saveForGood(ctx context.Context, r *tokenstore.Record) error {
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWait)
	defer cancel()
	err := s.putPatiently(lasting, r)
	if err == nil {
		return ctx.Err()
	}
	failure := tokenstore.Fault(err).Doing("keeping the token in %s", s.Store.Place())
	if s.Spare != nil && s.Spare.Put(lasting, r) == nil {
		return failure.Hint("nothing is lost: the new refresh token is taken over when %s can be written to again", s.Store.Place())
	}
	return failure
}

func (s *Session) putPatiently(ctx context.Context, r *tokenstore.Record) error {
	for pause := firstPause; ; pause *= 2 {
		err := s.Store.Put(ctx, r)
		if err == nil || pause > lastPause || errors.Is(err, tokenstore.ErrTooBig) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// canKeep finds out whether the store takes a record before anything is spent for one: r is put back where it lies;
// where there is none, or a part of one alone is in hand, an empty one is put beside the others and taken away again.
func (s *Session) canKeep(ctx context.Context, r *tokenstore.Record) error {
	probe, beside := r, r == nil || r.AccessToken.IsZero()
	if beside {
		probe = &tokenstore.Record{Key: randomKey(), RefreshToken: secret.New("none")}
	}
	err := s.Store.Put(ctx, probe)
	if err == nil && beside {
		err = s.Store.Delete(ctx, probe.Key)
	}
	if err != nil {
		return tokenstore.Fault(err).Doing("checking that %s can keep a new token", s.Store.Place())
	}
	return nil
}

func randomKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return hex.EncodeToString(key)
}
