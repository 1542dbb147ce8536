// Package grant speaks RFC 6749 and its family: a grant says what is asked for, client authentication says who asks,
// and Endpoint is the one door through which a token request leaves. It follows no redirect, probes no style, and
// lets nothing into the program that RFC 6750 would not let onto a request.
package grant

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// Grant gets a token. It may be called many times; each call is at most one token request.
type Grant interface {
	Token(ctx context.Context, ask Ask) (*Token, error)
}

// Refresher is a grant that can trade a refresh token for a new access token (RFC 6749 section 6). Each call is one
// token request. The token it gives has the old refresh token where the server sent no new one.
type Refresher interface {
	Refresh(ctx context.Context, prev *Token, ask Ask) (*Token, error)
}

// Login is a grant that needs a person. Its Token method answers [ErrLoginRequired].
type Login interface {
	Login(ctx context.Context, person Person) (*Token, error)
}

// ErrLoginRequired is what a grant that needs a person says where there is none.
var ErrLoginRequired = errors.New("no login is stored")

// Person is who logs in, as a grant reaches them. Its members are set but those that say otherwise.
type Person struct {
	// Tell prints one line on stderr.
	Tell func(format string, args ...any)
	// Browse opens an address in a browser; nil: --no-browser.
	Browse func(ctx context.Context, address string) error
	// Paste reads one line, such as the address that the browser ended up at. It ends with ctx.
	Paste func(ctx context.Context, label string) (string, error)
	// Secret reads one line without echo.
	Secret func(ctx context.Context, label string) (secret.String, error)
	// Picture prints a QR code of the address on stderr; nil where stderr is no terminal.
	Picture func(address string)
}

// Ask is what one call for a token adds to the grant.
type Ask struct {
	// Prev is what the store had, nil where it had nothing. A grant that can refresh does so with it.
	Prev *Token
	// Claims is the decoded claims challenge of an API (OpenID Connect Core 5.5), empty in ordinary requests.
	Claims string
}

// key is the key that the tokens of the store are bound to, empty where there is none.
func (a Ask) key() secret.String {
	if a.Prev == nil {
		return secret.String{}
	}
	return a.Prev.ProofKey
}

// Token is a checked reply of a token endpoint.
type Token struct {
	AccessToken  secret.String // matches RFC 6750 section 2.1 b64token
	TokenType    string        // "Bearer", "DPoP", or "N_A" for what is no access token (RFC 8693 section 2.2.1)
	RefreshToken secret.String
	Rotated      bool // RefreshToken replaces the one that was sent for it (RFC 9700 section 4.14.2)
	IDToken      secret.String
	ProofKey     secret.String // the JWK of the private key that the tokens are bound to (RFC 9449); empty: none, or the user's own
	Scope        string
	ObtainedAt   time.Time // just before the request was sent
	ExpiresAt    time.Time // not after ObtainedAt: serves once and is not kept
}

// Lifetime is how long the token was to live when it was asked for.
func (t *Token) Lifetime() time.Duration { return t.ExpiresAt.Sub(t.ObtainedAt) }
