package apiconnect_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/apiconnect"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

func TestAConsumerIsAskedForAtItsOwnEndpointsInItsOwnContext(t *testing.T) {
	const list = `{"results":[{"name":"sandbox-idp","registry_type":"lur","default":true,"realm":"consumer:my-org:sandbox/sandbox-idp"}]}`
	for name, c := range map[string]struct {
		realm   string
		replies []authtest.Reply
	}{
		"discovered": {"consumer:my-org:sandbox", []authtest.Reply{authtest.JSON(200, list), authtest.Token("tok", 60)}},
		"named":      {"consumer:my-org:sandbox/sandbox-idp", []authtest.Reply{authtest.Token("tok", 60)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, c.replies...)
			p := discovering(s, c.realm)
			p.BaseURL += "/consumer-api/"
			p.TokenHeaders = []profile.Param{{Name: "X-Trace", Value: "t1"}}
			source := providertest.Source(t, apiconnect.Provider(), p, providertest.Ports(s.Client()))
			if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
				t.Fatal(err)
			}
			all := s.Requests()
			if len(all) != len(c.replies) {
				t.Fatalf("%d requests", len(all))
			}
			for _, r := range all {
				if got := r.Header.Values("X-IBM-Consumer-Context"); len(got) != 1 || got[0] != "my-org.sandbox" || r.Header.Get("X-Trace") != "t1" {
					t.Errorf("%s", r.Raw)
				}
			}
			if r := all[0]; len(all) == 2 && (r.Method != "GET" || r.Target != "/consumer-api/consumer/identity-providers") {
				t.Errorf("%s", r.Raw)
			}
			want := `{"grant_type":"password",` + client + `,"username":"chrisp","password":"p\"w","realm":"consumer:my-org:sandbox/sandbox-idp"}`
			if r := all[len(all)-1]; r.Target != "/consumer-api/token" || r.Body != want {
				t.Errorf("%s", r.Raw)
			}
		})
	}
}

func TestOnlyAConsumerHasAContext(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	p := at(s)
	completed := providertest.Complete(t, apiconnect.Provider(), p)
	source := providertest.Source(t, apiconnect.Provider(), p, providertest.Ports(s.Client()))
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	if r := s.Only(t); r.Header.Get("X-IBM-Consumer-Context") != "" || len(completed.Headers) != 0 {
		t.Errorf("%s, %v", r.Raw, completed.Headers)
	}
}

func TestACallSaysTheContextOnce(t *testing.T) {
	said := []profile.Header{
		{Name: "X-Other", Value: providertest.Literal("1")}, {Name: "x-ibm-consumer-context", Value: providertest.Literal("my-org.sandbox")},
	}
	for name, headers := range map[string][]profile.Header{"left out": said[:1], "said": said} {
		p := minimal()
		p.Own["realm"], p.Headers = "consumer:my-org:sandbox", headers
		completed := providertest.Complete(t, apiconnect.Provider(), p)
		if len(completed.Headers) != 2 || !strings.EqualFold(completed.Headers[1].Name, "X-IBM-Consumer-Context") || completed.Headers[1].Value.Arg.Reveal() != "my-org.sandbox" {
			t.Errorf("%s: %v", name, completed.Headers)
		}
		if completed.BaseURL != "https://apim.example.com" || completed.TokenURL != "https://apim.example.com/consumer-api/token" {
			t.Errorf("%s %s", completed.BaseURL, completed.TokenURL)
		}
	}
	elsewhere := minimal()
	elsewhere.Own["realm"] = "consumer:my-org:sandbox"
	elsewhere.Headers = []profile.Header{{Name: "X-IBM-Consumer-Context", Value: secret.Ref{Scheme: secret.Env, Arg: secret.New("CONTEXT")}}}
	providertest.Refuses(t, apiconnect.Provider(), elsewhere, "headers[0]")
}

func TestEachCatalogIsAnIdentityAndAMemoryOfItsOwn(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, results(entry("idp", "lur", "true", ""))), authtest.Token("tok", 60))
	ports := providertest.Ports(s.Client())
	_ = ports.Realms.Remember(s.URL, "consumer:my-org:other", "consumer:my-org:other/idp")
	_ = ports.Realms.Remember(s.URL, "consumer:my-org:sandbox", "consumer:my-org:other/idp")
	keys := map[string]bool{}
	for _, realm := range []string{"consumer:my-org:other", "consumer:my-org:sandbox"} {
		keys[providertest.Source(t, apiconnect.Provider(), discovering(s, realm), ports).Identity.Key()] = true
	}
	source := providertest.Source(t, apiconnect.Provider(), discovering(s, "consumer:my-org:sandbox"), ports)
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil || s.Count() != 2 || len(keys) != 2 {
		t.Errorf("%v, %d requests, %d identities", err, s.Count(), len(keys))
	}
	if body := s.Requests()[1].Body; !strings.Contains(body, `"realm":"consumer:my-org:sandbox/idp"`) {
		t.Errorf("%s", body)
	}
}

func TestAConsumersRefusalNamesTheConsumersClient(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(401, `{"status":401,"message":["no"]}`))
	e := providertest.Fail(t, apiconnect.Provider(), discovering(s, "consumer:o:c/idp"), s.Client())
	if e.Kind != fault.Auth || !strings.Contains(e.HintText(), "819a8de7") {
		t.Errorf("%v, hint %q", e, e.HintText())
	}
}

func TestARefreshIsOneJSONBodyWithTheRealm(t *testing.T) {
	prev := &grant.Token{RefreshToken: secret.New("r-1")}
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		more   string
	}{
		"named":      {func(*profile.Profile) {}, `,"realm":"provider/default-idp-2"`},
		"remembered": {func(p *profile.Profile) { p.Own = nil }, `,"realm":"provider/lab"`},
		"forgotten":  {func(p *profile.Profile) { p.Own = profile.Values{"realm": "admin"} }, ""},
		"api key":    {func(p *profile.Profile) { *p = keyed(p.BaseURL); p.Own["realm"] = "provider/x" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"Bearer","expires_in":60,"refresh_token":"r-2","refresh_expires_in":57600}`))
			p := at(s)
			c.change(&p)
			ports := providertest.Ports(s.Client())
			_ = ports.Realms.Remember(s.URL, "provider", "provider/lab")
			able, ok := providertest.Source(t, apiconnect.Provider(), p, ports).Grant.(grant.Refresher)
			if !ok {
				t.Fatal("it cannot refresh")
			}
			token, err := able.Refresh(t.Context(), prev, grant.Ask{})
			if err != nil || token.RefreshToken.Reveal() != "r-2" {
				t.Fatalf("%+v %v", token, err)
			}
			if r := s.Only(t); r.Target != "/api/token" || r.Body != `{"grant_type":"refresh_token",`+client+`,"refresh_token":"r-1"`+c.more+`}` {
				t.Errorf("%s", r.Raw)
			}
		})
	}
}
