package auth_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

func TestALoginReplacesWhateverWasThere(t *testing.T) {
	r := newRig(t)
	r.login(t)
	old := r.stored(t).RefreshToken.Reveal()
	answer, err := r.session().Login(t.Context(), grant.Person{})
	if err != nil || answer.FromCache {
		t.Fatalf("%v", err)
	}
	if now := r.stored(t).RefreshToken.Reveal(); now == old || !r.idp.Alive(now) {
		t.Fatalf("%s is stored after %s", now, old)
	}
	if got := r.get(t); got != "at-0" || r.server.Count() != 0 {
		t.Fatalf("%s after %d requests", got, r.server.Count())
	}
}

func TestALoginOfAnEndedOneServesAgain(t *testing.T) {
	r := newRig(t)
	r.login(t)
	r.idp.End()
	r.mustLogIn(t, 1)
	r.login(t)
	r.get(t)
}

func TestAGrantThatNeedsNobodyHasNoLogin(t *testing.T) {
	r := newRig(t)
	_, err := r.with(&ask{Config: r.config()}).Login(t.Context(), grant.Person{})
	if !fault.Is(err, fault.Config) {
		t.Fatalf("%v", err)
	}
}

func TestAStoreThatCannotKeepALoginIsFoundOutBeforeAnybodyTypes(t *testing.T) {
	store := authtest.FakeStore()
	store.PutErr = errDisk
	r := newRig(t)
	r.store = store
	asked := false
	s := r.with(&person{r.config(), func() (*grant.Token, error) { asked = true; return nil, errDisk }})
	if _, err := s.Login(t.Context(), grant.Person{}); !fault.Is(err, fault.Store) || asked {
		t.Fatalf("%v, asked %t", err, asked)
	}
}

func TestAFailedLoginKeepsTheOldOne(t *testing.T) {
	r := newRig(t)
	r.login(t)
	refused := fault.New(fault.Auth, "auth.access_denied", "no")
	s := r.with(&person{r.config(), func() (*grant.Token, error) { return nil, refused }})
	if _, err := s.Login(t.Context(), grant.Person{}); !errors.Is(err, refused) {
		t.Fatalf("%v", err)
	}
	r.get(t)
}

func TestNobodyWaitsForAPersonWhoThinks(t *testing.T) {
	r := newRig(t)
	r.login(t)
	s := r.with(&person{r.config(), func() (*grant.Token, error) {
		r.get(t) // another process refreshes meanwhile
		now := r.clock()
		return &grant.Token{
			AccessToken: secret.New("logged-in"), RefreshToken: secret.New(r.idp.Login()), ObtainedAt: now, ExpiresAt: now.Add(time.Hour),
		}, nil
	}})
	if _, err := s.Login(t.Context(), grant.Person{}); err != nil {
		t.Fatal(err)
	}
	if got := r.get(t); got != "logged-in" {
		t.Fatalf("got %s", got)
	}
}

// stuck is a lock that another process does not release.
type stuck struct{}

func (stuck) Lock(context.Context, string) (func(), error) {
	return nil, fault.New(fault.Store, "store.lock_timeout", "held")
}

func TestALoginIsKeptThoughTheLockIsHeld(t *testing.T) {
	r := newRig(t)
	s := r.session()
	s.Locks = stuck{}
	if _, err := s.Login(t.Context(), grant.Person{}); err != nil || r.stored(t) == nil {
		t.Fatalf("%v", err)
	}
}

func TestALogoutEndsTheLoginWhateverRefreshesMeanwhile(t *testing.T) {
	for range 20 {
		r := newRig(t)
		r.life = true
		r.login(t)
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				s := r.session()
				if i == 3 {
					if err := s.Logout(context.WithoutCancel(t.Context())); err != nil {
						t.Errorf("logout: %v", err)
					}
					return
				}
				if _, err := s.Token(context.WithoutCancel(t.Context()), auth.Want{}); err != nil && fault.From(err).Code != "auth.login_required" {
					t.Errorf("token: %v", err)
				}
			})
		}
		wg.Wait()
		if r.stored(t) != nil {
			t.Fatal("a refresh put the login back")
		}
		if r.idp.Refreshes() > 1 {
			t.Fatalf("%d refreshes", r.idp.Refreshes())
		}
		r.mustLogIn(t, r.server.Count())
	}
}

func TestNobodyRefreshesWhileALogoutIsUnderWay(t *testing.T) {
	r := newRig(t)
	r.life = true
	r.login(t)
	var once sync.Once
	var wg sync.WaitGroup
	idp := r.server
	r.server = authtest.FakeIDP(t, func(conn net.Conn, req authtest.Request) {
		if req.Target == "/revoke" {
			once.Do(func() {
				wg.Go(func() { _, _ = r.session().Token(context.WithoutCancel(t.Context()), auth.Want{}) })
				time.Sleep(40 * time.Millisecond)
			})
		}
		r.idp.Reply(conn, req)
	})
	if err := r.session().Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if r.stored(t) != nil || r.server.Count() != 2 || idp.Count() != 0 {
		t.Fatalf("%d requests", r.server.Count())
	}
}
