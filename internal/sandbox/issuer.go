package sandbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
	"time"
)

// identity is who a token stands for; the echo API shows it.
type identity struct {
	Provider string `json:"provider"`
	Grant    string `json:"grant"`
	ClientID string `json:"client_id"`
	Username string `json:"username,omitempty"`
	Realm    string `json:"realm,omitempty"`
	Scope    string `json:"scope,omitempty"`

	nonce string // of the login's authorization request
}

// token is what the sandbox remembers of one that it issued.
type token struct {
	identity

	text    string
	expires time.Time
	fresh   bool // was asked for with the claims of a CAE challenge
}

// denial is why a protected route refuses.
type denial string

const (
	admitted denial = ""
	missing  denial = "missing"
	unknown  denial = "unknown"
	expired  denial = "expired"
)

// maxTokens bounds what a script in a loop can make the sandbox remember.
const maxTokens = 20_000

// issuer remembers the tokens of all servers.
type issuer struct {
	clock func() time.Time
	key   []byte // signs the JWTs; nobody checks them but by looking them up

	mu     sync.Mutex
	tokens map[string]token
}

func newIssuer(clock func() time.Time) *issuer {
	return &issuer{clock: clock, key: randomBytes(32), tokens: make(map[string]token)}
}

// issue makes text a valid token for a while.
func (i *issuer) issue(text string, life time.Duration, t token) token {
	t.text, t.expires = text, i.clock().Add(life)
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.tokens) >= maxTokens {
		clear(i.tokens)
	}
	i.tokens[text] = t
	return t
}

// find looks a token up.
func (i *issuer) find(text string) (token, denial) {
	i.mu.Lock()
	defer i.mu.Unlock()
	t, ok := i.tokens[text]
	switch {
	case !ok:
		return token{}, unknown
	case !i.clock().Before(t.expires):
		return token{}, expired
	}
	return t, admitted
}

// end makes a token unknown.
func (i *issuer) end(text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.tokens, text)
}

// jwt signs claims with HS256 (RFC 7515).
func (i *issuer) jwt(claims members) string {
	part := base64.RawURLEncoding.EncodeToString
	signed := part(members{{"alg", "HS256"}, {"typ", "JWT"}}.json()) + "." + part(claims.json())
	mac := hmac.New(sha256.New, i.key)
	mac.Write([]byte(signed))
	return signed + "." + part(mac.Sum(nil))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// opaque is a random text of the base64url alphabet.
func opaque(n int) string { return base64.RawURLEncoding.EncodeToString(randomBytes(n))[:n] }

// uuid is a random UUID (RFC 9562, version 4).
func uuid() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
