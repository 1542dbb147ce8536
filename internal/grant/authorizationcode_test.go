package grant_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

// human is a person of a test: what they were told, and how they answer.
type human struct {
	mu   sync.Mutex
	told []string
	// browse is given the authorization request and gives the query of the redirect, or its whole address; several, one
	// a line, are opened in turn. nil: --no-browser.
	browse func(request url.Values) string
	pages  []string // what the browser was shown
	pastes []string // lines of the terminal; at their end it has no more
	shown  []string // QR codes
}

func (h *human) person(t *testing.T) grant.Person {
	p := grant.Person{
		Tell: func(format string, args ...any) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.told = append(h.told, fmt.Sprintf(format, args...))
		},
		Paste:   h.paste,
		Picture: func(address string) { h.shown = append(h.shown, address) },
	}
	if h.browse != nil {
		p.Browse = func(_ context.Context, address string) error { return h.visit(t, address) }
	}
	return p
}

func (h *human) paste(context.Context, string) (string, error) {
	if len(h.pastes) == 0 {
		return "", io.EOF
	}
	line := h.pastes[0]
	h.pastes = h.pastes[1:]
	return line, nil
}

// visit is a browser that the server redirects at once.
func (h *human) visit(t *testing.T, address string) error {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	for target := range strings.SplitSeq(h.browse(u.Query()), "\n") {
		if !strings.HasPrefix(target, "http://") {
			target = u.Query().Get("redirect_uri") + "?" + target
		}
		resp, err := http.Get(target)
		if err != nil {
			return err
		}
		page, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		h.pages = append(h.pages, fmt.Sprintf("%d %s", resp.StatusCode, page))
	}
	return nil
}

// lines are what the person was told, each on its own.
func (h *human) lines() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told)
}

// address is the authorization request that the person was told.
func (h *human) address(t *testing.T) *url.URL {
	t.Helper()
	for _, line := range h.lines() {
		if u, err := url.Parse(line); err == nil && u.Scheme != "" && u.Query().Get("client_id") != "" {
			return u
		}
	}
	t.Fatalf("no address among %q", h.lines())
	return nil
}

// yes is a browser whose person agrees.
func yes(request url.Values) string { return "code=SplxlOBe&state=" + request.Get("state") }

// known is a server of the profile's own keys.
func known(s *authtest.Server) grant.Known {
	return grant.Known{Token: s.URL + "/token", Authorization: s.URL + "/authorize", DeviceAuthorization: s.URL + "/device"}
}

func codeGrant(s *authtest.Server) *grant.AuthorizationCode {
	return &grant.AuthorizationCode{Config: grant.Config{Endpoint: endpoint(s), Server: known(s), Auth: grant.None("app"), DefaultTTL: time.Minute}}
}

func login(t *testing.T, g grant.Login, h *human) (*grant.Token, *fault.Error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	token, err := g.Login(ctx, h.person(t))
	if err == nil {
		return token, nil
	}
	if token != nil {
		t.Error("a token beside an error")
	}
	return nil, fault.From(err)
}

