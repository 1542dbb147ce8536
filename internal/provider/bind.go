package provider

import (
	"context"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// Secret is a key of a profile that holds a reference.
type Secret struct {
	Key string
	Ref secret.Ref
}

// secrets lists the secrets that a completed profile's token is got with. Those that lie in the keyring where the
// profile does not mention them come first; the members of maps are there or not.
func secrets(p *profile.Profile) []Secret {
	var list []Secret
	switch p.ClientAuth {
	case SecretBasic, SecretPost, SecretJWT:
		list = append(list, Secret{"client_secret", p.ClientSecret})
	}
	switch p.Grant {
	case Password:
		list = append(list, Secret{"password", p.Password})
	case RefreshToken:
		list = append(list, Secret{"refresh_token", p.RefreshToken})
	}
	for _, s := range []Secret{
		{"client_assertion.key", p.ClientAssertion.Key},
		{"client_assertion.jwt", p.ClientAssertion.JWT},
		{"assertion.key", p.Assertion.Key},
		{"assertion.jwt", p.Assertion.JWT},
		{"subject_token.token", p.SubjectToken.Token},
		{"actor_token.token", p.ActorToken.Token},
		{"login_hint_token", p.LoginHintToken},
		{"id_token_hint", p.IDTokenHint},
		{"dpop.key", p.DPoP.Key},
	} {
		if !s.Ref.IsZero() {
			list = append(list, s)
		}
	}
	return list
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
