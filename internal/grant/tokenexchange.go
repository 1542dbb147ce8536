package grant

import "context"

// The token types of RFC 8693 section 3 that are access tokens.
const (
	AccessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	JWTType         = "urn:ietf:params:oauth:token-type:jwt"
)

// Input is a token that is handed in for another one, read again for each request.
type Input struct {
	Token SecretFunc
	Type  string // a URN; empty: an access token
}

// TokenExchange is the grant of RFC 8693: a token for another one, for the sake of its subject or of an actor who acts
// for it.
type TokenExchange struct {
	Config
	Subject Input
	Actor   *Input // nil: the subject acts for itself
	// Requested is the type of the token wanted, a URN; empty: an access token.
	Requested string
}

var _ Grant = (*TokenExchange)(nil)

// Token implements [Grant].
func (g *TokenExchange) Token(ctx context.Context, ask Ask) (*Token, error) {
	requested := g.requested()
	r := Request{made: g.fields, other: requested != AccessTokenType && requested != JWTType}
	return g.request(ctx, r, ask, g.scoped(nil)...)
}

func (g *TokenExchange) requested() string { return first(g.Requested, AccessTokenType) }

func (g *TokenExchange) fields(ctx context.Context, _ string) ([]Field, error) {
	fields := []Field{Plain("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")}
	fields, err := g.Subject.add(ctx, fields, "subject_token")
	if err != nil {
		return nil, err
	}
	if g.Actor != nil {
		if fields, err = g.Actor.add(ctx, fields, "actor_token"); err != nil {
			return nil, err
		}
	}
	return append(fields, Plain("requested_token_type", g.requested())), nil
}

func (i *Input) add(ctx context.Context, fields []Field, name string) ([]Field, error) {
	token, err := i.Token(ctx)
	if err != nil {
		return nil, err
	}
	return append(fields, Hidden(name, token), Plain(name+"_type", first(i.Type, AccessTokenType))), nil
}