// s256 is the challenge of RFC 7636 section 4.2, written anew.
func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestALoginByCodeStandsOnTheWireByteForByte(t *testing.T) {
	if s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Fatal("the test's own challenge is not that of RFC 7636 appendix B")
	}
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"Bearer","expires_in":60,"refresh_token":"ref"}`))
	g := codeGrant(s)
	g.Scopes, g.Audience, g.Resources = []string{"openid", "a/b"}, []string{"x", "y"}, []string{"https://r.example.com/1"}
	g.AuthorizationDetails, g.Params = `[{"type":"t"}]`, []grant.Field{grant.Plain("p", "1 2")}
	g.AuthorizationParams = []grant.Field{grant.Plain("prompt", "login"), grant.Plain("login_hint", "a&b")}
	server := known(s)
	server.Authorization += "?tenant=1"
	g.Server = server
	h := &human{browse: yes}
	token, err := login(t, g, h)
	if err != nil || token.AccessToken.Reveal() != "tok" || token.RefreshToken.Reveal() != "ref" {
		t.Fatalf("%v", err)
	}
	u := h.address(t)
	sent := u.Query()
	redirect, body := sent.Get("redirect_uri"), s.Only(t).Body
	verifier, _ := url.ParseQuery(body)
	escaped := url.QueryEscape(redirect)
	want := "tenant=1&response_type=code&client_id=app&redirect_uri=" + escaped + "&scope=openid+a%2Fb&audience=x&audience=y" +
		"&resource=https%3A%2F%2Fr.example.com%2F1&authorization_details=%5B%7B%22type%22%3A%22t%22%7D%5D&state=" + sent.Get("state") +
		"&code_challenge=" + s256(verifier.Get("code_verifier")) + "&code_challenge_method=S256&nonce=" + sent.Get("nonce") +
		"&prompt=login&login_hint=a%26b"
	if u.RawQuery != want || u.Path != "/authorize" {
		t.Errorf("the request\n%s, want\n%s", u.RawQuery, want)
	}
	if want := "grant_type=authorization_code&client_id=app&code=SplxlOBe&redirect_uri=" + escaped + "&code_verifier=" +
		verifier.Get("code_verifier") + "&audience=x&audience=y&resource=https%3A%2F%2Fr.example.com%2F1" +
		"&authorization_details=%5B%7B%22type%22%3A%22t%22%7D%5D&p=1+2"; body != want {
		t.Errorf("the token request\n%s, want\n%s", body, want)
	}
	if n := len(verifier.Get("code_verifier")); n < 43 || n > 128 {
		t.Errorf("a verifier of %d characters", n)
	}
	if strings.Contains(strings.Join(h.lines(), "\n"), verifier.Get("code_verifier")) {
		t.Error("the verifier was shown")
	}
}

func TestEachLoginHasAStateNonceAndVerifierOfItsOwn(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	seen := map[string]bool{}
	for range 3 {
		g, h := codeGrant(s), &human{browse: yes}
		g.Scopes = []string{"openid"}
		if _, err := login(t, g, h); err != nil {
			t.Fatal(err)
		}
		q := h.address(t).Query()
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if value := q.Get(name); len(value) < 22 || seen[value] {
				t.Errorf("%s %q", name, value)
			}
			seen[q.Get(name)] = true
		}
	}
}

func TestALoginWithoutOpenIDSendsNoNonce(t *testing.T) {
	h := &human{browse: yes}
	if _, err := login(t, codeGrant(authtest.FakeIDP(t, authtest.Token("tok", 60))), h); err != nil {
		t.Fatal(err)
	}
	if q := h.address(t).Query(); q.Has("nonce") || q.Has("scope") || !q.Has("state") || q.Get("code_challenge_method") != "S256" {
		t.Errorf("%v", q)
	}
}

func TestWithoutAPersonThereIsNoTokenAndNoRequest(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	config := codeGrant(s).Config
	for name, g := range map[string]grant.Grant{
		"code": codeGrant(s), "device": &grant.DeviceCode{Config: config}, "ciba": &grant.CIBA{Config: config},
	} {
		if token, err := g.Token(t.Context(), grant.Ask{}); token != nil || !errors.Is(err, grant.ErrLoginRequired) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

// The person's own answer comes after one that another page made the browser send, and is the one that counts.
func TestAnAnswerWithAnotherStateNeitherEndsNorEntersTheLogin(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	h := &human{browse: func(q url.Values) string {
		return "code=EVIL&state=another\nerror=access_denied\ncode=EVIL\n" + yes(q)
	}}
	if _, err := login(t, codeGrant(s), h); err != nil {
		t.Fatal(err)
	}
	if body := s.Only(t).Body; strings.Contains(body, "EVIL") || !strings.Contains(body, "code=SplxlOBe") {
		t.Errorf("sent %s", body)
	}
	if len(h.pages) != 4 || !strings.HasPrefix(h.pages[0], "400 ") || !strings.HasPrefix(h.pages[3], "200 ") {
		t.Errorf("the browser saw %q", h.pages)
	}
}

func TestARefusedLoginSaysWhatTheServerSaid(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	for name, c := range map[string]struct{ query, code, message string }{
		"denied":     {"error=access_denied&error_description=not+you", "auth.access_denied", "access_denied: not you"},
		"bare":       {"error=login_required", "auth.login_required", "login_required"},
		"terminal":   {"error=x%1B%5D0%3Bpwn%07%0Aauthctl%3A+hint", "auth.refused", `x\x1b]0;pwn\x07 authctl: hint`},
		"a secret":   {"error=a&error_description=STATE", "auth.a", "a: [redacted]"},
		"also codes": {"code=EVIL&error=server_error", "auth.server_error", "server_error"},
		"long":       {"error=a&error_description=" + strings.Repeat("b", 5000), "auth.a", "a: " + strings.Repeat("b", 511) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			h := &human{browse: func(q url.Values) string {
				return strings.ReplaceAll(c.query, "STATE", q.Get("state")) + "&state=" + q.Get("state")
			}}
			_, err := login(t, codeGrant(s), h)
			if err == nil || err.Kind != fault.Auth || err.Code != c.code || err.Err.Error() != c.message || len(err.Hints) == 0 {
				t.Errorf("%#v", err)
			}
		})
	}
	if s.Count() != 0 {
		t.Errorf("%d token requests after a refusal", s.Count())
	}
}

func TestAnAnswerThatCannotBeUsedIsNotSentOn(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	for _, query := range []string{"code=a&code=b", "x=1", "code=a%0Ab", "code=a&%zz"} {
		h := &human{browse: func(q url.Values) string { return query + "&state=" + q.Get("state") }}
		if _, err := login(t, codeGrant(s), h); err == nil || err.Kind != fault.Protocol {
			t.Errorf("%s: %v", query, err)
		}
	}
	if s.Count() != 0 {
		t.Errorf("%d token requests", s.Count())
	}
}

func TestTheAnswerOfAnotherIssuerIsRefused(t *testing.T) {
	const issuer = "https://idp.example.com/a"
	for name, c := range map[string]struct {
		issuer    string
		announced bool
		query     string
		ok        bool
	}{
		"none sent":           {issuer, false, "", true},
		"announced, not sent": {issuer, true, "", false},
		"the same":            {issuer, true, "&iss=" + url.QueryEscape(issuer), true},
		"sent unannounced":    {issuer, false, "&iss=" + url.QueryEscape(issuer), true},
		"another":             {issuer, false, "&iss=https%3A%2F%2Fevil.example.com", false},
		"with a slash":        {issuer, true, "&iss=" + url.QueryEscape(issuer+"/"), false},
		"empty":               {issuer, false, "&iss=", false},
		"error of another":    {issuer, true, "&error=access_denied&iss=https%3A%2F%2Fevil.example.com", false},
		"no issuer to match":  {"", false, "&iss=https%3A%2F%2Fany.example.com", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.Token("tok", 60))
			g := codeGrant(s)
			server := known(s)
			server.Issuer, server.IssParameter = c.issuer, c.announced
			g.Server = server
			_, err := login(t, g, &human{browse: func(q url.Values) string { return yes(q) + c.query }})
			switch {
			case c.ok && (err != nil || s.Count() != 1):
				t.Errorf("%v after %d requests", err, s.Count())
			case !c.ok && (err == nil || err.Kind != fault.Policy || err.Code != "policy.issuer" || err.HintText() == "" || s.Count() != 0):
				t.Errorf("%v after %d requests", err, s.Count())
			case !c.ok && strings.HasSuffix(err.Error(), " "):
				t.Errorf("it names nobody: %q", err)
			}
		})
	}
}

func TestABrowserThatDoesNotOpenLeavesThePersonToIt(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	h := &human{browse: yes}
	p := h.person(t)
	p.Browse = func(_ context.Context, address string) error {
		go func() { _ = h.visit(t, address) }()
		return errors.New("none\x1b[2J")
	}
	if _, err := codeGrant(s).Login(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if told := strings.Join(h.lines(), "\n"); !strings.Contains(told, `(none\x1b[2J)`) || strings.Contains(told, "\x1b") {
		t.Errorf("told %q", told)
	}
}

func TestALoginThatNobodyEndsIsATimeout(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	h := &human{browse: func(url.Values) string { return "code=EVIL&state=another" }}
	_, err := codeGrant(s).Login(ctx, h.person(t))
	if e := fault.From(err); e.Kind != fault.Timeout || e.Code != "timeout.login" || len(e.Hints) == 0 {
		t.Errorf("%v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	h = &human{browse: func(url.Values) string { cancel(); return "" }}
	if _, err := codeGrant(s).Login(ctx, h.person(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestWhatALoginHandlesIsMaskedAfterwards(t *testing.T) {
	var seen url.Values
	echo := func(conn net.Conn, r authtest.Request) {
		form, _ := url.ParseQuery(r.Body)
		authtest.JSON(400, fmt.Sprintf(`{"error":"invalid_grant","error_description":"%s %s %s"}`, form.Get("code"), form.Get("code_verifier"), seen.Get("state")))(conn, r)
	}
	s := authtest.FakeIDP(t, echo)
	g := codeGrant(s)
	var traced []string
	g.Endpoint.Trace = func(format string, args ...any) { traced = append(traced, fmt.Sprintf(format, args...)) }
	_, err := login(t, g, &human{browse: func(q url.Values) string { seen = q; return yes(q) }})
	if err == nil || err.Err.Error() != "HTTP 400 Bad Request: invalid_grant: [redacted] [redacted] [redacted]" {
		t.Errorf("%v", err)
	}
	all := strings.Join(traced, "\n")
	if all == "" || strings.Contains(all, "SplxlOBe") || strings.Contains(all, seen.Get("state")) {
		t.Errorf("traced %q", all)
	}
	s.Only(t)
}

func TestALoginNeedsAnEndpointThatMayBeOpened(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	for _, address := range []string{"", "http://idp.example.com/authorize", "javascript:alert(1)", "https://u:p@idp.example.com/", "https://idp.example.com/#x"} {
		g := codeGrant(s)
		g.Server = grant.Known{Token: s.URL, Authorization: address}
		if _, err := login(t, g, &human{browse: yes}); err == nil || err.Kind != fault.Config || len(err.Hints) == 0 {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestTheRedirectGoesWhereTheProfileSays(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	g, h := codeGrant(s), &human{browse: yes}
	g.Redirect = grant.Redirect{Host: "localhost", Path: "/cb"}
	if _, err := login(t, g, h); err != nil {
		t.Fatal(err)
	}
	redirect := h.address(t).Query().Get("redirect_uri")
	if form, _ := url.ParseQuery(s.Only(t).Body); !strings.HasPrefix(redirect, "http://localhost:") || !strings.HasSuffix(redirect, "/cb") || form.Get("redirect_uri") != redirect {
		t.Errorf("%s, then %s", redirect, form.Get("redirect_uri"))
	}
}

func TestARefreshOfALoginNeedsNoPerson(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("new", 60))
	token, err := codeGrant(s).Refresh(t.Context(), &grant.Token{RefreshToken: secret.New("ref-ref")}, grant.Ask{})
	if err != nil || token.AccessToken.Reveal() != "new" || token.RefreshToken.Reveal() != "ref-ref" {
		t.Fatal(err)
	}
	if body := s.Only(t).Body; body != "grant_type=refresh_token&client_id=app&refresh_token=ref-ref" {
		t.Errorf("sent %s", body)
	}
}
