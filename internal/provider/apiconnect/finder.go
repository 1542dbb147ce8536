package apiconnect

import (
	"context"
	"strings"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// finder finds a profile's realm: as configured, as remembered, or by asking.
type finder struct {
	profile *profile.Profile
	ports   provider.Ports
}

func (f finder) realm(ctx context.Context) (string, error) {
	if known, ok := f.known(); ok {
		return known, nil
	}
	realms, err := Realms(ctx, f.profile, f.ports)
	if err != nil {
		return "", err
	}
	chosen, err := Choose(realms)
	if err != nil {
		return "", err
	}
	f.remember(chosen)
	return chosen.Realm, nil
}

// known is the realm that needs no discovery.
func (f finder) known() (string, bool) {
	text := realmOf(f.profile)
	r, err := parseRealm(text)
	if err != nil || r.name != "" {
		return text, err == nil
	}
	if f.ports.Realms == nil {
		return "", false
	}
	found, ok := f.ports.Realms.Lookup(f.profile.BaseURL, r.family)
	name, inFamily := strings.CutPrefix(found, r.family+"/")
	return found, ok && inFamily && isName(name)
}

func (f finder) remember(chosen Realm) {
	note := f.ports.Note
	if note == nil {
		note = func(string, ...any) {}
	}
	if !chosen.Default {
		note("realm %s: the only identity provider that takes passwords", chosen.Realm)
	}
	if f.ports.Realms == nil {
		return
	}
	family, _, _ := strings.Cut(chosen.Realm, "/")
	if err := f.ports.Realms.Remember(f.profile.BaseURL, family, chosen.Realm); err != nil {
		note("the realm is not remembered: %v", err)
	}
}

// bind adds the realm: a token of the registry chosen before is not one of the registry chosen now.
func (f finder) bind(secrets provider.Bound) provider.Bound {
	return secrets.And(func(context.Context) ([]secret.String, error) {
		if found, ok := f.known(); ok {
			return []secret.String{secret.New("realm " + found)}, nil
		}
		return nil, nil
	})
}
