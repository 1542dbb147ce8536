package provider

import (
	"context"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// NewSource makes the source of a completed profile whose grant is client_credentials or password at its token_url.
func NewSource(p *profile.Profile, ports Ports, config grant.Config) *Source {
	s := &Source{Identity: Identity(p)}
	bound := []Secret{{Key: "client_secret", Ref: p.ClientSecret}}
	if p.ClientAuth == NoAuth {
		bound = nil
	}
	if p.Grant == Password {
		bound = append(bound, Secret{Key: "password", Ref: p.Password})
		s.Grant = &grant.Password{Config: config, Username: p.Username, Password: ports.Later(p.Password, "password")}
	} else {
		s.Grant = &grant.ClientCredentials{Config: config}
	}
	s.Bound = func(ctx context.Context) ([]secret.String, error) { return ports.Bind(ctx, p.Name, bound...) }
	return s
}

// Config is what a completed profile says about every grant.
func Config(p *profile.Profile, ports Ports) grant.Config {
	c := grant.Config{
		Endpoint: ports.Endpoint, Server: Server(p), Auth: clientAuth(p, ports),
		Scopes: p.Scopes, Audience: p.Audience, Resources: p.Resources, DefaultTTL: p.DefaultTTL,
	}
	for _, param := range p.Params {
		c.Params = append(c.Params, grant.Plain(param.Name, param.Value))
	}
	return c
}

// Server is a completed profile's authorization server, as far as the profile says it.
func Server(p *profile.Profile) grant.Server {
	e := p.Endpoints
	return grant.Known{
		Token: p.TokenURL, Authorization: e.Authorization, DeviceAuthorization: e.DeviceAuthorization,
		PushedAuthorization: e.PushedAuthorization, BackchannelAuthentication: e.BackchannelAuthentication,
		Revocation: e.Revocation, Introspection: e.Introspection, UserInfo: e.UserInfo, JWKS: e.JWKS,
	}
}

func clientAuth(p *profile.Profile, ports Ports) grant.ClientAuth {
	proof := ports.Later(p.ClientSecret, "client_secret")
	switch p.ClientAuth {
	case SecretBasic:
		return grant.Basic(p.ClientID, proof, grant.Encoding(p.BasicEncoding))
	case SecretPost:
		return grant.Post(p.ClientID, proof)
	case NoAuth:
		return grant.None(p.ClientID)
	}
	return grant.ClientAuth{} // refused where it is used: Rules let no other method pass
}

// Identity is what a completed profile's token depends on.
func Identity(p *profile.Profile) profile.Identity {
	return profile.Identity{
		Provider: p.Provider, TokenEndpoint: grant.CanonicalURL(p.TokenURL),
		Grant: p.Grant, ClientAuth: p.ClientAuth, ClientID: p.ClientID, Subject: p.Username,
		Scopes: p.Scopes, Audience: p.Audience, Resources: p.Resources, Params: p.Params,
	}
}

// Later resolves a reference at the moment the secret is sent.
func (p Ports) Later(ref secret.Ref, key string) grant.SecretFunc {
	return func(ctx context.Context) (secret.String, error) { return p.Secret(ctx, ref, key) }
}

// Secret is a key of a profile that holds a reference.
type Secret struct {
	Key string
	Ref secret.Ref
}

// Bind gives what a token is bound to by the secrets it was got with. Values stand for what can be read at no cost;
// for the rest the reference does, under the profile's name where that names the account.
func (p Ports) Bind(ctx context.Context, profileName string, secrets ...Secret) ([]secret.String, error) {
	var bound []secret.String
	for _, s := range secrets {
		switch s.Ref.Scheme {
		case secret.Literal, secret.Env, secret.File:
			value, err := p.Secret(ctx, s.Ref, s.Key)
			if err != nil {
				return nil, err
			}
			bound = append(bound, secret.New(s.Key+" value "+value.Reveal()))
		case secret.Absent:
			bound = append(bound, secret.New(s.Key+" of profile "+profileName))
		case secret.Keyring, secret.Command, secret.Prompt:
			bound = append(bound, secret.New(s.Key+" reference "+s.Ref.Scheme.String()+s.Ref.Arg.Reveal()))
		}
	}
	return bound, nil
}

// WithHints adds what a provider knows about its servers' errors. It changes nothing else of them.
func WithHints(g grant.Grant, hint func(*fault.Error)) grant.Grant { return hinting{g, hint} }

type hinting struct {
	grant grant.Grant
	hint  func(*fault.Error)
}

func (h hinting) Token(ctx context.Context, ask grant.Ask) (*grant.Token, error) {
	token, err := h.grant.Token(ctx, ask)
	if err != nil {
		Hint(err, h.hint)
	}
	return token, err
}

// Hint gives the hints of an error that a server caused; what this program refused by itself has its own.
func Hint(err error, hint func(*fault.Error)) {
	e := fault.From(err)
	if e.Status != 0 {
		hint(e)
	}
}
