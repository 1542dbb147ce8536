package grant_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

func TestAnEndpointIsAskedAsTheTokenEndpointIs(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, "\ufeff{\"device_code\":\"d\",\"expires_in\":\"600.9\",\"interval\":null}\n"))
	c := at(s, grant.Basic("id", is("sec"), grant.Raw))
	c.TokenHeaders = http.Header{"Origin": {"https://app.example.com"}, "X-Tenant": {"a", "b"}, "User-Agent": {"spa/1"}}
	c.JSON = true // of token requests alone
	found, err := c.Ask(t.Context(), s.URL+"/device", grant.Plain("scope", "a b"), grant.Hidden("hint", secret.New("h&h")))
	if err != nil {
		t.Fatal(err)
	}
	code, there, err := found.Text("device_code")
	if code != "d" || !there || err != nil {
		t.Errorf("%q %v %v", code, there, err)
	}
	if life, said, err := found.Lifetime("expires_in"); life != 10*time.Minute || !said || err != nil {
		t.Errorf("%s %v %v", life, said, err)
	}
	if _, said, err := found.Lifetime("interval"); said || err != nil {
		t.Errorf("%v %v", said, err)
	}
	r := s.Only(t)
	if r.Method != "POST" || r.Target != "/device" || r.Body != "scope=a+b&hint=h%26h" || r.Header.Get("Authorization") != "Basic aWQ6c2Vj" ||
		r.Header.Get("Origin") != "https://app.example.com" || strings.Join(r.Header["X-Tenant"], " ") != "a b" || r.Header.Get("Accept") != "application/json" ||
		strings.Join(r.Header["User-Agent"], " ") != "spa/1" {
		t.Errorf("%s", r.Raw)
	}
}

func TestAnAnswerThatIsNoJSONObjectIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
		code  string
	}{
		"form":     {authtest.Answer(200, "access_token=x&device_code=y"), fault.Protocol, "protocol.reply"},
		"twice":    {authtest.JSON(200, `{"device_code":"a","device_code":"b"}`), fault.Protocol, "protocol.reply"},
		"trailing": {authtest.JSON(200, `{}{}`), fault.Protocol, "protocol.reply"},
		"list":     {authtest.JSON(200, `[]`), fault.Protocol, "protocol.reply"},
		"page":     {authtest.Answer(200, `<html><title>Sign in</title>`), fault.Protocol, "protocol.reply"},
		"nothing":  {authtest.Answer(204, ""), fault.Protocol, "protocol.reply"},
		"giant":    {authtest.Endless("HTTP/1.1 200 OK\r\n\r\n", "aaaa"), fault.Protocol, "protocol.too_large"},
		"refused":  {authtest.JSON(400, `{"error":"invalid_scope"}`), fault.Auth, "auth.invalid_scope"},
		"200":      {authtest.JSON(200, `{"error":"slow_down"}`), fault.Auth, "auth.slow_down"},
		"empty":    {authtest.Answer(403, ""), fault.Auth, "auth.http_403"},
		"busy":     {authtest.Answer(429, "", "Retry-After: 5"), fault.Network, "network.throttled"},
		"redirect": {authtest.Redirect(308, "/x"), fault.Policy, "policy.redirect"},
	} {
		s := authtest.FakeIDP(t, c.reply)
		config := at(s, grant.None("c"))
		found, err := config.Ask(t.Context(), s.URL+"/x")
		if e := fault.From(err); found != nil || e.Kind != c.kind || e.Code != c.code {
			t.Errorf("%s: %v %v", name, found, err)
		}
		s.Only(t)
	}
}

func TestFurtherHeadersGoOnEveryRequestAndCannotTakeTheClientsPlace(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	c := at(s, grant.Basic("id", is("sec"), grant.Raw))
	c.TokenHeaders = http.Header{"Authorization": {"Basic c3RvbGVu"}, "Content-Type": {"text/plain"}, "Origin": {"https://a.example.com"}}
	c.Header = func() http.Header { return http.Header{"Client-Request-Id": {"1"}} }
	for _, ask := range []func() error{
		func() error {
			_, err := (&grant.ClientCredentials{Config: c}).Token(t.Context(), grant.Ask{})
			return err
		},
		func() error { _, err := c.Refresh(t.Context(), previous(), grant.Ask{}); return err },
		func() error { _, err := c.Push(t.Context(), s.URL+"/par"); return err },
	} {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range s.Requests() {
		form(t, r)
		if len(r.Header["Authorization"]) != 1 || r.Header.Get("Authorization") != "Basic aWQ6c2Vj" || r.Header.Get("Origin") != "https://a.example.com" || r.Header.Get("Client-Request-Id") != "1" {
			t.Errorf("%s", r.Raw)
		}
	}
	if len(c.TokenHeaders) != 3 {
		t.Errorf("the profile's headers changed: %v", c.TokenHeaders)
	}
}

func TestClaimsOfTheProfileAndOfAChallengeAreSentAsOne(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	c := at(s, grant.None("c"))
	c.Claims = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`
	g := &grant.ClientCredentials{Config: c}
	for _, challenge := range []string{"", `{"access_token":{"nbf":{"essential":true}}}`} {
		if _, err := g.Token(t.Context(), grant.Ask{Claims: challenge}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{c.Claims, `{"access_token":{"nbf":{"essential":true},"xms_cc":{"values":["cp1"]}}}`} {
		if sent := form(t, s.Requests()[i]); len(sent["claims"]) != 1 || sent.Get("claims") != want {
			t.Errorf("%v", sent["claims"])
		}
	}
}
