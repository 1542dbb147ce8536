package callback_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/callback"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

const state = "STATE-of-this-login"

type heard struct {
	answer *callback.Answer
	err    error
}

// await listens and waits; result gives what Wait gave.
func await(t *testing.T, r callback.Redirect) (l *callback.Listener, result func() heard) {
	t.Helper()
	l, err := callback.Listen(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	done := make(chan heard, 1)
	go func() {
		answer, err := l.Wait(ctx, secret.New(state))
		done <- heard{answer, err}
	}()
	return l, func() heard {
		select {
		case h := <-done:
			return h
		case <-ctx.Done():
			t.Fatal("Wait did not end")
			return heard{}
		}
	}
}

func hostOf(t *testing.T, l *callback.Listener) string {
	t.Helper()
	u, err := url.Parse(l.URI())
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// send writes a request byte for byte and gives the whole answer.
func send(t *testing.T, address, raw string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

func get(t *testing.T, l *callback.Listener, target string) string {
	t.Helper()
	host := hostOf(t, l)
	return send(t, host, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
}

func wantStatus(t *testing.T, answer string, status int) {
	t.Helper()
	if !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d ", status)) {
		line, _, _ := strings.Cut(answer, "\r\n")
		t.Errorf("answered %q, want %d", line, status)
	}
}

func TestTheAnswerWithTheStateEndsTheWait(t *testing.T) {
	l, result := await(t, callback.Redirect{})
	if uri := l.URI(); !strings.HasPrefix(uri, "http://127.0.0.1:") || !strings.HasSuffix(uri, "/callback") {
		t.Errorf("redirect URI %s", uri)
	}
	page := get(t, l, "/callback?code=SplxlOBe%2FZQ%2B1&state="+state+"&iss=https%3A%2F%2Fidp.example.com")
	wantStatus(t, page, 200)
	h := result()
	if h.err != nil || h.answer.Code.Reveal() != "SplxlOBe/ZQ+1" || h.answer.Issuer != "https://idp.example.com" || !h.answer.Named || h.answer.Error != "" {
		t.Errorf("heard %+v, %v", h.answer, h.err)
	}
	if conn, err := net.Dial("tcp", hostOf(t, l)); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

// A page whose length is said is whole once its last byte is out. One in chunks has an end of its own, which the server
// may not get to send: it closes as soon as the answer is heard.
func TestThePageIsWholeBeforeTheWaitEnds(t *testing.T) {
	l, result := await(t, callback.Redirect{})
	answer := get(t, l, "/callback?code=c&state="+state)
	if h := result(); h.err != nil {
		t.Fatal(h.err)
	}
	page, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil || page.ContentLength != int64(len(text)) || !strings.HasSuffix(string(text), "</html>\n") {
		t.Errorf("%d bytes are promised, %v: %q", page.ContentLength, err, text)
	}
}

func TestThePageIsKeptNowhereAndRepeatsNothing(t *testing.T) {
	for name, target := range map[string]string{
		"success": "/callback?code=<script>CANARY&state=" + state,
		"refusal": "/callback?error=<script>CANARY&error_description=CANARY&state=" + state,
		"stray":   "/callback?code=CANARY&state=<script>CANARY",
		"path":    "/<script>CANARY",
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := await(t, callback.Redirect{})
			page := get(t, l, target)
			for _, line := range []string{
				"Cache-Control: no-store", "Referrer-Policy: no-referrer", "Content-Security-Policy: default-src 'none'",
				"X-Content-Type-Options: nosniff", "Content-Type: text/html; charset=utf-8", "Connection: close",
			} {
				if !strings.Contains(page, "\r\n"+line) {
					t.Errorf("no %s in\n%s", line, page)
				}
			}
			if strings.Contains(page, "CANARY") || strings.Contains(page, state) || strings.Contains(page, "<script") {
				t.Errorf("it repeats what was sent:\n%s", page)
			}
		})
	}
}

// Whatever is sent without the state must end nothing, and must not come out of Wait.
func TestWhatIsNoAnswerIsAnsweredAndForgotten(t *testing.T) {
	l, result := await(t, callback.Redirect{})
	host := hostOf(t, l)
	head := func(line, host string) string { return line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n" }
	good := "/callback?code=evil&state=" + state
	cases := map[string]struct {
		raw    string
		status int
	}{
		"icon":            {head("GET /favicon.ico", host), 404},
		"root":            {head("GET /", host), 404},
		"below":           {head("GET /callback/?code=evil&state="+state, host), 404},
		"escaped path":    {head("GET /%63allback?code=evil&state="+state, host), 404},
		"dots":            {head("GET /x/../callback?code=evil&state="+state, host), 404},
		"wrong state":     {head("GET /callback?code=evil&state=another", host), 400},
		"no state":        {head("GET /callback?code=evil", host), 400},
		"empty state":     {head("GET /callback?code=evil&state=", host), 400},
		"longer state":    {head("GET /callback?code=evil&state="+state+"x", host), 400},
		"two states":      {head("GET /callback?code=evil&state="+state+"&state=another", host), 400},
		"state twice":     {head("GET /callback?code=evil&state="+state+"&state="+state, host), 400},
		"other case":      {head("GET /callback?code=evil&State="+state, host), 400},
		"error, no state": {head("GET /callback?error=access_denied", host), 400},
		"nothing":         {head("GET /callback", host), 400},
		"POST":            {"POST " + good + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n\r\n", 405},
		"form_post":       {"POST /callback HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 35\r\n\r\ncode=evil&state=" + state, 405},
		"HEAD":            {head("HEAD "+good, host), 405},
		"OPTIONS":         {head("OPTIONS "+good, host), 405},
		"rebound name":    {head("GET "+good, "evil.example.com"), 421},
		"rebound, port":   {head("GET "+good, "evil.example.com:"+portOf(t, host)), 421},
		"other port":      {head("GET "+good, "127.0.0.1:1"), 421},
		"no port":         {head("GET "+good, "127.0.0.1"), 421},
		"localhost":       {head("GET "+good, "localhost:"+portOf(t, host)), 421},
		"absolute form":   {head("GET http://evil.example.com"+good, host), 421},
		"two hosts":       {"GET " + good + " HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.example.com\r\n\r\n", 400},
		"no host":         {"GET " + good + " HTTP/1.1\r\n\r\n", 400},
		"huge target":     {head("GET /callback?code="+strings.Repeat("a", 80<<10)+"&state="+state, host), 431},
		"huge headers":    {"GET " + good + " HTTP/1.1\r\nHost: " + host + "\r\nCookie: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", 431},
		"CONNECT":         {head("CONNECT "+host, host), 404},
		"no HTTP":         {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { wantStatus(t, send(t, host, c.raw), c.status) })
	}
	if l.Refused() != 9 {
		t.Errorf("%d refused, want the 9 without the state", l.Refused())
	}
	wantStatus(t, get(t, l, "/callback?code=good&state="+state), 200)
	if h := result(); h.err != nil || h.answer.Code.Reveal() != "good" {
		t.Errorf("heard %+v, %v", h.answer, h.err)
	}
}

func portOf(t *testing.T, host string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestARefusalIsAnAnswer(t *testing.T) {
	l, result := await(t, callback.Redirect{})
	wantStatus(t, get(t, l, "/callback?error=access_denied&error_description=not+you&state="+state), 200)
	if h := result(); h.err != nil || h.answer.Error != "access_denied" || h.answer.Description != "not you" || !h.answer.Code.IsZero() {
		t.Errorf("heard %+v, %v", h.answer, h.err)
	}
}

func TestAnAnswerThatCannotBeUsedEndsTheWait(t *testing.T) {
	for name, query := range map[string]string{
		"two codes":       "code=a&code=b",
		"code and errors": "error=a&error=b",
		"two issuers":     "code=a&iss=b&iss=b",
		"another twice":   "code=a&x=1&x=1",
		"empty code":      "code=",
		"no code":         "x=1",
		"empty error":     "code=a&error=",
		"long code":       "code=" + strings.Repeat("a", 8<<10+1),
		"control":         "code=a%0D%0Ab",
		"not ASCII":       "code=%C3%A9",
		"not escaped":     "code=%zz",
		"later rubbish":   "code=a&x=%",
	} {
		t.Run(name, func(t *testing.T) {
			l, result := await(t, callback.Redirect{})
			wantStatus(t, get(t, l, "/callback?state="+state+"&"+query), 400)
			if h := result(); h.answer != nil || !fault.Is(h.err, fault.Protocol) {
				t.Errorf("heard %+v, %v", h.answer, h.err)
			}
		})
	}
}

func TestOneAnswerServesOnce(t *testing.T) {
	l, result := await(t, callback.Redirect{})
	host := hostOf(t, l)
	pages := make(chan string, 8)
	for i := range cap(pages) {
		go func() {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				pages <- ""
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprintf(conn, "GET /callback?code=c%d&state=%s HTTP/1.1\r\nHost: %s\r\n\r\n", i, state, host)
			page, _ := io.ReadAll(conn)
			pages <- string(page)
		}()
	}
	served := 0
	for range cap(pages) {
		if strings.HasPrefix(<-pages, "HTTP/1.1 200 ") {
			served++
		}
	}
	if h := result(); served != 1 || h.err != nil || len(h.answer.Code.Reveal()) != 2 {
		t.Errorf("%d served, heard %+v, %v", served, h.answer, h.err)
	}
}

func TestSilentConnectionsHoldNothingUp(t *testing.T) {
	l, result := await(t, callback.Redirect{})
	host := hostOf(t, l)
	var silent []net.Conn
	for i := range 30 {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			_, _ = io.WriteString(conn, "GET /callback?code=") // and no more
		}
		silent = append(silent, conn)
	}
	wantStatus(t, get(t, l, "/callback?code=good&state="+state), 200)
	if h := result(); h.err != nil {
		t.Error(h.err)
	}
	for _, conn := range silent {
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		if n, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			t.Fatalf("a connection outlives the wait: %d bytes, %v", n, err)
		}
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func TestTheEndOfTheContextGivesThePortBack(t *testing.T) {
	l, err := callback.Listen(t.Context(), callback.Redirect{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answer, err := l.Wait(ctx, secret.New(state)); answer != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", answer, err)
	}
	port, _ := strconv.Atoi(portOf(t, hostOf(t, l)))
	again, err := callback.Listen(t.Context(), callback.Redirect{Port: port})
	if err != nil {
		t.Fatalf("the port was kept: %v", err)
	}
	again.Close()
}

func TestAPortThatIsTakenIsALocalError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port, _ := strconv.Atoi(portOf(t, taken.Addr().String()))
	for _, host := range []string{"", "localhost"} {
		l, err := callback.Listen(t.Context(), callback.Redirect{Host: host, Port: port})
		if l != nil || !fault.Is(err, fault.IO) || !strings.Contains(fault.From(err).HintText(), "redirect_port") {
			t.Errorf("host %q: %v", host, err)
		}
	}
}

func TestLocalhostIsHeardOnEachAddressOfTheMachine(t *testing.T) {
	l, result := await(t, callback.Redirect{Host: "localhost", Path: "/a/b%20c"})
	u, err := url.Parse(l.URI())
	if err != nil || u.Hostname() != "localhost" || u.EscapedPath() != "/a/b%2520c" {
		t.Fatalf("redirect URI %s, %v", l.URI(), err)
	}
	request := func(query string) string {
		return "GET " + u.EscapedPath() + "?" + query + " HTTP/1.1\r\nHost: LOCALHOST:" + u.Port() + "\r\n\r\n"
	}
	wantStatus(t, send(t, "127.0.0.1:"+u.Port(), request("code=a&state=b")), 400)
	last := "127.0.0.1:" + u.Port()
	if six, err := net.Listen("tcp", "[::1]:0"); err == nil { // a machine with IPv6
		six.Close()
		last = "[::1]:" + u.Port()
	}
	wantStatus(t, send(t, last, request("code=good&state="+state)), 200)
	if h := result(); h.err != nil || h.answer.Code.Reveal() != "good" {
		t.Errorf("heard %+v, %v", h.answer, h.err)
	}
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "::", "example.com", "127.0.0.1.example.com", "10.0.0.1", "127.0.0.2"} {
		if l, err := callback.Listen(t.Context(), callback.Redirect{Host: host}); l != nil || !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v", host, err)
		}
	}
}
