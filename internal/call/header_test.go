package call

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func encode(s string, urlSafe, padded bool) string {
	e := base64.StdEncoding
	if urlSafe {
		e = base64.URLEncoding
	}
	if !padded {
		e = e.WithPadding(base64.NoPadding)
	}
	return e.EncodeToString([]byte(s))
}

func TestAHeaderThatIsNoneIsRefusedUnseen(t *testing.T) {
	for _, line := range []string{
		"", ":", ": CANARY", "CANARY", "Bearer CANARY", "CANARY X: y", "X\x00: CANARY", "X: CAN\x00ARY", "X: CANARY\rY: 1",
		"X: CANARY\nY: 1", "X: CANARY\x7f", "X; CANARY", "É: CANARY", ";",
	} {
		var h Headers
		if err := h.Add(line); !fault.Is(err, fault.Usage) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestHeadersAreReadAsCurlReadsThem(t *testing.T) {
	var h Headers
	for _, line := range []string{"A: 1", "a:2", "B:\t two words \r\n", "C;", "D:", "E: ", "F: a:b;c", "G : x"} {
		if err := h.Add(line); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	if got := fmt.Sprint(h.Set, h.Remove); got != "map[A:[1 2] B:[two words] C:[] F:[a:b;c] G:[x]] [D E]" || len(h.Set["C"]) != 1 {
		t.Error(got)
	}
	h = Headers{}
	if err := h.AddFile(strings.NewReader("A: 1\r\n\r\nB;\nC:\n")); err != nil || fmt.Sprint(h.Set, h.Remove) != "map[A:[1] B:[]] [C]" {
		t.Error(h, err)
	}
	if err := h.AddFile(strings.NewReader("A: 1\nnonsense\n")); !fault.Is(err, fault.Usage) {
		t.Error(err)
	}
	if err := h.AddFile(strings.NewReader(strings.Repeat("A: 1\n", maxHeaderFile/5+1))); !fault.Is(err, fault.IO) {
		t.Error(err)
	}
	if err := h.AddFile(strings.NewReader("A: " + strings.Repeat("x", maxHeaderFile+10))); !fault.Is(err, fault.IO) {
		t.Error(err)
	}
}

func TestHeadersThatContradictTheRequestAreRefused(t *testing.T) {
	s := newWire(t, answer(200))
	c, source := newClient(t, s.base)
	for _, name := range []string{
		"Authorization", "authorization", "Host", "Content-Length", "transfer-encoding", "Proxy-Authorization", "Upgrade", "TE", "Trailer",
	} {
		req := &Request{URL: parse(t, s.base), Header: http.Header{name: {"CANARY"}}}
		if _, _, err := do(t, c, req); !fault.Is(err, fault.Usage) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
		req.NoAuth = true
		_, _, err := do(t, c, req)
		if allowed := strings.EqualFold(name, "Authorization") || name == "Host"; allowed != (err == nil) {
			t.Errorf("%s without auth: %v", name, err)
		}
	}
	for _, bad := range []*Request{{Header: http.Header{"X": {"a\r\nb"}}}, {Header: http.Header{"X Y": {"a"}}}, {Remove: []string{"authorization"}}} {
		bad.URL = parse(t, s.base)
		if _, _, err := do(t, c, bad); !fault.Is(err, fault.Usage) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if source.asked != 0 {
		t.Error("a token was asked for")
	}
}

func TestTheUsersHeadersWin(t *testing.T) {
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	c.Headers = []Header{{"X-Tenant", secret.New("profile")}, {"X-Other", secret.New("profile")}, {"x-other", secret.New("two")}}
	req := &Request{
		Method: "POST", URL: parse(t, s.base), Body: Text("{}"), Remove: []string{"accept", "USER-AGENT", "Content-Type"},
		Implied: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Header:  http.Header{"X-Tenant": {"mine"}, "Content-Type": {"text/plain"}, "Connection": {"close"}, "X-Empty": {""}},
	}
	if _, _, err := do(t, c, req); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(s.heads[0], "\r\nContent-Length: 2\r\n")
	want := "Authorization: Bearer old\r\nConnection: close\r\nContent-Type: text/plain\r\nX-Empty: \r\nX-Other: profile\r\nX-Other: two\r\nX-Tenant: mine"
	if got != want || strings.Contains(s.heads[0], "User-Agent") || strings.Contains(s.heads[0], "Accept") {
		t.Errorf("%s", s.heads[0])
	}
}

func TestATraceCanBeShownToAnybody(t *testing.T) {
	s := newWire(t, answer(200, "Set-Cookie: CANARY", "Location: https://u:CANARY@h.example/cb?code=CANARY&CANARY#CANARY",
		"X-Auth-Token: CANARY", "X-Plain: seen\u202e\u009b"))
	c, source := newClient(t, s.base)
	c.Headers = []Header{{"x-tenant", secret.New("CANARY")}}
	var lines []string
	c.Trace = func(line string) { lines = append(lines, line) }
	req := &Request{
		Method: "POST", URL: parse(t, s.base+"/p?api_key=CANARY&page=CANARY"), Body: Text("CANARY"),
		Header: http.Header{"Cookie": {"CANARY"}, "X-Api-Key": {"CANARY"}, "Accept": {"text/plain"}},
	}
	if _, _, err := do(t, c, req); err != nil || source.asked != 1 {
		t.Fatal(err)
	}
	all := strings.Join(lines, "\n")
	if strings.Contains(all, "CANARY") || strings.Contains(all, "Bearer old") || strings.ContainsAny(all, "\u202e\u009b\r") {
		t.Errorf("%s", all)
	}
	for _, want := range []string{
		"> POST /p?api_key=[redacted]&page=[redacted]", "> Authorization: Bearer [redacted]", "> Accept: text/plain", "> Content-Length: 6",
		"* connected to 127.0.0.1:", "< HTTP/1.1 200 Text", `< X-Plain: seen\u202e\u009b`, "< Set-Cookie: [redacted]",
		"< Location: [redacted]@h.example/cb?code=[redacted]&[redacted]#[redacted]",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

func FuzzHeaderLine(f *testing.F) {
	f.Add("A: b")
	f.Add("A;")
	f.Add("A:\r\nB: c")
	f.Fuzz(func(t *testing.T, line string) {
		var h Headers
		if h.Add(line) != nil {
			return
		}
		for name, values := range h.Set {
			if len(values) != 1 || !isToken(name) || strings.ContainsAny(values[0], "\r\n\x00") {
				t.Fatalf("%q gives %q: %q", line, name, values)
			}
		}
		if len(h.Set)+len(h.Remove) != 1 {
			t.Fatalf("%q gives %v", line, h)
		}
	})
}

func TestAConnectionMayBeClosedOrKeptInAnyCase(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	for value, allowed := range map[string]bool{"Keep-Alive": true, "CLOSE": true, "keep-alive": true, "Upgrade": false, "close, X-Key": false, "": false} {
		_, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: http.Header{"Connection": {value}}})
		if allowed != (err == nil) || err != nil && !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestAHostThatCannotBeSentIsRefused(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	for _, values := range [][]string{{"a b"}, {"a/b"}, {"u@h"}, {"a\tb"}, {`a\b`}, {`"a"`}, {"a?b"}, {"a#b"}, {""}, {"a", "b"}} {
		_, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: http.Header{"Host": values}, NoAuth: true})
		if !fault.Is(err, fault.Usage) || s.hits() != 0 {
			t.Errorf("%q: %v", values, err)
		}
	}
	for i, value := range []string{"h.example", "h_1.example:99", "[::1]:80", "h.example."} {
		_, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: http.Header{"Host": {value}}, NoAuth: true})
		if err != nil || !strings.Contains(s.heads[i], "\r\nHost: "+value+"\r\n") {
			t.Errorf("%q: %v", value, err)
		}
	}
}
