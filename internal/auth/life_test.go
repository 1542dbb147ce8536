package auth_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

// bodies are what was sent, in order.
func bodies(s *authtest.Server) string {
	var list []string
	for _, r := range s.Requests() {
		list = append(list, r.Target+"?"+r.Body)
	}
	return strings.Join(list, " ")
}

func loggedIn(t *testing.T, script ...authtest.Reply) *rig {
	t.Helper()
	r := newRig(t)
	r.life = true
	r.login(t)
	r.server = authtest.FakeIDP(t, script...)
	return r
}

func TestARevocationEndsTheRefreshTokenThenTheAccessToken(t *testing.T) {
	for name, end := range map[string]func(*auth.Session) error{
		"revoke": func(s *auth.Session) error { return s.Revoke(t.Context(), auth.Subject{}) },
		"logout": func(s *auth.Session) error { return s.Logout(t.Context()) },
	} {
		r := loggedIn(t, authtest.Answer(http.StatusOK, "whatever"))
		rt := r.stored(t).RefreshToken.Reveal()
		if err := end(r.session()); err != nil || r.stored(t) != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := "/revoke?token=" + rt + "&client_id=c&token_type_hint=refresh_token /revoke?token=at-0&client_id=c&token_type_hint=access_token"
		if got := bodies(r.server); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestARefusedRevocationKeepsTheTokensAndALogoutForgetsThem(t *testing.T) {
	ok := authtest.Answer(http.StatusOK, "")
	for name, c := range map[string]struct {
		script []authtest.Reply
		kind   fault.Kind
	}{
		"refused":       {[]authtest.Reply{refuses(400, `{"error":"unsupported_token_type"}`)}, fault.Auth},
		"second":        {[]authtest.Reply{ok, refuses(401, "")}, fault.Auth},
		"unavailable":   {[]authtest.Reply{authtest.Answer(http.StatusServiceUnavailable, "")}, fault.Network},
		"reset":         {[]authtest.Reply{authtest.Reset()}, fault.Network},
		"second, reset": {[]authtest.Reply{ok, authtest.Reset()}, fault.Network},
		"redirect":      {[]authtest.Reply{authtest.Redirect(http.StatusTemporaryRedirect, "https://evil.example.com")}, fault.Policy},
	} {
		r := loggedIn(t, c.script...)
		if err := r.session().Revoke(t.Context(), auth.Subject{}); !fault.Is(err, c.kind) || r.server.Count() != len(c.script) {
			t.Errorf("%s: revoke: %v after %d requests", name, err, r.server.Count())
		}
		if kept := r.stored(t); kept == nil || kept.RefreshToken.IsZero() || kept.AccessToken.IsZero() {
			t.Errorf("%s: revoke forgot", name)
		}
		r = loggedIn(t, c.script...)
		if err := r.session().Logout(t.Context()); !fault.Is(err, c.kind) || r.stored(t) != nil {
			t.Errorf("%s: logout: %v", name, err)
		}
	}
}

func TestWithoutARevocationEndpoint(t *testing.T) {
	r := newRig(t)
	r.login(t)
	if err := r.session().Revoke(t.Context(), auth.Subject{}); !fault.Is(err, fault.Config) || r.stored(t) == nil ||
		!strings.Contains(fault.From(err).HintText(), "token forget") {
		t.Errorf("revoke: %v", err)
	}
	if err := r.session().Logout(t.Context()); err != nil || r.stored(t) != nil || len(r.warned) != 1 {
		t.Errorf("logout: %v, told %v", err, r.warned)
	}
	if r.server.Count() != 0 {
		t.Errorf("%d requests", r.server.Count())
	}
}

func TestWithNothingStoredThereIsNothingToEnd(t *testing.T) {
	r := newRig(t)
	r.life = true
	if err := r.session().Revoke(t.Context(), auth.Subject{}); !asksForALogin(err) {
		t.Errorf("revoke: %v", err)
	}
	if err := r.session().Logout(t.Context()); err != nil || len(r.warned) != 0 {
		t.Errorf("logout: %v", err)
	}
	for _, hint := range []string{"", grant.AccessTokenHint, grant.RefreshTokenHint} {
		if _, err := r.session().Introspect(t.Context(), auth.Subject{Hint: hint}); !asksForALogin(err) {
			t.Errorf("introspect %s: %v", hint, err)
		}
	}
	if r.server.Count() != 0 {
		t.Errorf("%d requests", r.server.Count())
	}
}

func TestWhereNoPersonIsNeededATokenIsGotAtOnce(t *testing.T) {
	s := newRig(t).session()
	s.Identity.Grant = "client_credentials"
	_, err := s.Introspect(t.Context(), auth.Subject{})
	if e := fault.From(err); e.Code != "auth.no_token" || e.HintText() != "authctl token get -p p" {
		t.Errorf("%v: %s, hint %s", err, e.Code, e.HintText())
	}
}

func TestAnotherTokenIsRevokedWithoutTouchingOnesOwn(t *testing.T) {
	r := loggedIn(t, authtest.Answer(http.StatusOK, ""))
	if err := r.session().Revoke(t.Context(), auth.Subject{Token: secret.New("foreign")}); err != nil || r.stored(t) == nil {
		t.Fatalf("%v", err)
	}
	if got := bodies(r.server); got != "/revoke?token=foreign&client_id=c" {
		t.Error(got)
	}
}

func TestIntrospectionAsksAboutWhatIsThereAndNeverForMore(t *testing.T) {
	for _, c := range []struct {
		of   auth.Subject
		want string
	}{
		{auth.Subject{}, "token=at-0&client_id=c&token_type_hint=access_token"},
		{auth.Subject{Hint: "access_token"}, "token=at-0&client_id=c&token_type_hint=access_token"},
		{auth.Subject{Hint: "refresh_token"}, "token=RT&client_id=c&token_type_hint=refresh_token"},
		{auth.Subject{Token: secret.New("x")}, "token=x&client_id=c"},
		{auth.Subject{Token: secret.New("x"), Hint: "refresh_token"}, "token=x&client_id=c&token_type_hint=refresh_token"},
	} {
		r := loggedIn(t, authtest.JSON(http.StatusOK, ` {"active": false} `))
		want := "/introspect?" + strings.Replace(c.want, "RT", r.stored(t).RefreshToken.Reveal(), 1)
		got, err := r.session().Introspect(t.Context(), c.of)
		if err != nil || string(got) != `{"active": false}` || bodies(r.server) != want {
			t.Errorf("%+v: %s, %v, sent %s", c.of, got, err, bodies(r.server))
		}
	}
}

func TestWhoHasNoUserInfoIsAskedForNoToken(t *testing.T) {
	r := newRig(t)
	s := r.with(&grant.ClientCredentials{Config: r.config()})
	_, err := s.UserInfo(t.Context())
	if !fault.Is(err, fault.Config) || !strings.Contains(fault.From(err).HintText(), "token inspect") || r.server.Count() != 0 {
		t.Errorf("%v after %d requests", err, r.server.Count())
	}
}

func TestUserInfoRenewsATokenThatServesNoLonger(t *testing.T) {
	r := newRig(t)
	if _, err := r.session().Login(t.Context(), grant.Person{}); err != nil {
		t.Fatal(err)
	}
	api := authtest.FakeIDP(t, func(conn net.Conn, req authtest.Request) {
		if req.Header.Get("Authorization") == "Bearer at-0" {
			authtest.Answer(http.StatusUnauthorized, "")(conn, req)
			return
		}
		authtest.JSON(http.StatusOK, `{"sub":"ann"}`)(conn, req)
	})
	s := r.session()
	s.Life.Server = grant.Known{Token: r.server.URL + "/token", UserInfo: api.URL + "/userinfo"}
	claims, err := s.UserInfo(t.Context())
	if err != nil || string(claims) != `{"sub":"ann"}` || api.Count() != 2 || r.idp.Refreshes() != 1 {
		t.Fatalf("%s, %v after %d requests", claims, err, api.Count())
	}
}
