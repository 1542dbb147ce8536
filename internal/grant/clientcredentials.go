package grant

import "context"

// ClientCredentials is the grant of RFC 6749 section 4.4: the client asks on its own behalf.
type ClientCredentials struct{ Config }

var _ Grant = (*ClientCredentials)(nil)

// Token implements [Grant].
func (g *ClientCredentials) Token(ctx context.Context, ask Ask) (*Token, error) {
	return g.token(ctx, ask, Plain("grant_type", "client_credentials"))
}
