package tnco_test

import (
	"context"
	"encoding/base64"
	"fmt"
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

func legacy(url string) profile.Profile {
	return profile.Profile{BaseURL: url, Username: "jack", Password: providertest.Literal(`p"w<`), Own: profile.Values{"mode": "legacy"}}
}

func zen(url string) profile.Profile {
	return profile.Profile{Username: "jack", Own: profile.Values{"mode": "zen", "login_url": url, "api_key": providertest.Literal("k&1")}}
}

func okta(url string) profile.Profile {
	return profile.Profile{
		ClientID: "app", ClientSecret: providertest.Literal("s%1"),
		Own: profile.Values{"mode": "okta", "login_url": url, "auth_server_id": "default"},
	}
}

func jwt(exp time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part(fmt.Appendf(nil, `{"username":"jack","exp":%d}`, exp.Unix())) + ".c2ln"
}

func TestTheRequestOfEachModeIsAsOnItsWire(t *testing.T) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("app:s%1"))
	const json, form = "application/json", "application/x-www-form-urlencoded"
	cases := map[string]struct {
		profile                                func(url string) profile.Profile
		change                                 func(*profile.Profile)
		reply                                  string
		target, mediaType, authorization, body string
	}{
		"legacy": {
			legacy, func(*profile.Profile) {}, `{"accessToken":"tok","expiresIn":1200}`,
			"/ui/api/login", json, "", `{"username":"jack","password":"p\"w<"}`,
		},
		"legacy elsewhere": {
			func(url string) profile.Profile {
				p := legacy("https://api.example.com")
				p.Own["login_url"] = url + "/x/"
				return p
			},
			func(*profile.Profile) {}, `{"accessToken":"tok","expiresIn":1200}`,
			"/x/ui/api/login", json, "", `{"username":"jack","password":"p\"w<"}`,
		},
		"zen": {
			zen, func(*profile.Profile) {}, `{"_messageCode_":"200","message":"Success","token":"tok"}`,
			"/icp4d-api/v1/authorize", json, "", `{"username":"jack","api_key":"k&1"}`,
		},
		"zen, a slash": {
			func(url string) profile.Profile { return zen(url + "/") }, func(*profile.Profile) {}, `{"token":"tok"}`,
			"/icp4d-api/v1/authorize", json, "", `{"username":"jack","api_key":"k&1"}`,
		},
		"zen, the whole address": {
			func(url string) profile.Profile { return zen(url + "/cpd/icp4d-api/v1/authorize") }, func(*profile.Profile) {}, `{"token":"tok"}`,
			"/cpd/icp4d-api/v1/authorize", json, "", `{"username":"jack","api_key":"k&1"}`,
		},
		"zen, password": {
			zen, func(p *profile.Profile) { delete(p.Own, "api_key"); p.Password = providertest.Literal("pw") }, `{"token":"tok"}`,
			"/icp4d-api/v1/authorize", json, "", `{"username":"jack","password":"pw"}`,
		},
		"zen, a parameter": {
			zen, func(p *profile.Profile) { p.Params = []profile.Param{{Name: "a", Value: "b"}} }, `{"token":"tok"}`,
			"/icp4d-api/v1/authorize", json, "", `{"username":"jack","api_key":"k&1","a":"b"}`,
		},
		"okta": {
			okta, func(*profile.Profile) {}, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`,
			"/oauth2/default/v1/token", form, basic, "grant_type=client_credentials",
		},
		"okta, a user": {
			okta, func(p *profile.Profile) {
				p.Grant, p.Username, p.Password, p.Scopes = "password", "jack", providertest.Literal("pw"), []string{"openid", "things"}
			}, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`,
			"/oauth2/default/v1/token", form, basic, "grant_type=password&username=jack&password=pw&scope=openid+things",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, c.reply))
			p := c.profile(s.URL)
			c.change(&p)
			token, err := providertest.Source(t, tnco.Provider(), p, providertest.Ports(s.Client())).Grant.Token(t.Context(), grant.Ask{})
			if err != nil || token.AccessToken.Reveal() != "tok" || token.TokenType != "Bearer" {
				t.Fatalf("%+v %v", token, err)
			}
			r := s.Only(t)
			if r.Method != "POST" || r.Target != c.target || r.Body != c.body || r.Header.Get("Authorization") != c.authorization {
				t.Errorf("%s %s %q %s", r.Method, r.Target, r.Header.Get("Authorization"), r.Body)
			}
			if r.Header.Get("Content-Type") != c.mediaType || r.Header.Get("Accept") != "application/json" {
				t.Errorf("%v", r.Header)
			}
		})
	}
}

