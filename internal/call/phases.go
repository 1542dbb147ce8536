package call

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/httpx"
)

// phases makes net/http tell the watch what it is doing, and the trace what there is to know of the connection.
func (c *Client) phases(w *watch) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { w.enter("looking up the host") },
		DNSDone:  func(httptrace.DNSDoneInfo) { w.mark(func() { w.at.lookedUp = w.moment() }) },
		ConnectStart: func(_, addr string) {
			w.enter("connecting")
			c.Details.note("trying %s", addr)
		},
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				w.mark(func() { w.at.connected, w.connects = w.moment(), w.connects+1 })
			}
		},
		TLSHandshakeStart: func() { w.enter("shaking hands (TLS)") },
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			if err == nil {
				w.mark(func() { w.at.secured = w.moment() })
				c.secured(state)
			}
		},
		GotConn:              func(info httptrace.GotConnInfo) { c.connected(w, info) },
		WroteHeaders:         func() { w.mark(func() { w.wrote = true }) },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { w.written(info.Err) },
		Got1xxResponse:       func(code int, header textproto.MIMEHeader) error { return w.informed(code, http.Header(header)) },
		GotFirstResponseByte: func() { w.mark(func() { w.at.answered = w.moment() }) },
	}
}

// connected notes the connection that the request got. A second one means that net/http sends the request again by
// itself: where an HTTP/2 server refused the stream, or a connection used before broke before the answer began. That
// one may have been dead all along, which only sending something finds out, so that what can do no harm may go over
// another. All else ends here, for [Retry] to have its say.
func (c *Client) connected(w *watch, info httptrace.GotConnInfo) {
	w.tunnelled()
	w.enter(sendingRequest)
	var end error
	another := false
	w.mark(func() {
		end, another = w.second(info.Conn), w.conn != info.Conn
		w.reused, w.conn, w.at.ready = info.Reused, info.Conn, w.moment()
	})
	if end != nil {
		w.cancel(end)
		if another {
			_ = info.Conn.Close() // HTTP/1 may write before it sees that the request was given up
		}
		return
	}
	switch {
	case c.Trace == nil:
	case info.Reused:
		c.Trace.note("connected to %s, over a connection used before", info.Conn.RemoteAddr())
	default:
		c.Trace.note("connected to %s", info.Conn.RemoteAddr())
	}
}

// second says why a request that got a connection already may not go over conn; nil where it may.
func (w *watch) second(conn net.Conn) error {
	switch {
	case !w.wrote || w.conn == nil:
		return nil
	case !w.reused, w.conn == conn:
		return httpx.Refused()
	case w.harmless:
		return nil
	}
	return io.EOF
}

func (c *Client) secured(state tls.ConnectionState) {
	if c.Trace == nil { // what nobody reads takes a while to put into words
		return
	}
	protocol := state.NegotiatedProtocol
	if protocol == "" {
		protocol = "none"
	}
	c.Trace.note("%s, %s, ALPN %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), protocol)
	for _, cert := range state.PeerCertificates[:min(1, len(state.PeerCertificates))] {
		c.Details.note("certificate of %s, issued by %s, until %s", httpx.Excerpt(cert.Subject.String(), nil),
			httpx.Excerpt(cert.Issuer.String(), nil), cert.NotAfter.UTC().Format(time.RFC3339))
		if len(cert.DNSNames) > 0 {
			c.Details.note("certificate for %s", httpx.Excerpt(strings.Join(cert.DNSNames, ", "), nil))
		}
	}
}
