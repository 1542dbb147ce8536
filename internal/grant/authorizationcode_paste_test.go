package grant_test

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

// typed is a person without a browser on this machine who pastes lines; STATE and REDIRECT stand for those of the
// request, which they read on the terminal.
func typed(t *testing.T, g *grant.AuthorizationCode, lines ...string) (*grant.Token, *fault.Error, *human) {
	t.Helper()
	h := &human{}
	p := h.person(t)
	tell := p.Tell
	p.Tell = func(format string, args ...any) {
		tell(format, args...)
		if line := h.lines()[len(h.lines())-1]; strings.Contains(line, "response_type=code") {
			u, _ := url.Parse(line)
			q := u.Query()
			for _, text := range lines {
				text = strings.ReplaceAll(text, "STATE", q.Get("state"))
				text = strings.ReplaceAll(text, "REQUEST", line)
				h.pastes = append(h.pastes, strings.ReplaceAll(text, "REDIRECT", q.Get("redirect_uri")))
			}
		}
	}
	token, err := g.Login(t.Context(), p)
	if err != nil {
		return nil, fault.From(err), h
	}
	return token, nil, h
}

func TestTheAnswerMayBePasted(t *testing.T) {
	for name, c := range map[string]struct{ text, code string }{
		"address":     {"REDIRECT?code=4%2F0Ab&state=STATE", "4/0Ab"},
		"blanks":      {"  REDIRECT?state=STATE&code=c \t", "c"},
		"fragment":    {"REDIRECT?code=c&state=STATE#_=_", "c"},
		"query":       {"?code=c&state=STATE", "c"},
		"bare query":  {"state=STATE&code=c", "c"},
		"code":        {"4/0Ab=", "4/0Ab="},
		"odd code":    {"a?b:c", "a?b:c"},
		"later line":  {"REDIRECT?code=EVIL&state=x\n\nhttps://evil.example.com/?code=EVIL&state=STATE\nREQUEST\nREDIRECT?code=c&state=STATE", "c"},
		"not escaped": {"REDIRECT?code=a/b&state=STATE", "a/b"},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.Token("tok", 60))
			lines := strings.Split(c.text, "\n")
			token, err, _ := typed(t, codeGrant(s), lines...)
			if err != nil || token.AccessToken.Reveal() != "tok" {
				t.Fatal(err)
			}
			if form, _ := url.ParseQuery(s.Only(t).Body); form.Get("code") != c.code || form.Get("code_verifier") == "" {
				t.Errorf("sent %v", form)
			}
		})
	}
}

func TestABareCodeNeedNotSayWhoGaveIt(t *testing.T) {
	for text, want := range map[string]bool{"4/0Ab": true, "REDIRECT?code=c&state=STATE": false} {
		s := authtest.FakeIDP(t, authtest.Token("tok", 60))
		g := codeGrant(s)
		server, err := g.Server.Metadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		server.Issuer, server.IssParameter = s.URL, true
		g.Server = grant.Known(*server)
		_, failure, _ := typed(t, g, text)
		if taken := failure == nil; taken != want || !taken && failure.Code != "policy.issuer" {
			t.Errorf("%q: %v", text, failure)
		}
	}
}

func TestAPastedAnswerThatIsNotThisLoginsIsRefused(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	for name, c := range map[string]struct {
		lines string
		kind  fault.Kind
	}{
		"another state":   {"REDIRECT?code=c&state=another", fault.Auth},
		"no state":        {"REDIRECT?code=c", fault.Auth},
		"query, no state": {"code=c", fault.Auth},
		"another host":    {"https://evil.example.com/callback?code=c&state=STATE", fault.Auth},
		"another path":    {"REDIRECTx?code=c&state=STATE", fault.Auth},
		"user in it":      {"http://REDIRECT@evil.example.com/?code=c&state=STATE", fault.Auth},
		"the request":     {"REQUEST", fault.Auth},
		"words":           {"I could not log in", fault.Auth},
		"nothing":         {"", fault.Auth},
		"rubbish":         {strings.Repeat("x y\n", 20), fault.Auth},
		"two codes":       {"REDIRECT?code=c&code=d&state=STATE", fault.Protocol},
		"no code":         {"REDIRECT?state=STATE", fault.Protocol},
		"long code":       {strings.Repeat("a", 9<<10), fault.Protocol},
		"control":         {"a\x1bb", fault.Protocol},
		"refusal":         {"REDIRECT?error=access_denied&state=STATE", fault.Auth},
		"its query":       {"?state=STATE&error=access_denied", fault.Auth},
		"strangers' no":   {"REDIRECT?error=access_denied&state=x", fault.Auth},
		"unreadable":      {"http://[::1", fault.Auth},
	} {
		t.Run(name, func(t *testing.T) {
			_, err, h := typed(t, codeGrant(s), strings.Split(c.lines, "\n")...)
			if err == nil || err.Kind != c.kind {
				t.Fatalf("%v", err)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 700 || len(h.lines()) > 10 {
				t.Errorf("%v; told %q", err, h.lines())
			}
		})
	}
	if s.Count() != 0 {
		t.Errorf("%d token requests", s.Count())
	}
}

// Where the browser is on this machine after all, it is heard as well.
func TestAPersonWhoPastesNothingMayUseABrowserOfThisMachine(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	elsewhere, h := &human{browse: yes}, &human{}
	p := h.person(t)
	asked := true
	p.Paste = func(ctx context.Context, _ string) (string, error) {
		<-ctx.Done()
		asked = false // read after Login alone, which waits for this: the prompt is off the screen by then
		return "", ctx.Err()
	}
	tell := p.Tell
	p.Tell = func(format string, args ...any) {
		tell(format, args...)
		if line := h.lines()[len(h.lines())-1]; strings.Contains(line, "response_type=code") {
			go func() { _ = elsewhere.visit(t, line) }()
		}
	}
	if _, err := codeGrant(s).Login(t.Context(), p); err != nil || asked {
		t.Fatal(err, asked)
	}
	s.Only(t)
}

func TestAPortInUseDoesNotKeepAnybodyFromPasting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	g := codeGrant(s)
	g.Redirect.Port, _ = strconv.Atoi(port)
	if _, err, _ := typed(t, g, "REDIRECT?code=c&state=STATE"); err != nil {
		t.Fatal(err)
	}
	if form, _ := url.ParseQuery(s.Only(t).Body); form.Get("redirect_uri") != "http://127.0.0.1:"+port+"/callback" {
		t.Errorf("sent %v", form)
	}
	begun := time.Now()
	if _, err := login(t, g, &human{browse: yes}); err == nil || err.Kind != fault.IO || s.Count() != 1 || time.Since(begun) > 5*time.Second {
		t.Errorf("with a browser: %v", err)
	}
}
