// Package entra knows Microsoft Entra ID: version 2.0 of its endpoints, for applications that act on their own behalf
// and for people who log in, and the managed identities of Azure's machines. It refuses version 1 of the endpoints, and
// never chooses between two credentials.
package entra

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// Provider is the provider's one value. Getenv reads the variables by which Azure tells its workloads who they are.
func Provider(getenv func(name string) (string, bool)) provider.Provider {
	env := environment(getenv)
	return provider.Provider{
		Name: "entra", Summary: "Microsoft Entra ID",
		Keys: []profile.Key{
			{Name: "tenant", Type: profile.Text},
			{Name: "authority", Type: profile.URL},
			{Name: "cloud", Type: profile.Text, Words: []string{"public", "usgov", "china"}},
			{Name: "certificate", Type: profile.Map, Members: []profile.Key{
				{Name: "file", Type: profile.Path},
				{Name: "key", Type: profile.Secret},
				{Name: "passphrase", Type: profile.Secret},
				{Name: "alg", Type: profile.Text, Words: []string{"PS256", "RS256"}},
				{Name: "send_chain", Type: profile.Bool},
			}},
			{Name: "federated_token_file", Type: profile.Path},
			{Name: "managed_identity", Type: profile.WordOrMap, Words: []string{"system"}, Members: []profile.Key{
				{Name: "client_id", Type: profile.Text},
				{Name: "object_id", Type: profile.Text},
				{Name: "resource_id", Type: profile.Text},
			}},
			{Name: "cae", Type: profile.Bool},
		},
		Complete: env.complete,
		New:      env.source,
	}
}

func (e environment) complete(p *profile.Profile) error {
	e.fill(p)
	chosen, err := credentialOf(p)
	if err != nil {
		return err
	}
	if err := checkAuthority(p); err != nil {
		return err
	}
	if err := checkTenant(p, chosen); err != nil {
		return err
	}
	if err := endpoints(p, chosen); err != nil {
		return err
	}
	if err := rules(chosen).Complete(p); err != nil {
		return err
	}
	if err := checkClaims(p); err != nil {
		return err
	}
	return checkScopes(p)
}

// checkClaims keeps the claims that cae announces the only ones: a parameter is sent once (RFC 6749 section 3.2).
func checkClaims(p *profile.Profile) error {
	if !p.Own.Bool("cae") {
		return nil
	}
	for key, list := range map[string][]profile.Param{"params": p.Params, "authorization_params": p.AuthorizationParams} {
		for i, param := range list {
			if param.Name == "claims" {
				return &profile.KeyError{Key: fmt.Sprintf("%s[%d].name", key, i), Reason: "cae sends claims of its own", Hint: "remove cae, or the entry"}
			}
		}
	}
	return nil
}

func rules(chosen credential) provider.Rules {
	r := provider.Rules{
		Provider: "entra",
		Grants: []string{
			provider.ClientCredentials, provider.AuthorizationCode, provider.DeviceCode, provider.RefreshToken,
		},
		ClientAuth:    []string{provider.SecretPost, provider.SecretBasic, provider.NoAuth},
		BasicEncoding: "form",
		DefaultTTL:    time.Hour,
		Unused:        []string{"audience", "resources", "dpop", "par", "authorization_details"},
	}
	switch chosen {
	case certificate, federated:
		r.OwnCredential, r.ClientAuth = true, []string{provider.PrivateKeyJWT}
	case managed:
		r.NoClient, r.ClientAuth = true, []string{provider.NoAuth}
		r.Grants = r.Grants[:1]
		r.Unused = append(r.Unused, "token_headers")
	case none, clientSecret:
	}
	return r
}

// endpoints fills the addresses, which version 2.0 makes of authority and tenant. A managed identity is asked for at a
// service of its machine, which is found when the request is made.
func endpoints(p *profile.Profile, chosen credential) error {
	var base, token string
	if chosen != managed {
		base = authority(p) + "/" + p.Own.Text("tenant")
		token = base + "/oauth2/v2.0/token"
	}
	if p.TokenURL != "" && p.TokenURL != token {
		return &profile.KeyError{Key: "token_url", Reason: "is made of authority and tenant by provider entra", Hint: "remove the line"}
	}
	p.TokenURL = token
	if chosen == managed {
		return nil
	}
	p.Endpoints.JWKS = base + "/discovery/v2.0/keys"
	switch p.Grant {
	case provider.AuthorizationCode:
		p.Endpoints.Authorization = base + "/oauth2/v2.0/authorize"
	case provider.DeviceCode:
		p.Endpoints.DeviceAuthorization = base + "/oauth2/v2.0/devicecode"
	}
	return nil
}

// appOnly reports whether the application acts on its own behalf.
func appOnly(p *profile.Profile) bool { return p.Grant == "" || p.Grant == provider.ClientCredentials }

// forPeople reports whether a person of any directory may log in.
func forPeople(p *profile.Profile) bool {
	return p.Grant == provider.AuthorizationCode || p.Grant == provider.DeviceCode
}

// checkScopes holds what may be asked for: an app-only request names all that the application was granted at one API.
func checkScopes(p *profile.Profile) error {
	refuse := func(reason string) error {
		return &profile.KeyError{Key: "scopes", Reason: reason, Hint: "scopes: [https://graph.microsoft.com/.default]"}
	}
	if len(p.Scopes) == 0 && p.Grant != provider.RefreshToken {
		return refuse("is required")
	}
	if slices.ContainsFunc(p.Scopes, encoded) {
		return refuse("is percent-encoded already; write it plainly")
	}
	if !appOnly(p) {
		return nil
	}
	for _, scope := range p.Scopes {
		if !strings.HasSuffix(strings.ToLower(scope), "/.default") {
			return refuse("must end in /.default for an app-only token")
		}
	}
	if len(p.Scopes) > 1 {
		return refuse("an app-only token is for one API")
	}
	return nil
}

func encoded(scope string) bool {
	lower := strings.ToLower(scope)
	return strings.Contains(lower, "%3a") || strings.Contains(lower, "%2f")
}

// requestID lets Microsoft's support find the request by the id that its error messages repeat.
func requestID() http.Header { return http.Header{"Client-Request-Id": {uuid()}} }

// uuid is a random one (RFC 9562 section 5.4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
