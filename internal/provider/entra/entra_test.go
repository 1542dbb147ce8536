package entra_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

const scope = "11111111-2222-3333-4444-555555555555/.default"

func minimal() profile.Profile {
	return profile.Profile{
		ClientID: "0f70ea2d-6371-4acc-9035-31a22887a8a4", ClientSecret: providertest.Literal("Zq8~x.y_z"),
		Scopes: []string{scope}, Own: profile.Values{"tenant": "contoso.onmicrosoft.com"},
	}
}

func at(s *authtest.Server) profile.Profile {
	p := minimal()
	p.Own["authority"] = s.URL + "/"
	return p
}

func TestTheTokenRequestIsAsOnTheWireOfEntra(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"token_type":"Bearer","expires_in":"3599","ext_expires_in":"3599","access_token":"tok"}`))
	source := providertest.Source(t, entra.Provider(nil), at(s), providertest.Ports(s.Client()))
	for range 2 {
		token, err := source.Grant.Token(t.Context(), grant.Ask{Claims: `{"access_token":{}}`})
		if err != nil || token.Lifetime() != 3599*time.Second {
			t.Fatalf("%+v %v", token, err)
		}
	}
	ids := map[string]bool{}
	for _, r := range s.Requests() {
		want := "grant_type=client_credentials&client_id=0f70ea2d-6371-4acc-9035-31a22887a8a4&client_secret=Zq8~x.y_z" +
			"&scope=11111111-2222-3333-4444-555555555555%2F.default&claims=%7B%22access_token%22%3A%7B%7D%7D"
		if r.Method != "POST" || r.Target != "/contoso.onmicrosoft.com/oauth2/v2.0/token" || r.Body != want || r.Header.Get("Authorization") != "" {
			t.Errorf("%s", r.Raw)
		}
		id := r.Header.Get("client-request-id")
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("client-request-id %q", id)
		}
		ids[id] = true
	}
	if len(ids) != 2 {
		t.Errorf("request ids %v", ids)
	}
}

func TestTheEndpointIsMadeOfAuthorityAndTenant(t *testing.T) {
	p := providertest.Complete(t, entra.Provider(nil), minimal())
	if p.TokenURL != "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token" || p.ClientAuth != "client_secret_post" || p.DefaultTTL != time.Hour {
		t.Errorf("%+v", p)
	}
}

func TestWhatEntraWouldRefuseIsRefusedAtOnce(t *testing.T) {
	providertest.Declares(t, entra.Provider(nil), "tenant", "authority", "cloud", "certificate", "federated_token_file", "managed_identity", "cae")
	tenant := func(name string) func(*profile.Profile) {
		return func(p *profile.Profile) { p.Own = profile.Values{"tenant": name} }
	}
	scopes := func(s ...string) func(*profile.Profile) { return func(p *profile.Profile) { p.Scopes = s } }
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		key    string
	}{
		"no tenant":         {tenant(""), "tenant"},
		"common":            {tenant("Common"), "tenant"},
		"organizations":     {tenant("organizations"), "tenant"},
		"consumers":         {tenant("consumers"), "tenant"},
		"a path":            {tenant("contoso.com/oauth2"), "tenant"},
		"climbing":          {tenant(".."), "tenant"},
		"a query":           {tenant("contoso.com?x"), "tenant"},
		"an escape":         {tenant("contoso%2ecom"), "tenant"},
		"no scope":          {scopes(), "scopes"},
		"a delegated scope": {scopes("https://graph.microsoft.com/User.Read"), "scopes"},
		"no slash":          {scopes("api://x.default"), "scopes"},
		"an encoded scope":  {scopes("https%3A%2F%2Fgraph.microsoft.com/.default"), "scopes"},
		"two APIs":          {scopes(scope, "https://graph.microsoft.com/.default"), "scopes"},
		"an address":        {func(p *profile.Profile) { p.TokenURL = "https://idp.example.com/token" }, "token_url"},
		"resources":         {func(p *profile.Profile) { p.Resources = []string{"https://r.example.com"} }, "resources"},
		"audience":          {func(p *profile.Profile) { p.Audience = []string{"a"} }, "audience"},
		"password":          {func(p *profile.Profile) { p.Grant, p.Username = "password", "ann" }, "grant"},
		"a user":            {func(p *profile.Profile) { p.Username = "ann" }, "username"},
		"a public client":   {func(p *profile.Profile) { p.ClientAuth = "none" }, "client_auth"},
		"no client":         {func(p *profile.Profile) { p.ClientID = "" }, "client_id"},

		"secret and certificate": {func(p *profile.Profile) { p.Own["certificate"] = profile.Values{"file": "c"} }, "certificate"},
		"secret and token file":  {func(p *profile.Profile) { p.Own["federated_token_file"] = "f" }, "federated_token_file"},
		"secret and machine":     {func(p *profile.Profile) { p.Own["managed_identity"] = "system" }, "managed_identity"},
		"certificate and token file": {func(p *profile.Profile) {
			p.ClientSecret = secret.Ref{}
			p.Own["certificate"], p.Own["federated_token_file"] = profile.Values{"file": "c"}, "f"
		}, "federated_token_file"},
		"a certificate without a file": {func(p *profile.Profile) {
			p.ClientSecret, p.Own["certificate"] = secret.Ref{}, profile.Values{"key": providertest.Literal("k")}
		}, "certificate.file"},
		"a certificate sent as a secret": {func(p *profile.Profile) {
			p.ClientSecret, p.ClientAuth = secret.Ref{}, "client_secret_post"
			p.Own["certificate"] = profile.Values{"file": "c"}
		}, "client_auth"},
		"a certificate and an assertion": {func(p *profile.Profile) {
			p.ClientSecret, p.Own["certificate"] = secret.Ref{}, profile.Values{"file": "c"}
			p.ClientAssertion.Key = providertest.Literal("k")
		}, "client_assertion"},
		"an assertion":          {func(p *profile.Profile) { p.ClientSecret, p.ClientAuth = secret.Ref{}, "private_key_jwt" }, "client_auth"},
		"cloud and authority":   {func(p *profile.Profile) { p.Own["cloud"], p.Own["authority"] = "usgov", "https://login.example.com" }, "cloud"},
		"no scope of a login":   {func(p *profile.Profile) { p.Grant, p.Scopes = "device_code", nil }, "scopes"},
		"an encoded permission": {func(p *profile.Profile) { p.Grant, p.Scopes = "device_code", []string{"https%3a%2f%2fgraph/User.Read"} }, "scopes"},
		"another grant":         {func(p *profile.Profile) { p.Grant = "token_exchange" }, "grant"},
		"claims twice": {func(p *profile.Profile) {
			p.Own["cae"], p.Params = true, []profile.Param{{Name: "x", Value: "y"}, {Name: "claims", Value: "{}"}}
		}, "params[1].name"},
		"claims twice in a login": {func(p *profile.Profile) {
			p.Grant, p.Own["cae"], p.AuthorizationParams = "authorization_code", true, []profile.Param{{Name: "claims", Value: "{}"}}
		}, "authorization_params[0].name"},
		"DPoP": {func(p *profile.Profile) { p.Said = map[string]bool{"dpop": true} }, "dpop"},
		"an endpoint": {func(p *profile.Profile) {
			p.Grant, p.Said = "device_code", map[string]bool{"device_authorization_url": true}
		}, "device_authorization_url"},
	} {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			c.change(&p)
			providertest.Refuses(t, entra.Provider(nil), p, c.key)
		})
	}
}

func TestEachCloudHasItsAuthority(t *testing.T) {
	for cloud, want := range map[string]string{
		"public": "https://login.microsoftonline.com", "usgov": "https://login.microsoftonline.us", "china": "https://login.partner.microsoftonline.cn",
	} {
		p := minimal()
		p.Own["cloud"] = cloud
		done := providertest.Complete(t, entra.Provider(nil), p)
		if done.TokenURL != want+"/contoso.onmicrosoft.com/oauth2/v2.0/token" || done.Endpoints.JWKS != want+"/contoso.onmicrosoft.com/discovery/v2.0/keys" {
			t.Errorf("%s: %s %s", cloud, done.TokenURL, done.Endpoints.JWKS)
		}
	}
}

func TestEveryCredentialIsAnotherIdentity(t *testing.T) {
	seen := map[string]string{}
	for name, change := range map[string]func(*profile.Profile){
		"secret": func(*profile.Profile) {},
		"basic":  func(p *profile.Profile) { p.ClientAuth = "client_secret_basic" },
		"certificate": func(p *profile.Profile) {
			p.ClientSecret = secret.Ref{}
			p.Own["certificate"] = profile.Values{"file": "a"}
		},
		"other certificate": func(p *profile.Profile) {
			p.ClientSecret = secret.Ref{}
			p.Own["certificate"] = profile.Values{"file": "b"}
		},
		"federated":       func(p *profile.Profile) { p.ClientSecret = secret.Ref{}; p.Own["federated_token_file"] = "a" },
		"other federated": func(p *profile.Profile) { p.ClientSecret = secret.Ref{}; p.Own["federated_token_file"] = "b" },
		"machine": func(p *profile.Profile) {
			p.ClientSecret, p.ClientID = secret.Ref{}, ""
			p.Own["managed_identity"] = "system"
		},
		"cae":    func(p *profile.Profile) { p.Own["cae"] = true },
		"cloud":  func(p *profile.Profile) { p.Own["cloud"] = "usgov" },
		"tenant": func(p *profile.Profile) { p.Own["tenant"] = "other.example.com" },
		"scope":  func(p *profile.Profile) { p.Scopes = []string{"api://x/.default"} },
	} {
		p := minimal()
		change(&p)
		key := providertest.Source(t, entra.Provider(nil), p, providertest.Ports(nil)).Identity.Key()
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s are one identity", name, other)
		}
		seen[key] = name
	}
}

func TestHintsFollowTheAADSTSCode(t *testing.T) {
	for code, want := range map[string]string{
		"7000215": "not its ID", "7000222": "expired", "700016": "tenant", "90002": "its own cloud", "500011": "not installed",
		"65001": "/contoso.onmicrosoft.com/adminconsent?client_id=0f70ea2d", "53003": "Conditional Access", "1002012": "/.default",
		"700022": "one API", "7000218": "certificate", "50076": "authctl login", "700027": "upload this very certificate", "700213": "letter by letter",
		"70019": "authctl login again", "50059": "GUID", "99999999": "", "": "",
	} {
		s := authtest.FakeIDP(t, authtest.JSON(400, `{"error":"invalid_client","error_description":"AADSTS`+code+`: Something. Trace ID: t Correlation ID: c AADSTS53003: other","error_codes":[1],"trace_id":"t","correlation_id":"c-1"}`))
		e := providertest.Fail(t, entra.Provider(nil), at(s), s.Client())
		if e.Kind != fault.Auth || e.CorrelationID != "c-1" || e.OAuthError != "invalid_client" || !strings.Contains(e.HintText(), want) || (want == "") != (e.HintText() == "") {
			t.Errorf("%s: %+v", code, e)
		}
	}
}

func TestARefusalWithoutACodePointsAtTheKeysThatMayBeWrong(t *testing.T) {
	for want, reply := range map[string]authtest.Reply{
		"tenant, client_id and client_secret": authtest.JSON(401, `{"error":"invalid_client"}`),
		"tenant, cloud and authority":         authtest.Answer(404, "<html><title>Proxy</title>"),
	} {
		s := authtest.FakeIDP(t, reply)
		if e := providertest.Fail(t, entra.Provider(nil), at(s), s.Client()); e.Kind != fault.Auth || !strings.Contains(e.HintText(), want) {
			t.Errorf("%v, hint %q, want %q", e, e.HintText(), want)
		}
		s.Only(t)
	}
	s := authtest.FakeIDP(t, authtest.Answer(401, ""))
	p := at(s)
	p.ClientSecret, p.Own["federated_token_file"] = secret.Ref{}, "token.jwt"
	ports := providertest.Ports(s.Client())
	ports.ReadFile = func(string) ([]byte, error) { return []byte("a.b.c"), nil }
	_, err := providertest.Source(t, entra.Provider(nil), p, ports).Grant.Token(t.Context(), grant.Ask{})
	if hint := fault.From(err).HintText(); !strings.Contains(hint, "federated_token_file") || strings.Contains(hint, "client_secret") {
		t.Errorf("hint %q", hint)
	}
}

func TestThrottlingInPlainTextIsUnderstood(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Answer(429, "Too Many Requests", "Retry-After: 60"))
	if e := providertest.Fail(t, entra.Provider(nil), at(s), s.Client()); e.Code != "network.throttled" || !strings.Contains(e.HintText(), "1m0s") {
		t.Errorf("%+v", e)
	}
}

func TestAWebPageInPlaceOfATokenPointsAtTheKeysOfTheAddress(t *testing.T) {
	for _, reply := range []authtest.Reply{authtest.Answer(200, "<html><title>Proxy</title>"), authtest.Answer(200, "")} {
		s := authtest.FakeIDP(t, reply)
		e := providertest.Fail(t, entra.Provider(nil), at(s), s.Client())
		if e.Kind != fault.Protocol || !strings.Contains(e.HintText(), "check tenant, cloud and authority") || strings.Contains(e.HintText(), "_url") {
			t.Errorf("%v, hint %q", e, e.HintText())
		}
	}
}
