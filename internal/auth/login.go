package auth

import (
	"context"
	"crypto/rand"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

// Person is who logs in.
type Person = grant.Person

// Login has a person log in, and keeps what they get in the place of whatever was there. The lock is not held while
// they think. What the store could not keep is found out before anybody types.
func (s *Session) Login(ctx context.Context, person Person) (*Answer, error) {
	login, ok := s.Grant.(grant.Login)
	if !ok {
		return nil, fault.New(fault.Config, "config.grant", "grant %s needs nobody to log in", s.Identity.Grant).
			Hint("authctl token get -p %s", s.Profile)
	}
	if err := s.mayAsk(ctx, s.Clock()); err != nil {
		return nil, err
	}
	if err := s.canKeep(ctx, nil); err != nil {
		return nil, err
	}
	token, err := login.Login(ctx, person)
	if err != nil {
		return nil, err
	}
	// A lock that another process does not release is no reason to ask the person again: a refresh replaces only the
	// entry that it read.
	if unlock, _, err := s.lock(ctx); err == nil {
		defer unlock()
	}
	if err := s.save(context.WithoutCancel(ctx), token, lineage{login: rand.Text()}); err != nil {
		return nil, err
	}
	return &Answer{Token: token}, s.prove(ctx, token)
}
