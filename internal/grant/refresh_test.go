package grant_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

func previous() *grant.Token {
	return &grant.Token{
		AccessToken: secret.New("old"), TokenType: "Bearer", RefreshToken: secret.New("r1"), IDToken: secret.New("id1"), Scope: "a b",
		ObtainedAt: epoch(), ExpiresAt: epoch(),
	}
}

func rich(s *authtest.Server) grant.Config {
	c := at(s, grant.Post("id", is("sec")))
	c.Scopes, c.Audience, c.Resources = []string{"a", "b"}, []string{"x"}, []string{"r1", "r2"}
	c.Params, c.AuthorizationDetails = []grant.Field{grant.Plain("p", "1")}, `[{"type":"t"}]`
	return c
}

func TestARefreshAsksForTheSameAgain(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("new", 60))
	c := rich(s)
	// Every grant can refresh what it got.
	var g grant.Refresher = &grant.Password{Config: c, Username: "ann", Password: is("never asked for")}
	token, err := g.Refresh(t.Context(), previous(), grant.Ask{Claims: `{"a":1}`})
	if err != nil {
		t.Fatal(err)
	}
	want := "grant_type=refresh_token&client_id=id&client_secret=sec&refresh_token=r1&resource=r1&resource=r2&p=1&claims=%7B%22a%22%3A1%7D"
	if r := s.Only(t); r.Body != want {
		t.Errorf("%s, want %s", r.Body, want)
	}
	if token.AccessToken.Reveal() != "new" || token.RefreshToken.Reveal() != "r1" || token.IDToken.Reveal() != "id1" || token.Scope != "a b" || token.Rotated {
		t.Errorf("%+v: what the reply leaves out is not kept", token)
	}
}

func TestARotatedTokenIsKeptAndTheOldOneForgotten(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"new","refresh_token":"r2","id_token":"id2","scope":"a"}`))
	c := at(s, grant.None("id"))
	token, err := c.Refresh(t.Context(), previous(), grant.Ask{})
	if err != nil || token.RefreshToken.Reveal() != "r2" || token.IDToken.Reveal() != "id2" || token.Scope != "a" || !token.Rotated {
		t.Errorf("%+v %v", token, err)
	}
}

func TestAnIDTokenOfAnotherLoginIsNotTakenFromARefresh(t *testing.T) {
	const me, other = "e30.eyJpc3MiOiJpIiwic3ViIjoibWUifQ.c2ln", "e30.eyJpc3MiOiJpIiwic3ViIjoib3RoZXIifQ.c2ln"
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"new","refresh_token":"r2","id_token":"`+other+`"}`))
	c := at(s, grant.None("id"))
	was := previous()
	was.IDToken = secret.New(me)
	token, err := c.Refresh(t.Context(), was, grant.Ask{})
	if err != nil || token.RefreshToken.Reveal() != "r2" || token.IDToken.Reveal() != me {
		t.Errorf("%v: the id_token is %s", err, token.IDToken.Reveal())
	}
}

func TestARefusedRefreshIsOneRequestWhateverItsBody(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"invalid_grant","error_description":"reused r1-r1-r1"}`: "invalid_grant: reused", "": "HTTP 400 Bad Request: empty body", "{}": "does not say why",
		"<html><title>Oops</title>": "Oops", `{"error":`: "HTTP 400", "\x00": "HTTP 400",
	} {
		s := authtest.FakeIDP(t, authtest.Answer(400, body))
		prev := previous()
		prev.RefreshToken = secret.New("r1-r1-r1")
		c := at(s, grant.None("id"))
		token, err := c.Refresh(t.Context(), prev, grant.Ask{})
		if !fault.Is(err, fault.Auth) || token != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "r1-r1") {
			t.Errorf("%q: %v", body, err)
		}
		s.Only(t)
	}
}

func TestTheRefreshTokenGrantSendsWhatTheProfileHasAndThenWhatTheServerGave(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("new", 60))
	asked := 0
	g := &grant.RefreshToken{Config: rich(s), Stored: func(context.Context) (secret.String, error) {
		asked++
		return secret.New("ref"), nil
	}}
	token, err := g.Token(t.Context(), grant.Ask{})
	if err != nil || token.RefreshToken.Reveal() != "ref" {
		t.Fatalf("%+v %v", token, err)
	}
	for _, ask := range []func() (*grant.Token, error){
		func() (*grant.Token, error) { return g.Token(t.Context(), grant.Ask{Prev: previous()}) },
		func() (*grant.Token, error) { return g.Refresh(t.Context(), previous(), grant.Ask{}) },
		func() (*grant.Token, error) {
			return g.Token(t.Context(), grant.Ask{Prev: &grant.Token{AccessToken: secret.New("x")}})
		},
	} {
		if _, err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"ref", "r1", "r1", "ref"} {
		body := "grant_type=refresh_token&client_id=id&client_secret=sec&refresh_token=" + want +
			"&scope=a+b&audience=x&resource=r1&resource=r2&authorization_details=%5B%7B%22type%22%3A%22t%22%7D%5D&p=1"
		if got := s.Requests()[i].Body; got != body {
			t.Errorf("request %d: %s, want %s", i, got, body)
		}
	}
	if asked != 2 {
		t.Errorf("the profile's token was read %d times", asked)
	}
}

func TestARefreshTokenCanBeEnteredByAPerson(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("new", 60))
	nobody := func(context.Context) (secret.String, error) { return secret.String{}, grant.ErrLoginRequired }
	g := &grant.EnteredRefreshToken{RefreshToken: grant.RefreshToken{Config: at(s, grant.None("id")), Stored: nobody}}
	if _, err := g.Token(t.Context(), grant.Ask{}); !errors.Is(err, grant.ErrLoginRequired) || s.Count() != 0 {
		t.Fatalf("%v, %d requests", err, s.Count())
	}
	typed := grant.Person{Secret: func(context.Context, string) (secret.String, error) { return secret.New("typed"), nil }}
	token, err := g.Login(t.Context(), typed)
	if err != nil || token.RefreshToken.Reveal() != "typed" || s.Only(t).Body != "grant_type=refresh_token&client_id=id&refresh_token=typed" {
		t.Errorf("%+v %v", token, err)
	}
	typed.Secret = func(context.Context, string) (secret.String, error) { return secret.String{}, errKeyring }
	if _, err := g.Login(t.Context(), typed); !errors.Is(err, errKeyring) || s.Count() != 1 {
		t.Errorf("%v", err)
	}
}
