// Package profile is what a user says about one identity at one provider, after it was read and before anything is
// done with it: plain values, their rules, and the identity that a token depends on. It reads no file and asks nobody.
package profile

import (
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// Profile is one entry of profiles.yaml. The keys that every provider knows are fields; a provider's own keys lie in
// Own, under the names and types that the provider declared.
type Profile struct {
	Name, Provider string

	BaseURL        string
	AllowedOrigins []string

	Grant                     string
	ClientID                  string
	ClientSecret              secret.Ref
	ClientAuth, BasicEncoding string
	Username                  string
	Password                  secret.Ref
	Scopes                    []string // nil: not said; empty: send no scope
	Audience, Resources       []string
	Params                    []Param
	Headers                   []Header

	TLS     TLS
	Proxy   string // a URL, "none", or empty for the environment's
	Timeout time.Duration

	DefaultTTL, ExpirySkew time.Duration // 0: not said
	ReauthStatuses         []int

	// Endpoints are the authorization server's further addresses, as said or as the provider fills them.
	Endpoints Endpoints
	GrantKeys

	// Said names every key of the file, so that what a grant cannot use is refused and never ignored.
	Said map[string]bool

	// TokenURL is where the token request goes. A provider fills it from its own keys when the user left it out.
	TokenURL string

	Own Values
}

// Param is one further member of the token request.
type Param struct{ Name, Value string }

// Header is one header of API calls.
type Header struct {
	Name  string
	Value secret.Ref
}

// TLS says how servers are verified and what certificate is shown to them.
type TLS struct {
	CAFile, CertFile, KeyFile string
	ServerName                string
	MinVersion                string // "1.2" or "1.3"
	InsecureSkipVerify        bool
	InsecureTokenEndpoint     bool
}

// Values are a provider's own keys by name; [Key.Type] says what each holds.
type Values map[string]any

// Text gives a Text, URL or Path value, or the word of a WordOrMap; "" where the key was not said.
func (v Values) Text(name string) string { s, _ := v[name].(string); return s }

// Secret gives a Secret value, the zero Ref where the key was not said.
func (v Values) Secret(name string) secret.Ref { r, _ := v[name].(secret.Ref); return r }

// Bool gives a Bool value, false where the key was not said.
func (v Values) Bool(name string) bool { b, _ := v[name].(bool); return b }

// Map gives the members of a Map or a WordOrMap, nil where the key was not said or is a word.
func (v Values) Map(name string) Values { m, _ := v[name].(Values); return m }

// Has reports whether the user said the key.
func (v Values) Has(name string) bool { _, ok := v[name]; return ok }
