package auth_test

import (
	"context"
	"errors"
	"net"
	"net/http"
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
)

var errDisk = errors.New("the disk is full")

func TestTwentyProcessesMakeOneRefreshAndTheLoginLives(t *testing.T) {
	r := newRig(t)
	r.login(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			answer, err := r.session().Token(context.WithoutCancel(t.Context()), auth.Want{})
			if err != nil || answer.Token.AccessToken.Reveal() == "at-0" {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if r.idp.Refreshes() != 1 || r.server.Count() != 1 || !r.idp.Alive(r.stored(t).RefreshToken.Reveal()) {
		t.Fatalf("%d refreshes, %d requests", r.idp.Refreshes(), r.server.Count())
	}
}

func TestEachRefreshSendsTheNewestToken(t *testing.T) {
	r := newRig(t)
	r.login(t)
	seen := map[string]bool{}
	for range 5 {
		seen[r.get(t)] = true
		if got := r.get(t); !seen[got] {
			t.Fatal("a live token was refreshed")
		}
		r.wait(2 * time.Hour)
	}
	if len(seen) != 5 || r.idp.Refreshes() != 5 {
		t.Fatalf("%d tokens, %d refreshes", len(seen), r.idp.Refreshes())
	}
	if body := r.server.Requests()[0].Body; !strings.HasPrefix(body, "grant_type=refresh_token&") || strings.Contains(body, "scope") {
		t.Error(body)
	}
	if id := r.stored(t).IDToken.Reveal(); id != "id" {
		t.Errorf("the id token became %q", id)
	}
}

func TestAnyRefusalOf4xxMeansThatTheRefreshTokenIsSpent(t *testing.T) {
	for _, reply := range []struct {
		status int
		body   string
	}{
		{400, `{"error":"invalid_grant"}`},
		{400, `{"error":"invalid_request"}`},
		{400, ""},
		{401, `{"error":"invalid_client"}`},
		{403, "<html>no</html>"},
		{404, ""},
		{200, `{"error":"bad_refresh_token"}`},
	} {
		r := newRig(t)
		r.login(t)
		r.server = authtest.FakeIDP(t, refuses(reply.status, reply.body))
		e := r.mustLogIn(t, 1)
		if e.Status != reply.status || !strings.Contains(e.Error(), "refused the refresh token") {
			t.Errorf("%+v: %v", reply, e)
		}
		if !r.stored(t).RefreshToken.IsZero() {
			t.Errorf("%+v: the spent token is still there", reply)
		}
		r.mustLogIn(t, 1) // and is not sent again
	}
}

func TestAServerThatCannotAnswerCostsNoLogin(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		"429":       {authtest.Answer(http.StatusTooManyRequests, ""), fault.Network},
		"500":       {authtest.Answer(http.StatusInternalServerError, ""), fault.Network},
		"503":       {authtest.JSON(http.StatusServiceUnavailable, `{"error":"invalid_grant"}`), fault.Network},
		"redirect":  {authtest.Redirect(http.StatusFound, "/login"), fault.Policy},
		"reset":     {authtest.Reset(), fault.Network},
		"html":      {authtest.Answer(http.StatusOK, "<html>"), fault.Protocol},
		"truncated": {authtest.Truncated(http.StatusOK, `{"access_token":"x"`), fault.Protocol},
	} {
		r := newRig(t)
		r.login(t)
		idp := r.server
		r.server = authtest.FakeIDP(t, c.reply)
		if _, err := r.session().Token(t.Context(), auth.Want{}); !fault.Is(err, c.kind) || r.server.Count() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, r.server.Count())
		}
		r.server = idp
		r.wait(time.Hour)
		r.get(t)
	}
}

