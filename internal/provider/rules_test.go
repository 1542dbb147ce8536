package provider_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

func rules() provider.Rules {
	return provider.Rules{
		Provider: "idp",
		Grants: []string{
			provider.ClientCredentials, provider.Password, provider.RefreshToken, provider.AuthorizationCode, provider.DeviceCode,
			provider.JWTBearer, provider.TokenExchange, provider.CIBA,
		},
		ClientAuth: []string{
			provider.SecretBasic, provider.SecretPost, provider.SecretJWT, provider.PrivateKeyJWT, provider.TLSClientAuth,
			provider.SelfSignedTLSClientAuth, provider.NoAuth,
		},
		BasicEncoding: "form", Scopes: []string{"all"}, LoginScopes: []string{"openid"},
		Endpoints: []string{"authorization_url", "device_authorization_url", "backchannel_authentication_url", "revocation_url"},
	}
}

func env(name string) secret.Ref { return secret.Ref{Scheme: secret.Env, Arg: secret.New(name)} }

// able gives a profile that has all that a grant needs, and nothing else.
func able(grant string) profile.Profile {
	p := profile.Profile{Name: "a", Provider: "idp", Grant: grant, ClientID: "id"}
	switch grant {
	case provider.Password:
		p.Username = "ann"
	case provider.AuthorizationCode:
		p.Endpoints.Authorization = "https://idp.example.com/authorize"
	case provider.DeviceCode:
		p.Endpoints.DeviceAuthorization = "https://idp.example.com/device"
	case provider.JWTBearer:
		p.Assertion.Key = env("KEY")
	case provider.TokenExchange:
		p.SubjectToken = profile.TokenInput{Token: env("TOKEN"), Type: "urn:a:b"}
	case provider.CIBA:
		p.Endpoints.BackchannelAuthentication, p.LoginHint = "https://idp.example.com/bc", "ann"
	}
	return p
}

// refusal gives the key that Complete refuses, "" where it refuses nothing.
func refusal(t *testing.T, r provider.Rules, p *profile.Profile) string {
	t.Helper()
	err := r.Complete(p)
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*profile.KeyError](err)
	if !ok {
		t.Fatalf("%T is no KeyError: %v", err, err)
	}
	return e.Key
}

func TestEveryGrantIsCompletedTwiceWithTheSameEnd(t *testing.T) {
	for _, grant := range rules().Grants {
		p := able(grant)
		if key := refusal(t, rules(), &p); key != "" {
			t.Errorf("%s: %s", grant, key)
		}
		auth, scopes := p.ClientAuth, slices.Clone(p.Scopes)
		if key := refusal(t, rules(), &p); key != "" || p.ClientAuth != auth || !slices.Equal(p.Scopes, scopes) {
			t.Errorf("%s, completed again: %s %s %v", grant, key, p.ClientAuth, p.Scopes)
		}
	}
}

func TestAKeyThatTheGrantCannotUseIsRefused(t *testing.T) {
	for key, c := range map[string]struct {
		change func(*profile.Profile)
		by     string
	}{
		"refresh_token":        {func(p *profile.Profile) { p.RefreshToken = env("R") }, "refresh_token"},
		"redirect_host":        {func(p *profile.Profile) { p.Redirect.Host = "localhost" }, "authorization_code"},
		"redirect_port":        {func(p *profile.Profile) { p.Redirect.Port = 1 }, "authorization_code"},
		"redirect_path":        {func(p *profile.Profile) { p.Redirect.Path = "/" }, "authorization_code"},
		"par":                  {func(p *profile.Profile) { p.PAR = "never" }, "authorization_code"},
		"authorization_params": {func(p *profile.Profile) { p.AuthorizationParams = []profile.Param{{Name: "a"}} }, "authorization_code device_code ciba"},
		"assertion":            {func(p *profile.Profile) { p.Assertion.Key = env("K") }, "jwt_bearer"},
		"subject_token":        {func(p *profile.Profile) { p.SubjectToken.Token = env("T") }, "token_exchange"},
		"actor_token":          {func(p *profile.Profile) { p.ActorToken.Profile = "b" }, "token_exchange"},
		"requested_token_type": {func(p *profile.Profile) { p.RequestedTokenType = "urn:a:b" }, "token_exchange"},
		"login_hint":           {func(p *profile.Profile) { p.LoginHint = "ann" }, "ciba"},
		"binding_message":      {func(p *profile.Profile) { p.BindingMessage = "1" }, "ciba"},
		"backchannel_authentication_url": {func(p *profile.Profile) {
			p.Endpoints.BackchannelAuthentication = "https://idp.example.com/ciba"
		}, "ciba"},
		"username": {func(p *profile.Profile) { p.Username = "ann" }, "password"},
		"password": {func(p *profile.Profile) { p.Password = env("P") }, "password"},
	} {
		for _, grant := range rules().Grants {
			p := able(grant)
			c.change(&p)
			want := key
			if slices.Contains(strings.Fields(c.by), grant) {
				want = ""
			}
			if got := refusal(t, rules(), &p); got != want {
				t.Errorf("%s with grant %s: refused for %q", key, grant, got)
			}
		}
	}
}

