package apiconnect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/apiconnect"
	"github.com/authctl/authctl/internal/provider/providertest"
)

const client = `"client_id":"caa87d9a-8cd7-4686-8b6e-ee2cdc5ee267","client_secret":"3ecff363-7eb3-44be-9e07-6d4386c48b0b"`

func minimal() profile.Profile {
	return profile.Profile{
		BaseURL: "https://apim.example.com", Username: "chrisp", Password: providertest.Literal(`p"w`),
		Own: profile.Values{"realm": "provider/default-idp-2"},
	}
}

func refreshing() profile.GrantKeys {
	return profile.GrantKeys{RefreshToken: providertest.Literal("r-1")}
}

func at(s *authtest.Server) profile.Profile {
	p := minimal()
	p.BaseURL = s.URL
	return p
}

func TestTheTokenRequestIsAsOnTheWireOfAPIConnect(t *testing.T) {
	cases := map[string]struct {
		change func(*profile.Profile)
		body   string
	}{
		"password": {func(*profile.Profile) {}, `{"grant_type":"password",` + client + `,"username":"chrisp","password":"p\"w","realm":"provider/default-idp-2"}`},
		"the admin's realm, own client": {func(p *profile.Profile) {
			p.Own["realm"], p.ClientID, p.ClientSecret = "admin/ldap x", "app1id", providertest.Literal("sec<ret")
		}, ""},
		"own client": {func(p *profile.Profile) {
			p.Own["realm"], p.ClientID, p.ClientSecret = "admin/ldap", "app1id", providertest.Literal("sec<ret")
		}, `{"grant_type":"password","client_id":"app1id","client_secret":"sec<ret","username":"chrisp","password":"p\"w","realm":"admin/ldap"}`},
		"api key": {func(p *profile.Profile) {
			*p = profile.Profile{BaseURL: p.BaseURL, Grant: "api_key", Own: profile.Values{"api_key": providertest.Literal("k-1")}}
		}, `{"grant_type":"api_key",` + client + `,"api_key":"k-1"}`},
		"client credentials": {func(p *profile.Profile) {
			*p = profile.Profile{BaseURL: p.BaseURL, Grant: "client_credentials", ClientID: "id", ClientSecret: providertest.Literal("sec")}
		}, `{"grant_type":"client_credentials","client_id":"id","client_secret":"sec"}`},
		"refresh token": {func(p *profile.Profile) {
			*p = profile.Profile{BaseURL: p.BaseURL, Grant: "refresh_token", GrantKeys: refreshing(), Own: p.Own}
		}, `{"grant_type":"refresh_token",` + client + `,"refresh_token":"r-1","realm":"provider/default-idp-2"}`},
		"refresh token, no realm named": {func(p *profile.Profile) {
			*p = profile.Profile{BaseURL: p.BaseURL, Grant: "refresh_token", GrantKeys: refreshing()}
		}, `{"grant_type":"refresh_token",` + client + `,"refresh_token":"r-1"}`},
		"a trailing /api": {func(p *profile.Profile) { p.BaseURL += "/api/" }, `{"grant_type":"password",` + client + `,"username":"chrisp","password":"p\"w","realm":"provider/default-idp-2"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"Bearer"}`))
			p := at(s)
			c.change(&p)
			if c.body == "" {
				providertest.Refuses(t, apiconnect.Provider(), p, "realm")
				return
			}
			source := providertest.Source(t, apiconnect.Provider(), p, providertest.Ports(s.Client()))
			token, err := source.Grant.Token(t.Context(), grant.Ask{})
			if err != nil || token.Lifetime() != 8*time.Hour {
				t.Fatalf("%+v %v", token, err)
			}
			r := s.Only(t)
			if r.Method != "POST" || r.Target != "/api/token" || r.Body != c.body || r.Header.Get("Authorization") != "" {
				t.Errorf("%s", r.Raw)
			}
			if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept") != "application/json" {
				t.Errorf("%v", r.Header)
			}
		})
	}
}

