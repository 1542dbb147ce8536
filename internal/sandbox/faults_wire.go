package sandbox

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"time"
)

// hold keeps the finished reply back.
func hold(d time.Duration) injection {
	return func(_ *exchange, rep *reply) {
		later := *rep
		rep.send = func(w http.ResponseWriter, r *http.Request) {
			pause(r, d)
			later.write(w, r)
		}
	}
}

// pause waits; a client that left, or a sandbox that stops, drops the connection.
func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler) // the way net/http has for it: no reply, no log
	}
}

// connKey is where net/http leaves the connection of a request for reset.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// reset breaks the connection with a TCP reset before a byte of the reply, under HTTP/2 as well.
func reset(_ http.ResponseWriter, r *http.Request) {
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0) // what turns Close into a reset
		_ = c.Close()
	}
	panic(http.ErrAbortHandler)
}

// truncate promises the whole body and ends half way.
func truncate(_ *exchange, rep *reply) {
	whole := *rep
	rep.send = func(w http.ResponseWriter, _ *http.Request) {
		body := whole.body()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		w.WriteHeader(whole.status)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
