package tnco

import (
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// hint explains a server's error.
func hint(e *fault.Error, p *profile.Profile) {
	switch modeOf(p) {
	case legacy, zen:
		loginHint(e, p)
	case okta:
		oktaHint(e, p)
	default:
		oauthHint(e, p)
	}
}

func oauthHint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind == fault.Auth && e.Status == 404:
		e.Hint("this looks like the host of the user interface: base_url must be that of the API gateway (ishtar)")
	case e.Code == "protocol.no_access_token":
		e.Hint("this looks like the reply of a login page's API: base_url must be that of the API gateway (ishtar), or mode: legacy")
	case e.Kind != fault.Auth:
	case e.OAuthError == "invalid_scope":
		e.Hint("set scopes to what the client may ask for, or to [] to ask for none")
	case e.OAuthError == "invalid_grant" && p.Grant == provider.Password:
		e.Hint("check username and password")
	case e.Status == 401, e.OAuthError == "invalid_client", e.OAuthError == "unauthorized_client", e.OAuthError == "unsupported_grant_type":
		e.Hint("check client_id and client_secret, and that the client's authorisedGrantTypes (GET /api/credentials) have %s", p.Grant)
	}
}

func loginHint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind == fault.Auth && (e.Status == 404 || e.Status == 405) && modeOf(p) == legacy:
		e.Hint("login_url must be that of the user interface (nimrod); an API gateway (ishtar) has no login: mode: oauth")
	case e.Kind == fault.Auth && (e.Status == 404 || e.Status == 405):
		e.Hint("login_url must be that of the Cloud Pak's console, or the whole address that ends in %s", zenPath)
	case e.Code == "protocol.no_access_token":
		e.Hint("the reply is not that of mode %s: check mode and login_url", modeOf(p))
	case e.Kind == fault.Auth && p.Own.Has("api_key"):
		e.Hint("check username and api_key")
	case e.Kind == fault.Auth:
		e.Hint("check username and password")
	}
}

func oktaHint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind != fault.Auth:
	case e.Status == 404:
		e.Hint("check login_url and auth_server_id")
	case e.OAuthError == "invalid_scope":
		e.Hint("set scopes to what the authorization server %s knows", p.Own.Text("auth_server_id"))
	case e.OAuthError == "invalid_grant" && p.Grant == provider.Password:
		e.Hint("check username and password")
	case e.OAuthError == "unauthorized_client":
		e.Hint("the application at Okta does not have grant %s", p.Grant)
	case e.Status == 401 || e.OAuthError == "invalid_client":
		e.Hint("check client_id and client_secret")
	}
}
