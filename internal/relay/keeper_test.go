package relay

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// only answers 401 to every token but one.
func only(token *atomic.Value) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if req.Header.Get("Authorization") != "Bearer "+token.Load().(string) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(append([]byte("ok "), body...))
	}
}

func valid(token string) *atomic.Value {
	v := &atomic.Value{}
	v.Store(token)
	return v
}

func TestTwoHundredRequestsRenewARefusedTokenOnce(t *testing.T) {
	a := newAPI(t, false, only(valid("tok-2")))
	r := start(t, a.URL, func(_ *Config, s *tokens) { s.slow = 20 * time.Millisecond })
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			method, body := "GET", ""
			if i%2 == 0 {
				method, body = "POST", strconv.Itoa(i)
			}
			if res, text := ask(t, method, r.url+"x", body); res.StatusCode != 200 || text != "ok "+body {
				t.Errorf("%d %q", res.StatusCode, text)
			}
		})
	}
	wg.Wait()
	if n := r.tokens.count(); n != 2 {
		t.Errorf("%d tokens were asked for", n)
	}
}

func TestARefusedTokenIsRenewedAndTheBodySentAgain(t *testing.T) {
	token := valid("tok-2")
	a := newAPI(t, false, only(token))
	r := start(t, a.URL, nil)
	kept := strings.Repeat("x", maxReplay)
	if res, text := ask(t, "PUT", r.url+"x", kept); res.StatusCode != 200 || text != "ok "+kept || a.seen.Load() != 2 {
		t.Errorf("%d, %d requests", res.StatusCode, a.seen.Load())
	}
	token.Store("tok-3")
	if res, text := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 || text != "ok " || a.seen.Load() != 4 {
		t.Errorf("%d, %d requests", res.StatusCode, a.seen.Load())
	}
	token.Store("tok-4")
	for i, want := range []int{401, 200} { // a body that is too long to keep meets the new token the next time
		if res, _ := ask(t, "PUT", r.url+"x", kept+strings.Repeat("y", 1<<20)); res.StatusCode != want || a.seen.Load() != int64(5+i) {
			t.Errorf("%d: %d, %d requests", i, res.StatusCode, a.seen.Load())
		}
	}
	token.Store("tok-6")
	if res, _ := ask(t, "PUT", r.url+"x", kept+"y"); res.StatusCode != 401 {
		t.Error(res.Status)
	}
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 { // tok-5, that nobody had tried, was refused too
		t.Error(res.Status)
	}
}

func TestAnAPIThatRefusesEveryTokenIsAskedTwice(t *testing.T) {
	a := newAPI(t, false, only(valid("none")))
	r := start(t, a.URL, nil)
	for i, want := range []int64{2, 3, 4, 5} { // after the first time the new token is known to be refused too
		if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 401 || a.seen.Load() != want {
			t.Errorf("%d: %d, %d requests", i, res.StatusCode, a.seen.Load())
		}
	}
	if n := r.tokens.count(); n != 2 {
		t.Errorf("%d tokens were asked for", n)
	}
	r = start(t, a.URL, nil)
	for range 4 {
		if res, _ := ask(t, "PUT", r.url+"x", strings.Repeat("x", maxReplay+1)); res.StatusCode != 401 {
			t.Error(res.Status)
		}
	}
	if n := r.tokens.count(); n != 2 {
		t.Errorf("%d tokens were asked for, for bodies that are not sent again", n)
	}
}

func TestOtherStatusesAskForATokenWhereTheProfileSaysSo(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") == "Bearer tok-1" {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	r := start(t, a.URL, func(c *Config, _ *tokens) { c.ReauthStatuses = []int{403} })
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 || r.tokens.count() != 2 {
		t.Error(res.Status)
	}
}

func TestAClaimsChallengeIsHandedOn(t *testing.T) {
	claims := `{"access_token":{"nbf":{"essential":true}}}`
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") == "Bearer tok-1" {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(claims))+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	r := start(t, a.URL, func(c *Config, _ *tokens) { c.ReauthStatuses = []int{} })
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 || len(r.tokens.claims) != 2 || r.tokens.claims[1] != claims {
		t.Errorf("%d, %q", res.StatusCode, r.tokens.claims)
	}
}

func TestATokenIsRenewedAheadOfTimeWhileTheOldOneServes(t *testing.T) {
	var seen sync.Map
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		seen.Store(req.Header.Get("Authorization"), true)
		hello(w, req)
	})
	r := start(t, a.URL, func(c *Config, s *tokens) {
		s.life, c.Skew = 1500*time.Millisecond, 250*time.Millisecond // renewed at 1,000 ms, stale at 1,250 ms
	})
	ask(t, "GET", r.url+"x", "")
	r.tokens.mu.Lock()
	r.tokens.slow = 150 * time.Millisecond
	r.tokens.mu.Unlock()
	slowest, end := time.Duration(0), time.Now().Add(3*time.Second)
	for time.Now().Before(end) {
		begun := time.Now()
		ask(t, "GET", r.url+"x", "")
		slowest = max(slowest, time.Since(begun))
		time.Sleep(2 * time.Millisecond)
	}
	if _, there := seen.Load("Bearer tok-3"); !there || slowest >= 150*time.Millisecond {
		t.Errorf("third token: %t, slowest request: %s", there, slowest)
	}
	if want := r.tokens.asked[1]; want <= 0 || want > 1250*time.Millisecond {
		t.Errorf("asked for a token that is fresh for %s", want)
	}
}

