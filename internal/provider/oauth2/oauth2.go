// Package oauth2 is any authorization server that keeps to RFC 6749 and its family and has no package of its own. What
// it has is what the profile says: nothing is discovered.
package oauth2

import (
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
			config := provider.Config(p, ports)
			config.Where = "token_url"
			s := provider.NewSource(p, ports, config)
			s.Life.Settable = rules().Endpoints
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

func rules() provider.Rules { return provider.Standard("oauth2") }
