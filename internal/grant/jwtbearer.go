package grant

import "context"

// JWTBearer is the grant of RFC 7523 section 2.1: a JWT says whom the token is for. The client need not prove itself.
type JWTBearer struct {
	Config
	Assertion Assertion
}

var _ Grant = (*JWTBearer)(nil)

// Token implements [Grant].
func (g *JWTBearer) Token(ctx context.Context, ask Ask) (*Token, error) {
	server, err := g.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	jwt, err := g.Assertion(ctx, first(server.Issuer, server.Token))
	if err != nil {
		return nil, err
	}
	return g.token(ctx, ask, Plain("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), Hidden("assertion", jwt))
}
