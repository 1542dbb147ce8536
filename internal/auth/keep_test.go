package auth_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
)

func TestAStoreThatCannotBeWrittenToCostsNoRefreshToken(t *testing.T) {
	store := authtest.FakeStore()
	r := newRig(t)
	r.store = store
	r.login(t)
	store.PutErr = errDisk
	_, err := r.session().Token(t.Context(), auth.Want{})
	if !fault.Is(err, fault.Store) || !strings.Contains(err.Error(), errDisk.Error()) || r.server.Count() != 0 {
		t.Fatalf("%v after %d requests", err, r.server.Count())
	}
	store.PutErr = nil
	r.get(t)
}

func TestANewRefreshTokenIsKeptBeforeAnybodyHasTheAccessToken(t *testing.T) {
	store := authtest.FakeStore()
	r := newRig(t)
	r.store = store
	r.login(t)
	before := len(store.Calls())
	atRequest := 0
	r.idp.Before = func() { atRequest = len(store.Calls()) - before }
	r.get(t)
	calls := store.Calls()[before:]
	if got := strings.Join(calls, " "); got != "get get put get put" || atRequest != 3 {
		t.Fatalf("%s, the request after %d", got, atRequest)
	}
}

// moody is a store that fails some of its writes.
type moody struct {
	*authtest.Store
	fails func(write int) error

	mu     sync.Mutex
	writes int
}

func (m *moody) Put(ctx context.Context, r *tokenstore.Record) error {
	m.mu.Lock()
	m.writes++
	err := m.fails(m.writes)
	m.mu.Unlock()
	if err != nil {
		return err
	}
	return m.Store.Put(ctx, r)
}

func TestAStoreThatIsBusyForAMomentIsAskedAgain(t *testing.T) {
	store := &moody{Store: authtest.FakeStore(), fails: func(int) error { return nil }}
	r := newRig(t)
	r.store = store
	r.login(t)
	after := store.writes + 1 // the one that shows that it can be written to
	store.fails = func(write int) error {
		if write == after+1 || write == after+2 {
			return errDisk
		}
		return nil
	}
	r.get(t)
	if !r.idp.Alive(r.stored(t).RefreshToken.Reveal()) {
		t.Fatal("the new refresh token is lost")
	}
}

func TestWhatTheStoreDoesNotTakeIsKeptInTheSparePlaceUntilItDoes(t *testing.T) {
	store, spare := authtest.FakeStore(), authtest.FakeStore()
	r := newRig(t)
	r.store, r.spare = store, spare
	r.login(t)
	r.idp.Before = func() { store.PutErr = errDisk }
	_, err := r.session().Token(t.Context(), auth.Want{})
	if e := fault.From(err); e.Kind != fault.Store || !strings.Contains(e.HintText(), "nothing is lost") || r.idp.Refreshes() != 1 {
		t.Fatalf("%+v", e)
	}
	r.idp.Before = nil
	if _, err = r.session().Token(t.Context(), auth.Want{}); !fault.Is(err, fault.Store) || r.server.Count() != 1 {
		t.Fatalf("while it cannot be written to: %v, %d requests", err, r.server.Count())
	}
	store.PutErr = nil
	r.get(t)
	if r.server.Count() != 1 || !r.idp.Alive(r.stored(t).RefreshToken.Reveal()) {
		t.Fatalf("%d requests", r.server.Count())
	}
	if left, _ := spare.List(t.Context()); len(left) != 0 {
		t.Fatal("it lies there twice")
	}
	r.wait(2 * time.Hour)
	r.get(t)
	if err := r.session().Logout(t.Context()); err != nil || r.stored(t) != nil {
		t.Fatalf("%v", err)
	}
}

func TestTheSpareRecordIsTheOneThatIsLookedAtAndRevoked(t *testing.T) {
	for name, end := range map[string]func(*auth.Session) error{
		"revoke": func(s *auth.Session) error { return s.Revoke(t.Context(), auth.Subject{}) },
		"logout": func(s *auth.Session) error { return s.Logout(t.Context()) },
	} {
		store, spare := authtest.FakeStore(), authtest.FakeStore()
		r := newRig(t)
		r.store, r.spare, r.life = store, spare, true
		r.login(t)
		r.idp.Before = func() { store.PutErr = errDisk }
		if _, err := r.session().Token(t.Context(), auth.Want{}); !fault.Is(err, fault.Store) {
			t.Fatal(err)
		}
		store.PutErr = nil
		newest := r.stored(t).RefreshToken.Reveal()
		if !r.idp.Alive(newest) {
			t.Fatal("what is looked at is the older one")
		}
		r.server = authtest.FakeIDP(t, authtest.JSON(http.StatusOK, "{}"))
		_, err := r.session().Introspect(t.Context(), auth.Subject{Hint: "refresh_token"})
		if err != nil || end(r.session()) != nil || r.stored(t) != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, req := range r.server.Requests()[:2] {
			if !strings.Contains(req.Body, "token="+newest+"&") {
				t.Errorf("%s: request %d: %s", name, i, req.Body)
			}
		}
	}
}