func TestARelayThatNobodyUsesAsksForNothing(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(c *Config, s *tokens) { s.life, c.Skew = 200*time.Millisecond, 50*time.Millisecond })
	ask(t, "GET", r.url+"x", "")
	time.Sleep(600 * time.Millisecond)
	if n := r.tokens.count(); n > 2 {
		t.Errorf("%d tokens were asked for", n)
	}
}

func TestATokenWithoutALifeServesOneRequest(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(_ *Config, s *tokens) { s.life = time.Nanosecond })
	for range 3 {
		if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 {
			t.Error(res.Status)
		}
	}
	if n := r.tokens.count(); n != 3 || a.last.Load().Header.Get("Authorization") != "Bearer tok-3" {
		t.Errorf("%d tokens", n)
	}
}

type throttled struct{ until time.Time }

func (t throttled) Error() string      { return "slow down" }
func (t throttled) RetryAt() time.Time { return t.until }

func TestATokenEndpointThatFailsIsToldAndNotHammered(t *testing.T) {
	retryable := fault.New(fault.Network, "network.server_error", "HTTP 500")
	retryable.Retryable = true
	pause := fault.New(fault.Network, "network.throttled", "%w", throttled{time.Now().Add(30 * time.Second)})
	for name, c := range map[string]struct {
		fail   error
		status int
		code   string
		wait   bool
	}{
		"a wrong password": {fault.New(fault.Auth, "auth.invalid_client", "no"), 502, "auth.invalid_client", false},
		"a server error":   {retryable, 503, "network.server_error", false},
		"a time-out":       {fault.New(fault.Timeout, "timeout.total", "late"), 503, "timeout.total", false},
		"a locked keyring": {fault.New(fault.Store, "store.locked", "locked"), 502, "store.locked", false},
		"a pause":          {pause, 503, "network.throttled", true},
		"anything else":    {errors.New("bug"), 502, "internal", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, false, hello)
			r := start(t, a.URL, func(_ *Config, s *tokens) { s.fail, s.slow = c.fail, 20*time.Millisecond })
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					res, text := ask(t, map[bool]string{true: "GET", false: "POST"}[i%2 == 0], r.url+"x", strings.Repeat("x", i%2))
					if res.StatusCode != c.status || text != `{"code":"`+c.code+`"}` || res.Header.Get("Content-Type") != "application/json" {
						t.Errorf("%d %q", res.StatusCode, text)
					}
					if wait, _ := strconv.Atoi(res.Header.Get("Retry-After")); c.wait != (wait > 25 && wait <= 30) {
						t.Errorf("Retry-After: %q", res.Header.Get("Retry-After"))
					}
				})
			}
			wg.Wait()
			if n := r.tokens.count(); n != 1 || a.seen.Load() != 0 {
				t.Errorf("%d token requests, %d to the API", n, a.seen.Load())
			}
		})
	}
}

func TestAFailureIsForgottenAfterASecond(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(_ *Config, s *tokens) { s.fail = errors.New("once") })
	ask(t, "GET", r.url+"x", "")
	r.tokens.mu.Lock()
	r.tokens.fail = nil
	r.tokens.mu.Unlock()
	time.Sleep(failurePause)
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 {
		t.Error(res.Status)
	}
}

func TestAnAPIThatCannotBeReachedIsABadGateway(t *testing.T) {
	dead := newAPI(t, false, hello)
	base := dead.URL
	dead.Close()
	r := start(t, base, nil)
	for _, method := range []string{"GET", "POST"} {
		if res, text := ask(t, method, r.url+"x", ""); res.StatusCode != 502 || text != `{"code":"network.connect"}` {
			t.Errorf("%d %q", res.StatusCode, text)
		}
	}
	late := newAPI(t, false, func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	r = start(t, late.URL, func(c *Config, _ *tokens) { c.Transport.ResponseHeaderTimeout = 100 * time.Millisecond })
	for _, method := range []string{"GET", "POST"} {
		if res, text := ask(t, method, r.url+"x", ""); res.StatusCode != 504 || !strings.HasPrefix(text, `{"code":"timeout.`) {
			t.Errorf("%d %q", res.StatusCode, text)
		}
	}
}

func TestATapeIsPlayedFromItsStart(t *testing.T) {
	source, sender := io.Pipe()
	tp := &tape{source: source}
	first := tp.play()
	go func() { _, _ = io.WriteString(sender, "one") }()
	got := make([]byte, 10)
	if n, err := first.Read(got); string(got[:n]) != "one" || err != nil {
		t.Fatal(n, err)
	}
	pending := make(chan error, 1)
	go func() { _, err := first.Read(make([]byte, 10)); pending <- err }() // waits for the sender
	time.Sleep(10 * time.Millisecond)
	second := tp.play()
	go func() { _, _ = io.WriteString(sender, "two"); _ = sender.Close() }()
	if text, err := io.ReadAll(second); string(text) != "onetwo" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	<-pending
	if _, err := first.Read(got); !errors.Is(err, errRewound) {
		t.Error(err)
	}
	long := &tape{source: strings.NewReader(strings.Repeat("x", maxReplay+1))}
	if _, err := io.Copy(io.Discard, long.play()); err != nil || long.whole() {
		t.Error(err, long.whole())
	}
	if _, err := io.ReadAll(long.play()); !errors.Is(err, errRewound) {
		t.Error("a body was sent in part:", err)
	}
}
