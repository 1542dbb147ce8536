// Package tnco knows IBM Telco Network Cloud Orchestration (Agile Lifecycle Manager, CP4NA): an issuer of the old
// Spring kind behind the API gateway, which compares HTTP Basic credentials as they arrive.
package tnco

import (
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

const tokenPath = "/oauth/token"

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "tnco", Summary: "IBM Telco Network Cloud Orchestration",
		Keys: []profile.Key{
			{Name: "mode", Type: profile.Text, Later: true},
			{Name: "login_url", Type: profile.URL, Later: true},
			{Name: "auth_server_id", Type: profile.Text, Later: true},
			{Name: "api_key", Type: profile.Secret, Later: true},
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
	base := strings.TrimRight(p.BaseURL, "/")
	switch {
	case strings.HasSuffix(base, tokenPath):
		return &profile.KeyError{
			Key: "base_url", Reason: "is the address of the API, not of its token endpoint",
			Hint: "leave out " + tokenPath + ", or set token_url",
		}
	case p.TokenURL == "" && base == "":
		return &profile.KeyError{Key: "base_url", Reason: "is required, or token_url is"}
	case p.TokenURL == "":
		p.TokenURL = base + tokenPath
	}
	return provider.Rules{
		Provider:      "tnco",
		Grants:        []string{provider.ClientCredentials, provider.Password},
		ClientAuth:    []string{provider.SecretBasic, provider.SecretPost},
		BasicEncoding: "raw",
		Scopes:        []string{"all"},
		DefaultTTL:    20 * time.Minute,
	}.Complete(p)
}

func hint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind == fault.Auth && e.Status == 404:
		e.Hint("this looks like the host of the user interface: base_url must be that of the API gateway (ishtar)")
	case e.Code == "protocol.no_access_token":
		e.Hint("this looks like the reply of a login page's API: base_url must be that of the API gateway (ishtar)")
	case e.Kind != fault.Auth:
	case e.OAuthError == "invalid_scope":
		e.Hint("set scopes to what the client may ask for, or to [] to ask for none")
	case e.OAuthError == "invalid_grant" && p.Grant == provider.Password:
		e.Hint("check username and password")
	case e.Status == 401 || e.OAuthError == "invalid_client":
		e.Hint("check client_id and client_secret, and that the client's authorisedGrantTypes (GET /api/credentials) have %s", p.Grant)
	}
}
