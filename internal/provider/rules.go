package provider

import (
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/profile"
)

// The grants, by the names of RFC 6749, RFC 7591 and OpenID Connect CIBA Core.
const (
	ClientCredentials = "client_credentials"
	Password          = "password"
	APIKey            = "api_key"
	RefreshToken      = "refresh_token"
	AuthorizationCode = "authorization_code"
	DeviceCode        = "device_code"
	JWTBearer         = "jwt_bearer"
	TokenExchange     = "token_exchange"
	CIBA              = "ciba"
)

// The client authentication methods, by the names of RFC 7591, RFC 8705 and OpenID Connect Core section 9.
const (
	SecretBasic             = "client_secret_basic"
	SecretPost              = "client_secret_post"
	SecretJWT               = "client_secret_jwt"
	PrivateKeyJWT           = "private_key_jwt"
	TLSClientAuth           = "tls_client_auth"
	SelfSignedTLSClientAuth = "self_signed_tls_client_auth"
	NoAuth                  = "none"
)

// Rules are what a provider says about the keys that every provider has.
type Rules struct {
	Provider      string
	Grants        []string // that it knows; the first is the default
	ClientAuth    []string // that it knows; the first is the default
	BasicEncoding string   // the default: raw or form
	Scopes        []string // the default
	LoginScopes   []string // the default of grants that need a person; nil: Scopes
	DefaultTTL    time.Duration
	Endpoints     []string // keys of profile.Endpoints that it takes
	Discovers     bool     // it learns endpoints from the server: none is required
	Unused        []string // keys of every provider that this one has no use for
	ClientFile    bool     // client_id and client_secret stand in a file of the product
	OwnCredential bool     // a key of the provider's own proves the client, in the way that client_auth says
	NoClient      bool     // no client takes part
}

// Standard are the rules of a server that may have all that the RFCs describe, for a provider to change.
func Standard(name string) Rules {
	return Rules{
		Provider: name,
		Grants: []string{
			ClientCredentials, Password, RefreshToken, AuthorizationCode, DeviceCode, JWTBearer, TokenExchange, CIBA,
		},
		ClientAuth: []string{
			SecretBasic, SecretPost, SecretJWT, PrivateKeyJWT, TLSClientAuth, SelfSignedTLSClientAuth, NoAuth,
		},
		BasicEncoding: "form",
		DefaultTTL:    5 * time.Minute,
		Endpoints: []string{
			"authorization_url", "device_authorization_url", "revocation_url", "introspection_url",
			"pushed_authorization_request_url", "backchannel_authentication_url",
		},
	}
}

// Interactive reports whether a grant needs a person.
func Interactive(grant string) bool {
	return grant == AuthorizationCode || grant == DeviceCode || grant == CIBA
}

// Complete fills p's defaults and refuses what the provider cannot use, so that no key is ever ignored.
func (r Rules) Complete(p *profile.Profile) error {
	if err := r.choose("grant", &p.Grant, r.Grants); err != nil {
		return err
	}
	if p.ClientAuth == "" || r.NoClient {
		p.ClientAuth = r.defaultAuth(p)
	}
	for _, check := range []func(*profile.Profile) error{r.knownAuth, r.unused, r.fits, r.client, r.proof, r.owner, r.needs} {
		if err := check(p); err != nil {
			return err
		}
	}
	if p.Scopes == nil {
		p.Scopes = slices.Clone(r.scopes(p.Grant))
	}
	if p.DefaultTTL == 0 {
		p.DefaultTTL = r.DefaultTTL
	}
	return nil
}

func (r Rules) scopes(grant string) []string {
	if Interactive(grant) && r.LoginScopes != nil {
		return r.LoginScopes
	}
	return r.Scopes
}

func (r Rules) choose(key string, value *string, known []string) error {
	if *value == "" {
		*value = known[0]
	}
	if slices.Contains(known, *value) {
		return nil
	}
	return &profile.KeyError{
		Key: key, Reason: "provider " + r.Provider + " cannot use this value",
		Hint: "one of: " + strings.Join(known, ", "),
	}
}

// unused refuses keys that the provider has no use for. An empty list of scopes asks for nothing, and may stand.
func (r Rules) unused(p *profile.Profile) error {
	lists := map[string]bool{
		"scopes": len(p.Scopes) > 0, "audience": len(p.Audience) > 0, "resources": len(p.Resources) > 0,
	}
	for _, key := range r.Unused {
		said, isList := lists[key]
		if said || !isList && p.Said[key] {
			return &profile.KeyError{Key: key, Reason: "provider " + r.Provider + " has no use for it", Hint: "remove the line"}
		}
	}
	for _, key := range p.Endpoints.Keys() {
		if p.Said[key.Name] && !slices.Contains(r.Endpoints, key.Name) {
			return &profile.KeyError{Key: key.Name, Reason: "provider " + r.Provider + " has no use for it", Hint: "remove the line"}
		}
	}
	return nil
}

// owner checks the keys of the resource owner, which only the password grant sends.
func (r Rules) owner(p *profile.Profile) error {
	switch {
	case p.Grant == Password && p.Username == "":
		return &profile.KeyError{Key: "username", Reason: "is required by grant password"}
	case p.Grant != Password && p.Username != "":
		return r.notOwner("username", p.Grant)
	case p.Grant != Password && !p.Password.IsZero():
		return r.notOwner("password", p.Grant)
	}
	return nil
}

func (r Rules) notOwner(key, grant string) error {
	e := &profile.KeyError{Key: key, Reason: "grant " + grant + " does not send it", Hint: "remove the line"}
	if slices.Contains(r.Grants, Password) {
		e.Hint = "grant: password, or remove the line"
	}
	return e
}
