// Package mulesoft knows the token endpoints that MuleSoft users meet: that of the authorization server in front of
// their APIs (PingFederate in the product's guide, or Mule's own OAuth 2.0 provider module), and that of the Anypoint
// Platform itself, with its user login beside it.
package mulesoft

import (
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "mulesoft", Summary: "MuleSoft APIs and the Anypoint Platform",
		Keys: []profile.Key{
			{Name: "region", Type: profile.Text},
			{Name: "platform_url", Type: profile.URL},
		},
		Complete: complete,
		New:      newSource,
	}
}

func complete(p *profile.Profile) error {
	if onPlatform(p) {
		return completePlatform(p)
	}
	if p.TokenURL == "" {
		return &profile.KeyError{Key: "token_url", Reason: "is required, or region or platform_url is", Hint: "region: us, for the Anypoint Platform"}
	}
	return rules().Complete(p)
}

// rules are those of an authorization server in front of the user's APIs.
func rules() provider.Rules {
	r := provider.Standard("mulesoft")
	r.ClientAuth[0], r.ClientAuth[1] = provider.SecretPost, provider.SecretBasic // the first is the default
	r.DefaultTTL = 24 * time.Hour
	return r
}

func newSource(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
	config := provider.Config(p, ports)
	config.JSON, config.Where = onPlatform(p), "token_url"
	if onPlatform(p) {
		config.Where = "region or platform_url"
	}
	s := provider.NewSource(p, ports, config)
	if !onPlatform(p) {
		s.Life.Settable = rules().Endpoints
	}
	if onPlatform(p) && p.Grant == provider.Password {
		s.Grant = &grant.JSONLogin{
			Config: config, Username: p.Username, ProofName: "password", Proof: ports.Later(p.Password, "password"),
		}
	}
	s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p) })
	return s, nil
}

func hint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind != fault.Auth:
	case onPlatform(p):
		platformHint(e, p)
	case e.OAuthError == "invalid_grant" && p.Grant == provider.JWTBearer:
		assertionHint(e)
	case p.ClientAuth == provider.SecretPost && (e.OAuthError == "invalid_client" || e.Status == 401 && e.OAuthError == ""):
		e.Hint("check client_id and client_secret, and whether the server wants them in client_secret_basic")
	case e.Status == 404:
		e.Hint("check token_url: PingFederate's ends in /as/token.oauth2, that of Mule's provider module in /access_token")
	default:
		provider.StandardHint(e, p)
	}
}

func assertionHint(e *fault.Error) {
	e.Hint("check assertion: issuer is the client, subject the user, audience the token URL")
}

func platformHint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Status == 404:
		e.Hint("check platform_url: it is the address of the platform alone")
	case p.Grant == provider.Password:
		e.Hint("check username and password")
		e.Hint("a user with multi-factor authentication or single sign-on cannot log in this way: use a connected app")
	case e.OAuthError == "invalid_grant" && p.Grant == provider.JWTBearer:
		assertionHint(e)
	case e.OAuthError == "invalid_grant" && p.Grant != provider.ClientCredentials, e.OAuthError == "access_denied":
		provider.StandardHint(e, p)
	case e.Status == 401 || e.Status == 400:
		connectedAppHint(e, p)
	}
}

func connectedAppHint(e *fault.Error, p *profile.Profile) {
	how := "must act on a user's behalf"
	if p.Grant == provider.ClientCredentials {
		how = "must act on its own behalf"
	}
	e.Hint("check region, client_id and client_secret: a connected app is known in its own region only, and %s", how)
}