func TestWithoutASparePlaceTheLossIsAnError(t *testing.T) {
	store := authtest.FakeStore()
	r := newRig(t)
	r.store = store
	r.login(t)
	r.idp.Before = func() { store.PutErr = errDisk }
	if _, err := r.session().Token(t.Context(), auth.Want{}); !fault.Is(err, fault.Store) || strings.Contains(fault.From(err).HintText(), "nothing is lost") {
		t.Fatalf("%v", err)
	}
}

// named is the profile whose grant is a refresh token of its own.
func (r *rig) named(value string) *auth.Session {
	r.secret = value + " and " + r.client
	s := r.with(&grant.RefreshToken{Config: r.config(), Stored: func(context.Context) (secret.String, error) { return secret.New(value), nil }})
	s.Identity.Grant = "refresh_token"
	s.Root = func(context.Context) ([]secret.String, error) { return []secret.String{secret.New(value)}, nil }
	return s
}

func TestTheProfilesRefreshTokenIsSentOnceUntilItsValueChanges(t *testing.T) {
	r := newRig(t)
	first := r.idp.Login()
	get := func(value string) error {
		_, err := r.named(value).Token(t.Context(), auth.Want{})
		r.wait(2 * time.Hour)
		return err
	}
	sent := func(token string) (n int) {
		for _, req := range r.server.Requests() {
			if strings.Contains(req.Body+"&", "refresh_token="+token+"&") {
				n++
			}
		}
		return n
	}
	for range 3 {
		if err := get(first); err != nil {
			t.Fatal(err)
		}
	}
	if sent(first) != 1 || r.server.Count() != 3 {
		t.Fatalf("sent %d times in %d requests", sent(first), r.server.Count())
	}
	r.idp.End()
	for range 3 {
		e := fault.From(get(first))
		if e.Kind != fault.Auth || !strings.Contains(e.HintText(), "authctl token forget -p p") {
			t.Fatalf("%+v", e)
		}
	}
	if sent(first) != 1 || r.server.Count() != 4 {
		t.Fatalf("spent: sent %d times in %d requests", sent(first), r.server.Count())
	}
	if second := r.idp.Login(); get(second) != nil || sent(second) != 1 || sent(first) != 1 {
		t.Fatalf("the new value was sent %d times", sent(second))
	}
}

func TestAnyRefusalButTheClientsMarksTheProfilesRefreshTokenSpent(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		spent  bool
	}{
		{http.StatusBadRequest, `{"error":"invalid_grant"}`, true},
		{http.StatusBadRequest, `{"error":"invalid_request"}`, true},
		{http.StatusBadRequest, "", true},
		{http.StatusForbidden, "blocked", true},
		{http.StatusUnauthorized, "", true},
		{http.StatusUnauthorized, `{"error":"invalid_client"}`, false},
	} {
		r := newRig(t)
		idp, first := r.server, r.idp.Login()
		if _, err := r.named(first).Token(t.Context(), auth.Want{}); err != nil {
			t.Fatal(err)
		}
		r.wait(2 * time.Hour)
		r.server = authtest.FakeIDP(t, authtest.Answer(c.status, c.body))
		if _, err := r.named(first).Token(t.Context(), auth.Want{}); fault.From(err).Status != c.status {
			t.Fatalf("%+v: %v", c, err)
		}
		r.server = idp
		r.wait(time.Hour)
		_, err := r.named(first).Token(t.Context(), auth.Want{})
		if spent := fault.From(err).Code == "auth.refresh_token_spent"; spent != c.spent || !spent && (err != nil || r.idp.Refreshes() != 2) {
			t.Errorf("%+v: %v after %d refreshes", c, err, r.idp.Refreshes())
		}
	}
}

func TestTheProfilesRefreshTokenIsNotSpentWhereItsSuccessorCannotBeKept(t *testing.T) {
	store := authtest.FakeStore()
	store.PutErr = errDisk
	r := newRig(t)
	r.store = store
	if _, err := r.named(r.idp.Login()).Token(t.Context(), auth.Want{}); !fault.Is(err, fault.Store) || r.server.Count() != 0 {
		t.Fatalf("%v after %d requests", err, r.server.Count())
	}
}

func TestLookingWhetherAStoreCanBeWrittenToLeavesNothingThere(t *testing.T) {
	r := newRig(t)
	r.login(t)
	r.get(t)
	files, err := filepath.Glob(filepath.Join(r.folder, "v1", "*.tok"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if records, err := sealed.Open(r.folder, sealed.FixedKey(make([]byte, sealed.KeyLen))).List(t.Context()); err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
}
