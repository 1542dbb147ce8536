package grant

import (
	"context"

	"github.com/authctl/authctl/internal/secret"
)

// Life manages tokens that were given: their state (RFC 7662), their end (RFC 7009), and whom they stand for. It proves
// the client as the token request does.
type Life struct{ Config }

// The token type hints of RFC 7009 section 2.1.
const (
	AccessTokenHint  = "access_token"
	RefreshTokenHint = "refresh_token"
)

// Introspect gives the server's JSON about a token, as it was sent.
func (l *Life) Introspect(ctx context.Context, token secret.String, hint string) ([]byte, error) {
	panic("TODO")
}

// Revoke ends a token.
func (l *Life) Revoke(ctx context.Context, token secret.String, hint string) error { panic("TODO") }

// CanRevoke reports whether the server has a revocation endpoint that anybody told of.
func (l *Life) CanRevoke(ctx context.Context) (bool, error) { panic("TODO") }

// UserInfo gives the claims of the person whom an access token stands for (OpenID Connect Core 5.3), as JSON.
func (l *Life) UserInfo(ctx context.Context, token *Token) ([]byte, error) { panic("TODO") }

// Keys gives the server's JWK set (RFC 7517), as JSON, and its issuer.
func (l *Life) Keys(ctx context.Context) (set []byte, issuer string, err error) { panic("TODO") }
