package entra_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

// person is a profile for people who log in: a public client.
func person(name string) profile.Profile {
	p := minimal()
	p.ClientSecret, p.Grant = secret.Ref{}, name
	p.Scopes = []string{"openid", "offline_access", "https://graph.microsoft.com/User.Read"}
	return p
}

func TestPeopleOfAnyDirectoryMayLogIn(t *testing.T) {
	for grantName, want := range map[string]string{
		"authorization_code": "https://login.microsoftonline.com/TENANT/oauth2/v2.0/authorize",
		"device_code":        "https://login.microsoftonline.com/TENANT/oauth2/v2.0/devicecode",
	} {
		for _, tenant := range []string{"common", "organizations", "consumers", "Common", "contoso.com", "72f988bf-86f1-41af-91ab-2d7cd011db47"} {
			p := person(grantName)
			p.Own["tenant"] = tenant
			done := providertest.Complete(t, entra.Provider(nil), p)
			if got := done.Endpoints.Authorization + done.Endpoints.DeviceAuthorization; got != strings.Replace(want, "TENANT", tenant, 1) {
				t.Errorf("%s: %s", grantName, got)
			}
			if done.ClientAuth != "none" || done.TokenURL != "https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token" {
				t.Errorf("%s: %s %s", grantName, done.ClientAuth, done.TokenURL)
			}
		}
	}
	p := person("refresh_token")
	p.Own["tenant"] = "common"
	providertest.Refuses(t, entra.Provider(nil), p, "tenant")
}

func TestAConfidentialClientMayLogPeopleIn(t *testing.T) {
	for name, change := range map[string]func(*profile.Profile){
		"client_secret_post": func(p *profile.Profile) { p.ClientSecret = providertest.Literal("s") },
		"private_key_jwt":    func(p *profile.Profile) { p.Own["certificate"] = profile.Values{"file": "c"} },
		"none":               func(*profile.Profile) {},
	} {
		p := person("authorization_code")
		change(&p)
		if got := providertest.Complete(t, entra.Provider(nil), p).ClientAuth; got != name {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestADeviceLoginAsksEntraAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := &script{replies: []string{
			`200 {"user_code":"ABC123","device_code":"dev-code","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,"message":"To sign in..."}`,
			`400 {"error":"authorization_declined","error_description":"AADSTS65004: User declined. Trace ID: t"}`,
		}}
		p := person("device_code")
		source := providertest.Source(t, entra.Provider(nil), p, providertest.Ports(&http.Client{Transport: answers}))
		var told strings.Builder
		login, ok := source.Grant.(grant.Login)
		if !ok {
			t.Fatal("no login")
		}
		_, err := login.Login(t.Context(), grant.Person{Tell: func(format string, args ...any) { fmt.Fprintf(&told, format+"\n", args...) }})
		e := fault.From(err)
		if e.Kind != fault.Auth || !strings.Contains(e.HintText(), "declined") || !strings.Contains(told.String(), "https://microsoft.com/devicelogin\n") {
			t.Errorf("%+v\n%s", e, told.String())
		}
		const base = "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/"
		first, second := answers.forms[0], answers.forms[1]
		if answers.asked != 2 || answers.urls[0] != base+"devicecode" || first.Get("client_id") != p.ClientID || len(first) != 2 ||
			first.Get("scope") != "openid offline_access https://graph.microsoft.com/User.Read" {
			t.Errorf("%v %v", answers.urls, first)
		}
		if answers.urls[1] != base+"token" || second.Get("device_code") != "dev-code" || second.Get("client_id") != p.ClientID ||
			second.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" || len(second) != 3 {
			t.Errorf("%v %v", answers.urls, second)
		}
	})
}

