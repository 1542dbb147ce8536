package cli

import (
	"context"
	"net"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/relay"
)

var _ relay.TokenSource = (*proxyTokens)(nil)

// proxyTokens gives a relay the tokens of a profile's session. The session is opened when the first one is needed, so
// that a proxy starts, and refuses strangers, without store and server. The relay calls it from one goroutine.
type proxyTokens struct {
	app     *App
	profile *profile.Profile
	options Options
	origins httpx.Origins

	session *auth.Session
	last    *auth.Answer
}

// Token implements [relay.TokenSource].
func (s *proxyTokens) Token(ctx context.Context, minTTL time.Duration) (relay.Token, error) {
	if s.session == nil {
		session, err := s.app.Session(s.profile, s.options)
		if err != nil {
			return relay.Token{}, err
		}
		s.session = session
	}
	return s.bear(s.session.Token(ctx, auth.Want{MinTTL: minTTL}))
}

// Renew implements [relay.TokenSource].
func (s *proxyTokens) Renew(ctx context.Context, claims string) (relay.Token, error) {
	return s.bear(s.session.Renew(ctx, s.last.Token, auth.Want{}, claims))
}

func (s *proxyTokens) bear(answer *auth.Answer, err error) (relay.Token, error) {
	if err != nil {
		return relay.Token{}, err
	}
	s.last = answer
	bearer, err := s.app.bearer(answer, s.origins)
	return relay.Token{Bearer: bearer, ObtainedAt: answer.Token.ObtainedAt, ExpiresAt: answer.Token.ExpiresAt}, err
}

// listenAdmin opens what watchers ask. What it serves is no secret, so that any address will do; one that others reach
// is said aloud.
func (g *globals) listenAdmin(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // none is what was asked for
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, usage("--admin %q is no address and port", address).Hint("--admin 127.0.0.1:9090")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fault.New(fault.IO, "io.listen", "%w", err).Doing("listening on %s for --admin", address)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		g.app.warn("health and metrics can be read by whoever reaches %s", l.Addr())
	}
	g.app.note("health and metrics: http://%s/-/healthz and /-/metrics", l.Addr())
	return l, nil
}
