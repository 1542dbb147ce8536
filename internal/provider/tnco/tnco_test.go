package tnco_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/provider/tnco"
	"github.com/authctl/authctl/internal/secret"
)

func minimal() profile.Profile {
	return profile.Profile{BaseURL: "https://app.example.com:32443", ClientID: "LmClient", ClientSecret: providertest.Literal("p%:+&")}
}

func TestTheTokenRequestIsAsOnTheWireOfTNCO(t *testing.T) {
	raw := "Basic " + base64.StdEncoding.EncodeToString([]byte("LmClient:p%:+&"))
	form := "Basic " + base64.StdEncoding.EncodeToString([]byte("LmClient:p%25%3A%2B%26"))
	cases := map[string]struct {
		change                      func(*profile.Profile)
		target, authorization, body string
	}{
		"defaults":    {func(*profile.Profile) {}, "/oauth/token", raw, "grant_type=client_credentials&scope=all"},
		"no scope":    {func(p *profile.Profile) { p.Scopes = []string{} }, "/oauth/token", raw, "grant_type=client_credentials"},
		"base path":   {func(p *profile.Profile) { p.BaseURL += "/lm/" }, "/lm/oauth/token", raw, "grant_type=client_credentials&scope=all"},
		"form":        {func(p *profile.Profile) { p.BasicEncoding = "form" }, "/oauth/token", form, "grant_type=client_credentials&scope=all"},
		"post":        {func(p *profile.Profile) { p.ClientAuth = "client_secret_post" }, "/oauth/token", "", "grant_type=client_credentials&client_id=LmClient&client_secret=p%25%3A%2B%26&scope=all"},
		"a parameter": {func(p *profile.Profile) { p.Params = []profile.Param{{Name: "a", Value: "b c"}} }, "/oauth/token", raw, "grant_type=client_credentials&scope=all&a=b+c"},
		"password": {func(p *profile.Profile) {
			p.Grant, p.Username, p.Password = "password", "jack", secret.Ref{Scheme: secret.Keyring, Arg: secret.New("jack")}
		}, "/oauth/token", raw, "grant_type=password&username=jack&password=keyring%3Ajack+of+password&scope=all"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"6c0b5b6f-8a5c-4f5a-9d0a-0c8f6f1f2f3f","token_type":"bearer","expires_in":1199,"scope":"all"}`))
			p := minimal()
			p.BaseURL = s.URL
			c.change(&p)
			source := providertest.Source(t, tnco.Provider(), p, providertest.Ports(s.Client()))
			token, err := source.Grant.Token(t.Context(), grant.Ask{})
			if err != nil || token.Lifetime() != 1199*time.Second || token.TokenType != "Bearer" {
				t.Fatalf("%+v %v", token, err)
			}
			r := s.Only(t)
			if r.Method != "POST" || r.Target != c.target || r.Header.Get("Authorization") != c.authorization || r.Body != c.body {
				t.Errorf("%s %s, Authorization %q, body %s", r.Method, r.Target, r.Header.Get("Authorization"), r.Body)
			}
			if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Accept") != "application/json" {
				t.Errorf("%v", r.Header)
			}
		})
	}
}

func TestAReplyWithoutALifeLastsTwentyMinutes(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok"}`))
	p := minimal()
	p.BaseURL = s.URL
	token, err := providertest.Source(t, tnco.Provider(), p, providertest.Ports(s.Client())).Grant.Token(t.Context(), grant.Ask{})
	if err != nil || token.Lifetime() != 20*time.Minute {
		t.Errorf("%+v %v", token, err)
	}
}

func TestWhatTNCOCannotUseIsRefused(t *testing.T) {
	providertest.Declares(t, tnco.Provider(), "mode", "login_url", "auth_server_id", "api_key")
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		key    string
	}{
		"no address":              {func(p *profile.Profile) { p.BaseURL = "" }, "base_url"},
		"the token endpoint":      {func(p *profile.Profile) { p.BaseURL += "/oauth/token/" }, "base_url"},
		"no client":               {func(p *profile.Profile) { p.ClientID = "" }, "client_id"},
		"a colon in the id":       {func(p *profile.Profile) { p.ClientID = "a:b" }, "client_id"},
		"grant":                   {func(p *profile.Profile) { p.Grant = "api_key" }, "grant"},
		"no authentication":       {func(p *profile.Profile) { p.ClientAuth = "none" }, "client_auth"},
		"encoding of nothing":     {func(p *profile.Profile) { p.ClientAuth, p.BasicEncoding = "client_secret_post", "raw" }, "basic_encoding"},
		"a user without grant":    {func(p *profile.Profile) { p.Username = "jack" }, "username"},
		"a password, other grant": {func(p *profile.Profile) { p.Password = providertest.Literal("x") }, "password"},
		"grant without a user":    {func(p *profile.Profile) { p.Grant = "password" }, "username"},
	} {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			c.change(&p)
			providertest.Refuses(t, tnco.Provider(), p, c.key)
		})
	}
}

func TestHintsSayWhatUsuallyIsWrongAtTNCO(t *testing.T) {
	for body, c := range map[string]struct {
		status int
		want   string
	}{
		`{"error":"invalid_client","error_description":"Bad client credentials"}`:                               {401, "authorisedGrantTypes"},
		`{"timestamp":1,"status":401,"error":"Unauthorized","message":"Bad credentials","path":"/oauth/token"}`: {401, "client_secret"},
		`{"error":"invalid_scope","error_description":"Invalid scope: all","scope":"read"}`:                     {400, "scopes"},
		`{"error":"unsupported_grant_type"}`:                                                                    {400, "authorisedGrantTypes"},
		`<html><title>Nimrod</title>`:                                                                           {404, "ishtar"},
		`{"accessToken":"tok","expiresIn":1200}`:                                                                {200, "ishtar"},
	} {
		s := authtest.FakeIDP(t, authtest.Answer(c.status, body))
		p := minimal()
		p.BaseURL = s.URL
		if e := providertest.Fail(t, tnco.Provider(), p, s.Client()); !strings.Contains(e.HintText(), c.want) {
			t.Errorf("%s: hint %q", body, e.HintText())
		}
	}
	s := authtest.FakeIDP(t, authtest.Answer(503, ""))
	p := minimal()
	p.BaseURL = s.URL
	if e := providertest.Fail(t, tnco.Provider(), p, s.Client()); strings.Contains(e.HintText(), "client") {
		t.Errorf("an outage blames the profile: %q", e.HintText())
	}
}

func TestNoHintNamesAKeyThatTheProviderRefuses(t *testing.T) {
	life := providertest.Source(t, tnco.Provider(), minimal(), providertest.Ports(nil)).Life
	_, err := life.Introspect(t.Context(), secret.New("x"), "")
	if hint := fault.From(err).HintText(); !fault.Is(err, fault.Config) || strings.Contains(hint, "introspection_url") || !strings.Contains(hint, "authctl token inspect") {
		t.Errorf("hint %q", hint)
	}
}
