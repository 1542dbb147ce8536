//go:build integration && linux

package integration

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// family is an authorization server where a refresh token serves once, and one that comes twice ends the login of which
// it is (RFC 9700 section 4.14.2).
type family struct {
	url string

	mu      sync.Mutex
	alive   map[string]string // refresh tokens that serve: their logins
	spent   map[string]string // those that have served
	next    map[string]string // what a spent one was replaced by
	newest  string            // access token
	logins  int
	ended   int           // logins that a token sent twice has ended
	asked   int           // refreshes
	takes   time.Duration // to answer a refresh
	life    int           // of the next access token, in seconds
	between func()        // happens while a refresh is answered; may be nil
	// forgiving takes a spent token again whose replacement was never used: the answer may have been lost. Without it
	// nobody could save a login from a client that dies with the answer in its hands.
	forgiving bool
	forgiven  int     // spent tokens that it took again
	ambush    *ambush // on the next refresh that gets there
}

// ambush is what happens at one step of answering a refresh; the server does no more for it. The steps are "arrived",
// "taken" and "answer", which has a text to send.
type ambush struct {
	step   string
	strike func(w http.ResponseWriter, text string)
}

func newFamily(t *testing.T) *family {
	t.Helper()
	f := &family{alive: map[string]string{}, spent: map[string]string{}, next: map[string]string{}, life: 1}
	server := httptest.NewServer(f)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	f.url = server.URL
	return f
}

// ServeHTTP implements [http.Handler]: everything is the token endpoint, but an API that takes the newest token alone.
func (f *family) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/thing" {
		f.thing(w, r)
		return
	}
	_ = r.ParseForm()
	if r.Form.Get("grant_type") != "refresh_token" {
		f.give(w, f.begin(), "")
		return
	}
	f.mu.Lock()
	takes, between := f.takes, f.between
	f.mu.Unlock()
	if f.struck("arrived", w, "") {
		return
	}
	old := r.Form.Get("refresh_token")
	login, ok := f.spend(old)
	if f.struck("taken", w, "") {
		return
	}
	if between != nil {
		between()
	}
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
		return
	}
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	f.give(w, login, old)
}

// struck lets the ambush of a step happen, once.
func (f *family) struck(step string, w http.ResponseWriter, text string) bool {
	f.mu.Lock()
	a := f.ambush
	if a == nil || a.step != step {
		f.mu.Unlock()
		return false
	}
	f.ambush = nil
	f.mu.Unlock()
	a.strike(w, text)
	return true
}

func (f *family) thing(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+f.newest {
		http.Error(w, "no longer", http.StatusUnauthorized)
		return
	}
	_, _ = fmt.Fprintln(w, "thing")
}

func (f *family) begin() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins++
	return fmt.Sprint("login-", f.logins)
}

// spend takes a refresh token; one that was taken before ends its login.
func (f *family) spend(token string) (login string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if login, ok = f.alive[token]; ok {
		delete(f.alive, token)
		f.spent[token] = login
		return login, true
	}
	login = f.spent[token]
	if next := f.next[token]; f.forgiving && login != "" && (next == "" || f.alive[next] != "") {
		delete(f.alive, next)
		delete(f.next, token)
		f.forgiven++
		return login, true
	}
	if login != "" {
		f.ended++
		maps.DeleteFunc(f.alive, func(_, its string) bool { return its == login })
	}
	return login, false
}

func (f *family) give(w http.ResponseWriter, login, old string) {
	access, refresh := rand.Text(), rand.Text()
	f.mu.Lock()
	f.newest = access
	f.alive[refresh] = login
	if old != "" {
		f.next[old] = refresh
	}
	life := f.life
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	text := fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d,"refresh_token":%q}`, access, life, refresh)
	if !f.struck("answer", w, text) {
		_, _ = fmt.Fprint(w, text)
	}
}

// set changes how the server behaves.
func (f *family) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// counts gives how many refreshes there were since last time, and how many logins were ended in all.
func (f *family) counts() (asked, ended int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked, f.asked = f.asked, 0
	return asked, f.ended
}

// member is a user with a login at the server, whose token is stale already.
func (f *family) member(t *testing.T) *user {
	t.Helper()
	u := newUser(t, f.profiles())
	f.login(t, u)
	return u
}

func (f *family) profiles() string {
	return "profiles:\n  - {name: a, provider: oauth2, grant: authorization_code, authorization_url: " + f.url +
		"/authorize, token_url: " + f.url + "/token, base_url: " + f.url + ", client_id: native}\n"
}

// login is a person without a browser, who knows the code.
func (f *family) login(t *testing.T, u *user) {
	t.Helper()
	cmd := u.command(t.Context(), "login", "--no-browser")
	cmd.Stdin = strings.NewReader("the-code\n")
	if a := finish(t, cmd); a.exit != 0 {
		t.Fatalf("login: exit %d\n%s", a.exit, a.stderr)
	}
}
