package apiconnect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
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

// realm is the key of a profile, taken apart.
type realm struct {
	family       string // provider, admin or consumer:ORG:CATALOG
	name         string // empty where it is to be discovered
	org, catalog string // of a consumer family
}

func (r realm) consumer() bool { return r.org != "" }

// api is where the family's token endpoint lies.
func (r realm) api() string {
	if r.consumer() {
		return consumerAPI
	}
	return platformAPI
}

// registries is where the family's identity providers are listed.
func (r realm) registries() string {
	if r.consumer() {
		return consumerAPI + "/consumer/identity-providers"
	}
	return platformAPI + "/cloud/" + r.family + "/identity-providers"
}

// contextHeader says which catalog a consumer means.
const contextHeader = "X-IBM-Consumer-Context"

func (r realm) context() string { return r.org + "." + r.catalog }

// headers are those of every request at the authorization server.
func headers(p *profile.Profile, r realm, ports provider.Ports) http.Header {
	header := provider.Config(p, ports).TokenHeaders.Clone()
	if r.consumer() {
		if header == nil {
			header = http.Header{}
		}
		header.Set(contextHeader, r.context())
	}
	return header
}

func realmOf(p *profile.Profile) string {
	if text := p.Own.Text("realm"); text != "" {
		return text
	}
	return "provider"
}

func parseRealm(text string) (realm, error) {
	family, name, named := strings.Cut(text, "/")
	r := realm{family: family, name: name}
	ok := family == "provider" || family == "admin"
	if rest, consumer := strings.CutPrefix(family, "consumer:"); consumer {
		r.org, r.catalog, _ = strings.Cut(rest, ":")
		ok = isSlug(r.org) && isSlug(r.catalog)
	}
	if !ok || named && !isName(name) {
		return realm{}, &profile.KeyError{
			Key: "realm", Reason: "is not a realm",
			Hint: "provider, admin or consumer:ORG:CATALOG, alone to find the registry, or with it: provider/default-idp-2",
		}
	}
	return r, nil
}

// isSlug is what organizations and catalogs are named by, and what can stand in a header.
func isSlug(name string) bool {
	bad := func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}
	return name != "" && len(name) <= 256 && !strings.ContainsFunc(name, bad)
}

func isName(name string) bool {
	bad := func(r rune) bool { return r == '/' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	return name != "" && len(name) <= 256 && !strings.ContainsFunc(name, bad)
}

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

func parseRealms(body []byte, family string, show func(string) string) ([]Realm, error) {
	var list struct {
		Results *[]struct {
			Name, Title, Realm string
			Type               string `json:"registry_type"`
			Default            bool
		}
	}
	if err := json.Unmarshal(body, &list); err != nil || list.Results == nil {
		return nil, errors.New("the body is not a JSON object with results")
	}
	realms := make([]Realm, 0, len(*list.Results))
	for _, item := range *list.Results {
		if !isName(item.Name) {
			return nil, errors.New("an identity provider has no usable name")
		}
		r := Realm{Realm: family + "/" + item.Name, Name: item.Name, Title: show(item.Title), Type: show(item.Type), Default: item.Default}
		// Later versions say the realm themselves. One of another family would be a log-in somewhere else.
		if name, ok := strings.CutPrefix(item.Realm, family+"/"); ok && isName(name) {
			r.Realm = item.Realm
		}
		realms = append(realms, r)
	}
	return realms, nil
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
