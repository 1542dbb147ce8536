package auth

import (
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
)

func TestAPauseOfAnotherProfilesServerIsNotNotedHere(t *testing.T) {
	f := set(t)
	f.server.err = &fault.Error{Kind: fault.Network, Profile: "other", Status: 429, Err: &grant.Throttled{Until: f.now.Add(time.Minute)}}
	for asked := 1; asked <= 2; asked++ {
		if _, err := f.Token(t.Context(), Want{}); fault.From(err).Profile != "other" || f.server.count != asked {
			t.Fatalf("%v after %d requests", err, f.server.count)
		}
	}
}

func TestWhoWaitedIsToldWhichProfileWasRefused(t *testing.T) {
	f := set(t)
	failed := refusal("auth.invalid_client")
	failed.Profile = "other"
	f.server.err = failed
	other := *f.Session
	f.Locks = meanwhile{func() {
		f.now = f.now.Add(time.Second)
		_, _ = other.Token(t.Context(), Want{})
	}}
	if _, err := f.Token(t.Context(), Want{}); fault.From(err).Profile != "other" || f.server.count != 1 {
		t.Fatalf("%v after %d requests", err, f.server.count)
	}
}

func TestAPauseHoldsForAllScopesAndIsLiftedForAll(t *testing.T) {
	f := set(t)
	f.Identity.Scopes, f.Identity.Further = []string{"own"}, []profile.Param{{Name: "requested_token_type", Value: "jwt"}}
	narrowed := *f.Session
	narrowed.Identity.Scopes, narrowed.Identity.Audience = []string{"other"}, []string{"a"}
	narrowed.Identity.Resources, narrowed.Identity.Params = []string{"r"}, []profile.Param{{Name: "n", Value: "v"}}
	f.server.err = &fault.Error{Kind: fault.Network, Status: 429, Err: &grant.Throttled{Until: f.now.Add(time.Minute)}}
	if _, err := narrowed.Token(t.Context(), Want{}); err == nil {
		t.Fatal("throttled")
	}
	f.server.err = nil
	if _, err := f.Token(t.Context(), Want{}); fault.From(err).Code != "network.throttled" || f.server.count != 1 {
		t.Fatalf("%v after %d requests", err, f.server.count)
	}
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := narrowed.Token(t.Context(), Want{}); err != nil {
		t.Fatal(err)
	}
}

func TestARefusalOfOneScopeIsNoneOfAnother(t *testing.T) {
	f := set(t)
	since := f.now
	f.now = f.now.Add(time.Second)
	narrowed := *f.Session
	narrowed.Identity.Scopes = []string{"unknown"}
	f.server.err = refusal("auth.invalid_scope")
	_, _ = narrowed.Token(t.Context(), Want{})
	if err := f.mayAsk(t.Context(), since); err != nil {
		t.Fatal(err)
	}
}
