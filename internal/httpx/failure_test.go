package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// rawServer answers each connection with the bytes of reply, after it has read a request, and closes it.
func rawServer(t *testing.T, reply string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				if reply == "reset" {
					_ = conn.(*net.TCPConn).SetLinger(0)
					return
				}
				if reply == "mute" {
					_, _ = io.Copy(io.Discard, conn)
					return
				}
				_, _ = io.WriteString(conn, reply)
			}()
		}
	}()
	return l.Addr().String()
}

func TestEachFailureHasItsKind(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, c := range []struct {
		name, url, code string
		kind            fault.Kind
	}{
		{"refused", "http://" + closed.Addr().String(), "network.connect", fault.Network},
		{"no such name", "http://nothing.invalid/", "network.dns", fault.Network},
		{"reset", "http://" + rawServer(t, "reset"), "network.lost", fault.Network},
		{"closed at once", "http://" + rawServer(t, ""), "network.lost", fault.Network},
		{"closed in the handshake", "https://" + rawServer(t, ""), "network.lost", fault.Network},
		{"mute", "http://" + rawServer(t, "mute"), "timeout.header", fault.Timeout},
		{"plain http where TLS is asked for", "https://" + rawServer(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "tls.plain", fault.TLS},
		{"rubbish where TLS is asked for", "https://" + rawServer(t, "SSH-2.0-x\r\n"), "tls.plain", fault.TLS},
		{"no HTTP", "http://" + rawServer(t, "SSH-2.0-x\r\n\r\n"), "protocol.malformed", fault.Protocol},
		{"a status that is none", "http://" + rawServer(t, "HTTP/1.1 abc OK\r\n\r\n"), "protocol.malformed", fault.Protocol},
		{"a header that is none", "http://" + rawServer(t, ok+"nocolon\r\n\r\n"), "protocol.malformed", fault.Protocol},
		{"headers cut", "http://" + rawServer(t, ok+"X: 1\r\n"), "protocol.truncated", fault.Protocol},
		{"headers without end", "http://" + rawServer(t, ok+strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 400)), "protocol.malformed", fault.Protocol},
		{"two lengths", "http://" + rawServer(t, ok+"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), "protocol.malformed", fault.Protocol},
		{"body cut", "http://" + rawServer(t, ok+"Content-Length: 9\r\n\r\nxx"), "protocol.truncated", fault.Protocol},
		{"chunks cut", "http://" + rawServer(t, ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nxx"), "protocol.truncated", fault.Protocol},
		{"chunks that are none", "http://" + rawServer(t, ok+"Transfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n"), "protocol.malformed", fault.Protocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, Config{HeaderTimeout: time.Second}, c.url)
			f := Failure(err)
			if f == nil || f.Kind != c.kind || f.Code != c.code {
				t.Fatalf("%v is %v, want %s", err, f, c.code)
			}
			if f.Retryable != (c.kind == fault.Network || c.kind == fault.Timeout) {
				t.Errorf("retryable: %v", f.Retryable)
			}
			if !errors.Is(f, f.Err) || f.Error() == "" {
				t.Errorf("%v", f)
			}
		})
	}
}

func TestAFailureShowsNoQueryAndNoControlCharacters(t *testing.T) {
	for _, err := range []error{
		&url.Error{Op: "Get", URL: "https://user:CANARY@h.example/p?code=CANARY#CANARY", Err: io.EOF},
		&url.Error{Op: "Post", URL: "https://h.example/\x00CANARY", Err: io.EOF},
		&url.Error{Op: "Get", URL: "https://h.example/", Err: errors.New("malformed \x1b]0;x\a\u202e\r\nauthctl: hint: x")},
		fmt.Errorf("wrapped: %w", &url.Error{Op: "Get", URL: "https://h.example/?CANARY", Err: errors.New("x")}),
	} {
		f := Failure(err)
		if text := f.Error() + f.HintText(); strings.Contains(text, "CANARY") || strings.ContainsAny(text, "\x1b\a\r\n\u202e") {
			t.Errorf("%q", text)
		}
	}
	f := Failure(&url.Error{Op: "Get", URL: "https://h.example/a%2Fb?q", Err: io.EOF})
	if want := "GET https://h.example/a%2Fb: the server closed the connection without an answer"; f.Error() != want {
		t.Errorf("%q, want %q", f, want)
	}
}

func TestWhatIsKnownIsKept(t *testing.T) {
	if Failure(nil) != nil {
		t.Error("nil becomes a failure")
	}
	known := fault.New(fault.Policy, "policy.x", "x")
	if f := Failure(&url.Error{Op: "Get", URL: "https://h.example/?q", Err: known}); f != known || f.Op != "GET https://h.example/" {
		t.Errorf("%v", f)
	}
	for err, kind := range map[error]fault.Kind{
		context.Canceled: fault.Canceled, context.DeadlineExceeded: fault.Timeout, syscall.ECONNRESET: fault.Network,
		io.ErrUnexpectedEOF:                      fault.Network, // all that HTTP/2 tells of a connection that went away before the answer
		net.ErrClosed:                            fault.Network,
		errors.New("http: server gave nonsense"): fault.Protocol, http.ErrSchemeMismatch: fault.TLS,
	} {
		if f := Failure(&url.Error{Op: "Get", URL: "https://h.example/", Err: err}); f.Kind != kind || !errors.Is(f, err) {
			t.Errorf("%v: %s, want %s", err, f.Kind, kind)
		}
	}
}