func TestABaseURLLosesItsTrailingAPI(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example.com/api": "https://a.example.com", "https://a.example.com/api/": "https://a.example.com",
		"https://a.example.com/integration/apis/ns/inst/api": "https://a.example.com/integration/apis/ns/inst",
		"https://a.example.com/myapi":                        "https://a.example.com/myapi",
	} {
		p := minimal()
		p.BaseURL = in
		if got := providertest.Complete(t, apiconnect.Provider(), p); got.BaseURL != want || got.TokenURL != want+"/api/token" {
			t.Errorf("%s: %s %s", in, got.BaseURL, got.TokenURL)
		}
	}
}

func TestTheDownloadedCredentialsAreUsed(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	p := at(s)
	p.Own["credentials_file"] = "~/credentials.json"
	ports := providertest.Ports(s.Client())
	ports.ReadFile = func(path string) ([]byte, error) {
		return fmt.Appendf(nil, `{"id":"own-id","secret":"own-secret","toolkit":%q}`, path), nil
	}
	source := providertest.Source(t, apiconnect.Provider(), p, ports)
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	if body := s.Only(t).Body; !strings.Contains(body, `"client_id":"own-id","client_secret":"own-secret"`) || source.Identity.ClientID != "own-id" {
		t.Errorf("%s, identity %+v", body, source.Identity)
	}
}

func TestTheCredentialsOfLaterReleasesHoldOneClientForEachTool(t *testing.T) {
	const file = `{"cloud_id":"c","toolkit":{"endpoint":"https://a/api","client_id":"tool","client_secret":"t-1"},` +
		`"consumer_toolkit":{"endpoint":"https://a/consumer-api","client_id":"consumer","client_secret":"c-1"}}`
	for realm, want := range map[string]string{
		"provider/x": `"client_id":"tool","client_secret":"t-1"`, "consumer:o:c/x": `"client_id":"consumer","client_secret":"c-1"`,
	} {
		s := authtest.FakeIDP(t, authtest.Token("tok", 60))
		p := at(s)
		p.Own = profile.Values{"credentials_file": "c.json", "realm": realm}
		ports := providertest.Ports(s.Client())
		ports.ReadFile = func(string) ([]byte, error) { return []byte(file), nil }
		if _, err := providertest.Source(t, apiconnect.Provider(), p, ports).Grant.Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
		if body := s.Only(t).Body; !strings.Contains(body, want) {
			t.Errorf("%s: %s", realm, body)
		}
	}
}

func TestAMissingFileOfCredentialsIsToldByItsKey(t *testing.T) {
	p := minimal()
	p.Own["credentials_file"] = "c.json"
	_, err := apiconnect.Provider().New(providertest.Complete(t, apiconnect.Provider(), p), providertest.Ports(nil))
	if err == nil || !strings.HasPrefix(err.Error(), "credentials_file: ") {
		t.Errorf("%v", err)
	}
}

