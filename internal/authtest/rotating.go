package authtest

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
)

// Rotating is an authorization server that takes each refresh token once and gives a new one for it. A refresh token
// that comes a second time was stolen, as far as it can know: it ends the whole family (RFC 9700 section 4.14.2).
type Rotating struct {
	// Grace lets the newest spent refresh token serve once more: its answer may have been lost on the way.
	Grace bool
	// Life is the access tokens' in seconds; 0 stands for 3600.
	Life int
	// Before is called with each refresh before it is answered; may be nil.
	Before func()

	mu        sync.Mutex
	count     int
	family    map[string]bool // the refresh tokens of the newest login
	newest    string
	spent     string // the one that newest replaced
	dead      bool
	refreshes int
}

// Login begins a family, and gives its first refresh token. An older family ends, which harms the new one nothing.
func (r *Rotating) Login() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead, r.spent, r.newest, r.family = false, "", "", map[string]bool{}
	r.rotate()
	return r.newest
}

// Refreshes is how many refreshes were answered with tokens.
func (r *Rotating) Refreshes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refreshes
}

// Alive reports whether a refresh token is the family's newest, and the family lives.
func (r *Rotating) Alive(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.dead && token == r.newest
}

// End ends the family.
func (r *Rotating) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead = true
}

// Reply answers token and revocation requests.
func (r *Rotating) Reply(conn net.Conn, req Request) {
	form, err := url.ParseQuery(req.Body)
	if err != nil {
		Answer(http.StatusBadRequest, "")(conn, req)
		return
	}
	if token := form.Get("token"); token != "" {
		r.revoke(token)
		Answer(http.StatusOK, "")(conn, req)
		return
	}
	if r.Before != nil {
		r.Before()
	}
	r.refresh(form.Get("refresh_token"))(conn, req)
}

func (r *Rotating) revoke(token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead = r.dead || r.family[token]
}

func (r *Rotating) refresh(token string) Reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := token == r.newest || r.Grace && token == r.spent && token != ""
	if r.dead || !known {
		r.dead = r.dead || r.family[token]
		return JSON(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"the refresh token was used before"}`)
	}
	r.refreshes++
	r.rotate()
	r.spent = token
	life := r.Life
	if life == 0 {
		life = 3600
	}
	return JSON(http.StatusOK, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d,"refresh_token":%q}`,
		r.name("at"), life, r.newest))
}

func (r *Rotating) rotate() {
	r.newest = r.name("rt")
	r.family[r.newest] = true
}

func (r *Rotating) name(kind string) string {
	r.count++
	return fmt.Sprintf("%s-%d", kind, r.count)
}
