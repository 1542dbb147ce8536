package relay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for address, kind := range map[string]fault.Kind{
		"0.0.0.0:0": fault.Policy, "[::]:0": fault.Policy, ":0": fault.Policy, "192.0.2.1:0": fault.Policy, "example.com:0": fault.Policy,
		"localhost.example.com:0": fault.Policy, "[::ffff:127.0.0.1]:0": fault.Policy, "[::1%lo]:0": fault.Policy, "*:0": fault.Policy, "2130706433:0": fault.Policy,
		"": fault.Usage, "127.0.0.1": fault.Usage, "127.0.0.1:": fault.Usage, "127.0.0.1:x": fault.Usage, "127.0.0.1:65536": fault.Usage,
		"99999": fault.Usage, "127.0.0.1:-1": fault.Usage, "unix:": fault.Usage, "http://127.0.0.1:0": fault.Usage,
	} {
		door, err := Listen(t.Context(), address)
		if err == nil {
			_ = door.Close()
		}
		if e := fault.From(err); err == nil || e.Kind != kind || e.HintText() == "" {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "LocalHost:0", "127.0.0.2:0", "0"} {
		door, err := Listen(t.Context(), address)
		if err != nil {
			if strings.HasPrefix(address, "127.0.0.2") && runtime.GOOS == "darwin" {
				continue // it has no such address unless one is made
			}
			t.Fatal(address, err)
		}
		if !regexp.MustCompile(`^http://127\.0\.0\.[12]:[1-9][0-9]*/S/$`).MatchString(door.URL(secret.New("S"))) || !door.Shared() {
			t.Errorf("%s: %s", address, door.URL(secret.New("S")))
		}
		if _, err := Listen(t.Context(), door.Addr().String()); !fault.Is(err, fault.IO) {
			t.Errorf("a port that is taken: %v", err)
		}
		_ = door.Close()
	}
}

func TestPortEightyNeedsNoPortInTheHost(t *testing.T) {
	g := gate{hosts: hostsOf(netip.MustParseAddrPort("127.0.0.1:80"))}
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "[::1]": true, "localhost:80": true, "localhost:81": false, "": false} {
		if g.knows(host) != want {
			t.Errorf("%q: %t", host, !want)
		}
	}
}

func TestWhatIsUnderWayComesToItsEnd(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			begun, finish := make(chan bool), make(chan bool)
			a := newAPI(t, tls, func(w http.ResponseWriter, _ *http.Request) {
				begun <- true
				<-finish
				_, _ = io.WriteString(w, "whole")
			})
			r := start(t, a.URL, nil)
			idle := dial(t, r.host)
			answers := make(chan string, 1)
			go func() { _, text := ask(t, "GET", r.url+"x", ""); answers <- text }()
			<-begun
			stopped := make(chan int)
			go func() { stopped <- r.stop() }()
			for { // no more are taken
				conn, err := net.Dial("tcp", r.host)
				if err != nil {
					break
				}
				_ = conn.Close()
				time.Sleep(time.Millisecond)
			}
			finish <- true
			if text := <-answers; text != "whole" {
				t.Errorf("got %q", text)
			}
			if cut := <-stopped; cut != 0 {
				t.Errorf("%d cut off", cut)
			}
			if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("a connection that waits: %v", err)
			}
			if log := r.log.String(); !strings.Contains(log, "GET /x 200 5 ") {
				t.Errorf("log %q", log)
			}
		})
	}
}

func TestWhatDoesNotEndIsCutOff(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("streams", func(t *testing.T) {
		a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Upgrade") != "" {
				conn, _, _ := w.(http.Hijacker).Hijack()
				defer conn.Close()
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				_, _ = conn.Read(make([]byte, 1))
				return
			}
			_ = http.NewResponseController(w).Flush()
			<-req.Context().Done()
		})
		r := start(t, a.URL, func(c *Config, _ *tokens) { c.DrainTimeout = 50 * time.Millisecond })
		var conns []*bufio.Reader
		for _, more := range []string{"", "Connection: Upgrade\r\nUpgrade: websocket\r\n"} {
			conn := dial(t, r.host)
			_, _ = fmt.Fprintf(conn, "GET /%s/x HTTP/1.1\r\nHost: %s\r\n%s\r\n", pathSecret, r.host, more)
			reader := bufio.NewReader(conn)
			if _, err := http.ReadResponse(reader, nil); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, reader)
		}
		if cut := r.stop(); cut != 2 {
			t.Errorf("%d cut off", cut)
		}
		for _, reader := range conns {
			if _, err := reader.ReadByte(); err == nil {
				t.Error("the connection lives")
			}
		}
	})
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

