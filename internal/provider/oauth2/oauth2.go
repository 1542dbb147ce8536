// Package oauth2 is any authorization server that keeps to RFC 6749 and its family and has no package of its own. What
// it has is what the profile says: nothing is discovered.
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
		Complete: complete,
		New: func(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
			s := provider.NewSource(p, ports, provider.Config(p, ports))
			s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { provider.StandardHint(e, p) })
			return s, nil
		},
	}
}

func complete(p *profile.Profile) error {
	if p.TokenURL == "" {
		return &profile.KeyError{Key: "token_url", Reason: "is required", Hint: "or provider: oidc and issuer, where the server tells it"}
	}
	return rules().Complete(p)
}

func rules() provider.Rules {
	return provider.Rules{
		Provider: "oauth2",
		Grants: []string{
			provider.ClientCredentials, provider.Password, provider.RefreshToken, provider.AuthorizationCode,
			provider.DeviceCode, provider.JWTBearer, provider.TokenExchange, provider.CIBA,
		},
		ClientAuth: []string{
			provider.SecretBasic, provider.SecretPost, provider.SecretJWT, provider.PrivateKeyJWT,
			provider.TLSClientAuth, provider.SelfSignedTLSClientAuth, provider.NoAuth,
		},
		BasicEncoding: "form",
		DefaultTTL:    5 * time.Minute,
		Endpoints: []string{
			"authorization_url", "device_authorization_url", "revocation_url", "introspection_url",
			"pushed_authorization_request_url", "backchannel_authentication_url",
		},
	}
}
