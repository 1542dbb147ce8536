package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

const oauth2Head = "profiles:\n  - name: a\n    provider: oauth2\n"

func TestEveryKeyOfAGrantIsRead(t *testing.T) {
	p := mustLoad(t, oauth2Head+`
    authorization_url: https://idp.example.com/authorize?tenant=x
    device_authorization_url: https://idp.example.com/device
    pushed_authorization_request_url: https://idp.example.com/par
    backchannel_authentication_url: https://idp.example.com/bc
    revocation_url: https://idp.example.com/revoke
    introspection_url: http://127.0.0.1:8080/introspect
    jwks_uri: https://idp.example.com/keys
    refresh_token: keyring:refresh
    redirect_host: localhost
    redirect_port: 8085
    redirect_path: /oauth/callback
    par: always
    authorization_params: [{name: prompt, value: login}, {name: ui_locales, value: ""}]
    token_headers: [{name: Origin, value: "https://spa.example.com"}]
    assertion: {key: file:key.pem, passphrase: env:P, alg: PS256, key_id: k1, audience: https://idp.example.com, issuer: me, subject: you, ttl: 10m, claims: {a: 1}}
    client_assertion: {jwt: "command:vault read jwt"}
    subject_token: {token: env:SUBJECT, type: saml2}
    actor_token: {profile: a2}
    requested_token_type: jwt
    login_hint: ann@example.com
    login_hint_token: env:HINT
    id_token_hint: env:ID
    binding_message: W4SCT
    dpop: {key: env:DPOP, alg: ES384}
    authorization_details: [{type: payment, amount: 12.50}]
  - {name: a2, provider: tnco}
`).Profiles[0]
	urls := []string{}
	for _, k := range p.Endpoints.Keys() {
		urls = append(urls, *k.URL)
		if !p.Said[k.Name] {
			t.Errorf("%s was not said", k.Name)
		}
	}
	want := "https://idp.example.com/authorize?tenant=x https://idp.example.com/device https://idp.example.com/par " +
		"https://idp.example.com/bc https://idp.example.com/revoke http://127.0.0.1:8080/introspect https://idp.example.com/keys"
	if strings.Join(urls, " ") != want {
		t.Errorf("%v", urls)
	}
	if p.Redirect != (profile.Redirect{Host: "localhost", Port: 8085, Path: "/oauth/callback"}) || p.PAR != "always" {
		t.Errorf("%+v %s", p.Redirect, p.PAR)
	}
	if !slices.Equal(p.AuthorizationParams, []profile.Param{{Name: "prompt", Value: "login"}, {Name: "ui_locales"}}) ||
		!slices.Equal(p.TokenHeaders, []profile.Param{{Name: "Origin", Value: "https://spa.example.com"}}) {
		t.Errorf("%v %v", p.AuthorizationParams, p.TokenHeaders)
	}
	a := p.Assertion
	if a.Key.String() != "file:key.pem" || a.Passphrase.String() != "env:P" || a.Alg+a.KeyID+a.Issuer+a.Subject != "PS256k1meyou" ||
		a.Audience != "https://idp.example.com" || a.TTL != 10*time.Minute || a.Claims != `{"a":1}` {
		t.Errorf("%+v", a)
	}
	if p.ClientAssertion.JWT.String() != "command:vault read jwt" || p.RefreshToken.String() != "keyring:refresh" {
		t.Errorf("%+v %v", p.ClientAssertion, p.RefreshToken)
	}
	const types = "urn:ietf:params:oauth:token-type:"
	if p.SubjectToken.Token.String() != "env:SUBJECT" || p.SubjectToken.Type != types+"saml2" || p.ActorToken.Profile != "a2" ||
		p.ActorToken.Type != types+"access_token" || p.RequestedTokenType != types+"jwt" {
		t.Errorf("%+v %+v %s", p.SubjectToken, p.ActorToken, p.RequestedTokenType)
	}
	if p.LoginHint+p.BindingMessage != "ann@example.comW4SCT" || p.LoginHintToken.String()+p.IDTokenHint.String() != "env:HINTenv:ID" {
		t.Errorf("%+v", p.GrantKeys)
	}
	if !p.DPoP.On || p.DPoP.Key.String() != "env:DPOP" || p.DPoP.Alg != "ES384" || p.AuthorizationDetails != `[{"type":"payment","amount":12.50}]` {
		t.Errorf("%+v %s", p.DPoP, p.AuthorizationDetails)
	}
}

