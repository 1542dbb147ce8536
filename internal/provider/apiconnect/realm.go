package apiconnect

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

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
