package grant_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

const (
	bound    = `{"access_token":"tok","token_type":"DPoP","expires_in":60}`
	useNonce = `{"error":"use_dpop_nonce","error_description":"a nonce is wanted"}`
)

func proving(s *authtest.Server) grant.Config {
	c := at(s, grant.None("c"))
	c.DPoP = &grant.DPoP{}
	return c
}

// proof is the claims of a request's proof, whose signature is by the key in its own header.
func proof(t *testing.T, r authtest.Request) (claims map[string]any, jwk string) {
	t.Helper()
	if len(r.Header.Values("DPoP")) != 1 {
		t.Fatalf("%d proofs", len(r.Header.Values("DPoP")))
	}
	text := r.Header.Get("DPoP")
	header, claims := jwt(t, text)
	key, err := json.Marshal(header["jwk"])
	if err != nil || header["typ"] != "dpop+jwt" || strings.Contains(string(key), `"d"`) {
		t.Fatalf("header %v", header)
	}
	set, err := jose.ParseKeySet([]byte(`{"keys":[` + string(key) + `]}`))
	if err == nil {
		_, _, err = set.Verify(secret.New(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims, string(key)
}

func TestATokenRequestProvesAKeyThatIsKeptWithTheToken(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, bound))
	c := proving(s)
	c.Server = grant.Known{Token: s.URL + "/token?tenant=x"}
	g := &grant.ClientCredentials{Config: c}
	first, err := g.Token(t.Context(), grant.Ask{})
	if err != nil || first.TokenType != "DPoP" || first.ProofKey.IsZero() {
		t.Fatalf("%+v %v", first, err)
	}
	again, err := g.Token(t.Context(), grant.Ask{Prev: first})
	if err != nil || !again.ProofKey.Equal(first.ProofKey) {
		t.Fatalf("%+v %v", again, err)
	}
	if _, err := g.Refresh(t.Context(), first, grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	other, err := g.Token(t.Context(), grant.Ask{})
	if err != nil || other.ProofKey.Equal(first.ProofKey) {
		t.Fatalf("another identity has the same key: %v", err)
	}
	keys, ids := map[string]int{}, map[any]bool{}
	for _, r := range s.Requests() {
		claims, key := proof(t, r)
		keys[key]++
		ids[claims["jti"]] = true
		if !strings.Contains(r.Raw, "\r\nDPoP: ") {
			t.Errorf("the header is not spelled as RFC 9449 does: %s", r.Raw)
		}
		if claims["htm"] != "POST" || claims["htu"] != s.URL+"/token" || claims["iat"] != float64(epoch().Unix()) || claims["nonce"] != nil || claims["ath"] != nil {
			t.Errorf("%v", claims)
		}
	}
	if len(keys) != 2 || len(ids) != 4 {
		t.Errorf("%d keys, %d proofs", len(keys), len(ids))
	}
}

func TestTheUsersOwnKeyIsProvedAndNotKept(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, bound))
	c := proving(s)
	own := generate(t, "EdDSA")
	c.DPoP.Key = fixed(own, nil)
	token, err := (&grant.ClientCredentials{Config: c}).Token(t.Context(), grant.Ask{Prev: &grant.Token{ProofKey: secret.New("{}")}})
	if err != nil || !token.ProofKey.IsZero() {
		t.Fatalf("%+v %v", token, err)
	}
	public, err := own.PublicJWK()
	if err != nil {
		t.Fatal(err)
	}
	if _, key := proof(t, s.Only(t)); len(key) != len(public) {
		t.Errorf("%s, want %s", key, public)
	}
	c.DPoP.Key = func(context.Context) (*jose.Key, *jose.ServiceAccount, error) { return nil, nil, errKeyring }
	if _, err := (&grant.ClientCredentials{Config: c}).Token(t.Context(), grant.Ask{}); err == nil || s.Count() != 1 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}

func TestAnUnreadableKeyIsReplaced(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, bound))
	token, err := (&grant.ClientCredentials{Config: proving(s)}).Token(t.Context(), grant.Ask{Prev: &grant.Token{ProofKey: secret.New("{torn")}})
	if err != nil || token.ProofKey.Reveal() == "{torn" || token.ProofKey.IsZero() {
		t.Errorf("%+v %v", token, err)
	}
}

func TestANonceIsAnsweredOnceAndRemembered(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(400, useNonce, "DPoP-Nonce: n-1"), authtest.JSON(200, bound, "DPoP-Nonce: n-2"), authtest.JSON(200, bound))
	c := proving(s)
	c.DPoP.Nonces = &dpop.Nonces{}
	signing := &grant.Signing{Key: fixed(generate(t, "ES256"), nil), Issuer: "c"}
	c.Auth = grant.ByAssertion("c", signing.Assertion)
	g := &grant.RefreshToken{Config: c, Stored: is("r1")}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil || s.Count() != 2 {
		t.Fatalf("%v, %d requests", err, s.Count())
	}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	assertions := map[string]bool{}
	for i, want := range []any{nil, "n-1", "n-2"} {
		r := s.Requests()[i]
		if claims, _ := proof(t, r); claims["nonce"] != want {
			t.Errorf("request %d: nonce %v, want %v", i, claims["nonce"], want)
		}
		sent := form(t, r)
		assertions[sent.Get("client_assertion")] = true
		if sent.Get("refresh_token") != "r1" {
			t.Errorf("request %d: %s", i, r.Body)
		}
	}
	if len(assertions) != 3 {
		t.Error("a client assertion was sent twice")
	}
}

