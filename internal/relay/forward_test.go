package relay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// ways are the three roads through the relay: plain requests over plain HTTP (and the short way), plain requests over
// TLS, and whatever has a body.
func TestOnlyWhatIsMeantForTheAPIReachesIt(t *testing.T) {
	for name, c := range map[string]struct {
		tls  bool
		body string
	}{"short": {false, ""}, "tls": {true, ""}, "body": {false, "x"}, "body over tls": {true, "x"}} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, c.tls, hello)
			r := start(t, a.URL, func(cfg *Config, _ *tokens) {
				cfg.Headers = []Header{{"X-IBM-Client-Id", secret.New("id")}, {"Accept-Language", secret.New("de")}}
			})
			method := map[bool]string{true: "GET", false: "POST"}[c.body == ""]
			res, text := ask(t, method, r.url+"things", c.body,
				"Authorization: Bearer mine", "authorization: Basic x", "Proxy-Authorization: Basic x", "Proxy-Connection: keep-alive", "Proxy-X: 1",
				"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil.example.com", "X-Forwarded-Anything: 1", "Forwarded: for=1.2.3.4",
				"X-Real-Ip: 1.2.3.4", "Referer: "+r.url+"page", "Keep-Alive: timeout=5", "Cookie: a=1", "X-Own: yes", "User-Agent: ua/1",
				"x-ibm-client-id: theirs", "Accept-Encoding: br")
			if res.StatusCode != 200 || text != "hello" {
				t.Fatalf("%d %q", res.StatusCode, text)
			}
			got := a.last.Load()
			if values := got.Header["Authorization"]; !slices.Equal(values, []string{"Bearer tok-1"}) {
				t.Errorf("Authorization: %q", values)
			}
			for name, want := range map[string]string{
				"Cookie": "a=1", "X-Own": "yes", "User-Agent": "ua/1", "X-Ibm-Client-Id": "id", "Accept-Language": "de", "Accept-Encoding": "br",
			} {
				if values := got.Header[name]; !slices.Equal(values, []string{want}) {
					t.Errorf("%s: %q", name, values)
				}
			}
			for name := range got.Header {
				if !isKept(name) && name != "Authorization" || hopByHop(name) {
					t.Errorf("%s: %q", name, got.Header[name])
				}
			}
			if got.Host != strings.TrimPrefix(strings.TrimPrefix(a.URL, "http://"), "https://") {
				t.Errorf("Host: %s", got.Host)
			}
			if strings.Contains(fmt.Sprint(got.Header, got.RequestURI), pathSecret) {
				t.Errorf("the path secret left the machine: %v", got.Header)
			}
			if c.tls && got.ProtoMajor != 2 {
				t.Errorf("spoke %s", got.Proto)
			}
		})
	}
}

func TestConnectionNamesFurtherHopByHopHeaders(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Proxy-Authenticate", "Basic")
	})
	r := start(t, a.URL, nil)
	for _, body := range []string{"", "x"} {
		res, _ := ask(t, "PUT", r.url+"x", body, "Connection: X-Mine, Authorization", "X-Mine: 1")
		if h := a.last.Load().Header; h["X-Mine"] != nil || h.Get("Authorization") != "Bearer tok-1" {
			t.Errorf("to the API: %v", h)
		}
		if res.Header["X-Hop"] != nil || res.Header["Proxy-Authenticate"] != nil {
			t.Errorf("to the client: %v", res.Header)
		}
	}
}

func TestABodyStreamsWithoutBeingWaitedFor(t *testing.T) {
	first := make(chan string, 1)
	a := newAPI(t, false, func(_ http.ResponseWriter, req *http.Request) {
		line, _ := bufio.NewReader(req.Body).ReadString('\n')
		first <- line
	})
	r := start(t, a.URL, nil)
	reader, writer := io.Pipe()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", r.url+"upload", reader)
	done := make(chan error, 1)
	go func() {
		res, err := client().Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		done <- err
	}()
	_, _ = io.WriteString(writer, "one\n")
	if got := <-first; got != "one\n" { // before the body has ended
		t.Errorf("got %q", got)
	}
	_ = writer.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestEventsArriveAsTheyAreSent(t *testing.T) {
	next := make(chan bool)
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, tls, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for i := range 3 {
					_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
					_ = http.NewResponseController(w).Flush()
					<-next
				}
			})
			r := start(t, a.URL, nil)
			for _, method := range []string{"GET", "POST"} {
				req, _ := http.NewRequestWithContext(t.Context(), method, r.url+"events", strings.NewReader(map[string]string{"POST": "q"}[method]))
				res, err := client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewReader(res.Body)
				for i := range 3 {
					if line, err := lines.ReadString('\n'); line != fmt.Sprintf("data: %d\n", i) {
						t.Fatalf("%q, %v", line, err)
					}
					_, _ = lines.ReadString('\n')
					next <- true // the server sends no more before this one was seen
				}
				if _, err := lines.ReadString('\n'); err != io.EOF {
					t.Error(err)
				}
				_ = res.Body.Close()
			}
		})
	}
}

