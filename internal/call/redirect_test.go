package call

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

func moved(status int, to string) string { return answer(status, "Location: "+to) }

func follower(t *testing.T, s *wire) *Client {
	t.Helper()
	c, _ := newClient(t, s.base)
	c.Redirects = Redirects{Follow: true, Max: 5}
	return c
}

func TestARedirectOffTheTokensOriginsIsRefusedBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	other := newWire(t, answer(200))
	for _, to := range []string{
		other.base + "/", "//127.0.0.1:9/x", "http://user@127.0.0.1/", `http:\\127.0.0.1:9\`, "file:///etc/passwd",
		"javascript:alert(1)", "http://localhost/", "https://127.0.0.1/", "/..%2f..%2fx", "http://[::1]/", "data:,x",
	} {
		for _, anonymous := range []bool{false, true} {
			s := newWire(t, moved(302, to), answer(200))
			c := follower(t, s)
			_, err := c.Do(t.Context(), &Request{URL: parse(t, s.base+"/a"), NoAuth: anonymous})
			if !fault.Is(err, fault.Policy) && !fault.Is(err, fault.Protocol) {
				t.Errorf("%s (anonymous: %t): %v", to, anonymous, err)
			}
			if s.hits() != 1 || other.hits() != 0 {
				t.Errorf("%s: %d and %d requests", to, s.hits(), other.hits())
			}
		}
	}
}

func TestARedirectIsNotFollowedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	s := newWire(t, moved(302, "/b"), answer(200))
	c, _ := newClient(t, s.base)
	res, _, err := do(t, c, &Request{URL: parse(t, s.base+"/a")})
	if err != nil || res.StatusCode != 302 || s.hits() != 1 {
		t.Errorf("%v %v, %d requests", res, err, s.hits())
	}
}

func TestARedirectWithinTheOriginIsFollowedWithTheToken(t *testing.T) {
	t.Parallel()
	s := newWire(t, moved(302, "b/../c?x=1#part"), answer(200))
	trip := &Trip{}
	res, _, err := do(t, follower(t, s), &Request{URL: parse(t, s.base+"/dir/a?secret=1"), Trip: trip})
	if err != nil || res.StatusCode != 200 || s.hits() != 2 {
		t.Fatalf("%v %v, %d requests", res, err, s.hits())
	}
	if head := s.heads[1]; !strings.HasPrefix(head, "GET /dir/c?x=1 HTTP/1.1\r\n") ||
		strings.Count(head, "Authorization: Bearer old") != 1 || strings.Contains(head, "Referer") {
		t.Errorf("sent %q", head)
	}
	if trip.Redirects != 1 || len(trip.Passed) != 1 || trip.URL.Path != "/dir/c" {
		t.Errorf("%+v", trip)
	}
}

func TestWhatBecomesOfMethodAndBody(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status       int
		method, want string
		body         bool
	}{
		{301, "POST", "GET", false},
		{302, "POST", "GET", false},
		{303, "POST", "GET", false},
		{307, "POST", "POST", true},
		{308, "POST", "POST", true},
		{301, "PUT", "PUT", true},
		{302, "PUT", "PUT", true},
		{303, "PUT", "GET", false},
		{307, "PUT", "PUT", true},
		{303, "DELETE", "GET", false},
		{302, "DELETE", "DELETE", true},
		{303, "HEAD", "HEAD", false},
	} {
		s := newWire(t, moved(tc.status, "/b"), "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n")
		req := &Request{Method: tc.method, URL: parse(t, s.base+"/a"), Implied: http.Header{"Content-Type": {"x/y"}, "Accept": {"x/z"}}}
		if tc.method != "HEAD" {
			req.Body = Text("text")
		}
		if _, _, err := do(t, follower(t, s), req); err != nil {
			t.Fatal(tc, err)
		}
		if got, _, _ := strings.Cut(s.heads[1], " "); got != tc.want || (s.body[1] == "text") != tc.body {
			t.Errorf("%d %s: sent %s with %q", tc.status, tc.method, got, s.body[1])
		}
		if strings.Contains(s.heads[1], "Content-Type: x/y") != (tc.body || tc.method == "HEAD") || !strings.Contains(s.heads[1], "Accept: x/z") {
			t.Errorf("%d %s: sent %q", tc.status, tc.method, s.heads[1])
		}
	}
}

func TestABodyThatIsGoneDoesNotFollowARedirect(t *testing.T) {
	t.Parallel()
	s := newWire(t, moved(307, "/b"), answer(200))
	_, err := follower(t, s).Do(t.Context(), &Request{Method: "PUT", URL: parse(t, s.base), Body: &streamBody{in: endless(bufferedBody + 1)}})
	if !fault.Is(err, fault.IO) || s.hits() != 1 {
		t.Errorf("%v, %d requests", err, s.hits())
	}
}

func TestRedirectsInACircleAndTooManyOfThemAreRefused(t *testing.T) {
	t.Parallel()
	circle := newWire(t, moved(302, "/b"), moved(302, "/a"))
	_, err := follower(t, circle).Do(t.Context(), &Request{URL: parse(t, circle.base+"/a")})
	if f := fault.From(err); f.Code != "policy.loop" || circle.hits() != 2 {
		t.Errorf("%v, %d requests", err, circle.hits())
	}
	many := newWire(t, moved(302, "/1"), moved(302, "/2"), moved(302, "/3"), moved(302, "/4"))
	c := follower(t, many)
	c.Redirects.Max = 2
	_, err = c.Do(t.Context(), &Request{URL: parse(t, many.base+"/a")})
	if f := fault.From(err); f.Code != "policy.redirects" || many.hits() != 3 {
		t.Errorf("%v, %d requests", err, many.hits())
	}
	none := newWire(t, moved(302, "/1"))
	c = follower(t, none)
	c.Redirects.Max = 0
	if _, err = c.Do(t.Context(), &Request{URL: parse(t, none.base)}); !fault.Is(err, fault.Policy) || none.hits() != 1 {
		t.Errorf("%v, %d requests", err, none.hits())
	}
}

func TestWhatAUserAddedStaysWithTheFirstOriginForGood(t *testing.T) {
	t.Parallel()
	friend := newWire(t)
	home := newWire(t, moved(302, friend.base+"/x"), answer(200))
	friend.script = []string{moved(302, home.base+"/end")}
	c := follower(t, home)
	other, err := httpx.ParseOrigin(friend.base)
	if err != nil {
		t.Fatal(err)
	}
	c.Origins = append(c.Origins, other)
	c.Source.(*tokens).origins = c.Origins
	c.Headers = []Header{{Name: "X-Profile", Value: secret.New("p")}}
	_, _, err = do(t, c, &Request{URL: parse(t, home.base), Header: http.Header{
		"Cookie": {"a=b"}, "X-Api-Key": {"k"}, "X-Plain": {"v"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, head := range []string{home.heads[0], friend.heads[0], home.heads[1]} {
		for _, name := range []string{"Cookie: a=b", "X-Api-Key: k"} {
			if strings.Contains(head, name) != (i == 0) {
				t.Errorf("hop %d: %q", i, head)
			}
		}
		if !strings.Contains(head, "X-Plain: v") || !strings.Contains(head, "X-Profile: p") || !strings.Contains(head, "Bearer old") {
			t.Errorf("hop %d: %q", i, head)
		}
	}
}

func TestARedirectFromHTTPSToHTTPIsRefused(t *testing.T) {
	t.Parallel()
	e := &errand{client: &Client{}, req: &Request{NoAuth: true}}
	e.client.Redirects.Max = -1
	if err := e.allow(parse(t, "https://a.example.com/"), parse(t, "http://a.example.com/")); err == nil || err.Kind != fault.Policy {
		t.Errorf("%v", err)
	}
}

func FuzzARedirectNeverLeavesItsOrigin(f *testing.F) {
	for _, seed := range []string{"/x", "//h/x", "https://a.example.com.evil.test", `\\h`, "https://a.example.com@h/", "?q", "..", "https:h", "https://a.example.com:443/", "%2e%2e/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, location string) {
		base := parse(t, "https://a.example.com/dir/x")
		res := &http.Response{StatusCode: 302, Header: http.Header{"Location": {location}}}
		target, err := locate(base, res)
		if err != nil {
			return
		}
		e := &errand{client: &Client{Redirects: Redirects{Max: -1}}, req: &Request{NoAuth: true}}
		if e.allow(base, target) == nil && (target.Scheme != "https" || target.Host != "a.example.com" || target.User != nil) {
			t.Errorf("%q leads to %s", location, target)
		}
	})
}
