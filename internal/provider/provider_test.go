package provider_test

import (
	"context"
	"errors"
	"testing"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/all"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

func TestEveryProviderIsListedOnceAndWhole(t *testing.T) {
	registry := all.All(nil)
	if got := len(registry.Names()); got != 6 {
		t.Errorf("%d providers: %v", got, registry.Names())
	}
	for _, name := range registry.Names() {
		p, ok := registry.Lookup(name)
		if !ok || p.Name != name || p.Summary == "" || p.Complete == nil || p.New == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for _, name := range []string{"", "TNCO", "oidc2", "tnco "} {
		if _, ok := registry.Lookup(name); ok {
			t.Errorf("%q is found", name)
		}
	}
}

func TestAnEmptyProfileIsRefusedByEveryProvider(t *testing.T) {
	for _, p := range all.All(nil) {
		err := p.Complete(&profile.Profile{Name: "x", Provider: p.Name})
		if _, ok := errors.AsType[*profile.KeyError](err); !ok {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

func TestABindingNeverAsksAKeyringACommandOrAPerson(t *testing.T) {
	ports := provider.Ports{Secret: func(_ context.Context, ref secret.Ref, _ string) (secret.String, error) {
		switch ref.Scheme {
		case secret.Literal, secret.Env, secret.File:
			return secret.New("the value"), nil
		}
		t.Errorf("%v was resolved", ref)
		return secret.String{}, errors.New("refused")
	}}
	seen := map[string]bool{}
	for scheme := secret.Absent; scheme <= secret.Prompt; scheme++ {
		for _, arg := range []string{"a", "b"} {
			bound, err := ports.Bind(t.Context(), "prof", provider.Secret{Key: "client_secret", Ref: secret.Ref{Scheme: scheme, Arg: secret.New(arg)}})
			if err != nil || len(bound) != 1 {
				t.Fatalf("%v: %v %v", scheme, bound, err)
			}
			seen[bound[0].Reveal()] = true
		}
	}
	// One value, however it is come by; one account of the profile's own; two each of keyring, command and prompt.
	if len(seen) != 1+1+6 {
		t.Errorf("%v", seen)
	}
}

func TestABindingThatCannotBeReadIsAnError(t *testing.T) {
	unset := errors.New("unset")
	ports := provider.Ports{Secret: func(context.Context, secret.Ref, string) (secret.String, error) { return secret.String{}, unset }}
	if _, err := ports.Bind(t.Context(), "prof", provider.Secret{Key: "k", Ref: secret.Ref{Scheme: secret.Env}}); !errors.Is(err, unset) {
		t.Errorf("%v", err)
	}
}

func TestTheIdentityHoldsWhatDecidesTheToken(t *testing.T) {
	registry := all.All(nil)
	tnco, _ := registry.Lookup("tnco")
	base := profile.Profile{BaseURL: "https://app.example.com", ClientID: "id"}
	key := func(change func(*profile.Profile)) string {
		p := base
		change(&p)
		return providertest.Source(t, tnco, p, provider.Ports{}).Identity.Key()
	}
	same := key(func(*profile.Profile) {})
	for name, change := range map[string]func(*profile.Profile){
		"endpoint in another spelling": func(p *profile.Profile) { p.TokenURL = "HTTPS://APP.example.com:443/oauth/token" },
		"the default said":             func(p *profile.Profile) { p.Scopes, p.Grant = []string{"all"}, "client_credentials" },
		"another encoding":             func(p *profile.Profile) { p.BasicEncoding = "form" },
	} {
		if key(change) != same {
			t.Errorf("%s: another identity", name)
		}
	}
	for name, change := range map[string]func(*profile.Profile){
		"endpoint":       func(p *profile.Profile) { p.TokenURL = "https://app.example.com/oauth/Token" },
		"client":         func(p *profile.Profile) { p.ClientID = "ID" },
		"authentication": func(p *profile.Profile) { p.ClientAuth = "client_secret_post" },
		"user":           func(p *profile.Profile) { p.Grant, p.Username = "password", "ann" },
		"scope":          func(p *profile.Profile) { p.Scopes = []string{"ALL"} },
		"audience":       func(p *profile.Profile) { p.Audience = []string{"a"} },
		"resource":       func(p *profile.Profile) { p.Resources = []string{"a"} },
		"parameter":      func(p *profile.Profile) { p.Params = []profile.Param{{Name: "a", Value: "b"}} },
	} {
		if key(change) == same {
			t.Errorf("%s: the same identity", name)
		}
	}
}
