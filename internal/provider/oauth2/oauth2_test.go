package oauth2_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/oauth2"
	"github.com/authctl/authctl/internal/provider/providertest"
)

func minimal() profile.Profile {
	return profile.Profile{TokenURL: "https://idp.example.com/token", ClientID: "a:b c", ClientSecret: providertest.Literal("p%:+&")}
}

func TestTheTokenRequestIsRFC6749s(t *testing.T) {
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	cases := map[string]struct {
		change              func(*profile.Profile)
		authorization, body string
	}{
		"defaults": {func(*profile.Profile) {}, basic("a%3Ab+c:p%25%3A%2B%26"), "grant_type=client_credentials"},
		"raw":      {func(p *profile.Profile) { p.BasicEncoding, p.ClientID = "raw", "abc" }, basic("abc:p%:+&"), "grant_type=client_credentials"},
		"all": {func(p *profile.Profile) {
			p.ClientAuth, p.Scopes, p.Audience, p.Resources = "client_secret_post", []string{"x", "y"}, []string{"a1", "a2"}, []string{"r"}
		}, "", "grant_type=client_credentials&client_id=a%3Ab+c&client_secret=p%25%3A%2B%26&scope=x+y&audience=a1&audience=a2&resource=r"},
		"public password": {func(p *profile.Profile) {
			*p = profile.Profile{TokenURL: p.TokenURL, ClientID: "pub", ClientAuth: "none", Grant: "password", Username: "ann", Password: providertest.Literal("x y")}
		}, "", "grant_type=password&client_id=pub&username=ann&password=x+y"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"Bearer"}`))
			p := minimal()
			p.TokenURL = s.URL + "/t?x=1"
			c.change(&p)
			token, err := providertest.Source(t, oauth2.Provider(), p, providertest.Ports(s.Client())).Grant.Token(t.Context(), grant.Ask{})
			if err != nil || token.Lifetime() != 5*time.Minute {
				t.Fatalf("%+v %v", token, err)
			}
			if r := s.Only(t); r.Target != "/t?x=1" || r.Header.Get("Authorization") != c.authorization || r.Body != c.body {
				t.Errorf("%s, Authorization %q, body %s", r.Target, r.Header.Get("Authorization"), r.Body)
			}
		})
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		key    string
	}{
		"no address":            {func(p *profile.Profile) { p.TokenURL = "" }, "token_url"},
		"no client":             {func(p *profile.Profile) { p.ClientID = "" }, "client_id"},
		"grant":                 {func(p *profile.Profile) { p.Grant = "api_key" }, "grant"},
		"public client":         {func(p *profile.Profile) { p.ClientAuth = "none" }, "client_auth"},
		"public with a secret":  {func(p *profile.Profile) { p.ClientAuth, p.Grant, p.Username = "none", "password", "ann" }, "client_secret"},
		"a colon cannot be raw": {func(p *profile.Profile) { p.BasicEncoding = "raw" }, "client_id"},
	} {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			c.change(&p)
			providertest.Refuses(t, oauth2.Provider(), p, c.key)
		})
	}
}

func TestHintsFollowTheErrorCode(t *testing.T) {
	for code, want := range map[string]string{"invalid_client": "basic_encoding", "unauthorized_client": "client_credentials", "invalid_scope": "scopes", "invalid_target": "audience"} {
		s := authtest.FakeIDP(t, authtest.JSON(400, `{"error":"`+code+`"}`))
		p := minimal()
		p.TokenURL = s.URL
		if e := providertest.Fail(t, oauth2.Provider(), p, s.Client()); !strings.Contains(e.HintText(), want) || e.OAuthError != code {
			t.Errorf("%s: hint %q", code, e.HintText())
		}
	}
}
