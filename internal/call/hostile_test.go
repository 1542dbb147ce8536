package call

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// nasty is a server that reads a request and then does with the connection what it likes.
func nasty(t *testing.T, act func(conn net.Conn)) (string, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var conns atomic.Int32
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				act(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String(), &conns
}

// forever repeats text until nobody listens any more.
func forever(text string) func(net.Conn) {
	return func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

func then(first string, next func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, first)
		next(conn)
	}
}

func TestAHostileServerEndsACallInTimeAndWithItsName(t *testing.T) {
	t.Parallel()
	hang := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	reset := func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }
	drip := func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	leave := func(net.Conn) {}
	for _, tc := range []struct {
		name string
		act  func(net.Conn)
		want fault.Kind
	}{
		{"endless headers", then("HTTP/1.1 200 OK\r\n", forever("X-A: "+strings.Repeat("a", 1000)+"\r\n")), fault.Protocol},
		{"an endless header", then("HTTP/1.1 200 OK\r\nX: ", forever("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), fault.Protocol},
		{"an endless status line", forever("HTTP/1.1 200 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), fault.Protocol},
		{"a flood of 1xx", forever("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), fault.Protocol},
		{"dripping headers", then("HTTP/1.1 200 OK\r\nX: ", drip), fault.Timeout},
		{"silence", hang, fault.Timeout},
		{"a standstill in the body", then("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01", hang), fault.Timeout},
		{"a reset before the answer", reset, fault.Network},
		{"a hang-up before the answer", leave, fault.Network},
		{"a hang-up in the headers", then("HTTP/1.1 200 OK\r\nX: 1\r\n", leave), fault.Protocol},
		{"a reset in the body", then("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01", reset), fault.Network},
		{"a body cut short", then("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01", leave), fault.Protocol},
		{"chunks cut short", then("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", leave), fault.Protocol},
		{"chunks without end", then("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", leave), fault.Protocol},
		{"bad chunk sizes", then("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", leave), fault.Protocol},
		{"a chunk size without end", then("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", forever("0000000000000")), fault.Protocol},
		{"two lengths", then("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", leave), fault.Protocol},
		{"a negative length", then("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nabc", leave), fault.Protocol},
		{"a header with a NUL", then("HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", leave), fault.Protocol},
		{"a header without a colon", then("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", leave), fault.Protocol},
		{"a status of no class", then("HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n", leave), fault.Protocol},
		{"a status below 100", then("HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", leave), fault.Protocol},
		{"another protocol, unasked", then("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", leave), fault.Protocol},
		{"no HTTP at all", then("220 smtp.example.com ESMTP\r\n", leave), fault.Protocol},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			base, _ := nasty(t, tc.act)
			c, _ := newClient(t, base)
			c.IdleTimeout = 300 * time.Millisecond
			c.Transport.ResponseHeaderTimeout = 300 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			res, err := c.Do(ctx, &Request{URL: parse(t, base)})
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			if !fault.Is(err, tc.want) || ctx.Err() != nil {
				t.Errorf("%v, want %v", err, tc.want)
			}
		})
	}
}

// refusing is an HTTP/2 server that refuses each stream with code, and counts them.
func refusing(t *testing.T, code http2.ErrCode) (string, *atomic.Int32) {
	t.Helper()
	return authtest.HTTP2(t, func(f *http2.Framer, stream uint32) bool { return f.WriteRSTStream(stream, code) == nil })
}

func TestAnHTTP2ConnectionThatGoesAwayIsLost(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int32{"GET": 2, "POST": 1} {
		base, streams := authtest.HTTP2(t, func(*http2.Framer, uint32) bool { return false })
		c, _ := newClient(t, base)
		tr, err := httpx.NewTransport(httpx.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tr.CloseIdleConnections)
		c.Transport, c.Retry.Max, c.Sleep = tr, 1, func(context.Context, time.Duration) error { return nil }
		_, err = c.Do(t.Context(), &Request{Method: method, URL: parse(t, base)})
		if f := fault.From(err); f.Code != "network.lost" || streams.Load() != want {
			t.Errorf("%s: %v, %d requests", method, err, streams.Load())
		}
	}
}

func TestARefusedStreamIsSentAgainByRetryAlone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method string
		body   Body
		retry  int
		code   http2.ErrCode
		want   int32
	}{
		{"GET", nil, 0, http2.ErrCodeRefusedStream, 1},
		{"GET", nil, 2, http2.ErrCodeRefusedStream, 3},
		{"POST", Text("a"), 0, http2.ErrCodeRefusedStream, 1},
		{"POST", Text("a"), 2, http2.ErrCodeRefusedStream, 3},
		{"POST", nil, 2, http2.ErrCodeRefusedStream, 3},
		{"POST", Text("a"), 2, http2.ErrCodeInternal, 1},
		{"GET", nil, 1, http2.ErrCodeInternal, 2},
	} {
		base, streams := refusing(t, tc.code)
		c, _ := newClient(t, base)
		tr, err := httpx.NewTransport(httpx.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tr.CloseIdleConnections)
		c.Transport = tr
		impatient(c, Retry{Max: tc.retry})
		_, err = c.Do(t.Context(), &Request{Method: tc.method, URL: parse(t, base), Body: tc.body})
		if err == nil || streams.Load() != tc.want {
			t.Errorf("%s with %d retries after %v: %d streams, want %d: %v", tc.method, tc.retry, tc.code, streams.Load(), tc.want, err)
		}
		if refused := fault.From(err).Code == httpx.CodeRefused; refused != (tc.code == http2.ErrCodeRefusedStream) {
			t.Errorf("%s: %v", tc.method, err)
		}
	}
}

func TestAProxyThatMakesNoTunnelEndsACallInTime(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "socks5"} {
		silent, conns := nasty(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
		tr, err := httpx.NewTransport(httpx.Config{Proxy: strings.Replace(silent, "http", scheme, 1)})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*Client{{ConnectTimeout: 50 * time.Millisecond}, {IdleTimeout: 50 * time.Millisecond}} {
			c.Transport = tr
			_, err := c.Do(t.Context(), &Request{URL: parse(t, "https://api.example.com/"), NoAuth: true})
			if f := fault.From(err); f.Code != "timeout.connect" || !f.Retryable {
				t.Errorf("%s: %v", scheme, err)
			}
		}
		if conns.Load() > 2 {
			t.Errorf("%s: %d connections", scheme, conns.Load())
		}
	}
}
