package sandbox

import (
	"sync"
	"time"
)

// refreshTokens are those that the servers gave along with access tokens.
type refreshTokens struct {
	mu   sync.Mutex
	kept map[string]refreshToken
}

type refreshToken struct {
	identity

	expires time.Time
}

func newRefreshTokens() *refreshTokens { return &refreshTokens{kept: make(map[string]refreshToken)} }

// give makes a refresh token for whom it stands.
func (r *refreshTokens) give(who identity, expires time.Time) string {
	text := opaque(40)
	who.nonce = "" // the id_token of a refresh has none (OpenID Connect Core section 12.2)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= maxTokens {
		clear(r.kept)
	}
	r.kept[text] = refreshToken{identity: who, expires: expires}
	return text
}

// find gives whom a refresh token stands for. It serves the client of the server that it was given to (RFC 6749
// section 10.4).
func (r *refreshTokens) find(text, server, clientID string, now time.Time) (identity, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.kept[text]
	ok = ok && t.Provider == server && t.ClientID == clientID && now.Before(t.expires)
	return t.identity, ok
}

// spend is find for servers that rotate: the token serves once.
func (r *refreshTokens) spend(text, server, clientID string, now time.Time) (identity, bool) {
	who, ok := r.find(text, server, clientID, now)
	if ok {
		r.drop(text)
	}
	return who, ok
}

func (r *refreshTokens) drop(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, text)
}

// ended is the answer to a revocation, whether or not there was such a token (RFC 7009 section 2.2).
func (w *world) ended(text string) reply {
	w.end(text)
	w.refreshes.drop(text)
	return object(200)
}