func TestCredentialsThatCannotBeReadAreAConfigurationFault(t *testing.T) {
	for _, content := range []string{
		"", "[]", `{}`, `{"id":"x"}`, `{"id":"x","secret":"S3CRET\n"}`, `{"id":1,"secret":"S3CRET"}`,
		`{"consumer_toolkit":{"client_id":"x","client_secret":"S3CRET"}}`, `{"toolkit":["S3CRET"]}`,
		`{"id":"x","id":"y","secret":"S3CRET"}`, `{"ID":"x","Secret":"S3CRET"}`, `{"id":"x","secret":"S3CRET"} x`,
	} {
		p := minimal()
		p.Own["credentials_file"] = "c.json"
		ports := providertest.Ports(nil)
		ports.ReadFile = func(string) ([]byte, error) { return []byte(content), nil }
		_, err := apiconnect.Provider().New(providertest.Complete(t, apiconnect.Provider(), p), ports)
		if !fault.Is(err, fault.Config) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestWhatAPIConnectCannotUseIsRefused(t *testing.T) {
	providertest.Declares(t, apiconnect.Provider(), "realm", "api_key", "credentials_file", "sign_in_url")
	own := func(key string, value any) func(*profile.Profile) {
		return func(p *profile.Profile) { p.Own[key] = value }
	}
	keyed := func(key string, value any) func(*profile.Profile) {
		return func(p *profile.Profile) {
			p.Grant, p.Username, p.Password, p.Own = "api_key", "", profile.Profile{}.Password, profile.Values{key: value}
		}
	}
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		key    string
	}{
		"no address":             {func(p *profile.Profile) { p.BaseURL = "" }, "base_url"},
		"nowhere to discover":    {func(p *profile.Profile) { p.BaseURL, p.TokenURL, p.Own = "", "https://x.example.com/api/token", nil }, "base_url"},
		"a torn UUID":            {func(p *profile.Profile) { p.ClientID = "599b7aef-8841-4ee2-88a0-84d49c4d6ff" }, "client_id"},
		"a UUID with one more":   {func(p *profile.Profile) { p.ClientID = "599b7aef-8841-4ee2-88a0-84d49c4d6ff22" }, "client_id"},
		"a torn UUID, a group":   {func(p *profile.Profile) { p.ClientID = "599b7aef-8841-4ee2-88a0" }, "client_id"},
		"a torn UUID elsewhere":  {func(p *profile.Profile) { p.ClientID = "99b7aef-8841-4ee2-88a0-84d49c4d6ff2" }, "client_id"},
		"a secret without an id": {func(p *profile.Profile) { p.ClientSecret = providertest.Literal("x") }, "client_id"},
		"two clients":            {func(p *profile.Profile) { p.ClientID, p.Own["credentials_file"] = "x", "c.json" }, "client_id"},
		"two secrets": {func(p *profile.Profile) {
			p.ClientSecret, p.Own["credentials_file"] = providertest.Literal("x"), "c.json"
		}, "client_secret"},
		"basic":                {func(p *profile.Profile) { p.ClientAuth = "client_secret_basic" }, "client_auth"},
		"scopes":               {func(p *profile.Profile) { p.Scopes = []string{"x"} }, "scopes"},
		"audience":             {func(p *profile.Profile) { p.Audience = []string{"x"} }, "audience"},
		"resources":            {func(p *profile.Profile) { p.Resources = []string{"x"} }, "resources"},
		"a key without grant":  {own("api_key", providertest.Literal("k")), "api_key"},
		"a realm by parameter": {func(p *profile.Profile) { p.Params = []profile.Param{{Name: "realm", Value: "x"}} }, "params[0].name"},
		"no user":              {func(p *profile.Profile) { p.Username = "" }, "username"},
		"a user with a key":    {func(p *profile.Profile) { p.Grant = "api_key" }, "username"},
		"no such family":       {own("realm", "users"), "realm"},
		"an empty name":        {own("realm", "provider/"), "realm"},
		"too many names":       {own("realm", "provider/a/b"), "realm"},
		"a name alone":         {own("realm", "default-idp-2"), "realm"},
		"another case":         {own("realm", "Provider"), "realm"},
		"a control character":  {own("realm", "provider/a\x1b"), "realm"},
		"half a consumer":      {own("realm", "consumer:org"), "realm"},
		"no catalog":           {own("realm", "consumer:org:/idp"), "realm"},
		"no organization":      {own("realm", "consumer::sandbox"), "realm"},
		"a third part":         {own("realm", "consumer:org:sandbox:x"), "realm"},
		"a header injected":    {own("realm", "consumer:org:sand\r\nX-Evil"), "realm"},
		"an empty registry":    {own("realm", "consumer:org:sandbox/"), "realm"},
		"a page without grant": {own("sign_in_url", "https://x.example.com/"), "sign_in_url"},
		"a plain page":         {keyed("sign_in_url", "http://x.example.com/?from=TOOLKIT"), "sign_in_url"},
		"a page's fragment":    {keyed("sign_in_url", "https://x.example.com/?a=b#c"), "sign_in_url"},
		"a blank in a page":    {keyed("sign_in_url", "https://x.example.com/?a= b"), "sign_in_url"},
		"a user in a page":     {keyed("sign_in_url", "https://u:p@x.example.com/"), "sign_in_url"},
		"another catalog": {func(p *profile.Profile) {
			p.Own["realm"] = "consumer:org:sandbox"
			p.Headers = []profile.Header{{Name: "x-ibm-consumer-context", Value: providertest.Literal("org.other")}}
		}, "headers[0]"},
		"a refresh token, other grant": {func(p *profile.Profile) { p.RefreshToken = providertest.Literal("r") }, "refresh_token"},
		"bound tokens":                 {func(p *profile.Profile) { p.Said = map[string]bool{"dpop": true} }, "dpop"},
	} {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			c.change(&p)
			e := providertest.Refuses(t, apiconnect.Provider(), p, c.key)
			if strings.HasPrefix(name, "a torn") && !strings.Contains(e.Hint, "599b7aef-8841-4ee2-88a0-84d49c4d6ff2") {
				t.Errorf("hint %q", e.Hint)
			}
		})
	}
	for _, id := range []string{"app1id", "599b7aef-8841-4ee2-88a0-84d49c4d6ff2", "a-b-c-d-e", "my-own-app-in-prod"} {
		p := minimal()
		p.ClientID = id
		providertest.Complete(t, apiconnect.Provider(), p)
	}
}

