package discovery

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

// Bounds of what is kept of a server's lists.
const (
	maxWords = 200
	maxWord  = 200
)

// Document is what an authorization server says of itself (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3).
type Document struct {
	grant.Metadata
	// Aliases are the addresses for clients that show a certificate (RFC 8705 section 5); empty ones have none.
	Aliases grant.Metadata
	// Grants, ClientAuth and Scopes are what the server takes; nil where it does not say.
	Grants, ClientAuth, Scopes []string

	raw []byte // as the server sent it
}

// field is a member of the metadata that holds an address.
type field struct {
	name string
	in   *string
}

func fields(m *grant.Metadata) []field {
	return append(backChannel(m), field{"authorization_endpoint", &m.Authorization}, field{"jwks_uri", &m.JWKS})
}

// backChannel are the endpoints that the client itself asks, so that a certificate can be shown there.
func backChannel(m *grant.Metadata) []field {
	return []field{
		{"token_endpoint", &m.Token},
		{"device_authorization_endpoint", &m.DeviceAuthorization},
		{"pushed_authorization_request_endpoint", &m.PushedAuthorization},
		{"backchannel_authentication_endpoint", &m.BackchannelAuthentication},
		{"revocation_endpoint", &m.Revocation},
		{"introspection_endpoint", &m.Introspection},
		{"userinfo_endpoint", &m.UserInfo},
	}
}

// Parse reads the metadata of an issuer. The document must name that issuer byte for byte (RFC 8414 section 3.3): one
// that names another could send the client's secret anywhere. What its addresses may be is judged where they are used.
func Parse(data []byte, issuer string) (*Document, error) {
	found, err := grant.ParseDocument(data)
	if err != nil {
		return nil, malformed(err)
	}
	d := &Document{}
	if d.Issuer, _, err = found.Text("issuer"); err != nil || d.Issuer != issuer {
		return nil, otherIssuer(issuer, d.Issuer)
	}
	if err := d.read(found); err != nil {
		return nil, malformed(err)
	}
	return d, nil
}

func (d *Document) read(found grant.Members) (err error) {
	if err := addresses(found, fields(&d.Metadata)); err != nil {
		return err
	}
	if d.IssParameter, err = flag(found, "authorization_response_iss_parameter_supported"); err != nil {
		return err
	}
	if d.RequirePushed, err = flag(found, "require_pushed_authorization_requests"); err != nil {
		return err
	}
	d.Grants = words(found["grant_types_supported"])
	d.ClientAuth = words(found["token_endpoint_auth_methods_supported"])
	d.Scopes = words(found["scopes_supported"])
	raw := found["mtls_endpoint_aliases"]
	if raw == nil || string(raw) == "null" {
		return nil
	}
	aliases, err := grant.ParseDocument(raw)
	if err != nil {
		return fmt.Errorf("mtls_endpoint_aliases: %w", err)
	}
	return addresses(aliases, backChannel(&d.Aliases))
}

func addresses(found grant.Members, into []field) (err error) {
	for _, f := range into {
		if *f.in, _, err = found.Text(f.name); err != nil {
			return err
		}
	}
	return nil
}

// flag is a member that must be true or false where it is there at all.
func flag(found grant.Members, name string) (bool, error) {
	switch string(found[name]) {
	case "", "null", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", name)
}

// words are the names in a list that can be names at all: they may end up in a file. A list that is none says nothing.
func words(raw json.RawMessage) []string {
	var list, kept []string
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	for _, word := range list {
		if len(kept) < maxWords && isWord(word) {
			kept = append(kept, word)
		}
	}
	return kept
}

// isWord is RFC 6749 section 3.3's scope-token, which all of these names keep to.
func isWord(s string) bool {
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	return s != "" && len(s) <= maxWord && !strings.ContainsFunc(s, bad)
}

func malformed(err error) *fault.Error {
	return fault.New(fault.Protocol, "protocol.metadata", "%w", err).
		Hint("check issuer of the profile, or whether a sign-in proxy answers in its place")
}

// mismatch is the fault whose text must name two issuers, the second as a stranger wrote it.
type mismatch struct{ want, got string }

func (m *mismatch) Error() string {
	if m.got == "" {
		return "the server's metadata name no issuer, and must name " + m.want
	}
	return fmt.Sprintf("the server's metadata are those of issuer %s, not of %s", m.got, m.want)
}

func otherIssuer(want, got string) *fault.Error {
	e := fault.New(fault.Policy, "policy.issuer", "%w", &mismatch{want, got})
	if got == "" {
		return e
	}
	return e.Hint("where the server is the right one, set issuer of the profile to exactly what it says; a slash at the end counts")
}
