package auth

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/memory"
)

var errStore = errors.New("the store is broken")

// server is a token endpoint without a wire: it counts, and hands out numbered tokens or an error.
type server struct {
	mu    sync.Mutex
	clock func() time.Time
	count int
	life  time.Duration
	err   error
	last  grant.Ask
	rt    string
}

func (s *server) Token(_ context.Context, ask grant.Ask) (*grant.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.last = ask
	if s.err != nil {
		return nil, s.err
	}
	now := s.clock()
	return &grant.Token{
		AccessToken: secret.New("token" + string(rune('0'+s.count))), TokenType: "Bearer", RefreshToken: secret.New(s.rt),
		ObtainedAt: now, ExpiresAt: now.Add(s.life),
	}, nil
}

type mutexes struct{ m sync.Mutex }

func (l *mutexes) Lock(context.Context, string) (func(), error) {
	l.m.Lock()
	return l.m.Unlock, nil
}

type notes struct{ sync.Map }

func (n *notes) ReadState(name string) ([]byte, bool) {
	v, ok := n.Load(name)
	if !ok {
		return nil, false
	}
	return v.([]byte), true
}
func (n *notes) WriteState(name string, data []byte) error { n.Store(name, data); return nil }
func (n *notes) ClearState(name string) error              { n.Delete(name); return nil }

type fixture struct {
	*Session
	server *server
	now    time.Time
	secret string
	warned int
}

// set gives a session on a store of its own, a clock that stands still, and a server whose tokens live an hour.
func set(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), secret: "s3cret"}
	clock := func() time.Time { return f.now }
	f.server = &server{clock: clock, life: time.Hour}
	f.Session = &Session{
		Profile: "p", Provider: "oauth2", Identity: profile.Identity{Provider: "oauth2", ClientID: "c"},
		Grant: f.server, Store: memory.New(), Locks: &mutexes{}, Notes: &notes{}, Clock: clock,
		Bound: func(context.Context) ([]secret.String, error) { return []secret.String{secret.New(f.secret)}, nil },
		Warn:  func(string, ...any) { f.warned++ },
	}
	return f
}

func (f *fixture) get(t *testing.T, want Want) string {
	t.Helper()
	answer, err := f.Token(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Token.AccessToken.Reveal()
}

func TestAStoredTokenServesWhileItLives(t *testing.T) {
	f := set(t)
	first := f.get(t, Want{})
	f.now = f.now.Add(58*time.Minute + 59*time.Second)
	if got := f.get(t, Want{}); got != first || f.server.count != 1 {
		t.Fatalf("a minute and a second before its end: %q after %d requests", got, f.server.count)
	}
	f.now = f.now.Add(time.Second)
	if got := f.get(t, Want{}); got == first || f.server.count != 2 {
		t.Fatalf("a minute before its end: %q after %d requests", got, f.server.count)
	}
}

func TestTheSkewScalesWithTheLife(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		10 * time.Second: 2 * time.Second, 50 * time.Second: 5 * time.Second, 99 * time.Second: 9900 * time.Millisecond,
		100 * time.Second: 10 * time.Second, 300 * time.Second: 30 * time.Second, 600 * time.Second: time.Minute, 24 * time.Hour: time.Minute,
	} {
		if got := skew(life); got != want {
			t.Errorf("a life of %s: %s, want %s", life, got, want)
		}
	}
}

func TestMinTTLLooksBeyondTheStoredToken(t *testing.T) {
	f := set(t)
	f.get(t, Want{})
	f.now = f.now.Add(30 * time.Minute)
	f.get(t, Want{MinTTL: 20 * time.Minute})
	if f.server.count != 1 {
		t.Fatal("the stored token lives long enough")
	}
	f.get(t, Want{MinTTL: 35 * time.Minute})
	if f.server.count != 2 {
		t.Fatal("the stored token does not live long enough")
	}
}

