package provider_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

func TestTheClientAuthenticationFollowsWhatTheProfileHas(t *testing.T) {
	for name, c := range map[string]struct {
		grant  string
		change func(*profile.Profile)
		want   string
	}{
		"the provider's default":     {provider.ClientCredentials, func(*profile.Profile) {}, "client_secret_basic"},
		"a public client's code":     {provider.AuthorizationCode, func(*profile.Profile) {}, "none"},
		"a public client's device":   {provider.DeviceCode, func(*profile.Profile) {}, "none"},
		"a public client's refresh":  {provider.RefreshToken, func(*profile.Profile) {}, "none"},
		"an exchange":                {provider.TokenExchange, func(*profile.Profile) {}, "client_secret_basic"},
		"a secret":                   {provider.DeviceCode, func(p *profile.Profile) { p.ClientSecret = env("S") }, "client_secret_basic"},
		"a key":                      {provider.ClientCredentials, func(p *profile.Profile) { p.ClientAssertion.Key = env("K") }, "private_key_jwt"},
		"a ready assertion":          {provider.DeviceCode, func(p *profile.Profile) { p.ClientAssertion.JWT = env("J") }, "private_key_jwt"},
		"what was said":              {provider.DeviceCode, func(p *profile.Profile) { p.ClientAuth = "client_secret_post" }, "client_secret_post"},
		"what was said, with secret": {provider.RefreshToken, func(p *profile.Profile) { p.ClientAuth, p.ClientSecret = "client_secret_jwt", env("S") }, "client_secret_jwt"},
	} {
		p := able(c.grant)
		c.change(&p)
		if key := refusal(t, rules(), &p); key != "" || p.ClientAuth != c.want {
			t.Errorf("%s: %s, refused for %q", name, p.ClientAuth, key)
		}
	}
}

func TestAClientAuthenticationHasWhatItNeedsAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		auth    string
		change  func(*profile.Profile)
		refused string
	}{
		"no key":             {"private_key_jwt", func(*profile.Profile) {}, "client_assertion"},
		"an algorithm alone": {"private_key_jwt", func(p *profile.Profile) { p.ClientAssertion.Alg = "ES256" }, "client_assertion"},
		"a shared algorithm": {"private_key_jwt", func(p *profile.Profile) { p.ClientAssertion.Key, p.ClientAssertion.Alg = env("K"), "HS256" }, "client_assertion.alg"},
		"a key and a secret": {"", func(p *profile.Profile) { p.ClientAssertion.Key, p.ClientSecret = env("K"), env("S") }, "client_secret"},
		"a key and Basic":    {"client_secret_basic", func(p *profile.Profile) { p.ClientAssertion.Key = env("K") }, "client_assertion"},
		"a secret's assertion": {"client_secret_jwt", func(p *profile.Profile) {
			p.ClientAssertion = profile.Assertion{Alg: "HS512", Audience: "a", TTL: time.Minute}
		}, ""},
		"a secret's key":             {"client_secret_jwt", func(p *profile.Profile) { p.ClientAssertion.Key = env("K") }, "client_assertion.key"},
		"a secret's kid":             {"client_secret_jwt", func(p *profile.Profile) { p.ClientAssertion.KeyID = "k" }, "client_assertion.key_id"},
		"a secret with a key's alg":  {"client_secret_jwt", func(p *profile.Profile) { p.ClientAssertion.Alg = "RS256" }, "client_assertion.alg"},
		"an alg for Basic":           {"", func(p *profile.Profile) { p.ClientAssertion.Alg = "HS256" }, "client_assertion"},
		"no certificate":             {"tls_client_auth", func(*profile.Profile) {}, "tls.cert_file"},
		"no certificate, 2":          {"self_signed_tls_client_auth", func(*profile.Profile) {}, "tls.cert_file"},
		"a certificate":              {"tls_client_auth", func(p *profile.Profile) { p.TLS.CertFile = "/c.pem" }, ""},
		"a certificate and a secret": {"tls_client_auth", func(p *profile.Profile) { p.TLS.CertFile, p.ClientSecret = "/c.pem", env("S") }, "client_secret"},
		"an encoding":                {"client_secret_post", func(p *profile.Profile) { p.BasicEncoding = "raw" }, "basic_encoding"},
		"an unknown one":             {"bearer", func(*profile.Profile) {}, "client_auth"},
	} {
		p := able(provider.ClientCredentials)
		p.ClientAuth = c.auth
		c.change(&p)
		if got := refusal(t, rules(), &p); got != c.refused {
			t.Errorf("%s: refused for %q, want %q", name, got, c.refused)
		}
	}
	p := able(provider.Password)
	if p.ClientAuth, p.ClientSecret = "none", env("S"); refusal(t, rules(), &p) != "client_secret" {
		t.Error("a public client's secret was taken")
	}
}

func TestAnAssertionAloneNeedsNoClient(t *testing.T) {
	p := able(provider.JWTBearer)
	p.ClientID = ""
	err := rules().Complete(&p)
	if e, _ := errors.AsType[*profile.KeyError](err); e == nil || e.Key != "client_id" || !strings.Contains(e.Hint, "client_auth: none") {
		t.Errorf("%+v", err)
	}
	if p.ClientAuth = "none"; refusal(t, rules(), &p) != "" {
		t.Error("client_auth: none without client_id was refused")
	}
}

func TestACredentialOfTheProviderStandsAlone(t *testing.T) {
	r := rules()
	r.OwnCredential = true
	for key, change := range map[string]func(*profile.Profile){
		"":                 func(*profile.Profile) {},
		"client_secret":    func(p *profile.Profile) { p.ClientSecret = env("S") },
		"client_assertion": func(p *profile.Profile) { p.ClientAssertion.JWT = env("J") },
	} {
		p := able(provider.ClientCredentials)
		p.ClientAuth = provider.PrivateKeyJWT
		change(&p)
		if got := refusal(t, r, &p); got != key {
			t.Errorf("refused for %q, want %q", got, key)
		}
	}
}

func TestWithoutAClientNothingOfOneMayBeSaid(t *testing.T) {
	r := rules()
	r.NoClient = true
	for key, change := range map[string]func(*profile.Profile){
		"":                 func(*profile.Profile) {},
		"client_id":        func(p *profile.Profile) { p.ClientID = "id" },
		"client_secret":    func(p *profile.Profile) { p.ClientSecret = env("S") },
		"client_auth":      func(p *profile.Profile) { p.Said = map[string]bool{"client_auth": true} },
		"client_assertion": func(p *profile.Profile) { p.ClientAssertion.Key = env("K") },
		"basic_encoding":   func(p *profile.Profile) { p.BasicEncoding = "raw" },
	} {
		p := able(provider.ClientCredentials)
		p.ClientID = ""
		change(&p)
		if got := refusal(t, r, &p); got != key || got == "" && p.ClientAuth != provider.NoAuth {
			t.Errorf("refused for %q with %s, want %q", got, p.ClientAuth, key)
		}
	}
}
