package provider

import (
	"context"
	"errors"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// newGrant makes the grant that a completed profile names.
func newGrant(p *profile.Profile, ports Ports, config grant.Config) grant.Grant {
	switch p.Grant {
	case Password:
		return &grant.Password{Config: config, Username: p.Username, Password: ports.Later(p.Password, "password")}
	case RefreshToken:
		return refreshToken(p, ports, config)
	case AuthorizationCode:
		return &grant.AuthorizationCode{
			Config: config, Redirect: grant.Redirect(p.Redirect),
			AuthorizationParams: fields(p.AuthorizationParams), PAR: grant.PAR(p.PAR),
		}
	case DeviceCode:
		return &grant.DeviceCode{Config: config, AuthorizationParams: fields(p.AuthorizationParams)}
	case CIBA:
		return &grant.CIBA{
			Config: config, Hint: ports.hint(p), BindingMessage: p.BindingMessage, AuthorizationParams: fields(p.AuthorizationParams),
		}
	case JWTBearer:
		return &grant.JWTBearer{Config: config, Assertion: ports.assertion(p)}
	case TokenExchange:
		return tokenExchange(p, ports, config)
	}
	return &grant.ClientCredentials{Config: config}
}

// refreshToken takes the profile's refresh token, else what a login stored.
func refreshToken(p *profile.Profile, ports Ports, config grant.Config) grant.Grant {
	stored := ports.Later(p.RefreshToken, "refresh_token")
	if !p.RefreshToken.IsZero() {
		return &grant.RefreshToken{Config: config, Stored: stored}
	}
	return &grant.EnteredRefreshToken{RefreshToken: grant.RefreshToken{
		Config: config,
		Stored: func(ctx context.Context) (secret.String, error) {
			token, err := stored(ctx)
			if errors.Is(err, secret.ErrNoAccount) {
				err = grant.ErrLoginRequired
			}
			return token, err
		},
	}}
}

func tokenExchange(p *profile.Profile, ports Ports, config grant.Config) grant.Grant {
	g := &grant.TokenExchange{
		Config: config, Requested: p.RequestedTokenType, Subject: ports.input(p.SubjectToken, "subject_token"),
	}
	if !p.ActorToken.IsZero() {
		actor := ports.input(p.ActorToken, "actor_token")
		g.Actor = &actor
	}
	return g
}

// The token types of RFC 8693 section 3 that a login may have stored besides the access token.
const (
	idTokenType      = "urn:ietf:params:oauth:token-type:id_token"
	refreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"
)

// input is a token of a reference, or of another profile.
func (p Ports) input(of profile.TokenInput, key string) grant.Input {
	if of.Profile == "" {
		return grant.Input{Token: p.Later(of.Token, key+".token"), Type: of.Type}
	}
	which := "access_token"
	switch of.Type {
	case idTokenType:
		which = "id_token"
	case refreshTokenType:
		which = "refresh_token"
	}
	return grant.Input{
		Token: func(ctx context.Context) (secret.String, error) { return p.Token(ctx, of.Profile, which) },
		Type:  of.Type,
	}
}

// hint says who is asked to agree (CIBA Core 1.0 section 7.1).
func (p Ports) hint(of *profile.Profile) grant.Hint {
	switch {
	case !of.LoginHintToken.IsZero():
		return grant.Hint{Name: "login_hint_token", Value: p.Later(of.LoginHintToken, "login_hint_token")}
	case !of.IDTokenHint.IsZero():
		return grant.Hint{Name: "id_token_hint", Value: p.Later(of.IDTokenHint, "id_token_hint")}
	}
	return grant.Hint{Name: "login_hint", Value: func(context.Context) (secret.String, error) {
		return secret.New(of.LoginHint), nil
	}}
}
