package auth

import (
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
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
