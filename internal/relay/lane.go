package relay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/httpx"
)

const (
	maxIdle        = 90 * time.Second
	maxHeaderBytes = 256 << 10
	maxInterim     = 5 // 1xx answers before the one that counts
)

var (
	errInterim = errors.New("too many 1xx answers")
	errSwitch  = errors.New("the server switched protocols, unasked")
	errHeader  = errors.New("the headers of the answer are longer than 256 KiB")
)

// lane is the shortest way to an API on this machine: GET and HEAD over plain HTTP/1.1, without the two goroutines per
// connection of [http.Transport], whose hand-overs cost more than all that is done here. net/http writes and parses.
type lane struct {
	host string
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	wait time.Duration // for the headers of an answer

	mu     sync.Mutex
	idle   []*laneConn // the last one was used last
	closed bool
}

func newLane(base *url.URL, t *http.Transport) *lane {
	host := base.Host
	if base.Port() == "" {
		host = net.JoinHostPort(base.Hostname(), "80")
	}
	return &lane{host: host, dial: t.DialContext, wait: t.ResponseHeaderTimeout}
}

// RoundTrip implements [http.RoundTripper]. Where a connection that was used before turns out to be dead, another one is
// taken: the server has not begun to answer, and GET and HEAD may be repeated (RFC 9110 section 9.2.2).
func (l *lane) RoundTrip(req *http.Request) (*http.Response, error) {
	return l.finish(req, nil)
}

// finish does the same with a request that was sent on c already.
func (l *lane) finish(req *http.Request, c *laneConn) (*http.Response, error) {
	for unsent := c == nil; ; unsent = true {
		if unsent {
			var err error
			if c, err = l.take(req.Context()); err != nil {
				return nil, err
			}
		}
		res, err := c.exchange(req, unsent, l.wait)
		if err == nil {
			return res, nil
		}
		_ = c.Close()
		if ctxErr := req.Context().Err(); ctxErr != nil {
			return nil, ctxErr
		}
		switch begun := c.left < maxHeaderBytes; {
		case begun || isTimeout(err):
			return nil, err
		case !c.reused:
			return nil, httpx.Unanswered(err)
		}
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// take gives a connection that waits, the youngest first, or a new one.
func (l *lane) take(ctx context.Context) (*laneConn, error) {
	for {
		l.mu.Lock()
		last := len(l.idle) - 1
		if last < 0 {
			l.mu.Unlock()
			break
		}
		c := l.idle[last]
		l.idle[last], l.idle = nil, l.idle[:last]
		l.mu.Unlock()
		if time.Since(c.since) < maxIdle && c.r.Buffered() == 0 && isQuiet(c.Conn) {
			c.reused = true
			return c, nil
		}
		_ = c.Close()
	}
	conn, err := l.dial(ctx, "tcp", l.host)
	if err != nil {
		return nil, err
	}
	c := &laneConn{Conn: conn, lane: l, w: bufio.NewWriter(conn)}
	c.r = bufio.NewReaderSize(limitedConn{c}, laneBuffer)
	return c, nil
}

func (l *lane) give(c *laneConn) {
	c.since = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = c.Close()
		return
	}
	if len(l.idle) == idleConnections {
		_ = l.idle[0].Close()
		l.idle = append(l.idle[:0], l.idle[1:]...)
	}
	l.idle = append(l.idle, c)
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.idle {
		_ = c.Close()
	}
	l.idle, l.closed = nil, true
}

// laneConn is a connection that serves one request at a time.
type laneConn struct {
	net.Conn
	lane   *lane
	r      *bufio.Reader
	w      *bufio.Writer
	armed  time.Time // the read deadline of the short way
	left   int64     // of what the headers may take; negative: the body is being read
	reused bool
	since  time.Time
	stop   func() bool // ends the watch over the request's context
}

// limitedConn reads the connection while the headers leave room.
type limitedConn struct{ c *laneConn }

func (l limitedConn) Read(p []byte) (int, error) {
	c := l.c
	if c.left < 0 {
		return c.Read(p)
	}
	if c.left == 0 {
		return 0, errHeader
	}
	n, err := c.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// hurry makes reads fail after a time between limit and twice that. To move a deadline costs as much as to copy a
// request, so that it is moved now and then only.
func (c *laneConn) hurry(limit time.Duration) error {
	now := time.Now()
	if c.armed.Sub(now) >= limit {
		return nil
	}
	c.armed = now.Add(2 * limit)
	return c.SetReadDeadline(c.armed)
}

// exchange sends req, unless that was done, and reads the head of its answer. The body is read by whoever gets it.
func (c *laneConn) exchange(req *http.Request, unsent bool, wait time.Duration) (*http.Response, error) {
	c.stop = context.AfterFunc(req.Context(), func() { _ = c.Close() })
	limit := time.Time{}
	if wait > 0 {
		limit = time.Now().Add(wait)
	}
	c.armed = time.Time{}
	if err := c.SetDeadline(limit); err != nil {
		return nil, err
	}
	if unsent {
		c.left = maxHeaderBytes
		if err := req.Write(c.w); err != nil {
			return nil, err
		}
		if err := c.w.Flush(); err != nil {
			return nil, err
		}
	}
	res, err := c.read(req)
	if err != nil {
		return nil, err
	}
	c.left = -1
	if err := c.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	if res.Body == http.NoBody || req.Method == http.MethodHead {
		c.end(!res.Close)
		res.Body = http.NoBody
		return res, nil
	}
	res.Body = &laneBody{ReadCloser: res.Body, conn: c, keep: !res.Close}
	return res, nil
}

// read passes over 1xx answers.
func (c *laneConn) read(req *http.Request) (*http.Response, error) {
	for range maxInterim {
		res, err := http.ReadResponse(c.r, req)
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode == http.StatusSwitchingProtocols:
			return nil, errSwitch
		case res.StatusCode >= http.StatusOK:
			return res, nil
		}
	}
	return nil, errInterim
}

// end gives the connection back, or closes it where it cannot serve again.
func (c *laneConn) end(keep bool) {
	if c.stop() && keep && c.r.Buffered() == 0 {
		c.lane.give(c)
		return
	}
	_ = c.Close()
}

// laneBody is the body of an answer. Closing it early closes the connection.
type laneBody struct {
	io.ReadCloser
	conn *laneConn
	keep bool
	done bool
}

func (b *laneBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && !b.done {
		b.done = true
		b.conn.end(b.keep)
	}
	return n, err
}

// Close does not ask the body that it wraps, which would first read all the rest.
func (b *laneBody) Close() error {
	if !b.done {
		b.done = true
		b.conn.end(false)
	}
	return nil
}
