package mulesoft_test

import (
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

func ping() profile.Profile {
	return profile.Profile{TokenURL: "https://oauth.example.com/as/token.oauth2", ClientID: "my-app", ClientSecret: providertest.Literal("s&cret")}
}

func anypoint(own profile.Values) profile.Profile {
	p := ping()
	p.TokenURL, p.Own = "", own
	return p
}

// user is somebody who logs in at the platform without any client.
func user(own profile.Values) profile.Profile {
	return profile.Profile{Grant: "password", Username: "ann", Password: providertest.Literal("p&w"), Own: own}
}

func said(key string) func(*profile.Profile) {
	return func(p *profile.Profile) { p.Said = map[string]bool{key: true} }
}

func TestTheTokenRequestIsAsOnTheWireOfEachEndpoint(t *testing.T) {
	cases := map[string]struct {
		profile                 func(url string) profile.Profile
		target, mediaType, body string
		ttl                     time.Duration
	}{
		"PingFederate": {
			func(url string) profile.Profile { p := ping(); p.TokenURL = url + "/as/token.oauth2"; return p },
			"/as/token.oauth2", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=my-app&client_secret=s%26cret", 24 * time.Hour,
		},
		"Anypoint": {
			func(url string) profile.Profile { return anypoint(profile.Values{"platform_url": url + "/"}) },
			"/accounts/api/v2/oauth2/token", "application/json", `{"grant_type":"client_credentials","client_id":"my-app","client_secret":"s&cret"}`, time.Hour,
		},
		"a user of the platform": {
			func(url string) profile.Profile { return user(profile.Values{"platform_url": url}) },
			"/accounts/login", "application/json", `{"username":"ann","password":"p&w"}`, time.Hour,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok"}`+"\r\n"))
			token, err := providertest.Source(t, mulesoft.Provider(), c.profile(s.URL), providertest.Ports(s.Client())).Grant.Token(t.Context(), grant.Ask{})
			if err != nil || token.Lifetime() != c.ttl {
				t.Fatalf("%+v %v", token, err)
			}
			r := s.Only(t)
			if r.Target != c.target || r.Header.Get("Content-Type") != c.mediaType || r.Body != c.body || r.Header.Get("Authorization") != "" {
				t.Errorf("%s %v %s", r.Target, r.Header, r.Body)
			}
		})
	}
}

func TestARegionIsItsPlatform(t *testing.T) {
	for region, host := range map[string]string{
		"us": "anypoint.mulesoft.com", "eu1": "eu1.anypoint.mulesoft.com", "gov": "gov.anypoint.mulesoft.com",
		"ca1": "ca1.platform.mulesoft.com", "jp1": "jp1.platform.mulesoft.com",
	} {
		p := providertest.Complete(t, mulesoft.Provider(), anypoint(profile.Values{"region": region}))
		if p.BaseURL != "https://"+host || p.TokenURL != "https://"+host+"/accounts/api/v2/oauth2/token" {
			t.Errorf("%s: %s %s", region, p.BaseURL, p.TokenURL)
		}
	}
	own := anypoint(profile.Values{"region": "us"})
	own.BaseURL = "https://api.example.com"
	if p := providertest.Complete(t, mulesoft.Provider(), own); p.BaseURL != "https://api.example.com" {
		t.Errorf("base_url became %s", p.BaseURL)
	}
}

