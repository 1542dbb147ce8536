package grant

import "context"

// APIKey is API Connect's own grant: a key that a person made, often good for one token only.
type APIKey struct {
	Config
	Key SecretFunc
}

var _ Grant = (*APIKey)(nil)

// Token implements [Grant].
func (g *APIKey) Token(ctx context.Context, ask Ask) (*Token, error) {
	key, err := g.Key(ctx)
	if err != nil {
		return nil, err
	}
	return g.token(ctx, ask, Plain("grant_type", "api_key"), Hidden("api_key", key))
}
