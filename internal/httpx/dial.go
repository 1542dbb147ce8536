package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/stack"
)

// dialer opens connections that lead straight to a server. Those through a proxy are opened plain, to the proxy, and
// the transport makes the tunnel.
type dialer struct {
	connect time.Duration   // where the context has no deadline of its own
	owner   *http.Transport // its Protocols say what is offered to the server
	trust   *trust
}

func (d *dialer) plain(ctx context.Context, network, addr string) (net.Conn, error) {
	tcp := net.Dialer{}
	if _, chosen := ctx.Deadline(); !chosen {
		tcp.Timeout = d.connect
	}
	conn, err := tcp.DialContext(ctx, network, addr)
	if plain, ok := conn.(*net.TCPConn); ok {
		return &endConn{TCPConn: plain}, err
	}
	return conn, err
}

// secure dials addr and shakes hands within the time for it.
func (d *dialer) secure(ctx context.Context, network, addr string) (net.Conn, error) {
	stack.Grow() // the transport gives each connection a goroutine of its own
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	conn, err := d.plain(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	_, chosen := ctx.Deadline()
	limited, cancel := ctx, context.CancelFunc(func() {})
	if !chosen {
		limited, cancel = context.WithTimeout(ctx, defaultHandshake)
	}
	defer cancel()
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart() // the transport tells of the end, but of the beginning too late
	}
	secured := tls.Client(&recordConn{Conn: conn}, d.offering(d.trust.direct(host)))
	if err := secured.HandshakeContext(limited); err != nil {
		_ = conn.Close()
		if errors.Is(limited.Err(), context.DeadlineExceeded) {
			err := fault.New(fault.Timeout, "timeout.tls", "time-out while shaking hands (TLS) with %s", addr)
			err.Retryable = true
			return nil, err
		}
		return nil, err
	}
	return secured, nil
}

// offering leaves HTTP/2 out of the handshake where the transport is not to speak it.
func (d *dialer) offering(cfg *tls.Config) *tls.Config {
	if p := d.owner.Protocols; p != nil && !p.HTTP2() {
		cfg.NextProtos = []string{"http/1.1"}
	}
	return cfg
}

// OnlyHTTP1 makes t speak HTTP/1.1 alone. It is for a transport of [NewTransport] that was not used yet.
func OnlyHTTP1(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.ForceAttemptHTTP2 = false
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
}

// ConnectWithin gives t, made by [NewTransport] and not used yet, another time for looking a host up, connecting and
// shaking hands, all together.
func ConnectWithin(t *http.Transport, limit time.Duration) {
	within := func(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			return dial(ctx, network, addr)
		}
	}
	t.DialContext, t.DialTLSContext = within(t.DialContext), within(t.DialTLSContext)
	t.TLSHandshakeTimeout = limit // behind a proxy the transport itself shakes hands
}
