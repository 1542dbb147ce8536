package provider

import (
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/profile"
)

// use is a key and which grants, or client authentications, it means something to.
type use struct {
	key  string
	said bool
	by   string
}

// fits refuses the keys that the grant or the client authentication cannot use.
func (r Rules) fits(p *profile.Profile) error {
	for _, u := range grantKeys(p) {
		if (u.said || p.Said[u.key]) && !slices.Contains(strings.Fields(u.by), p.Grant) {
			return r.misfit(u, "grant", p.Grant, r.Grants)
		}
	}
	u := use{"client_assertion", len(p.ClientAssertion.Said()) > 0, PrivateKeyJWT + " " + SecretJWT}
	if (u.said || p.Said[u.key]) && !r.OwnCredential && !slices.Contains(strings.Fields(u.by), p.ClientAuth) {
		return r.misfit(u, "client_auth", p.ClientAuth, r.ClientAuth)
	}
	return nil
}

func grantKeys(p *profile.Profile) []use {
	return []use{
		{"refresh_token", !p.RefreshToken.IsZero(), RefreshToken},
		{"redirect_host", p.Redirect.Host != "", AuthorizationCode},
		{"redirect_port", p.Redirect.Port != 0, AuthorizationCode},
		{"redirect_path", p.Redirect.Path != "", AuthorizationCode},
		{"par", p.PAR != "", AuthorizationCode},
		{"authorization_params", len(p.AuthorizationParams) > 0, AuthorizationCode + " " + DeviceCode + " " + CIBA},
		{"assertion", len(p.Assertion.Said()) > 0, JWTBearer},
		{"subject_token", !p.SubjectToken.IsZero(), TokenExchange},
		{"actor_token", !p.ActorToken.IsZero(), TokenExchange},
		{"requested_token_type", p.RequestedTokenType != "", TokenExchange},
		{"login_hint", p.LoginHint != "", CIBA},
		{"login_hint_token", !p.LoginHintToken.IsZero(), CIBA},
		{"id_token_hint", !p.IDTokenHint.IsZero(), CIBA},
		{"binding_message", p.BindingMessage != "", CIBA},
		{"backchannel_authentication_url", p.Endpoints.BackchannelAuthentication != "", CIBA},
	}
}

// misfit refuses a key, and names the values that it would mean something to, of those that the provider knows.
func (r Rules) misfit(u use, key, value string, known []string) error {
	var fit []string
	for _, by := range strings.Fields(u.by) {
		if slices.Contains(known, by) {
			fit = append(fit, by)
		}
	}
	e := &profile.KeyError{Key: u.key, Reason: key + " " + value + " has no use for it", Hint: "remove the line"}
	if len(fit) > 0 {
		e.Hint = key + ": " + strings.Join(fit, " or ") + ", or remove the line"
	}
	return e
}

// needs checks that the grant has what it cannot do without.
func (r Rules) needs(p *profile.Profile) error {
	required := func(key, hint string) error {
		return &profile.KeyError{Key: key, Reason: "is required by grant " + p.Grant, Hint: hint}
	}
	missing := func(address string) bool { return address == "" && !r.Discovers }
	switch {
	case p.Grant == JWTBearer && p.Assertion.IsZero():
		return required("assertion", "assertion: {key: file:PATH} or {jwt: file:PATH}")
	case p.Grant == TokenExchange && p.SubjectToken.IsZero():
		return required("subject_token", "subject_token: {token: file:PATH} or {profile: NAME}")
	case p.Grant == AuthorizationCode && missing(p.Endpoints.Authorization):
		return required("authorization_url", "")
	case p.PAR == "always" && missing(p.Endpoints.PushedAuthorization):
		return &profile.KeyError{Key: "pushed_authorization_request_url", Reason: "is required by par: always"}
	case p.Grant == DeviceCode && missing(p.Endpoints.DeviceAuthorization):
		return required("device_authorization_url", "")
	case p.Grant == CIBA && missing(p.Endpoints.BackchannelAuthentication):
		return required("backchannel_authentication_url", "")
	case p.Grant == CIBA:
		return oneHint(p)
	}
	return nil
}

// oneHint lets one hint alone say who is asked (CIBA Core section 7.1).
func oneHint(p *profile.Profile) error {
	var said []string
	for _, hint := range []struct {
		key  string
		said bool
	}{
		{"login_hint", p.LoginHint != ""},
		{"login_hint_token", !p.LoginHintToken.IsZero()},
		{"id_token_hint", !p.IDTokenHint.IsZero()},
	} {
		if hint.said {
			said = append(said, hint.key)
		}
	}
	switch len(said) {
	case 0:
		return &profile.KeyError{Key: "login_hint", Reason: "is required by grant ciba, or login_hint_token, or id_token_hint"}
	case 1:
		return nil
	}
	return &profile.KeyError{Key: said[1], Reason: "cannot stand beside " + said[0], Hint: "remove one of the two lines"}
}
