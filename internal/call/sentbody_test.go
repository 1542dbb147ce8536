package call

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// hasty answers when it has seen the head, and reads no further.
func hasty(t *testing.T, answer string) string {
	t.Helper()
	base, _ := nasty(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, answer)
		<-t.Context().Done()
	})
	return base
}

func TestAnUploadThatWasCutOffIsNoSuccess(t *testing.T) {
	t.Parallel()
	const created = "HTTP/1.1 201 Text\r\nContent-Length: 0\r\n\r\n"
	long := Text(strings.Repeat("x", 32<<20))
	stalled, end := io.Pipe()
	t.Cleanup(func() { _ = end.Close() })
	for _, tc := range []struct {
		name, answer string
		body         Body
		code         string // empty: the answer stands
	}{
		{"of known length", answer(200), long, "protocol.unsent"},
		{"of unknown length", answer(200), &streamBody{in: endless(1 << 30)}, "protocol.unsent"},
		{"whose source is slow", answer(200), &streamBody{in: io.MultiReader(endless(bufferedBody+1), stalled)}, "protocol.unsent"},
		{"answered without a body", created, long, "protocol.unsent"},
		{"answered for the last time", answer(200, "Connection: close"), long, "protocol.unsent"},
		{"refused", answer(413), long, ""},
		{"sent elsewhere", answer(307, "Location: /"), long, ""},
		{"short", answer(200), Text("x"), ""},
		{"short, answered for the last time", answer(200, "Connection: close"), Text("x"), ""},
		{"empty", created, Text(""), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			base := hasty(t, tc.answer)
			c, _ := newClient(t, base)
			_, _, err := do(t, c, &Request{Method: "PUT", URL: parse(t, base), Body: tc.body})
			switch f := fault.From(err); {
			case tc.code == "" && err != nil:
				t.Error(err)
			case tc.code != "" && (err == nil || f.Code != tc.code || f.Kind != fault.Protocol || f.Retryable):
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAnUploadThatHTTP2CutsOffIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c, _ := newClient(t, s.URL)
	tr, err := httpx.NewTransport(httpx.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	c.Transport = tr
	_, body, err := do(t, c, &Request{Method: "PUT", URL: parse(t, s.URL), Body: Text(strings.Repeat("x", 8<<20))})
	if body != "ok" || fault.From(err).Code != "protocol.unsent" {
		t.Errorf("%q, %v", body, err)
	}
	if _, _, err := do(t, c, &Request{Method: "PUT", URL: parse(t, s.URL), Body: Text("x")}); err != nil {
		t.Error(err)
	}
}
