// Package authtest holds stand-ins for tests: servers on loopback that answer byte for byte what a script says, and a
// token store that fails when told to. Only tests import it.
package authtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/httpx"
)

// Request is one request as it stood on the wire.
type Request struct {
	Method, Target string // the request line's
	Header         http.Header
	Body           string
	Raw            string // head and body, every byte
}

// Server answers each request of a test with the next reply of its script; the last reply serves for all that follow.
type Server struct {
	URL string // without a slash at its end

	listener net.Listener
	roots    *x509.CertPool // nil: plain http

	mu       sync.Mutex
	script   []Reply
	requests []Request
	conns    map[net.Conn]bool
	done     sync.WaitGroup
}

// FakeIDP starts a server over plain http.
func FakeIDP(t testing.TB, script ...Reply) *Server {
	t.Helper()
	return start(t, listen(t), nil, script)
}

// FakeTLSIDP starts a server over https. Its Client trusts it; nobody else does.
func FakeTLSIDP(t testing.TB, script ...Reply) *Server {
	t.Helper()
	// httptest has a key pair for loopback; making one here would take longer than most tests.
	donor := httptest.NewTLSServer(http.NotFoundHandler())
	defer donor.Close()
	roots := x509.NewCertPool()
	roots.AddCert(donor.Certificate())
	config := &tls.Config{Certificates: donor.TLS.Certificates, MinVersion: tls.VersionTLS12}
	return start(t, tls.NewListener(listen(t), config), roots, script)
}

// FakeAPI starts a server over plain http that knows one token: it answers 401 to whoever has another.
func FakeAPI(t testing.TB, token string, answer Reply) *Server {
	t.Helper()
	return FakeIDP(t, func(conn net.Conn, r Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			JSON(http.StatusUnauthorized, `{"error":"invalid_token"}`)(conn, r)
			return
		}
		answer(conn, r)
	})
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func start(t testing.TB, l net.Listener, roots *x509.CertPool, script []Reply) *Server {
	t.Helper()
	if len(script) == 0 {
		t.Fatal("a server needs a reply")
	}
	scheme := "http"
	if roots != nil {
		scheme = "https"
	}
	s := &Server{URL: scheme + "://" + l.Addr().String(), listener: l, roots: roots, script: script, conns: map[net.Conn]bool{}}
	s.done.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

// Transport trusts the server, and asks for no compression.
func (s *Server) Transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
		DisableCompression: true,
	}
}

// Client trusts the server and follows nothing, as the product's own client of token endpoints.
func (s *Server) Client() *http.Client {
	return &http.Client{
		Transport:     s.Transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Count is the number of requests so far.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// Requests are the requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Only is the one request of a test that allows one.
func (s *Server) Only(t testing.TB) Request {
	t.Helper()
	all := s.Requests()
	if len(all) != 1 {
		t.Fatalf("%d requests, want 1", len(all))
	}
	return all[0]
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.done.Go(func() { s.serve(conn) })
	}
}

// serve answers one request and closes the connection.
func (s *Server) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	var raw bytes.Buffer
	head := bufio.NewReader(io.TeeReader(conn, &raw))
	req, err := http.ReadRequest(head)
	if err != nil {
		return
	}
	body, err := httpx.ReadLimited(req.Body, 16<<20)
	if err != nil {
		return
	}
	r := Request{Method: req.Method, Target: req.RequestURI, Header: req.Header, Body: string(body), Raw: raw.String()}
	s.next(r)(conn, r)
}

func (s *Server) next(r Request) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := min(len(s.requests), len(s.script)-1)
	s.requests = append(s.requests, r)
	return s.script[i]
}

func (s *Server) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}
