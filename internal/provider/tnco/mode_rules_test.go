package tnco_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/provider/tnco"
)

func TestEachModeIsAnIdentityOfItsOwn(t *testing.T) {
	const url = "https://x.example.com"
	byPassword := zen(url)
	delete(byPassword.Own, "api_key")
	oauthAtOkta := okta(url)
	oauthAtOkta.Own, oauthAtOkta.TokenURL, oauthAtOkta.Scopes = nil, url+"/oauth2/default/v1/token", []string{}
	seen := map[string]bool{}
	for _, p := range []profile.Profile{legacy(url), zen(url), byPassword, okta(url), oauthAtOkta} {
		seen[providertest.Source(t, tnco.Provider(), p, providertest.Ports(nil)).Identity.Key()] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d identities of 5", len(seen))
	}
}

func TestATokenIsBoundToTheProofOfItsMode(t *testing.T) {
	const url = "https://x.example.com"
	other, byPassword := zen(url), zen(url)
	other.Own["api_key"] = providertest.Literal("k2")
	delete(byPassword.Own, "api_key")
	byPassword.Password = providertest.Literal("k&1")
	seen := map[string]bool{}
	for _, p := range []profile.Profile{legacy(url), zen(url), other, byPassword} {
		bound, err := providertest.Source(t, tnco.Provider(), p, providertest.Ports(nil)).Bound(t.Context())
		if err != nil || len(bound) != 1 {
			t.Fatalf("%v %v", bound, err)
		}
		seen[bound[0].Reveal()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%v", seen)
	}
}

func TestWhatAModeCannotUseIsRefused(t *testing.T) {
	const url = "https://x.example.com"
	own := func(key string, value any) func(*profile.Profile) {
		return func(p *profile.Profile) { p.Own[key] = value }
	}
	without := func(key string) func(*profile.Profile) { return func(p *profile.Profile) { delete(p.Own, key) } }
	said := func(key string) func(*profile.Profile) {
		return func(p *profile.Profile) { p.Said = map[string]bool{key: true} }
	}
	for name, c := range map[string]struct {
		profile profile.Profile
		change  func(*profile.Profile)
		key     string
	}{
		"oauth, a login": {minimal(), func(p *profile.Profile) { p.Own = profile.Values{"login_url": url} }, "login_url"},
		"oauth said, a key": {minimal(), func(p *profile.Profile) {
			p.Own = profile.Values{"mode": "oauth", "api_key": providertest.Literal("k")}
		}, "api_key"},
		"oauth, a server":             {minimal(), func(p *profile.Profile) { p.Own = profile.Values{"auth_server_id": "x"} }, "auth_server_id"},
		"legacy, nowhere":             {legacy(""), func(*profile.Profile) {}, "login_url"},
		"legacy, the login's path":    {legacy(url), own("login_url", url+"/ui/api/login"), "login_url"},
		"legacy, a token URL":         {legacy(url), func(p *profile.Profile) { p.TokenURL = url + "/token" }, "token_url"},
		"legacy, its own as if said":  {legacy(url), said("token_url"), "token_url"},
		"legacy, a client":            {legacy(url), func(p *profile.Profile) { p.ClientID = "x" }, "client_id"},
		"legacy, a client's secret":   {legacy(url), func(p *profile.Profile) { p.ClientSecret = providertest.Literal("x") }, "client_secret"},
		"legacy, a client's proof":    {legacy(url), said("client_auth"), "client_auth"},
		"legacy, an encoding":         {legacy(url), func(p *profile.Profile) { p.BasicEncoding = "raw" }, "basic_encoding"},
		"legacy, no user":             {legacy(url), func(p *profile.Profile) { p.Username = "" }, "username"},
		"legacy, a key":               {legacy(url), own("api_key", providertest.Literal("k")), "api_key"},
		"legacy, a server":            {legacy(url), own("auth_server_id", "default"), "auth_server_id"},
		"legacy, scopes":              {legacy(url), func(p *profile.Profile) { p.Scopes = []string{"all"} }, "scopes"},
		"legacy, audience":            {legacy(url), func(p *profile.Profile) { p.Audience = []string{"x"} }, "audience"},
		"legacy, bound tokens":        {legacy(url), said("dpop"), "dpop"},
		"legacy, a client's grant":    {legacy(url), func(p *profile.Profile) { p.Grant = "client_credentials" }, "grant"},
		"zen, nowhere":                {zen(url), without("login_url"), "login_url"},
		"zen, two proofs":             {zen(url), func(p *profile.Profile) { p.Password = providertest.Literal("x") }, "api_key"},
		"zen, a client":               {zen(url), func(p *profile.Profile) { p.ClientID = "x" }, "client_id"},
		"zen, no user":                {zen(url), func(p *profile.Profile) { p.Username = "" }, "username"},
		"zen, a token URL":            {zen(url), func(p *profile.Profile) { p.TokenURL = url + "/token" }, "token_url"},
		"zen, a key by parameter":     {zen(url), func(p *profile.Profile) { p.Params = []profile.Param{{Name: "api_key", Value: "x"}} }, "params[0].name"},
		"zen, scopes":                 {zen(url), func(p *profile.Profile) { p.Scopes = []string{"x"} }, "scopes"},
		"okta, nowhere":               {okta(url), without("login_url"), "login_url"},
		"okta, which server":          {okta(url), without("auth_server_id"), "auth_server_id"},
		"okta, a way out":             {okta(url), own("auth_server_id", "../x"), "auth_server_id"},
		"okta, up":                    {okta(url), own("auth_server_id", ".."), "auth_server_id"},
		"okta, a query":               {okta(url), own("auth_server_id", "x?y"), "auth_server_id"},
		"okta, no client":             {okta(url), func(p *profile.Profile) { p.ClientID = "" }, "client_id"},
		"okta, the pair in the body":  {okta(url), func(p *profile.Profile) { p.ClientAuth = "client_secret_post" }, "client_auth"},
		"okta, a user without scopes": {okta(url), func(p *profile.Profile) { p.Grant, p.Username = "password", "jack" }, "scopes"},
		"okta, a user, empty scopes":  {okta(url), func(p *profile.Profile) { p.Grant, p.Username, p.Scopes = "password", "jack", []string{} }, "scopes"},
		"okta, a key":                 {okta(url), own("api_key", providertest.Literal("k")), "api_key"},
		"okta, a token URL":           {okta(url), func(p *profile.Profile) { p.TokenURL = url + "/token" }, "token_url"},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(&c.profile)
			providertest.Refuses(t, tnco.Provider(), c.profile, c.key)
		})
	}
}

