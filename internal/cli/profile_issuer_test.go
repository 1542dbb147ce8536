package cli

import (
	"reflect"
	"slices"
	"testing"

	"github.com/authctl/authctl/internal/config"
)

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
		"a browser":                 {Issuer{Login: true, Device: true}, given("client_id", "c"), given("grant", "authorization_code")},
		"a device":                  {Issuer{Device: true}, given("client_id", "c"), given("grant", "device_code")},
		"neither":                   {Issuer{}, given("client_id", "c"), nil},
		"a refresh token":           {Issuer{Device: true, Scopes: []string{"offline_access"}}, given("client_id", "c"), append(given("grant", "device_code"), offline)},
		"scopes that were given":    {Issuer{Device: true, Scopes: []string{"offline_access"}}, given("scopes", "x"), given("grant", "device_code")},
		"a grant that was given":    {Issuer{Login: true}, given("grant", "ciba"), nil},
		"a secret: a machine":       {Issuer{Login: true}, given("client_secret", "env:S"), nil},
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
