package provider

import (
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/profile"
)

// The grants and client authentication methods that can be built now, by the names of RFC 6749 and RFC 7591.
const (
	ClientCredentials = "client_credentials"
	Password          = "password"
	APIKey            = "api_key"

	SecretBasic = "client_secret_basic"
	SecretPost  = "client_secret_post"
	NoAuth      = "none"
)

// Rules are what a provider says about the keys that every provider has.
type Rules struct {
	Provider      string
	Grants        []string // that it knows; the first is the default
	ClientAuth    []string // that it knows; the first is the default
	BasicEncoding string   // the default: raw or form
	Scopes        []string // the default
	DefaultTTL    time.Duration
	Unused        []string // keys of every provider that this one has no use for: scopes, audience, resources
	ClientFile    bool     // client_id and client_secret stand in a file of the product
}

// Complete fills p's defaults and refuses what the provider cannot use, so that no key is ever ignored.
func (r Rules) Complete(p *profile.Profile) error {
	if err := r.choose("grant", &p.Grant, r.Grants); err != nil {
		return err
	}
	if err := r.choose("client_auth", &p.ClientAuth, r.ClientAuth); err != nil {
		return err
	}
	for _, check := range []func(*profile.Profile) error{r.unused, r.client, r.owner} {
		if err := check(p); err != nil {
			return err
		}
	}
	if p.Scopes == nil {
		p.Scopes = slices.Clone(r.Scopes)
	}
	if p.DefaultTTL == 0 {
		p.DefaultTTL = r.DefaultTTL
	}
	return nil
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

func (r Rules) unused(p *profile.Profile) error {
	said := map[string]bool{
		"scopes": len(p.Scopes) > 0, "audience": len(p.Audience) > 0, "resources": len(p.Resources) > 0,
	}
	for _, key := range r.Unused {
		if said[key] {
			return &profile.KeyError{Key: key, Reason: "provider " + r.Provider + " has no use for it", Hint: "remove the line"}
		}
	}
	return nil
}

func (r Rules) client(p *profile.Profile) error {
	switch {
	case r.ClientFile:
		return r.clientFile(p)
	case p.ClientID == "":
		return &profile.KeyError{Key: "client_id", Reason: "is required"}
	case p.ClientAuth == NoAuth && p.Grant == ClientCredentials:
		// RFC 6749 section 4.4: this grant is for clients that can prove who they are.
		return &profile.KeyError{Key: "client_auth", Reason: "grant client_credentials needs a client authentication"}
	case p.ClientAuth == NoAuth && !p.ClientSecret.IsZero():
		return &profile.KeyError{Key: "client_secret", Reason: "client_auth none sends no secret", Hint: "remove one of the two lines"}
	case p.ClientAuth != SecretBasic && p.BasicEncoding != "":
		return &profile.KeyError{Key: "basic_encoding", Reason: "is for client_auth client_secret_basic only", Hint: "remove the line"}
	case p.ClientAuth == SecretBasic && p.BasicEncoding == "":
		p.BasicEncoding = r.BasicEncoding
	}
	// RFC 7617 section 2: the first colon ends the id, so that another one would move into the secret.
	if p.ClientAuth == SecretBasic && p.BasicEncoding == "raw" && strings.Contains(p.ClientID, ":") {
		return &profile.KeyError{
			Key: "client_id", Reason: "a colon cannot be sent by client_secret_basic with basic_encoding raw",
			Hint: "basic_encoding: form",
		}
	}
	return nil
}

func (r Rules) clientFile(p *profile.Profile) error {
	key := "client_id"
	switch {
	case p.ClientID != "":
	case !p.ClientSecret.IsZero():
		key = "client_secret"
	default:
		return nil
	}
	return &profile.KeyError{Key: key, Reason: "cannot stand beside credentials_file, which has its own", Hint: "remove one of the two lines"}
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
