// Package oauth2 is any authorization server that keeps to RFC 6749 and has no package of its own.
package oauth2

import (
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "oauth2", Summary: "any OAuth 2.0 token endpoint",
		Keys: []profile.Key{
			{Name: "authorization_url", Type: profile.URL, Later: true},
			{Name: "device_authorization_url", Type: profile.URL, Later: true},
			{Name: "revocation_url", Type: profile.URL, Later: true},
			{Name: "introspection_url", Type: profile.URL, Later: true},
			{Name: "pushed_authorization_request_url", Type: profile.URL, Later: true},
			{Name: "backchannel_authentication_url", Type: profile.URL, Later: true},
			{Name: "issuer", Type: profile.URL, Later: true},
			{Name: "jwks_uri", Type: profile.URL, Later: true},
		},
		Complete: complete,
		New: func(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
			s := provider.NewSource(p, ports, provider.Config(p, ports))
			s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p) })
			return s, nil
		},
	}
}

func complete(p *profile.Profile) error {
	if p.TokenURL == "" {
		return &profile.KeyError{Key: "token_url", Reason: "is required"}
	}
	return provider.Rules{
		Provider:      "oauth2",
		Grants:        []string{provider.ClientCredentials, provider.Password},
		ClientAuth:    []string{provider.SecretBasic, provider.SecretPost, provider.NoAuth},
		BasicEncoding: "form",
		DefaultTTL:    5 * time.Minute,
	}.Complete(p)
}

func hint(e *fault.Error, p *profile.Profile) {
	if e.Kind != fault.Auth {
		return
	}
	switch {
	case e.OAuthError == "invalid_client" && p.ClientAuth == provider.SecretBasic:
		e.Hint("check client_id and client_secret; some servers want client_auth: client_secret_post, or the other basic_encoding")
	case e.OAuthError == "invalid_client":
		e.Hint("check client_id and client_secret, and whether the server wants another client_auth")
	case e.OAuthError == "invalid_grant" && p.Grant == provider.Password:
		e.Hint("check username and password")
	case e.OAuthError == "unauthorized_client", e.OAuthError == "unsupported_grant_type":
		e.Hint("the server does not let this client use grant %s", p.Grant)
	case e.OAuthError == "invalid_scope", e.OAuthError == "invalid_target":
		e.Hint("check scopes, audience and resources")
	case e.Status == 404, e.Status == 405:
		e.Hint("check token_url")
	}
}
