package grant_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

// at is a client of a server whose token endpoint is /token.
func at(s *authtest.Server, auth grant.ClientAuth) grant.Config {
	return grant.Config{Endpoint: endpoint(s), Server: grant.Known{Token: s.URL + "/token"}, Auth: auth}
}

// form is a request's body, read as a server reads it.
func form(t *testing.T, r authtest.Request) url.Values {
	t.Helper()
	values, err := url.ParseQuery(r.Body)
	if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		t.Fatalf("no form: %s", r.Body)
	}
	return values
}

// jwt is a JWT's header and claims, unverified.
func jwt(t *testing.T, text string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", text)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// signed holds a JWT's signature against a key.
func signed(t *testing.T, text string, key *jose.Key) {
	t.Helper()
	public, err := key.PublicJWK()
	if err != nil {
		t.Fatal(err)
	}
	set, err := jose.ParseKeySet([]byte(`{"keys":[` + string(public) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := set.Verify(secret.New(text)); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

func generate(t *testing.T, alg string) *jose.Key {
	t.Helper()
	key, err := jose.Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func fixed(key *jose.Key, account *jose.ServiceAccount) grant.KeyFunc {
	return func(context.Context) (*jose.Key, *jose.ServiceAccount, error) { return key, account, nil }
}