func TestTooManyAtOnceAreSentAway(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, nil)
	r.relay.flying.Add(maxInFlight)
	defer r.relay.flying.Add(-maxInFlight)
	res, _ := ask(t, "POST", r.url+"x", "x")
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "1" || a.seen.Load() != 0 {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestTheLogHoldsOneLineARequest(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		if req.Method == "DELETE" {
			w.WriteHeader(http.StatusConflict)
		}
		_, _ = io.WriteString(w, "12345")
	})
	r := start(t, a.URL, nil)
	ask(t, "GET", r.url+"things?key=CANARYQUERY", "")
	ask(t, "DELETE", r.url+"things/7?key=CANARYQUERY", "")
	ask(t, "POST", r.root+"/CANARYGUESS/things", "x")
	ask(t, "GET", r.url+strings.Repeat("x", 2000), "")
	r.stop()
	want := regexp.MustCompile(`^GET /things 200 5 \S+s\nDELETE /things/7 409 5 \S+s\nPOST - 404 19 \S+s\nGET /` + strings.Repeat("x", 1023) + `\.\.\. 200 5 \S+s\n$`)
	if log := r.log.String(); !want.MatchString(log) || strings.Contains(log, "CANARY") {
		t.Errorf("log:\n%s", log)
	}
}

func TestALogThatNobodyReadsHoldsNothingUp(t *testing.T) {
	stuck := make(chan bool)
	l := newAccessLog(func([]byte) { <-stuck })
	for range 40_000 {
		l.line("GET", "/a/path/of/some/length", 200, 1, time.Second)
	}
	if len(l.lines) > maxLog+100 || l.missed == 0 {
		t.Errorf("%d bytes wait, %d lines left out", len(l.lines), l.missed)
	}
	close(stuck)
}

func TestALogThatNobodyReadsDoesNotKeepTheRelayFromEnding(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(c *Config, _ *tokens) { c.Log = func([]byte) { <-stuck } })
	ask(t, "GET", r.url+"x", "")
	time.Sleep(2 * logPause) // the line is being written
	ended := make(chan int, 1)
	go func() { ended <- r.stop() }()
	select {
	case cut := <-ended:
		if cut != 0 {
			t.Errorf("%d cut off", cut)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it waits for the log")
	}
}

func TestHealthAndMetricsHaveAListenerOfTheirOwn(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, nil)
	ask(t, "GET", r.url+"x", "")
	ask(t, "GET", r.root+"/-/metrics", "")
	admin, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := server(t.Context(), r.relay.admin())
	go func() { _ = s.Serve(admin) }()
	defer s.Close()
	at := "http://" + admin.Addr().String()
	if res, text := ask(t, "GET", at+"/-/healthz", ""); res.StatusCode != 200 || text != "ok\n" {
		t.Errorf("%d %q", res.StatusCode, text)
	}
	if res, _ := ask(t, "POST", at+"/-/healthz", ""); res.StatusCode != 405 {
		t.Error(res.Status)
	}
	if res, _ := ask(t, "GET", at+"/"+pathSecret+"/x", ""); res.StatusCode != 404 || a.seen.Load() != 1 {
		t.Error("the admin listener forwards")
	}
	_, text := ask(t, "GET", at+"/-/metrics", "")
	for _, line := range []string{
		"# TYPE authctl_proxy_requests_total counter\n", `authctl_proxy_requests_total{code="200"} 1` + "\n", `authctl_proxy_requests_total{code="404"} 1` + "\n",
		`authctl_proxy_refused_total{reason="secret"} 1` + "\n", `authctl_proxy_refused_total{reason="host"} 0` + "\n",
		`authctl_proxy_request_duration_seconds_bucket{le="+Inf"} 2` + "\n", "authctl_proxy_request_duration_seconds_count 2\n",
		"authctl_proxy_requests_in_flight 0\n", "authctl_proxy_tokens_total 1\n", "authctl_proxy_token_failures_total 0\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	if strings.Contains(text, "CANARY") {
		t.Error("the metrics show a secret")
	}
}

func TestAPanicOfOneRequestEndsThatRequestAlone(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(c *Config, _ *tokens) {
		c.Explain = func(*fault.Error) []byte { panic("a bug") }
	})
	conn := dial(t, r.host)
	_, _ = fmt.Fprintf(conn, "GET /%s/../x HTTP/1.1\r\nHost: %s\r\n\r\n", pathSecret, r.host)
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("it was answered")
	}
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 {
		t.Error(res.Status)
	}
}

func TestARelayWithoutABaseIsRefused(t *testing.T) {
	for _, base := range []string{"", "api.example.com", "https://u:p@api.example.com", "https://api.example.com?x"} {
		if _, err := New(Config{Base: base, Clock: time.Now}, &Door{}); err == nil {
			t.Errorf("%q was taken", base)
		}
	}
}

func TestAnAcceptThatFailsIsAnError(t *testing.T) {
	a := newAPI(t, false, hello)
	door, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broken := &Door{Listener: brokenListener{door.Listener}, url: door.url, hosts: door.hosts}
	r, err := New(Config{Base: a.URL, Clock: time.Now, Transport: transport(t), Upgrade: transport(t)}, broken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Serve(t.Context(), broken, nil); !fault.Is(err, fault.IO) || !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
}

type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, os.ErrPermission }