func TestAKeyThatWasSaidIsRefusedEvenWithItsDefault(t *testing.T) {
	p := able(provider.ClientCredentials)
	p.Said = map[string]bool{"redirect_port": true}
	err := rules().Complete(&p)
	e, _ := errors.AsType[*profile.KeyError](err)
	if e == nil || e.Key != "redirect_port" || e.Hint != "grant: authorization_code, or remove the line" {
		t.Errorf("%+v", err)
	}
}

func TestWhatAGrantNeedsIsAskedFor(t *testing.T) {
	for grant, c := range map[string]struct {
		change func(*profile.Profile)
		key    string
	}{
		"password":           {func(p *profile.Profile) { p.Username = "" }, "username"},
		"authorization_code": {func(p *profile.Profile) { p.Endpoints.Authorization = "" }, "authorization_url"},
		"device_code":        {func(p *profile.Profile) { p.Endpoints.DeviceAuthorization = "" }, "device_authorization_url"},
		"jwt_bearer":         {func(p *profile.Profile) { p.Assertion = profile.Assertion{Audience: "a"} }, "assertion"},
		"token_exchange":     {func(p *profile.Profile) { p.SubjectToken = profile.TokenInput{} }, "subject_token"},
		"ciba":               {func(p *profile.Profile) { p.Endpoints.BackchannelAuthentication = "" }, "backchannel_authentication_url"},
		"refresh_token":      {func(p *profile.Profile) { p.ClientID = "" }, "client_id"},
		"client_credentials": {func(p *profile.Profile) { p.ClientAuth = "none" }, "client_auth"},
	} {
		p := able(grant)
		c.change(&p)
		if got := refusal(t, rules(), &p); got != c.key {
			t.Errorf("%s: refused for %q, want %s", grant, got, c.key)
		}
	}
}

func TestADiscoveringProviderNeedsNoAddress(t *testing.T) {
	r := rules()
	r.Discovers = true
	for _, grant := range []string{provider.AuthorizationCode, provider.DeviceCode, provider.CIBA} {
		p := able(grant)
		p.Endpoints = profile.Endpoints{}
		if p.Grant == provider.AuthorizationCode {
			p.PAR = "always"
		}
		if key := refusal(t, r, &p); key != "" {
			t.Errorf("%s: %s", grant, key)
		}
	}
	p := able(provider.AuthorizationCode)
	p.PAR = "always"
	if key := refusal(t, rules(), &p); key != "pushed_authorization_request_url" {
		t.Errorf("par: always without an address: %q", key)
	}
}

func TestOneHintSaysWhoIsAsked(t *testing.T) {
	for _, c := range []struct {
		name    string
		hint    string
		token   secret.Ref
		idToken secret.Ref
		refused string
	}{
		{"none", "", secret.Ref{}, secret.Ref{}, "login_hint"},
		{"a hint", "ann", secret.Ref{}, secret.Ref{}, ""},
		{"a token", "", env("T"), secret.Ref{}, ""},
		{"an id token", "", secret.Ref{}, env("T"), ""},
		{"two", "ann", secret.Ref{}, env("T"), "id_token_hint"},
		{"three", "ann", env("T"), env("T"), "login_hint_token"},
	} {
		p := able(provider.CIBA)
		p.LoginHint, p.LoginHintToken, p.IDTokenHint = c.hint, c.token, c.idToken
		if got := refusal(t, rules(), &p); got != c.refused {
			t.Errorf("%s: refused for %q", c.name, got)
		}
	}
}

func TestWhatTheProviderHasNoUseForIsRefused(t *testing.T) {
	r := rules()
	r.Unused = []string{"dpop", "audience"}
	for key, change := range map[string]func(*profile.Profile){
		"dpop":              func(p *profile.Profile) { p.Said = map[string]bool{"dpop": true} },
		"audience":          func(p *profile.Profile) { p.Audience = []string{"a"} },
		"introspection_url": func(p *profile.Profile) { p.Said = map[string]bool{"introspection_url": true} },
		"jwks_uri":          func(p *profile.Profile) { p.Said = map[string]bool{"jwks_uri": true} },
		"":                  func(p *profile.Profile) { p.Said = map[string]bool{"revocation_url": true, "scopes": true} },
	} {
		p := able(provider.ClientCredentials)
		change(&p)
		if got := refusal(t, r, &p); got != key {
			t.Errorf("refused for %q, want %q", got, key)
		}
	}
}

func TestAPersonsGrantsHaveScopesOfTheirOwn(t *testing.T) {
	for _, grant := range rules().Grants {
		p := able(grant)
		want := "all"
		if provider.Interactive(grant) {
			want = "openid"
		}
		if key := refusal(t, rules(), &p); key != "" || !slices.Equal(p.Scopes, []string{want}) {
			t.Errorf("%s: %v %q", grant, p.Scopes, key)
		}
		p = able(grant)
		if p.Scopes = []string{}; refusal(t, rules(), &p) != "" || len(p.Scopes) != 0 {
			t.Errorf("%s: no scope became %v", grant, p.Scopes)
		}
	}
}
