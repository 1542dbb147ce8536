package mulesoft_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/mulesoft"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

func at(url string) profile.Profile { return anypoint(profile.Values{"platform_url": url}) }

func TestTheGrantsOfThePlatformAreOneJSONBodyEach(t *testing.T) {
	const pair = `"client_id":"my-app","client_secret":"s&cret"`
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		body   string
	}{
		"refresh_token": {func(p *profile.Profile) {
			p.Grant, p.RefreshToken = "refresh_token", providertest.Literal("r-1")
		}, `{"grant_type":"refresh_token",` + pair + `,"refresh_token":"r-1"}`},
		"jwt_bearer": {func(p *profile.Profile) {
			p.Grant, p.Assertion.JWT = "jwt_bearer", providertest.Literal("a.b.c")
		}, `{"grant_type":"urn:ietf:params:oauth:grant-type:jwt-bearer",` + pair + `,"assertion":"a.b.c"}`},
		"jwt_bearer, the assertion alone": {func(p *profile.Profile) {
			p.Grant, p.Assertion.JWT, p.ClientAuth = "jwt_bearer", providertest.Literal("a.b.c"), "none"
			p.ClientID, p.ClientSecret = "", secret.Ref{}
		}, `{"grant_type":"urn:ietf:params:oauth:grant-type:jwt-bearer","assertion":"a.b.c"}`},
		"scopes": {func(p *profile.Profile) { p.Scopes = []string{"a", "b"} }, `{"grant_type":"client_credentials",` + pair + `,"scope":"a b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.Token("tok", 3600))
			p := at(s.URL)
			c.change(&p)
			if _, err := providertest.Source(t, mulesoft.Provider(), p, providertest.Ports(s.Client())).Grant.Token(t.Context(), grant.Ask{}); err != nil {
				t.Fatal(err)
			}
			if r := s.Only(t); r.Target != "/accounts/api/v2/oauth2/token" || r.Header.Get("Content-Type") != "application/json" || r.Body != c.body {
				t.Errorf("%s", r.Raw)
			}
		})
	}
}

func TestAUserLogsInAtThePlatformsOwnPage(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"bearer","expires_in":3600,"refresh_token":"r-1"}`), authtest.Token("tok-2", 3600))
	p := at(s.URL)
	p.Grant = "authorization_code"
	source := providertest.Source(t, mulesoft.Provider(), p, providertest.Ports(s.Client()))
	var opened *url.URL
	token, err := source.Grant.(grant.Login).Login(t.Context(), grant.Person{
		Tell: func(string, ...any) {},
		Browse: func(ctx context.Context, address string) error {
			opened, _ = url.Parse(address)
			q := opened.Query()
			back := q.Get("redirect_uri") + "?code=c-1&state=" + url.QueryEscape(q.Get("state"))
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, back, http.NoBody)
			go func() {
				if resp, err := http.DefaultClient.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}()
			return nil
		},
	})
	if err != nil || token.RefreshToken.Reveal() != "r-1" {
		t.Fatalf("%+v %v", token, err)
	}
	if !strings.HasPrefix(opened.String(), s.URL+"/accounts/api/v2/oauth2/authorize?") || opened.Query().Get("client_id") != "my-app" || opened.Query().Has("client_secret") {
		t.Errorf("%v", opened)
	}
	r := s.Only(t)
	if !strings.HasPrefix(r.Body, `{"grant_type":"authorization_code","client_id":"my-app","client_secret":"s&cret","code":"c-1"`) || !strings.Contains(r.Body, `"code_verifier":"`) {
		t.Errorf("%s", r.Raw)
	}
	if _, err := source.Grant.(grant.Refresher).Refresh(t.Context(), token, grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	if r := s.Requests()[1]; r.Body != `{"grant_type":"refresh_token","client_id":"my-app","client_secret":"s&cret","refresh_token":"r-1"}` {
		t.Errorf("%s", r.Raw)
	}
}

func TestATokenOfThePlatformEndsAtThePlatform(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(200, ""))
	source := providertest.Source(t, mulesoft.Provider(), at(s.URL), providertest.Ports(s.Client()))
	if err := source.Life.Revoke(t.Context(), secret.New("tok"), grant.AccessTokenHint); err != nil {
		t.Fatal(err)
	}
	if r := s.Only(t); r.Target != "/accounts/api/v2/oauth2/revoke" || r.Body != "token=tok&client_id=my-app&client_secret=s%26cret&token_type_hint=access_token" {
		t.Errorf("%s", r.Raw)
	}
}

func TestAUserOfThePlatformCanNeitherRefreshNorKeepMore(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"bearer","redirectUrl":"/home/","refresh_token":"r"}`))
	source := providertest.Source(t, mulesoft.Provider(), user(profile.Values{"platform_url": s.URL}), providertest.Ports(s.Client()))
	token, err := source.Grant.Token(t.Context(), grant.Ask{})
	if err != nil || token.Lifetime() != time.Hour || !token.RefreshToken.IsZero() {
		t.Errorf("%+v %v", token, err)
	}
	if _, refreshes := source.Grant.(grant.Refresher); refreshes {
		t.Error("such a login cannot be refreshed")
	}
}

func TestMulesOwnProviderModuleIsATokenURLWithItsSiblings(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 86400))
	p := ping()
	p.TokenURL, p.ClientAuth = s.URL+"/access_token", "client_secret_basic"
	p.Grant, p.Username, p.Password, p.Scopes = "password", "ann", providertest.Literal("pw"), []string{"READ"}
	p.Endpoints.Authorization, p.Endpoints.Revocation = s.URL+"/authorize", s.URL+"/revoke"
	p.Said = map[string]bool{"authorization_url": true, "revocation_url": true, "token_url": true}
	source := providertest.Source(t, mulesoft.Provider(), p, providertest.Ports(s.Client()))
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	if r := s.Only(t); r.Target != "/access_token" || r.Header.Get("Authorization") == "" || r.Body != "grant_type=password&username=ann&password=pw&scope=READ" {
		t.Errorf("%s", r.Raw)
	}
	if ok, err := source.Life.CanRevoke(t.Context()); !ok || err != nil {
		t.Errorf("%t %v", ok, err)
	}
}

func TestALoginThatIsNotThereIsNotTheUsersFault(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(404, "<html>"))
	e := providertest.Fail(t, mulesoft.Provider(), user(profile.Values{"platform_url": s.URL}), s.Client())
	if e.Kind != fault.Auth || !strings.Contains(e.HintText(), "platform_url") || strings.Contains(e.HintText(), "password") {
		t.Errorf("%v, hint %q", e, e.HintText())
	}
	s.Only(t)
}

func TestAUsersRefusalNamesTheUser(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(401, "Unauthorized"))
	e := providertest.Fail(t, mulesoft.Provider(), user(profile.Values{"platform_url": s.URL}), s.Client())
	if e.Kind != fault.Auth || !strings.Contains(e.HintText(), "username and password") || strings.Contains(e.HintText(), "client_secret") {
		t.Errorf("%v, hint %q", e, e.HintText())
	}
	s.Only(t)
}
