package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// skew is how long before its end a token of this life is no longer used: 10 %, at least 10 s and at most 60 s; for
// lives under 100 s 10 %, at least 2 s.
func skew(life time.Duration) time.Duration {
	tenth := life / 10
	if life < 100*time.Second {
		return max(tenth, 2*time.Second)
	}
	return min(max(tenth, 10*time.Second), time.Minute)
}

// serves reports whether what lies in the store will do.
func (s *Session) serves(w wish, r *tokenstore.Record) bool {
	return r != nil && s.fresh(r, w.want.MinTTL) && w.takes(r)
}

// longWait is about the longest that a lock is waited for, and the request that its holder has begun takes.
const longWait = time.Minute

// isNewSince reports whether another process got r while this one waited for the lock: it is the new token of all who
// waited, whose life is judged whole, as who got it did. One that comes from the spare place only now is older.
func (s *Session) isNewSince(before, r *tokenstore.Record) bool {
	if r == nil || r.AccessToken.IsZero() || before != nil && sameEntry(before, r) {
		return false
	}
	now := s.Clock()
	age := now.Sub(r.ObtainedAt)
	return age >= 0 && age < longWait && now.Before(r.ExpiresAt)
}

// fresh reports whether a record's token may be used now. A wall clock that went back behind the token's birth says
// nothing about its age, so it is stale.
func (s *Session) fresh(r *tokenstore.Record, minTTL time.Duration) bool {
	margin := s.Skew
	if margin == 0 {
		margin = skew(r.ExpiresAt.Sub(r.ObtainedAt))
	}
	now := s.Clock()
	left := r.ExpiresAt.Add(-margin).Sub(now) // compared, not added up: a wish for centuries would overflow
	return !r.AccessToken.IsZero() && !now.Before(r.ObtainedAt) && left > minTTL
}

func (s *Session) record(token *grant.Token, bound, root []secret.String) *tokenstore.Record {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	r := &tokenstore.Record{
		Key: s.Identity.Key(), Profile: s.Profile, Provider: s.Provider,
		Endpoint: s.Identity.TokenEndpoint, ClientID: s.Identity.ClientID, Subject: s.Identity.Subject, Scopes: s.Identity.Scopes,
		AccessToken: token.AccessToken, TokenType: token.TokenType, RefreshToken: token.RefreshToken, IDToken: token.IDToken,
		ProofKey: token.ProofKey,
		Scope:    token.Scope, ObtainedAt: token.ObtainedAt, ExpiresAt: token.ExpiresAt,
		Salt: salt, Binding: binding(salt, bound),
	}
	if root != nil {
		r.Root = binding(salt, root)
	}
	return r
}

func cached(r *tokenstore.Record) *Answer { return &Answer{Token: tokenOf(r), FromCache: true} }

func tokenOf(r *tokenstore.Record) *grant.Token {
	return &grant.Token{
		AccessToken: r.AccessToken, TokenType: r.TokenType, RefreshToken: r.RefreshToken, IDToken: r.IDToken,
		ProofKey: r.ProofKey,
		Scope:    r.Scope, ObtainedAt: r.ObtainedAt, ExpiresAt: r.ExpiresAt,
	}
}

// boundTo reports whether the record's token was got with these secrets. Without it a wrong secret would seem to
// work, and a token could be had without knowing the secret.
func boundTo(r *tokenstore.Record, bound []secret.String) bool {
	return hmac.Equal(r.Binding, binding(r.Salt, bound))
}

func binding(salt []byte, bound []secret.String) []byte {
	mac := hmac.New(sha256.New, salt)
	var n [8]byte
	for _, b := range bound {
		text := b.Reveal()
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		mac.Write(n[:])
		mac.Write([]byte(text))
	}
	return mac.Sum(nil)
}
