// Package tokenstore says what a place for tokens promises. The places themselves are the folders below it; each one
// proves itself with the suite in storetest.
package tokenstore

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Errors of a store. Only ErrNotFound means "there is no token"; every other one must reach the user, since a store
// that cannot answer may hold a token that still lives.
var (
	ErrNotFound    = errors.New("no such record")
	ErrLocked      = errors.New("the credential store is locked")
	ErrUnavailable = errors.New("the credential store cannot be reached")
	ErrTimedOut    = errors.New("the credential store did not answer in time")
	ErrTooBig      = errors.New("the record is too big for the credential store")
)

// Fault lets a store's own words and hints stand, and gives an error without any the store's kind.
func Fault(err error) *fault.Error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return fault.From(err)
	}
	return &fault.Error{Kind: fault.Store, Err: err}
}

// Store keeps one record per identity.
//
// Get answers ErrNotFound for a record that is absent, unreadable, of an unknown version or of another key: never an
// error that would stop the user from getting a new token, never another identity's token. Put replaces the record
// whole or leaves the old one. Delete of what is not there is no error. List gives what can be read, in no order.
// All may be called from several processes at once; callers hold the identity's lock around read-request-write.
type Store interface {
	Get(ctx context.Context, key string) (*Record, error)
	Put(ctx context.Context, record *Record) error
	Delete(ctx context.Context, key string) error
	List(ctx context.Context) ([]*Record, error)
	// Place tells a person where the records lie: "keyring", "file", "memory".
	Place() string
}

// Record is one token with what is needed to judge it.
type Record struct {
	Key string // profile.Identity.Key of the identity it belongs to

	// What `token list` shows.
	Profile, Provider, Endpoint, ClientID, Subject string
	Scopes                                         []string // asked for

	AccessToken  secret.String
	TokenType    string
	RefreshToken secret.String
	IDToken      secret.String
	ProofKey     secret.String // the JWK of the private key that the tokens are bound to (RFC 9449); empty: none
	Scope        string        // granted, as the server wrote it; empty where it did not say

	ObtainedAt time.Time // wall clock from just before the request was sent
	ExpiresAt  time.Time

	// Login names the login that the tokens grew from, a new name each time; empty: nobody logged in for them.
	Login string

	// Binding is HMAC-SHA256(Salt, the secrets and discovered values that the token was got with).
	Salt, Binding []byte
	// Root is the same of the refresh token that the profile names, which this record's has replaced; empty: it names none.
	Root []byte
}

// Newer is the one of two records that was obtained later, a where both were at once. Either may be nil: no record.
func Newer(a, b *Record) *Record {
	if a == nil || b != nil && b.ObtainedAt.After(a.ObtainedAt) {
		return b
	}
	return a
}
