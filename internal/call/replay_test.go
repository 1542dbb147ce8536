package call

import (
	"net/http"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// A kept connection that ends after it was given a whole request tells nobody whether that was processed.
func TestALostConnectionThatWasUsedBeforeIsOneRequest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method string
		body         Body
		keyed        bool
		retry        int
		want         int // requests behind the first
	}{
		{"DELETE", "DELETE", nil, false, 0, 1},
		{"DELETE with --retry", "DELETE", nil, false, 2, 1},
		{"POST", "POST", Text("a"), false, 2, 1},
		{"TRACE", "TRACE", nil, false, 2, 1},
		{"POST with a key", "POST", nil, true, 0, 1},
		{"POST with a key and --retry", "POST", nil, true, 2, 3},
		{"GET", "GET", nil, false, 0, 2}, // the exception
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newWire(t, answer(200), "")
			c, _ := newClient(t, s.base)
			if res, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || res.StatusCode != 200 {
				t.Fatal(err)
			}
			impatient(c, Retry{Max: tc.retry})
			c.Many = &Many{} // connections are kept
			req := &Request{Method: tc.method, URL: parse(t, s.base), Body: tc.body, Header: http.Header{}, NoAuth: tc.method == "TRACE"}
			if tc.keyed {
				req.Header.Set("Idempotency-Key", "k")
			}
			_, _, err := do(t, c, req)
			time.Sleep(20 * time.Millisecond)
			if f := fault.From(err); err == nil || f.Code != "network.lost" || s.hits() != 1+tc.want {
				t.Errorf("%v, %d requests behind the first", err, s.hits()-1)
			}
		})
	}
}
