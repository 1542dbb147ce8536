package call

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Trip tells how a call went, in the end: what curl's -w knows. A nil Trip is told nothing.
type Trip struct {
	Method string
	URL    *url.URL // the last one
	Began  time.Time

	// Since Began; 0 where the last sending did not come so far, or did not need to.
	Redirected, LookedUp, Connected, Secured, Ready, Answered, Ended time.Duration

	Redirects, Retries, Connects int
	Sent, Received               int64 // bytes of bodies, as on the wire, of the last sending
	Local, Remote                net.Addr
	TLS                          *tls.ConnectionState

	Passed  []*http.Response // redirects that were followed; their bodies are gone
	Interim []*http.Response // the 1xx answers before the last one
}

func (t *Trip) begin(now time.Time) {
	if t != nil {
		t.Began = now
	}
}

func (t *Trip) retried() {
	if t != nil {
		t.Retries++
	}
}

func (t *Trip) turned(res *http.Response, now time.Time) {
	if t != nil {
		t.Redirects++
		t.Redirected = now.Sub(t.Began)
		t.Passed, t.Interim = append(append(t.Passed, t.Interim...), res), nil
	}
}

// sent notes what the watch saw of one sending.
func (t *Trip) sent(w *watch, req *http.Request, res *http.Response) {
	if t == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	t.Method, t.URL = req.Method, req.URL
	t.LookedUp, t.Connected, t.Secured = t.since(w.at.lookedUp), t.since(w.at.connected), t.since(w.at.secured)
	t.Ready, t.Answered = t.since(w.at.ready), t.since(w.at.answered)
	t.Connects += w.connects
	if w.conn != nil {
		t.Local, t.Remote = w.conn.LocalAddr(), w.conn.RemoteAddr()
	}
	t.Interim = nil
	if res == nil {
		return
	}
	t.TLS = res.TLS
	for _, head := range w.interim.heads {
		head.Proto, head.ProtoMajor = res.Proto, res.ProtoMajor
		t.Interim = append(t.Interim, head)
	}
}

// end notes the bodies of the last sending; the trip ends here unless something more is sent.
func (t *Trip) end(w *watch, now time.Time) {
	if t != nil {
		t.Sent, t.Received, t.Ended = w.sent.Load(), w.received.Load(), now.Sub(t.Began)
	}
}

func (t *Trip) since(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(at.Sub(t.Began), time.Microsecond)
}

// heads are all answers on the way to res, and res, where there is one. A nil Trip knows of no others.
func (t *Trip) heads(res *http.Response) []*http.Response {
	var all []*http.Response
	if t != nil {
		all = slices.Concat(t.Passed, t.Interim)
	}
	if res != nil {
		all = append(all, res)
	}
	return all
}

// Meter is told of what moves.
type Meter struct {
	// Begin says that a body of total bytes, -1 for an unknown number, begins to move; up is the request's.
	Begin func(up bool, total int64)
	// Moved counts its bytes. It may be called from another goroutine than Begin, and for an upload that the server
	// did not wait for after Begin of the answer.
	Moved func(up bool, n int)
}

func (m *Meter) begin(up bool, total int64) {
	if m != nil {
		m.Begin(up, total)
	}
}

func (m *Meter) moved(up bool, n int) {
	if m != nil && n > 0 {
		m.Moved(up, n)
	}
}
