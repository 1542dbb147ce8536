package call

import (
	"cmp"
	"context"
	"io"
	"net/http"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// send puts req on the wire once.
func (c *Client) send(w *watch, req *Request, bearer *httpx.Bearer, trip *Trip) (*http.Response, error) {
	out, err := c.build(w, req, bearer)
	if err != nil {
		w.stop()
		return nil, err
	}
	c.Trace.request(out, c.secretNames(req))
	if c.throughProxy(out) {
		w.limitTunnel(cmp.Or(c.ConnectTimeout, w.idle))
	}
	res, err := c.Transport.RoundTrip(out) // an http.Client would follow redirects and copy the headers for each
	trip.sent(w, out, res)
	if err != nil {
		defer w.stop()
		trip.end(w, c.now())
		return nil, w.fault(httpx.Broken(httpx.Unanswered(err), w.connection()), out)
	}
	if err := checkStatus(res); err != nil {
		defer w.stop()
		_ = res.Body.Close()
		return nil, w.fault(err, out)
	}
	if bearer != nil {
		bearer.Learn(out.URL, res.Header)
	}
	w.enter(readingBody)
	c.Trace.response(res)
	req.Meter.begin(false, res.ContentLength)
	res.Body = &answerBody{
		ReadCloser: res.Body, watch: w, sent: out, meter: req.Meter,
		ended: func() { trip.end(w, c.now()) }, many: c.Many, accepted: acceptedBody(out, res),
	}
	if req.Compressed {
		unpack(res)
	}
	return res, nil
}

// checkStatus refuses what is no final answer (RFC 9110 section 15): a switch to another protocol, which nobody asked
// for, and a status of no class.
func checkStatus(res *http.Response) error {
	if res.StatusCode >= http.StatusOK {
		return nil
	}
	return fault.New(fault.Protocol, "protocol.status", "the server answered with status %03d, which ends no request", res.StatusCode)
}

// build makes the request that goes out. The token comes last, over whatever came before.
func (c *Client) build(w *watch, req *Request, bearer *httpx.Bearer) (*http.Request, error) {
	w.mark(func() { w.harmless = IsSafe(req.method()) })
	target := *req.URL
	target.Fragment, target.RawFragment = "", ""
	out := (&http.Request{Method: req.method(), URL: &target, Header: c.headers(req)}).
		WithContext(w.traced(c.phases))
	out.Host = out.Header.Get("Host") // net/http takes it from here
	out.Header.Del("Host")
	if bearer != nil {
		if err := bearer.Authorize(out); err != nil {
			return nil, err
		}
	}
	if req.Body == nil {
		return out, nil
	}
	body, size, err := open(w.ctx, req.Body)
	if err != nil {
		return nil, err
	}
	if out.ContentLength = size; size == 0 {
		_ = body.Close()
		out.Body = http.NoBody // net/http takes 0 with a body for "unknown"
		return out, nil
	}
	out.Body = &sentBody{ReadCloser: body, watch: w, meter: req.Meter, size: size, over: make(chan struct{})}
	req.Meter.begin(true, size)
	return out, nil
}

// open opens a body. What is not in memory may keep its reader waiting: standard input, a FIFO.
func open(ctx context.Context, b Body) (io.ReadCloser, int64, error) {
	if text, ok := b.(Text); ok {
		return text.Open()
	}
	size := int64(0)
	body, err := Within(ctx, func() (r io.ReadCloser, err error) {
		r, size, err = b.Open()
		return r, err
	})
	if err != nil {
		return nil, 0, err
	}
	return body, size, nil
}

// answerBody turns the errors of a body into faults and bounds the time that it may stand still.
type answerBody struct {
	io.ReadCloser
	watch *watch
	sent  *http.Request
	meter *Meter
	whole bool
	ended func()
	many  *Many // takes the watch when the body came to its end

	accepted *sentBody // what the answer says was taken; nil: it says nothing of the kind
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.watch.await()
	n, err := b.ReadCloser.Read(p)
	b.watch.arrived()
	if total := b.watch.received.Add(int64(n)); total >= longTransfer && total-int64(n) < longTransfer {
		b.watch.attend()
	}
	b.meter.moved(false, n)
	switch {
	case err == io.EOF: // the bare value alone is an end: a wrapped one is a cut
		b.whole = true
		if lost := b.accepted.unsent(); lost != nil {
			return n, b.watch.fault(lost, b.sent)
		}
	case err != nil:
		return n, b.watch.fault(err, b.sent)
	}
	return n, err
}

func (b *answerBody) Close() error {
	defer b.release()
	b.ended()
	return b.ReadCloser.Close()
}

func (b *answerBody) release() {
	if b.whole && b.sent.Body == nil {
		b.many.keep(b.watch)
	} else {
		b.watch.stop()
	}
}
