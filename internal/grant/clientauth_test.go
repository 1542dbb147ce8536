package grant_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func TestAKeySignsOneFreshAssertionForEachRequest(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	key := generate(t, "ES256")
	signing := &grant.Signing{Key: fixed(key, nil), Issuer: "client", Subject: "client", Clock: epoch}
	g := &grant.ClientCredentials{Config: at(s, grant.ByAssertion("client", signing.Assertion))}
	ids := map[any]bool{}
	for range 2 {
		if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range s.Requests() {
		sent := form(t, r)
		text := sent.Get("client_assertion")
		if r.Header.Get("Authorization") != "" || sent.Get("client_id") != "client" || sent.Get("client_assertion_type") != assertionType || sent.Has("client_secret") {
			t.Fatalf("%s", r.Raw)
		}
		signed(t, text, key)
		header, claims := jwt(t, text)
		if header["alg"] != "ES256" || header["typ"] != "JWT" || header["kid"] != nil {
			t.Errorf("header %v", header)
		}
		ids[claims["jti"]] = true
		delete(claims, "jti")
		now := float64(epoch().Unix())
		want := map[string]any{"iss": "client", "sub": "client", "aud": s.URL + "/token", "iat": now, "exp": now + 300}
		if !maps.Equal(claims, want) {
			t.Errorf("claims %v, want %v", claims, want)
		}
	}
	if len(ids) != 2 || ids[nil] {
		t.Errorf("jti %v", ids)
	}
}

func TestTheAudienceOfAnAssertionIsTheIssuerWhereOneIsKnown(t *testing.T) {
	for name, c := range map[string]struct{ issuer, said, want string }{
		"token endpoint": {"", "", "/token"}, "issuer": {"https://idp.example.com", "", "https://idp.example.com"},
		"said": {"https://idp.example.com", "urn:x", "urn:x"},
	} {
		s := authtest.FakeIDP(t, authtest.Token("tok", 60))
		signing := &grant.Signing{Key: fixed(generate(t, "EdDSA"), nil), Issuer: "c", Audience: c.said, TTL: time.Hour}
		config := at(s, grant.ByAssertion("c", signing.Assertion))
		config.Server = grant.Known{Token: s.URL + "/token", Issuer: c.issuer}
		for _, g := range []grant.Grant{&grant.ClientCredentials{Config: config}, &grant.JWTBearer{Config: config, Assertion: signing.Assertion}} {
			if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
				t.Fatal(err)
			}
		}
		// The same assertion serves every endpoint of the server.
		if _, err := config.Ask(t.Context(), s.URL+"/device"); err != nil {
			t.Fatal(err)
		}
		var sent []string
		for _, r := range s.Requests() {
			sent = append(sent, form(t, r).Get("client_assertion"))
		}
		sent = append(sent, form(t, s.Requests()[1]).Get("assertion"))
		for _, text := range sent {
			_, claims := jwt(t, text)
			if aud := strings.TrimPrefix(claims["aud"].(string), s.URL); aud != c.want || claims["exp"].(float64)-claims["iat"].(float64) != 3600 {
				t.Errorf("%s: %v", name, claims)
			}
		}
	}
}

func TestAClientSecretSignsWithHMACAndIsNotSent(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	signing := &grant.Signing{Key: grant.SecretKey(is("short secret"), ""), Issuer: "c", Subject: "c"}
	g := &grant.ClientCredentials{Config: at(s, grant.ByAssertion("c", signing.Assertion))}
	if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	r := s.Only(t)
	text := form(t, r).Get("client_assertion")
	input, signature := text[:strings.LastIndex(text, ".")], text[strings.LastIndex(text, ".")+1:]
	mac := hmac.New(sha256.New, []byte("short secret"))
	mac.Write([]byte(input))
	if header, _ := jwt(t, text); header["alg"] != "HS256" || signature != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		t.Errorf("%v %s", header, text)
	}
	if strings.Contains(r.Raw, "short") {
		t.Errorf("the secret is on the wire: %s", r.Raw)
	}
}

func TestAReadyJWTIsReadForEachRequest(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	n := 0
	ready := grant.Ready(func(context.Context) (secret.String, error) {
		n++
		return secret.New("e.y." + strings.Repeat("J", n)), nil
	})
	g := &grant.ClientCredentials{Config: at(s, grant.ByAssertion("", ready))}
	for range 2 {
		if _, err := g.Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"e.y.J", "e.y.JJ"} {
		if sent := form(t, s.Requests()[i]); sent.Get("client_assertion") != want || sent.Has("client_id") {
			t.Errorf("request %d: %v", i, sent)
		}
	}
}