func TestWhatIsNoWishForANonceIsARefusal(t *testing.T) {
	for name, c := range map[string]struct {
		replies []authtest.Reply
		count   int
	}{
		"asked for ever":   {[]authtest.Reply{authtest.JSON(400, useNonce, "DPoP-Nonce: n")}, 2},
		"no nonce":         {[]authtest.Reply{authtest.JSON(400, useNonce)}, 1},
		"two nonces":       {[]authtest.Reply{authtest.JSON(400, useNonce, "DPoP-Nonce: a", "DPoP-Nonce: b")}, 1},
		"a torn nonce":     {[]authtest.Reply{authtest.JSON(400, useNonce, "DPoP-Nonce: a\"b")}, 1},
		"another error":    {[]authtest.Reply{authtest.JSON(400, `{"error":"invalid_grant"}`, "DPoP-Nonce: n")}, 1},
		"another status":   {[]authtest.Reply{authtest.JSON(401, useNonce, "DPoP-Nonce: n")}, 1},
		"refused after it": {[]authtest.Reply{authtest.JSON(400, useNonce, "DPoP-Nonce: n"), authtest.JSON(400, `{"error":"invalid_grant"}`)}, 2},
	} {
		s := authtest.FakeIDP(t, c.replies...)
		_, err := (&grant.ClientCredentials{Config: proving(s)}).Token(t.Context(), grant.Ask{})
		if !fault.Is(err, fault.Auth) || s.Count() != c.count {
			t.Errorf("%s: %v, %d requests", name, err, s.Count())
		}
	}
	// Who proves nothing has nothing to put a nonce into.
	s := authtest.FakeIDP(t, authtest.JSON(400, useNonce, "DPoP-Nonce: n"))
	if _, err := (&grant.ClientCredentials{Config: at(s, grant.None("c"))}).Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Auth) {
		t.Errorf("%v", err)
	}
	if s.Only(t).Header.Get("DPoP") != "" {
		t.Error("a proof nobody asked for")
	}
}

func TestATokenIsBoundWhereItWasAskedToBeAndNowhereElse(t *testing.T) {
	for name, c := range map[string]struct {
		proving bool
		kind    string
		ok      bool
	}{
		"bound": {true, `"DPoP"`, true}, "bound, in another case": {true, `"dpop"`, true}, "not bound": {true, `"Bearer"`, false}, "nothing said": {true, `null`, false}, "none": {true, `"N_A"`, false},
		"unasked": {false, `"DPoP"`, false}, "bearer": {false, `"Bearer"`, true},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":`+c.kind+`}`))
		config := at(s, grant.None("c"))
		if c.proving {
			config = proving(s)
		}
		_, err := (&grant.ClientCredentials{Config: config}).Token(t.Context(), grant.Ask{})
		if (err == nil) != c.ok || err != nil && !fault.Is(err, fault.Protocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFlowProvesOneKeyAtThePushAndTheTokenEndpoint(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(201, `{"request_uri":"urn:x","expires_in":60}`), authtest.JSON(200, `{"device_code":"d"}`), authtest.JSON(200, bound))
	c := proving(s)
	flow, err := c.Flow(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flow.Push(t.Context(), s.URL+"/par", grant.Plain("response_type", "code"), grant.Plain("client_id", "c")); err != nil {
		t.Fatal(err)
	}
	if _, err := flow.Ask(t.Context(), s.URL+"/device"); err != nil {
		t.Fatal(err)
	}
	token, err := (&grant.ClientCredentials{Config: *flow}).Token(t.Context(), grant.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	all := s.Requests()
	pushed, first := proof(t, all[0])
	_, second := proof(t, all[2])
	if first != second || pushed["htu"] != s.URL+"/par" || all[1].Header.Get("DPoP") != "" || token.ProofKey.IsZero() {
		t.Errorf("keys %s and %s, %v", first, second, pushed)
	}
	if all[0].Body != "response_type=code&client_id=c" {
		t.Errorf("the client is named twice: %s", all[0].Body)
	}
}

func TestANonceIsAnsweredWithANewAssertion(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(400, useNonce, "DPoP-Nonce: n-1"), authtest.JSON(200, bound))
	signing := &grant.Signing{Key: fixed(generate(t, "ES256"), nil), Issuer: "c"}
	g := &grant.JWTBearer{Config: proving(s), Assertion: signing.Assertion}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil || s.Count() != 2 {
		t.Fatalf("%v, %d requests", err, s.Count())
	}
	ids := map[any]bool{}
	for _, r := range s.Requests() {
		sent, err := url.ParseQuery(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		_, claims := jwt(t, sent.Get("assertion"))
		ids[claims["jti"]] = true
	}
	if len(ids) != 2 {
		t.Error("one assertion was sent twice")
	}
}

func TestANonceIsAnsweredWithWhatIsTheSubjectsTokenByThen(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(400, useNonce, "DPoP-Nonce: n-1"), authtest.JSON(200, bound))
	reads := 0
	g := &grant.TokenExchange{Config: proving(s), Subject: grant.Input{Token: func(context.Context) (secret.String, error) {
		reads++
		return secret.New("s" + strconv.Itoa(reads)), nil
	}}}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil || s.Count() != 2 {
		t.Fatalf("%v, %d requests", err, s.Count())
	}
	for i, r := range s.Requests() {
		if want := "&subject_token=s" + strconv.Itoa(i+1) + "&"; !strings.Contains(r.Body, want) {
			t.Errorf("%s, want %s", r.Body, want)
		}
	}
}