func TestTheOlderLoginIsAskedWhereTheNewerOneIsNot(t *testing.T) {
	for _, status := range []int{404, 405} {
		s := authtest.FakeIDP(t, authtest.Answer(status, "<html><title>Nimrod</title>"), authtest.JSON(200, `{"accessToken":"tok","expiresIn":60}`))
		asked := 0
		ports := providertest.Ports(s.Client())
		find := ports.Secret
		ports.Secret = func(ctx context.Context, ref secret.Ref, key string) (secret.String, error) {
			asked++
			return find(ctx, ref, key)
		}
		p := legacy(s.URL + "/ui")
		token, err := providertest.Source(t, tnco.Provider(), p, ports).Grant.Token(t.Context(), grant.Ask{})
		if err != nil || token.Lifetime() != time.Minute || asked != 1 {
			t.Fatalf("%d: %+v %v, the password was asked for %d times", status, token, err, asked)
		}
		all := s.Requests()
		if len(all) != 2 || all[0].Target != "/ui/ui/api/login" || all[1].Target != "/ui/api/login" || all[0].Body != all[1].Body {
			t.Errorf("%d: %+v", status, all)
		}
	}
}

func TestAPasswordGoesToNoOtherAddressForAnyOtherAnswer(t *testing.T) {
	for name, reply := range map[string]authtest.Reply{
		"refused": authtest.Answer(401, ""), "forbidden": authtest.Answer(403, ""), "malformed": authtest.Answer(400, ""), "gone": authtest.Answer(410, ""),
		"down": authtest.Answer(503, ""), "throttled": authtest.Answer(429, ""), "elsewhere": authtest.Redirect(307, "https://x.example.com/"),
		"reset": authtest.Reset(), "HTML": authtest.Answer(200, "<html>"), "no token": authtest.JSON(200, `{"status":404}`),
	} {
		s := authtest.FakeIDP(t, reply)
		if e := providertest.Fail(t, tnco.Provider(), legacy(s.URL), s.Client()); e.Kind == fault.Internal {
			t.Errorf("%s: %+v", name, e)
		}
		s.Only(t)
	}
	s := authtest.FakeIDP(t, authtest.Answer(404, ""))
	if e := providertest.Fail(t, tnco.Provider(), legacy(s.URL), s.Client()); e.Kind != fault.Auth || !strings.Contains(e.HintText(), "nimrod") || s.Count() != 2 {
		t.Errorf("%+v, %d requests", e, s.Count())
	}
}

func TestALoginsTokenLivesAsItsModeSays(t *testing.T) {
	soon, later := jwt(time.Now().Add(5*time.Minute)), jwt(time.Now().Add(12*time.Hour))
	past := jwt(time.Now().Add(-time.Hour))
	for name, c := range map[string]struct {
		profile func(string) profile.Profile
		reply   string
		want    time.Duration
	}{
		"legacy":                     {legacy, `{"accessToken":"tok","expiresIn":"90.5"}`, 90 * time.Second},
		"legacy, unsaid":             {legacy, `{"accessToken":"tok"}`, 20 * time.Minute},
		"legacy, by another name":    {legacy, `{"accessToken":"tok","expires_in":5}`, 20 * time.Minute},
		"legacy, none left":          {legacy, `{"accessToken":"tok","expiresIn":0}`, 0},
		"zen":                        {zen, `{"token":"` + later + `"}`, 12 * time.Hour},
		"zen, short":                 {zen, `{"token":"` + soon + `"}`, 5 * time.Minute},
		"zen, over":                  {zen, `{"token":"` + past + `"}`, -time.Hour},
		"zen, opaque":                {zen, `{"token":"tok"}`, 20 * time.Minute},
		"zen, another member's word": {zen, `{"token":"tok","expires_in":5}`, 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, c.reply))
			token, err := providertest.Source(t, tnco.Provider(), c.profile(s.URL), providertest.Ports(s.Client())).Grant.Token(t.Context(), grant.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			if off := token.Lifetime() - max(c.want, 0); off > 0 || off < -2*time.Second {
				t.Errorf("lives %v, want %v", token.Lifetime(), c.want)
			}
		})
	}
}

