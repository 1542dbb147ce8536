// Package mulesoft knows the two token endpoints that MuleSoft users meet: that of the identity provider in front of
// their APIs (PingFederate in the product's guide), and that of the Anypoint Platform itself.
package mulesoft

import (
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

const anypointPath = "/accounts/api/v2/oauth2/token"

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "mulesoft", Summary: "MuleSoft APIs and the Anypoint Platform",
		Keys: []profile.Key{
			{Name: "region", Type: profile.Text},
			{Name: "platform_url", Type: profile.URL},
		},
		Complete: complete,
		New: func(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
			config := provider.Config(p, ports)
			config.JSON = onPlatform(p)
			s := provider.NewSource(p, ports, config)
			s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p) })
			return s, nil
		},
	}
}

func onPlatform(p *profile.Profile) bool { return p.Own.Has("region") || p.Own.Has("platform_url") }

func complete(p *profile.Profile) error {
	rules := provider.Rules{
		Provider:      "mulesoft",
		Grants:        []string{provider.ClientCredentials, provider.Password},
		ClientAuth:    []string{provider.SecretPost, provider.SecretBasic, provider.NoAuth},
		BasicEncoding: "form",
		DefaultTTL:    24 * time.Hour,
	}
	switch {
	case onPlatform(p):
		if err := completePlatform(p); err != nil {
			return err
		}
		rules.ClientAuth = rules.ClientAuth[:1] // in the JSON body
		rules.DefaultTTL = time.Hour
		rules.Unused = []string{"audience", "resources"}
	case p.TokenURL == "":
		return &profile.KeyError{Key: "token_url", Reason: "is required, or region is", Hint: "region: us, for the Anypoint Platform"}
	}
	return rules.Complete(p)
}

func completePlatform(p *profile.Profile) error {
	platform, err := platform(p)
	if err != nil {
		return err
	}
	tokenURL := platform + anypointPath
	switch {
	case p.TokenURL != "" && p.TokenURL != tokenURL:
		return &profile.KeyError{
			Key: "token_url", Reason: "cannot stand beside region or platform_url, which have their own",
			Hint: "remove one of the two lines",
		}
	case p.Grant == provider.Password:
		return &profile.KeyError{Key: "grant", Reason: "password at the Anypoint Platform is not supported yet"}
	}
	p.TokenURL = tokenURL
	if p.BaseURL == "" {
		p.BaseURL = platform
	}
	return nil
}

func platform(p *profile.Profile) (string, error) {
	if p.Own.Has("region") && p.Own.Has("platform_url") {
		return "", &profile.KeyError{Key: "platform_url", Reason: "stands in place of region", Hint: "remove one of the two lines"}
	}
	if p.Own.Has("platform_url") {
		return strings.TrimRight(p.Own.Text("platform_url"), "/"), nil
	}
	switch p.Own.Text("region") {
	case "us":
		return "https://anypoint.mulesoft.com", nil
	case "eu1":
		return "https://eu1.anypoint.mulesoft.com", nil
	case "gov":
		return "https://gov.anypoint.mulesoft.com", nil
	case "ca1":
		return "https://ca1.platform.mulesoft.com", nil
	case "jp1":
		return "https://jp1.platform.mulesoft.com", nil
	}
	return "", &profile.KeyError{Key: "region", Reason: "is not a region of the platform", Hint: "one of: us, eu1, gov, ca1, jp1"}
}

func hint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind != fault.Auth:
	case e.OAuthError == "invalid_grant" && p.Grant == provider.Password:
		e.Hint("check username and password")
	case (e.Status == 401 || e.Status == 400) && onPlatform(p):
		e.Hint("check region, client_id and client_secret: a connected app is known in its own region only, and must act on its own behalf")
	case e.Status == 401, e.OAuthError == "invalid_client":
		e.Hint("check client_id and client_secret")
	case e.Status == 404:
		e.Hint("check token_url: PingFederate's ends in /as/token.oauth2")
	}
}
