package call

import (
	"crypto/tls"
	"net/http/httptrace"
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
		GotFirstResponseByte: func() { w.mark(func() { w.at.answered = w.moment() }) },
	}
}

// connected notes the connection that the request got. A second one means that net/http sends the request again by
// itself. It does so where a connection used before turns out to be dead, which is as good as a first time; and where
// an HTTP/2 server refused the stream, which [Retry] has a say in.
func (c *Client) connected(w *watch, info httptrace.GotConnInfo) {
	w.enter(sendingRequest)
	again := false
	w.mark(func() {
		again = w.wrote && w.conn != nil && (!w.reused || w.conn == info.Conn)
		w.reused, w.conn, w.at.ready = info.Reused, info.Conn, w.moment()
	})
	if again {
		w.cancel(httpx.Refused())
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
