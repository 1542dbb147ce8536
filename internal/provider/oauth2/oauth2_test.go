package oauth2_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/oauth2"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
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
		"no authorization_url":  {func(p *profile.Profile) { p.Grant = "authorization_code" }, "authorization_url"},
		"no device endpoint":    {func(p *profile.Profile) { p.Grant = "device_code" }, "device_authorization_url"},
		"no subject":            {func(p *profile.Profile) { p.Grant = "token_exchange" }, "subject_token"},
		"no assertion":          {func(p *profile.Profile) { p.Grant = "jwt_bearer" }, "assertion"},
		"no certificate":        {func(p *profile.Profile) { p.ClientSecret, p.ClientAuth = secret.Ref{}, "tls_client_auth" }, "tls.cert_file"},
		"key and secret":        {func(p *profile.Profile) { p.ClientAssertion.JWT = providertest.Literal("e.y.J") }, "client_secret"},
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
	lit := providertest.Literal
	for name, c := range map[string]struct {
		reply, want string
		change      func(*profile.Profile)
	}{
		"secret":         {"invalid_client", "basic_encoding", func(*profile.Profile) {}},
		"secret in body": {"invalid_client", "another client_auth", func(p *profile.Profile) { p.ClientAuth = "client_secret_post" }},
		"key":            {"invalid_client", "audience", func(p *profile.Profile) { p.ClientSecret, p.ClientAssertion.JWT = secret.Ref{}, lit("e.y.J") }},
		"certificate": {"invalid_client", "tls.cert_file", func(p *profile.Profile) {
			p.ClientSecret, p.ClientAuth, p.TLS.CertFile = secret.Ref{}, "tls_client_auth", "/c"
		}},
		"public": {"invalid_client", "go without", func(p *profile.Profile) {
			p.ClientSecret, p.Grant, p.RefreshToken = secret.Ref{}, "refresh_token", lit("r")
		}},
		"grant":     {"unauthorized_client", "client_credentials", func(*profile.Profile) {}},
		"scope":     {"invalid_scope", "scopes", func(*profile.Profile) {}},
		"target":    {"invalid_target", "audience", func(*profile.Profile) {}},
		"details":   {"invalid_authorization_details", "authorization_details", func(p *profile.Profile) { p.AuthorizationDetails = "[]" }},
		"password":  {"invalid_grant", "password", func(p *profile.Profile) { p.Grant, p.Username, p.Password = "password", "ann", lit("x") }},
		"assertion": {"invalid_grant", "issuer", func(p *profile.Profile) { p.Grant, p.Assertion.JWT = "jwt_bearer", lit("e.y.J") }},
		"exchange":  {"invalid_grant", "subject_token", func(p *profile.Profile) { p.Grant, p.SubjectToken.Token = "token_exchange", lit("x") }},
		"refresh":   {"invalid_grant", "spent", func(p *profile.Profile) { p.Grant, p.RefreshToken = "refresh_token", lit("x") }},
		"proof":     {"invalid_dpop_proof", "clock", func(p *profile.Profile) { p.DPoP.On = true }},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(400, `{"error":"`+c.reply+`"}`))
		p := minimal()
		p.TokenURL = s.URL
		c.change(&p)
		if e := providertest.Fail(t, oauth2.Provider(), p, s.Client()); !strings.Contains(e.HintText(), c.want) || e.OAuthError != c.reply {
			t.Errorf("%s: hint %q", name, e.HintText())
		}
		s.Only(t)
	}
	s := authtest.FakeIDP(t, authtest.Answer(404, ""))
	p := minimal()
	p.TokenURL = s.URL
	if e := providertest.Fail(t, oauth2.Provider(), p, s.Client()); !strings.Contains(e.HintText(), "token_url") || !strings.Contains(e.Error(), "HTTP 404 Not Found: empty body") {
		t.Errorf("%v, hint %q", e, e.HintText())
	}
}

// No key of this provider says where keys or user info are: only an issuer's metadata do.
func TestWhatIsNotKnownOfTheServerIsAskedForByTheKeysThatThereAre(t *testing.T) {
	life := providertest.Source(t, oauth2.Provider(), minimal(), providertest.Ports(nil)).Life
	_, introspection := life.Introspect(t.Context(), secret.New("x"), "")
	_, _, keys := life.Keys(t.Context())
	for want, err := range map[string]error{"set introspection_url in the profile": introspection, "provider: oidc and issuer": keys} {
		if hint := fault.From(err).HintText(); !fault.Is(err, fault.Config) || !strings.Contains(hint, want) || strings.Contains(hint, "jwks_uri") {
			t.Errorf("hint %q, want %q", hint, want)
		}
	}
}