func TestTheNamesOfAModeCountInThatModeOnly(t *testing.T) {
	oauth := func(url string) profile.Profile { p := minimal(); p.BaseURL = url; return p }
	for name, c := range map[string]struct {
		profile func(string) profile.Profile
		reply   string
	}{
		"camel case in oauth":      {oauth, `{"accessToken":"tok","expiresIn":60}`},
		"token in oauth":           {oauth, `{"token":"tok"}`},
		"camel case in okta":       {okta, `{"accessToken":"tok"}`},
		"snake case in legacy":     {legacy, `{"access_token":"tok","expires_in":60}`},
		"another case in legacy":   {legacy, `{"AccessToken":"tok"}`},
		"token in legacy":          {legacy, `{"token":"tok"}`},
		"camel case in zen":        {zen, `{"accessToken":"tok"}`},
		"a number":                 {zen, `{"token":1}`},
		"twice":                    {zen, `{"token":"a","token":"b"}`},
		"an injected header":       {legacy, `{"accessToken":"tok\r\nX: y"}`},
		"a life that is no number": {legacy, `{"accessToken":"tok","expiresIn":"soon"}`},
		"another type":             {legacy, `{"accessToken":"tok","token_type":"mac"}`},
		"Cloud Pak's own no":       {zen, `{"_messageCode_":"401","message":"Invalid credentials"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, c.reply))
			e := providertest.Fail(t, tnco.Provider(), c.profile(s.URL), s.Client())
			if e.Kind != fault.Protocol || strings.Contains(e.Error(), `"tok"`) {
				t.Errorf("%+v", e)
			}
			s.Only(t)
		})
	}
}

func TestALoginKeepsNothingButTheToken(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"accessToken":"tok","expiresIn":60,"refresh_token":"r","id_token":"i","scope":"all"}`))
	source := providertest.Source(t, tnco.Provider(), legacy(s.URL), providertest.Ports(s.Client()))
	token, err := source.Grant.Token(t.Context(), grant.Ask{})
	if err != nil || !token.RefreshToken.IsZero() || !token.IDToken.IsZero() {
		t.Errorf("%+v %v", token, err)
	}
	if _, refreshes := source.Grant.(grant.Refresher); refreshes {
		t.Error("such a login cannot be refreshed")
	}
}

func TestEachModeIsAnIdentityOfItsOwn(t *testing.T) {
	const url = "https://x.example.com"
	byPassword := zen(url)
	delete(byPassword.Own, "api_key")
	oauthAtOkta := okta(url)
	oauthAtOkta.Own, oauthAtOkta.TokenURL, oauthAtOkta.Scopes = nil, url+"/oauth2/default/v1/token", []string{}
	seen := map[string]bool{}
	for _, p := range []profile.Profile{legacy(url), zen(url), byPassword, okta(url), oauthAtOkta} {
		seen[providertest.Source(t, tnco.Provider(), p, providertest.Ports(nil)).Identity.Key()] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d identities of 5", len(seen))
	}
}

