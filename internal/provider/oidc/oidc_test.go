package oidc_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/oidc"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

// issuer is a server with metadata and a token endpoint that can move.
type issuer struct {
	*authtest.Server
	token string // its token endpoint's path
}

func start(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{token: "/token"}
	i.Server = authtest.FakeIDP(t, func(conn net.Conn, r authtest.Request) {
		switch r.Target {
		case "/.well-known/openid-configuration":
			authtest.JSON(http.StatusOK, fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q}`, i.URL, i.URL+i.token))(conn, r)
		case i.token, "/said":
			authtest.Token("tok", 300)(conn, r)
		default:
			authtest.Answer(http.StatusNotFound, "")(conn, r)
		}
	})
	return i
}

// asked are the requests so far, method and path.
func (i *issuer) asked() string {
	var list []string
	for _, r := range i.Requests() {
		list = append(list, r.Method+r.Target)
	}
	return strings.Join(list, " ")
}

type memory struct{ data map[string][]byte }

func (m memory) Read(name string) ([]byte, time.Time, bool) {
	data, ok := m.data[name]
	return data, time.Now(), ok
}
func (m memory) Keep(name string, data []byte) { m.data[name] = data }

func minimal(url string) profile.Profile {
	return profile.Profile{Own: profile.Values{"issuer": url}, ClientID: "c", ClientSecret: providertest.Literal("s")}
}

func TestNothingIsAskedBeforeATokenIs(t *testing.T) {
	i := start(t)
	s := providertest.Source(t, oidc.Provider(), minimal(i.URL), providertest.Ports(i.Client()))
	if _, err := s.Bound(t.Context()); err != nil || i.Count() != 0 {
		t.Fatalf("%v, asked %s", err, i.asked())
	}
	for range 2 {
		if token, err := s.Grant.Token(t.Context(), grant.Ask{}); err != nil || token.AccessToken.Reveal() != "tok" {
			t.Fatal(err)
		}
	}
	if got := i.asked(); got != "GET/.well-known/openid-configuration POST/token POST/token" {
		t.Fatal(got)
	}
	if body := i.Requests()[1].Body; body != "grant_type=client_credentials" {
		t.Error(body)
	}
}

func TestTheIdentityIsTheIssuersAndTheUsersOwnEndpoints(t *testing.T) {
	key := func(change func(*profile.Profile)) string {
		p := minimal("https://idp.example.com/a")
		change(&p)
		return providertest.Source(t, oidc.Provider(), p, provider.Ports{}).Identity.Key()
	}
	same := key(func(*profile.Profile) {})
	seen := map[string]bool{same: true}
	for name, change := range map[string]func(*profile.Profile){
		"issuer":     func(p *profile.Profile) { p.Own["issuer"] = "https://idp.example.com/b" },
		"its slash":  func(p *profile.Profile) { p.Own["issuer"] = "https://idp.example.com/a/" },
		"token_url":  func(p *profile.Profile) { p.TokenURL = "https://idp.example.com/a" },
		"another":    func(p *profile.Profile) { p.TokenURL = "https://idp.example.com/b" },
		"client":     func(p *profile.Profile) { p.ClientID = "d" },
		"the grant":  func(p *profile.Profile) { p.Grant, p.ClientAuth = "device_code", "client_secret_basic" },
		"the scopes": func(p *profile.Profile) { p.Scopes = []string{"a"} },
	} {
		if k := key(change); seen[k] {
			t.Errorf("%s: the same identity", name)
		} else {
			seen[k] = true
		}
	}
	s := providertest.Source(t, oidc.Provider(), minimal("https://idp.example.com/a/"), provider.Ports{})
	if s.Identity.TokenEndpoint != "https://idp.example.com/a/" {
		t.Errorf("endpoint %s", s.Identity.TokenEndpoint)
	}
}

func TestAnAddressOfTheProfileIsUsedInPlaceOfTheServers(t *testing.T) {
	i := start(t)
	p := minimal(i.URL)
	p.TokenURL = i.URL + "/said"
	if _, err := providertest.Source(t, oidc.Provider(), p, providertest.Ports(i.Client())).Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	if got := i.asked(); got != "GET/.well-known/openid-configuration POST/said" {
		t.Fatal(got)
	}
}

func TestATokenEndpointThatMovedIsFoundAgain(t *testing.T) {
	for name, ask := range map[string]func(*testing.T, *provider.Source) error{
		"token": func(t *testing.T, s *provider.Source) error {
			_, err := s.Grant.Token(t.Context(), grant.Ask{})
			return err
		},
		"refresh": func(t *testing.T, s *provider.Source) error {
			prev := &grant.Token{RefreshToken: secret.New("rt")}
			_, err := s.Grant.(grant.Refresher).Refresh(t.Context(), prev, grant.Ask{Prev: prev})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := start(t)
			ports := providertest.Ports(i.Client())
			ports.Documents = memory{map[string][]byte{}}
			source := func() *provider.Source { return providertest.Source(t, oidc.Provider(), minimal(i.URL), ports) }
			if err := ask(t, source()); err != nil {
				t.Fatal(err)
			}
			i.token = "/moved"
			if err := ask(t, source()); err != nil {
				t.Fatal(err)
			}
			if err := ask(t, source()); err != nil {
				t.Fatal(err)
			}
			want := "GET/.well-known/openid-configuration POST/token POST/token GET/.well-known/openid-configuration POST/moved POST/moved"
			if got := i.asked(); got != want {
				t.Fatal(got)
			}
		})
	}
}

func TestALoginWhereNobodyIsMakesTheNextOneAskForTheAddresses(t *testing.T) {
	i := start(t)
	ports := providertest.Ports(i.Client())
	ports.Documents = memory{map[string][]byte{}}
	device := minimal(i.URL)
	device.Grant, device.ClientSecret = "device_code", secret.Ref{}
	logIn := func() error {
		s := providertest.Source(t, oidc.Provider(), device, ports)
		_, err := s.Grant.(grant.Login).Login(t.Context(), grant.Person{Tell: func(string, ...any) {}})
		return err
	}
	if err := logIn(); !fault.Is(err, fault.Config) { // the server has no device authorization endpoint yet
		t.Fatal(err)
	}
	for name := range ports.Documents.(memory).data {
		ports.Documents.Keep(name, fmt.Appendf(nil, `{"issuer":%q,"token_endpoint":%[1]q,"device_authorization_endpoint":"%[1]s/gone"}`, i.URL))
	}
	if err := logIn(); !fault.Is(err, fault.Auth) {
		t.Fatal(err)
	}
	if err := logIn(); !fault.Is(err, fault.Config) {
		t.Fatal(err)
	}
	if got := i.asked(); got != "GET/.well-known/openid-configuration POST/gone GET/.well-known/openid-configuration" {
		t.Fatal(got)
	}
}

func TestAServerThatDidNotMoveIsNotAskedTwice(t *testing.T) {
	i := start(t)
	ports := providertest.Ports(i.Client())
	ports.Documents = memory{map[string][]byte{}}
	source := func() *provider.Source { return providertest.Source(t, oidc.Provider(), minimal(i.URL), ports) }
	if _, err := source().Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	for name := range ports.Documents.(memory).data {
		ports.Documents.Keep(name, fmt.Appendf(nil, `{"issuer":%q,"token_endpoint":%q}`, i.URL, i.URL+"/gone"))
	}
	i.token = "/gone2"
	s := source()
	if _, err := s.Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatalf("it moved: %v", err)
	}
	i.token = "/token/nowhere"
	if _, err := s.Grant.Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Auth) || fault.From(err).Status != http.StatusNotFound {
		t.Fatalf("%v", err)
	}
	if n := i.Count(); n != 2+3+1 {
		t.Fatalf("%d requests: %s", n, i.asked())
	}
}

func TestAnotherIssuerGetsNoSecret(t *testing.T) {
	i := authtest.FakeIDP(t, authtest.JSON(http.StatusOK, `{"issuer":"https://evil.example.com","token_endpoint":"https://evil.example.com/t"}`))
	e := providertest.Fail(t, oidc.Provider(), minimal(i.URL), i.Client())
	if e.Kind != fault.Policy || i.Count() != 1 || strings.Contains(i.Requests()[0].Raw, "Authorization") {
		t.Fatalf("%+v after %d requests", e, i.Count())
	}
}

func TestAGrantCanDoWhatItCould(t *testing.T) {
	ports := providertest.Ports(nil)
	for name, logsIn := range map[string]bool{"authorization_code": true, "device_code": true, "client_credentials": false} {
		p := minimal("https://idp.example.com")
		p.Grant = name
		s := providertest.Source(t, oidc.Provider(), p, ports)
		_, refreshes := s.Grant.(grant.Refresher)
		if _, ok := s.Grant.(grant.Login); ok != logsIn || !refreshes {
			t.Errorf("%s: logs in %t, refreshes %t", name, ok, refreshes)
		}
		if logsIn {
			if _, err := s.Grant.Token(t.Context(), grant.Ask{}); !errors.Is(err, grant.ErrLoginRequired) {
				t.Errorf("%s without a login: %v", name, err)
			}
		}
	}
}

func TestDefaultsAndRefusals(t *testing.T) {
	p := minimal("https://idp.example.com")
	p.Grant, p.ClientSecret = "device_code", secret.Ref{}
	got := providertest.Complete(t, oidc.Provider(), p)
	if got.ClientAuth != "none" || strings.Join(got.Scopes, " ") != "openid" || got.DefaultTTL != 5*time.Minute {
		t.Errorf("%+v", got)
	}
	if got := providertest.Complete(t, oidc.Provider(), minimal("https://idp.example.com")); got.Grant != "client_credentials" || got.Scopes != nil {
		t.Errorf("%+v", got)
	}
	providertest.Refuses(t, oidc.Provider(), profile.Profile{ClientID: "c"}, "issuer")
	providertest.Refuses(t, oidc.Provider(), profile.Profile{Own: profile.Values{"issuer": "https://idp.example.com"}}, "client_id")
	providertest.Declares(t, oidc.Provider(), "issuer")
}

func TestWhatAnIssuerDoesNotTellTheProfileMaySayWhereItHasAKey(t *testing.T) {
	i := start(t)
	life := providertest.Source(t, oidc.Provider(), minimal(i.URL), providertest.Ports(i.Client())).Life
	life.Server = grant.Known{Issuer: i.URL, Token: i.URL}
	_, introspection := life.Introspect(t.Context(), secret.New("x"), "")
	_, _, keys := life.Keys(t.Context())
	_, info := life.UserInfo(t.Context(), &grant.Token{})
	for want, err := range map[string]error{"set introspection_url": introspection, "set jwks_uri": keys, "authctl token inspect": info} {
		if hint := fault.From(err).HintText(); !fault.Is(err, fault.Config) || !strings.Contains(hint, want) {
			t.Errorf("hint %q, want %q", hint, want)
		}
	}
}
