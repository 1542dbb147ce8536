// Package apiconnect knows IBM API Connect's management API: token requests are JSON, users live in registries called
// realms, and which realms there are is asked of the server before anybody logs in. People of registries without
// passwords fetch an API key from a sign-in page.
package apiconnect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// Where tokens come from, below base_url: the consumer organizations' API is a server of its own.
const (
	platformAPI = "/api"
	consumerAPI = "/consumer-api"
)

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "apiconnect", Summary: "IBM API Connect",
		Keys: []profile.Key{
			{Name: "realm", Type: profile.Text},
			{Name: "api_key", Type: profile.Secret},
			{Name: "credentials_file", Type: profile.Path},
			{Name: "sign_in_url", Type: profile.Text}, // a URL that may have a query
		},
		Complete: complete,
		New:      newSource,
	}
}

func complete(p *profile.Profile) error {
	r, err := parseRealm(realmOf(p))
	if err != nil {
		return err
	}
	if err := completeAddress(p, r); err != nil {
		return err
	}
	if err := completeClient(p); err != nil {
		return err
	}
	rules := provider.Rules{
		Provider:   "apiconnect",
		Grants:     []string{provider.Password, provider.APIKey, provider.ClientCredentials, provider.RefreshToken},
		ClientAuth: []string{provider.SecretPost}, // as members of the JSON object
		DefaultTTL: 8 * time.Hour,
		Unused:     []string{"scopes", "audience", "resources", "dpop", "authorization_details"},
		ClientFile: p.Own.Has("credentials_file"),
	}
	if err := rules.Complete(p); err != nil {
		return err
	}
	if err := completeGrant(p, r); err != nil {
		return err
	}
	return addContext(p, r)
}

// completeAddress cuts what belongs to the API of base_url: people copy the address with it.
func completeAddress(p *profile.Profile, r realm) error {
	base := strings.TrimRight(p.BaseURL, "/")
	base = strings.TrimSuffix(base, platformAPI)
	if r.consumer() {
		base = strings.TrimSuffix(base, consumerAPI)
	}
	base = strings.TrimRight(base, "/")
	switch {
	case base != "":
		p.BaseURL = base
	case p.TokenURL == "":
		return &profile.KeyError{Key: "base_url", Reason: "is required", Hint: "base_url: https://apim.example.com"}
	}
	if p.TokenURL == "" {
		p.TokenURL = base + r.api() + "/token"
	}
	return nil
}

func completeGrant(p *profile.Profile, r realm) error {
	for _, key := range []string{"api_key", "sign_in_url"} {
		if p.Grant != provider.APIKey && p.Own.Has(key) {
			return &profile.KeyError{Key: key, Reason: "grant " + p.Grant + " has no use for it", Hint: "grant: api_key, or remove the line"}
		}
	}
	for i, param := range p.Params {
		if param.Name == "realm" || param.Name == "api_key" {
			return &profile.KeyError{Key: fmt.Sprintf("params[%d].name", i), Reason: param.Name + " has a key of its own", Hint: "use " + param.Name + ":"}
		}
	}
	if p.Grant == provider.Password && r.name == "" && p.BaseURL == "" {
		return &profile.KeyError{
			Key: "base_url", Reason: "is required to find the realm",
			Hint: "or name one: realm: " + r.family + "/default-idp-2",
		}
	}
	return checkSignIn(p)
}

// addContext has calls say which catalog a consumer means, as token requests do.
func addContext(p *profile.Profile, r realm) error {
	if !r.consumer() {
		return nil
	}
	for i, h := range p.Headers {
		switch {
		case !strings.EqualFold(h.Name, contextHeader):
		case h.Value.Scheme == secret.Literal && h.Value.Arg.Reveal() == r.context():
			return nil // said, or added before
		default:
			return &profile.KeyError{Key: fmt.Sprintf("headers[%d]", i), Reason: "is not the catalog of the realm", Hint: "remove it: authctl sends the header by itself"}
		}
	}
	value := secret.Ref{Scheme: secret.Literal, Arg: secret.New(r.context())}
	p.Headers = append(slices.Clip(p.Headers), profile.Header{Name: contextHeader, Value: value})
	return nil
}

func newSource(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
	r, err := parseRealm(realmOf(p))
	if err != nil {
		return nil, err
	}
	client, err := withClient(p, r, ports)
	if err != nil {
		return nil, err
	}
	config := provider.Config(client, ports)
	config.JSON, config.TokenHeaders = true, headers(p, r, ports)
	if p.Grant == provider.RefreshToken && r.name != "" {
		config.Params = append(config.Params, grant.Plain("realm", realmOf(p)))
	}
	s := provider.NewSource(client, ports, config)
	s.Identity.Realm = realmOf(p)
	switch p.Grant {
	case provider.Password:
		find := finder{p, ports}
		s.Grant = passwordGrant{
			Password: &grant.Password{
				Config: config, Username: p.Username, Password: ports.Later(p.Password, "password"), Realm: find.realm,
			},
			find: find,
		}
		s.Bound = find.bind(s.Bound)
	case provider.APIKey:
		key := provider.Secret{Key: "api_key", Ref: p.Own.Secret("api_key")}
		s.Grant = keyGrant{APIKey: &grant.APIKey{Config: config, Key: ports.Later(key.Ref, key.Key)}, profile: p}
		s.Bound = s.Bound.And(func(ctx context.Context) ([]secret.String, error) { return ports.Bind(ctx, p.Name, key) })
	}
	s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p, r) })
	return s, nil
}

// passwordGrant says the realm again when it refreshes, as the product's own portal does.
type passwordGrant struct {
	*grant.Password

	find finder
}

// Refresh implements [grant.Refresher]. A realm that nobody remembers is not looked for: the refresh token has it.
func (g passwordGrant) Refresh(ctx context.Context, prev *grant.Token, ask grant.Ask) (*grant.Token, error) {
	config := g.Config
	if known, ok := g.find.known(); ok {
		config.Params = append(slices.Clip(config.Params), grant.Plain("realm", known))
	}
	return config.Refresh(ctx, prev, ask)
}