func TestTheHintOnALoginsPathLeavesAnAddressThatWorks(t *testing.T) {
	for _, path := range []string{"/ui/api/login", "/api/login"} {
		p := legacy("https://app.example.com")
		p.Own["login_url"] = "https://ui.example.com" + path
		if e := providertest.Refuses(t, tnco.Provider(), p, "login_url"); e.Hint != "leave out "+path {
			t.Errorf("%s: hint %q", path, e.Hint)
		}
	}
}

func TestHintsKnowTheMode(t *testing.T) {
	for name, c := range map[string]struct {
		profile func(string) profile.Profile
		reply   authtest.Reply
		want    string
	}{
		"legacy":                {legacy, authtest.JSON(401, `{"status":401,"error":"Unauthorized","message":"Bad credentials"}`), "username and password"},
		"legacy, another reply": {legacy, authtest.JSON(200, `{"access_token":"tok"}`), "mode legacy"},
		"zen":                   {zen, authtest.JSON(401, `{"_messageCode_":"401","message":"no"}`), "username and api_key"},
		"zen, not there":        {zen, authtest.Answer(404, ""), "login_url"},
		"okta":                  {okta, authtest.JSON(401, `{"error":"invalid_client"}`), "client_secret"},
		"okta, not there":       {okta, authtest.JSON(404, `{"errorCode":"E0000007","errorSummary":"Not found"}`), "auth_server_id"},
		"okta, scope":           {okta, authtest.JSON(400, `{"error":"invalid_scope"}`), "scopes"},
	} {
		s := authtest.FakeIDP(t, c.reply)
		if e := providertest.Fail(t, tnco.Provider(), c.profile(s.URL), s.Client()); !strings.Contains(e.HintText(), c.want) {
			t.Errorf("%s: hint %q", name, e.HintText())
		}
	}
}
