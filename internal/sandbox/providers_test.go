package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func basic(id, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+password))
}

const clientCredentials = "grant_type=client_credentials"

// exactTokens are the bytes of a success; ~ stands for the token.
func TestATokenReplyIsByteForByteTheProviders(t *testing.T) {
	r := start(t)
	uuidText := `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	jwt := `[\w-]+\.[\w-]+\.[\w-]+`
	for _, test := range []struct {
		name, url, contentType, auth, body string
		token, want                        string
		headers                            http.Header
	}{
		{
			"tnco", r.URL("tnco") + "/oauth/token", formType, basic(tncoClient, r.env["TNCO_SECRET"]), clientCredentials,
			uuidText, `{"access_token":"~","token_type":"bearer","expires_in":1199,"scope":"all"}`,
			headers("Content-Type", "application/json;charset=UTF-8", "Cache-Control", "no-store", "Pragma", "no-cache"),
		},
		{
			"tnco password", r.URL("tnco") + "/oauth/token", formType, basic(tncoClient, r.env["TNCO_SECRET"]),
			form("grant_type", "password", "username", userName, "password", r.env["PASSWORD"], "scope", "all"),
			uuidText, `{"access_token":"~","token_type":"bearer","refresh_token":"#","expires_in":1199,"scope":"all"}`, nil,
		},
		{
			"tnco older login", r.URL("tnco") + "/ui/api/login", jsonType, "",
			fmt.Sprintf(`{"username":%q,"password":%q}`, userName, r.env["PASSWORD"]),
			uuidText, `{"accessToken":"~","expiresIn":1199}`, nil,
		},
		{
			"tnco zen", r.URL("tnco") + "/icp4d-api/v1/authorize", jsonType, "",
			fmt.Sprintf(`{"username":%q,"api_key":%q}`, userName, r.env["API_KEY"]),
			jwt, `{"_messageCode_":"200","message":"Success","token":"~"}`, nil,
		},
		{
			"tnco okta", r.URL("tnco") + "/oauth2/default/v1/token", formType, basic(tncoClient, r.env["TNCO_SECRET"]),
			form("grant_type", "password", "username", userName, "password", r.env["PASSWORD"], "scope", "things"),
			`[\w-]{64}`, `{"token_type":"Bearer","expires_in":3600,"access_token":"~","scope":"things"}`, nil,
		},
		{
			"tnco raw basic", r.URL("tnco") + "/oauth/token", formType, basic(oddClient, r.env["ODD_SECRET"]), clientCredentials,
			uuidText, `{"access_token":"~","token_type":"bearer","expires_in":1199,"scope":"all"}`, nil,
		},
		{
			"entra", r.URL("entra") + "/" + entraTenant + "/oauth2/v2.0/token", formType, "",
			form("grant_type", "client_credentials", "client_id", entraClient, "client_secret", r.env["ENTRA_SECRET"],
				"scope", entraScope),
			jwt, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"~"}`,
			headers("Content-Type", "application/json; charset=utf-8", "Cache-Control", "no-store, no-cache", "Expires", "-1",
				"P3p", `CP="DSP CUR OTPi IND OTRi ONL FIN"`),
		},
		{
			"mulesoft post", r.URL("mulesoft") + "/as/token.oauth2", formType, "",
			form("grant_type", "client_credentials", "client_id", pingClient, "client_secret", r.env["MULESOFT_SECRET"]),
			`[\w-]{28}`, `{"access_token":"~","token_type":"Bearer","expires_in":86399}` + "\r\n", nil,
		},
		{
			"mulesoft basic", r.URL("mulesoft") + "/as/token.oauth2", formType, basic(pingClient, r.env["MULESOFT_SECRET"]),
			clientCredentials, `[\w-]{28}`, `{"access_token":"~","token_type":"Bearer","expires_in":86399}` + "\r\n", nil,
		},
		{
			"anypoint json", r.URL("anypoint") + "/accounts/api/v2/oauth2/token", jsonType, "",
			fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`, anypointClient, r.env["ANYPOINT_SECRET"]),
			uuidText, `{"access_token":"~","expires_in":3600,"token_type":"bearer"}`, nil,
		},
		{
			"anypoint form", r.URL("anypoint") + "/accounts/api/v2/oauth2/token", formType, "",
			form("client_id", anypointClient, "client_secret", r.env["ANYPOINT_SECRET"], "grant_type", "client_credentials"),
			uuidText, `{"access_token":"~","expires_in":3600,"token_type":"bearer"}`, nil,
		},
		{
			"anypoint user", r.URL("anypoint") + "/accounts/login", jsonType, "",
			fmt.Sprintf(`{"username":%q,"password":%q}`, userName, r.env["PASSWORD"]),
			uuidText, `{"access_token":"~","token_type":"bearer","redirectUrl":"/home/"}`, nil,
		},
		{
			"mule's own module", r.URL("mulesoft") + "/access_token", formType, basic(pingClient, r.env["MULESOFT_SECRET"]),
			form("grant_type", "password", "username", userName, "password", r.env["PASSWORD"], "scope", "read"),
			`[\w-]{28}`, `{"access_token":"~","refresh_token":"#","token_type":"Bearer","expires_in":86399,"scope":"read"}`, nil,
		},
		{
			"apiconnect with a refresh token", r.URL("apiconnect") + "/api/token", jsonType, "",
			fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"password","username":%q,"password":%q,"realm":%q}`,
				toolkitClient, toolkitSecret, userName, r.env["PASSWORD"], providerRealm),
			jwt, `{"access_token":"~","token_type":"Bearer","expires_in":28800,"refresh_token":"#","refresh_expires_in":57600}`, nil,
		},
		{
			"apiconnect client", r.URL("apiconnect") + "/api/token", jsonType, "",
			fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`, managerClient, managerSecret),
			jwt, `{"access_token":"~","token_type":"Bearer","expires_in":28800}`, nil,
		},
		{
			"oauth2 form-encoded basic", r.URL("oauth2") + "/token", formType,
			basic(url.QueryEscape(oddClient), url.QueryEscape(r.env["ODD_SECRET"])), clientCredentials + "&scope=read+write",
			`[\w-]{43}`, `{"access_token":"~","token_type":"Bearer","expires_in":3600,"scope":"read write"}`,
			headers("Cache-Control", "no-store", "Pragma", "no-cache"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			pairs := []string{"Content-Type", test.contentType}
			if test.auth != "" {
				pairs = append(pairs, "Authorization", test.auth)
			}
			a := r.do(t, "POST", test.url, test.body, pairs...)
			pattern := "^" + strings.Replace(regexp.QuoteMeta(test.want), "~", test.token, 1) + "$"
			pattern = strings.Replace(pattern, "#", `[\w-]{40}`, 1)
			if a.StatusCode != 200 || !regexp.MustCompile(pattern).MatchString(a.body) {
				t.Errorf("%s %q, want %s", a.Status, a.body, pattern)
			}
			for name := range test.headers {
				if a.Header.Get(name) != test.headers.Get(name) {
					t.Errorf("%s is %q", name, a.Header.Get(name))
				}
			}
		})
	}
}

func TestARefusalIsTheProvidersOwn(t *testing.T) {
	r := start(t)
	tnco, ping, generic := r.URL("tnco")+"/oauth/token", r.URL("mulesoft")+"/as/token.oauth2", r.URL("oauth2")+"/token"
	apic, anypoint := r.URL("apiconnect")+"/api/token", r.URL("anypoint")+"/accounts/api/v2/oauth2/token"
	good := basic(tncoClient, r.env["TNCO_SECRET"])
	for _, test := range []struct {
		name, url, contentType, auth, body string
		status                             int
		want, challenge                    string
	}{
		{
			"tnco, blank after the secret", tnco, formType, basic(tncoClient, r.env["TNCO_SECRET"]+" "), clientCredentials,
			401, `{"error":"invalid_client","error_description":"Bad client credentials"}`, `Basic realm="oauth2/client"`,
		},
		{
			"tnco, form-encoded basic", tnco, formType, basic(url.QueryEscape(oddClient), url.QueryEscape(r.env["ODD_SECRET"])),
			clientCredentials, 401, `{"error":"invalid_client","error_description":"Bad client credentials"}`, `Basic realm="oauth2/client"`,
		},
		{
			"tnco, secret in the body", tnco, formType, "",
			form("grant_type", "client_credentials", "client_id", tncoClient, "client_secret", r.env["TNCO_SECRET"]), 401,
			`{"error":"unauthorized","error_description":"Full authentication is required to access this resource"}`,
			`Basic realm="oauth2/client"`,
		},
		{"tnco, no grant", tnco, formType, good, "", 400, `{"error":"invalid_request","error_description":"Missing grant type"}`, ""},
		{"tnco, JSON body", tnco, jsonType, good, `{"grant_type":"client_credentials"}`, 400, `{"error":"invalid_request","error_description":"Missing grant type"}`, ""},
		{"tnco, unknown grant", tnco, formType, good, "grant_type=magic", 400, `{"error":"unsupported_grant_type","error_description":"Unsupported grant type: magic"}`, ""},
		{"tnco, refresh", tnco, formType, good, "grant_type=refresh_token&refresh_token=r1", 400, `{"error":"invalid_grant","error_description":"Invalid refresh token: r1"}`, ""},
		{"tnco, code", tnco, formType, good, "grant_type=authorization_code", 401, `{"error":"invalid_client","error_description":"Unauthorized grant type: authorization_code"}`, ""},
		{"zen, wrong key", r.URL("tnco") + zenPath, jsonType, "", `{"username":"chrisp","api_key":"` + r.env["PASSWORD"] + `"}`, 401, `{"_messageCode_":"401","message":"Invalid credentials"}`, ""},
		{"okta, no scope", r.URL("tnco") + "/oauth2/default/v1/token", formType, good, form("grant_type", "password", "username", userName, "password", r.env["PASSWORD"]), 400, `{"error":"invalid_scope","error_description":"The requested scopes are empty."}`, ""},
		{"okta, another server", r.URL("tnco") + "/oauth2/other/v1/token", formType, good, clientCredentials, 404, `{"errorCode":"E0000007","errorSummary":"Not found: Resource not found: other (AuthorizationServer)"}`, ""},
		{"anypoint, wrong user", r.URL("anypoint") + "/accounts/login", jsonType, "", `{"username":"chrisp","password":"no"}`, 401, "Unauthorized", ""},
		{"apiconnect, no consumer context", r.URL("apiconnect") + "/consumer-api/token", jsonType, "", `{"grant_type":"client_credentials"}`, 400, `{"status":400,"message":["X-IBM-Consumer-Context must name a provider organization and a catalog"]}`, ""},
		{"tnco, scope", tnco, formType, good, clientCredentials + "&scope=some", 400, `{"error":"invalid_scope","error_description":"Invalid scope: some","scope":"all"}`, ""},
		{"tnco, password", tnco, formType, good, "grant_type=password&username=chrisp&password=wrong", 400, `{"error":"invalid_grant","error_description":"Bad credentials"}`, ""},
		{"tnco, twice", tnco, formType, good, clientCredentials + "&" + clientCredentials, 400, `{"error":"invalid_request","error_description":"repeated parameter grant_type"}`, ""},
		{
			"mulesoft, blank after the id", ping, formType, "",
			form("grant_type", "client_credentials", "client_id", pingClient+" ", "client_secret", r.env["MULESOFT_SECRET"]), 401,
			`{"error_description":"Invalid client or client credentials","error":"invalid_client"}` + "\r\n", "",
		},
		{
			"mulesoft, two styles", ping, formType, basic(pingClient, r.env["MULESOFT_SECRET"]),
			form("grant_type", "client_credentials", "client_id", pingClient, "client_secret", r.env["MULESOFT_SECRET"]), 400,
			`{"error_description":"more than one client authentication","error":"invalid_request"}` + "\r\n", "",
		},
		{
			"mulesoft, client of another server", ping, formType, "",
			form("grant_type", "client_credentials", "client_id", genericClient, "client_secret", r.env["OAUTH2_SECRET"]), 401,
			`{"error_description":"Invalid client or client credentials","error":"invalid_client"}` + "\r\n", "",
		},
		{"apiconnect, form body", apic, formType, "", clientCredentials, 400, `{"status":400,"message":["The request body must be a JSON object: Content-Type application/json"]}`, ""},
		{"apiconnect, half a body", apic, jsonType, "", `{"grant_type":`, 400, `{"status":400,"message":["The request body must be a JSON object: Content-Type application/json"]}`, ""},
		{"apiconnect, names in another case", apic, jsonType, "", `{"Grant_Type":"client_credentials"}`, 400, `{"status":400,"message":["grant_type must be password, api_key, client_credentials or refresh_token"]}`, ""},
		{"anypoint, wrong secret", anypoint, jsonType, "", `{"client_id":"` + anypointClient + `","client_secret":"no","grant_type":"client_credentials"}`, 401, `{"error":"invalid_client","error_description":"Invalid client id or secret"}`, ""},
		{"anypoint, nothing", anypoint, "", "", "", 400, `{"error":"invalid_request","error_description":"a JSON object is expected"}`, ""},
		{"oauth2, raw basic", generic, formType, basic(oddClient, r.env["ODD_SECRET"]), clientCredentials, 401, `{"error":"invalid_client","error_description":"unknown client or wrong secret"}`, `Basic realm="sandbox"`},
		{"oauth2, broken escape", generic, formType, basic("%zz", "x"), clientCredentials, 400, `{"error":"invalid_request","error_description":"malformed client id"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			pairs := []string{"Content-Type", test.contentType}
			if test.auth != "" {
				pairs = append(pairs, "Authorization", test.auth)
			}
			a := r.do(t, "POST", test.url, test.body, pairs...)
			if a.StatusCode != test.status || a.body != test.want || a.Header.Get("WWW-Authenticate") != test.challenge {
				t.Errorf("%s %q %q", a.Status, a.body, a.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestAnotherMethodOnATokenRouteIs405(t *testing.T) {
	r := start(t)
	for server, path := range map[string]string{
		"tnco": "/oauth/token", "apiconnect": "/api/token", "entra": "/" + entraTenant + "/oauth2/v2.0/token",
		"mulesoft": "/as/token.oauth2", "anypoint": "/accounts/api/v2/oauth2/token", "oauth2": "/token",
	} {
		a := r.do(t, "GET", r.URL(server)+path, "")
		if a.StatusCode != 405 || a.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %s, Allow %q", server, a.Status, a.Header.Get("Allow"))
		}
	}
	a := r.do(t, "GET", r.URL("tnco")+"/oauth/token", "")
	if a.body != `{"error":"method_not_allowed","error_description":"Request method 'GET' not supported"}` {
		t.Errorf("tnco says %s", a.body)
	}
}

func TestTNCORepeatsALiveTokenWithItsShrinkingLife(t *testing.T) {
	r := start(t)
	ask := func() map[string]any {
		return r.do(t, "POST", r.URL("tnco")+"/oauth/token", clientCredentials,
			"Content-Type", formType, "Authorization", basic(tncoClient, r.env["TNCO_SECRET"])).json(t)
	}
	first := ask()
	r.ahead.Add(int64(1000 * time.Second))
	again := ask()
	if again["access_token"] != first["access_token"] || again["expires_in"] != 199.0 {
		t.Errorf("after 1000 s: %v", again)
	}
	r.ahead.Add(int64(199 * time.Second))
	if last := ask(); last["access_token"] != first["access_token"] || last["expires_in"] != 0.0 {
		t.Errorf("in the last second: %v", last)
	}
	r.ahead.Add(int64(time.Second))
	if next := ask(); next["access_token"] == first["access_token"] || next["expires_in"] != 1199.0 {
		t.Errorf("after its end: %v", next)
	}
}
