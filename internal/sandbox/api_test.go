package sandbox

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// http1 is the client's transport without HTTP/2.
func http1(t *testing.T, r *rig) http.RoundTripper {
	t.Helper()
	transport := r.client.Transport.(*http.Transport).Clone()
	transport.ForceAttemptHTTP2 = false
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func TestARequestWithoutAGoodTokenGetsTheProvidersOwn401(t *testing.T) {
	r := start(t)
	mule := r.muleToken(t)
	for _, test := range []struct{ server, auth, body, challenge string }{
		{"tnco", "", `{"error":"unauthorized","error_description":"Full authentication is required to access this resource"}`, `Bearer realm="oauth", error="unauthorized", error_description="Full authentication is required to access this resource"`},
		{"tnco", "Bearer " + mule, `{"error":"invalid_token","error_description":"Invalid access token"}`, `Bearer realm="oauth", error="invalid_token", error_description="Invalid access token"`},
		{"apiconnect", "Bearer x", `{"status":401,"message":["A valid access token is required: this one is unknown"]}`, `Bearer realm="apiconnect"`},
		{"entra", "", `{"error":{"code":"InvalidAuthenticationToken","message":"Access token is empty."}}`, `Bearer realm="", authorization_uri="` + r.URL("entra") + `/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`},
		{"mulesoft", "Basic " + mule, `{"error":"unauthorized","error_description":"a bearer token is required"}`, `Bearer realm="sandbox"`},
		{"anypoint", "Bearer ", `Unauthorized`, `Bearer realm="anypoint"`},
		{"echo", "Bearer " + mule + "x", `{"error":"invalid_token","error_description":"the access token is unknown"}`, `Bearer realm="sandbox", error="invalid_token", error_description="the access token is unknown"`},
	} {
		var pairs []string
		if test.auth != "" {
			pairs = []string{"Authorization", test.auth}
		}
		a := r.do(t, "GET", r.URL(test.server)+"/things", "", pairs...)
		if a.StatusCode != 401 || a.body != test.body || a.Header.Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s with %q: %s\n%s\n%s", test.server, test.auth, a.Status, a.body, a.Header.Get("WWW-Authenticate"))
		}
	}
}

func TestAnExpiredTokenAndTwoTokensAreRefused(t *testing.T) {
	r := start(t)
	token := r.muleToken(t)
	twice := r.do(t, "GET", r.URL("echo")+"/x", "", "Authorization", "Bearer "+token, "Authorization", "Bearer "+token)
	if twice.StatusCode != 401 {
		t.Errorf("two headers: %s", twice.Status)
	}
	r.ahead.Add(int64(pingLife))
	late := r.do(t, "GET", r.URL("echo")+"/x", "", "Authorization", "Bearer "+token)
	if late.StatusCode != 401 || !strings.Contains(late.body, "the access token is expired") {
		t.Errorf("expired: %s %s", late.Status, late.body)
	}
}

func TestTheEchoShowsWhatArrivedAndNeverTheToken(t *testing.T) {
	r := start(t)
	token := r.muleToken(t)
	for _, test := range []struct{ method, path, query, body, member, want string }{
		{"GET", "/things", "a=1&a=2", "", "body", ""},
		{"DELETE", "/a//b/%2F/../c", "", "", "body", ""},
		{"QUERY", "/", "", "grüße", "body", "grüße"},
		{"PATCH", "/x", "", "\xff\x00", "body_base64", "/wA="},
	} {
		u, err := url.Parse(r.URL("echo"))
		if err != nil {
			t.Fatal(err)
		}
		a := r.do(t, test.method, u.String()+test.path+"?"+test.query, test.body, "Authorization", "bearer "+token, "X-Two", "1", "X-Two", "2")
		m := a.json(t)
		if m["method"] != test.method || m["path"] != test.path || m["query"] != test.query || m[test.member] != test.want ||
			m["body_bytes"] != float64(len(test.body)) {
			t.Errorf("%s %s: %s", test.method, test.path, a.body)
		}
		shown := m["headers"].(map[string]any)
		if shown["Authorization"] != "Bearer [valid: mulesoft]" || shown["X-Two"] != "1, 2" || strings.Contains(a.body, token) {
			t.Errorf("headers: %v", shown)
		}
		if m["identity"].(map[string]any)["client_id"] != pingClient {
			t.Errorf("identity: %v", m["identity"])
		}
	}
}

