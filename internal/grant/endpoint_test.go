package grant_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

var errKeyring = errors.New("the keyring is locked")

func epoch() time.Time { return time.Unix(1_700_000_000, 0) }

func endpoint(s *authtest.Server) *grant.Endpoint {
	return &grant.Endpoint{
		Client: httpx.TokenClient(s.Transport()), Mask: secret.NewMask(), Clock: epoch, UserAgent: "authctl/test",
		Timeout: 5 * time.Second,
	}
}

func is(text string) grant.SecretFunc {
	return func(context.Context) (secret.String, error) { return secret.New(text), nil }
}

func request(s *authtest.Server) grant.Request {
	return grant.Request{
		URL: s.URL + "/token", Auth: grant.Basic("client", is("s3cret-s3cret"), grant.Raw),
		Fields: []grant.Field{grant.Plain("grant_type", "client_credentials")}, DefaultTTL: 5 * time.Minute,
	}
}

// ask makes one token request and holds the endpoint to it.
func ask(t *testing.T, reply authtest.Reply) (*grant.Token, *fault.Error) {
	t.Helper()
	s := authtest.FakeIDP(t, reply)
	token, err := endpoint(s).Token(t.Context(), request(s))
	s.Only(t)
	if err == nil {
		return token, nil
	}
	if token != nil {
		t.Error("a token beside an error")
	}
	return nil, fault.From(err)
}

