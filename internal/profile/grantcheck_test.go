package profile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func env(name string) secret.Ref { return secret.Ref{Scheme: secret.Env, Arg: secret.New(name)} }

func TestWhatCannotStandAmongTheKeysOfGrantsNamesItsKey(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		want   string
	}{
		"par":                      {func(p *profile.Profile) { p.PAR = "yes" }, "par: must be one of auto, always, never"},
		"a host elsewhere":         {func(p *profile.Profile) { p.Redirect.Host = "0.0.0.0" }, "redirect_host: must be one of 127.0.0.1, localhost"},
		"a host in capitals":       {func(p *profile.Profile) { p.Redirect.Host = "LOCALHOST" }, "redirect_host: must be one of"},
		"a port too high":          {func(p *profile.Profile) { p.Redirect.Port = 65536 }, "redirect_port: must be a port"},
		"a port below zero":        {func(p *profile.Profile) { p.Redirect.Port = -1 }, "redirect_port: must be a port"},
		"a relative path":          {func(p *profile.Profile) { p.Redirect.Path = "callback" }, "redirect_path: must begin with a slash"},
		"an http endpoint":         {func(p *profile.Profile) { p.Endpoints.Authorization = "http://" + planted + ".com" }, "authorization_url: must begin with https"},
		"a fragment":               {func(p *profile.Profile) { p.Endpoints.JWKS = "https://a.example.com/#x" }, "jwks_uri: must not have a fragment"},
		"a user in an endpoint":    {func(p *profile.Profile) { p.Endpoints.Revocation = "https://u@a.example.com" }, "revocation_url: must not name a user"},
		"an algorithm":             {func(p *profile.Profile) { p.Assertion = profile.Assertion{Key: env("K"), Alg: "none"} }, "assertion.alg: must be one of RS256"},
		"a secret's algorithm":     {func(p *profile.Profile) { p.Assertion = profile.Assertion{Key: env("K"), Alg: "HS256"} }, "assertion.alg: must be one of RS256"},
		"a client's algorithm":     {func(p *profile.Profile) { p.ClientAssertion = profile.Assertion{Key: env("K"), Alg: "rs256"} }, "client_assertion.alg: must be"},
		"a jwt and a key":          {func(p *profile.Profile) { p.Assertion = profile.Assertion{JWT: env("J"), Key: env("K")} }, "assertion.key: cannot stand beside jwt"},
		"a jwt and a ttl":          {func(p *profile.Profile) { p.Assertion = profile.Assertion{JWT: env("J"), TTL: time.Minute} }, "assertion.ttl: cannot stand beside jwt"},
		"a passphrase for nothing": {func(p *profile.Profile) { p.ClientAssertion.Passphrase = env("P") }, "client_assertion.passphrase: needs key"},
		"a long life":              {func(p *profile.Profile) { p.Assertion = profile.Assertion{Key: env("K"), TTL: time.Hour + 1} }, "assertion.ttl: must be at least 1s and at most 1h"},
		"a life of no second":      {func(p *profile.Profile) { p.Assertion = profile.Assertion{Key: env("K"), TTL: time.Millisecond} }, "assertion.ttl: must be at least 1s"},
		"two subjects":             {func(p *profile.Profile) { p.SubjectToken = profile.TokenInput{Token: env("T"), Profile: "b"} }, "subject_token.profile: cannot stand beside token"},
		"a type of nothing":        {func(p *profile.Profile) { p.ActorToken.Type = "urn:x:y" }, "actor_token: needs token or profile"},
		"a proof without key":      {func(p *profile.Profile) { p.DPoP = profile.DPoP{On: true, Alg: "ES256"} }, "dpop.key: is required beside alg"},
		"a shared secret as proof": {func(p *profile.Profile) { p.DPoP = profile.DPoP{On: true, Key: env("K"), Alg: "HS256"} }, "dpop.alg: must be one of"},
		"a line end in a hint":     {func(p *profile.Profile) { p.LoginHint = "a\nb" }, "login_hint: has a control character"},
		"a header's name":          {tokenHeader("a b", "x"), "token_headers[0].name: is not the name"},
		"no header's name":         {tokenHeader("", "x"), "token_headers[0].name: is required"},
		"a token header":           {tokenHeader("AUTHORIZATION", planted), "token_headers[0].name: authorization is set by authctl alone"},
		"a proof's header":         {tokenHeader("DPoP", planted), "token_headers[0].name: dpop is set by authctl alone"},
		"the body's type":          {tokenHeader("Content-Type", "text/plain"), "token_headers[0].name: content-type is set by authctl alone"},
		"the host":                 {tokenHeader("Host", "evil.example.com"), "token_headers[0].name: host is set by authctl alone"},
		"a header's line end":      {tokenHeader("Origin", planted+"\r\nX: y"), "token_headers[0].value: is not the value"},
		"a proof's header at APIs": {header("DPoP", "x"), "headers[0].name: dpop is set by authctl alone"},
	} {
		t.Run(name, func(t *testing.T) {
			p := valid()
			c.change(p)
			if got := complaint(t, p.Validate()); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func tokenHeader(name, value string) func(*profile.Profile) {
	return func(p *profile.Profile) { p.TokenHeaders = []profile.Param{{Name: name, Value: value}} }
}

func TestARedirectPathIsSpelledInOneWayOnly(t *testing.T) {
	for path, ok := range map[string]bool{
		"": true, "/": true, "/callback": true, "/a/b-c_d.e~f": true, "/callback/": true,
		"//": false, "//evil.example.com": false, "/a//b": false, "/a/../b": false, "/./a": false, "/a?b": false, "/a#b": false, "/a%2fb": false,
		`/a\b`: false, "/a b": false, "/ä": false, "/a\n": false, "callback": false, "/a//": false,
	} {
		p := valid()
		p.Redirect.Path = path
		if got := complaint(t, p.Validate()); ok != (got == "") || !ok && !strings.HasPrefix(got, "redirect_path: ") {
			t.Errorf("%q: %q", path, got)
		}
	}
}

func TestAnAuthorizationParamCannotReplaceWhatTheGrantSays(t *testing.T) {
	for _, name := range []string{
		"client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "state", "nonce", "code_challenge",
		"code_challenge_method", "scope", "SCOPE", "request_uri", "request", "resource", "audience", "authorization_details", "grant_type",
		"code", "code_verifier", "client_assertion", "client_assertion_type", "dpop_jkt", "", "a b",
	} {
		p := valid()
		p.AuthorizationParams = []profile.Param{{Name: "prompt", Value: "login"}, {Name: name, Value: planted}}
		if got := complaint(t, p.Validate()); !strings.HasPrefix(got, "authorization_params[1].name: ") {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestALoginHintIsAParameterOfTheBrowserAndAKeyOfCIBA(t *testing.T) {
	p := valid()
	p.AuthorizationParams = []profile.Param{{Name: "login_hint", Value: "ann"}, {Name: "acr_values", Value: ""}}
	if p.Grant = "authorization_code"; p.Validate() != nil {
		t.Error(p.Validate())
	}
	p.Grant = "ciba"
	if got := complaint(t, p.Validate()); got != "authorization_params[0].name: login_hint has a key of its own" {
		t.Error(got)
	}
}

func TestATokenTypeIsAShortNameOrAURN(t *testing.T) {
	for text, want := range map[string]string{
		"access_token": "urn:ietf:params:oauth:token-type:access_token", "saml2": "urn:ietf:params:oauth:token-type:saml2",
		"jwt": "urn:ietf:params:oauth:token-type:jwt", "urn:example:token:x": "urn:example:token:x", "URN:a:b": "URN:a:b",
		"urn:ietf:params:oauth:token-type:id_token": "urn:ietf:params:oauth:token-type:id_token",
	} {
		if got, ok := profile.TokenType(text); !ok || got != want {
			t.Errorf("%s: %s %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "Access_Token", "saml", "urn", "urn:", "urn:a", "urn:a:", "urn::b", "urn:a:b c", "urn:a:b\n", "urn:a:ü", "https://a.example.com/t", "x:y:z"} {
		if got, ok := profile.TokenType(text); ok {
			t.Errorf("%q was taken as %s", text, got)
		}
	}
}

func TestAnEndpointThatTakesSecretsIsVerifiedLikeTheTokenEndpoint(t *testing.T) {
	for _, change := range []func(*profile.Profile){
		func(p *profile.Profile) { p.Endpoints.Introspection = "https://idp.example.com/introspect" },
		func(p *profile.Profile) { p.Own = profile.Values{"issuer": "https://idp.example.com"} },
		func(p *profile.Profile) { p.Own = profile.Values{"login_url": "https://cp4d.example.com"} },
	} {
		p := valid()
		p.TokenURL, p.TLS.InsecureSkipVerify = "https://127.0.0.1:8443/token", true
		change(p)
		if got := complaint(t, p.ValidateEndpoint()); !strings.HasPrefix(got, "tls.insecure_skip_verify: ") {
			t.Errorf("%q", got)
		}
		if p.TLS.InsecureTokenEndpoint = true; p.ValidateEndpoint() != nil {
			t.Error(p.ValidateEndpoint())
		}
	}
}
