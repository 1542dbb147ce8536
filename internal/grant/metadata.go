package grant

import "context"

// Metadata are an authorization server's addresses and abilities, by the names of RFC 8414. An empty address is one
// that the server does not have, or that nobody told.
type Metadata struct {
	Issuer string // empty: nobody told

	Token, Authorization, DeviceAuthorization, PushedAuthorization, BackchannelAuthentication string
	Revocation, Introspection, UserInfo, JWKS                                                 string

	// IssParameter says that the server names itself in its authorization responses (RFC 9207).
	IssParameter bool
	// RequirePushed says that it takes pushed authorization requests alone (RFC 9126 section 5).
	RequirePushed bool
}

// Server tells where an authorization server's endpoints are. It may ask the server (RFC 8414, OpenID Connect
// Discovery), once in the life of the value.
type Server interface {
	Metadata(ctx context.Context) (*Metadata, error)
}

// Known is a server whose endpoints the profile says.
type Known Metadata

// Metadata implements [Server].
func (k Known) Metadata(context.Context) (*Metadata, error) { m := Metadata(k); return &m, nil }
