package relay

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/secret"
)

func TestAStrangerIsRefusedAndTheAPIHearsNothing(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL+"/base", func(c *Config, _ *tokens) { c.AllowOrigins = []string{"https://app.example.com"} })
	port := r.host[strings.LastIndexByte(r.host, ':'):]
	for name, c := range map[string]struct {
		request string // %H stands for the right host, %S for the secret
		want    int
	}{
		"no secret":                    {"GET /things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"no path":                      {"GET / HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"another secret":               {"GET /CANARYPATHSECRETABCDEFGX/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"half the secret":              {"GET /CANARYPATHSECRET/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"more than the secret":         {"GET /%SX/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"the secret, in lower case":    {"GET /canarypathsecretabcdefgh/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"the secret, escaped":          {"GET /%43ANARYPATHSECRETABCDEFGH/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"the secret, second":           {"GET /x/%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"the secret behind a dot":      {"GET /./%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"the secret behind a slash":    {"GET //%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"the secret as a query":        {"GET /?%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"asterisk":                     {"OPTIONS * HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"a health check here":          {"GET /-/healthz HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"a rebound name":               {"GET /%S/things HTTP/1.1\r\nHost: evil.example.com%P\r\n\r\n", 403},
		"a name below localhost":       {"GET /%S/things HTTP/1.1\r\nHost: a.localhost%P\r\n\r\n", 403},
		"localhost with a dot":         {"GET /%S/things HTTP/1.1\r\nHost: localhost.%P\r\n\r\n", 403},
		"another port":                 {"GET /%S/things HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 403},
		"no port":                      {"GET /%S/things HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 403},
		"another loopback":             {"GET /%S/things HTTP/1.1\r\nHost: 127.0.0.2%P\r\n\r\n", 403},
		"a number":                     {"GET /%S/things HTTP/1.1\r\nHost: 2130706433%P\r\n\r\n", 403},
		"no host":                      {"GET /%S/things HTTP/1.0\r\n\r\n", 403},
		"two hosts":                    {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nHost: %H\r\n\r\n", 400},
		"an absolute URL elsewhere":    {"GET http://evil.example.com/%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 403},
		"an absolute URL with a user":  {"GET http://u@%H/%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"an absolute https URL":        {"GET https://%H/%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 404},
		"CONNECT":                      {"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com:443\r\n\r\n", 405},
		"TRACE, which echoes a token":  {"TRACE /%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 405},
		"TRACE in lower case":          {"trace /%S/things HTTP/1.1\r\nHost: %H\r\n\r\n", 405},
		"CONNECT to the API":           {"CONNECT %H HTTP/1.1\r\nHost: %H\r\n\r\n", 405},
		"out of base_url":              {"GET /%S/../x HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"out of it, escaped":           {"GET /%S/%2e%2e/x HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"out of it, twice escaped":     {"GET /%S/%252e%252e%252fx HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"out of it, by a backslash":    {"GET /%S/..\\x HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"out of it, with a parameter":  {"GET /%S/..;/x HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"out of it, from below":        {"GET /%S/a/../../x HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"another host as a path":       {"GET /%S//evil.example.com/x HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"an escaped line end":          {"GET /%S/a%0d%0aX:y HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"a fragment":                   {"GET /%S/a#b HTTP/1.1\r\nHost: %H\r\n\r\n", 400},
		"a stranger's page":            {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: https://evil.example.com\r\n\r\n", 403},
		"a sandboxed page":             {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: null\r\n\r\n", 403},
		"a page of another port":       {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: http://127.0.0.1:1\r\n\r\n", 403},
		"the https form of itself":     {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: https://%H\r\n\r\n", 403},
		"another name of itself":       {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: http://localhost%P\r\n\r\n", 403},
		"nearly an allowed origin":     {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: https://app.example.com.evil.example\r\n\r\n", 403},
		"an allowed origin's http":     {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: http://app.example.com\r\n\r\n", 403},
		"two origins":                  {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: http://%H\r\nOrigin: https://evil.example.com\r\n\r\n", 403},
		"a cross-site image":           {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403},
		"a same-site page":             {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nSec-Fetch-Site: same-site\r\n\r\n", 403},
		"an unheard-of site":           {"GET /%S/things HTTP/1.1\r\nHost: %H\r\nSec-Fetch-Site: x\r\n\r\n", 403},
		"a stranger's form":            {"POST /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: https://evil.example.com\r\nContent-Length: 1\r\n\r\nx", 403},
		"a stranger's preflight":       {"OPTIONS /%S/things HTTP/1.1\r\nHost: %H\r\nOrigin: https://evil.example.com\r\nAccess-Control-Request-Method: PUT\r\n\r\n", 403},
		"a preflight without a secret": {"OPTIONS /things HTTP/1.1\r\nHost: %H\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: PUT\r\n\r\n", 404},
		"a stranger's WebSocket":       {"GET /%S/ws HTTP/1.1\r\nHost: %H\r\nOrigin: https://evil.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 403},
		"two lengths":                  {"POST /%S/things HTTP/1.1\r\nHost: %H\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400},
		"a blank before the colon":     {"GET /%S/things HTTP/1.1\r\nHost : %H\r\n\r\n", 400},
		"an unknown coding":            {"POST /%S/things HTTP/1.1\r\nHost: %H\r\nTransfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n", 501},
	} {
		t.Run(name, func(t *testing.T) {
			request := strings.NewReplacer("%H", r.host, "%S", pathSecret, "%P", port).Replace(c.request)
			res := raw(t, r.host, request)
			if res.StatusCode != c.want {
				t.Errorf("status %d, want %d", res.StatusCode, c.want)
			}
			if res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("the page may read the answer")
			}
			if text := drained(t, res); res.StatusCode == 404 && text != "404 page not found\n" {
				t.Errorf("the answer tells %q", text)
			}
		})
	}
	if a.seen.Load() != 0 || r.tokens.count() != 0 {
		t.Errorf("%d requests to the API, %d for tokens", a.seen.Load(), r.tokens.count())
	}
	r.stop()
	if log := r.log.String(); strings.Contains(log, "CANARY") || strings.Contains(strings.ToLower(log), "canarypath") {
		t.Errorf("the log shows the secret, or a try at it:\n%s", log)
	}
}

func TestWhoWasToldTheAddressComesIn(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL+"/base/", func(c *Config, _ *tokens) { c.AllowOrigins = []string{"https://app.example.com"} })
	port := r.host[strings.LastIndexByte(r.host, ':'):]
	for _, c := range []struct{ request, want string }{
		{"GET /%S/things?a=%2f&&b=;;#", "" /* a fragment cannot be sent */},
		{"GET /%S", "/base/"},
		{"GET /%S/", "/base/"},
		{"GET /%S?q=1", "/base/?q=1"},
		{"GET /%S/a/../b", "/base/b"},
		{"GET /%S/a%2fb/c;v=1", "/base/a%2fb/c;v=1"},
		{"GET /%S/https://evil.example.com/", "/base/https://evil.example.com/"},
		{"GET /%S/things?x=%00&y=a+b&z", "/base/things?x=%00&y=a+b&z"},
		{"GET http://%H/%S/things?q", "/base/things?q"},
	} {
		if c.want == "" {
			continue
		}
		for _, host := range []string{r.host, "localhost" + port, "LOCALHOST" + port, "[::1]" + port} {
			line := strings.NewReplacer("%H", host, "%S", pathSecret).Replace(c.request)
			res := raw(t, r.host, line+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
			if got := a.last.Load().RequestURI; res.StatusCode != 200 || drained(t, res) != "hello" || got != c.want {
				t.Errorf("%s as %s: %d, reached %s", c.request, host, res.StatusCode, got)
			}
		}
	}
	for _, page := range []string{"Origin: http://" + r.host, "Origin: https://app.example.com", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"} {
		if res, _ := ask(t, "GET", r.url+"things", "", page); res.StatusCode != 200 {
			t.Errorf("%s: %d", page, res.StatusCode)
		}
	}
}

func TestWithoutASecretEveryPathIsTheAPIs(t *testing.T) {
	a := newAPI(t, false, hello)
	r := start(t, a.URL, func(c *Config, _ *tokens) { c.Secret = secret.String{} })
	if r.relay.Secret() || r.url != r.root+"/" {
		t.Fatal(r.url)
	}
	for _, path := range []string{"/", "/-/healthz", "/-/metrics", "/a/b?c"} {
		if res, _ := ask(t, "GET", r.root+path, ""); res.StatusCode != 200 || a.last.Load().RequestURI != path {
			t.Errorf("%s: %d, reached %s", path, res.StatusCode, a.last.Load().RequestURI)
		}
	}
	if res, _ := ask(t, "GET", r.root+"/x", "", "Host: evil.example.com"); res.StatusCode != 403 || a.seen.Load() != 4 {
		t.Error("a rebound name came in")
	}
}

func TestAPageOfAnAllowedOriginMayReadTheAnswer(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.WriteHeader(http.StatusTeapot)
	})
	r := start(t, a.URL, func(c *Config, _ *tokens) {
		c.AllowOrigins = []string{"https://app.example.com", "http://localhost:3000"}
	})
	res, _ := ask(t, "OPTIONS", r.url+"x", "", "Origin: https://app.example.com", "Access-Control-Request-Method: PUT",
		"Access-Control-Request-Headers: content-type,x-a", "Access-Control-Request-Private-Network: true")
	h := res.Header
	if res.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != "https://app.example.com" || h.Get("Access-Control-Allow-Methods") != "PUT" ||
		h.Get("Access-Control-Allow-Headers") != "content-type,x-a" || h.Get("Access-Control-Allow-Private-Network") != "true" || h.Get("Vary") != "Origin" {
		t.Errorf("preflight: %d %v", res.StatusCode, h)
	}
	if a.seen.Load() != 0 {
		t.Error("the preflight reached the API")
	}
	res, _ = ask(t, "GET", r.url+"x", "", "Origin: http://localhost:3000")
	if h := res.Header; res.StatusCode != 418 || h.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", res.StatusCode, h)
	}
	res, _ = ask(t, "POST", r.url+"x", "body")
	if h := res.Header; h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "Origin" {
		t.Errorf("the API's own word on origins came through: %v", h)
	}
	if _, err := newGate(&Door{}, secret.String{}, []string{"https://app.example.com/path"}); err == nil {
		t.Error("an origin with a path was taken")
	}
}