func TestATokenIsBoundToTheProofOfItsMode(t *testing.T) {
	const url = "https://x.example.com"
	other, byPassword := zen(url), zen(url)
	other.Own["api_key"] = providertest.Literal("k2")
	delete(byPassword.Own, "api_key")
	byPassword.Password = providertest.Literal("k&1")
	seen := map[string]bool{}
	for _, p := range []profile.Profile{legacy(url), zen(url), other, byPassword} {
		bound, err := providertest.Source(t, tnco.Provider(), p, providertest.Ports(nil)).Bound(t.Context())
		if err != nil || len(bound) != 1 {
			t.Fatalf("%v %v", bound, err)
		}
		seen[bound[0].Reveal()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%v", seen)
	}
}

func TestWhatAModeCannotUseIsRefused(t *testing.T) {
	const url = "https://x.example.com"
	own := func(key string, value any) func(*profile.Profile) {
		return func(p *profile.Profile) { p.Own[key] = value }
	}
	without := func(key string) func(*profile.Profile) { return func(p *profile.Profile) { delete(p.Own, key) } }
	said := func(key string) func(*profile.Profile) {
		return func(p *profile.Profile) { p.Said = map[string]bool{key: true} }
	}
	for name, c := range map[string]struct {
		profile profile.Profile
		change  func(*profile.Profile)
		key     string
	}{
		"oauth, a login": {minimal(), func(p *profile.Profile) { p.Own = profile.Values{"login_url": url} }, "login_url"},
		"oauth said, a key": {minimal(), func(p *profile.Profile) {
			p.Own = profile.Values{"mode": "oauth", "api_key": providertest.Literal("k")}
		}, "api_key"},
		"oauth, a server":             {minimal(), func(p *profile.Profile) { p.Own = profile.Values{"auth_server_id": "x"} }, "auth_server_id"},
		"legacy, nowhere":             {legacy(""), func(*profile.Profile) {}, "login_url"},
		"legacy, the login's path":    {legacy(url), own("login_url", url+"/ui/api/login"), "login_url"},
		"legacy, a token URL":         {legacy(url), func(p *profile.Profile) { p.TokenURL = url + "/token" }, "token_url"},
		"legacy, its own as if said":  {legacy(url), said("token_url"), "token_url"},
		"legacy, a client":            {legacy(url), func(p *profile.Profile) { p.ClientID = "x" }, "client_id"},
		"legacy, a client's secret":   {legacy(url), func(p *profile.Profile) { p.ClientSecret = providertest.Literal("x") }, "client_secret"},
		"legacy, a client's proof":    {legacy(url), said("client_auth"), "client_auth"},
		"legacy, an encoding":         {legacy(url), func(p *profile.Profile) { p.BasicEncoding = "raw" }, "basic_encoding"},
		"legacy, no user":             {legacy(url), func(p *profile.Profile) { p.Username = "" }, "username"},
		"legacy, a key":               {legacy(url), own("api_key", providertest.Literal("k")), "api_key"},
		"legacy, a server":            {legacy(url), own("auth_server_id", "default"), "auth_server_id"},
		"legacy, scopes":              {legacy(url), func(p *profile.Profile) { p.Scopes = []string{"all"} }, "scopes"},
		"legacy, audience":            {legacy(url), func(p *profile.Profile) { p.Audience = []string{"x"} }, "audience"},
		"legacy, bound tokens":        {legacy(url), said("dpop"), "dpop"},
		"legacy, a client's grant":    {legacy(url), func(p *profile.Profile) { p.Grant = "client_credentials" }, "grant"},
		"zen, nowhere":                {zen(url), without("login_url"), "login_url"},
		"zen, two proofs":             {zen(url), func(p *profile.Profile) { p.Password = providertest.Literal("x") }, "api_key"},
		"zen, a client":               {zen(url), func(p *profile.Profile) { p.ClientID = "x" }, "client_id"},
		"zen, no user":                {zen(url), func(p *profile.Profile) { p.Username = "" }, "username"},
		"zen, a token URL":            {zen(url), func(p *profile.Profile) { p.TokenURL = url + "/token" }, "token_url"},
		"zen, scopes":                 {zen(url), func(p *profile.Profile) { p.Scopes = []string{"x"} }, "scopes"},
		"okta, nowhere":               {okta(url), without("login_url"), "login_url"},
		"okta, which server":          {okta(url), without("auth_server_id"), "auth_server_id"},
		"okta, a way out":             {okta(url), own("auth_server_id", "../x"), "auth_server_id"},
		"okta, up":                    {okta(url), own("auth_server_id", ".."), "auth_server_id"},
		"okta, a query":               {okta(url), own("auth_server_id", "x?y"), "auth_server_id"},
		"okta, no client":             {okta(url), func(p *profile.Profile) { p.ClientID = "" }, "client_id"},
		"okta, the pair in the body":  {okta(url), func(p *profile.Profile) { p.ClientAuth = "client_secret_post" }, "client_auth"},
		"okta, a user without scopes": {okta(url), func(p *profile.Profile) { p.Grant, p.Username = "password", "jack" }, "scopes"},
		"okta, a user, empty scopes":  {okta(url), func(p *profile.Profile) { p.Grant, p.Username, p.Scopes = "password", "jack", []string{} }, "scopes"},
		"okta, a key":                 {okta(url), own("api_key", providertest.Literal("k")), "api_key"},
		"okta, a token URL":           {okta(url), func(p *profile.Profile) { p.TokenURL = url + "/token" }, "token_url"},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(&c.profile)
			providertest.Refuses(t, tnco.Provider(), c.profile, c.key)
		})
	}
}

func TestHintsKnowTheMode(t *testing.T) {
	for name, c := range map[string]struct {
		profile func(string) profile.Profile
		reply   authtest.Reply
		want    string
	}{
		"legacy":                {legacy, authtest.JSON(401, `{"status":401,"error":"Unauthorized","message":"Bad credentials"}`), "username and password"},
		"legacy, another reply": {legacy, authtest.JSON(200, `{"access_token":"tok"}`), "mode legacy"},
		"zen":                   {zen, authtest.JSON(401, `{"_messageCode_":"401","message":"no"}`), "username and api_key"},
		"zen, not there":        {zen, authtest.Answer(404, ""), "login_url"},
		"okta":                  {okta, authtest.JSON(401, `{"error":"invalid_client"}`), "client_secret"},
		"okta, not there":       {okta, authtest.JSON(404, `{"errorCode":"E0000007","errorSummary":"Not found"}`), "auth_server_id"},
		"okta, scope":           {okta, authtest.JSON(400, `{"error":"invalid_scope"}`), "scopes"},
	} {
		s := authtest.FakeIDP(t, c.reply)
		if e := providertest.Fail(t, tnco.Provider(), c.profile(s.URL), s.Client()); !strings.Contains(e.HintText(), c.want) {
			t.Errorf("%s: hint %q", name, e.HintText())
		}
	}
}
