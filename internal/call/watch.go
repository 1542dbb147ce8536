package call

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

const defaultIdle = 60 * time.Second

// watch follows one request: what it is doing, whether bytes still move, and who is to blame for its end.
type watch struct {
	ctx    context.Context //nolint:containedctx // the request's own, made here and handed to net/http
	cancel context.CancelCauseFunc
	idle   time.Duration
	timer  *time.Timer

	sent, received atomic.Int64 // bytes of bodies

	mu       sync.Mutex
	phase    string
	local    *fault.Error
	at       marks
	connects int // connections made
	wrote    bool
	reused   bool
	conn     net.Conn // the one that the request got
}

// marks are the moments at which a request's phases ended; the zero time where one did not.
type marks struct{ lookedUp, connected, secured, ready, answered time.Time }

func newWatch(ctx context.Context, idle time.Duration) *watch {
	if idle <= 0 {
		idle = defaultIdle
	}
	w := &watch{idle: idle, phase: "connecting"}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(idle, func() {
		err := fault.New(fault.Timeout, "timeout.idle", "no byte moved for %s while %s", idle, w.current())
		err.Retryable = true
		w.cancel(err)
	})
	w.timer.Stop()
	return w
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

// written reports whether any of the request may have reached the server.
func (w *watch) written() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrote
}

func (w *watch) current() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.phase
}

// expect starts the time in which a byte must move; rest ends it.
func (w *watch) expect() { w.timer.Reset(w.idle) }

func (w *watch) rest() { w.timer.Stop() }

// blame records a failure on this side, which net/http would dress up as one of the connection.
func (w *watch) blame(err *fault.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.local = err
}

// stop frees the connection if it is still in use.
func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// fault says why the request or its answer failed, and names the phase where time ran out.
func (w *watch) fault(err error, op string) *fault.Error {
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
		f.Op = op
	}
	return f
}
