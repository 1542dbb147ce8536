package relay

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// script is an API that answers the n-th request of all connections with the n-th text, byte for byte; "" hangs up.
func script(t *testing.T, answers ...string) (base string, seen *atomic.Int64) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	seen = &atomic.Int64{}
	serve := func(conn net.Conn) {
		defer conn.Close()
		reader := bufio.NewReader(conn)
		for {
			req, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			if sent := req.Header["Authorization"]; !slices.Equal(sent, []string{"Bearer tok-1"}) {
				t.Errorf("Authorization: %q", sent)
			}
			n := int(seen.Add(1))
			text := answers[min(n, len(answers))-1]
			if _, err := io.WriteString(conn, text); err != nil || text == "" || strings.HasSuffix(text, "cut") {
				return
			}
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "http://" + l.Addr().String(), seen
}

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestOneConnectionServesEveryKindOfAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		answer, body string
		status       int
	}{
		"short":                {okay, "ok", 200},
		"empty":                {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "", 404},
		"without a length":     {"HTTP/1.1 200 OK\r\n\r\ncut", "cut", 200},
		"chunked":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", 200},
		"long":                 {"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("x", 50000), strings.Repeat("x", 50000), 200},
		"bare line ends":       {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", 200},
		"HTTP/1.0":             {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 200},
		"with a 103 before":    {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + okay, "ok", 200},
		"a name with _":        {"HTTP/1.1 200 OK\r\nX_Y: 1\r\nContent-Length: 2\r\n\r\nok", "ok", 200},
		"an end of connection": {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", 200},
		"a switch, unasked":    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", `{"code":"protocol.malformed"}`, 502},
		"a flood of 1xx":       {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9) + okay, `{"code":"protocol.malformed"}`, 502},
		"rubbish":              {"SSH-2.0-OpenSSH\r\n\r\n", `{"code":"protocol.malformed"}`, 502},
		"two lengths":          {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", `{"code":"protocol.malformed"}`, 502},
		"a negative length":    {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", `{"code":"protocol.malformed"}`, 502},
		"endless headers":      {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("x", 1000)+"\r\n", 300) + "\r\n", `{"code":"protocol.malformed"}`, 502},
	} {
		t.Run(name, func(t *testing.T) {
			base, seen := script(t, okay, c.answer, okay)
			r := start(t, base, nil)
			conn := dial(t, r.host)
			reader := bufio.NewReader(conn)
			for i, want := range []struct {
				status int
				body   string
			}{{200, "ok"}, {c.status, c.body}, {200, "ok"}} {
				_, _ = fmt.Fprintf(conn, "GET /%s/x HTTP/1.1\r\nHost: %s\r\n\r\n", pathSecret, r.host)
				res, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(i, err)
				}
				if text := drained(t, res); res.StatusCode != want.status || text != want.body {
					t.Fatalf("%d: %d %.100q", i, res.StatusCode, text)
				}
			}
			if seen.Load() != 3 {
				t.Errorf("%d requests", seen.Load())
			}
		})
	}
}

func TestRequestsThatComeTogetherAreAnsweredInOrder(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) { _, _ = io.WriteString(w, req.URL.Path) })
	r := start(t, a.URL, nil)
	conn := dial(t, r.host)
	line := func(path, more string) string {
		return "GET /" + pathSecret + path + " HTTP/1.1\r\nHost: " + r.host + "\r\n" + more + "\r\n"
	}
	_, _ = io.WriteString(conn, line("/1", "")+line("/2", "X-A: b\r\n")+line("/3", "Sec-Fetch-Site: none\r\n")+line("/4", ""))
	reader := bufio.NewReader(conn)
	for i := range 4 {
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(i, err)
		}
		if text := drained(t, res); text != fmt.Sprintf("/%d", i+1) {
			t.Errorf("%d: %q", i, text)
		}
	}
}