func TestTrailersPassBothWays(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "out"+req.Trailer.Get("X-Sum"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "late")
	})
	r := start(t, a.URL, nil)
	res, _ := ask(t, "GET", r.url+"x", "")
	if res.Trailer.Get("X-Sum") != "out" || res.Trailer.Get("X-Late") != "late" {
		t.Errorf("GET: %v", res.Trailer)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "POST", r.url+"x", io.NopCloser(strings.NewReader("in")))
	req.Trailer = http.Header{"X-Sum": {"in"}}
	res, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if text := drained(t, res); text != "body" || res.Trailer.Get("X-Sum") != "outin" {
		t.Errorf("POST: %q %v", text, res.Trailer)
	}
}

func TestTrailersAreHeldToTheRulesOfHeaders(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			got := make(chan http.Header, 1)
			a := newAPI(t, tls, func(_ http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body)
				got <- req.Trailer
			})
			r := start(t, a.URL, func(cfg *Config, _ *tokens) { cfg.Headers = []Header{{"X-Ibm", secret.New("id")}} })
			fields := []string{"X-Sum: 1", "Authorization: mine", "Proxy-X: 1", "X-Forwarded-For: x", "X-Ibm: theirs", "X-Hop: 1", "Te: 1"}
			for _, announced := range []string{"X-Sum", "X-Sum, Authorization, Proxy-X, X-Forwarded-For, X-Ibm, X-Hop", "X-Forwarded-For"} {
				conn := dial(t, r.host)
				_, _ = fmt.Fprintf(conn, "POST /%s/x HTTP/1.1\r\nHost: %s\r\nConnection: close, X-Hop\r\nTransfer-Encoding: chunked\r\nTrailer: %s\r\n\r\n"+
					"2\r\nok\r\n0\r\n%s\r\n\r\n", pathSecret, r.host, announced, strings.Join(fields, "\r\n"))
				_, _ = io.Copy(io.Discard, conn)
				trailer := <-got
				sum := trailer["X-Sum"] // over HTTP/2 a field that was not announced may be left out
				if len(trailer) > len(sum) || strings.Contains(announced, "X-Sum") && !slices.Equal(sum, []string{"1"}) {
					t.Errorf("announced %s: %v", announced, trailer)
				}
			}
		})
	}
}

func TestAClientThatGoesAwayTakesItsRequestWithIt(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			begun, gone := make(chan bool, 1), make(chan bool, 1)
			a := newAPI(t, tls, func(_ http.ResponseWriter, req *http.Request) {
				begun <- true
				<-req.Context().Done()
				gone <- true
			})
			r := start(t, a.URL, nil)
			ctx, cancel := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "GET", r.url+"slow", nil)
			go func() {
				<-begun
				cancel()
			}()
			if res, err := client().Do(req); err == nil {
				t.Errorf("got %d", res.StatusCode)
			}
			select {
			case <-gone:
			case <-time.After(5 * time.Second):
				t.Error("the API still works for nobody")
			}
			if a.seen.Load() != 1 {
				t.Errorf("%d requests", a.seen.Load())
			}
		})
	}
}

func TestExpectContinueReachesTheAPI(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	r := start(t, a.URL, nil)
	conn := dial(t, r.host)
	_, _ = fmt.Fprintf(conn, "PUT /%s/big HTTP/1.1\r\nHost: %s\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n", pathSecret, r.host)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if !strings.HasPrefix(line, "HTTP/1.1 413") {
		t.Errorf("%q, %v", line, err)
	}
}

func TestABrokenOffAnswerIsNotMadeWhole(t *testing.T) {
	for name, head := range map[string]string{"a length": "Content-Length: 100", "chunks": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, false, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := w.(http.Hijacker).Hijack()
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+head+"\r\n\r\n4\r\npart\r\n")
				_ = conn.Close()
			})
			r := start(t, a.URL, nil)
			for _, method := range []string{"GET", "DELETE"} {
				req, _ := http.NewRequestWithContext(t.Context(), method, r.url+"x", nil)
				res, err := client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(res.Body); err == nil {
					t.Errorf("%s: the client takes it for whole", method)
				}
				_ = res.Body.Close()
			}
		})
	}
}