func TestABrowserLoginAnnouncesWhatTheClientCanDo(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"token_type":"Bearer","expires_in":3599,"access_token":"tok","refresh_token":"r"}`))
	p := person("authorization_code")
	p.Scopes = []string{"offline_access", "https://graph.microsoft.com/User.Read"}
	p.Own["authority"], p.Own["cae"] = s.URL, true
	source := providertest.Source(t, entra.Provider(nil), p, providertest.Ports(s.Client()))
	const cp1 = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	token, err := source.Grant.(grant.Login).Login(ctx, grant.Person{
		Tell: func(string, ...any) {},
		Browse: func(_ context.Context, address string) error {
			u, _ := url.Parse(address)
			query := u.Query()
			if u.Path != "/contoso.onmicrosoft.com/oauth2/v2.0/authorize" || query.Get("claims") != cp1 || query.Get("client_id") != p.ClientID {
				t.Errorf("%s", address)
			}
			go answer(ctx, query.Get("redirect_uri")+"?code=c0de&state="+url.QueryEscape(query.Get("state")))
			return nil
		},
	})
	if err != nil || token.RefreshToken.Reveal() != "r" {
		t.Fatalf("%+v %v", token, err)
	}
	if form, _ := url.ParseQuery(s.Requests()[0].Body); form.Get("claims") != cp1 || form.Get("code") != "c0de" || s.Count() != 1 {
		t.Errorf("%s", s.Requests()[0].Raw)
	}
}

// The browser brings back the same codes as the token endpoint, without a status beside them.
func TestWhatTheBrowserBringsBackIsExplained(t *testing.T) {
	for words, want := range map[string]string{
		"access_denied AADSTS65004: User declined to consent to access the app.": "declined",
		"access_denied AADSTS90094: The grant requires admin permission.":        "/contoso.onmicrosoft.com/adminconsent?client_id=",
		"invalid_client AADSTS650057: Invalid resource.":                         "scopes must name one API",
		"access_denied the server says no more":                                  "",
	} {
		s := authtest.FakeIDP(t, authtest.JSON(500, ""))
		p := person("authorization_code")
		p.Own["authority"] = s.URL
		source := providertest.Source(t, entra.Provider(nil), p, providertest.Ports(s.Client()))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		code, description, _ := strings.Cut(words, " ")
		_, err := source.Grant.(grant.Login).Login(ctx, grant.Person{
			Tell: func(string, ...any) {},
			Browse: func(_ context.Context, address string) error {
				u, _ := url.Parse(address)
				said := url.Values{"error": {code}, "error_description": {description}, "state": {u.Query().Get("state")}}
				go answer(ctx, u.Query().Get("redirect_uri")+"?"+said.Encode())
				return nil
			},
		})
		e := fault.From(err)
		if hints := len(e.Hints); e.Kind != fault.Auth || want != "" && (hints != 2 || !strings.Contains(e.Hints[1], want)) || want == "" && hints != 1 || s.Count() != 0 {
			t.Errorf("%s: %v, hints %q", words, err, e.Hints)
		}
	}
}

// answer is the browser coming back.
func answer(ctx context.Context, address string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	if res, err := http.DefaultClient.Do(req); err == nil {
		_ = res.Body.Close()
	}
}

func TestACapabilityIsMergedIntoAChallenge(t *testing.T) {
	s := authtest.FakeIDP(t, okay())
	p := at(s)
	p.Own["cae"] = true
	source := providertest.Source(t, entra.Provider(nil), p, providertest.Ports(s.Client()))
	for asked, want := range map[string]string{
		"": `{"access_token":{"xms_cc":{"values":["cp1"]}}}`,
		`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`:         `{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["cp1"]}}}`,
		`{"id_token":{"acr":null}}`:                                       `{"access_token":{"xms_cc":{"values":["cp1"]}},"id_token":{"acr":null}}`,
		`{"access_token":{"xms_cc":{"values":["other"]},"big":1e999999}}`: `{"access_token":{"big":1e999999,"xms_cc":{"values":["cp1"]}}}`,
	} {
		if _, err := source.Grant.Token(t.Context(), grant.Ask{Claims: asked}); err != nil {
			t.Fatal(err)
		}
		if form, _ := url.ParseQuery(s.Requests()[s.Count()-1].Body); form.Get("claims") != want || len(form["claims"]) != 1 {
			t.Errorf("%s: %v, want %s", asked, form["claims"], want)
		}
	}
	p.Own = profile.Values{"tenant": "contoso.com", "authority": s.URL, "cae": false}
	plain := providertest.Source(t, entra.Provider(nil), p, providertest.Ports(s.Client()))
	if _, err := plain.Grant.Token(t.Context(), grant.Ask{}); err != nil || strings.Contains(s.Requests()[s.Count()-1].Body, "claims") {
		t.Errorf("%v %s", err, s.Requests()[s.Count()-1].Body)
	}
}
