package grant_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

// life is a client of a server that has everything.
func life(s *authtest.Server) *grant.Life {
	c := at(s, grant.Post("id", is("sec")))
	c.Server = grant.Known{
		Token: s.URL + "/token", Introspection: s.URL + "/introspect", Revocation: s.URL + "/revoke", UserInfo: s.URL + "/me", JWKS: s.URL + "/keys",
		Issuer: "https://idp.example.com",
	}
	c.TokenHeaders = map[string][]string{"Origin": {"https://app.example.com"}}
	return &grant.Life{Config: c}
}

func TestIntrospectionGivesTheServersOwnJSON(t *testing.T) {
	const sent = `{ "active":false,"x":{"b":1,"a":[1.0]} }`
	s := authtest.FakeIDP(t, authtest.JSON(200, "\ufeff"+sent+"\n"))
	got, err := life(s).Introspect(t.Context(), secret.New("the-token"), grant.RefreshTokenHint)
	if err != nil || string(got) != sent {
		t.Fatalf("%s %v", got, err)
	}
	r := s.Only(t)
	if r.Method != "POST" || r.Target != "/introspect" || r.Body != "token=the-token&client_id=id&client_secret=sec&token_type_hint=refresh_token" || r.Header.Get("Origin") != "https://app.example.com" {
		t.Errorf("%s", r.Raw)
	}
}

func TestAnIntrospectionThatIsNoObjectIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		"list": {authtest.JSON(200, `[{"active":true}]`), fault.Protocol}, "text": {authtest.JSON(200, `"yes"`), fault.Protocol}, "empty": {authtest.JSON(200, ""), fault.Protocol},
		"JWT": {authtest.Answer(200, "eyJh.eyJh.c2ln", "Content-Type: application/token-introspection+jwt"), fault.Protocol}, "HTML": {authtest.Answer(200, "<html>"), fault.Protocol},
		"form": {authtest.Answer(200, "error=no"), fault.Protocol}, "twice": {authtest.JSON(200, `{"active":false,"active":true}`), fault.Protocol}, "torn": {authtest.JSON(200, `{"active":tr`), fault.Protocol},
		"giant": {authtest.Endless("HTTP/1.1 200 OK\r\n\r\n", " "), fault.Protocol}, "cut off": {authtest.Truncated(200, `{"active":true}`), fault.Protocol}, "broken UTF-8": {authtest.JSON(200, "{\"a\":\"\xff\"}"), fault.Protocol},
		"redirect": {authtest.Redirect(307, "https://x.example.com/"), fault.Policy}, "refused": {authtest.JSON(401, `{"error":"invalid_client"}`), fault.Auth},
		"busy": {authtest.Answer(503, "", "Retry-After: 7"), fault.Network}, "hang up": {authtest.Reset(), fault.Network},
	} {
		s := authtest.FakeIDP(t, c.reply)
		got, err := life(s).Introspect(t.Context(), secret.New("the-token"), "")
		if got != nil || !fault.Is(err, c.kind) {
			t.Errorf("%s: %s %v", name, got, err)
		}
		s.Only(t)
	}
}

func TestARevocationIsDoneWhateverItsBodySays(t *testing.T) {
	for _, reply := range []authtest.Reply{authtest.Answer(200, ""), authtest.Answer(200, "gone"), authtest.JSON(200, `{"error":"x"}`), authtest.Answer(204, ""), authtest.Truncated(200, "x")} {
		s := authtest.FakeIDP(t, reply)
		if err := life(s).Revoke(t.Context(), secret.New("the-token"), grant.AccessTokenHint); err != nil {
			t.Error(err)
		}
		if r := s.Only(t); r.Target != "/revoke" || r.Body != "token=the-token&client_id=id&client_secret=sec&token_type_hint=access_token" {
			t.Errorf("%s", r.Raw)
		}
	}
}

func TestARevocationThatFailedSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		reply      authtest.Reply
		kind       fault.Kind
		code, text string
	}{
		"type":     {authtest.JSON(400, `{"error":"unsupported_token_type","error_description":"not the-token"}`), fault.Auth, "auth.unsupported_token_type", "unsupported_token_type"},
		"client":   {authtest.Answer(401, ""), fault.Auth, "auth.http_401", "empty body"},
		"busy":     {authtest.Answer(503, "", "Retry-After: 7"), fault.Network, "network.server_error", "no further request before"},
		"redirect": {authtest.Redirect(302, "/x"), fault.Policy, "policy.redirect", ""},
	} {
		s := authtest.FakeIDP(t, c.reply)
		err := life(s).Revoke(t.Context(), secret.New("the-token"), "")
		if e := fault.From(err); e.Kind != c.kind || e.Code != c.code || !strings.Contains(e.Error(), c.text) || strings.Contains(e.Error(), "the-token") {
			t.Errorf("%s: %v", name, err)
		}
		s.Only(t)
	}
}

