package grant_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

func jsonLogin(s *authtest.Server, proof string) *grant.JSONLogin {
	return &grant.JSONLogin{
		Config: grant.Config{
			Endpoint:     &grant.Endpoint{Client: s.Client(), Mask: secret.NewMask(), Timeout: 5 * time.Second},
			Server:       grant.Known{Token: s.URL + "/login"},
			TokenHeaders: http.Header{"X-Tenant": {"t1"}}, Scopes: []string{"never"}, Audience: []string{"never"}, Resources: []string{"never"},
			DefaultTTL: time.Minute,
		},
		Username: "jack", ProofName: "password",
		Proof: func(context.Context) (secret.String, error) { return secret.New(proof), nil },
	}
}

func TestAJSONLoginSendsTheUserAndNoClient(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok"}`))
	token, err := jsonLogin(s, `a"b<é`).Token(t.Context(), grant.Ask{Claims: `{"x":1}`})
	if err != nil || token.Lifetime() != time.Minute {
		t.Fatalf("%+v %v", token, err)
	}
	r := s.Only(t)
	if r.Method != "POST" || r.Target != "/login" || r.Body != `{"username":"jack","password":"a\"b<é"}` || r.Header.Get("X-Tenant") != "t1" || r.Header.Get("Authorization") != "" {
		t.Errorf("%s", r.Raw)
	}
}

func TestAProofThatALoginEchoesIsMasked(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(401, `{"message":"wrong: S3CRET-PROOF"}`))
	_, err := jsonLogin(s, "S3CRET-PROOF").Token(t.Context(), grant.Ask{})
	if e := fault.From(err); e.Kind != fault.Auth || strings.Contains(e.Error(), "S3CRET") {
		t.Errorf("%v", err)
	}
	s.Only(t)
}

func TestAProofThatIsNoTextIsNotSent(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	if _, err := jsonLogin(s, "\xff").Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Config) || s.Count() != 0 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}

func TestAnOlderLoginIsAskedOnceAndNoFurther(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(405, ""), authtest.Redirect(307, "https://x.example.com/"))
	login := jsonLogin(s, "pw")
	login.Older = s.URL + "/older"
	if _, err := login.Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Policy) || s.Count() != 2 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}
