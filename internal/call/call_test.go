package call

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func TestACallOffTheOriginsIsRefusedBeforeAnything(t *testing.T) {
	home, other := newWire(t, answer(200)), newWire(t, answer(200))
	c, source := newClient(t, home.base)
	c.Headers = []Header{{"X-Api-Key", secret.New("k")}}
	for _, raw := range []string{
		other.base, strings.Replace(home.base, "127.0.0.1", "localhost", 1), strings.Replace(home.base, "http://", "https://", 1),
		strings.Replace(home.base, "http://", "http://user@", 1), strings.Replace(home.base, "127.0.0.1", "127.0.0.1.evil.example", 1),
	} {
		if _, _, err := do(t, c, &Request{URL: parse(t, raw)}); !fault.Is(err, fault.Policy) {
			t.Errorf("%s: %v, want a policy fault", raw, err)
		}
	}
	c.Source = nil // the profile's headers are bound as the token is
	if _, _, err := do(t, c, &Request{URL: parse(t, other.base)}); !fault.Is(err, fault.Policy) {
		t.Errorf("profile headers: %v, want a policy fault", err)
	}
	if source.asked != 0 || home.conns+other.conns != 0 {
		t.Errorf("%d tokens asked for, %d connections", source.asked, home.conns+other.conns)
	}
}

func TestTheRequestOnTheWireIsThis(t *testing.T) {
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	c.Headers = []Header{{"X-Tenant", secret.New("t1")}}
	u := parse(t, s.base+"/a%2Fb?x=%7E&y#frag")
	_, body, err := do(t, c, &Request{URL: u, Header: http.Header{"x-mine": {"1", "2"}}})
	if err != nil || body != "ok" {
		t.Fatal(body, err)
	}
	want := strings.Join([]string{
		"GET /a%2Fb?x=%7E&y HTTP/1.1", "Host: " + u.Host, "User-Agent: authctl/test", "Accept: */*",
		"Authorization: Bearer old", "X-Mine: 1", "X-Mine: 2", "X-Tenant: t1",
	}, "\r\n")
	if s.heads[0] != want {
		t.Errorf("got:\n%s\nwant:\n%s", s.heads[0], want)
	}
}

func TestWithoutAuthNeitherTokenNorProfileHeadersAreSent(t *testing.T) {
	home, other := newWire(t, answer(200)), newWire(t, answer(401))
	c, source := newClient(t, home.base)
	c.Headers = []Header{{"X-Api-Key", secret.New("CANARY")}}
	req := &Request{URL: parse(t, other.base), NoAuth: true, Header: http.Header{"Authorization": {"Basic mine"}, "Host": {"virtual.example"}}}
	if res, _, err := do(t, c, req); err != nil || res.StatusCode != 401 {
		t.Fatal(res, err)
	}
	head := other.heads[0]
	if strings.Contains(head, "CANARY") || strings.Contains(head, "Bearer") || !strings.Contains(head, "Authorization: Basic mine") ||
		!strings.Contains(head, "Host: virtual.example") || source.asked+len(source.claims) != 0 || other.hits() != 1 {
		t.Errorf("%d tokens, %d hits:\n%s", source.asked, other.hits(), head)
	}
}

func TestARedirectIsTheAnswer(t *testing.T) {
	other := newWire(t, answer(200))
	s := newWire(t, answer(307, "Location: "+other.base), answer(200))
	c, _ := newClient(t, s.base)
	if res, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || res.StatusCode != 307 {
		t.Fatal(res, err)
	}
	if s.hits() != 1 || other.conns != 0 {
		t.Errorf("%d requests, %d connections elsewhere", s.hits(), other.conns)
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	for _, c := range []struct {
		name     string
		script   []string
		statuses []int
		body     Body
		hits     int
		status   int
	}{
		{"renewed", []string{answer(401), answer(200)}, nil, nil, 2, 200},
		{"refused twice", []string{answer(401)}, nil, nil, 2, 401},
		{"with a body", []string{answer(401), answer(200)}, nil, Text("data"), 2, 200},
		{"another status", []string{answer(403)}, nil, nil, 1, 403},
		{"a status of the profile", []string{answer(403), answer(200)}, []int{403}, nil, 2, 200},
		{"401 not in the profile", []string{answer(401), answer(200)}, []int{403}, nil, 1, 401},
		{"server error", []string{answer(500), answer(200)}, nil, nil, 1, 500},
		{"a stream", []string{answer(401), answer(200)}, nil, &streamBody{in: endless(bufferedBody + 1)}, 1, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newWire(t, c.script...)
			client, source := newClient(t, s.base)
			client.ReauthStatuses = c.statuses
			req := &Request{Method: "POST", URL: parse(t, s.base), Body: c.body}
			res, _, err := do(t, client, req)
			if err != nil || res.StatusCode != c.status || s.hits() != c.hits || len(source.claims) != c.hits-1 {
				t.Fatalf("%v, %v: %d hits, %d renewals", res, err, s.hits(), len(source.claims))
			}
			if c.hits == 2 && (!strings.Contains(s.heads[1], "Authorization: Bearer new") || s.body[0] != s.body[1] || s.conns != 2) {
				t.Errorf("the replay over connection %d: %q\n%s", s.conns, s.body, s.heads[1])
			}
			if want := c.name == "a stream"; client.Unrenewed(req, res) != want {
				t.Errorf("Unrenewed is not %v", want)
			}
		})
	}
}

