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
	return g.request(ctx, Request{made: g.fields}, ask, g.scoped(nil)...)
}

func (g *JWTBearer) fields(ctx context.Context, audience string) ([]Field, error) {
	jwt, err := g.Assertion(ctx, Occasion{Audience: audience})
	return []Field{Plain("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), Hidden("assertion", jwt)}, err
}
