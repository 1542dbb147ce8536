package call

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/secret"
)

func TestAHeaderIsSentAsItsNameWasSpelled(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	var h Headers
	for _, line := range []string{"SOAPAction: a", "x-low: 1", "X-LOW: 2", "content-type: a/b", "user-agent: me", "accept:", "IDEMPOTENCY-KEY: k"} {
		if err := h.Add(line); err != nil {
			t.Fatal(err)
		}
	}
	req := &Request{
		Method: "POST", URL: parse(t, s.base), Body: Text("x"), Header: h.Set, Remove: h.Remove, Spelled: h.Spelled,
		Implied: http.Header{"Content-Type": {"text/plain"}},
	}
	if _, _, err := do(t, c, req); err != nil {
		t.Fatal(err)
	}
	head := s.heads[0] + "\r\n"
	for _, want := range []string{
		"\r\nSOAPAction: a\r\n", "\r\nx-low: 1\r\nx-low: 2\r\n", "\r\ncontent-type: a/b\r\n", "\r\nUser-Agent: me\r\n",
		"\r\nIdempotency-Key: k\r\n", // net/http looks for these two by their name
	} {
		if !strings.Contains(head, want) {
			t.Errorf("%q is not in %q", want, head)
		}
	}
	if lower := strings.ToLower(head); strings.Count(lower, "content-type:") != 1 || strings.Contains(lower, "accept:") {
		t.Errorf("a header twice, or one that was to be left out:\n%s", head)
	}
}

func TestASpellingHidesNoSecretFromTheTrace(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	c.Headers = []Header{{Name: "X-Plain"}}
	var lines []string
	c.Trace = func(line string) { lines = append(lines, line) }
	var h Headers
	for _, line := range []string{"x-plain: CANARY", "referer: https://h.example/?q=CANARY", "x-api-key: CANARY"} {
		if err := h.Add(line); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: h.Set, Spelled: h.Spelled}); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(lines, "\n"); strings.Contains(text, "CANARY") || !strings.Contains(text, "> x-plain: ") {
		t.Errorf("%s", text)
	}
}

func TestAHeaderOfTheProfileIsSentAsItsNameWasSpelled(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	c.Headers = []Header{{"SOAPAction", secret.New("a")}, {"x-low", secret.New("1")}, {"x-tenant", secret.New("profile")}, {"user-agent", secret.New("p")}}
	var h Headers
	for _, line := range []string{"X-Tenant: mine", "x-tenant: too"} {
		if err := h.Add(line); err != nil {
			t.Fatal(err)
		}
	}
	before := maps.Clone(h.Spelled)
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: h.Set, Spelled: h.Spelled}); err != nil {
		t.Fatal(err)
	}
	head := s.heads[0] + "\r\n"
	for _, want := range []string{"\r\nSOAPAction: a\r\n", "\r\nx-low: 1\r\n", "\r\nX-Tenant: mine\r\nX-Tenant: too\r\n", "\r\nUser-Agent: p\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("%q is not in %q", want, head)
		}
	}
	if !maps.Equal(before, h.Spelled) {
		t.Error("a request was changed, which others may share")
	}
}
