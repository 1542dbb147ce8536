package call

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// impatient makes the client note how long it would wait, and not wait.
func impatient(c *Client, r Retry) *[]time.Duration {
	var pauses []time.Duration
	c.Retry = r
	c.Sleep = func(_ context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return nil
	}
	return &pauses
}

func TestWhatMayBeSentAgain(t *testing.T) {
	t.Parallel()
	const hangUp = ""
	for _, tc := range []struct {
		name, method, first string
		unsafe, keyed       bool
		want                int // requests on the wire
	}{
		{name: "GET 503", method: "GET", first: answer(503), want: 2},
		{name: "GET 502", method: "GET", first: answer(502), want: 2},
		{name: "GET 504", method: "GET", first: answer(504), want: 2},
		{name: "GET 408", method: "GET", first: answer(408), want: 2},
		{name: "GET 429", method: "GET", first: answer(429), want: 2},
		{name: "GET 500", method: "GET", first: answer(500), want: 1},
		{name: "GET 404", method: "GET", first: answer(404), want: 1},
		{name: "GET hang-up", method: "GET", first: hangUp, want: 2},
		{name: "HEAD hang-up", method: "HEAD", first: hangUp, want: 2},
		{name: "GET malformed", method: "GET", first: "SSH-2.0-OpenSSH\r\n\r\n", want: 1},
		{name: "POST 503", method: "POST", first: answer(503), want: 1},
		{name: "POST 503 with a time", method: "POST", first: answer(503, "Retry-After: 1"), want: 2},
		{name: "POST 503, unsafe", method: "POST", first: answer(503), unsafe: true, want: 2},
		{name: "POST 502", method: "POST", first: answer(502), want: 1},
		{name: "POST 429", method: "POST", first: answer(429), want: 2},
		{name: "POST hang-up", method: "POST", first: hangUp, want: 1},
		{name: "POST hang-up, unsafe", method: "POST", first: hangUp, unsafe: true, want: 2},
		{name: "POST hang-up, keyed", method: "POST", first: hangUp, keyed: true, want: 2},
		{name: "PATCH hang-up", method: "PATCH", first: hangUp, want: 1},
		{name: "PUT hang-up", method: "PUT", first: hangUp, want: 1},
		{name: "PUT hang-up, unsafe", method: "PUT", first: hangUp, unsafe: true, want: 2},
		{name: "DELETE 504", method: "DELETE", first: answer(504), want: 1},
		{name: "DELETE 503 with a time", method: "DELETE", first: answer(503, "Retry-After: 0"), want: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newWire(t, tc.first, answer(200))
			c, _ := newClient(t, s.base)
			impatient(c, Retry{Max: 1, Unsafe: tc.unsafe})
			req := &Request{Method: tc.method, URL: parse(t, s.base+"/x"), Header: http.Header{}}
			if tc.keyed {
				req.Header.Set("Idempotency-Key", "k")
			}
			if tc.method == "POST" {
				req.Body = Text("a=1")
			}
			_, _, _ = do(t, c, req)
			if s.hits() != tc.want {
				t.Errorf("%d requests, want %d", s.hits(), tc.want)
			}
		})
	}
}

func TestWithoutRetryEachFailureIsOneRequest(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"", answer(503, "Retry-After: 0"), answer(429)} {
		s := newWire(t, first)
		c, _ := newClient(t, s.base)
		_, _, _ = do(t, c, &Request{URL: parse(t, s.base)})
		if s.hits() != 1 {
			t.Errorf("%q: %d requests", first, s.hits())
		}
	}
}

func TestARetryWaitsAsToldAndNoLongerThanAllowed(t *testing.T) {
	t.Parallel()
	t.Run("the server's time", func(t *testing.T) {
		s := newWire(t, answer(429, "Retry-After: 7"), answer(200))
		c, _ := newClient(t, s.base)
		pauses := impatient(c, Retry{Max: 1})
		if res, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		}
		if len(*pauses) != 1 || (*pauses)[0] != 7*time.Second {
			t.Errorf("paused %v", *pauses)
		}
	})
	t.Run("not an hour", func(t *testing.T) {
		s := newWire(t, answer(429, "Retry-After: 3600"))
		c, _ := newClient(t, s.base)
		pauses := impatient(c, Retry{Max: 3})
		if res, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || res.StatusCode != 429 || len(*pauses) != 0 {
			t.Fatal(res, err, *pauses)
		}
	})
	t.Run("not beyond --retry-max-time", func(t *testing.T) {
		s := newWire(t, answer(503, "Retry-After: 9"))
		c, _ := newClient(t, s.base)
		pauses := impatient(c, Retry{Max: 3, Within: 8 * time.Second})
		if _, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || len(*pauses) != 0 {
			t.Fatal(err, *pauses)
		}
	})
	t.Run("not beyond the deadline", func(t *testing.T) {
		s := newWire(t, answer(503, "Retry-After: 30"))
		c, _ := newClient(t, s.base)
		pauses := impatient(c, Retry{Max: 3})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		res, err := c.Do(ctx, &Request{URL: parse(t, s.base)})
		if err != nil || len(*pauses) != 0 {
			t.Fatal(err, *pauses)
		}
		_ = res.Body.Close()
	})
	t.Run("jitter below a doubling bound", func(t *testing.T) {
		s := newWire(t, answer(503))
		c, _ := newClient(t, s.base)
		pauses := impatient(c, Retry{Max: 8})
		if res, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || res.StatusCode != 503 {
			t.Fatal(res, err)
		}
		if s.hits() != 9 {
			t.Errorf("%d requests", s.hits())
		}
		for i, p := range *pauses {
			if bound := min(firstBackoff<<i, maxBackoff); p < 0 || p >= bound {
				t.Errorf("pause %d of %s, bound %s", i, p, bound)
			}
		}
	})
}

