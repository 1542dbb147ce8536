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

func TestAWebPageInPlaceOfATokenPointsAtTheModesOwnKeys(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(200, "<html><title>Sign in</title>"))
	oauth := minimal()
	oauth.BaseURL = s.URL
	for want, p := range map[string]profile.Profile{
		"check token_url or base_url of": oauth, "check login_url or base_url of": legacy(s.URL), "check login_url of": zen(s.URL), "check login_url and auth_server_id of": okta(s.URL),
	} {
		e := providertest.Fail(t, tnco.Provider(), p, s.Client())
		if e.Kind != fault.Protocol || !strings.Contains(e.HintText(), want) {
			t.Errorf("%v, hint %q, want %q", e, e.HintText(), want)
		}
	}
}
