package auth

import (
	"context"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

// lineage is what a token grew from, and what cannot be read off the profile.
type lineage struct {
	login    string          // of the person who logged in for it
	upstream []secret.String // as it was before the request: whoever logs in meanwhile belongs to the next token
}

func (s *Session) upstream(ctx context.Context) ([]secret.String, error) {
	if s.Upstream == nil {
		return nil, nil
	}
	return s.Upstream(ctx)
}

// boundWith lists what a stored token must have been got with.
func (s *Session) boundWith(ctx context.Context, upstream []secret.String) ([]secret.String, error) {
	list, err := s.Bound(ctx)
	return append(list, upstream...), err
}

// DependsOn lists what the profile's tokens depend on: a token that was exchanged for one of them is worth nothing to
// whoever would get another one here. Where a person logs in, each login is somebody else.
func (s *Session) DependsOn(ctx context.Context) ([]secret.String, error) {
	list, err := s.Bound(ctx)
	if err != nil {
		return nil, err
	}
	further, err := s.upstream(ctx)
	if err != nil {
		return nil, err
	}
	list = append(append(list, further...), secret.New("identity "+s.Identity.Key()))
	if _, ok := s.Grant.(grant.Login); !ok {
		return list, nil
	}
	r, err := s.Stored(ctx)
	if r != nil {
		list = append(list, secret.New("login "+r.Login))
	}
	return list, err
}
