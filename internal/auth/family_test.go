package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
)

// narrowed is a process of the profile of [rig.named] with --scope.
func (r *rig) narrowed(value string, scopes ...string) *auth.Session {
	s := r.named(value)
	s.Identity.Scopes = scopes
	return s
}

func (r *rig) sent(token string) (n int) {
	for _, req := range r.server.Requests() {
		if strings.Contains(req.Body+"&", "refresh_token="+token+"&") {
			n++
		}
	}
	return n
}

func TestARefreshTokenThatWasReplacedForOneIdentityIsReplacedForAll(t *testing.T) {
	r := newRig(t)
	first := r.idp.Login()
	for i, s := range []*auth.Session{
		r.named(first), r.narrowed(first, "a"), r.named(first), r.narrowed(first, "b"), r.narrowed(first, "a"), r.named(first),
	} {
		if _, err := s.Token(t.Context(), auth.Want{ForceRefresh: true}); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		r.wait(time.Minute)
	}
	if r.sent(first) != 1 || r.server.Count() != 6 {
		t.Fatalf("the first one was sent %d times in %d requests", r.sent(first), r.server.Count())
	}
	r.idp.End()
	for _, s := range []*auth.Session{r.named(first), r.narrowed(first, "new"), r.narrowed(first, "a")} {
		if _, err := s.Token(t.Context(), auth.Want{ForceRefresh: true}); !fault.Is(err, fault.Auth) {
			t.Fatalf("%v", err)
		}
	}
	if r.sent(first) != 1 || r.server.Count() != 7 {
		t.Fatalf("when it was over: the first one was sent %d times in %d requests", r.sent(first), r.server.Count())
	}
}

func TestIdentitiesOfOneRefreshTokenSpendItInTurn(t *testing.T) {
	r := newRig(t)
	first := r.idp.Login()
	var sessions []*auth.Session
	for _, scope := range strings.Fields("a b c d e a b c d e") {
		sessions = append(sessions, r.narrowed(first, scope))
	}
	var wg sync.WaitGroup
	for _, s := range sessions {
		wg.Go(func() {
			if _, err := s.Token(t.Context(), auth.Want{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.sent(first) != 1 || r.server.Count() != 5 {
		t.Errorf("the first one was sent %d times in %d requests", r.sent(first), r.server.Count())
	}
}
