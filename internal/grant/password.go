package grant

import "context"

// Password is the grant of RFC 6749 section 4.3: the resource owner's name and password go to the server as they are.
type Password struct {
	Config
	Username string
	Password SecretFunc
	// Realm finds the user registry that knows the user, for servers that have several; nil sends none.
	Realm func(ctx context.Context) (string, error)
}

var _ Grant = (*Password)(nil)

// Token implements [Grant]. The realm is found before the password is asked for: nobody types one in vain.
func (g *Password) Token(ctx context.Context, ask Ask) (*Token, error) {
	realm := ""
	if g.Realm != nil {
		var err error
		if realm, err = g.Realm(ctx); err != nil {
			return nil, err
		}
	}
	password, err := g.Password(ctx)
	if err != nil {
		return nil, err
	}
	fields := []Field{Plain("grant_type", "password"), Plain("username", g.Username), Hidden("password", password)}
	if realm != "" {
		fields = append(fields, Plain("realm", realm))
	}
	return g.token(ctx, ask, fields...)
}
