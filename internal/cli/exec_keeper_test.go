package cli

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

// replies are what a source answers, one after the other; the last one serves for ever.
type replies struct {
	asked []time.Duration // since the beginning
	begin time.Time
	give  []func(auth.Want) (*auth.Answer, error)
}

func (r *replies) Token(_ context.Context, want auth.Want) (*auth.Answer, error) {
	reply := r.give[min(len(r.asked), len(r.give)-1)]
	r.asked = append(r.asked, time.Since(r.begin))
	return reply(want)
}

func living(d time.Duration) func(auth.Want) (*auth.Answer, error) {
	return func(auth.Want) (*auth.Answer, error) {
		return &auth.Answer{Token: &grant.Token{AccessToken: secret.New("t"), ExpiresAt: time.Now().Add(d)}}, nil
	}
}

func failing(err error) func(auth.Want) (*auth.Answer, error) {
	return func(auth.Want) (*auth.Answer, error) { return nil, err }
}

// watch runs a keeper over a time of its own and gives when it asked, what it wrote and how often it warned.
func watch(t *testing.T, k keeper, first, all time.Duration, give ...func(auth.Want) (*auth.Answer, error)) (asked []time.Duration, written, warned int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &replies{begin: time.Now(), give: give}
		k.source, k.clock = r, time.Now
		if k.write == nil {
			k.write = func(secret.String) error { written++; return nil }
		}
		k.warn = func(string, ...any) { warned++ }
		stop := k.keep(t.Context(), time.Now().Add(first))
		time.Sleep(all)
		stop()
		asked = r.asked
	})
	return asked, written, warned
}

func TestATokenIsReplacedBeforeItEnds(t *testing.T) {
	asked, written, warned := watch(t, keeper{}, 100*time.Second, 800*time.Second, living(1000*time.Second))
	if len(asked) != 1 || asked[0] != 80*time.Second || written != 1 || warned != 0 {
		t.Errorf("asked at %v, wrote %d, warned %d", asked, written, warned)
	}
	asked, _, _ = watch(t, keeper{minTTL: 15 * time.Minute}, time.Hour, 2*time.Hour, living(time.Hour))
	if len(asked) != 2 || asked[0] != 45*time.Minute || asked[1] != 90*time.Minute {
		t.Errorf("with --min-ttl: asked at %v", asked)
	}
}

func TestAServerThatRepeatsItsTokenIsAskedAgainAtItsEnd(t *testing.T) {
	same := failing(fault.New(fault.Auth, "auth.min_ttl", "it lives too short"))
	asked, written, warned := watch(t, keeper{}, 100*time.Second, 101*time.Second, same, living(time.Hour))
	if len(asked) != 2 || asked[1] != 100*time.Second || written != 1 || warned != 0 {
		t.Errorf("asked at %v, wrote %d, warned %d", asked, written, warned)
	}
}

func TestAFailureIsToldAndTriedAgainWithoutHaste(t *testing.T) {
	asked, written, warned := watch(t, keeper{}, 100*time.Second, time.Hour, failing(errors.New("no server")))
	if len(asked) < 10 || len(asked) > 3600/30+20 || written != 0 || warned != len(asked) {
		t.Errorf("asked %d times, wrote %d, warned %d", len(asked), written, warned)
	}
	full := keeper{write: func(secret.String) error { return errors.New("the disk is full") }}
	if _, _, warned := watch(t, full, 10*time.Second, 9*time.Second, living(time.Hour)); warned == 0 {
		t.Error("a token that could not be written is nothing")
	}
}

func TestATokenThatDoesNotLiveIsNotAskedForAllTheTime(t *testing.T) {
	for name, k := range map[string]keeper{"no life": {}, "min-ttl of its whole life": {minTTL: time.Minute}} {
		asked, _, _ := watch(t, k, time.Minute, time.Hour, living(0))
		if k.minTTL > 0 {
			asked, _, _ = watch(t, k, time.Minute, time.Hour, living(time.Minute))
		}
		if len(asked) > 620 || len(asked) < 50 {
			t.Errorf("%s: asked %d times in an hour", name, len(asked))
		}
	}
}

func TestTheNamesOfVariablesAreJudged(t *testing.T) {
	for _, name := range []string{
		"A=B", "A B", "1A", "A-B", "Ä", "A\x00", "A\n", "PATH", "path", "LD_PRELOAD", "ld_library_path", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "IFS",
		"AUTHCTL_STORAGE_KEY", "AUTHCTL_CONFIG", "authctl_profile",
	} {
		if err := checkVariable(name); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"AUTHCTL_TOKEN", "_", "API_TOKEN2", "token", "LDX"} {
		if err := checkVariable(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, o := range []execOptions{{env: "A", header: "A"}, {header: "A", file: "A"}, {refresh: true}, {env: "A", refresh: true}, {minTTL: -1}} {
		if err := o.check(); !fault.Is(err, fault.Usage) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestATokenThatCouldEndALineIsNotHandedOn(t *testing.T) {
	o := execOptions{env: "A", header: "B"}
	for _, text := range []string{"", "a b", "a\nB=c", "a\x00", "a\u00e9", "a\x7f"} {
		if pairs, err := o.pairs(secret.New(text), ""); !fault.Is(err, fault.Protocol) {
			t.Errorf("%q: %d pairs, %v", text, len(pairs), err)
		}
	}
	if _, err := o.pairs(secret.New("a"), "DPoP"); !fault.Is(err, fault.Protocol) {
		t.Errorf("DPoP: %v", err)
	}
}