func TestWhatAServerSaysUnaskedIsNobodysAnswer(t *testing.T) {
	base, seen := script(t, okay+"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", okay)
	r := start(t, base, nil)
	for range 3 {
		if _, text := ask(t, "GET", r.url+"x", ""); text != "ok" {
			t.Errorf("got %q", text)
		}
		if _, text := ask(t, "HEAD", r.url+"x", ""); text != "" {
			t.Errorf("got %q", text)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if seen.Load() != 6 {
		t.Errorf("%d requests", seen.Load())
	}
}

func TestADeadConnectionIsReplacedForGETAlone(t *testing.T) {
	base, seen := script(t, okay, "", okay)
	r := start(t, base, nil)
	for _, method := range []string{"GET", "GET"} { // the second one meets a server that hangs up on it
		if res, _ := ask(t, method, r.url+"x", ""); res.StatusCode != 200 {
			t.Error(res.Status)
		}
	}
	if seen.Load() != 3 {
		t.Errorf("%d requests", seen.Load())
	}
	base, seen = script(t, "")
	r = start(t, base, nil)
	for n, method := range []string{"GET", "HEAD", "POST"} {
		res, text := ask(t, method, r.url+"x", "")
		if res.StatusCode != 502 || seen.Load() != int64(n+1) || method != "HEAD" && !strings.Contains(text, "network.lost") {
			t.Errorf("%s: %d %s, %d requests", method, res.StatusCode, text, seen.Load())
		}
	}
}

func TestAConnectionThatDiesUnderTheShortWayIsReplacedWithTheToken(t *testing.T) {
	base, seen := script(t, okay, "", okay)
	r := start(t, base, nil)
	conn := dial(t, r.host)
	reader := bufio.NewReader(conn)
	for range 2 { // the second one meets a server that hangs up on it
		_, _ = fmt.Fprintf(conn, "GET /%s/x HTTP/1.1\r\nHost: %s\r\n\r\n", pathSecret, r.host)
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text := drained(t, res); res.StatusCode != 200 || text != "ok" {
			t.Errorf("%d %q", res.StatusCode, text)
		}
	}
	if seen.Load() != 3 {
		t.Errorf("%d requests", seen.Load())
	}
}

func TestAClientThatGoesAwayBeforeThereIsATokenIsNotServed(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(_ *Config, s *tokens) { s.slow = 5 * patience })
	conn := dial(t, r.host)
	_, _ = fmt.Fprintf(conn, "GET /%s/x HTTP/1.1\r\nHost: %s\r\n\r\n", pathSecret, r.host)
	time.Sleep(2 * patience)
	_ = conn.Close()
	if _, text := ask(t, "GET", r.url+"y", ""); text != "hello" || a.seen.Load() != 1 {
		t.Errorf("%q, %d requests", text, a.seen.Load())
	}
	r.stop()
	if log := r.log.String(); !strings.Contains(log, "GET /x 499 0 ") {
		t.Error(log)
	}
}

func TestAnAnswerLosesTheSameHeadersOnBothWays(t *testing.T) {
	base, _ := script(t, "HTTP/1.1 200 OK\r\nProxy-Status: cache\r\nProxy-Authenticate: Basic\r\nKeep-Alive: timeout=5\r\nAlt-Svc: clear\r\nContent-Length: 2\r\n\r\nok")
	r := start(t, base, nil)
	for _, more := range []string{"", "Connection: close\r\n"} {
		got := raw(t, r.host, "GET /"+pathSecret+"/x HTTP/1.1\r\nHost: "+r.host+"\r\n"+more+"\r\n").Header
		if got.Get("Proxy-Status") != "cache" || got["Proxy-Authenticate"] != nil || got["Keep-Alive"] != nil || got["Alt-Svc"] != nil {
			t.Errorf("%q: %v", more, got)
		}
	}
}

func TestTheAnswerToARefusedRequestIsNobodys(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/slow" {
			time.Sleep(3 * patience)
		}
		_, _ = io.WriteString(w, req.Method+req.URL.Path)
	})
	r := start(t, a.URL, nil)
	conn := dial(t, r.host)
	reader := bufio.NewReader(conn)
	answer := func(request string) (int, string) {
		_, _ = fmt.Fprintf(conn, request, pathSecret, r.host)
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, drained(t, res)
	}
	r.relay.flying.Add(maxInFlight)
	if status, text := answer("GET /%s/slow HTTP/1.1\r\nHost: %s\r\n\r\n"); status != 503 {
		t.Errorf("a busy relay: %d %s", status, text)
	}
	r.relay.flying.Add(-maxInFlight)
	if status, text := answer("POST /%s/x HTTP/1.1\r\nHost: %s\r\nContent-Length: 1\r\n\r\nb"); status != 200 || text != "POST/x" {
		t.Errorf("the next request: %d %q", status, text)
	}
}

