package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"github.com/authctl/authctl/internal/fault"
)

// dialer opens connections that lead straight to a server. Those through a proxy are opened plain, to the proxy, and
// the transport makes the tunnel.
type dialer struct {
	tcp   net.Dialer
	trust *trust
}

func (d *dialer) plain(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.tcp.DialContext(ctx, network, addr)
}

// secure dials addr and shakes hands within the time for it.
func (d *dialer) secure(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	conn, err := d.tcp.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, defaultHandshake)
	defer cancel()
	secured := tls.Client(lateWriteErrors{conn}, d.trust.direct(host))
	if err := secured.HandshakeContext(limited); err != nil {
		_ = conn.Close()
		if ctx.Err() == nil && limited.Err() != nil {
			err := fault.New(fault.Timeout, "timeout.tls", "time-out while shaking hands (TLS) with %s", addr)
			err.Retryable = true
			return nil, err
		}
		return nil, err
	}
	return secured, nil
}

// lateWriteErrors leaves it to the next read to say that the peer hung up. In TLS 1.3 a server refuses a client's
// certificate after the client's handshake is done: its alert, which says why, lies unread when the first write breaks.
type lateWriteErrors struct{ net.Conn }

func (c lateWriteErrors) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return len(p), nil
	}
	return n, err
}
