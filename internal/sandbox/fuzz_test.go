package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzTokenRequest holds that no request, however odd, gets a token without the secret, and none breaks the server.
func FuzzTokenRequest(f *testing.F) {
	s, err := Start(f.Context(), f.TempDir(), Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Add("/oauth/token", formType, "Basic TG1DbGllbnQ6", "grant_type=client_credentials", "")
	f.Add("/oauth/token", formType, "Basic OjpiYWQ6", "%zz&grant_type", "bom")
	f.Add("/api/token", jsonType, "", `{"grant_type":"api_key","client_id":"x","api_key":null}`, "")
	f.Add("/api/token", jsonType, "", `[{}]`, "giant")
	f.Add("/sandbox.example.com/oauth2/v2.0/token", formType, "", "grant_type=client_credentials&client_id="+entraClient+
		"&client_secret=&scope=a/.default&claims={}", "echo_secret_in_error")
	f.Add("/as/token.oauth2", formType, "Basic bXVsZS1hcHA6", "grant_type=password&username=chrisp&password=", "truncated")
	f.Add("/accounts/api/v2/oauth2/token", "application/json; charset", "", `{"client_secret":1}`, "form")
	f.Add("/token", formType, "Bearer x", "client_id=sandbox-client&client_secret=sandbox-client", "gzip")
	f.Add("/bytes/99999999999999999999", "", "Bearer x", "", "cae")
	f.Add("//status//", "text/plain;;", "Bearer", "\x00", "nothing")
	f.Fuzz(func(t *testing.T, path, contentType, auth, body, injected string) {
		if injected == "slow" || injected == "reset" || injected == "truncated" {
			injected = "" // they wait or abort, which is their purpose
		}
		before := len(s.origins[0].world.tokens)
		for _, o := range s.origins {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, o.url, strings.NewReader(body))
			req.URL.Path = "/" + strings.TrimPrefix(path, "/")
			req.Header = http.Header{"Content-Type": {contentType}, "Authorization": {auth}, "X-Sandbox-Fault": {injected}}
			rec := httptest.NewRecorder()
			o.ServeHTTP(rec, req)
			if rec.Code >= 500 && injected == "" {
				t.Errorf("%s %q: status %d", o.name, path, rec.Code)
			}
		}
		made := len(s.origins[0].world.tokens) != before
		if made && !strings.Contains(body, managerSecret) && !strings.Contains(body, toolkitSecret) {
			t.Error("a token without a secret")
		}
	})
}
