package mulesoft

import (
	"strings"
	"time"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// The Anypoint Platform's addresses: its OAuth endpoints, and the login of its own users.
const (
	oauthPath = "/accounts/api/v2/oauth2"
	loginPath = "/accounts/login"
)

func onPlatform(p *profile.Profile) bool { return p.Own.Has("region") || p.Own.Has("platform_url") }

func completePlatform(p *profile.Profile) error {
	platform, err := platformOf(p)
	if err != nil {
		return err
	}
	tokenURL := platform + oauthPath + "/token"
	if p.Grant == provider.Password {
		tokenURL = platform + loginPath
	}
	if p.Said["token_url"] || p.TokenURL != "" && p.TokenURL != tokenURL {
		return &profile.KeyError{
			Key: "token_url", Reason: "cannot stand beside region or platform_url, which have their own",
			Hint: "remove one of the two lines",
		}
	}
	p.TokenURL = tokenURL
	if p.BaseURL == "" {
		p.BaseURL = platform
	}
	return platformRules(p, platform).Complete(p)
}

// platformRules fills the platform's further addresses, which no key of the file may say.
func platformRules(p *profile.Profile, platform string) provider.Rules {
	r := provider.Rules{
		Provider: "mulesoft",
		Grants: []string{
			provider.ClientCredentials, provider.AuthorizationCode, provider.RefreshToken, provider.JWTBearer, provider.Password,
		},
		ClientAuth: []string{provider.SecretPost, provider.NoAuth}, // in the JSON body
		DefaultTTL: time.Hour,
		Unused:     []string{"audience", "resources", "dpop", "par", "authorization_details"},
	}
	if p.Grant == provider.Password {
		r.NoClient, r.Unused = true, append(r.Unused, "scopes")
		return r
	}
	for _, endpoint := range []struct {
		key, path string
		url       *string
	}{
		{"authorization_url", "/authorize", &p.Endpoints.Authorization},
		{"revocation_url", "/revoke", &p.Endpoints.Revocation},
	} {
		if *endpoint.url == "" { // else it was said, and is refused, or filled before
			*endpoint.url = platform + oauthPath + endpoint.path
		}
	}
	return r
}

func platformOf(p *profile.Profile) (string, error) {
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
