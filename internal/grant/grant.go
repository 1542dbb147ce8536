// Package grant speaks RFC 6749 and its family: a grant says what is asked for, client authentication says who asks,
// and Endpoint is the one door through which a token request leaves. It follows no redirect, probes no style, and
// lets nothing into the program that RFC 6750 would not let onto a request.
package grant

import (
	"context"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// Grant gets a token. It may be called many times; each call is at most one token request.
type Grant interface {
	Token(ctx context.Context, ask Ask) (*Token, error)
}

// Ask is what one call for a token adds to the grant.
type Ask struct {
	// Prev is what the store had, nil where it had nothing. A grant that can refresh does so with it.
	Prev *Token
	// Claims is the decoded claims challenge of an API (OpenID Connect Core 5.5), empty in ordinary requests.
	Claims string
}

// Token is a checked reply of a token endpoint.
type Token struct {
	AccessToken  secret.String // matches RFC 6750 section 2.1 b64token
	TokenType    string        // "Bearer"
	RefreshToken secret.String
	IDToken      secret.String
	Scope        string
	ObtainedAt   time.Time // just before the request was sent
	ExpiresAt    time.Time // not after ObtainedAt: serves once and is not kept
}

// Lifetime is how long the token was to live when it was asked for.
func (t *Token) Lifetime() time.Duration { return t.ExpiresAt.Sub(t.ObtainedAt) }