func TestABodyBeyondOneMiBIsHashedAndNotRepeated(t *testing.T) {
	r := start(t)
	a := r.do(t, "PUT", r.URL("echo")+"/upload", strings.Repeat("a", maxEchoed+1), "Authorization", "Bearer "+r.muleToken(t))
	m := a.json(t)
	if _, repeated := m["body"]; repeated || m["body_bytes"] != float64(maxEchoed+1) || len(m["body_sha256"].(string)) != 64 {
		t.Errorf("%.300s", a.body)
	}
}

func TestThePathsOfTheAPI(t *testing.T) {
	r := start(t)
	auth := "Bearer " + r.muleToken(t)
	for _, test := range []struct {
		path   string
		status int
		body   string // a regular expression
	}{
		{"/status/204", 204, `^$`},
		{"/status/304", 304, `^$`},
		{"/status/418", 418, `^{"status":418,"text":"I'm a teapot"}$`},
		{"/status/999", 400, `/status/CODE wants`},
		{"/status/100", 400, ``},
		{"/delay/0", 200, `"path":"/delay/0"`},
		{"/delay/-1", 400, `/delay/SECONDS wants`},
		{"/delay/99999", 400, ``},
		{"/bytes/0", 200, `^$`},
		{"/bytes/28", 200, `^abcdefghijklmnopqrstuvwxyzab$`},
		{"/bytes/x", 400, ``},
		{"/stream/2", 200, "^{\"line\":1}\n{\"line\":2}\n$"},
		{"/stream/2?interval=1ms", 200, "^{\"line\":1}\n{\"line\":2}\n$"},
		{"/stream/2?interval=forever", 400, `/stream/N`},
		{"/redirect?to=https%3A%2F%2Fwww.example.com%2Fa", 302, `^$`},
		{"/redirect?to=/b&code=307", 307, `^$`},
		{"/redirect", 400, `/redirect\?to=URL`},
		{"/redirect?to=/&code=200", 400, ``},
		{"/headers", 200, `^{"headers":{.*"Authorization":"Bearer \[valid: mulesoft\]"`},
		{"/flaky/-1", 400, `/flaky/N wants`},
	} {
		a := r.do(t, "GET", r.URL("echo")+test.path, "", "Authorization", auth)
		if a.StatusCode != test.status || !regexp.MustCompile(test.body).MatchString(a.body) {
			t.Errorf("%s: %s %q", test.path, a.Status, a.body)
		}
	}
	a := r.do(t, "GET", r.URL("echo")+"/redirect?to=https%3A%2F%2Fwww.example.com%2Fa", "", "Authorization", auth)
	if a.Header.Get("Location") != "https://www.example.com/a" {
		t.Errorf("Location %q", a.Header.Get("Location"))
	}
	if a := r.do(t, "GET", r.URL("echo")+"/status/401", "", "Authorization", auth); a.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without a challenge")
	}
}

func TestBytesCanBeResumed(t *testing.T) {
	r := start(t)
	a := r.do(t, "GET", r.URL("echo")+"/bytes/30", "", "Authorization", "Bearer "+r.muleToken(t), "Range", "bytes=26-", "If-Range", `"bytes-30"`)
	if a.StatusCode != 206 || a.body != "abcd" || a.Header.Get("Content-Range") != "bytes 26-29/30" {
		t.Errorf("%s %q %v", a.Status, a.body, a.Header)
	}
}

