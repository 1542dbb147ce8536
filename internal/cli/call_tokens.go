package cli

import (
	"context"
	"sync"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

var _ call.TokenSource = (*sessionTokens)(nil)

// sessionTokens gives a call the tokens of a profile's session, which it opens when the first one is needed: a call
// that policy refuses touches neither store nor server.
type sessionTokens struct {
	app     *App
	profile *profile.Profile
	options Options
	origins httpx.Origins

	mu      sync.Mutex
	session *auth.Session
	last    *auth.Answer
}

// Bearer implements [call.TokenSource].
func (s *sessionTokens) Bearer(ctx context.Context) (httpx.Bearer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		session, err := s.app.Session(s.profile, s.options)
		if err != nil {
			return httpx.Bearer{}, err
		}
		s.session = session
	}
	return s.bear(s.session.Token(ctx, auth.Want{}))
}

// Renew implements [call.TokenSource]. It is called for a token that Bearer gave.
func (s *sessionTokens) Renew(ctx context.Context, claims string) (httpx.Bearer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bear(s.session.Renew(ctx, s.last.Token, auth.Want{}, claims))
}

func (s *sessionTokens) bear(answer *auth.Answer, err error) (httpx.Bearer, error) {
	if err != nil {
		return httpx.Bearer{}, err
	}
	s.last = answer
	return s.app.bearer(answer, s.origins)
}

// bearer is a session's token with the origins that it may go to, and with the proofs that it needs where it is bound to
// a key (RFC 9449).
func (a *App) bearer(answer *auth.Answer, origins httpx.Origins) (httpx.Bearer, error) {
	t := answer.Token
	b := httpx.NewBearer(t.AccessToken, t.TokenType, origins)
	if t.ProofKey.IsZero() {
		return b, nil
	}
	proofs, err := a.Proofs(t.ProofKey)
	if err != nil {
		return httpx.Bearer{}, err
	}
	return b.WithProof(proofs), nil
}
