package tnco_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/provider/tnco"
	"github.com/authctl/authctl/internal/secret"
)

// `authctl secret set -p NAME api_key` writes what a profile of mode zen that says no proof must find.
func TestAProofThatTheProfileDoesNotSayIsThatOfTheKeyring(t *testing.T) {
	for name, c := range map[string]struct {
		keyring map[string]string
		body    string
	}{
		"a key":      {map[string]string{"api_key": "k&1"}, `{"username":"jack","api_key":"k&1"}`},
		"a password": {map[string]string{"password": "p&1"}, `{"username":"jack","password":"p&1"}`},
		"both":       {map[string]string{"password": "p&1", "api_key": "k&1"}, `{"username":"jack","password":"p&1"}`},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(200, `{"token":"tok"}`))
		if _, err := unsaid(t, s, c.keyring).Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r := s.Only(t); r.Body != c.body {
			t.Errorf("%s: %s", name, r.Body)
		}
	}
}

func TestWithoutAnyProofNothingIsSent(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"token":"tok"}`))
	_, err := unsaid(t, s, nil).Token(t.Context(), grant.Ask{})
	if hint := fault.From(err).HintText(); !fault.Is(err, fault.Config) || !strings.Contains(hint, "api_key") {
		t.Errorf("%v, hint %q", err, hint)
	}
	_, err = unsaid(t, s, map[string]string{"api_key": "locked"}).Token(t.Context(), grant.Ask{})
	if !errors.Is(err, errLocked) || s.Count() != 0 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}

var errLocked = errors.New("the keyring is locked")

// unsaid is the grant of a profile of mode zen whose proofs lie in a keyring, or nowhere.
func unsaid(t *testing.T, s *authtest.Server, keyring map[string]string) grant.Grant {
	t.Helper()
	p := zen(s.URL)
	delete(p.Own, "api_key")
	ports := providertest.Ports(s.Client())
	ports.Secret = func(_ context.Context, ref secret.Ref, key string) (secret.String, error) {
		value, there := keyring[key]
		switch {
		case ref.Scheme != secret.Absent || !there:
			return secret.String{}, fault.New(fault.Config, "config.secret", "%w", secret.ErrNoAccount)
		case value == "locked":
			return secret.String{}, errLocked
		}
		return secret.New(value), nil
	}
	return providertest.Source(t, tnco.Provider(), p, ports).Grant
}
