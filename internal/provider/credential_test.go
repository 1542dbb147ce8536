package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

func pem(t *testing.T, alg string) secret.Ref {
	t.Helper()
	key, err := jose.Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := key.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return secret.Ref{Scheme: secret.Literal, Arg: jwk}
}

// claims reads one member of a form as a JWT.
func claims(t *testing.T, body, key string) (header, claims map[string]any) {
	t.Helper()
	sent, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(sent.Get(key), ".")
	if len(parts) != 3 {
		t.Fatalf("%s is no JWT: %s", key, body)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func TestAProfilesKeySignsAsTheProfileSays(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	token := func(change func(*profile.Profile)) string {
		if _, err := of(t, s, change).Grant.Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
		return s.Requests()[s.Count()-1].Body
	}
	body := token(func(p *profile.Profile) {
		p.ClientAssertion = profile.Assertion{Key: pem(t, "ES384"), KeyID: "k1", Audience: "urn:idp", TTL: 60e9}
	})
	header, said := claims(t, body, "client_assertion")
	if header["alg"] != "ES384" || header["kid"] != "k1" || said["iss"] != "id" || said["sub"] != "id" || said["aud"] != "urn:idp" || said["exp"].(float64)-said["iat"].(float64) != 60 {
		t.Errorf("%v %v", header, said)
	}
	body = token(func(p *profile.Profile) {
		p.ClientAuth, p.ClientSecret, p.ClientAssertion.Alg = "client_secret_jwt", providertest.Literal("sec"), "HS512"
	})
	if header, said := claims(t, body, "client_assertion"); header["alg"] != "HS512" || said["aud"] != s.URL+"/token" || strings.Contains(body, "client_secret=") {
		t.Errorf("%v %v %s", header, said, body)
	}
	body = token(func(p *profile.Profile) {
		p.Grant, p.ClientAuth, p.Scopes = "jwt_bearer", "none", []string{"a"}
		p.Assertion = profile.Assertion{Key: pem(t, "EdDSA"), Issuer: "i", Subject: "ann", Claims: `{"scope":"x"}`}
	})
	if header, said := claims(t, body, "assertion"); header["alg"] != "EdDSA" || said["iss"] != "i" || said["sub"] != "ann" || said["scope"] != "x" || !strings.Contains(body, "&scope=a") {
		t.Errorf("%v %v %s", header, said, body)
	}
}

func TestAKeyThatDoesNotFitIsRefusedByItsName(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	for name, change := range map[string]func(*profile.Profile){
		"client_assertion.key": func(p *profile.Profile) { p.ClientAssertion = profile.Assertion{Key: pem(t, "ES256"), Alg: "RS256"} },
		"assertion.key": func(p *profile.Profile) {
			p.Grant, p.ClientAuth, p.Assertion.Key = "jwt_bearer", "none", providertest.Literal("no key")
		},
		"dpop.key": func(p *profile.Profile) {
			p.Grant, p.RefreshToken, p.DPoP = "refresh_token", providertest.Literal("r"), profile.DPoP{On: true, Key: pem(t, "ES256"), Alg: "EdDSA"}
		},
	} {
		_, err := of(t, s, change).Grant.Token(t.Context(), grant.Ask{})
		if !fault.Is(err, fault.Config) || !strings.HasPrefix(err.Error(), name+": ") || s.Count() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheUsersOwnProofKeyIsGivenAndAMadeOneIsNot(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	if of(t, s, func(p *profile.Profile) { p.DPoP.On = true }).ProofKey != nil {
		t.Error("a made key is taken for the user's")
	}
	own := pem(t, "ES256")
	jwk, err := of(t, s, func(p *profile.Profile) { p.DPoP = profile.DPoP{On: true, Key: own} }).ProofKey(t.Context())
	if err != nil || !jwk.Equal(own.Arg) {
		t.Errorf("%v %v", jwk.Equal(own.Arg), err)
	}
	if _, err := of(t, s, func(p *profile.Profile) { p.DPoP = profile.DPoP{On: true, Key: providertest.Literal("x")} }).ProofKey(t.Context()); !fault.Is(err, fault.Config) {
		t.Errorf("%v", err)
	}
}
