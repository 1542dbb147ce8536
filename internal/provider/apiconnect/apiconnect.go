// Package apiconnect knows IBM API Connect's management API: token requests are JSON, users live in registries called
// realms, and which realms there are is asked of the server before anybody logs in. Consumer organizations are not
// supported yet.
package apiconnect

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// The client that the product registers on every installation and its guide documents: public, and no secret.
const (
	publicID     = "caa87d9a-8cd7-4686-8b6e-ee2cdc5ee267"
	publicSecret = "3ecff363-7eb3-44be-9e07-6d4386c48b0b"
)

const tokenPath = "/api/token"

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "apiconnect", Summary: "IBM API Connect",
		Keys: []profile.Key{
			{Name: "realm", Type: profile.Text},
			{Name: "api_key", Type: profile.Secret},
			{Name: "credentials_file", Type: profile.Path},
			{Name: "sign_in_url", Type: profile.URL, Later: true},
		},
		Complete: complete,
		New:      newSource,
	}
}

func complete(p *profile.Profile) error {
	base := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(p.BaseURL, "/"), "/api"), "/")
	switch {
	case base != "":
		p.BaseURL = base
	case p.TokenURL == "":
		return &profile.KeyError{Key: "base_url", Reason: "is required"}
	}
	if p.TokenURL == "" {
		p.TokenURL = base + tokenPath
	}
	if err := completeClient(p); err != nil {
		return err
	}
	rules := provider.Rules{
		Provider:   "apiconnect",
		Grants:     []string{provider.Password, provider.APIKey, provider.ClientCredentials},
		ClientAuth: []string{provider.SecretPost}, // as members of the JSON object
		DefaultTTL: 8 * time.Hour,
		Unused:     []string{"scopes", "audience", "resources"},
		ClientFile: p.Own.Has("credentials_file"),
	}
	if err := rules.Complete(p); err != nil {
		return err
	}
	return completeGrant(p, base)
}

func completeClient(p *profile.Profile) error {
	switch {
	case p.Own.Has("credentials_file"):
	case p.ClientID == "" && !p.ClientSecret.IsZero():
		return &profile.KeyError{Key: "client_id", Reason: "is required beside client_secret"}
	case p.ClientID == "":
		p.ClientID = publicID
	case isTornUUID(p.ClientID):
		e := &profile.KeyError{Key: "client_id", Reason: "is a UUID with digits missing or to spare"}
		if likely := likelyID(p.ClientID); likely != "" {
			e.Hint = "did you mean the public client " + likely + "?"
		}
		return e
	}
	return nil
}

func completeGrant(p *profile.Profile, base string) error {
	if p.Grant != provider.APIKey && p.Own.Has("api_key") {
		return &profile.KeyError{Key: "api_key", Reason: "grant " + p.Grant + " does not send it", Hint: "grant: api_key"}
	}
	for i, param := range p.Params {
		if param.Name == "realm" || param.Name == "api_key" {
			return &profile.KeyError{Key: fmt.Sprintf("params[%d].name", i), Reason: param.Name + " has a key of its own", Hint: "use " + param.Name + ":"}
		}
	}
	r, err := parseRealm(realmOf(p))
	if err != nil {
		return err
	}
	if p.Grant == provider.Password && r.name == "" && base == "" {
		return &profile.KeyError{
			Key: "base_url", Reason: "is required to find the realm",
			Hint: "or name one: realm: " + r.family + "/default-idp-2",
		}
	}
	return nil
}

func newSource(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
	client := *p // with the client that the profile leaves to the product
	switch {
	case p.Own.Has("credentials_file"):
		id, proof, err := readCredentials(p.Own.Text("credentials_file"), ports)
		if err != nil {
			return nil, err
		}
		client.ClientID, client.ClientSecret = id, secret.Ref{Scheme: secret.Literal, Arg: proof}
	case p.ClientID == publicID && p.ClientSecret.IsZero():
		client.ClientSecret = secret.Ref{Scheme: secret.Literal, Arg: secret.New(publicSecret)}
	}
	config := provider.Config(&client, ports)
	config.JSON = true
	s := provider.NewSource(&client, ports, config)
	s.Identity.Realm = realmOf(p)
	switch p.Grant {
	case provider.Password:
		find := finder{p, ports}
		s.Grant = &grant.Password{
			Config: config, Username: p.Username, Password: ports.Later(p.Password, "password"), Realm: find.realm,
		}
		s.Bound = find.bind(s.Bound)
	case provider.APIKey:
		key := provider.Secret{Key: "api_key", Ref: p.Own.Secret("api_key")}
		s.Grant = &grant.APIKey{Config: config, Key: ports.Later(key.Ref, key.Key)}
		s.Bound = s.Bound.And(func(ctx context.Context) ([]secret.String, error) { return ports.Bind(ctx, p.Name, key) })
	}
	s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p) })
	return s, nil
}

// readCredentials reads the file that API Connect's own command line downloads.
func readCredentials(path string, ports provider.Ports) (id string, proof secret.String, err error) {
	data, err := ports.ReadFile(path)
	if err != nil {
		return "", proof, err
	}
	var file struct{ ID, Secret string }
	if json.Unmarshal(data, &file) != nil || file.ID == "" || secret.Check(secret.New(file.Secret)) != nil {
		return "", proof, fault.New(fault.Config, "config.credentials_file", "credentials_file is not a JSON object with id and secret").
			Hint("download credentials.json again: in the Cloud Manager or API Manager, help, install the toolkit")
	}
	return file.ID, secret.New(file.Secret), nil
}

// isTornUUID tells a UUID that lost digits on its way through somebody's clipboard from an id that is none.
func isTornUUID(id string) bool {
	groups := strings.Split(id, "-")
	want := []int{8, 4, 4, 4, 12}
	if len(groups) != len(want) {
		return false
	}
	whole, digits := true, 0
	for i, group := range groups {
		if strings.Trim(group, "0123456789abcdefABCDEF") != "" {
			return false
		}
		whole = whole && len(group) == want[i]
		digits += len(group)
	}
	return !whole && digits >= 24 && digits <= 40
}

// likelyID is the public client whose id has all of id's characters in their order, and some more.
func likelyID(id string) string {
	for _, public := range []string{publicID, "599b7aef-8841-4ee2-88a0-84d49c4d6ff2", "819a8de7-7204-4adb-918f-391ba39d29d0"} {
		rest := strings.ToLower(id)
		for i := range len(public) {
			if rest != "" && rest[0] == public[i] {
				rest = rest[1:]
			}
		}
		if rest == "" {
			return public
		}
	}
	return ""
}