func TestANewTokenThatLivesAsLongAsAskedIsGivenWhateverItsWayTook(t *testing.T) {
	f := set(t)
	f.server.clock = func() time.Time {
		sent := f.now
		f.now = f.now.Add(900 * time.Millisecond)
		return sent
	}
	if f.get(t, Want{MinTTL: time.Hour}); f.server.count != 1 {
		t.Errorf("%d requests", f.server.count)
	}
}

func TestANewTokenThatLivesShorterThanAskedIsRefusedButKept(t *testing.T) {
	f := set(t)
	_, err := f.Token(t.Context(), Want{MinTTL: 2 * time.Hour})
	if e := fault.From(err); e.Code != "auth.min_ttl" || e.Kind != fault.Auth {
		t.Fatalf("got %v", err)
	}
	f.get(t, Want{})
	if f.server.count != 1 {
		t.Fatal("the token was not kept")
	}
}

func TestNoWishForALongLifeOverflows(t *testing.T) {
	f := set(t)
	f.get(t, Want{})
	if _, err := f.Token(t.Context(), Want{MinTTL: math.MaxInt64}); fault.From(err).Code != "auth.min_ttl" {
		t.Fatal(err)
	}
}

func TestForceRefreshTakesNothingFromBefore(t *testing.T) {
	f := set(t)
	f.get(t, Want{})
	f.get(t, Want{ForceRefresh: true})
	if f.server.count != 2 {
		t.Fatalf("%d requests", f.server.count)
	}
}

func TestNoCacheNeitherReadsNorWrites(t *testing.T) {
	f := set(t)
	f.get(t, Want{NoCache: true})
	f.get(t, Want{NoCache: true})
	f.get(t, Want{})
	if f.server.count != 3 {
		t.Fatalf("%d requests", f.server.count)
	}
}

func TestAChangedSecretIsAMiss(t *testing.T) {
	f := set(t)
	f.get(t, Want{})
	f.secret = "other"
	f.get(t, Want{})
	if f.server.count != 2 || f.server.last.Prev != nil {
		t.Fatal("another secret's token was used")
	}
}

func TestAClockThatWentBackMakesATokenStale(t *testing.T) {
	f := set(t)
	f.get(t, Want{})
	f.now = f.now.Add(-time.Second)
	f.get(t, Want{})
	if f.server.count != 2 {
		t.Fatal("a token from the future was used")
	}
}

func TestATokenWithoutLifeServesOnceAndIsNotKept(t *testing.T) {
	f := set(t)
	f.server.life = 0
	f.get(t, Want{})
	f.get(t, Want{})
	if r, _ := f.Stored(t.Context()); r != nil || f.server.count != 2 {
		t.Fatal("it was kept")
	}
}

func TestFiftyWhoMissTogetherMakeOneRequest(t *testing.T) {
	f := set(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { _, _ = f.Token(t.Context(), Want{}) })
	}
	wg.Wait()
	if f.server.count != 1 {
		t.Fatalf("%d requests", f.server.count)
	}
}

func TestWhoWaitedTakesTheNewTokenByTheRuleOfNewOnes(t *testing.T) {
	for name, c := range map[string]struct {
		want Want
		skew time.Duration
		code string
	}{
		"a life of just what is asked for": {want: Want{MinTTL: time.Hour}},
		"a skew of the whole life":         {skew: time.Hour},
		"a life that is too short":         {want: Want{MinTTL: 2 * time.Hour}, code: "auth.min_ttl"},
	} {
		f := set(t)
		f.Skew = c.skew
		f.get(t, Want{})
		f.now = f.now.Add(time.Hour)
		other := *f.Session
		f.Locks = meanwhile{func() {
			f.now = f.now.Add(time.Second)
			_, _ = other.Token(t.Context(), c.want)
			f.now = f.now.Add(time.Second)
		}}
		_, err := f.Token(t.Context(), c.want)
		if got := fault.From(err).Code; err != nil && got != c.code || err == nil && c.code != "" || f.server.count != 2 {
			t.Errorf("%s: %v after %d requests", name, err, f.server.count)
		}
		f.Locks = &mutexes{}
		if _, _ = f.Token(t.Context(), c.want); f.server.count != 3 {
			t.Errorf("%s: who did not wait took it too", name)
		}
	}
}