func TestAStreamArrivesLineByLine(t *testing.T) {
	r := start(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", r.URL("echo")+"/stream/2?interval=10s", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.muleToken(t))
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	line := make([]byte, len("{\"line\":1}\n"))
	if _, err := io.ReadFull(res.Body, line); err != nil || string(line) != "{\"line\":1}\n" {
		t.Errorf("%q %v", line, err)
	}
}

func TestFlakyFailsAsOftenAsItIsToldAndThenServes(t *testing.T) {
	r := start(t)
	auth := "Bearer " + r.muleToken(t)
	for i, want := range []int{503, 503, 200, 503, 503, 200} {
		if a := r.do(t, "GET", r.URL("echo")+"/flaky/2/x", "", "Authorization", auth); a.StatusCode != want {
			t.Errorf("request %d: %s", i+1, a.Status)
		}
	}
	if a := r.do(t, "GET", r.URL("echo")+"/flaky/0", "", "Authorization", auth); a.StatusCode != 200 {
		t.Errorf("/flaky/0: %s", a.Status)
	}
}

func TestACAEChallengeIsMetByATokenAskedForWithItsClaims(t *testing.T) {
	r := start(t)
	ask := func(claims string) string {
		body := form("grant_type", "client_credentials", "client_id", entraClient, "client_secret", r.env["ENTRA_SECRET"],
			"scope", entraScope, "claims", claims)
		a := r.do(t, "POST", r.URL("entra")+"/"+entraTenant+"/oauth2/v2.0/token", body, "Content-Type", formType)
		return "Bearer " + a.json(t)["access_token"].(string)
	}
	stale := r.do(t, "GET", r.URL("echo")+"/cae/things", "", "Authorization", ask(`{"access_token":{"xms_cc":{"values":["cp1"]}}}`))
	challenge := stale.Header.Get("WWW-Authenticate")
	found := regexp.MustCompile(`error="insufficient_claims", claims="([^"]+)"$`).FindStringSubmatch(challenge)
	if stale.StatusCode != 401 || found == nil {
		t.Fatalf("%s %q", stale.Status, challenge)
	}
	claims, err := base64.StdEncoding.DecodeString(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if a := r.do(t, "GET", r.URL("echo")+"/cae/things", "", "Authorization", ask(string(claims))); a.StatusCode != 200 {
		t.Errorf("with the claims: %s %s", a.Status, a.body)
	}
}

func TestCountsAreNumbersForAllServersFromTheStart(t *testing.T) {
	r := start(t)
	first := r.do(t, "GET", r.URL("echo")+"/-/counts", "")
	for route, n := range first.json(t) {
		if n != 0.0 {
			t.Errorf("%s is %v", route, n)
		}
	}
	r.do(t, "GET", r.URL("echo")+"/x", "", "Authorization", "Bearer "+r.muleToken(t))
	counts := r.do(t, "GET", r.URL("tnco")+"/-/counts", "").json(t)
	if counts["mulesoft.token"] != 1.0 || counts["echo.api"] != 1.0 || r.Requests("mulesoft.token") != 1 {
		t.Errorf("%v", counts)
	}
}

func TestTheLogHasNoQueryAndNoSecret(t *testing.T) {
	r := start(t)
	token := r.muleToken(t)
	r.do(t, "GET", r.URL("echo")+"/a%1bb?key=hidden", "", "Authorization", "Bearer "+token)
	if _, err := r.faulty(t, "echo_secret_in_error"); err != nil {
		t.Fatal(err)
	}
	logged := r.logged()
	for _, bad := range []string{token, "hidden", "\x1b", r.env["MULESOFT_SECRET"], r.env["TNCO_SECRET"], r.env["PASSWORD"]} {
		if strings.Contains(logged, bad) {
			t.Errorf("the log has %q:\n%s", bad, logged)
		}
	}
	for _, want := range []string{"mulesoft POST /as/token.oauth2 200\n", "echo GET /a%1bb 200\n", "tnco POST /oauth/token 400 fault=echo_secret_in_error\n"} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log lacks %q:\n%s", want, logged)
		}
	}
}

func TestTheIssuerForgetsRatherThanGrowsForEver(t *testing.T) {
	i := newIssuer(time.Now)
	for range maxTokens + 1 {
		i.issue(opaque(20), time.Hour, token{})
	}
	if len(i.tokens) != 1 {
		t.Errorf("%d tokens", len(i.tokens))
	}
}
