package provider_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/oauth2"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

const urn = "urn:ietf:params:oauth:token-type:"

// of makes the source of a profile of one plain server.
func of(t *testing.T, s *authtest.Server, change func(*profile.Profile)) *provider.Source {
	t.Helper()
	p := profile.Profile{TokenURL: s.URL + "/token", ClientID: "id"}
	change(&p)
	return providertest.Source(t, oauth2.Provider(), p, ports(s))
}

func ports(s *authtest.Server) provider.Ports {
	ports := providertest.Ports(s.Client())
	ports.Token = func(_ context.Context, name, which string) (secret.String, error) {
		return secret.New(name + "'s " + which), nil
	}
	return ports
}

func TestEveryGrantOfAProfileSendsItsOwn(t *testing.T) {
	lit := providertest.Literal
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		want   map[string]string
		absent string
	}{
		"refresh token": {func(p *profile.Profile) { p.Grant, p.RefreshToken = "refresh_token", lit("r-1") }, map[string]string{"grant_type": "refresh_token", "refresh_token": "r-1", "client_id": "id"}, "client_secret scope"},
		"ready assertion": {func(p *profile.Profile) {
			p.Grant, p.ClientAuth, p.ClientID, p.Assertion.JWT = "jwt_bearer", "none", "", lit("e.y.J")
		}, map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "e.y.J"}, "client_id client_assertion"},
		"token exchange": {func(p *profile.Profile) {
			p.Grant, p.ClientAuth = "token_exchange", "none"
			p.SubjectToken, p.ActorToken = profile.TokenInput{Token: lit("subj"), Type: urn + "jwt"}, profile.TokenInput{Profile: "robot", Type: urn + "access_token"}
			p.RequestedTokenType, p.AuthorizationDetails, p.Audience = urn+"saml2", `[{"type":"t"}]`, []string{"a"}
		}, map[string]string{
			"subject_token": "subj", "subject_token_type": urn + "jwt", "actor_token": "robot's access_token", "actor_token_type": urn + "access_token",
			"requested_token_type": urn + "saml2", "authorization_details": `[{"type":"t"}]`, "audience": "a",
		}, "scope"},
		"another profile's id_token": {func(p *profile.Profile) {
			p.Grant, p.ClientAuth, p.SubjectToken = "token_exchange", "none", profile.TokenInput{Profile: "me", Type: urn + "id_token"}
		}, map[string]string{"subject_token": "me's id_token", "subject_token_type": urn + "id_token"}, "actor_token"},
		"another profile's refresh_token": {func(p *profile.Profile) {
			p.Grant, p.ClientAuth, p.SubjectToken = "token_exchange", "none", profile.TokenInput{Profile: "me", Type: urn + "refresh_token"}
		}, map[string]string{"subject_token": "me's refresh_token"}, ""},
		"certificate": {func(p *profile.Profile) { p.ClientAuth, p.TLS.CertFile = "tls_client_auth", "/c.pem" }, map[string]string{"client_id": "id", "grant_type": "client_credentials"}, "client_secret"},
		"federated": {func(p *profile.Profile) { p.ClientAssertion.JWT = lit("e.y.J") }, map[string]string{
			"client_id": "id", "client_assertion": "e.y.J", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		}, "client_secret"},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"Bearer"}`))
			if _, err := of(t, s, c.change).Grant.Token(t.Context(), grant.Ask{}); err != nil {
				t.Fatal(err)
			}
			sent, err := url.ParseQuery(s.Only(t).Body)
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range c.want {
				if sent.Get(key) != want {
					t.Errorf("%s=%s, want %s", key, sent.Get(key), want)
				}
			}
			for _, key := range strings.Fields(c.absent) {
				if sent.Has(key) {
					t.Errorf("%s was sent: %s", key, sent.Get(key))
				}
			}
		})
	}
}

func TestAGrantThatNeedsAPersonSaysSo(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	for name, change := range map[string]func(*profile.Profile){
		"authorization_code": func(p *profile.Profile) { p.Endpoints.Authorization = s.URL },
		"device_code":        func(p *profile.Profile) { p.Endpoints.DeviceAuthorization = s.URL },
		"ciba": func(p *profile.Profile) {
			p.ClientAuth, p.Endpoints.BackchannelAuthentication, p.LoginHint = "none", s.URL, "ann"
		},
	} {
		source := of(t, s, func(p *profile.Profile) {
			p.Grant = name
			change(p)
		})
		_, login := source.Grant.(grant.Login)
		refresher, refreshes := source.Grant.(grant.Refresher)
		if _, err := source.Grant.Token(t.Context(), grant.Ask{}); !errors.Is(err, grant.ErrLoginRequired) || !login || !refreshes {
			t.Errorf("%s: %v, login %v, refreshes %v", name, err, login, refreshes)
			continue
		}
		if _, err := refresher.Refresh(t.Context(), &grant.Token{RefreshToken: secret.New("r")}, grant.Ask{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.Count() != 3 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestARefreshTokenThatNobodyStoredNeedsALogin(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	source := func(err error) grant.Grant {
		ports := ports(s)
		ports.Secret = func(context.Context, secret.Ref, string) (secret.String, error) { return secret.String{}, err }
		p := profile.Profile{TokenURL: s.URL, ClientID: "id", Grant: "refresh_token"}
		return providertest.Source(t, oauth2.Provider(), p, ports).Grant
	}
	locked := errors.New("locked")
	absent := fault.New(fault.Config, "config.secret", "%w", secret.ErrNoAccount)
	for _, c := range []struct{ found, want error }{{absent, grant.ErrLoginRequired}, {locked, locked}} {
		g := source(c.found)
		if _, err := g.Token(t.Context(), grant.Ask{}); !errors.Is(err, c.want) || s.Count() != 0 {
			t.Errorf("%v: %v", c.found, err)
		}
		if _, ok := g.(grant.Login); !ok {
			t.Error("nobody can log in")
		}
	}
	// A profile that has one needs nobody.
	if _, ok := of(t, s, func(p *profile.Profile) { p.Grant, p.RefreshToken = "refresh_token", providertest.Literal("r") }).Grant.(grant.Login); ok {
		t.Error("a profile's own refresh token is asked for")
	}
}

func TestATokenIsBoundToEverySecretThatItWasGotWith(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	lit := providertest.Literal
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		want   []string
	}{
		"secret":       {func(p *profile.Profile) { p.ClientSecret = lit("s") }, []string{"client_secret value s"}},
		"in a keyring": {func(*profile.Profile) {}, []string{"client_secret of profile test"}},
		"public":       {func(p *profile.Profile) { p.Grant, p.Endpoints.DeviceAuthorization = "device_code", s.URL }, nil},
		"refresh": {
			func(p *profile.Profile) {
				p.Grant, p.ClientSecret, p.RefreshToken = "refresh_token", lit("s"), lit("r")
			},
			[]string{"client_secret value s", "refresh_token value r"},
		},
		"certificate": {func(p *profile.Profile) { p.ClientAuth, p.TLS.CertFile = "self_signed_tls_client_auth", "/c.pem" }, nil},
		"assertions": {func(p *profile.Profile) {
			p.Grant, p.ClientAssertion.Key, p.Assertion.JWT = "jwt_bearer", lit("k"), lit("j")
		}, []string{"client_assertion.key value k", "assertion.jwt value j"}},
		"exchange": {func(p *profile.Profile) {
			p.Grant, p.ClientAuth, p.SubjectToken.Token, p.ActorToken.Token = "token_exchange", "none", lit("s"), secret.Ref{Scheme: secret.Command, Arg: secret.New("x")}
			p.DPoP = profile.DPoP{On: true, Key: lit("d")}
		}, []string{"subject_token.token value s", "actor_token.token reference command:x", "dpop.key value d"}},
	} {
		bound, err := of(t, s, c.change).Bound(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range bound {
			got = append(got, b.Reveal())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestRefreshTokensGrowFromTheOneThatTheProfileNames(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	named := of(t, s, func(p *profile.Profile) {
		p.Grant, p.ClientSecret, p.RefreshToken = "refresh_token", providertest.Literal("s"), providertest.Literal("r")
	})
	if root, err := named.Root(t.Context()); err != nil || len(root) != 1 || root[0].Reveal() != "refresh_token value r" {
		t.Errorf("%d, %v", len(root), err)
	}
	entered := of(t, s, func(p *profile.Profile) { p.Grant, p.ClientSecret = "refresh_token", providertest.Literal("s") })
	if entered.Root != nil || of(t, s, func(*profile.Profile) {}).Root != nil {
		t.Error("what a profile does not name is no root")
	}
}

func TestAChangeOfTheFurtherKeysIsAnotherIdentity(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	seen := map[string]string{}
	for name, change := range map[string]func(*profile.Profile){
		"none": func(*profile.Profile) {}, "dpop": func(p *profile.Profile) { p.DPoP.On = true }, "details": func(p *profile.Profile) { p.AuthorizationDetails = `[]` },
		"certificate": func(p *profile.Profile) { p.ClientAuth, p.TLS.CertFile = "tls_client_auth", "/a.pem" }, "other certificate": func(p *profile.Profile) { p.ClientAuth, p.TLS.CertFile = "tls_client_auth", "/b.pem" },
	} {
		key := of(t, s, change).Identity.Key()
		if seen[key] != "" {
			t.Errorf("%s and %s are one identity", name, seen[key])
		}
		seen[key] = name
	}
}

func TestEverySourceManagesItsTokens(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"active":true}`))
	source := of(t, s, func(p *profile.Profile) {
		p.ClientSecret, p.Endpoints.Introspection = providertest.Literal("s"), s.URL+"/introspect"
		p.TokenHeaders = []profile.Param{{Name: "Origin", Value: "https://a.example.com"}}
	})
	if _, err := source.Life.Introspect(t.Context(), secret.New("x"), ""); err != nil {
		t.Fatal(err)
	}
	if r := s.Only(t); r.Header.Get("Authorization") != "Basic aWQ6cw==" || r.Header.Get("Origin") != "https://a.example.com" {
		t.Errorf("%s", r.Raw)
	}
	if can, err := source.Life.CanRevoke(t.Context()); can || err != nil {
		t.Errorf("%v %v", can, err)
	}
}

func TestAnExchangedTokenIsBoundToWhatTheOtherProfilesTokenDependsOn(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	p := profile.Profile{TokenURL: s.URL, ClientID: "id", Grant: "token_exchange", ClientAuth: "none"}
	p.SubjectToken, p.ActorToken = profile.TokenInput{Profile: "me"}, profile.TokenInput{Profile: "robot"}
	ports := ports(s)
	var locked error
	ports.TokenDependsOn = func(_ context.Context, name string) ([]secret.String, error) {
		return []secret.String{secret.New("what " + name + " is")}, locked
	}
	source := providertest.Source(t, oauth2.Provider(), p, ports)
	bound, err := source.Upstream(t.Context())
	if err != nil || len(bound) != 2 || bound[0].Reveal() != "what me is" || bound[1].Reveal() != "what robot is" {
		t.Errorf("%d, %v", len(bound), err)
	}
	locked = errors.New("no such variable")
	if _, err := source.Upstream(t.Context()); !errors.Is(err, locked) {
		t.Error(err)
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}
