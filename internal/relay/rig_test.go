package relay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

const pathSecret = "CANARYPATHSECRETABCDEFGH"

// tokens is a source whose n-th token is "tok-n".
type tokens struct {
	origins httpx.Origins
	life    time.Duration // 0: an hour

	mu     sync.Mutex
	made   int
	asked  []time.Duration
	claims []string
	fail   error
	slow   time.Duration
}

func (s *tokens) Token(_ context.Context, minTTL time.Duration) (Token, error) {
	return s.make(minTTL, "")
}

func (s *tokens) Renew(_ context.Context, claims string) (Token, error) { return s.make(0, claims) }

func (s *tokens) make(minTTL time.Duration, claims string) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	time.Sleep(s.slow)
	s.asked, s.claims = append(s.asked, minTTL), append(s.claims, claims)
	if s.fail != nil {
		return Token{}, s.fail
	}
	s.made++
	life := s.life
	if life == 0 {
		life = time.Hour
	}
	now := time.Now()
	bearer := httpx.NewBearer(secret.New(fmt.Sprintf("tok-%d", s.made)), "Bearer", s.origins)
	return Token{Bearer: bearer, ObtainedAt: now, ExpiresAt: now.Add(life)}, nil
}

func (s *tokens) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// api counts what reaches it.
type api struct {
	*httptest.Server
	seen atomic.Int64
	last atomic.Pointer[http.Request]
}

func newAPI(t *testing.T, tls bool, answer http.HandlerFunc) *api {
	t.Helper()
	a := &api{}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		a.seen.Add(1)
		a.last.Store(req)
		answer(w, req)
	}))
	a.Config.ErrorLog = silent()
	if tls {
		a.EnableHTTP2 = true
		a.StartTLS()
	} else {
		a.Start()
	}
	t.Cleanup(a.Close)
	return a
}

// rig is a relay that serves until the test ends.
type rig struct {
	url    string // with secret and slash
	root   string // without
	host   string
	tokens *tokens
	relay  *Relay
	log    *journal
	stop   func() int // gives what was cut off
}

type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) write(p []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func start(t *testing.T, base string, change func(*Config, *tokens)) *rig {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	origin, err := httpx.OriginOf(u)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{tokens: &tokens{origins: httpx.Origins{origin}}, log: &journal{}}
	cfg := Config{
		Base: base, Secret: secret.New(pathSecret), Tokens: r.tokens, Clock: time.Now, DrainTimeout: 5 * time.Second,
		Transport: transport(t), Upgrade: transport(t), Log: r.log.write, Warn: func(error) {},
		Explain: func(e *fault.Error) []byte { return []byte(`{"code":"` + e.CodeOrKind() + `"}`) },
	}
	httpx.OnlyHTTP1(cfg.Upgrade)
	if change != nil {
		change(&cfg, r.tokens)
	}
	door, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if r.relay, err = New(cfg, door); err != nil {
		t.Fatal(err)
	}
	r.host = door.Addr().String()
	r.root, r.url = "http://"+r.host, door.URL(cfg.Secret)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		cut, err := r.relay.Serve(ctx, door, nil)
		if err != nil {
			t.Error(err)
		}
		ended <- cut
	}()
	r.stop = sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() { r.stop() })
	return r
}

func transport(t *testing.T) *http.Transport {
	t.Helper()
	tr, err := httpx.NewTransport(httpx.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// client keeps no connection, so that each request of a test stands alone.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends one request; headers are "Name: value".
func ask(t *testing.T, method, target, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Add(name, value)
	}
	res, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res, drained(t, res)
}

func drained(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// raw sends bytes as they are and reads one answer.
func raw(t *testing.T, host, text string) *http.Response {
	t.Helper()
	conn := dial(t, host)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return res
}

func dial(t *testing.T, host string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }
