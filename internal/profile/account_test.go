package profile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func TestAProfileKnowsWhichOfItsSecretsLieInAKeyringAccount(t *testing.T) {
	p := valid()
	p.Name = "a.b"
	p.ClientSecret, _ = secret.ParseRef("keyring:shared")
	p.Password, _ = secret.ParseRef("shared-literal")
	p.RefreshToken, _ = secret.ParseRef("env:RT")
	p.Own = profile.Values{"realm": "keyring:realm", "api_key": p.ClientSecret}
	p.Headers = []profile.Header{{Name: "X-A", Value: secret.Ref{Scheme: secret.Keyring, Arg: secret.New("header")}}}
	for account, want := range map[string]string{
		"shared": "client_secret api_key", "header": "", "shared-literal": "", "realm": "", "": "",
		"a.b/login_hint_token": "login_hint_token", "a.b/refresh_token": "", "a.b/client_secret": "", "a/password": "",
	} {
		if got := strings.Join(p.KeysOf(account), " "); got != want {
			t.Errorf("%q: %s", account, got)
		}
	}
	if refs := p.Refs(); !slices.ContainsFunc(refs, func(s profile.Said) bool { return s.Key == "headers[0].value" }) {
		t.Errorf("the header is not among %v", refs)
	}
	if got := profile.Account("a.b", "client_secret"); got != "a.b/client_secret" {
		t.Error(got)
	}
}

func TestAClientsSecretSaysNotForWhomATokenIs(t *testing.T) {
	for grant, c := range map[string]struct{ who, client string }{
		"refresh_token":      {"refresh_token", "client_secret client_assertion.key certificate.key password"},
		"authorization_code": {"", "client_secret client_assertion.key certificate.passphrase refresh_token"},
		"device_code":        {"", "client_secret"},
		"ciba":               {"login_hint_token id_token_hint", "client_secret"},
		"password":           {"password", "client_secret dpop.key"},
		"api_key":            {"api_key", "client_secret"},
		"jwt_bearer":         {"assertion.key", "client_assertion.jwt"},
		"token_exchange":     {"subject_token.token actor_token.token", "client_secret"},
	} {
		p := &profile.Profile{Grant: grant}
		for _, key := range strings.Fields(c.who) {
			if !p.SaysWho(key) {
				t.Errorf("%s: %s does not", grant, key)
			}
		}
		for _, key := range strings.Fields(c.client) {
			if p.SaysWho(key) {
				t.Errorf("%s: %s does", grant, key)
			}
		}
	}
}
