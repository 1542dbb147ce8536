package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// misbehaveCmd is `misbehave NAME HOW`: a server on loopback at $NAME that reads a request and then does as the table
// says.
func misbehaveCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: misbehave NAME HOW")
	}
	act, ok := misdeeds()[args[1]]
	if !ok {
		ts.Fatalf("no server misbehaves by %q", args[1])
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					act(conn)
				}
			}()
		}
	}()
	all := of(ts)
	all.stop = append(all.stop, func() { _ = listener.Close() })
	ts.Setenv(args[0], "http://"+listener.Addr().String())
}

func misdeeds() map[string]func(net.Conn) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	return map[string]func(net.Conn){
		"endless-header": endless("HTTP/1.1 200 OK\r\n", "X-Filler: "+strings.Repeat("x", 1000)+"\r\n"),
		"endless-line":   endless("HTTP/1.1 200 OK\r\nX: ", strings.Repeat("x", 1000)),
		"endless-1xx":    endless("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
		"endless-body":   endless(ok+"\r\n", strings.Repeat("x", 1000)),
		"truncated":      say(ok + "Content-Length: 100\r\n\r\nonly this"),
		"short-chunk":    say(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
		"bad-chunk":      say(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n"),
		"two-lengths":    say(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
		"no-http":        say("SSH-2.0-OpenSSH_9.2\r\n"),
		"bomb":           func(c net.Conn) { say(ok + "Content-Encoding: gzip\r\n\r\n" + bomb())(c) },
		"reset":          func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"hangs-up":       func(net.Conn) {},
		"half-answer":    func(c net.Conn) { say(ok + "Content-Length: 9\r\n\r\nhalf")(c); _, _ = io.Copy(io.Discard, c) },
	}
}

func say(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

func endless(first, more string) func(net.Conn) {
	return func(c net.Conn) {
		_, err := io.WriteString(c, first)
		for err == nil {
			_, err = fmt.Fprint(c, more)
		}
	}
}

// bomb is 32 MiB of nothing in a few dozen KiB.
var bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 32 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	return b.String()
})
