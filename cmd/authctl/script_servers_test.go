package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authctl/authctl/internal/sandbox"
)

type serversKey struct{}

// servers are what one story talks to.
type servers struct {
	byName map[string]*rawServer
	idps   map[string]*storyIDP
	ca     *tls.Certificate // of `behind`
	stop   []func()
}

func (s *servers) close() {
	for _, stop := range s.stop {
		stop()
	}
}

func of(ts *testscript.TestScript) *servers { return ts.Value(serversKey{}).(*servers) }

// rawServer answers the n-th request with the n-th reply, byte for byte; the last one serves all further requests.
type rawServer struct {
	mu       sync.Mutex
	replies  [][]byte
	requests []string
}

func (s *rawServer) answer(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	dump, _ := httputil.DumpRequest(req, true)
	s.mu.Lock()
	reply := s.replies[min(len(s.requests), len(s.replies)-1)]
	s.requests = append(s.requests, string(bytes.ReplaceAll(dump, []byte("\r\n"), []byte("\n"))))
	s.mu.Unlock()
	_, _ = conn.Write(reply)
}

// serveCmd is `serve NAME REPLY...`: a server on loopback whose base URL is $NAME. A reply file holds status line,
// headers and body with plain newlines; its header ends are made CRLF and a missing Content-Length is added.
func serveCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: serve NAME REPLY...")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	s := &rawServer{}
	for _, name := range args[1:] {
		s.replies = append(s.replies, onTheWire(ts.ReadFile(name)))
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.answer(conn)
		}
	}()
	all := of(ts)
	if all.byName == nil {
		all.byName = map[string]*rawServer{}
	}
	all.byName[args[0]] = s
	all.stop = append(all.stop, func() { _ = listener.Close() })
	ts.Setenv(args[0], "http://"+listener.Addr().String())
}

func onTheWire(file string) []byte {
	head, body, _ := strings.Cut(file, "\n\n")
	if !strings.Contains(strings.ToLower(head), "\ncontent-length:") && !strings.Contains(strings.ToLower(head), "\ntransfer-encoding:") {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	return []byte(strings.ReplaceAll(head, "\n", "\r\n") + "\r\nConnection: close\r\n\r\n" + body)
}

// hangCmd is `hang NAME`: a server that takes connections and never answers.
func hangCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hang NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	all := of(ts)
	all.stop = append(all.stop, func() { _ = listener.Close() })
	ts.Setenv(args[0], "http://"+listener.Addr().String())
}

// requestsCmd is `requests NAME N`: exactly N requests reached the server.
func requestsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: requests NAME N")
	}
	s := of(ts).byName[args[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strconv.Itoa(len(s.requests)); got != args[1] {
		ts.Fatalf("%s saw %s requests, want %s", args[0], got, args[1])
	}
}

// wireCmd is `wire NAME N TEXT...`: the N-th request (from 1) contains each text.
func wireCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: [!] wire NAME N TEXT...")
	}
	s := of(ts).byName[args[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n < 1 || n > len(s.requests) {
		ts.Fatalf("%s saw %d requests", args[0], len(s.requests))
	}
	for _, text := range args[2:] {
		if strings.Contains(s.requests[n-1], text) == neg {
			ts.Fatalf("request %d to %s, looking for %q (unwanted: %t):\n%s", n, args[0], text, neg, s.requests[n-1])
		}
	}
}

// sandboxCmd is `sandbox`: the stand-ins of the four providers; AUTHCTL_CONFIG is their profile file.
func sandboxCmd(ts *testscript.TestScript, neg bool, _ []string) {
	if neg {
		ts.Fatalf("usage: sandbox")
	}
	ctx, cancel := context.WithCancel(context.Background())
	dir := ts.MkAbs("sandbox")
	ts.Check(os.Mkdir(dir, 0o700))
	box, err := sandbox.Start(ctx, dir, sandbox.Options{})
	ts.Check(err)
	all := of(ts)
	all.stop = append(all.stop, func() { _ = box.Close(); cancel() })
	ts.Setenv("AUTHCTL_CONFIG", box.ProfilesPath())
}

// statusCmd is `status N CMD ARG...`: the command ends with exactly that exit status.
func statusCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N CMD ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// expandCmd is `expand FILE...`: $NAMEs in the files become the environment's values, mode 0600.
func expandCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		path := ts.MkAbs(name)
		ts.Check(os.Remove(path))
		ts.Check(os.WriteFile(path, []byte(text), 0o600))
	}
}