// FuzzTheShortWaySaysWhatTheLongWaySays holds the requests that the short way takes against net/http's reading of them
// and the relay's own rules for the long way.
func FuzzTheShortWaySaysWhatTheLongWaySays(f *testing.F) {
	for _, text := range []string{
		"GET /S/x?a=%41 HTTP/1.1\r\nHost: localhost:1\r\nX-A: b\r\ncookie:c\r\n\r\n",
		"GET /S/a.b/c HTTP/1.1\r\nhOST: 127.0.0.1:1\r\nAuthorization: mine\r\nX-Forwarded-For: y\r\nReferer: /S/\r\nConnection: keep-alive\r\n\r\n",
		"GET /S//x HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "GET /S/. HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
		"GET /S/x HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 5\r\n\r\n", "GET /S/x HTTP/1.1\r\nHost: localhost:1\r\nX: a\rb\r\n\r\n",
		"GET /S/x HTTP/1.1\r\nHost: localhost:1\r\nX-A: b\r\n c\r\n\r\n", "GET /S/x HTTP/1.1\r\nHost: localhost:1\r\nX-Ibm: theirs\r\nX-\xff: 1\r\n\r\n",
		"GET /S/x HTTP/1.1\r\nHost: localhost:1\nTransfer-Encoding: chunked\r\n\r\n", "GET  /S/x HTTP/1.1\r\nHost: localhost:1\r\n:\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	r := &Relay{prefix: "/base", headers: http.Header{"X-Ibm": {"id"}}, cfg: Config{Base: "http://127.0.0.1:9/base"}}
	r.base, _ = url.Parse("http://127.0.0.1:9/base/")
	r.gate = gate{hosts: []string{"localhost:1", "127.0.0.1:1"}, secret: secret.New("S")}
	r.api = &authorized{ways: ways{lane: &lane{}}}
	e := newExpress(r, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4000 {
			return
		}
		short := &trip{express: e, r: bufio.NewReader(bytes.NewReader(data))}
		if _, err := short.r.Peek(1); err != nil {
			return
		}
		path, ok := short.read()
		if !ok {
			return
		}
		long, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if err != nil || len(long.TransferEncoding) > 0 || long.ContentLength > 0 {
			t.Fatalf("net/http refuses: %v", err)
		}
		x := &exchange{relay: r}
		if no := r.gate.admit(long, x); no != nil {
			t.Fatalf("the gate refuses: %+v", no)
		}
		want := r.outgoing(long.Header)
		if want.Get("User-Agent") == "" {
			delete(want, "User-Agent")
		}
		got, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(short.buffer, "\r\n"...))))
		if err != nil {
			t.Fatalf("%v: %q", err, short.buffer)
		}
		if got.Header.Get("User-Agent") == "" {
			delete(got.Header, "User-Agent")
		}
		if !maps.EqualFunc(got.Header, want, slices.Equal[[]string]) || got.RequestURI != "/base"+x.path+x.query || path != x.path || got.Host != "127.0.0.1:9" {
			t.Fatalf("short %q %v\nlong %q %v", got.RequestURI, got.Header, x.path+x.query, want)
		}
	})
}

// FuzzAnAnswerOnTheShortWay holds the answers that the short way takes against net/http's reading of them.
func FuzzAnAnswerOnTheShortWay(f *testing.F) {
	for _, text := range []string{
		okay, "HTTP/1.1 500 \r\ncontent-length: 0\r\nAccess-Control-Allow-Origin: *\r\nX-A: b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
		"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 02\r\n\r\nok", "HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	e := &express{relay: &Relay{cfg: Config{ReauthStatuses: []int{401}}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		api := &laneConn{r: bufio.NewReaderSize(bytes.NewReader(data), laneBuffer)}
		trip := &trip{express: e}
		if !trip.answer(&sent{api: api, token: &held{}}) {
			return
		}
		want, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
		if err != nil {
			t.Fatalf("net/http refuses: %v", err)
		}
		got, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(trip.buffer)), nil)
		if err != nil {
			t.Fatalf("%v: %q", err, trip.buffer)
		}
		wantBody, wantErr := io.ReadAll(want.Body)
		gotBody, gotErr := io.ReadAll(got.Body)
		if got.StatusCode != want.StatusCode || wantErr != nil || gotErr != nil || !bytes.Equal(gotBody, wantBody) || trip.body != len(gotBody) {
			t.Fatalf("%d %q %v, want %d %q %v", got.StatusCode, gotBody, gotErr, want.StatusCode, wantBody, wantErr)
		}
		for name, values := range got.Header {
			if !slices.Equal(values, want.Header[name]) || strings.HasPrefix(name, "Access-Control-") {
				t.Fatalf("%s: %q, want %q", name, values, want.Header[name])
			}
		}
	})
}
