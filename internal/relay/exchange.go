package relay

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// exchange is one request that was let in, and its answer.
type exchange struct {
	relay *Relay

	path, query string // what follows the secret; the query with its question mark
	prefix      string // what stands before the path here: the secret with its slash, or nothing
	front       string // the origin under which the client knows this relay
	page        string // the allowed origin of the page that asks, if it is not the relay's own
	target      *url.URL
}

// isPlain reports whether a request has no body and keeps to its protocol, as most do.
func isPlain(req *http.Request) bool {
	return req.ContentLength == 0 && req.Body == http.NoBody && req.Header["Upgrade"] == nil && req.Header["Te"] == nil
}

// stream forwards what has a body, asks for trailers or switches protocols. All of that httputil.ReverseProxy knows.
func (x *exchange) stream(w *recorder, req *http.Request) {
	if req.Header["Upgrade"] == nil {
		_ = http.NewResponseController(w).EnableFullDuplex() // an answer may begin before the body has ended
	}
	if req.Body != http.NoBody {
		w.body = &intake{ReadCloser: req.Body}
		req.Body = w.body
	}
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL, p.Out.Host = x.target, ""
			if p.In.Trailer != nil {
				p.Out.Trailer, p.Out.Body = p.In.Trailer, x.relay.trailersOf(p.In)
			}
			x.relay.scrub(p.Out.Header)
		},
		Transport:      x.relay.api,
		FlushInterval:  -1,
		BufferPool:     &x.relay.buffers,
		ErrorLog:       silent(),
		ModifyResponse: func(res *http.Response) error { x.incoming(w.Header(), res.Header); return nil },
		ErrorHandler:   func(_ http.ResponseWriter, req *http.Request, err error) { x.relay.fail(w, req, x, err) },
	}
	proxy.ServeHTTP(w, req)
}

// forward does the same for plain requests in two thirds of the processor time (45 µs in place of 60, over [lane] 30).
func (x *exchange) forward(w *recorder, req *http.Request) {
	out := (&http.Request{Method: req.Method, URL: x.target, Header: x.relay.outgoing(req.Header)}).WithContext(req.Context())
	res, err := x.relay.api.RoundTrip(out)
	if err != nil {
		x.relay.fail(w, req, x, err)
		return
	}
	defer res.Body.Close()
	header := w.Header()
	removeNamed(res.Header, res.Header["Connection"])
	x.incoming(header, res.Header)
	for name, values := range res.Header {
		if !hopByHop(name) {
			header[name] = values
		}
	}
	w.WriteHeader(res.StatusCode)
	if err := x.copyBody(w, res); err != nil {
		panic(http.ErrAbortHandler) // the one way to tell the client that the answer is not whole
	}
	if len(res.Trailer) > 0 {
		_ = http.NewResponseController(w).Flush() // chunks, since a Content-Length leaves no room for trailers
		for name, values := range res.Trailer {
			header[http.TrailerPrefix+name] = values
		}
	}
}

// copyBody hands each piece on as it comes: events, lines.
func (x *exchange) copyBody(w *recorder, res *http.Response) error {
	if res.Body == http.NoBody {
		return nil
	}
	buffer := x.relay.buffers.Get()
	defer x.relay.buffers.Put(buffer)
	control := http.NewResponseController(w)
	if res.ContentLength < 0 {
		_ = control.Flush() // the first piece may be long in coming
	}
	for {
		n, err := res.Body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
			if w.bytes != res.ContentLength {
				if err := control.Flush(); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	body   *intake // of the request; nil: it has none
	status int
	bytes  int64
}

// Unwrap lets [http.ResponseController] reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements [http.ResponseWriter]. 1xx other than 101 are not the answer yet.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
		if r.body != nil && !r.body.whole() {
			r.Header().Set("Connection", "close")
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Hijack implements [http.Hijacker] for what switches protocols. What the client sent ahead of the answer comes first.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	r.status = http.StatusSwitchingProtocols
	return &handed{Conn: conn, r: rw.Reader}, rw, nil
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// buffers are shared by all bodies. It is a httputil.BufferPool.
type buffers struct{ pool sync.Pool }

const bufferBytes = 32 << 10

// Get implements [httputil.BufferPool].
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferBytes]byte); ok {
		return p[:]
	}
	return make([]byte, bufferBytes)
}

// Put implements [httputil.BufferPool].
func (b *buffers) Put(p []byte) { b.pool.Put((*[bufferBytes]byte)(p)) }
