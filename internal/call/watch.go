package call

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

const (
	defaultIdle = 60 * time.Second

	// longTransfer is how many bytes make a transfer a long one, and glance how often it is then looked after.
	longTransfer = 8 << 20
	glance       = time.Second

	sendingRequest = "sending the request"
	readingBody    = "reading the body of the answer"
)

// watch follows one request: what it is doing, whether bytes still move, and who is to blame for its end.
type watch struct {
	parent context.Context //nolint:containedctx // what ctx was made of
	ctx    context.Context //nolint:containedctx // the request's own, made here and handed to net/http
	told   context.Context //nolint:containedctx // ctx with the hooks of net/http/httptrace
	cancel context.CancelCauseFunc
	idle   time.Duration
	clock  func() time.Time // of the marks; nil: nobody asks for them
	timer  *time.Timer
	begun  time.Time
	since  atomic.Int64 // when the wait for a byte began, in nanoseconds after begun; 0: nobody waits

	sent, received atomic.Int64 // bytes of bodies
	awaited        atomic.Bool  // somebody waits for a byte of the answer

	mu       sync.Mutex
	phase    string
	local    *fault.Error
	at       marks
	connects int // connections made
	wrote    bool
	reused   bool
	conn     net.Conn    // the one that the request got
	tunnel   *time.Timer // ends the request when a proxy lets it wait for its connection; nil: no proxy
	interim  interim
	harmless bool // the request does no harm when it is sent twice
}

// marks are the moments at which a request's phases ended; the zero time where one did not.
type marks struct{ lookedUp, connected, secured, ready, answered time.Time }

func newWatch(ctx context.Context, idle time.Duration) *watch {
	if idle <= 0 {
		idle = defaultIdle
	}
	w := &watch{parent: ctx, idle: idle, phase: "connecting", begun: time.Now()}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(math.MaxInt64, w.look)
	w.timer.Reset(idle) // which look does as well, and finds the timer in w
	return w
}

// again makes w as new, for another request.
func (w *watch) again() {
	w.since.Store(0)
	w.sent.Store(0)
	w.received.Store(0)
	w.mu.Lock()
	w.phase, w.local, w.at, w.connects, w.wrote, w.reused, w.conn = "connecting", nil, marks{}, 0, false, false, nil
	w.interim = interim{}
	w.mu.Unlock()
	w.timer.Reset(w.idle)
}

// traced is ctx with what tells w of the request's phases.
func (w *watch) traced(phases func(*watch) *httptrace.ClientTrace) context.Context {
	if w.told == nil {
		w.told = httptrace.WithClientTrace(w.ctx, phases(w))
	}
	return w.told
}

// look ends the request if nothing moved for as long as is allowed, and otherwise looks again when that could be. A
// timer that each read set anew would wake another thread each time.
func (w *watch) look() {
	if left := w.left(); left > 0 && w.ctx.Err() == nil {
		w.timer.Reset(left)
	}
}

// left is how long nothing may move from now on. It ends the request when that is over.
func (w *watch) left() time.Duration {
	left := w.idle
	if since := w.since.Load(); since != 0 {
		left -= time.Since(w.begun) - time.Duration(since)
	}
	if left <= 0 {
		err := fault.New(fault.Timeout, "timeout.idle", "no byte moved for %s while %s", w.idle, w.current())
		err.Retryable = true
		w.cancel(err)
	}
	return left
}

// attend takes over from the timer once a transfer is known to be a long one. While a timer of Go's runtime is
// pending, an idle thread waits for it together with all that happens on sockets and wakes at each packet, for
// nothing: a download of 512 MiB took a ninth longer. A thread that sleeps in the kernel wakes only when it must.
func (w *watch) attend() {
	if !w.timer.Stop() {
		return
	}
	go func() {
		for w.ctx.Err() == nil {
			left := w.left()
			if left <= 0 {
				return
			}
			sleep(min(left, glance))
		}
	}()
}

// enter says what is being done from now on.
func (w *watch) enter(phase string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase = phase
}

// mark takes a note under the lock, since net/http dials on goroutines of its own.
func (w *watch) mark(note func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	note()
}

func (w *watch) moment() time.Time {
	if w.clock == nil {
		return time.Time{}
	}
	return w.clock()
}

// written says that the request was sent, or that err ended the sending. Where somebody reads the answer already, that
// wait goes on.
func (w *watch) written(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.phase == sendingRequest {
		w.phase = "waiting for the answer"
	}
	since := w.since.Load() // before awaited, which is set before it
	if !w.awaited.Load() {
		w.since.CompareAndSwap(since, 0)
	}
}

// reached reports whether any of the request may have reached the server.
func (w *watch) reached() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrote
}

func (w *watch) current() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.phase
}

func (w *watch) connection() net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conn
}

// expect starts the time in which a byte must move; rest ends it.
func (w *watch) expect() { w.since.Store(int64(time.Since(w.begun))) }

func (w *watch) rest() { w.since.Store(0) }

// await says that somebody waits for a byte of the answer; arrived, that nobody does any more.
func (w *watch) await() {
	w.awaited.Store(true)
	w.expect()
}

func (w *watch) arrived() {
	w.awaited.Store(false)
	w.rest()
}

// blame records a failure on this side, which net/http would dress up as one of the connection.
func (w *watch) blame(err *fault.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.local = err
}

// stop frees the connection if it is still in use.
func (w *watch) stop() {
	w.tunnelled()
	w.timer.Stop()
	w.cancel(nil)
}

// fault says why req or its answer failed, and names the phase where time ran out.
func (w *watch) fault(err error, req *http.Request) *fault.Error {
	w.mu.Lock()
	local, phase := w.local, w.phase
	w.mu.Unlock()
	if local != nil {
		return local
	}
	if cause := context.Cause(w.ctx); cause != nil {
		err = cause // whatever the broken connection looks like from inside
	}
	f := httpx.Failure(err)
	if f.Kind == fault.Timeout && errors.Is(w.ctx.Err(), context.DeadlineExceeded) {
		f = fault.New(fault.Timeout, "timeout.total", "the time is up while %s", phase)
		f.Retryable = true
	}
	if f.Op == "" {
		f.Op = httpx.Operation(req.Method, req.URL)
	}
	return f
}
