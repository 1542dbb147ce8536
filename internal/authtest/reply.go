package authtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Reply writes the answer to one request. The connection is closed after it.
type Reply func(conn net.Conn, r Request)

// Answer is a whole reply: a status, header lines ("Name: value"), a body.
func Answer(status int, body string, header ...string) Reply {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range header {
		b.WriteString(line + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	return Raw(b.String())
}

// JSON is a reply labelled as what it is.
func JSON(status int, body string, header ...string) Reply {
	return Answer(status, body, append([]string{"Content-Type: application/json"}, header...)...)
}

// Token is the plain success of RFC 6749 section 5.1.
func Token(token string, seconds int) Reply {
	return JSON(http.StatusOK, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d}`, token, seconds))
}

// Redirect sends the client elsewhere.
func Redirect(status int, location string) Reply { return Answer(status, "", "Location: "+location) }

// Gzip packs the body although nobody asked for it.
func Gzip(status int, body string, header ...string) Reply {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, body)
	_ = z.Close()
	return Answer(status, b.String(), append([]string{"Content-Encoding: gzip"}, header...)...)
}

// Raw writes bytes that need not be HTTP.
func Raw(bytes string) Reply {
	return func(conn net.Conn, _ Request) { _, _ = io.WriteString(conn, bytes) }
}

// Truncated promises more of the body than it sends.
func Truncated(status int, body string) Reply {
	return Raw(fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(body)+100, body))
}

// Slow waits before it answers.
func Slow(wait time.Duration, then Reply) Reply {
	return func(conn net.Conn, r Request) {
		time.Sleep(wait)
		then(conn, r)
	}
}

// Hang sends some bytes and then nothing, until the client goes away.
func Hang(bytes string) Reply {
	return func(conn net.Conn, _ Request) {
		_, _ = io.WriteString(conn, bytes)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// Reset breaks the connection off without an answer.
func Reset() Reply {
	return func(conn net.Conn, _ Request) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
}

// Endless sends a head and then the same bytes until the client goes away.
func Endless(head, bytes string) Reply {
	return func(conn net.Conn, _ Request) {
		_, err := io.WriteString(conn, head)
		for chunk := strings.Repeat(bytes, 1+4096/len(bytes)); err == nil; {
			_, err = io.WriteString(conn, chunk)
		}
	}
}

// HeaderBomb answers with headers that never end.
func HeaderBomb() Reply {
	return Endless("HTTP/1.1 200 OK\r\n", "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
}
