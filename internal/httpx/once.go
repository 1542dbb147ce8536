package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"

	"github.com/authctl/authctl/internal/fault"
)

// Once is a context in which net/http sends a request once, until done is called. By itself it sends one again, without
// a pause, wherever an HTTP/2 server refuses the stream or says goodbye: a lying server got a password 1,800 times in
// three seconds. Only a kept connection of HTTP/1 that turns out to be dead may be followed by another one: net/http
// does that only where nothing was sent.
func Once(ctx context.Context) (once context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var (
		mu            sync.Mutex
		conn          net.Conn
		wrote, reused bool
	)
	trace := &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			mu.Lock()
			defer mu.Unlock()
			if wrote && (!reused || isHTTP2(conn)) {
				cancel(Refused())
			}
			conn, reused = info.Conn, info.Reused
		},
		WroteHeaders: func() {
			mu.Lock()
			defer mu.Unlock()
			wrote = true
		},
	}
	return httptrace.WithClientTrace(ctx, trace), func() { cancel(nil) }
}

func isHTTP2(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}

// Sent is err of a request in the context of [Once], or why that ended the request.
func Sent(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*fault.Error](context.Cause(ctx)); ok && err != nil {
		return refused
	}
	return err
}