func TestWhatTheServerDoesNotHaveIsAQuestionOfTheProfile(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, "{}"))
	l := &grant.Life{Config: at(s, grant.None("c")), Settable: []string{"introspection_url", "revocation_url"}}
	for what, want := range map[string]string{"introspection": "introspection_url", "revocation": "revocation_url", "userinfo": "issuer", "key set": "issuer"} {
		if hint := lacking(t, l)[what]; !strings.Contains(hint, want) || strings.Contains(hint, "jwks_uri") {
			t.Errorf("%s: %q", what, hint)
		}
	}
	_, err := (&grant.ClientCredentials{Config: grant.Config{Endpoint: l.Endpoint, Server: grant.Known{}}}).Token(t.Context(), grant.Ask{})
	if !fault.Is(err, fault.Config) || !strings.Contains(fault.From(err).HintText(), "token_url") {
		t.Errorf("token endpoint: %v", err)
	}
	if can, err := l.CanRevoke(t.Context()); can || err != nil || s.Count() != 0 {
		t.Errorf("%v %v, %d requests", can, err, s.Count())
	}
	if can, err := life(s).CanRevoke(t.Context()); !can || err != nil {
		t.Errorf("%v %v", can, err)
	}
}

// lacking are the hints of a server that has none of what a token's life needs.
func lacking(t *testing.T, l *grant.Life) map[string]string {
	t.Helper()
	_, introspection := l.Introspect(t.Context(), secret.New("x"), "")
	_, info := l.UserInfo(t.Context(), previous())
	_, _, keys := l.Keys(t.Context())
	hints := map[string]string{}
	for what, err := range map[string]error{
		"introspection": introspection, "revocation": l.Revoke(t.Context(), secret.New("x"), ""), "userinfo": info, "key set": keys,
	} {
		if !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v", what, err)
		}
		hints[what] = fault.From(err).HintText()
	}
	return hints
}

// A key that the provider refuses, or a provider that the server is not, helps nobody.
func TestAHintNamesNoKeyThatTheProviderDoesNotTake(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, "{}"))
	fixed := &grant.Life{Config: at(s, grant.None("c"))}
	issuer := &grant.Life{Config: at(s, grant.None("c")), Settable: []string{"jwks_uri"}}
	issuer.Server = grant.Known{Token: s.URL, Issuer: "https://idp.example.com", JWKS: s.URL}
	for what, hint := range lacking(t, fixed) {
		want := "authctl token inspect"
		if what == "revocation" {
			want = "authctl token forget" // reading a token does not end it
		}
		if !strings.Contains(hint, want) || strings.Contains(hint, "_ur") || strings.Contains(hint, "issuer") {
			t.Errorf("%s: %q", what, hint)
		}
	}
	if _, err := issuer.UserInfo(t.Context(), previous()); !strings.Contains(fault.From(err).HintText(), "authctl token inspect") {
		t.Errorf("an issuer without userinfo: %v", err)
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestUserInfoIsAskedWithTheToken(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"sub":"ann"}`))
	got, err := life(s).UserInfo(t.Context(), previous())
	if r := s.Only(t); err != nil || string(got) != `{"sub":"ann"}` || r.Method != "GET" || r.Header.Get("Authorization") != "Bearer old" || r.Header.Get("DPoP") != "" || r.Body != "" {
		t.Errorf("%s %v", r.Raw, err)
	}
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		"signed": {authtest.Answer(200, "eyJh.eyJh.c2ln", "Content-Type: application/jwt"), fault.Protocol}, "expired": {authtest.Answer(401, ""), fault.Auth},
		"moved": {authtest.Redirect(302, "/"), fault.Policy}, "down": {authtest.Answer(502, ""), fault.Network},
	} {
		s := authtest.FakeIDP(t, c.reply)
		if _, err := life(s).UserInfo(t.Context(), previous()); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
		s.Only(t)
	}
}

func TestUserInfoProvesTheTokensKey(t *testing.T) {
	challenge := `WWW-Authenticate: DPoP error="use_dpop_nonce"`
	s := authtest.FakeIDP(t, authtest.JSON(200, bound), authtest.Answer(401, "", challenge, "DPoP-Nonce: n-1"), authtest.JSON(200, `{"sub":"ann"}`))
	l := life(s)
	l.DPoP = &grant.DPoP{}
	token, err := (&grant.ClientCredentials{Config: l.Config}).Token(t.Context(), grant.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.UserInfo(t.Context(), token); err != nil || string(got) != `{"sub":"ann"}` || s.Count() != 3 {
		t.Fatalf("%s %v, %d requests", got, err, s.Count())
	}
	_, key := proof(t, s.Requests()[0])
	for i, nonce := range map[int]any{1: nil, 2: "n-1"} {
		r := s.Requests()[i]
		// The ath of "tok" (RFC 9449 section 4.2): base64url of its SHA-256.
		claims, same := proof(t, r)
		if same != key || claims["nonce"] != nonce || claims["ath"] != "GnZ0607njffhrEOak8P6jjyUV4TU3sn9jjARc4svHWI" || claims["htm"] != "GET" || r.Header.Get("Authorization") != "DPoP tok" {
			t.Errorf("%d: %v %s", i, claims, r.Raw)
		}
	}
	// A bound token is not sent as one that is not, nor the other way round.
	if _, err := life(s).UserInfo(t.Context(), token); !fault.Is(err, fault.Protocol) {
		t.Errorf("%v", err)
	}
	if _, err := l.UserInfo(t.Context(), previous()); !fault.Is(err, fault.Protocol) || s.Count() != 3 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}

func TestKeysComeWithTheirIssuer(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"keys":[]}`))
	set, issuer, err := life(s).Keys(t.Context())
	if r := s.Only(t); err != nil || string(set) != `{"keys":[]}` || issuer != "https://idp.example.com" || r.Target != "/keys" || r.Header.Get("Authorization") != "" || r.Header.Get("Origin") == "" {
		t.Errorf("%s %s %v", set, issuer, err)
	}
}
