package auth_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/lock"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
)

// person is a grant that needs a person: its login begins a family of refresh tokens.
type person struct {
	grant.Config
	login func() (*grant.Token, error)
}

func (p *person) Token(context.Context, grant.Ask) (*grant.Token, error) {
	return nil, grant.ErrLoginRequired
}

func (p *person) Login(context.Context, grant.Person) (*grant.Token, error) { return p.login() }

// rig is a profile, its server, and the folder that its processes share. Each session of it is a process.
type rig struct {
	idp    *authtest.Rotating
	server *authtest.Server
	folder string
	store  tokenstore.Store // nil: sealed files
	spare  tokenstore.Store
	secret string
	client string // the client's secret, where the profile names a refresh token as well
	life   bool   // the server has introspection and revocation endpoints

	mu     sync.Mutex
	warned []string
	passed time.Duration // on the sessions' clock
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{idp: &authtest.Rotating{}, folder: t.TempDir(), secret: "s"}
	r.server = authtest.FakeIDP(t, r.idp.Reply)
	return r
}

func (r *rig) config() grant.Config {
	known := grant.Known{Token: r.server.URL + "/token"}
	if r.life {
		known.Revocation, known.Introspection = r.server.URL+"/revoke", r.server.URL+"/introspect"
	}
	return grant.Config{
		Endpoint: &grant.Endpoint{
			Client: r.server.Client(), Mask: secret.NewMask(), UserAgent: "test", Timeout: 5 * time.Second, Clock: r.clock,
		},
		Server: known, Auth: grant.None("c"),
	}
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Round(0).Add(r.passed)
}

func (r *rig) wait(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed += d
}

// session is a process of a profile whose grant needs a person.
func (r *rig) session() *auth.Session {
	config := r.config()
	return r.with(&person{config, func() (*grant.Token, error) {
		now := r.clock()
		return &grant.Token{
			AccessToken: secret.New("at-0"), TokenType: "Bearer", RefreshToken: secret.New(r.idp.Login()),
			IDToken: secret.New("id"), ObtainedAt: now, ExpiresAt: now.Add(time.Hour),
		}, nil
	}})
}

func (r *rig) with(g grant.Grant) *auth.Session {
	locks := lock.New(lock.Dirs{Shared: filepath.Join(r.folder, "locks")})
	store := r.store
	if store == nil {
		store = sealed.Open(r.folder, sealed.FixedKey(make([]byte, sealed.KeyLen)))
	}
	return &auth.Session{
		Profile: "p", Provider: "oidc", Identity: profile.Identity{Provider: "oidc", ClientID: "c", Grant: "device_code"},
		Grant: g, Life: &grant.Life{Config: r.config()}, Store: store, Spare: r.spare, Locks: locks, Notes: locks, Clock: r.clock,
		Bound: func(context.Context) ([]secret.String, error) { return []secret.String{secret.New(r.secret)}, nil },
		Warn: func(format string, _ ...any) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.warned = append(r.warned, format)
		},
	}
}

// login logs in, and lets the access token expire.
func (r *rig) login(t testing.TB) {
	t.Helper()
	if _, err := r.session().Login(t.Context(), grant.Person{}); err != nil {
		t.Fatal(err)
	}
	r.wait(2 * time.Hour)
}

func (r *rig) stored(t testing.TB) *tokenstore.Record {
	t.Helper()
	record, err := r.session().Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// get asks a new process for a token.
func (r *rig) get(t testing.TB) string {
	t.Helper()
	answer, err := r.session().Token(t.Context(), auth.Want{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Token.AccessToken.Reveal()
}

// mustLogIn holds a new process to asking for a login, without a request beyond so many.
func (r *rig) mustLogIn(t testing.TB, requests int) *fault.Error {
	t.Helper()
	_, err := r.session().Token(t.Context(), auth.Want{})
	e := fault.From(err)
	if !asksForALogin(err) {
		t.Fatalf("%+v", e)
	}
	if n := r.server.Count(); n != requests {
		t.Fatalf("%d requests, want %d", n, requests)
	}
	return e
}

// asksForALogin reports whether an error hints at the command that mends it at once.
func asksForALogin(err error) bool {
	e := fault.From(err)
	return err != nil && e.Kind == fault.Auth && e.Code == "auth.login_required" && e.HintText() == "authctl login -p p"
}

// refuses is a server's no, with a JSON body or none.
func refuses(status int, body string) authtest.Reply {
	if body == "" {
		return authtest.Answer(status, "")
	}
	return authtest.JSON(status, body)
}
