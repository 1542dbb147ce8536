package auth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func TestAChangedClientSecretCostsTheAccessTokenAndNotTheNewestRefreshToken(t *testing.T) {
	r := newRig(t)
	first := r.idp.Login()
	token := func() string {
		answer, err := r.named(first).Token(t.Context(), auth.Want{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Token.AccessToken.Reveal()
	}
	old := token()
	idp := r.server
	r.client = "a wrong secret"
	r.server = authtest.FakeIDP(t, refuses(http.StatusUnauthorized, `{"error":"invalid_client"}`))
	if _, err := r.named(first).Token(t.Context(), auth.Want{}); fault.From(err).OAuthError != "invalid_client" {
		t.Fatalf("%v", err)
	}
	r.server, r.client = idp, ""
	if again := token(); again != old || idp.Count() != 1 {
		t.Fatalf("the wrong secret cost the token that was got with the right one: %d requests", idp.Count())
	}
	r.client = "a new secret"
	if token() == old || idp.Count() != 2 || r.idp.Refreshes() != 2 {
		t.Fatalf("%d requests, %d refreshes", idp.Count(), r.idp.Refreshes())
	}
	for i, req := range idp.Requests() {
		if sent := strings.Contains(req.Body+"&", "refresh_token="+first+"&"); sent != (i == 0) {
			t.Errorf("request %d: %s", i, req.Body)
		}
	}
}

// queue is a lock that another process had first.
type queue struct {
	auth.Locker
	first func()
}

func (q queue) Lock(ctx context.Context, name string) (func(), error) {
	q.first()
	return q.Locker.Lock(ctx, name)
}

func TestAWrongClientSecretAtARefreshIsOneFailedLogin(t *testing.T) {
	r := newRig(t)
	first := r.idp.Login()
	if _, err := r.named(first).Token(t.Context(), auth.Want{}); err != nil {
		t.Fatal(err)
	}
	r.wait(2 * time.Hour)
	r.server = authtest.FakeIDP(t, refuses(http.StatusUnauthorized, `{"error":"invalid_client"}`))
	waiting, other := r.named(first), r.named(first)
	waiting.Locks = queue{waiting.Locks, func() { _, _ = other.Token(t.Context(), auth.Want{}) }}
	_, err := waiting.Token(t.Context(), auth.Want{})
	if fault.From(err).OAuthError != "invalid_client" || r.server.Count() != 1 {
		t.Fatalf("%v after %d requests", err, r.server.Count())
	}
	if _, err := r.named(first).Token(t.Context(), auth.Want{}); err == nil || r.server.Count() != 2 {
		t.Fatalf("who did not wait: %v after %d requests", err, r.server.Count())
	}
}

func TestARefreshTokenWithoutAnAccessTokenBesideItIsTheOneThatIsSent(t *testing.T) {
	r := newRig(t)
	s := r.named(r.idp.Login())
	if _, err := s.Token(t.Context(), auth.Want{}); err != nil {
		t.Fatal(err)
	}
	outdated, err := s.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outdated.AccessToken, outdated.ExpiresAt = secret.String{}, outdated.ObtainedAt
	if err := s.Store.Put(t.Context(), outdated); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(t.Context(), auth.Want{}); err != nil || r.idp.Refreshes() != 2 {
		t.Errorf("%v after %d refreshes", err, r.idp.Refreshes())
	}
}

func TestAReplacedRefreshTokenThatIsNotKeptIsToldOf(t *testing.T) {
	r := newRig(t)
	s := r.named(r.idp.Login())
	if _, err := s.Token(t.Context(), auth.Want{}); err != nil || len(r.warned) != 0 {
		t.Fatalf("%v, warned %q", err, r.warned)
	}
	s = r.named(r.idp.Login())
	if _, err := s.Token(t.Context(), auth.Want{NoCache: true}); err != nil || len(r.warned) != 1 {
		t.Fatalf("%v, warned %q", err, r.warned)
	}
}

func TestWhatCannotBeReadOfARefreshTokensRootStopsTheCommand(t *testing.T) {
	r := newRig(t)
	s := r.named(r.idp.Login())
	s.Root = func(context.Context) ([]secret.String, error) { return nil, errDisk }
	if _, err := s.Token(t.Context(), auth.Want{}); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
}
