package cli

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/iostreams"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func TestAnIssuerIsReachedAsTheProfileWillReachIt(t *testing.T) {
	var reached *profile.Profile
	var stderr bytes.Buffer
	g := &globals{app: &App{
		IO: &iostreams.Streams{Err: &stderr}, Mask: secret.NewMask(),
		Loader: &config.Loader{
			Providers: map[string]config.Provider{"oidc": {
				Keys: []profile.Key{{Name: "issuer", Type: profile.URL}}, Complete: func(*profile.Profile) error { return nil },
			}},
			Getenv: func(string) (string, bool) { return "", false }, Home: "/home/me",
		},
		Discover: func(_ context.Context, _ string, p *profile.Profile, _ Options) (*Issuer, error) {
			reached = p
			return &Issuer{}, nil
		},
	}}
	_, err := g.askIssuer(t.Context(), "https://idp.example.com", "/etc/authctl/profiles.yaml", config.Entry{
		{Key: "name", Value: "x"},
		{Key: "provider", Value: "oidc"},
		{Key: "issuer", Value: "https://idp.example.com"},
		{Key: "tls.ca_file", Value: "ca.pem"},
		{Key: "tls.cert_file", Value: "~/c.pem"},
		{Key: "tls.key_file", Value: "~/k.pem"},
		{Key: "tls.server_name", Value: "idp"},
		{Key: "tls.insecure_skip_verify", Value: true},
		{Key: "timeout", Value: "5s"},
		{Key: "tls.insecure_token_endpoint", Value: true},
		{Key: "redirect_port", Value: "1"},
	})
	want := profile.TLS{CAFile: "/etc/authctl/ca.pem", CertFile: "/home/me/c.pem", KeyFile: "/home/me/k.pem", ServerName: "idp", InsecureSkipVerify: true, InsecureTokenEndpoint: true}
	if err != nil || reached.TLS != want || reached.Timeout != 5*time.Second {
		t.Fatalf("%v, %+v", err, reached)
	}
	if !strings.Contains(stderr.String(), "the server's certificate is not checked") {
		t.Errorf("warned: %q", stderr.String())
	}
}

func TestAnIssuersWordFillsWhatWasNotGiven(t *testing.T) {
	given := func(pairs ...string) config.Entry {
		var entry config.Entry
		for i := 0; i < len(pairs); i += 2 {
			entry = append(entry, config.Setting{Key: pairs[i], Value: pairs[i+1]})
		}
		return entry
	}
	offline := config.Setting{Key: "scopes", Value: []string{"openid", "offline_access"}}
	for name, c := range map[string]struct {
		issuer Issuer
		given  config.Entry
		added  config.Entry
	}{
		"a browser": {Issuer{Login: true, Device: true}, given("client_id", "c"), given("grant", "authorization_code")},
		"a device":  {Issuer{Device: true}, given("client_id", "c"), given("grant", "device_code")},
		"a device, by its grants": {
			Issuer{Login: true, Device: true, Grants: []string{"urn:ietf:params:oauth:grant-type:device_code"}}, nil, given("grant", "device_code"),
		},
		"no grant of ours": {Issuer{Login: true, Grants: []string{"implicit"}}, given("client_id", "c"), nil},
		"a signed secret only": {
			Issuer{ClientAuth: []string{"client_secret_jwt"}}, given("client_secret", "env:S"), given("client_auth", "client_secret_jwt"),
		},
		"neither":                   {Issuer{}, given("client_id", "c"), nil},
		"a refresh token":           {Issuer{Device: true, Scopes: []string{"offline_access"}}, given("client_id", "c"), append(given("grant", "device_code"), offline)},
		"scopes that were given":    {Issuer{Device: true, Scopes: []string{"offline_access"}}, given("scopes", "x"), given("grant", "device_code")},
		"a grant that was given":    {Issuer{Login: true}, given("grant", "ciba"), nil},
		"a secret: a machine":       {Issuer{Login: true}, given("client_secret", "env:S"), nil},
		"a key: a machine":          {Issuer{Login: true, Scopes: []string{"offline_access"}}, given("client_assertion.key", "file:k"), nil},
		"an assertion":              {Issuer{Login: true}, given("assertion.key", "file:k"), nil},
		"a refresh token at hand":   {Issuer{Login: true}, given("refresh_token", "env:R"), nil},
		"another token":             {Issuer{Login: true}, given("subject_token.token", "env:T"), nil},
		"a person elsewhere":        {Issuer{Login: true}, given("login_hint", "alice"), nil},
		"a secret in the body only": {Issuer{ClientAuth: []string{"client_secret_post", "none"}}, given("client_secret", "env:S"), given("client_auth", "client_secret_post")},
		"a secret in both ways":     {Issuer{ClientAuth: []string{"client_secret_post", "client_secret_basic"}}, given("client_secret", "env:S"), nil},
		"a way that was given": {
			Issuer{ClientAuth: []string{"client_secret_post"}}, given("client_secret", "env:S", "client_auth", "client_secret_jwt"), nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := slices.Concat(c.given, c.added)
			if got := c.issuer.fill(c.given); !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
