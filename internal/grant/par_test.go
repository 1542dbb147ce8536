package grant_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

const pushed = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"

// pushing is a login at a server with an endpoint for pushed requests.
func pushing(s *authtest.Server, way grant.PAR) *grant.AuthorizationCode {
	g := codeGrant(s)
	g.PAR, g.Scopes = way, []string{"openid"}
	server := known(s)
	server.PushedAuthorization = s.URL + "/par"
	g.Server = server
	return g
}

// pushedLogin is a login at a server that remembers what was pushed to it.
func pushedLogin(t *testing.T, s *authtest.Server, g *grant.AuthorizationCode) (*human, *fault.Error) {
	t.Helper()
	h := &human{browse: func(url.Values) string {
		sent, _ := url.ParseQuery(s.Requests()[0].Body)
		return sent.Get("redirect_uri") + "?" + yes(sent)
	}}
	_, err := login(t, g, h)
	return h, err
}

func TestAPushedRequestLeavesTwoParametersInTheAddress(t *testing.T) {
	for _, way := range []grant.PAR{"", grant.PARAuto, grant.PARAlways} {
		for name, auth := range map[string]grant.ClientAuth{
			"basic": grant.Basic("app", is("s3cret-s3cret"), grant.Form), "post": grant.Post("app", is("s3cret-s3cret")), "none": grant.None("app"),
		} {
			t.Run(string(way)+name, func(t *testing.T) {
				s := authtest.FakeIDP(t, authtest.JSON(201, `{"request_uri":"`+pushed+`","expires_in":60}`), authtest.Token("tok", 60))
				g := pushing(s, way)
				g.Auth = auth
				h, err := pushedLogin(t, s, g)
				if err != nil {
					t.Fatal(err)
				}
				if query := h.address(t).RawQuery; query != "client_id=app&request_uri="+url.QueryEscape(pushed) {
					t.Errorf("the address has %s", query)
				}
				requests := s.Requests()
				sent, _ := url.ParseQuery(requests[0].Body)
				if len(requests) != 2 || requests[0].Target != "/par" || requests[1].Target != "/token" || len(sent["client_id"]) != 1 {
					t.Errorf("sent %+v", requests)
				}
				for _, name := range []string{"response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "nonce"} {
					if sent.Get(name) == "" {
						t.Errorf("no %s was pushed: %s", name, requests[0].Body)
					}
				}
				if basic := requests[0].Header.Get("Authorization"); (basic != "") != (name == "basic") || sent.Has("client_secret") != (name == "post") {
					t.Errorf("the client proves itself by %q and %s", basic, requests[0].Body)
				}
			})
		}
	}
}

func TestAPushThatFailsIsNeverAPlainRequest(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		"refused":       {authtest.JSON(400, `{"error":"invalid_request"}`), fault.Auth},
		"not there":     {authtest.Answer(404, ""), fault.Auth},
		"down":          {authtest.Answer(503, ""), fault.Network},
		"elsewhere":     {authtest.Redirect(307, "https://evil.example.com/"), fault.Policy},
		"no reference":  {authtest.JSON(201, `{"expires_in":60}`), fault.Protocol},
		"empty":         {authtest.JSON(201, `{"request_uri":"","expires_in":60}`), fault.Protocol},
		"a number":      {authtest.JSON(201, `{"request_uri":1,"expires_in":60}`), fault.Protocol},
		"twice":         {authtest.JSON(201, `{"request_uri":"a","request_uri":"b"}`), fault.Protocol},
		"other case":    {authtest.JSON(201, `{"Request_URI":"a"}`), fault.Protocol},
		"control":       {authtest.JSON(201, `{"request_uri":"a\u001b[2Jb"}`), fault.Protocol},
		"blank":         {authtest.JSON(201, `{"request_uri":"a b"}`), fault.Protocol},
		"giant":         {authtest.JSON(201, `{"request_uri":"`+strings.Repeat("a", 3000)+`"}`), fault.Protocol},
		"a page":        {authtest.Answer(200, "<html>"), fault.Protocol},
		"an error in 2": {authtest.JSON(200, `{"error":"invalid_request","request_uri":"a"}`), fault.Auth},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, c.reply)
			h := &human{browse: yes}
			_, err := login(t, pushing(s, grant.PARAuto), h)
			if err == nil || err.Kind != c.kind || len(h.lines()) != 0 {
				t.Errorf("%v; told %q", err, h.lines())
			}
			s.Only(t)
		})
	}
}

func TestWhoPushesIsTheProfilesAndTheServersToSay(t *testing.T) {
	for name, c := range map[string]struct {
		way             grant.PAR
		known, required bool
		kind            fault.Kind
		requests        int
	}{
		"never, known":           {grant.PARNever, true, false, 0, 1},
		"never, required":        {grant.PARNever, true, true, fault.Config, 0},
		"auto, not known":        {grant.PARAuto, false, false, 0, 1},
		"auto, required, absent": {grant.PARAuto, false, true, fault.Config, 0},
		"always, not known":      {grant.PARAlways, false, false, fault.Config, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.Token("tok", 60))
			g := codeGrant(s)
			server := known(s)
			server.RequirePushed = c.required
			if c.known {
				server.PushedAuthorization = s.URL + "/par"
			}
			g.Server, g.PAR = server, c.way
			_, err := login(t, g, &human{browse: yes})
			if (err == nil) != (c.kind == 0) || err != nil && (err.Kind != c.kind || len(err.Hints) == 0) || s.Count() != c.requests {
				t.Errorf("%v after %d requests", err, s.Count())
			}
		})
	}
}

func TestAPushAndItsTokenRequestProveOneKey(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(201, `{"request_uri":"`+pushed+`","expires_in":60}`),
		authtest.JSON(200, `{"access_token":"tok","token_type":"DPoP","expires_in":60}`))
	g := pushing(s, grant.PARAuto)
	g.DPoP = &grant.DPoP{}
	if _, err := pushedLogin(t, s, g); err != nil {
		t.Fatal(err)
	}
	var keys []any
	for _, r := range s.Requests() {
		header, claims := jwt(t, r.Header.Get("DPoP"))
		keys = append(keys, header["jwk"].(map[string]any)["x"])
		if claims["htu"] != s.URL+r.Target {
			t.Errorf("a proof for %v at %s", claims["htu"], r.Target)
		}
	}
	if len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("keys %v", keys)
	}
}
