// Package tnco knows IBM Telco Network Cloud Orchestration (Agile Lifecycle Manager, CP4NA) and the logins that lie in
// front of its releases: an issuer of the old Spring kind, which compares HTTP Basic credentials as they arrive; the
// user interface's own login; Cloud Pak's; and Okta.
package tnco

import (
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// The modes, by lmctl's names.
const (
	oauth  = "oauth"
	legacy = "legacy"
	zen    = "zen"
	okta   = "okta"
)

const (
	tokenPath = "/oauth/token"
	// The user interface's login, and where releases before it have theirs.
	loginPath, olderLoginPath = "/ui/api/login", "/api/login"
	zenPath                   = "/icp4d-api/v1/authorize"
)

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "tnco", Summary: "IBM Telco Network Cloud Orchestration",
		Keys: []profile.Key{
			{Name: "mode", Type: profile.Text, Words: []string{oauth, legacy, zen, okta}},
			{Name: "login_url", Type: profile.URL},
			{Name: "auth_server_id", Type: profile.Text},
			{Name: "api_key", Type: profile.Secret},
		},
		Complete: complete,
		New:      newSource,
	}
}

func modeOf(p *profile.Profile) string {
	if mode := p.Own.Text("mode"); mode != "" {
		return mode
	}
	return oauth
}

func complete(p *profile.Profile) error {
	if strings.HasSuffix(strings.TrimRight(p.BaseURL, "/"), tokenPath) {
		return &profile.KeyError{
			Key: "base_url", Reason: "is the address of the API, not of its token endpoint",
			Hint: "leave out " + tokenPath + ", or set token_url",
		}
	}
	if err := checkKeys(p); err != nil {
		return err
	}
	address, err := addressOf(p)
	if err != nil {
		return err
	}
	if err := setAddress(p, address); err != nil {
		return err
	}
	return rules(p).Complete(p)
}

func rules(p *profile.Profile) provider.Rules {
	r := provider.Rules{
		Provider:      "tnco",
		Grants:        []string{provider.ClientCredentials, provider.Password},
		ClientAuth:    []string{provider.SecretBasic, provider.SecretPost},
		BasicEncoding: "raw",
		Scopes:        []string{"all"},
		DefaultTTL:    20 * time.Minute,
	}
	switch modeOf(p) {
	case legacy, zen:
		r.Grants, r.NoClient, r.Scopes = []string{provider.Password}, true, nil
		r.Unused = []string{"scopes", "audience", "resources", "dpop", "authorization_details"}
	case okta:
		r.ClientAuth, r.Scopes = r.ClientAuth[:1], nil
	}
	return r
}

func newSource(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
	config := provider.Config(p, ports)
	config.Where = where(p)
	s := provider.NewSource(p, ports, config)
	mode := modeOf(p)
	if mode != oauth { // whose records are older than the modes
		s.Identity.Further = append(s.Identity.Further, profile.Param{Name: "mode", Value: mode})
	}
	login := &grant.JSONLogin{
		Config: config, Username: p.Username, ProofName: "password", Proof: ports.Later(p.Password, "password"),
	}
	switch mode {
	case legacy:
		login.Reply = grant.LoginReply{Token: "accessToken", ExpiresIn: "expiresIn"}
		login.Older = strings.TrimSuffix(p.TokenURL, loginPath) + olderLoginPath
		s.Grant = login
	case zen:
		login.Reply = grant.LoginReply{Token: "token", ByClaim: true}
		s.Grant = login
		key := provider.Secret{Key: "api_key", Ref: p.Own.Secret("api_key")}
		switch {
		case !key.Ref.IsZero():
			byAPIKey(s, login, key, p.Name, ports)
		case p.Password.IsZero():
			s.Grant = &unsaid{login: login, key: ports.Later(key.Ref, key.Key)}
		}
	}
	s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p) })
	return s, nil
}