func TestAClientWithoutASecretSendsItsIDAlone(t *testing.T) {
	for name, c := range map[string]struct {
		auth grant.ClientAuth
		body string
	}{
		"public": {grant.None("pub"), "grant_type=client_credentials&client_id=pub"}, "certificate": {grant.Certificate("tls"), "grant_type=client_credentials&client_id=tls"},
		"nobody": {grant.None(""), "grant_type=client_credentials"},
	} {
		s := authtest.FakeIDP(t, authtest.Token("tok", 60))
		if _, err := (&grant.ClientCredentials{Config: at(s, c.auth)}).Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
		if r := s.Only(t); r.Body != c.body || r.Header.Get("Authorization") != "" {
			t.Errorf("%s: %s", name, r.Raw)
		}
	}
}

func TestAnAssertionNamesWhoTheKeyFileSays(t *testing.T) {
	key := generate(t, "ES256")
	google, zitadel := &jose.ServiceAccount{Issuer: "x@y.iam"}, &jose.ServiceAccount{Issuer: "4711", Subject: "4711"}
	for name, c := range map[string]struct {
		signing  grant.Signing
		iss, sub any
	}{
		"the client":          {grant.Signing{Key: fixed(key, nil), Client: "c"}, "c", "c"},
		"an issuer":           {grant.Signing{Key: fixed(key, nil), Client: "c", Issuer: "i"}, "i", "i"},
		"a subject":           {grant.Signing{Key: fixed(key, nil), Client: "c", Subject: "ann"}, "c", "ann"},
		"Google":              {grant.Signing{Key: fixed(key, google), Client: "c"}, "x@y.iam", nil},
		"Google for somebody": {grant.Signing{Key: fixed(key, google), Subject: "ann"}, "x@y.iam", "ann"},
		"ZITADEL":             {grant.Signing{Key: fixed(key, zitadel), Client: "c"}, "4711", "4711"},
		"said before a file":  {grant.Signing{Key: fixed(key, zitadel), Issuer: "i", Subject: "s"}, "i", "s"},
	} {
		c.signing.Claims = json.RawMessage(`{"scope":"a b","n":1e2}`)
		text, err := c.signing.Assertion(t.Context(), grant.Occasion{Audience: "aud"})
		if err != nil {
			t.Fatal(err)
		}
		_, claims := jwt(t, text.Reveal())
		if claims["iss"] != c.iss || claims["sub"] != c.sub || claims["scope"] != "a b" || claims["n"] != 100.0 {
			t.Errorf("%s: %v", name, claims)
		}
		names := slices.Sorted(maps.Keys(claims))
		for _, always := range []string{"iss", "aud", "iat", "exp", "jti"} {
			if !slices.Contains(names, always) {
				t.Errorf("%s: no %s", name, always)
			}
		}
	}
}

func TestAnAssertionThatCannotBeMadeSendsNothing(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	key := fixed(generate(t, "ES256"), nil)
	locked := func(context.Context) (secret.String, error) { return secret.String{}, errKeyring }
	for name, c := range map[string]struct {
		assertion grant.Assertion
		kind      fault.Kind
	}{
		"nobody":     {(&grant.Signing{Key: key}).Assertion, fault.Config},
		"bad claims": {(&grant.Signing{Key: key, Client: "c", Claims: json.RawMessage(`[]`)}).Assertion, fault.Config},
		"HMAC of RS": {(&grant.Signing{Key: grant.SecretKey(is("x"), "RS256"), Client: "c"}).Assertion, fault.Config},
		"locked key": {(&grant.Signing{Key: grant.SecretKey(locked, ""), Client: "c"}).Assertion, fault.Internal},
		"locked jwt": {grant.Ready(locked), fault.Internal},
	} {
		for _, g := range []grant.Grant{
			&grant.ClientCredentials{Config: at(s, grant.ByAssertion("c", c.assertion))},
			&grant.JWTBearer{Config: at(s, grant.None("")), Assertion: c.assertion},
		} {
			if _, err := g.Token(t.Context(), grant.Ask{}); err == nil || fault.From(err).Kind != c.kind {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestAnEchoedAssertionIsMasked(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(400, `{"error":"invalid_client","error_description":"bad eyJh.eyJh.c2lnbmF0dXJl"}`))
	g := &grant.ClientCredentials{Config: at(s, grant.ByAssertion("c", grant.Ready(is("eyJh.eyJh.c2lnbmF0dXJl"))))}
	if _, err := g.Token(t.Context(), grant.Ask{}); err == nil || strings.Contains(err.Error(), "c2ln") || !strings.Contains(err.Error(), secret.Redacted) {
		t.Errorf("%v", err)
	}
}
