package provider_test

import (
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

func TestARefusalIsFollowedByWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		grant, url, code string
		status           int
		want             string
	}{
		"a person's no":         {provider.DeviceCode, "", "access_denied", 400, "authctl login -p sso"},
		"Entra's":               {provider.DeviceCode, "", "authorization_declined", 400, "authctl login -p sso"},
		"a person's silence":    {provider.CIBA, "", "expired_token", 400, "authctl login -p sso"},
		"a device's failure":    {provider.CIBA, "", "transaction_failed", 400, "authctl login -p sso"},
		"nobody to ask":         {provider.ClientCredentials, "", "access_denied", 403, ""},
		"nobody by that name":   {provider.CIBA, "", "unknown_user_id", 400, "check login_hint, login_hint_token or id_token_hint: who is to be asked"},
		"a spent code":          {provider.AuthorizationCode, "", "invalid_grant", 400, "authctl login -p sso"},
		"no endpoint of issuer": {provider.ClientCredentials, "", "", 404, "check issuer"},
		"no client there":       {provider.ClientCredentials, "", "", 401, "check client_id and client_secret, and whether the server wants another client_auth"},
		"no endpoint there":     {provider.ClientCredentials, "https://idp.example.com/t", "", 405, "check token_url"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &fault.Error{Kind: fault.Auth, OAuthError: c.code, Status: c.status}
			provider.StandardHint(e, &profile.Profile{Name: "sso", Grant: c.grant, TokenURL: c.url})
			if got := e.HintText(); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}
