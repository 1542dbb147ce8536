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
)

func discovering(s *authtest.Server, family string) profile.Profile {
	p := at(s)
	p.Own = profile.Values{}
	if family != "" {
		p.Own["realm"] = family
	}
	return p
}

func entry(name, kind string, isDefault string, more string) string {
	return `{"name":"` + name + `","title":"Title of ` + name + `","registry_type":"` + kind + `","default":` + isDefault + more + `}`
}

func results(entries ...string) string {
	return `{"total_results":9,"results":[` + strings.Join(entries, ",") + `]}`
}

func TestTheRealmIsTheOneThatAPasswordCanBeMeantFor(t *testing.T) {
	lur, oidc := entry("default-idp-2", "lur", "false", ""), entry("common-services", "oidc", "true", "")
	for name, c := range map[string]struct{ family, list, want string }{
		"the only one":                  {"", results(entry("default-idp-2", "lur", "true", "")), "provider/default-idp-2"},
		"the admins' family":            {"admin", results(entry("default-idp-1", "lur", "true", "")), "admin/default-idp-1"},
		"the default":                   {"provider", results(lur, entry("lab", "ldap", "true", "")), "provider/lab"},
		"not an OpenID Connect default": {"provider", results(oidc, lur), "provider/default-idp-2"},
		"as the server names it":        {"provider", results(entry("lab", "ldap", "true", `,"realm":"provider/ibm-lab-ldap"`)), "provider/ibm-lab-ldap"},
		"not of another family":         {"provider", results(entry("lab", "ldap", "true", `,"realm":"admin/lab"`)), "provider/lab"},
		"a BOM":                         {"provider", "\ufeff" + results(lur), "provider/default-idp-2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, c.list), authtest.Token("tok", 60))
			ports := providertest.Ports(s.Client())
			source := providertest.Source(t, apiconnect.Provider(), discovering(s, c.family), ports)
			for range 2 {
				if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
					t.Fatal(err)
				}
			}
			family, _, _ := strings.Cut(c.want, "/")
			all := s.Requests()
			if len(all) != 3 {
				t.Fatalf("%d requests: the realm must be asked for once", len(all))
			}
			if r := all[0]; r.Method != "GET" || r.Target != "/api/cloud/"+family+"/identity-providers" || r.Header.Get("Accept") != "application/json" || r.Header.Get("Authorization") != "" {
				t.Errorf("%s", r.Raw)
			}
			if !strings.Contains(all[1].Body, `"realm":"`+c.want+`"`) {
				t.Errorf("%s", all[1].Body)
			}
		})
	}
}

func TestARealmThatCannotBeChosenIsNotGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		list       string
		text, hint string
	}{
		"two without a default": {results(entry("a", "lur", "false", ""), entry("b", "ldap", "false", "")), "provider/a — lur — Title of a — false; provider/b — ldap — Title of b — false", "realm: provider/a"},
		"two defaults":          {results(entry("a", "lur", "true", ""), entry("b", "ldap", "true", "")), "provider/b — ldap — Title of b — true", "realm: "},
		"OpenID Connect only":   {results(entry("a", "oidc", "true", "")), "provider/a — oidc — Title of a — true", "api_key"},
		"none":                  {results(), "no identity provider", "realm"},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, c.list))
			e := providertest.Fail(t, apiconnect.Provider(), discovering(s, ""), s.Client())
			if e.Kind != fault.Config || e.Code != "config.realm" || !strings.Contains(e.Error(), c.text) || !strings.Contains(e.HintText(), c.hint) {
				t.Errorf("%v, hint %q", e, e.HintText())
			}
			s.Only(t)
		})
	}
}

func TestADiscoveryThatFailsAsksForNoToken(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		"not found":      {authtest.Answer(404, "<html><title>Portal</title>"), fault.Config},
		"forbidden":      {authtest.JSON(403, `{"status":403,"message":["no"]}`), fault.Config},
		"redirect":       {authtest.Redirect(307, "https://login.example.com/"), fault.Policy},
		"down":           {authtest.Answer(503, ""), fault.Network},
		"reset":          {authtest.Reset(), fault.Network},
		"HTML":           {authtest.Answer(200, "<html>"), fault.Protocol},
		"no list":        {authtest.JSON(200, `{"results":null}`), fault.Protocol},
		"no name":        {authtest.JSON(200, results(`{"registry_type":"lur"}`)), fault.Protocol},
		"a hostile name": {authtest.JSON(200, results(entry(`a/../b`, "lur", "true", ""))), fault.Protocol},
		"twice a list":   {authtest.JSON(200, `{"results":[],`+results(entry("x", "lur", "true", ""))[1:]), fault.Protocol},
		"twice a name":   {authtest.JSON(200, results(entry("x", "lur", "true", `,"name":"y"`))), fault.Protocol},
		"another case":   {authtest.JSON(200, strings.Replace(results(entry("x", "lur", "true", "")), `"results"`, `"Results"`, 1)), fault.Protocol},
		"another type":   {authtest.JSON(200, results(entry("x", "lur", `"true"`, ""))), fault.Protocol},
		"an escape":      {authtest.JSON(200, results(entry(`a\u001b[2J`, "lur", "true", ""))), fault.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, c.reply)
			e := providertest.Fail(t, apiconnect.Provider(), discovering(s, "provider"), s.Client())
			if e.Kind != c.kind {
				t.Errorf("%+v", e)
			}
			s.Only(t)
		})
	}
}

func TestARememberedRealmOfAnotherFamilyIsNotUsed(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, results(entry("lab", "ldap", "true", ""))), authtest.Token("tok", 60))
	ports := providertest.Ports(s.Client())
	_ = ports.Realms.Remember(s.URL, "provider", "admin/default-idp-1")
	source := providertest.Source(t, apiconnect.Provider(), discovering(s, "provider"), ports)
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil || s.Count() != 2 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}

func TestAChoiceOnSomebodysBehalfIsTold(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, results(entry("sso", "oidc", "true", ""), entry("lab", "ldap", "false", ""))), authtest.Token("tok", 60))
	ports, notes := providertest.Ports(s.Client()), 0
	ports.Note = func(string, ...any) { notes++ }
	source := providertest.Source(t, apiconnect.Provider(), discovering(s, "provider"), ports)
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil || notes != 1 {
		t.Errorf("%v, %d notes", err, notes)
	}
}

func TestForgettingMakesDiscoveryAskAgain(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, results(strings.ReplaceAll(entry("lab", "ldap", "true", ""), "Title", `a\u001bb`))))
	ports := providertest.Ports(s.Client())
	p := providertest.Complete(t, apiconnect.Provider(), discovering(s, "provider"))
	_ = ports.Realms.Remember(s.URL, "provider", "provider/old")
	if err := apiconnect.Forget(p, ports); err != nil {
		t.Fatal(err)
	}
	if realm, ok := ports.Realms.Lookup(s.URL, "provider"); ok {
		t.Errorf("%s is still remembered", realm)
	}
	realms, err := apiconnect.Realms(t.Context(), p, ports)
	if err != nil || len(realms) != 1 || realms[0].Realm != "provider/lab" || !realms[0].Default || strings.Contains(realms[0].Title, "\x1b") {
		t.Errorf("%+v %v", realms, err)
	}
}
