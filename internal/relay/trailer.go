package relay

import (
	"errors"
	"io"
	"net/http"
)

// trailers is the body of a client and the fields behind it. These are held to the rules of its headers, since a server
// may merge them into those (RFC 9110 section 6.5.1): as they are announced, and again when the body has ended, because
// who announces one may send another.
type trailers struct {
	io.ReadCloser
	relay      *Relay
	fields     http.Header // net/http's; it fills them in when it has read the body
	connection []string    // what the request says of headers of one connection
}

// trailersOf takes over the trailers of a request that came in.
func (r *Relay) trailersOf(in *http.Request) *trailers {
	t := &trailers{ReadCloser: in.Body, relay: r, fields: in.Trailer, connection: in.Header["Connection"]}
	t.scrub()
	return t
}

// Read implements [io.Reader].
func (t *trailers) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		t.scrub()
	}
	return n, err
}

// scrub leaves no field that could pass for one of the relay's own, or that has its meaning in a head alone.
func (t *trailers) scrub() {
	for name := range t.fields {
		_, own := t.relay.headers[name]
		if own || !isKept(name) || hopByHop(name) || name == "Host" || name == "Content-Length" {
			delete(t.fields, name)
		}
	}
	removeNamed(t.fields, t.connection)
}
