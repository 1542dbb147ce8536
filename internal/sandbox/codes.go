package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// codes are the authorization codes that the servers gave (RFC 6749 section 4.1.2).
type codes struct {
	mu   sync.Mutex
	kept map[string]code
}

type code struct {
	identity

	redirectURI, challenge string
	expires                time.Time
}

const codeLife = time.Minute

func newCodes() *codes { return &codes{kept: make(map[string]code)} }

func (c *codes) give(one code) string {
	text := opaque(32)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= maxTokens {
		clear(c.kept)
	}
	c.kept[text] = one
	return text
}

// spend takes a code out of use, whatever becomes of the request that shows it.
func (c *codes) spend(text string) code {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.kept[text]
	delete(c.kept, text)
	return one
}

// authorize is an authorization endpoint that signs a user in by itself, so that a script can be the browser. It sends
// its answer to this machine only, and wants PKCE with S256 (RFC 7636).
func (w *world) authorize(server, clientID string) func(*exchange) reply {
	return func(x *exchange) reply {
		q := x.URL.Query()
		_, _, known := w.registered(q.Get("client_id"), clientID)
		back, err := url.Parse(q.Get("redirect_uri"))
		if !known || err != nil || !isLoopbackRedirect(back) {
			// RFC 6749 section 4.1.2.1: nothing is sent to an address that nobody vouches for.
			return text(http.StatusBadRequest, "text/html; charset=utf-8", loginPage)
		}
		answer := url.Values{}
		switch {
		case q.Get("response_type") != "code":
			answer.Set("error", "unsupported_response_type")
		case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
			answer.Set("error", "invalid_request")
			answer.Set("error_description", "code_challenge with S256 is required")
		default:
			who := identity{
				Provider: server, Grant: "authorization_code", ClientID: q.Get("client_id"), Username: userName, Scope: q.Get("scope"),
				nonce: q.Get("nonce"),
			}
			answer.Set("code", w.codes.give(code{
				identity: who, redirectURI: back.String(), challenge: q.Get("code_challenge"), expires: w.clock().Add(codeLife),
			}))
		}
		if state := q.Get("state"); state != "" {
			answer.Set("state", state)
		}
		back.RawQuery = answer.Encode()
		return redirect(http.StatusFound, back.String()).with("Cache-Control", "no-store", "Referrer-Policy", "no-referrer")
	}
}

// isLoopbackRedirect allows any port and path of this machine (RFC 8252 section 7.3).
func isLoopbackRedirect(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && u.RawQuery == "" && u.Fragment == "" &&
		(u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// redeem gives whom a code stands for: the same client at the same server, the same redirect URI, and the verifier of
// the challenge (RFC 7636 section 4.6).
func (w *world) redeem(server, clientID string, body fields) (identity, bool) {
	one := w.codes.spend(body.text("code"))
	sum := sha256.Sum256([]byte(body.text("code_verifier")))
	ok := one.Provider == server && one.ClientID == clientID && one.redirectURI == body.text("redirect_uri") &&
		one.challenge == base64.RawURLEncoding.EncodeToString(sum[:]) && w.clock().Before(one.expires)
	return one.identity, ok
}
