package relay

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

const (
	headTime   = 10 * time.Second // for a client to send the head of a request
	idleTime   = 2 * time.Minute
	maxHead    = 64 << 10
	lastMoment = 500 * time.Millisecond // for what ends, or was cut off, to notice
)

// Serve answers at door until ctx ends, and at admin, where that is not nil, for whoever watches. Then it takes no more
// requests, waits for those under way as long as the configuration says, cuts the rest off, and gives back how many
// those were. Both listeners are closed when it returns, and no goroutine is left but that of a log which nobody reads.
func (r *Relay) Serve(ctx context.Context, door *Door, admin net.Listener) (cut int, err error) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // what is under way outlives ctx
	var background sync.WaitGroup
	defer r.openLog(ctx)()
	defer background.Wait()
	defer stop()
	background.Go(func() { r.keeper.run(work) })
	next := newFeed(door)
	express := newExpress(r, next)
	front := server(work, r)
	ended := make(chan error, 3)
	if express == nil {
		background.Go(func() { ended <- front.Serve(door) })
	} else {
		background.Go(func() { ended <- front.Serve(next) })
		background.Go(func() { ended <- express.serve(work, door) })
	}
	if admin != nil {
		back := server(work, r.admin())
		defer func() { _ = back.Close() }()
		background.Go(func() { ended <- back.Serve(admin) })
	}
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	_ = door.Close()
	cut = r.drain(ctx, front, express, stop)
	r.api.ways.close()
	if !isStop(err) {
		return cut, fault.New(fault.IO, "io.listen", "%w", err).Doing("accepting connections")
	}
	return cut, nil
}

func server(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		ErrorLog: silent(), DisableGeneralOptionsHandler: true,
		BaseContext: func(net.Listener) context.Context { return ctx }, ConnContext: withSent,
	}
}

// drain lets what is under way come to its end, connections that switched protocols among it, of which net/http knows
// nothing any more, and cuts off what does not end in time.
func (r *Relay) drain(ctx context.Context, s *http.Server, short *express, stop func()) (cut int) {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.DrainTimeout)
	defer cancel()
	if short != nil {
		short.drain(limit)
	}
	s.SetKeepAlivesEnabled(false)
	if r.idle(limit) {
		r.close(ctx, s)
		return 0
	}
	cut = int(r.flying.Load())
	stop()
	r.close(ctx, s)
	return cut
}

// close waits a moment for the ends of answers, which net/http sends after the handler, and hangs up.
func (r *Relay) close(ctx context.Context, s *http.Server) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoment)
	defer cancel()
	_ = s.Shutdown(last)
	_ = s.Close()
	r.idle(last)
}

// idle waits until no request is under way; it reports whether that came about before ctx ended.
func (r *Relay) idle(ctx context.Context) bool {
	for r.flying.Load() > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}

// openLog begins to write the log. The end of it is what was logged last, unless nobody reads.
func (r *Relay) openLog(ctx context.Context) (end func()) {
	if r.log == nil {
		return func() {}
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	written := make(chan struct{})
	go func() {
		defer close(written)
		r.log.run(ctx)
	}()
	return func() {
		stop()
		select {
		case <-written:
		case <-time.After(lastMoment):
		}
	}
}