func TestARefusalReadsTheStoreAgain(t *testing.T) {
	for name, life := range map[string]time.Duration{"a live access token": time.Hour, "a newer refresh token": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.login(t)
			old := r.stored(t)
			r.idp.Before = func() { // another process, whose lock lies elsewhere, logs in meanwhile
				r.idp.Before = nil
				newer := *old
				newer.AccessToken, newer.RefreshToken = secret.New("at-new"), secret.New(r.idp.Login())
				newer.Salt = []byte("another")
				newer.ObtainedAt, newer.ExpiresAt = r.clock().Add(-2*time.Hour), r.clock().Add(life)
				bind(t, r, &newer)
			}
			got := r.get(t)
			if (got == "at-new") != (life > 0) || !r.idp.Alive(r.stored(t).RefreshToken.Reveal()) {
				t.Fatalf("token %s, %d requests", got, r.server.Count())
			}
		})
	}
}

// bind stores a record as a process with the same secrets does: by logging in with its tokens.
func bind(t *testing.T, r *rig, record *tokenstore.Record) {
	t.Helper()
	s := r.with(&person{r.config(), func() (*grant.Token, error) {
		return &grant.Token{
			AccessToken: record.AccessToken, TokenType: "Bearer", RefreshToken: record.RefreshToken,
			ObtainedAt: record.ObtainedAt, ExpiresAt: record.ExpiresAt,
		}, nil
	}})
	s.Locks = nil
	if _, err := s.Login(context.WithoutCancel(t.Context()), grant.Person{}); err != nil {
		t.Error(err)
	}
}

func TestARefreshReplacesNoEntryThatItDidNotRead(t *testing.T) {
	r := newRig(t)
	r.login(t)
	old := r.stored(t)
	r.idp.Grace = true
	r.idp.Before = func() {
		r.idp.Before = nil
		bind(t, r, &tokenstore.Record{
			AccessToken: secret.New("at-new"), RefreshToken: secret.New("rt-new"), ObtainedAt: old.ObtainedAt, ExpiresAt: old.ExpiresAt,
		})
	}
	r.get(t)
	if got := r.stored(t).RefreshToken.Reveal(); got != "rt-new" {
		t.Fatalf("the login of another process was replaced by %s", got)
	}
}

func TestARefusalRemovesNoTokenThatWasNotSent(t *testing.T) {
	r := newRig(t)
	r.login(t)
	server := authtest.FakeIDP(t, func(conn net.Conn, req authtest.Request) {
		// Whatever is sent, another process has put something newer there.
		bind(t, r, &tokenstore.Record{AccessToken: secret.New("a"), RefreshToken: secret.New("rt-" + req.Body[len(req.Body)-1:] + "+")})
		authtest.JSON(http.StatusBadRequest, `{"error":"invalid_grant"}`)(conn, req)
	})
	r.server = server
	r.mustLogIn(t, 2)
	if r.stored(t).RefreshToken.IsZero() {
		t.Fatal("a token that was never sent is gone")
	}
}

func TestARefusedRefreshLeavesALiveAccessToken(t *testing.T) {
	r := newRig(t)
	if _, err := r.session().Login(t.Context(), grant.Person{}); err != nil {
		t.Fatal(err)
	}
	r.idp.End()
	if _, err := r.session().Token(t.Context(), auth.Want{ForceRefresh: true}); fault.From(err).Code != "auth.login_required" {
		t.Fatalf("%v", err)
	}
	if got := r.get(t); got != "at-0" {
		t.Fatalf("got %s", got)
	}
	r.wait(time.Hour)
	r.mustLogIn(t, 1)
}

func TestWithoutALoginNothingIsAsked(t *testing.T) {
	r := newRig(t)
	r.mustLogIn(t, 0)
	_, err := r.session().Token(t.Context(), auth.Want{NoCache: true})
	if e := fault.From(err); e.Code != "auth.login_required" || !strings.Contains(e.HintText(), "--no-cache") || r.server.Count() != 0 {
		t.Fatalf("%+v", e)
	}
}

func TestALoginOfAnotherSecretIsNoLogin(t *testing.T) {
	r := newRig(t)
	r.login(t)
	r.secret = "another"
	r.mustLogIn(t, 0)
	r.secret = "s"
	r.get(t)
}

