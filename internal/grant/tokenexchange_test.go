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

const urn = "urn:ietf:params:oauth:token-type:"

// TestTheExampleOfRFC8693 is section 2.3's, with the requested type that it leaves open.
func TestTheExampleOfRFC8693(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"eyJhbGciOiJFUzI1NiIsImtpZCI6IjllciJ9.eyJhdWQiOiJo.UVRd",
		"issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":60}`))
	c := at(s, grant.Basic("rs08", is("long-secure-random-secret"), grant.Form))
	c.Resources = []string{"https://backend.example.com/api"}
	g := &grant.TokenExchange{Config: c, Subject: grant.Input{Token: is("accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC")}}
	token, err := g.Token(t.Context(), grant.Ask{})
	if err != nil || token.TokenType != "Bearer" {
		t.Fatalf("%+v %v", token, err)
	}
	r := s.Only(t)
	want := "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange" +
		"&subject_token=accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token" +
		"&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&resource=https%3A%2F%2Fbackend.example.com%2Fapi"
	if r.Body != want || r.Header.Get("Authorization") != "Basic cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0" {
		t.Errorf("%s", r.Raw)
	}
}

func TestAnActorIsNamedBesideTheSubject(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	g := &grant.TokenExchange{
		Config: rich(s), Requested: urn + "jwt",
		Subject: grant.Input{Token: is("sub"), Type: urn + "id_token"}, Actor: &grant.Input{Token: is("act"), Type: urn + "saml2"},
	}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	sent := form(t, s.Only(t))
	for name, want := range map[string]string{
		"subject_token": "sub", "subject_token_type": urn + "id_token", "actor_token": "act", "actor_token_type": urn + "saml2",
		"requested_token_type": urn + "jwt", "scope": "a b", "audience": "x", "resource": "r1 r2", "p": "1", "client_id": "id",
	} {
		if got := strings.Join(sent[name], " "); got != want {
			t.Errorf("%s=%s, want %s", name, got, want)
		}
	}
}

func TestAReplyThatIsNoAccessTokenIsTakenWhereNoneWasAskedFor(t *testing.T) {
	body := func(kind string) string {
		return `{"access_token":"PHNhbWw","issued_token_type":"` + urn + `saml2","token_type":"` + kind + `"}`
	}
	for name, c := range map[string]struct{ requested, reply, want string }{
		"nothing said":  {"", body("N_A"), ""},
		"access token":  {grant.AccessTokenType, body("N_A"), ""},
		"JWT":           {grant.JWTType, body("N_A"), ""},
		"SAML":          {urn + "saml2", body("N_A"), "N_A"},
		"any case":      {urn + "saml2", body("n_a"), "N_A"},
		"refresh token": {urn + "refresh_token", body("N_A"), "N_A"},
		"a URN":         {"urn:x:y", body("N_A"), "N_A"},
		"usable as one": {urn + "saml2", body("Bearer"), "Bearer"},
		"another type":  {urn + "saml2", body("mac"), ""},
		"no text":       {urn + "saml2", `{"access_token":"x","token_type":"N_A","issued_token_type":7}`, ""},
		"bad token":     {urn + "saml2", `{"access_token":"a\r\nb","token_type":"N_A"}`, ""},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(200, c.reply))
		g := &grant.TokenExchange{Config: at(s, grant.None("c")), Requested: c.requested, Subject: grant.Input{Token: is("sub")}}
		token, err := g.Token(t.Context(), grant.Ask{})
		if c.want == "" && !fault.Is(err, fault.Protocol) || c.want != "" && (err != nil || token.TokenType != c.want) {
			t.Errorf("%s: %+v %v", name, token, err)
		}
		s.Only(t)
	}
}

func TestOtherGrantsTakeNoTokenThatIsNone(t *testing.T) {
	if _, err := ask(t, authtest.JSON(200, `{"access_token":"x","token_type":"N_A"}`)); err == nil || err.Kind != fault.Protocol {
		t.Errorf("%v", err)
	}
}

func TestATokenToExchangeThatCannotBeHadSendsNothing(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	locked := grant.Input{Token: func(context.Context) (secret.String, error) { return secret.String{}, errKeyring }}
	for _, g := range []*grant.TokenExchange{{Subject: locked}, {Subject: grant.Input{Token: is("x")}, Actor: &locked}} {
		g.Config = at(s, grant.None("c"))
		if _, err := g.Token(t.Context(), grant.Ask{}); !errors.Is(err, errKeyring) || s.Count() != 0 {
			t.Errorf("%v, %d requests", err, s.Count())
		}
	}
}

func TestAnEchoedSubjectTokenIsMasked(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(400, `{"error":"invalid_request","error_description":"expired: SUBJECT-TOKEN"}`))
	g := &grant.TokenExchange{Config: at(s, grant.None("c")), Subject: grant.Input{Token: is("SUBJECT-TOKEN")}}
	if _, err := g.Token(t.Context(), grant.Ask{}); err == nil || strings.Contains(err.Error(), "SUBJECT") {
		t.Errorf("%v", err)
	}
}

// TestTheExampleOfRFC7523 is section 4's: nobody proves who the client is.
func TestTheExampleOfRFC7523(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	const jwt = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjE2In0.eyJpc3Mi.J9l-ZhwP"
	g := &grant.JWTBearer{Config: at(s, grant.None("")), Assertion: grant.Ready(is(jwt))}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	if r := s.Only(t); r.Body != "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="+jwt || r.Header.Get("Authorization") != "" {
		t.Errorf("%s", r.Raw)
	}
}
