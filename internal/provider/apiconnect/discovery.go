package apiconnect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// Realm is one user registry that people can log in with.
type Realm struct {
	Realm   string `json:"realm"` // "provider/default-idp-2"
	Name    string `json:"name"`
	Title   string `json:"title"`
	Type    string `json:"type"` // lur, ldap, oidc, authurl...
	Default bool   `json:"default"`
}

// TakesPasswords reports whether the registry can check a password: an OpenID Connect one sends people to a browser.
func (r Realm) TakesPasswords() bool { return r.Type != "oidc" }

// Realms asks the server which realms the profile's family has. It needs no authentication.
func Realms(ctx context.Context, p *profile.Profile, ports provider.Ports) ([]Realm, error) {
	r, err := parseRealm(realmOf(p))
	if err != nil {
		return nil, err
	}
	body, err := ports.Endpoint.Fetch(ctx, p.BaseURL+r.registries(), headers(p, r, ports))
	if err != nil {
		return nil, discoveryFailed(err)
	}
	realms, err := parseRealms(body, r.family, ports.Endpoint.Show)
	if err != nil {
		return nil, fault.New(fault.Protocol, "protocol.identity_providers", "%w", err).
			Doing("the list of identity providers").
			Hint("base_url must be the platform API endpoint")
	}
	return realms, nil
}

// Forget makes the next token request discover the realm again.
func Forget(p *profile.Profile, ports provider.Ports) error {
	r, err := parseRealm(realmOf(p))
	if err != nil || ports.Realms == nil {
		return err
	}
	return ports.Realms.Forget(p.BaseURL, r.family)
}

// discoveryFailed makes the server's no a matter of configuration: nobody was refused, the list is not there.
func discoveryFailed(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if ok && e.Kind == fault.Protocol && e.Status >= 400 {
		e.Kind, e.Code = fault.Config, "config.realm"
		e.Hint("base_url is probably that of a user interface or a gateway: use the platform API endpoint, or name the realm in the profile")
	}
	return err
}

// parseRealms reads the list as strictly as a token reply: what it says decides where a password goes.
func parseRealms(body []byte, family string, show func(string) string) ([]Realm, error) {
	list, err := grant.ParseDocument(body)
	if err != nil {
		return nil, err
	}
	var items []json.RawMessage
	if json.Unmarshal(list["results"], &items) != nil || items == nil {
		return nil, errors.New("the body is not a JSON object with results")
	}
	realms := make([]Realm, len(items))
	for i, item := range items {
		if realms[i], err = parseProvider(item, family); err != nil {
			return nil, fmt.Errorf("an identity provider: %w", err)
		}
		realms[i].Title, realms[i].Type = show(realms[i].Title), show(realms[i].Type)
	}
	return realms, nil
}

func parseProvider(item []byte, family string) (Realm, error) {
	found, err := grant.ParseDocument(item)
	if err != nil {
		return Realm{}, err
	}
	var r Realm
	for name, into := range map[string]any{
		"name": &r.Name, "title": &r.Title, "registry_type": &r.Type, "default": &r.Default, "realm": &r.Realm,
	} {
		if value, said := found[name]; said && json.Unmarshal(value, into) != nil {
			return Realm{}, fmt.Errorf("%s is of another type", name)
		}
	}
	if !isName(r.Name) {
		return Realm{}, errors.New("it has no usable name")
	}
	// Later versions say the realm themselves. One of another family would be a log-in somewhere else.
	if name, ok := strings.CutPrefix(r.Realm, family+"/"); !ok || !isName(name) {
		r.Realm = family + "/" + r.Name
	}
	return r, nil
}

// Choose picks the realm that a password can be meant for: the default one, else the only one. Taking the default
// whatever its type fails where the default is an OpenID Connect registry, as in IBM Cloud Pak for Integration.
func Choose(realms []Realm) (Realm, error) {
	var able, preferred []Realm
	for _, r := range realms {
		if !r.TakesPasswords() {
			continue
		}
		able = append(able, r)
		if r.Default {
			preferred = append(preferred, r)
		}
	}
	switch {
	case len(preferred) == 1:
		return preferred[0], nil
	case len(able) == 1:
		return able[0], nil
	}
	return Realm{}, undecided(realms, able)
}

func undecided(realms, able []Realm) *fault.Error {
	if len(realms) == 0 {
		return fault.New(fault.Config, "config.realm", "the server lists no identity provider").
			Hint("name the realm in the profile: realm: provider/default-idp-2")
	}
	lines := make([]string, len(realms))
	for i, r := range realms {
		lines[i] = fmt.Sprintf("%s — %s — %s — %t", r.Realm, r.Type, r.Title, r.Default)
	}
	why := "several identity providers take passwords"
	if len(able) == 0 {
		why = "no identity provider takes passwords"
	}
	e := fault.New(fault.Config, "config.realm", "%s (realm — type — title — default): %s", why, strings.Join(lines, "; "))
	if len(able) == 0 {
		return e.Hint("use grant: api_key with a key from the sign-in page")
	}
	return e.Hint("name one in the profile: realm: %s", able[0].Realm)
}
