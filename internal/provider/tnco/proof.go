package tnco

import (
	"context"
	"errors"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// byAPIKey makes the login send an API key in place of the password.
func byAPIKey(s *provider.Source, login *grant.JSONLogin, key provider.Secret, name string, ports provider.Ports) {
	login.ProofName, login.Proof = key.Key, ports.Later(key.Ref, key.Key)
	s.Identity.Further = append(s.Identity.Further, profile.Param{Name: "proof", Value: key.Key})
	s.Bound = func(ctx context.Context) ([]secret.String, error) { return ports.Bind(ctx, name, key) }
}

// unsaid is the login of a profile that says neither of Cloud Pak's proofs: either may lie in the keyring under the
// profile's own account. The API key is looked for where there is no password.
type unsaid struct {
	login *grant.JSONLogin
	key   grant.SecretFunc
}

var _ grant.Grant = (*unsaid)(nil)

// Token implements [grant.Grant].
func (g *unsaid) Token(ctx context.Context, ask grant.Ask) (*grant.Token, error) {
	found := *g.login
	proof, err := found.Proof(ctx)
	if errors.Is(err, secret.ErrNoAccount) {
		found.ProofName = "api_key"
		proof, err = g.orKey(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	found.Proof = func(context.Context) (secret.String, error) { return proof, nil }
	return found.Token(ctx, ask)
}

// orKey is the API key, or why there is no proof at all.
func (g *unsaid) orKey(ctx context.Context, noPassword error) (secret.String, error) {
	key, err := g.key(ctx)
	if !errors.Is(err, secret.ErrNoAccount) {
		return key, err
	}
	fault.From(noPassword).Hint("or the same for api_key, in place of password")
	return secret.String{}, noPassword
}