func TestHintsSayWhatUsuallyIsWrongAtAPIConnect(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(401, `{"status":401,"message":["Error: The login was unsuccessful"]}`, "X-Request-ID: r-1"))
	e := providertest.Fail(t, apiconnect.Provider(), at(s), s.Client())
	if e.Kind != fault.Auth || e.CorrelationID != "r-1" || !strings.Contains(e.Error(), "The login was unsuccessful") {
		t.Errorf("%+v", e)
	}
	for _, want := range []string{"realm list -p test", "credentials.json"} {
		if !strings.Contains(e.HintText(), want) {
			t.Errorf("hint %q", e.HintText())
		}
	}
	key := profile.Profile{BaseURL: s.URL, Grant: "api_key", ClientID: "x", Own: profile.Values{"api_key": providertest.Literal("k")}}
	if hint := providertest.Fail(t, apiconnect.Provider(), key, s.Client()).HintText(); !strings.Contains(hint, "serves once") || strings.Contains(hint, "credentials.json") {
		t.Errorf("hint %q", hint)
	}
}

func TestATokenIsBoundToSecretsAndRealm(t *testing.T) {
	bound := func(p profile.Profile, ports provider.Ports) string {
		all, err := providertest.Source(t, apiconnect.Provider(), p, ports).Bound(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, s := range all {
			text += s.Reveal() + "|"
		}
		return text
	}
	ports := providertest.Ports(nil)
	explicit, discovered, key := minimal(), minimal(), minimal()
	discovered.Own = profile.Values{"realm": "provider"}
	key.Grant, key.Username, key.Password, key.Own = "api_key", "", profile.Profile{}.Password, profile.Values{"api_key": providertest.Literal("k")}
	seen := map[string]bool{bound(explicit, ports): true, bound(discovered, ports): true, bound(key, ports): true}
	_ = ports.Realms.Remember("https://apim.example.com", "provider", "provider/ldap")
	seen[bound(discovered, ports)] = true
	key.Own = profile.Values{"api_key": providertest.Literal("k2")}
	seen[bound(key, ports)] = true
	if len(seen) != 5 {
		t.Errorf("%v", seen)
	}
}