func TestATokenRequestStandsOnTheWireByteForByte(t *testing.T) {
	odd := is(`p%:+&é"<`)
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	config := grant.Config{Scopes: []string{"a", "b/c"}, Audience: []string{"x", "y"}, Resources: []string{"https://r.example.com/1", "https://r.example.com/2"}, Params: []grant.Field{grant.Plain("p", "1 2")}}
	with := func(auth grant.ClientAuth, json bool) grant.Config {
		c := config
		c.Auth, c.JSON = auth, json
		return c
	}
	cases := map[string]struct {
		grant               func(grant.Config) grant.Grant
		config              grant.Config
		claims              string
		authorization, body string
	}{
		"basic raw": {
			grant:  func(c grant.Config) grant.Grant { return &grant.ClientCredentials{Config: c} },
			config: grant.Config{Auth: grant.Basic("i d", odd, grant.Raw)}, authorization: basic(`i d:p%:+&é"<`),
			body: "grant_type=client_credentials",
		},
		"basic form": {
			grant:  func(c grant.Config) grant.Grant { return &grant.ClientCredentials{Config: c} },
			config: grant.Config{Auth: grant.Basic("i d", odd, grant.Form)}, authorization: basic(`i+d:p%25%3A%2B%26%C3%A9%22%3C`),
			body: "grant_type=client_credentials",
		},
		"post with all that may be repeated": {
			grant:  func(c grant.Config) grant.Grant { return &grant.ClientCredentials{Config: c} },
			config: with(grant.Post("i d", odd), false), claims: `{"a":1}`,
			body: "grant_type=client_credentials&client_id=i+d&client_secret=p%25%3A%2B%26%C3%A9%22%3C&scope=a+b%2Fc" +
				"&audience=x&audience=y&resource=https%3A%2F%2Fr.example.com%2F1&resource=https%3A%2F%2Fr.example.com%2F2&p=1+2&claims=%7B%22a%22%3A1%7D",
		},
		"password of a public client": {
			grant: func(c grant.Config) grant.Grant {
				return &grant.Password{Config: c, Username: "ann", Password: is("pass word")}
			},
			config: grant.Config{Auth: grant.None("pub")}, body: "grant_type=password&client_id=pub&username=ann&password=pass+word",
		},
		"password with a realm, as JSON": {
			grant: func(c grant.Config) grant.Grant {
				return &grant.Password{Config: c, Username: "ann", Password: odd, Realm: func(context.Context) (string, error) { return "provider/x", nil }}
			},
			config: grant.Config{Auth: grant.Post("id", is("sec")), JSON: true},
			body:   `{"grant_type":"password","client_id":"id","client_secret":"sec","username":"ann","password":"p%:+&é\"<","realm":"provider/x"}`,
		},
		"api key, as JSON with a list": {
			grant:  func(c grant.Config) grant.Grant { return &grant.APIKey{Config: c, Key: is("key")} },
			config: with(grant.Post("id", is("sec")), true),
			body: `{"grant_type":"api_key","client_id":"id","client_secret":"sec","api_key":"key","scope":"a b/c","audience":["x","y"],` +
				`"resource":["https://r.example.com/1","https://r.example.com/2"],"p":"1 2"}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.Token("tok", 60))
			c.config.Endpoint, c.config.Server = endpoint(s), grant.Known{Token: s.URL + "/o/token"}
			if _, err := c.grant(c.config).Token(t.Context(), grant.Ask{Claims: c.claims}); err != nil {
				t.Fatal(err)
			}
			mediaType, authorization := "application/x-www-form-urlencoded", ""
			if c.config.JSON {
				mediaType = "application/json"
			}
			if c.authorization != "" {
				authorization = "Authorization: " + c.authorization + "\r\n"
			}
			want := fmt.Sprintf("POST /o/token HTTP/1.1\r\nHost: %s\r\nUser-Agent: authctl/test\r\nContent-Length: %d\r\nAccept: application/json\r\n%sContent-Type: %s\r\n\r\n%s",
				strings.TrimPrefix(s.URL, "http://"), len(c.body), authorization, mediaType, c.body)
			if got := s.Only(t).Raw; got != want {
				t.Errorf("on the wire:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestARedirectIsRefusedAndNotFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		other := authtest.FakeIDP(t, authtest.Token("stolen", 60))
		_, err := ask(t, authtest.Redirect(status, other.URL+"/take?code=QUERYSECRET"))
		if err == nil || err.Kind != fault.Policy || err.Code != "policy.redirect" || err.Status != status {
			t.Fatalf("%d: %+v", status, err)
		}
		if text := err.Error(); !strings.Contains(text, other.URL+",") || strings.Contains(text, "QUERYSECRET") || strings.Contains(text, "take") {
			t.Errorf("%d: %s", status, text)
		}
		if n := other.Count(); n != 0 {
			t.Errorf("%d: %d requests at the target", status, n)
		}
	}
}

func TestARedirectWithoutAUsableTargetIsRefusedAllTheSame(t *testing.T) {
	for location, want := range map[string]string{"": "without saying", "javascript:alert(1)": "unreadable", "https://a:b@x.example/": "unreadable", "//x.example.com/y": "to http://x.example.com,"} {
		_, err := ask(t, authtest.Redirect(302, location))
		if err == nil || err.Kind != fault.Policy || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", location, err)
		}
	}
}

func TestAServerThatNobodyVouchesForGetsNoSecret(t *testing.T) {
	s := authtest.FakeTLSIDP(t, authtest.Token("tok", 60))
	e := endpoint(s)
	if _, err := e.Token(t.Context(), request(s)); err != nil {
		t.Fatal(err)
	}
	e.Client = httpx.TokenClient(&http.Transport{DisableCompression: true})
	if _, err := e.Token(t.Context(), request(s)); !fault.Is(err, fault.TLS) {
		t.Errorf("%+v", err)
	}
	s.Only(t)
}

func TestAnAddressThatMustNotGetASecretGetsNone(t *testing.T) {
	asked := false
	r := grant.Request{Auth: grant.Post("id", func(context.Context) (secret.String, error) {
		asked = true
		return secret.New("x"), nil
	})}
	e := &grant.Endpoint{Client: http.DefaultClient, Mask: secret.NewMask()}
	for _, address := range []string{"", "idp", "/token", "http://idp.example.com/token", "ftp://idp.example.com/", "https://user:PASSW0RD@idp.example.com/", "https://idp.example.com/#f", "https://", "https://a b/", "HTTP://idp.example.com"} {
		r.URL = address
		_, err := e.Token(t.Context(), r)
		if !fault.Is(err, fault.Config) || strings.Contains(err.Error(), "PASSW0RD") {
			t.Errorf("%q: %v", address, err)
		}
		if _, err := e.Fetch(t.Context(), address, nil); !fault.Is(err, fault.Config) {
			t.Errorf("fetch %q: %v", address, err)
		}
	}
	if asked {
		t.Error("the secret was asked for in vain")
	}
}

func TestARequestWithoutAClientAuthenticationIsNotSent(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	r := request(s)
	r.Auth = grant.ClientAuth{}
	if _, err := endpoint(s).Token(t.Context(), r); err == nil || s.Count() != 0 {
		t.Errorf("err %v, %d requests", err, s.Count())
	}
}

func TestASecretThatCannotBeHadSendsNothing(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	locked := func(context.Context) (secret.String, error) { return secret.String{}, errKeyring }
	bad := func(context.Context) (string, error) { return "", errKeyring }
	c := grant.Config{Endpoint: endpoint(s), Server: grant.Known{Token: s.URL}, Auth: grant.Post("id", locked)}
	open := c
	open.Auth = grant.Post("id", is("x"))
	for name, g := range map[string]grant.Grant{
		"client": &grant.ClientCredentials{Config: c}, "password": &grant.Password{Config: open, Password: locked},
		"key": &grant.APIKey{Config: open, Key: locked}, "realm": &grant.Password{Config: open, Realm: bad},
	} {
		if _, err := g.Token(t.Context(), grant.Ask{}); !errors.Is(err, errKeyring) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.Count() != 0 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestASecretThatJSONCannotCarryIsRefused(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok", 60))
	r := request(s)
	r.JSON, r.Auth = true, grant.Post("id", is("\xff\xfe-latin"))
	if _, err := endpoint(s).Token(t.Context(), r); !fault.Is(err, fault.Config) || s.Count() != 0 {
		t.Errorf("err %v, %d requests", err, s.Count())
	}
}

func TestWhatAServerEchoesIsMasked(t *testing.T) {
	pair := base64.StdEncoding.EncodeToString([]byte("client:s3cret-s3cret"))
	for _, echo := range []string{"s3cret-s3cret", pair, "client%3As3cret%2Ds3cret", "\\u00733cret-s3cret", "p4ss  word", "p4ss%20%20word"} {
		for _, reply := range []authtest.Reply{
			authtest.JSON(400, `{"error":"invalid_client","error_description":"you sent `+echo+`"}`),
			authtest.JSON(400, `{"error":"`+echo+`","correlation_id":"`+echo+`"}`),
			authtest.Answer(503, strings.Repeat("x", 505)+echo),
			authtest.Answer(200, "<html><title>"+echo+"</title>"),
			authtest.Answer(500, "Authorization: Basic "+echo, "X-Request-ID: "+echo),
		} {
			s := authtest.FakeIDP(t, reply)
			r := request(s)
			r.Fields = append(r.Fields, grant.Hidden("password", secret.New("p4ss  word")))
			_, err := endpoint(s).Token(t.Context(), r)
			e := fault.From(err)
			shown := e.Error() + e.HintText() + e.OAuthError + e.CorrelationID + e.Code
			for _, leak := range []string{"s3cret", "cret-s", "p4ss", pair[10:]} {
				if strings.Contains(shown, leak) {
					t.Errorf("echo %q leaks %q: %s", echo, leak, shown)
				}
			}
		}
	}
}

func TestServerTextIsOneVisibleLineOfBoundedLength(t *testing.T) {
	_, err := ask(t, authtest.JSON(400, `{"error":"x\u001b[2J","error_description":"a\u001b]0;t\u0007\r\nauthctl: hint: rm -rf \u202e`+strings.Repeat("y", 5000)+`"}`))
	text := err.Error()
	if strings.ContainsAny(text, "\x1b\x07\r\n\u202e") || len(text) > 1000 || err.OAuthError != "" || err.Code != "auth.http_400" {
		t.Errorf("%q, oauth error %q, code %s", text, err.OAuthError, err.Code)
	}
}

func TestATraceTellsNoSecret(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Token("tok-tok-tok", 60))
	e, traced := endpoint(s), ""
	e.Trace = func(format string, args ...any) { traced += fmt.Sprintf(format, args...) + "\n" }
	r := request(s)
	r.URL += "?tenant=QUERY"
	if _, err := e.Token(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if s.Only(t).Target != "/token?tenant=QUERY" {
		t.Error("the query did not reach the server")
	}
	want := "POST " + s.URL + "/token\nHTTP 200, 68 bytes, 0s\n"
	if traced != want {
		t.Errorf("%q, want %q", traced, want)
	}
	if got := e.Mask.Text("tok-tok-tok"); got != secret.Redacted {
		t.Errorf("the new token is shown: %s", got)
	}
}

func TestAPublicDocumentIsFetchedUnderTheSameLimits(t *testing.T) {
	cases := map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
		code  string
	}{
		"redirect":  {authtest.Redirect(302, "https://x.example.com/"), fault.Policy, "policy.redirect"},
		"not found": {authtest.JSON(404, `{"status":404,"message":["no"]}`), fault.Protocol, "protocol.http_404"},
		"down":      {authtest.Answer(503, ""), fault.Network, "network.server_error"},
		"giant":     {authtest.Endless("HTTP/1.1 200 OK\r\n\r\n", "aaaa"), fault.Protocol, "protocol.too_large"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, c.reply)
			_, err := endpoint(s).Fetch(t.Context(), s.URL+"/doc", nil)
			if e := fault.From(err); err == nil || e.Kind != c.kind || e.Code != c.code {
				t.Errorf("%+v", err)
			}
			s.Only(t)
		})
	}
	s := authtest.FakeIDP(t, authtest.Gzip(200, "\ufeff{}"))
	body, err := endpoint(s).Fetch(t.Context(), s.URL+"/doc?a=b", http.Header{"X-Context": {"o.c"}})
	if r := s.Only(t); err != nil || string(body) != "{}" || r.Method != "GET" || r.Target != "/doc?a=b" || r.Header.Get("X-Context") != "o.c" || r.Header.Get("Accept") != "application/json" {
		t.Errorf("%q %v %+v", body, err, r)
	}
}

func TestAnAddressHasOneCanonicalForm(t *testing.T) {
	for in, want := range map[string]string{
		"HTTPS://IdP.Example.COM:443/Token?a=B": "https://idp.example.com/Token?a=B",
		"https://idp.example.com:8443/":         "https://idp.example.com:8443/",
		"::":                                    "::",
		"mailto:x@example.com":                  "mailto:x@example.com",
	} {
		if got := grant.CanonicalURL(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
