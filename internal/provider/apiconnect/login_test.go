package apiconnect_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/apiconnect"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

// keyed is a profile of somebody who fetches API keys from the sign-in page.
func keyed(url string) profile.Profile {
	return profile.Profile{BaseURL: url, Grant: "api_key", Own: profile.Values{}}
}

// keyless are ports whose keyring answers like this for what the profile does not say.
func keyless(s *authtest.Server, err error) provider.Ports {
	ports := providertest.Ports(s.Client())
	find := ports.Secret
	ports.Secret = func(ctx context.Context, ref secret.Ref, key string) (secret.String, error) {
		if ref.Scheme == secret.Absent {
			return secret.String{}, err
		}
		return find(ctx, ref, key)
	}
	return ports
}

func noAccount() error { return fault.New(fault.Config, "config.secret", "%w", secret.ErrNoAccount) }

// person sits at the terminal and enters what the page showed.
type person struct {
	told, browsed, asked []string
	browser              error
}

func (p *person) at(key string, err error) grant.Person {
	return grant.Person{
		Tell: func(format string, args ...any) { p.told = append(p.told, fmt.Sprintf(format, args...)) },
		Browse: func(_ context.Context, address string) error {
			p.browsed = append(p.browsed, address)
			return p.browser
		},
		Secret: func(_ context.Context, label string) (secret.String, error) {
			p.asked = append(p.asked, label)
			return secret.New(key), err
		},
	}
}

func login(t *testing.T, p profile.Profile, ports provider.Ports, who grant.Person) (*grant.Token, error) {
	t.Helper()
	source := providertest.Source(t, apiconnect.Provider(), p, ports)
	able, ok := source.Grant.(grant.Login)
	if !ok {
		t.Fatalf("%T needs no person", source.Grant)
	}
	return able.Login(t.Context(), who)
}

func TestALoginOpensThePageAndSpendsTheKeyOnce(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *profile.Profile)
		page   string
	}{
		"provider":       {func(*profile.Profile) {}, "/auth/manager/sign-in/?from=TOOLKIT"},
		"admin":          {func(p *profile.Profile) { p.Own["realm"] = "admin" }, "/auth/admin/sign-in/?from=TOOLKIT"},
		"admin, named":   {func(p *profile.Profile) { p.Own["realm"] = "admin/x" }, "/auth/admin/sign-in/?from=TOOLKIT"},
		"another page":   {func(p *profile.Profile) { p.Own["sign_in_url"] = p.BaseURL + "/sso?a=b&c=d" }, "/sso?a=b&c=d"},
		"a key was said": {func(p *profile.Profile) { p.Own["api_key"] = providertest.Literal("old") }, "/auth/manager/sign-in/?from=TOOLKIT"},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.Token("tok", 28800))
			p, who := keyed(s.URL), &person{}
			c.change(&p)
			token, err := login(t, p, keyless(s, noAccount()), who.at("k-1", nil))
			if err != nil || token.AccessToken.Reveal() != "tok" {
				t.Fatalf("%+v %v", token, err)
			}
			if len(who.browsed) != 1 || who.browsed[0] != s.URL+c.page || len(who.asked) != 1 || !strings.Contains(strings.Join(who.told, "\n"), s.URL+c.page) {
				t.Errorf("%+v", who)
			}
			if r := s.Only(t); r.Target != "/api/token" || r.Body != `{"grant_type":"api_key",`+client+`,"api_key":"k-1"}` {
				t.Errorf("%s", r.Raw)
			}
		})
	}
}

func TestALoginDoesWithoutABrowser(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	who := &person{browser: errors.New("no display")}
	if _, err := login(t, keyed(s.URL), keyless(s, noAccount()), who.at("k-1", nil)); err != nil || !strings.Contains(strings.Join(who.told, "\n"), "no display") {
		t.Errorf("%v, told %q", err, who.told)
	}
	none := who.at("k-1", nil)
	none.Browse = nil
	if _, err := login(t, keyed(s.URL), keyless(s, noAccount()), none); err != nil || len(who.browsed) != 1 {
		t.Errorf("%v, browsed %q", err, who.browsed)
	}
}

func TestALoginThatIsBrokenOffSendsNothing(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	if _, err := login(t, keyed(s.URL), keyless(s, noAccount()), (&person{}).at("", context.Canceled)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for _, key := range []string{" k-1", "k-1\n", "k\x1b1", ""} {
		if _, err := login(t, keyed(s.URL), keyless(s, noAccount()), (&person{}).at(key, nil)); !fault.Is(err, fault.Config) {
			t.Errorf("%q: %v", key, err)
		}
	}
	consumer := keyed(s.URL)
	consumer.Own["realm"] = "consumer:org:sandbox"
	who := &person{}
	if _, err := login(t, consumer, keyless(s, noAccount()), who.at("k-1", nil)); !fault.Is(err, fault.Config) || len(who.asked)+len(who.browsed) != 0 {
		t.Errorf("%v, %+v", err, who)
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestAKeyThatTheServerRefusesIsShownNowhere(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(401, `{"status":401,"message":["no such key: K3Y-K3Y-K3Y"]}`))
	_, err := login(t, keyed(s.URL), keyless(s, noAccount()), (&person{}).at("K3Y-K3Y-K3Y", nil))
	if e := fault.From(err); e.Kind != fault.Auth || strings.Contains(e.Error(), "K3Y") || !strings.Contains(e.HintText(), "once") {
		t.Errorf("%v, hint %q", e, e.HintText())
	}
	s.Only(t)
}

func TestWithoutAKeyALoginIsRequired(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	_, err := providertest.Source(t, apiconnect.Provider(), keyed(s.URL), keyless(s, noAccount())).Grant.Token(t.Context(), grant.Ask{})
	e := fault.From(err)
	if e.Kind != fault.Auth || e.Code != "auth.login_required" || !errors.Is(err, grant.ErrLoginRequired) || e.HintText() != "authctl login --sso -p test" {
		t.Errorf("%+v, hint %q", e, e.HintText())
	}
	for name, trouble := range map[string]error{
		"locked": fault.New(fault.Store, "store.locked", "locked"), "slow": fault.New(fault.Store, "store.timeout", "slow"), "gone": fault.New(fault.Store, "store.unavailable", "gone"), "left": context.Canceled,
	} {
		_, err := providertest.Source(t, apiconnect.Provider(), keyed(s.URL), keyless(s, trouble)).Grant.Token(t.Context(), grant.Ask{})
		if !errors.Is(err, trouble) {
			t.Errorf("%s: %v", name, err)
		}
	}
	said := keyed(s.URL)
	said.Own["api_key"] = secret.Ref{Scheme: secret.Keyring, Arg: secret.New("mine")}
	ports := providertest.Ports(s.Client())
	ports.Secret = func(context.Context, secret.Ref, string) (secret.String, error) { return secret.String{}, noAccount() }
	if _, err := providertest.Source(t, apiconnect.Provider(), said, ports).Grant.Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Config) {
		t.Errorf("a reference that leads nowhere: %v", err)
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestAKeyOfTheKeyringServesWithoutAPerson(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	source := providertest.Source(t, apiconnect.Provider(), keyed(s.URL), providertest.Ports(s.Client()))
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil || !strings.Contains(s.Only(t).Body, `"api_key":"`) {
		t.Errorf("%v", err)
	}
}