func TestARetryIsInterruptible(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(503, "Retry-After: 30"))
	c, _ := newClient(t, s.base)
	c.Retry = Retry{Max: 1}
	ctx, cancel := context.WithCancel(t.Context())
	c.Trace = func(line string) {
		if strings.Contains(line, "retry 1 of 1 in 30s") {
			cancel()
		}
	}
	_, err := c.Do(ctx, &Request{URL: parse(t, s.base)})
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAHeaderTimeOutIsRetriedForSafeMethodsAlone(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{"GET": 2, "POST": 1, "PUT": 1} {
		s := newWire(t, "mute", answer(200))
		c, _ := newClient(t, s.base)
		c.Transport.ResponseHeaderTimeout = 50 * time.Millisecond
		impatient(c, Retry{Max: 1})
		_, _, _ = do(t, c, &Request{Method: method, URL: parse(t, s.base)})
		if s.hits() != want {
			t.Errorf("%s: %d requests, want %d", method, s.hits(), want)
		}
	}
}

func TestAConnectionThatWasNeverMadeIsRetriedWhateverTheMethod(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, "http://127.0.0.1:1")
	pauses := impatient(c, Retry{Max: 3})
	_, err := c.Do(t.Context(), &Request{Method: "POST", URL: parse(t, "http://127.0.0.1:1"), Body: Text("a")})
	if !fault.Is(err, fault.Network) || len(*pauses) != 3 {
		t.Errorf("%v after %v", err, *pauses)
	}
}

func TestAStreamThatIsGoneIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(503, "Retry-After: 0"))
	c, _ := newClient(t, s.base)
	pauses := impatient(c, Retry{Max: 3, Unsafe: true})
	body := &streamBody{in: endless(bufferedBody + 10)}
	if _, _, err := do(t, c, &Request{Method: "PUT", URL: parse(t, s.base), Body: body}); err != nil || len(*pauses) != 0 {
		t.Errorf("%v after %v", err, *pauses)
	}
}

func TestARenewalAndRetriesCountApart(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(503, "Retry-After: 0"), answer(401), answer(503, "Retry-After: 0"), answer(200))
	c, source := newClient(t, s.base)
	impatient(c, Retry{Max: 2})
	res, _, err := do(t, c, &Request{URL: parse(t, s.base)})
	if err != nil || res.StatusCode != 200 || len(source.claims) != 1 || s.hits() != 4 {
		t.Errorf("%v %v, %d renewals, %d requests", res, err, len(source.claims), s.hits())
	}
}

func TestATripTellsOfRetries(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(503, "Retry-After: 0"), answer(200))
	c, _ := newClient(t, s.base)
	impatient(c, Retry{Max: 2})
	trip := &Trip{}
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base), Trip: trip}); err != nil {
		t.Fatal(err)
	}
	if trip.Retries != 1 || trip.Received != 2 || trip.Ended <= 0 || strconv.Itoa(trip.Connects) != "2" {
		t.Errorf("%+v", trip)
	}
}

func TestAnAnswerThatBreaksOffInItsHeaderIsALostConnection(t *testing.T) {
	t.Parallel()
	head := "HTTP/1.1 200 OK\r\nX-A: b\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
	for cut := 1; cut < len(head); cut += 4 {
		s := newWire(t, head[:cut], head+"ok")
		c, _ := newClient(t, s.base)
		c.Retry, c.Sleep = Retry{Max: 1}, func(context.Context, time.Duration) error { return nil }
		res, err := c.Do(t.Context(), &Request{URL: parse(t, s.base)})
		if err != nil {
			t.Errorf("%q: %v", head[:cut], err)
			continue
		}
		_ = res.Body.Close()
	}
	for _, nonsense := range []string{"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok", "220 ready\r\n Content-Length: 2\r\n\r\n"} {
		s := newWire(t, nonsense)
		c, _ := newClient(t, s.base)
		if _, err := c.Do(t.Context(), &Request{URL: parse(t, s.base)}); fault.From(err).Code != "protocol.malformed" {
			t.Errorf("%q: %v", nonsense, err)
		}
	}
}
