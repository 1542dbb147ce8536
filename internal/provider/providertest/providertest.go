// Package providertest holds what the tests of every provider need. Only tests import it.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// Ports reach what the client reaches; nil is for tests that must not send anything. A literal resolves to itself,
// any other reference to "SCHEME:ARG of KEY".
func Ports(client *http.Client) provider.Ports {
	return provider.Ports{
		Endpoint: &grant.Endpoint{Client: client, Mask: secret.NewMask(), UserAgent: "authctl/test", Timeout: 5 * time.Second},
		Secret: func(_ context.Context, ref secret.Ref, key string) (secret.String, error) {
			if ref.Scheme == secret.Literal {
				return ref.Arg, nil
			}
			return secret.New(ref.String() + " of " + key), nil
		},
		Realms:    Realms{},
		ReadFile:  func(string) ([]byte, error) { return nil, errors.New("no such file") },
		ReadNamed: func(string, int64) ([]byte, error) { return nil, errors.New("no such file") },
	}
}

// Literal is a secret that stands in the profile itself.
func Literal(text string) secret.Ref {
	return secret.Ref{Scheme: secret.Literal, Arg: secret.New(text)}
}

// Realms remembers in memory.
type Realms map[string]string

var _ provider.RealmMemory = Realms{}

// Lookup implements [provider.RealmMemory].
func (r Realms) Lookup(baseURL, family string) (string, bool) {
	realm, ok := r[baseURL+" "+family]
	return realm, ok
}

// Remember implements [provider.RealmMemory].
func (r Realms) Remember(baseURL, family, realm string) error {
	r[baseURL+" "+family] = realm
	return nil
}

// Forget implements [provider.RealmMemory].
func (r Realms) Forget(baseURL, family string) error {
	delete(r, baseURL+" "+family)
	return nil
}

// Complete completes a profile, and once more to see that nothing changes.
func Complete(t testing.TB, pr provider.Provider, p profile.Profile) *profile.Profile {
	t.Helper()
	p.Name, p.Provider = "test", pr.Name
	if err := pr.Complete(&p); err != nil {
		t.Fatal(err)
	}
	again := p
	if err := pr.Complete(&again); err != nil {
		t.Fatalf("completed again: %v", err)
	}
	if before, after := fmt.Sprintf("%+v", p), fmt.Sprintf("%+v", again); before != after {
		t.Fatalf("completing again makes of\n%s\nthis:\n%s", before, after)
	}
	return &p
}

// Source makes the source of a profile.
func Source(t testing.TB, pr provider.Provider, p profile.Profile, ports provider.Ports) *provider.Source {
	t.Helper()
	s, err := pr.New(Complete(t, pr, p), ports)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Fail asks for a token that the server refuses, and gives the refusal.
func Fail(t testing.TB, pr provider.Provider, p profile.Profile, client *http.Client) *fault.Error {
	t.Helper()
	_, err := Source(t, pr, p, Ports(client)).Grant.Token(t.Context(), grant.Ask{})
	if err == nil {
		t.Fatal("no error")
	}
	return fault.From(err)
}

// Refuses holds Complete to refusing a profile for the sake of one key.
func Refuses(t testing.TB, pr provider.Provider, p profile.Profile, key string) *profile.KeyError {
	t.Helper()
	p.Name, p.Provider = "test", pr.Name
	err := pr.Complete(&p)
	e, ok := errors.AsType[*profile.KeyError](err)
	if !ok || e.Key != key {
		t.Errorf("%+v, want a KeyError of %s", err, key)
		return &profile.KeyError{}
	}
	return e
}

// Declares holds a provider to its keys; a name with a trailing ? is one that is refused as not supported yet.
func Declares(t testing.TB, pr provider.Provider, want ...string) {
	t.Helper()
	got := map[string]bool{}
	for _, k := range pr.Keys {
		if k.Later {
			k.Name += "?"
		}
		got[k.Name] = true
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, slices.Sorted(slices.Values(want))) {
		t.Errorf("keys %v, want %v", names, want)
	}
}