func TestAMistakeInAMappingNamesItsLineAndWhatIsRight(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an unknown member":           {"    assertion:\n      key: env:K\n      keyid: x\n", `:6: profile "a": assertion.keyid: unknown key | did you mean key_id?`},
		"a member of the other map":   {"    client_assertion: {key: env:K, subject: me}\n", `:4: profile "a": client_assertion.subject: unknown key`},
		"claims of a client":          {"    client_assertion: {key: env:K, claims: {a: b}}\n", `client_assertion.claims: unknown key`},
		"an unknown member, 2":        {"    subject_token: {token: env:T, typ: jwt}\n", `:4: profile "a": subject_token.typ: unknown key | did you mean type?`},
		"an unknown member, 3":        {"    dpop: {key: env:K, algo: ES256}\n", `:4: profile "a": dpop.algo: unknown key | did you mean alg?`},
		"a member twice":              {"    assertion:\n      key: env:K\n      key: env:L\n", `:6: profile "a": key: is said twice, first in line 5`},
		"a text":                      {"    assertion: " + planted + "\n", `:4: profile "a": assertion: must be a mapping | members: jwt, key`},
		"a list":                      {"    assertion: [{key: env:K}]\n", `:4: profile "a": assertion: must be a mapping`},
		"nothing":                     {"    assertion: {}\n", `:4: profile "a": assertion: must be a mapping`},
		"null":                        {"    subject_token:\n", `:4: profile "a": subject_token: must be a mapping`},
		"a jwt and a key":             {"    assertion:\n      jwt: env:J\n      key: env:K\n", `:6: profile "a": assertion.key: cannot stand beside jwt`},
		"an audience of two":          {"    assertion: {key: env:K, audience: [a, b]}\n", `:4: profile "a": assertion.audience: must be one value`},
		"a life without unit":         {"    assertion: {key: env:K, ttl: 300}\n", `assertion.ttl: has no unit`},
		"a long life":                 {"    assertion: {key: env:K, ttl: 61m}\n", `assertion.ttl: must be at least 1s and at most 1h`},
		"a key in pieces":             {"    assertion: {key: [" + planted + "]}\n", `:4: profile "a": assertion.key: must be one value`},
		"a blank around a passphrase": {"    assertion: {key: env:K, passphrase: ' " + planted + "'}\n", `assertion.passphrase: the value has a blank`},
		"a jwt with a newline":        {"    assertion:\n      jwt: |\n        " + planted + "\n", `:5: profile "a": assertion.jwt: the value has a blank or a newline`},
		"a claim that is set":         {"    assertion:\n      key: env:K\n      claims:\n        aud: " + planted + "\n", `:7: profile "a": assertion.claims.aud: is set by the grant`},
		"a claim of nothing":          {"    assertion: {key: env:K, claims: {a: }}\n", `assertion.claims.a: has no value`},
		"claims in a list":            {"    assertion: {key: env:K, claims: [a]}\n", `assertion.claims: must be a mapping`},
		"a claim twice":               {"    assertion:\n      key: env:K\n      claims:\n        a: {b: 1, b: 2}\n", `:7: profile "a": b: is said twice`},
		"a proof":                     {"    dpop: yes\n", `:4: profile "a": dpop: must be true, false or a mapping`},
		"a quoted proof":              {"    dpop: 'true'\n", `dpop: must be true, false or a mapping`},
		"a proof without key":         {"    dpop: {alg: ES256}\n", `:4: profile "a": dpop.key: is required beside alg`},
		"a type":                      {"    requested_token_type: saml\n", `:4: profile "a": requested_token_type: is no type of a token (RFC 8693 section 3) | one of: access_token`},
		"a type, 2":                   {"    subject_token: {token: env:T, type: " + planted + "}\n", `:4: profile "a": subject_token.type: is no type`},
		"no token":                    {"    subject_token: {type: jwt}\n", `:4: profile "a": subject_token: needs token or profile`},
		"two tokens":                  {"    subject_token: {token: env:T, profile: b}\n", `:4: profile "a": subject_token.profile: cannot stand beside token`},
		"no such profile":             {"    subject_token: {profile: b}\n", `:4: profile "a": subject_token.profile: there is no such profile | profiles: a`},
		"itself":                      {"    actor_token:\n      profile: a\n", `:5: profile "a": actor_token.profile: the profile would need its own token: a -> a`},
		"par":                         {"    par: on\n", `:4: profile "a": par: must be one of auto, always, never`},
		"a host":                      {"    redirect_host: " + planted + "\n", `:4: profile "a": redirect_host: must be one of 127.0.0.1, localhost`},
		"a port":                      {"    redirect_port: 65536\n", `:4: profile "a": redirect_port: must be a port`},
		"a port below zero":           {"    redirect_port: -1\n", `redirect_port: must be a port`},
		"a port in quotes":            {"    redirect_port: '80'\n", `redirect_port: must be a port`},
		"a port with a zero before":   {"    redirect_port: 080\n", `redirect_port: must be a port`},
		"a port in a list":            {"    redirect_port: [80]\n", `redirect_port: must be a port`},
		"a path":                      {"    redirect_path: callback\n", `:4: profile "a": redirect_path: must begin with a slash`},
		"an http endpoint":            {"    authorization_url: http://" + planted + ".example.com\n", `:4: profile "a": authorization_url: must begin with https`},
		"an endpoint in a list":       {"    revocation_url: [https://a.example.com]\n", `revocation_url: must be one value`},
		"another provider's address":  {"    issuer: https://a.example.com\n", `:4: profile "a": issuer: the provider of this profile has no such key | provider: oidc, or remove the line`},
		"a parameter of the grant":    {"    authorization_params:\n      - {name: prompt, value: x}\n      - {name: state, value: x}\n", `:6: profile "a": authorization_params[1].name: state is set by the grant`},
		"a header of the request":     {"    token_headers: [{name: content-type, value: x}]\n", `:4: profile "a": token_headers[0].name: content-type is set`},
		"details in a mapping":        {"    authorization_details: {type: a}\n", `:4: profile "a": authorization_details: must be a list of mappings`},
		"no details":                  {"    authorization_details: []\n", `authorization_details: must be a list of mappings`},
		"a detail of text":            {"    authorization_details:\n      - {type: a}\n      - b\n", `:6: profile "a": authorization_details[1]: must be a mapping with a type`},
		"a detail without type":       {"    authorization_details: [{typ: a}]\n", `authorization_details[0].type: is required`},
		"a type that is a number":     {"    authorization_details: [{type: 7}]\n", `authorization_details[0].type: must be a text`},
		"a type that is a list":       {"    authorization_details: [{type: [a]}]\n", `authorization_details[0].type: must be a text`},
		"an alias in a detail":        {"    authorization_details: [{type: &a b, c: *a}]\n", `anchors (&) and aliases (*)`},
		"a detail too deep":           {"    authorization_details: [{type: a, b: " + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "}]\n", `it is nested more than 20 deep`},
		"a number as a claim's name":  {"    assertion: {key: env:K, claims: {1: a}}\n", `a key is not a word`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, oauth2Head+c.text)
			if got := refused(t, err); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAProofIsOnOffOrAKeyOfOnesOwn(t *testing.T) {
	for text, want := range map[string]profile.DPoP{"true": {On: true}, "false": {}, "{key: env:K}": {On: true, Key: secret.Ref{Scheme: secret.Env}}} {
		p := mustLoad(t, oauth2Head+"    dpop: "+text+"\n").Profiles[0]
		if p.DPoP.On != want.On || p.DPoP.Key.Scheme != want.Key.Scheme || !p.Said["dpop"] || p.Said["par"] {
			t.Errorf("%s: %+v, said %v", text, p.DPoP, p.Said)
		}
	}
}

func TestAPrivateKeyMayStandInAFileOfOnesOwn(t *testing.T) {
	text := oauth2Head + "    assertion:\n      key: |\n        -----BEGIN PRIVATE KEY-----\n        " + planted + "\n        -----END PRIVATE KEY-----\n" +
		"    client_assertion:\n      key: '{\"kty\":\"OKP\",\"d\":\"" + planted + "\"}'\n"
	file := mustLoad(t, text)
	if key := file.Profiles[0].Assertion.Key; key.Arg.Reveal() != "-----BEGIN PRIVATE KEY-----\n"+planted+"\n-----END PRIVATE KEY-----" {
		t.Errorf("%q", key.Arg.Reveal())
	}
	if shown, err := file.Show("a"); err != nil || strings.Contains(shown, planted) || strings.Count(shown, secret.Redacted) != 2 {
		t.Errorf("%v\n%s", err, shown)
	}
	if _, err := loader().Load(t.Context(), save(t, text, 0o644)); !strings.Contains(refused(t, err), `:5: profile "a": assertion.key: a secret stands here in plain text`) {
		t.Errorf("%v", err)
	}
}

func TestNoSecretInAMappingIsShown(t *testing.T) {
	file := mustLoad(t, `
profiles:
  - name: a
    provider: entra
    refresh_token: `+planted+`
    login_hint_token: `+planted+`
    id_token_hint: `+planted+`
    assertion: {jwt: `+planted+`}
    client_assertion: {key: `+planted+`, passphrase: `+planted+`, alg: RS256}
    subject_token: {token: `+planted+`, type: jwt}
    actor_token: {token: env:SHOWN}
    dpop: {key: `+planted+`}
    token_headers: [{name: X-Key, value: `+planted+`}]
    certificate: {file: c.pem, key: `+planted+`, send_chain: true}
    managed_identity: {client_id: x}
`)
	shown, err := file.Show("a")
	if err != nil || strings.Contains(shown, planted) || strings.Count(shown, secret.Redacted) != 10 || !strings.Contains(shown, "env:SHOWN") ||
		!strings.Contains(shown, "alg: RS256") || !strings.Contains(shown, "file: c.pem") {
		t.Errorf("%v\n%s", err, shown)
	}
}

func TestALiteralInAMappingNeedsAFileOfOnesOwn(t *testing.T) {
	for key, text := range map[string]string{
		"refresh_token":               "refresh_token: " + planted,
		"assertion.jwt":               "assertion: {jwt: " + planted + "}",
		"client_assertion.passphrase": "client_assertion: {key: env:K, passphrase: " + planted + "}",
		"subject_token.token":         "subject_token: {token: " + planted + "}",
		"dpop.key":                    "dpop: {key: " + planted + "}",
		"certificate.key":             "certificate: {key: " + planted + "}",
	} {
		_, err := loader().Load(t.Context(), save(t, "profiles:\n  - name: a\n    provider: entra\n    "+text+"\n", 0o644))
		if got := refused(t, err); !strings.Contains(got, `:4: profile "a": `+key+`: a secret stands here in plain text`) {
			t.Errorf("%s: %s", key, got)
		}
	}
}
