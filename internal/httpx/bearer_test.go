package httpx

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func newRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestATokenIsNotPutOnARequestOffItsOrigins(t *testing.T) {
	b := NewBearer(secret.New("tok"), "", Origins{mustOrigin(t, "https://api.example.com")})
	for _, url := range []string{
		"https://evil.example/", "http://api.example.com/", "https://api.example.com:8443/", "https://x.api.example.com/",
		"https://user@api.example.com/", "https://api.example.com.evil.example/", "ftp://api.example.com/",
	} {
		req := newRequest(t, url)
		err := b.Authorize(req)
		if !fault.Is(err, fault.Policy) {
			t.Errorf("%s: %v, want a policy fault", url, err)
		}
		if len(req.Header) != 0 {
			t.Errorf("%s: the refused request has headers %v", url, req.Header)
		}
	}
	if err := (Bearer{}).Authorize(newRequest(t, "https://api.example.com/")); !fault.Is(err, fault.Policy) {
		t.Errorf("the zero Bearer: %v", err)
	}
}

func TestATokenIsNeverSentInClearBeyondThisMachine(t *testing.T) {
	b := NewBearer(secret.New("tok"), "Bearer", Origins{
		mustOrigin(t, "http://api.example.com"), mustOrigin(t, "http://127.0.0.1:8080"),
	})
	if err := b.Authorize(newRequest(t, "http://api.example.com/")); !fault.Is(err, fault.Policy) {
		t.Errorf("plain http: %v", err)
	}
	if err := b.Authorize(newRequest(t, "http://127.0.0.1:8080/")); err != nil {
		t.Errorf("loopback http: %v", err)
	}
}

func TestAHostHeaderCannotSteerAToken(t *testing.T) {
	b := NewBearer(secret.New("tok"), "", Origins{mustOrigin(t, "https://api.example.com")})
	req := newRequest(t, "https://api.example.com/")
	req.Host = "evil.example"
	if err := b.Authorize(req); !fault.Is(err, fault.Policy) {
		t.Errorf("a foreign Host: %v", err)
	}
	req.Host = "API.example.com:443"
	if err := b.Authorize(req); err != nil {
		t.Errorf("the same Host, spelt otherwise: %v", err)
	}
}

func TestExactlyOneAuthorizationIsLeft(t *testing.T) {
	b := NewBearer(secret.New("tok"), "bearer", Origins{mustOrigin(t, "https://api.example.com")})
	req := newRequest(t, "https://api.example.com/")
	req.Header = http.Header{"authorization": {"Basic x"}, "AUTHORIZATION": {"y"}, "Authorization": {"a", "b"}, "X": {"1"}}
	if err := b.Authorize(req); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(req.Header); got != "map[Authorization:[Bearer tok] X:[1]]" {
		t.Error(got)
	}
}

func TestATokenThatIsNoHeaderValueIsRefusedUnseen(t *testing.T) {
	for _, token := range []string{"", "CANARY\r\nX-Evil: 1", "CANARY\n", "CANARY x", "CANARY\x00", "CANARYé", "CANARY\x7f"} {
		b := NewBearer(secret.New(token), "", Origins{mustOrigin(t, "https://api.example.com")})
		err := b.Authorize(newRequest(t, "https://api.example.com/"))
		if !fault.Is(err, fault.Protocol) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", token, err)
		}
	}
	b := NewBearer(secret.New("x"), "mac", Origins{mustOrigin(t, "https://api.example.com")})
	if err := b.Authorize(newRequest(t, "https://api.example.com/")); !fault.Is(err, fault.Protocol) {
		t.Errorf("token type mac: %v", err)
	}
}

func TestABearerPrintsWithoutItsToken(t *testing.T) {
	b := NewBearer(secret.New("CANARY"), "", nil)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, b); strings.Contains(s, "CANARY") {
			t.Errorf("%s shows the token: %s", verb, s)
		}
	}
}
