package call

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// wire is a server that records each request to the byte and answers with what is in its script, the last entry over
// and over. It counts connections too.
type wire struct {
	base   string
	mu     sync.Mutex
	script []string
	heads  []string
	body   []string
	conns  int
}

func newWire(t *testing.T, script ...string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &wire{base: "http://" + l.Addr().String(), script: script}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			go s.serve(conn)
		}
	}()
	return s
}

func (s *wire) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		head, body, err := readRaw(in)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.heads, s.body = append(s.heads, head), append(s.body, body)
		answer := s.script[min(len(s.heads), len(s.script))-1]
		s.mu.Unlock()
		if answer == "mute" {
			_, _ = io.Copy(io.Discard, in)
		}
		if _, err := io.WriteString(conn, answer); err != nil || !strings.Contains(answer, "Content-Length") || strings.Contains(answer, "Connection: close") {
			return
		}
	}
}

// readRaw reads one request: its head to the byte, and its body.
func readRaw(in *bufio.Reader) (head, body string, err error) {
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		head += line
	}
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		return "", "", err
	}
	var content []byte
	if req.ContentLength >= 0 {
		content, err = io.ReadAll(io.LimitReader(in, req.ContentLength))
	} else if content, err = io.ReadAll(httputil.NewChunkedReader(in)); err == nil {
		_, err = in.Discard(len("\r\n"))
	}
	return strings.TrimSuffix(head, "\r\n\r\n"), string(content), err
}

func (s *wire) hits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.heads)
}

func answer(status int, headers ...string) string {
	return "HTTP/1.1 " + strconv.Itoa(status) + " Text\r\nContent-Length: 2\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\nok"
}

// tokens is a TokenSource that counts.
type tokens struct {
	origins httpx.Origins
	asked   int
	claims  []string
	fail    error
}

func (s *tokens) Bearer(context.Context) (httpx.Bearer, error) {
	s.asked++
	return httpx.NewBearer(secret.New("old"), "Bearer", s.origins), nil
}

func (s *tokens) Renew(_ context.Context, claims string) (httpx.Bearer, error) {
	s.claims = append(s.claims, claims)
	return httpx.NewBearer(secret.New("new"), "Bearer", s.origins), s.fail
}

func newClient(t *testing.T, base string) (*Client, *tokens) {
	t.Helper()
	tr, err := httpx.NewTransport(httpx.Config{HeaderTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	o, err := httpx.ParseOrigin(base)
	if err != nil {
		t.Fatal(err)
	}
	source := &tokens{origins: httpx.Origins{o}}
	return &Client{Transport: tr, Source: source, Origins: source.origins, UserAgent: "authctl/test"}, source
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// do sends req and gives the answer with its body read.
func do(t *testing.T, c *Client, req *Request) (*http.Response, string, error) {
	t.Helper()
	res, err := c.Do(t.Context(), req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func endless(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestInterimAnswersStandBeforeTheirHead(t *testing.T) {
	t.Parallel()
	early := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	s := newWire(t, early+"HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", early+"HTTP/1.1 302 Found\r\nLocation: /b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n"+early+"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	c, _ := newClient(t, s.base)
	c.Redirects, c.Retry = Redirects{Follow: true, Max: 1}, Retry{Max: 1}
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	var out strings.Builder
	trip := &Trip{}
	sink, err := Output{Stdout: &out, Include: true, Trip: trip}.Open()
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(t.Context(), &Request{URL: parse(t, s.base+"/a"), Trip: trip})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Save(res); err != nil || out.String() != early+"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /b\r\n\r\n"+
		"HTTP/1.1 100 Continue\r\n\r\n"+early+"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" {
		t.Errorf("%v, %q", err, out.String())
	}
}
