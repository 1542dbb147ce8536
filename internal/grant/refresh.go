package grant

import (
	"context"

	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

var _ Refresher = (*Config)(nil)

// Refresh implements [Refresher] for every grant that has a Config. The scope is left out, which stands for the same one
// (RFC 6749 section 6).
func (c *Config) Refresh(ctx context.Context, prev *Token, ask Ask) (*Token, error) {
	return c.refresh(ctx, prev, ask, c.resources(refreshFields(prev.RefreshToken))...)
}

// refresh asks with the fields, and keeps of prev what the reply does not replace.
func (c *Config) refresh(ctx context.Context, prev *Token, ask Ask, fields ...Field) (*Token, error) {
	ask.Prev = prev
	token, err := c.request(ctx, Request{}, ask, fields...)
	if err != nil {
		return nil, err
	}
	if token.RefreshToken.IsZero() {
		token.RefreshToken = prev.RefreshToken
	}
	token.Rotated = !token.RefreshToken.Equal(prev.RefreshToken)
	if token.IDToken.IsZero() || !prev.IDToken.IsZero() && !jose.SameLogin(prev.IDToken, token.IDToken) {
		token.IDToken = prev.IDToken // which the login has checked; what else came with another one must not be lost
	}
	if token.Scope == "" {
		token.Scope = prev.Scope // section 5.1: unsaid is unchanged
	}
	return token, nil
}

func refreshFields(token secret.String) []Field {
	return []Field{Plain("grant_type", "refresh_token"), Hidden("refresh_token", token)}
}

// RefreshToken is the grant of RFC 6749 section 6 with a refresh token that was got elsewhere. Once the server replaces
// it, the newer one is used.
type RefreshToken struct {
	Config
	Stored SecretFunc
}

var (
	_ Grant     = (*RefreshToken)(nil)
	_ Refresher = (*RefreshToken)(nil)
)

// Token implements [Grant]. The token that served is kept where the server sends no newer one.
func (g *RefreshToken) Token(ctx context.Context, ask Ask) (*Token, error) {
	if ask.Prev != nil && !ask.Prev.RefreshToken.IsZero() {
		return g.Refresh(ctx, ask.Prev, ask)
	}
	stored, err := g.Stored(ctx)
	if err != nil {
		return nil, err
	}
	return g.Refresh(ctx, &Token{RefreshToken: stored, ProofKey: ask.key()}, ask)
}

// Refresh implements [Refresher] with all that the profile asks for: it is the same request.
func (g *RefreshToken) Refresh(ctx context.Context, prev *Token, ask Ask) (*Token, error) {
	return g.refresh(ctx, prev, ask, g.scoped(refreshFields(prev.RefreshToken))...)
}

// EnteredRefreshToken is [RefreshToken] where a person enters the first one at login.
type EnteredRefreshToken struct{ RefreshToken }

var _ Login = (*EnteredRefreshToken)(nil)

// Login implements [Login].
func (g *EnteredRefreshToken) Login(ctx context.Context, person Person) (*Token, error) {
	entered, err := person.Secret(ctx, "Refresh token")
	if err != nil {
		return nil, err
	}
	return g.Refresh(ctx, &Token{RefreshToken: entered}, Ask{})
}