func TestWhatTheAPISendsArrivesAsItWas(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/untyped":
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "<html>")
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/fresh":
			w.Header().Set("Etag", `"1"`)
			w.WriteHeader(http.StatusNotModified)
		case "/big":
			w.Header().Set("Content-Length", fmt.Sprint(len(big)))
			_, _ = io.WriteString(w, big)
		case "/broken":
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			w.Header().Set("Alt-Svc", `h3=":443"`)
			w.Header()["X-Two"] = []string{"a", "b"}
		}
	})
	r := start(t, a.URL, nil)
	if res, text := ask(t, "GET", r.url+"untyped", ""); res.Header["Content-Type"] != nil || text != "<html>" {
		t.Errorf("a type was guessed: %v", res.Header)
	}
	if res, _ := ask(t, "GET", r.url+"empty", ""); res.StatusCode != 204 {
		t.Error(res.Status)
	}
	if res, _ := ask(t, "GET", r.url+"fresh", "", `If-None-Match: "1"`); res.StatusCode != 304 || res.Header.Get("Etag") != `"1"` {
		t.Error(res.Status)
	}
	if _, text := ask(t, "GET", r.url+"big", ""); text != big {
		t.Errorf("%d bytes", len(text))
	}
	if res, text := ask(t, "HEAD", r.url+"big", ""); res.ContentLength != int64(len(big)) || text != "" {
		t.Errorf("HEAD: %d", res.ContentLength)
	}
	if res, text := ask(t, "GET", r.url+"broken", ""); res.StatusCode != 500 || text != "no\n" {
		t.Error(res.Status)
	}
	if res, _ := ask(t, "GET", r.url+"x", ""); res.Header["Alt-Svc"] != nil || !slices.Equal(res.Header["X-Two"], []string{"a", "b"}) {
		t.Error(res.Header)
	}
}

func TestAWebSocketCarriesBothWays(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "an API that speaks HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			heard := make(chan struct{})
			a := newAPI(t, tls, func(w http.ResponseWriter, req *http.Request) {
				if req.Header.Get("Authorization") != "Bearer tok-1" || req.Header["Origin"] != nil || req.Header.Get("Sec-Websocket-Key") != "k" {
					t.Errorf("handshake: %v", req.Header)
				}
				conn, rw, _ := w.(http.Hijacker).Hijack()
				defer conn.Close()
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				for {
					line, err := rw.ReadString('\n')
					switch {
					case err != nil:
						return
					case line == "over\n":
						_ = conn.(interface{ CloseWrite() error }).CloseWrite()
					case line == "last\n":
						close(heard)
					default:
						_, _ = io.WriteString(conn, "echo "+line)
					}
				}
			})
			r := start(t, a.URL, nil)
			conn := dial(t, r.host)
			_, _ = fmt.Fprintf(conn, "GET /%s/ws HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\nearly\n", pathSecret, r.host, r.host)
			reader := bufio.NewReader(conn)
			res, err := http.ReadResponse(reader, nil)
			if err != nil || res.StatusCode != 101 {
				t.Fatal(res, err)
			}
			for _, word := range []string{"early\n", "one\n", "two\n"} {
				if word != "early\n" {
					_, _ = io.WriteString(conn, word)
				}
				if line, err := reader.ReadString('\n'); line != "echo "+word {
					t.Fatalf("%q, %v", line, err)
				}
			}
			_, _ = io.WriteString(conn, "over\n")
			if line, err := reader.ReadString('\n'); line != "" || err != io.EOF {
				t.Fatalf("%q, %v", line, err)
			}
			_, _ = io.WriteString(conn, "last\n") // the API said all that it has to say, and listens
			select {
			case <-heard:
			case <-time.After(5 * time.Second):
				t.Error("the API did not hear the last word")
			}
			_ = conn.Close()
			r.stop()
			if !strings.HasPrefix(r.log.String(), "GET /ws 101 ") {
				t.Error(r.log.String())
			}
		})
	}
}

func TestOtherUpgradesArePassedOver(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, nil)
	res, text := ask(t, "GET", r.url+"x", "", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "Http2-Settings: AAMAAABkAAQAAP__")
	if got := a.last.Load().Header; res.StatusCode != 200 || text != "hello" || got["Upgrade"] != nil || got["Http2-Settings"] != nil {
		t.Errorf("%d, %v", res.StatusCode, got)
	}
}
