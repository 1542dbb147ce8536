// Package provider turns a profile into a grant: each provider is one value that declares its keys, fills what the
// user left out, refuses what its servers cannot use, and knows what their errors mean. The folders below it hold one
// provider each and know nothing of one another. Nothing here opens a connection, a file or a keyring by itself.
package provider

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// Provider is one kind of authorization server.
type Provider struct {
	Name, Summary string
	Keys          []profile.Key

	// Complete fills a profile's defaults and refuses with a *[profile.KeyError] what cannot work. It may be given a
	// profile that it has completed before.
	Complete func(p *profile.Profile) error

	// New makes the source of a completed profile's tokens. It asks for no secret and opens no connection.
	New func(p *profile.Profile, ports Ports) (*Source, error)
}

// Ports are what a provider needs of the world.
type Ports struct {
	Endpoint *grant.Endpoint
	// Secret resolves a reference. A zero Ref stands for the profile's own keyring account for key.
	Secret func(ctx context.Context, ref secret.Ref, key string) (secret.String, error)
	Realms RealmMemory
	// ReadFile reads a file that a profile names, ~ expanded.
	ReadFile func(path string) ([]byte, error)
	// ReadNamed reads a file that a server names: a regular file of at most limit bytes, where neither its own name nor
	// its folder's is a link. Whatever else stands there is [ErrNotNamed], and is not read.
	ReadNamed func(path string, limit int64) ([]byte, error)
	// Token gives another profile's current token without a person, for a token exchange: which is access_token,
	// id_token or refresh_token.
	Token func(ctx context.Context, profile, which string) (secret.String, error)
	// TokenDependsOn gives what another profile's token depends on; nil: nothing is known of it.
	TokenDependsOn func(ctx context.Context, profile string) ([]secret.String, error)
	// Documents keeps public documents of servers between runs, such as discovery metadata.
	Documents Documents
	// Getenv reads the environment, for the variables that a platform hands its workloads (AZURE_*, IDENTITY_*).
	Getenv func(name string) (string, bool)
	// Direct connects without any proxy, for a platform's own metadata service.
	Direct *grant.Endpoint
	// Nonces are what servers asked to be in proofs of possession (RFC 9449), shared by all who prove; nil: nothing is
	// shared.
	Nonces *dpop.Nonces
	// Note tells a person what was chosen on their behalf; may be nil.
	Note func(format string, args ...any)
}

// ErrNotNamed is the refusal of a file that is not what a name promises.
var ErrNotNamed = errors.New("it is a link, no regular file, or too large")

// RealmMemory remembers the API Connect realm that discovery chose. An absent or unreadable memory remembers nothing;
// only Remember and Forget may fail, and a token is got all the same.
type RealmMemory interface {
	Lookup(baseURL, family string) (realm string, ok bool)
	Remember(baseURL, family, realm string) error
	Forget(baseURL, family string) error
}

// Documents keeps public documents by name for a while. What cannot be kept or read is asked for again.
type Documents interface {
	Read(name string) (data []byte, keptAt time.Time, ok bool)
	Keep(name string, data []byte)
}

// Source is where a profile's tokens come from.
type Source struct {
	Identity profile.Identity
	Grant    grant.Grant // a [grant.Refresher] and a [grant.Login] as well where it can be
	Bound    Bound
	// Upstream is what the tokens of other profiles depend on that this one is exchanged for; nil: there are none.
	Upstream Bound
	// Root is the part of Bound that refresh tokens grow from: the one that the profile names. Nil: it names none.
	Root Bound
	// ProofKey gives the private JWK that tokens are bound to where it is the user's own (RFC 9449); nil: it is kept with
	// the token, or there is none.
	ProofKey func(ctx context.Context) (secret.String, error)
	// Life manages tokens that were given: introspection, revocation, user info, keys, as far as the server has them.
	Life *grant.Life
}

// Bound lists what a token depends on besides its identity, in a fixed order: the values of secrets that lie in the
// file, the environment or another file, the references of those that a keyring, a command or a person keeps, and a
// discovered realm. It never runs a command, opens a keyring or asks anybody. A grant may discover something, so that
// Bound is asked again before its token is kept.
type Bound func(ctx context.Context) ([]secret.String, error)

// And lists what b does, then what more does.
func (b Bound) And(more Bound) Bound {
	return func(ctx context.Context) ([]secret.String, error) {
		first, err := b(ctx)
		if err != nil {
			return nil, err
		}
		second, err := more(ctx)
		return append(first, second...), err
	}
}

// Registry is the list of providers, in the order of their help.
type Registry []Provider

// Lookup finds a provider by its exact name.
func (r Registry) Lookup(name string) (Provider, bool) {
	for _, p := range r {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

// Names lists the providers' names.
func (r Registry) Names() []string {
	names := make([]string, len(r))
	for i, p := range r {
		names[i] = p.Name
	}
	return names
}
