package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// patience is how long the short way waits for a token, and for an answer, before it leaves the waiting to net/http,
	// which notices when the client goes away meanwhile.
	patience = 50 * time.Millisecond
	// laneBuffer is the size of an answer, head and body, that the short way takes at most.
	laneBuffer = 16 << 10
)

// trip is one client's connection on the short way.
type trip struct {
	net.Conn
	express *express
	r       *bufio.Reader
	moving  bool      // on its way to net/http; guarded by express.mu
	armed   time.Time // when the deadline was moved last
	in, out head
	name    []byte // reused
	buffer  []byte // reused: what is written next
	body    int    // the length of the answer's body
}

// run answers one request after the other.
func (t *trip) run(ctx context.Context) {
	defer t.express.forget(t)
	defer func() {
		if recover() != nil {
			_ = t.Close() // one client's trouble is not the others'
		}
	}()
	for t.wait() {
		begun := t.express.relay.cfg.Clock()
		path, ok := t.read()
		if !ok {
			t.hand(nil)
			return
		}
		s := t.send(ctx)
		if s == nil || !t.answer(s) {
			t.hand(s)
			return
		}
		status := t.out.status() // give takes its bytes away
		t.express.lane.give(s.api)
		if _, err := t.Write(t.buffer); err != nil {
			break
		}
		t.done(path, status, begun)
	}
	_ = t.Close()
}

// wait is until a request begins; false at the end of the connection or of the relay.
func (t *trip) wait() bool {
	if now := time.Now(); now.Sub(t.armed) > time.Second {
		t.armed = now
		if t.SetReadDeadline(now.Add(idleTime)) != nil {
			return false
		}
	}
	if t.express.closing.Load() {
		return false // asked after the deadline was moved: who sets it moves the deadline afterwards
	}
	_, err := t.r.Peek(1)
	return err == nil
}

// hand gives the connection to net/http. The request that was looked at is still unread.
func (t *trip) hand(s *sent) {
	t.express.moves(t)
	_ = t.SetReadDeadline(time.Time{})
	h := &handed{Conn: t.Conn, r: t.r}
	h.sent.Store(s)
	t.express.next.put(h)
}

// read makes the API's request, but for the token, of the client's. It gives the path for the log.
func (t *trip) read() (path string, ok bool) {
	e := t.express
	data, _ := t.r.Peek(t.r.Buffered())
	if !t.in.cut(data) {
		return "", false
	}
	target, ok := t.target()
	if !ok {
		return "", false
	}
	out := append(append(t.buffer[:0], "GET "...), e.relay.prefix...)
	out = append(append(out, target...), e.before...)
	hosts := 0
	for _, line := range t.in.fields {
		name, value := field(line, t.name)
		t.name = name
		if string(name) == "host" {
			hosts++
			if !e.relay.gate.knows(string(value)) {
				return "", false
			}
			continue
		}
		switch fateOfRequest(name, value) {
		case withdrawn:
			return "", false
		case passed:
			if !e.replace[string(name)] {
				out = append(append(out, line...), "\r\n"...)
			}
		}
	}
	out = append(out, e.after...)
	t.buffer = out
	plain, _, _ := bytes.Cut(target, []byte("?"))
	return string(plain), hosts == 1
}

// target gives what follows the secret in the request line of a GET.
func (t *trip) target() ([]byte, bool) {
	rest, get := bytes.CutPrefix(t.in.first, []byte("GET "))
	target, latest := bytes.CutSuffix(rest, []byte(" HTTP/1.1"))
	start := t.express.start
	if !get || !latest || len(target) <= len(start) ||
		subtle.ConstantTimeCompare(target[:len(start)], start) != 1 || !isSimpleTarget(target[len(start):]) {
		return nil, false
	}
	return target[len(start):], true
}

// send puts the request on the wire; nil where it could not be, and may be tried again.
func (t *trip) send(ctx context.Context) *sent {
	token, err := t.express.relay.keeper.soon(ctx, patience)
	if err != nil || token.line.IsZero() {
		return nil
	}
	api, err := t.express.lane.take(ctx)
	if err != nil {
		return nil
	}
	t.buffer = append(append(append(t.buffer, "Authorization: "...), token.line.Reveal()...), "\r\n\r\n"...)
	api.left = maxHeaderBytes
	if _, err = api.Write(t.buffer); err == nil {
		err = api.hurry(patience)
	}
	if err != nil {
		_ = api.Close()
		return nil
	}
	return &sent{api, token}
}

// answer reads the API's answer and makes the client's of it. Where it cannot, nothing was read.
func (t *trip) answer(s *sent) bool {
	for want := 1; ; want = s.api.r.Buffered() + 1 {
		if _, err := s.api.r.Peek(want); err != nil {
			return false // not in time, too long, or broken
		}
		data, _ := s.api.r.Peek(s.api.r.Buffered())
		if !bytes.Contains(data, []byte("\r\n\r\n")) {
			continue
		}
		if !t.out.cut(data) || !t.wellKnown(t.out.status()) {
			return false
		}
		length, ok := t.translate()
		if !ok {
			return false
		}
		whole, err := s.api.r.Peek(t.out.size + length)
		if err != nil {
			return false
		}
		t.buffer, t.body = append(t.buffer, whole[t.out.size:]...), length
		_, _ = s.api.r.Discard(len(whole)) // peeked
		s.token.accepted()
		return true
	}
}

// wellKnown leaves to net/http what has no body by definition, and what asks for another token.
func (t *trip) wellKnown(status int) bool {
	switch status {
	case http.StatusNoContent, http.StatusNotModified, http.StatusUnauthorized:
		return false
	}
	for _, reauth := range t.express.relay.cfg.ReauthStatuses {
		if status == reauth {
			return false
		}
	}
	return 200 <= status && status <= 599
}

// translate writes the head of the answer and gives the length of its body.
func (t *trip) translate() (length int, ok bool) {
	length = -1
	out := append(append(t.buffer[:0], t.out.first...), "\r\n"...)
	for _, line := range t.out.fields {
		name, value := field(line, t.name)
		t.name = name
		if string(name) == "content-length" {
			n, err := strconv.ParseUint(string(value), 10, 31)
			if err != nil || length >= 0 || n > laneBuffer {
				return 0, false
			}
			length = int(n)
		}
		switch fateOfAnswer(name, value) {
		case withdrawn:
			return 0, false
		case passed:
			out = append(append(out, line...), "\r\n"...)
		}
	}
	out = append(out, "\r\n"...)
	t.buffer = out
	return length, length >= 0
}

// done counts and logs, and takes the request out of the reader.
func (t *trip) done(path string, status int, begun time.Time) {
	_, _ = t.r.Discard(t.in.size) // peeked
	t.express.relay.finished(http.MethodGet, path, status, int64(t.body), begun)
}
