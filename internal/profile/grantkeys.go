package profile

import (
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// Endpoints are the addresses of an authorization server besides its token endpoint, by the names of RFC 8414.
type Endpoints struct {
	Authorization, DeviceAuthorization, PushedAuthorization, BackchannelAuthentication string
	Revocation, Introspection, UserInfo, JWKS                                          string
}

// GrantKeys are the keys of single grants, client authentications and extensions.
type GrantKeys struct {
	RefreshToken secret.Ref

	Redirect            Redirect
	AuthorizationParams []Param
	PAR                 string // auto, always or never; empty: auto

	Assertion       Assertion // of grant jwt_bearer
	ClientAssertion Assertion // of client_auth private_key_jwt and client_secret_jwt

	SubjectToken, ActorToken TokenInput
	RequestedTokenType       string // a URN, whatever short name was said

	LoginHint                   string
	LoginHintToken, IDTokenHint secret.Ref
	BindingMessage              string

	TokenHeaders         []Param
	DPoP                 DPoP
	AuthorizationDetails string // a JSON array (RFC 9396); empty: none
}

// Redirect says where the answer of an authorization request comes back to on this machine (RFC 8252 section 7.3).
type Redirect struct {
	Host string // 127.0.0.1, or localhost where the server insists; empty: 127.0.0.1
	Port int    // 0: any
	Path string // empty: /callback
}

// Assertion is a JWT made elsewhere, or the key that signs one for each request (RFC 7523).
type Assertion struct {
	JWT        secret.Ref
	Key        secret.Ref
	Passphrase secret.Ref
	Alg, KeyID string
	Audience   string
	Issuer     string
	Subject    string
	Claims     string        // a JSON object of further claims; empty: none
	TTL        time.Duration // 0: 5 m
}

// IsZero reports whether there is neither a JWT nor a key.
func (a Assertion) IsZero() bool { return a.JWT.IsZero() && a.Key.IsZero() }

// Said lists the names of the members that were said, jwt first.
func (a Assertion) Said() []string {
	var said []string
	for _, m := range []struct {
		name string
		said bool
	}{
		{"jwt", !a.JWT.IsZero()},
		{"key", !a.Key.IsZero()},
		{"passphrase", !a.Passphrase.IsZero()},
		{"alg", a.Alg != ""},
		{"key_id", a.KeyID != ""},
		{"audience", a.Audience != ""},
		{"issuer", a.Issuer != ""},
		{"subject", a.Subject != ""},
		{"claims", a.Claims != ""},
		{"ttl", a.TTL != 0},
	} {
		if m.said {
			said = append(said, m.name)
		}
	}
	return said
}

// TokenInput is the subject or actor token of a token exchange (RFC 8693): a reference, or another profile's token.
type TokenInput struct {
	Token   secret.Ref
	Profile string
	Type    string // a URN, whatever short name was said
}

// IsZero reports whether there is no token.
func (t TokenInput) IsZero() bool { return t.Token.IsZero() && t.Profile == "" }

// DPoP asks for tokens that are bound to a key (RFC 9449): one made per identity, or the user's own.
type DPoP struct {
	On  bool
	Key secret.Ref
	Alg string
}
