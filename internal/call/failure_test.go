package call

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func TestATimeOutNamesThePhase(t *testing.T) {
	s := newWire(t, "mute")
	c, _ := newClient(t, s.base)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, &Request{URL: parse(t, s.base+"/p?q=CANARY")})
	if f := fault.From(err); f.Kind != fault.Timeout || !strings.Contains(err.Error(), "waiting for the answer") ||
		strings.Contains(err.Error(), "CANARY") || !strings.HasPrefix(err.Error(), "GET "+s.base+"/p: ") {
		t.Errorf("%v", err)
	}
	slow := newWire(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning")
	c, _ = newClient(t, slow.base)
	c.IdleTimeout = 50 * time.Millisecond
	res, body, err := do(t, c, &Request{URL: parse(t, slow.base)})
	if f := fault.From(err); f.Code != "timeout.idle" || res == nil || body != "beginning" || !f.Retryable {
		t.Errorf("%q, %#v", body, err)
	}
}

func TestAnUploadThatNobodyReadsTimesOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, _ := newClient(t, "http://"+l.Addr().String())
	c.IdleTimeout = 100 * time.Millisecond
	_, err = c.Do(t.Context(), &Request{Method: "PUT", URL: parse(t, "http://"+l.Addr().String()), Body: &streamBody{in: endless(1 << 30)}})
	if f := fault.From(err); f.Code != "timeout.idle" || !strings.Contains(err.Error(), "sending") {
		t.Errorf("%v", err)
	}
}

func TestAnInterruptIsNoFailureOfTheServer(t *testing.T) {
	s := newWire(t, "mute")
	c, _ := newClient(t, s.base)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.Do(ctx, &Request{URL: parse(t, s.base)}); !fault.Is(err, fault.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestABodyThatCannotBeReadIsALocalFailure(t *testing.T) {
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	for name, body := range map[string]Body{
		"missing": &fileBody{path: "/nonexistent/file"}, "directory": &fileBody{path: t.TempDir()},
		"broken": &brokenBody{},
	} {
		if _, _, err := do(t, c, &Request{Method: "POST", URL: parse(t, s.base), Body: body}); !fault.Is(err, fault.IO) {
			t.Errorf("%s: %v, want a local failure", name, err)
		}
	}
}

type brokenBody struct{}

func (*brokenBody) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("abc"), &failing{})), -1, nil
}
func (*brokenBody) Replayable() bool { return false }

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestAMethodThatIsNoneIsRefused(t *testing.T) {
	c, source := newClient(t, "http://127.0.0.1:1")
	for _, method := range []string{"GET /x", "GE\r\nT", "CONNECT", "É"} {
		if _, _, err := do(t, c, &Request{Method: method, URL: parse(t, "http://127.0.0.1:1")}); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", method, err)
		}
	}
	if source.asked != 0 {
		t.Error("a token was asked for")
	}
}

func TestATimeUpWhileSendingSaysSo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // connections wait in its queue, and nobody reads them
	c, _ := newClient(t, "http://"+l.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	_, err = c.Do(ctx, &Request{Method: "PUT", URL: parse(t, "http://"+l.Addr().String()), Body: &streamBody{in: endless(1 << 30)}})
	if f := fault.From(err); f.Code != "timeout.total" || !strings.Contains(err.Error(), "sending the request") {
		t.Errorf("%v", err)
	}
}

// An answer may begin before the request has ended. That the sending ends then is no byte of the answer.
func TestAnAnswerThatStandsStillAfterTheUploadTimesOut(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	base, _ := nasty(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01")
		time.Sleep(20 * time.Millisecond) // the answer is being read, the request still being sent
		_, _ = io.Copy(io.Discard, conn)
	})
	c, _ := newClient(t, base)
	c.IdleTimeout = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	res, err := c.Do(ctx, &Request{Method: "PUT", URL: parse(t, base), Body: Text(strings.Repeat("x", size))})
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	if f := fault.From(err); f.Code != "timeout.idle" || !strings.Contains(err.Error(), "reading the body") || ctx.Err() != nil {
		t.Errorf("%v", err)
	}
}