func TestAFailedRenewalIsTheError(t *testing.T) {
	s := newWire(t, answer(401))
	c, source := newClient(t, s.base)
	source.fail = fault.New(fault.Auth, "auth.invalid_client", "refused")
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base)}); !fault.Is(err, fault.Auth) || s.hits() != 1 {
		t.Errorf("%v after %d hits", err, s.hits())
	}
}

func TestAClaimsChallengeReachesTheRenewal(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1?>~"}}}`
	challenge := func(status int, encoded string) string {
		return answer(status, `WWW-Authenticate: Negotiate, Bearer realm="", error="insufficient_claims", claims="`+encoded+`"`)
	}
	for _, c := range []struct {
		name, first, want string
		statuses          []int
		hits              int
	}{
		{"standard", challenge(401, encode(claims, false, true)), claims, nil, 2},
		{"standard without padding", challenge(401, encode(claims, false, false)), claims, nil, 2},
		{"url-safe", challenge(401, encode(claims, true, true)), claims, nil, 2},
		{"url-safe without padding", challenge(401, encode(claims, true, false)), claims, nil, 2},
		{"401 not in the profile", challenge(401, encode(claims, true, true)), claims, []int{}, 2},
		{"another status", challenge(403, encode(claims, true, true)), "", nil, 1},
		{"no base64", challenge(401, "!!!"), "", []int{}, 1},
		{"no object", challenge(401, encode(`"x"`, false, true)), "", []int{}, 1},
		{"null", challenge(401, encode(`null`, false, true)), "", []int{}, 1},
		{"no base64 but 401", challenge(401, "!!!"), "", nil, 2},
		{"another error", answer(401, `WWW-Authenticate: Bearer error="invalid_token", claims="e30="`), "", []int{}, 1},
	} {
		s := newWire(t, c.first, answer(200))
		client, source := newClient(t, s.base)
		client.ReauthStatuses = c.statuses
		if _, _, err := do(t, client, &Request{URL: parse(t, s.base)}); err != nil || s.hits() != c.hits {
			t.Errorf("%s: %v, %d hits", c.name, err, s.hits())
		} else if c.hits == 2 && source.claims[0] != c.want {
			t.Errorf("%s: claims %q", c.name, source.claims[0])
		}
	}
}

func TestALostConnectionIsNotTriedAgain(t *testing.T) {
	for _, req := range []*Request{
		{}, {Method: "POST", Body: Text("x"), Header: http.Header{"Idempotency-Key": {"1"}}}, {Method: "DELETE"},
	} {
		s := newWire(t, "")
		c, _ := newClient(t, s.base)
		req.URL = parse(t, s.base)
		if _, _, err := do(t, c, req); !fault.Is(err, fault.Network) || s.hits() != 1 {
			t.Errorf("%s: %v, %d hits", req.Method, err, s.hits())
		}
	}
	s := newWire(t, answer(401), "") // the replay is lost
	c, _ := newClient(t, s.base)
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base)}); !fault.Is(err, fault.Network) || s.hits() != 2 {
		t.Errorf("replay: %v, %d hits", err, s.hits())
	}
}

func TestTRACEIsNotSentWithAToken(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	for _, method := range []string{"TRACE", "trace", "Trace", "CONNECT", "connect"} { // some servers do not mind the case
		if _, _, err := do(t, c, &Request{Method: method, URL: parse(t, s.base)}); !fault.Is(err, fault.Usage) || s.hits() != 0 {
			t.Errorf("%s: %v, %d requests", method, err, s.hits())
		}
	}
	if _, _, err := do(t, c, &Request{Method: "TRACE", URL: parse(t, s.base), NoAuth: true}); err != nil || s.hits() != 1 {
		t.Errorf("%v, %d requests", err, s.hits())
	}
}
