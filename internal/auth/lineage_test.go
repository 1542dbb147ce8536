package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

// dependsOn is all of what a session's tokens depend on.
func dependsOn(t *testing.T, s *auth.Session) string {
	t.Helper()
	list, err := s.DependsOn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, one := range list {
		text += one.Reveal() + "\n"
	}
	return text
}

func TestEachLoginIsSomebodyElseAndARefreshIsNot(t *testing.T) {
	r := newRig(t)
	nobody := dependsOn(t, r.session())
	r.login(t)
	first := dependsOn(t, r.session())
	r.get(t)
	if refreshed := dependsOn(t, r.session()); first == nobody || refreshed != first || r.idp.Refreshes() != 1 {
		t.Errorf("nobody %q\nlogged in %q\nrefreshed %q", nobody, first, refreshed)
	}
	r.login(t)
	if dependsOn(t, r.session()) == first {
		t.Error("the second login counts as the first")
	}
	if err := r.session().Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dependsOn(t, r.session()) != nobody {
		t.Error("the login outlived its token")
	}
}

// exchanged is a process of a profile whose token is exchanged for another one's.
func (r *rig) exchanged(upstream func() string) *auth.Session {
	s := r.with(&grant.ClientCredentials{Config: r.config()})
	s.Upstream = func(context.Context) ([]secret.String, error) { return []secret.String{secret.New(upstream())}, nil }
	return s
}

func TestAnExchangedTokenIsNoOtherLogins(t *testing.T) {
	r := newRig(t)
	r.server = authtest.FakeIDP(t, authtest.Token("for-ann", 3600), authtest.Token("for-bob", 3600))
	who := "ann"
	token := func() string {
		answer, err := r.exchanged(func() string { return who }).Token(t.Context(), auth.Want{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Token.AccessToken.Reveal()
	}
	for range 2 {
		if got := token(); got != "for-ann" || r.server.Count() != 1 {
			t.Fatalf("%s after %d requests", got, r.server.Count())
		}
	}
	who = "bob"
	if got := token(); got != "for-bob" || r.server.Count() != 2 {
		t.Errorf("%s after %d requests", got, r.server.Count())
	}
}

func TestATokenThatWasAskedForDuringAnotherLoginIsNotKeptForIt(t *testing.T) {
	r := newRig(t)
	r.server = authtest.FakeIDP(t, authtest.Token("for-ann", 3600), authtest.Token("for-bob", 3600))
	asked := 0
	s := r.exchanged(func() string {
		if asked++; asked == 1 {
			return "ann"
		}
		return "bob" // logged in while ann's token was on its way
	})
	for _, want := range []string{"for-ann", "for-bob", "for-bob"} {
		answer, err := s.Token(t.Context(), auth.Want{})
		if err != nil || answer.Token.AccessToken.Reveal() != want {
			t.Fatalf("%+v %v, want %s", answer, err, want)
		}
	}
}

func TestWhatCannotBeReadOfAnotherProfileStopsTheExchange(t *testing.T) {
	r := newRig(t)
	s := r.exchanged(func() string { return "" })
	s.Upstream = func(context.Context) ([]secret.String, error) { return nil, errDisk }
	if _, err := s.Token(t.Context(), auth.Want{MinTTL: time.Second}); !errors.Is(err, errDisk) || r.server.Count() != 0 {
		t.Errorf("%v, %d requests", err, r.server.Count())
	}
}
