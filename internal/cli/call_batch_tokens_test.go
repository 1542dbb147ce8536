package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/batch"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// issuer is a TokenSource that counts: its tokens are tok-0, tok-1 and so on.
type issuer struct {
	origins      httpx.Origins
	mu           sync.Mutex
	asked, newer int
	err          error
}

func (s *issuer) Bearer(context.Context) (httpx.Bearer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.bearer()
}

func (s *issuer) Renew(context.Context, string) (httpx.Bearer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newer++
	return s.bearer()
}

func (s *issuer) bearer() (httpx.Bearer, error) {
	return httpx.NewBearer(secret.New(fmt.Sprintf("tok-%d", s.newer)), "", s.origins), s.err
}

// batchAgainst sends n requests to an API.
func batchAgainst(t *testing.T, n int, clock func() time.Time, api http.HandlerFunc) (*issuer, string, batch.Count, error) {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	origin, err := httpx.OriginOf(u)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := httpx.NewTransport(httpx.Config{})
	if err != nil {
		t.Fatal(err)
	}
	keepConnections(transport, 8)
	t.Cleanup(transport.CloseIdleConnections)
	source := &issuer{origins: httpx.Origins{origin}}
	client := &call.Client{Transport: transport, Many: &call.Many{}, Origins: source.origins, Source: source}
	base := batch.NewBase(server.URL)
	run := batch.Run{
		Parallel: 8, ContinueOnError: true, Doer: newBatchTokens(client, clock).doer,
		Prepare: func(l *batch.Line) (*call.Request, error) { return l.Request(base) },
	}
	var lines, out strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"path":"/%d","body":"b"}`+"\n", i)
	}
	count, err := run.Do(t.Context(), strings.NewReader(lines.String()), &out)
	return source, out.String(), count, err
}

func TestATokenThatIsRevokedInMidRunIsRenewedOnceForAll(t *testing.T) {
	var seen, refused atomic.Int64
	done := sync.Map{}
	source, _, count, err := batchAgainst(t, 200, time.Now, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer tok-0" && seen.Add(1) > 60 {
			refused.Add(1)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if body, _ := io.ReadAll(r.Body); string(body) != "b" {
			t.Errorf("body %q", body)
		}
		if _, twice := done.LoadOrStore(r.URL.Path, true); twice {
			t.Errorf("%s was processed twice", r.URL.Path)
		}
	})
	if err != nil || count.Statuses[2] != 200 || source.newer != 1 || refused.Load() > 8 {
		t.Errorf("%+v, %d renewals, %d refused: %v", count, source.newer, refused.Load(), err)
	}
}

func TestAnAPIThatRefusesEverythingCostsOneRenewal(t *testing.T) {
	var hits atomic.Int64
	source, _, count, err := batchAgainst(t, 100, time.Now, func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	})
	if err != nil || count.Statuses[4] != 100 || source.newer != 1 || hits.Load() > 108 {
		t.Errorf("%+v, %d renewals, %d requests: %v", count, source.newer, hits.Load(), err)
	}
}

func TestTheTokenInHandIsUsedForThousandsOfRequests(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	source, _, _, err := batchAgainst(t, 300, clock, func(http.ResponseWriter, *http.Request) {})
	if err != nil || source.asked != 1 {
		t.Errorf("asked %d times: %v", source.asked, err)
	}
	source, _, _, err = batchAgainst(t, 30, clock, func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(batchLook)
	})
	if err != nil || source.asked < 4 {
		t.Errorf("asked %d times while half a minute went by: %v", source.asked, err)
	}
}

func TestATokenThatCannotBeHadIsNotAskedForByEveryLine(t *testing.T) {
	gone := errors.New("gone")
	source := &issuer{err: gone}
	tokens := newBatchTokens(&call.Client{Source: source}, func() time.Time { return time.Unix(1, 0) })
	for range 50 {
		if _, _, err := tokens.current(t.Context()); !errors.Is(err, gone) {
			t.Fatal(err)
		}
	}
	if source.asked != 1 {
		t.Errorf("asked %d times", source.asked)
	}
}

func TestARequestBeginsWhenItsTokenIsInHand(t *testing.T) {
	for _, failure := range []error{nil, errors.New("gone")} {
		source := &issuer{err: failure}
		begun := 0
		begin := func() {
			if begun++; source.asked != 1 {
				t.Errorf("asked %d times before", source.asked)
			}
		}
		w, ok := newBatchTokens(&call.Client{Source: source}, time.Now).doer(begin).(*batchWorker)
		if !ok {
			t.Fatal("another doer")
		}
		if _, err := w.Bearer(t.Context()); !errors.Is(err, failure) || (begun == 1) != (failure == nil) {
			t.Errorf("begun %d times: %v", begun, err)
		}
	}
}

func TestARenewalThatFailedIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		gone  bool
		later time.Duration
	}{"the server was away": {true, batchLook}, "one request's time was up": {false, 0}} {
		now := time.Unix(1, 0)
		source := &issuer{}
		tokens := newBatchTokens(&call.Client{Source: source}, func() time.Time { return now })
		_, used, err := tokens.current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if !c.gone {
			cancel()
		}
		source.err = errors.New("no token")
		if _, _, err := tokens.renew(ctx, used, ""); err == nil || tokens.settled(used) {
			t.Errorf("%s: %v; a token that was refused is taken for a new one", name, err)
		}
		now, source.err = now.Add(c.later), nil
		if _, used, err = tokens.renew(t.Context(), used, ""); err != nil || !tokens.settled(used) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

func TestARenewalThatFailsIsNotRepeatedByEveryWorker(t *testing.T) {
	gone, now := errors.New("gone"), time.Unix(1, 0)
	source := &issuer{}
	tokens := newBatchTokens(&call.Client{Source: source}, func() time.Time { return now })
	_, used, err := tokens.current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source.err = gone
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _ = tokens.renew(canceled, used, "") // one request's end is not everybody's
	for range 8 {
		if _, _, err := tokens.renew(t.Context(), used, ""); !errors.Is(err, gone) {
			t.Errorf("%v", err)
		}
	}
	if source.newer != 2 {
		t.Errorf("%d renewals", source.newer)
	}
	now, source.err = now.Add(batchLook), nil
	if _, newer, err := tokens.renew(t.Context(), used, ""); err != nil || newer == used || source.newer != 3 {
		t.Errorf("%d renewals: %v", source.newer, err)
	}
}