func TestWhatMuleSoftCannotUseIsRefused(t *testing.T) {
	providertest.Declares(t, mulesoft.Provider(), "region", "platform_url")
	region := profile.Values{"region": "us"}
	for name, c := range map[string]struct {
		profile profile.Profile
		change  func(*profile.Profile)
		key     string
	}{
		"no address":         {anypoint(nil), func(*profile.Profile) {}, "token_url"},
		"two addresses":      {anypoint(region), func(p *profile.Profile) { p.TokenURL = "https://x.example.com/" }, "token_url"},
		"two platforms":      {anypoint(profile.Values{"region": "us", "platform_url": "https://x.example.com"}), func(*profile.Profile) {}, "platform_url"},
		"unknown region":     {anypoint(profile.Values{"region": "US"}), func(*profile.Profile) {}, "region"},
		"basic at Anypoint":  {anypoint(region), func(p *profile.Profile) { p.ClientAuth = "client_secret_basic" }, "client_auth"},
		"Anypoint audience":  {anypoint(region), func(p *profile.Profile) { p.Audience = []string{"x"} }, "audience"},
		"a client of a user": {anypoint(region), func(p *profile.Profile) { p.Grant, p.Username = "password", "ann" }, "client_id"},
		"no user":            {user(region), func(p *profile.Profile) { p.Username = "" }, "username"},
		"a user's scopes":    {user(region), func(p *profile.Profile) { p.Scopes = []string{"x"} }, "scopes"},
		"a device":           {anypoint(region), func(p *profile.Profile) { p.Grant = "device_code" }, "grant"},
		"no assertion":       {anypoint(region), func(p *profile.Profile) { p.Grant = "jwt_bearer" }, "assertion"},
		"an endpoint said":   {anypoint(region), said("revocation_url"), "revocation_url"},
		"a token URL said":   {anypoint(region), said("token_url"), "token_url"},
		"bound tokens":       {anypoint(region), said("dpop"), "dpop"},
		"a pushed request": {anypoint(region), func(p *profile.Profile) {
			p.Grant, p.PAR, p.Said = "authorization_code", "always", map[string]bool{"par": true}
		}, "par"},
		"nowhere to sign in": {ping(), func(p *profile.Profile) { p.Grant = "authorization_code" }, "authorization_url"},
		"public client":      {ping(), func(p *profile.Profile) { p.ClientAuth = "none" }, "client_auth"},
		"grant":              {ping(), func(p *profile.Profile) { p.Grant = "api_key" }, "grant"},
		"no client":          {ping(), func(p *profile.Profile) { p.ClientID = "" }, "client_id"},
		"encoding of a body": {ping(), func(p *profile.Profile) { p.BasicEncoding = "form" }, "basic_encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(&c.profile)
			providertest.Refuses(t, mulesoft.Provider(), c.profile, c.key)
		})
	}
}

func TestHintsSayWhatUsuallyIsWrongAtMuleSoft(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(401, `{"error_description":"Invalid client or client credentials","error":"invalid_client"}`+"\r\n"))
	if e := providertest.Fail(t, mulesoft.Provider(), anypoint(profile.Values{"platform_url": s.URL}), s.Client()); !strings.Contains(e.HintText(), "region") {
		t.Errorf("hint %q", e.HintText())
	}
	p := ping()
	p.TokenURL = s.URL
	if e := providertest.Fail(t, mulesoft.Provider(), p, s.Client()); !strings.Contains(e.HintText(), "client_secret") || strings.Contains(e.HintText(), "region") {
		t.Errorf("hint %q", e.HintText())
	}
}

func TestHintsNameWhatTheProfileHas(t *testing.T) {
	for name, c := range map[string]struct {
		reply       string
		change      func(*profile.Profile)
		want, wrong string
	}{
		"another style": {`{"error":"invalid_client"}`, func(p *profile.Profile) { p.ClientAuth = "client_secret_basic" }, "client_secret_post", "wants them in client_secret_basic"},
		"no secret": {`{"error":"invalid_client"}`, func(p *profile.Profile) {
			p.ClientAuth = "tls_client_auth"
			p.TLS.CertFile = "c.pem"
			p.ClientSecret = secret.Ref{}
		}, "tls.cert_file", "client_secret"},
		"scopes":        {`{"error":"invalid_scope"}`, func(*profile.Profile) {}, "scopes", "client_id"},
		"a spent token": {`{"error":"invalid_grant"}`, refreshing, "refresh token is spent", "client_id"},
		"and of the platform": {`{"error":"invalid_grant"}`, func(p *profile.Profile) {
			refreshing(p)
			p.Own, p.TokenURL = profile.Values{"platform_url": p.TokenURL}, ""
		}, "refresh token is spent", "region"},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(400, c.reply))
		p := ping()
		p.TokenURL = s.URL
		c.change(&p)
		if e := providertest.Fail(t, mulesoft.Provider(), p, s.Client()); !strings.Contains(e.HintText(), c.want) || strings.Contains(e.HintText(), c.wrong) {
			t.Errorf("%s: hint %q", name, e.HintText())
		}
	}
}

func refreshing(p *profile.Profile) {
	p.Grant, p.RefreshToken = "refresh_token", providertest.Literal("spent")
}

func TestAWebPageInPlaceOfATokenPointsAtTheKeysOfTheAddress(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(200, "<html>"))
	server := ping()
	server.TokenURL = s.URL
	for want, p := range map[string]profile.Profile{
		"check token_url of": server, "check region or platform_url of": anypoint(profile.Values{"platform_url": s.URL}),
	} {
		if e := providertest.Fail(t, mulesoft.Provider(), p, s.Client()); e.Kind != fault.Protocol || !strings.Contains(e.HintText(), want) {
			t.Errorf("%v, hint %q, want %q", e, e.HintText(), want)
		}
	}
}
