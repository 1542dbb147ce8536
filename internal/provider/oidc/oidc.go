// Package oidc is any authorization server that publishes its metadata: OpenID Connect providers and those of RFC 8414.
// The profile says the issuer, and the issuer says the rest.
package oidc

import (
	"fmt"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/discovery"
)

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "oidc", Summary: "an issuer with metadata (OpenID Connect, RFC 8414)",
		Keys:     []profile.Key{{Name: "issuer", Type: profile.URL}},
		Complete: complete,
		New:      newSource,
	}
}

func complete(p *profile.Profile) error {
	if Issuer(p) == "" {
		return &profile.KeyError{Key: "issuer", Reason: "is required", Hint: "or provider: oauth2 and token_url, where the server has no metadata"}
	}
	return rules().Complete(p)
}

func rules() provider.Rules {
	r := provider.Standard("oidc")
	r.LoginScopes = []string{"openid"} // OpenID Connect Core section 3.1.2.1
	r.Endpoints = append(r.Endpoints, "jwks_uri")
	r.Discovers = true
	return r
}

// Issuer is the issuer of a profile, empty where it has none.
func Issuer(p *profile.Profile) string { return p.Own.Text("issuer") }

func newSource(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
	config := provider.Config(p, ports)
	config.Where = "issuer or token_url"
	server := discovery.New(discovery.Config{
		Issuer: Issuer(p), Endpoint: ports.Endpoint, Header: config.TokenHeaders, Documents: ports.Documents,
		Trust: fmt.Sprintf("%q %q %t", p.TLS.CAFile, p.TLS.ServerName, p.TLS.InsecureSkipVerify),
		Said:  config.Server, Certificate: p.ClientAuth == provider.TLSClientAuth || p.ClientAuth == provider.SelfSignedTLSClientAuth,
	})
	config.Server = server
	s := provider.NewSource(p, ports, config)
	s.Life.Settable = rules().Endpoints
	// The issuer stands for its endpoints, which it may move; an endpoint that the profile says is another server.
	s.Identity.TokenEndpoint = Issuer(p)
	if p.TokenURL != "" {
		s.Identity.Further = append(s.Identity.Further, profile.Param{Name: "token_url", Value: grant.CanonicalURL(p.TokenURL)})
	}
	s.Grant = provider.WithHints(follow(s.Grant, server), func(e *fault.Error) { provider.StandardHint(e, p) })
	return s, nil
}