func TestAClockThatWentBackCostsARefreshAndNoLogin(t *testing.T) {
	r := newRig(t)
	r.login(t)
	r.get(t)
	r.wait(-24 * time.Hour)
	r.get(t)
	r.wait(48 * time.Hour)
	r.get(t)
	if r.idp.Refreshes() != 3 {
		t.Fatalf("%d refreshes", r.idp.Refreshes())
	}
}

func TestAnInterruptionDoesNotLoseWhatTheServerHasGiven(t *testing.T) {
	r := newRig(t)
	r.login(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.idp.Before = cancel // the request is on its way
	_, err := r.session().Token(ctx, auth.Want{})
	if !errors.Is(err, context.Canceled) || !r.idp.Alive(r.stored(t).RefreshToken.Reveal()) || r.idp.Refreshes() != 1 {
		t.Fatalf("%v after %d refreshes", err, r.idp.Refreshes())
	}
	r.idp.Before = nil
	if _, err = r.session().Token(ctx, auth.Want{ForceRefresh: true}); err == nil || r.server.Count() != 1 {
		t.Fatalf("interrupted before: %v after %d requests", err, r.server.Count())
	}
}

// ask is a grant that needs nobody, and gives a refresh token with each token.
type ask struct {
	grant.Config
	count int
	prev  *grant.Token
}

func (g *ask) Token(_ context.Context, a grant.Ask) (*grant.Token, error) {
	g.count++
	g.prev = a.Prev
	now := g.Endpoint.Clock()
	return &grant.Token{
		AccessToken: secret.New("granted"), TokenType: "Bearer", RefreshToken: secret.New("rt-granted"), ProofKey: secret.New("jwk"),
		ObtainedAt: now, ExpiresAt: now.Add(time.Hour),
	}, nil
}

func TestAGrantThatNeedsNobodyIsRunAfterARefusal(t *testing.T) {
	r := newRig(t)
	g := &ask{Config: r.config()}
	get := func() *auth.Answer {
		t.Helper()
		answer, err := r.with(g).Token(t.Context(), auth.Want{})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	get()
	r.wait(2 * time.Hour)
	if answer := get(); answer.FromCache || g.count != 2 || r.server.Count() != 1 {
		t.Fatalf("%d grants, %d refreshes", g.count, r.server.Count())
	}
	if g.prev == nil || !g.prev.RefreshToken.IsZero() || g.prev.ProofKey.Reveal() != "jwk" {
		t.Fatalf("the grant was told %+v", g.prev)
	}
	if get(); g.count != 2 || r.stored(t).RefreshToken.Reveal() != "rt-granted" {
		t.Fatal("the new token was not kept")
	}
}

func TestARenewalTakesTheRefreshTokenAndTheChallenge(t *testing.T) {
	r := newRig(t)
	r.login(t)
	first, err := r.session().Token(t.Context(), auth.Want{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds the first one's answer
		if _, err := r.session().Renew(t.Context(), first.Token, auth.Want{}, `{"access_token":{}}`); err != nil || r.idp.Refreshes() != 2 {
			t.Fatalf("%v after %d refreshes", err, r.idp.Refreshes())
		}
	}
	if body := r.server.Requests()[1].Body; !strings.Contains(body, "claims=%7B") {
		t.Error(body)
	}
}

func TestAnAnswerHasTheUsersOwnKey(t *testing.T) {
	r := newRig(t)
	r.login(t)
	for range 2 {
		s := r.session()
		s.ProofKey = func(context.Context) (secret.String, error) { return secret.New("own"), nil }
		answer, err := s.Token(t.Context(), auth.Want{})
		if err != nil || answer.Token.ProofKey.Reveal() != "own" {
			t.Fatalf("%v", err)
		}
	}
	if !r.stored(t).ProofKey.IsZero() {
		t.Error("it was stored")
	}
}