func TestWhoWaitedTakesNoTokenThatIsOldAllTheSame(t *testing.T) {
	f := set(t)
	f.Spare = memory.New()
	lying := *f.Session
	lying.Store = f.Spare
	if _, err := lying.Token(t.Context(), Want{}); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(59*time.Minute + 30*time.Second)
	if got := f.get(t, Want{}); got != "token2" {
		t.Errorf("%s has half a minute left", got)
	}
}

func TestRenewTakesANewerTokenOfAnotherProcess(t *testing.T) {
	f := set(t)
	stale, err := f.Token(t.Context(), Want{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Renew(t.Context(), stale.Token, Want{}, ""); err != nil || f.server.count != 2 {
		t.Fatalf("the first renewal: %v, %d requests", err, f.server.count)
	}
	if _, err := f.Renew(t.Context(), stale.Token, Want{}, ""); err != nil || f.server.count != 2 {
		t.Fatalf("the second renewal of the same token: %v, %d requests", err, f.server.count)
	}
}

func TestAClaimsChallengeReachesTheGrant(t *testing.T) {
	f := set(t)
	stale, _ := f.Token(t.Context(), Want{})
	if _, err := f.Renew(t.Context(), stale.Token, Want{}, `{"access_token":{}}`); err != nil || f.server.last.Claims == "" {
		t.Fatal("the claims were lost")
	}
}

func TestAStoreThatCannotAnswerIsNotAMiss(t *testing.T) {
	for _, cause := range []error{tokenstore.ErrLocked, tokenstore.ErrTimedOut, tokenstore.ErrUnavailable, errStore} {
		f := set(t)
		f.Store = broken{get: cause}
		_, err := f.Token(t.Context(), Want{})
		if !fault.Is(err, fault.Store) || f.server.count != 0 {
			t.Errorf("%v: got %v after %d requests", cause, err, f.server.count)
		}
	}
}

func TestAStoreThatCannotWriteCostsAWarningButNeverARefreshToken(t *testing.T) {
	f := set(t)
	f.Store = broken{get: tokenstore.ErrNotFound, put: errStore}
	f.get(t, Want{})
	if f.warned != 1 {
		t.Fatal("nobody was told")
	}
	f.server.rt = "rotating"
	if _, err := f.Token(t.Context(), Want{}); !fault.Is(err, fault.Store) {
		t.Fatalf("a lost refresh token: %v", err)
	}
}

// broken is a store that fails as told.
type broken struct{ get, put error }

func (b broken) Get(context.Context, string) (*tokenstore.Record, error) { return nil, b.get }
func (b broken) Put(context.Context, *tokenstore.Record) error           { return b.put }
func (b broken) Delete(context.Context, string) error                    { return b.put }
func (b broken) List(context.Context) ([]*tokenstore.Record, error)      { return nil, b.get }
func (broken) Place() string                                             { return "broken" }

func TestAPauseThatTheServerAskedForHoldsForTheNextProcess(t *testing.T) {
	f := set(t)
	f.server.err = &fault.Error{Kind: fault.Network, Status: 429, Err: &grant.Throttled{Until: f.now.Add(time.Minute)}}
	if _, err := f.Token(t.Context(), Want{}); err == nil {
		t.Fatal("throttled")
	}
	f.server.err = nil
	for _, want := range []Want{{}, {ForceRefresh: true}, {NoCache: true}} {
		_, err := f.Token(t.Context(), want)
		if e := fault.From(err); e.Code != "network.throttled" || f.server.count != 1 {
			t.Fatalf("%+v: got %v after %d requests", want, err, f.server.count)
		}
	}
	f.now = f.now.Add(time.Minute)
	f.get(t, Want{})
}

func TestAHostileRetryAfterHoldsForAnHourAtMost(t *testing.T) {
	f := set(t)
	f.server.err = &fault.Error{Kind: fault.Network, Err: &grant.Throttled{Until: f.now.AddDate(100, 0, 0)}}
	_, _ = f.Token(t.Context(), Want{})
	f.server.err = nil
	f.now = f.now.Add(maxPause)
	f.get(t, Want{})
}

func TestForgetClearsTokenAndPause(t *testing.T) {
	f := set(t)
	f.get(t, Want{})
	_ = f.Notes.WriteState(f.Identity.Key(), []byte(`{"not_before":"2026-01-02T03:30:00Z"}`))
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.get(t, Want{})
	if f.server.count != 2 {
		t.Fatalf("%d requests", f.server.count)
	}
}

// refusal is an error that a server answered with.
func refusal(code string) *fault.Error {
	e := fault.New(fault.Auth, code, "bad credentials")
	e.Status = 401
	return e
}

func TestWhatNoServerSaidIsTrueOfOneProcessAlone(t *testing.T) {
	f := set(t)
	f.server.err = fault.New(fault.Auth, "auth.input_required", "there is no terminal to ask on")
	other := *f.Session
	f.Locks = meanwhile{func() {
		f.now = f.now.Add(time.Second)
		_, _ = other.Token(t.Context(), Want{})
		f.server.err = nil
	}}
	f.get(t, Want{})
}

func TestWhoWaitedForARefusedLoginDoesNotRepeatIt(t *testing.T) {
	f := set(t)
	f.server.err = refusal("auth.invalid_grant")
	since := f.now
	f.now = f.now.Add(time.Second)
	_, _ = f.Token(t.Context(), Want{})
	if e := fault.From(f.mayAsk(t.Context(), since)); e.Code != "auth.invalid_grant" {
		t.Fatalf("who waited: %v", e)
	}
	f.now = f.now.Add(time.Second)
	if err := f.mayAsk(t.Context(), f.now); err != nil {
		t.Fatalf("who comes later: %v", err)
	}
}

func TestACorrectedSecretIsNotRefusedForAnothersWrongOne(t *testing.T) {
	f := set(t)
	f.server.err = refusal("auth.invalid_client")
	since := f.now
	f.now = f.now.Add(time.Second)
	_, _ = f.Token(t.Context(), Want{})
	corrected := 0
	for _, s := range "abcdefghijklmnop" {
		f.secret = string(s)
		if f.mayAsk(t.Context(), since) == nil {
			corrected++
		}
	}
	if corrected < 8 { // one byte tells nearly all of them
		t.Fatalf("%d of 16 corrected secrets may ask", corrected)
	}
}

// meanwhile is a lock whose last holder did something while this one waited.
type meanwhile struct{ do func() }

func (m meanwhile) Lock(context.Context, string) (func(), error) {
	m.do()
	return func() {}, nil
}

func TestWhoWaitedForADiscoveryTakesTheTokenThatCameOfIt(t *testing.T) {
	f := set(t)
	realm := ""
	f.Bound = func(context.Context) ([]secret.String, error) {
		return []secret.String{secret.New(f.secret), secret.New(realm)}, nil
	}
	other := *f.Session
	f.Locks = meanwhile{func() {
		realm = "provider/default-idp-2"
		if _, err := other.Token(t.Context(), Want{}); err != nil {
			t.Error(err)
		}
	}}
	if got := f.get(t, Want{}); got != "token1" || f.server.count != 1 {
		t.Fatalf("%s after %d requests", got, f.server.count)
	}
}

func TestACorruptNoteIsNoNote(t *testing.T) {
	f := set(t)
	_ = f.Notes.WriteState(f.Identity.Key(), []byte(`{"not_before":`))
	f.get(t, Want{})
}
