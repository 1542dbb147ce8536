package profile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

const planted = "PLANTED-VALUE"

func valid() *profile.Profile {
	return &profile.Profile{Name: "a", Provider: "tnco", BaseURL: "https://app.example.com"}
}

// complaint gives a *KeyError's text and checks that it shows no value.
func complaint(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*profile.KeyError](err)
	if !ok {
		t.Fatalf("%T is no KeyError: %v", err, err)
	}
	if strings.Contains(e.Error()+e.Hint, planted) {
		t.Errorf("a value is shown: %s (%s)", e, e.Hint)
	}
	return e.Error()
}

func TestWhatCannotStandNamesItsKey(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		want   string
	}{
		"no name":              {func(p *profile.Profile) { p.Name = "" }, "name: is required"},
		"a path as name":       {func(p *profile.Profile) { p.Name = "../" + planted }, "name: must be"},
		"a hyphen first":       {func(p *profile.Profile) { p.Name = "-a" }, "name: must be"},
		"a long name":          {func(p *profile.Profile) { p.Name = strings.Repeat("a", 65) }, "name: must be"},
		"no provider":          {func(p *profile.Profile) { p.Provider = "" }, "provider: is required"},
		"a grant":              {func(p *profile.Profile) { p.Grant = planted }, "grant: must be one of client_credentials, password, api_key"},
		"an implicit grant":    {func(p *profile.Profile) { p.Grant = "implicit" }, "grant: must be one of"},
		"a client_auth":        {func(p *profile.Profile) { p.ClientAuth = "bearer" }, "client_auth: must be one of client_secret_basic"},
		"an encoding":          {func(p *profile.Profile) { p.BasicEncoding = "url" }, "basic_encoding: must be one of raw, form"},
		"TLS 1.1":              {func(p *profile.Profile) { p.TLS.MinVersion = "1.1" }, "tls.min_version: must be one of 1.2, 1.3"},
		"a key alone":          {func(p *profile.Profile) { p.TLS.KeyFile = "k" }, "tls.key_file: needs cert_file"},
		"a control in an id":   {func(p *profile.Profile) { p.ClientID = "a\nb" }, "client_id: has a control character"},
		"a quote in a scope":   {func(p *profile.Profile) { p.Scopes = []string{"ok", `"` + planted} }, "scopes[1]: has a character"},
		"an empty scope":       {func(p *profile.Profile) { p.Scopes = []string{""} }, "scopes[0]: has a character"},
		"an empty audience":    {func(p *profile.Profile) { p.Audience = []string{""} }, "audience[0]: has no value"},
		"a relative resource":  {func(p *profile.Profile) { p.Resources = []string{"/x"} }, "resources[0]: must be an absolute URI"},
		"a resource's part":    {func(p *profile.Profile) { p.Resources = []string{"https://a/#b"} }, "resources[0]: must be an absolute URI"},
		"a negative timeout":   {func(p *profile.Profile) { p.Timeout = -1 }, "timeout: must be more than 0 and at most 24h"},
		"a long life":          {func(p *profile.Profile) { p.DefaultTTL = 9000 * time.Hour }, "default_ttl: must be more than 0 and at most 8760h"},
		"a status":             {func(p *profile.Profile) { p.ReauthStatuses = []int{399} }, "reauth_statuses[0]: must be a status"},
		"a proxy without host": {func(p *profile.Profile) { p.Proxy = planted }, "proxy: must be a URL, or none"},
		"a proxy by ftp":       {func(p *profile.Profile) { p.Proxy = "ftp://p.example.com" }, "proxy: must begin with"},
		"half an insecurity":   {func(p *profile.Profile) { p.TLS.InsecureTokenEndpoint = true }, "tls.insecure_token_endpoint: means something"},
		"a header's name":      {header("X Y", "a"), "headers[0].name: is not the name of a header"},
		"Authorization":        {header("authorization", planted), "headers[0].name: authorization is set by authctl alone"},
		"Proxy-Anything":       {header("Proxy-Anything", "a"), "headers[0].name: proxy-anything is set"},
		"Transfer-Encoding":    {header("Transfer-Encoding", "chunked"), "headers[0].name: transfer-encoding is set"},
		"a header's line end":  {header("X-A", planted+"\r\nX: y"), "headers[0].value: is not the value of a header"},
		"a blank at the end":   {header("X-A", planted+" "), "headers[0].value: is not the value of a header"},
		"a header's NUL":       {header("X-A", "a\x00"), "headers[0].value: is not the value of a header"},
	} {
		t.Run(name, func(t *testing.T) {
			p := valid()
			c.change(p)
			if got := complaint(t, p.Validate()); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func header(name, value string) func(*profile.Profile) {
	return func(p *profile.Profile) {
		p.Headers = []profile.Header{{Name: name, Value: secret.Ref{Scheme: secret.Literal, Arg: secret.New(value)}}}
	}
}

func TestAParamCannotReplaceWhatTheGrantSays(t *testing.T) {
	for _, name := range []string{
		"grant_type", "client_id", "client_secret", "scope", "Scope", "username", "password", "audience", "resource", "code", "refresh_token",
		"client_assertion", "client_assertion_type", "assertion", "authorization_details", "requested_token_type", "auth_req_id", "subject_token", "redirect_uri", "code_verifier", "device_code", "", "a b",
	} {
		p := valid()
		p.Params = []profile.Param{{Name: "ok", Value: "x"}, {Name: name, Value: planted}}
		if got := complaint(t, p.Validate()); !strings.HasPrefix(got, "params[1].name: ") {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestAURLIsHTTPSOrLoopback(t *testing.T) {
	for _, text := range []string{
		"https://a.example.com", "https://a.example.com:8443/x/y", "https://[2001:db8::1]:1", "http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:80/x",
		"http://localhost:1", "http://LOCALHOST", "HTTPS://A.example.com", "https://münchen.example.com",
	} {
		p := valid()
		if p.BaseURL = text; p.Validate() != nil {
			t.Errorf("%s: %v", text, p.Validate())
		}
	}
	for _, text := range []string{
		"http://a.example.com", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://2130706433", "http://127.1", "http://0.0.0.0",
		"http://[::ffff:127.0.0.1]", "http://127.0.0.1@evil.example.com", "https://u@a.example.com", "https://u:" + planted + "@a.example.com",
		"https://a.example.com/#" + planted, "https://a.example.com#", "https://a.example.com/?" + planted, "https://a.example.com?", "https://*.example.com",
		"https://a.example.com:", "https://a.example.com:0", "https://a.example.com:70000", "https://", "https:///x", "https:a", "a.example.com",
		"//a.example.com", "ftp://a.example.com", "file:///etc", "javascript:x", "https://a b", "https://a\\b", "https://a\n", "https://%61.example.com",
		"https://[fe80::1%25eth0]", "https://:443", " https://a.example.com", "https://[::1", "https://a\x00",
	} {
		p := valid()
		p.BaseURL = text
		if got := complaint(t, p.Validate()); !strings.HasPrefix(got, "base_url: ") {
			t.Errorf("%q: %q", text, got)
		}
		if complaint(t, profile.CheckURL("authority", text)) == "" {
			t.Errorf("authority %q was taken", text)
		}
	}
}

func TestAnAllowedOriginIsAnOriginAlone(t *testing.T) {
	for text, ok := range map[string]bool{
		"https://a.example.com": true, "https://a.example.com:8443": true, "http://127.0.0.1:1": true,
		"https://a.example.com/": false, "https://a.example.com/x": false, "https://*.example.com": false, "http://a.example.com": false, "": false, "*": false,
	} {
		p := valid()
		p.AllowedOrigins = []string{"https://b.example.com", text}
		if got := complaint(t, p.Validate()); ok != (got == "") || !ok && !strings.HasPrefix(got, "allowed_origins[1]: ") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestATokenURLMayHaveAQuery(t *testing.T) {
	p := valid()
	if p.TokenURL = "https://idp.example.com/token?p=policy"; p.Validate() != nil {
		t.Error(p.Validate())
	}
	for _, text := range []string{"http://idp.example.com/token", "https://idp.example.com/token#x", "https://u@idp.example.com/"} {
		p.TokenURL = text
		if got := complaint(t, p.Validate()); !strings.HasPrefix(got, "token_url: ") {
			t.Errorf("%s: %q", text, got)
		}
		if got := complaint(t, p.ValidateEndpoint()); !strings.HasPrefix(got, "token_url: ") {
			t.Errorf("%s, completed: %q", text, got)
		}
	}
}

func TestAnInsecureTokenEndpointMustBeSaidOrOnLoopback(t *testing.T) {
	for _, c := range []struct {
		url  string
		both bool
		ok   bool
	}{
		{"https://idp.example.com/token", false, false},
		{"https://idp.example.com/token", true, true},
		{"https://127.0.0.1:8443/token", false, true},
		{"https://localhost/token", false, true},
		{"", false, true},
	} {
		p := valid()
		p.TokenURL, p.TLS.InsecureSkipVerify, p.TLS.InsecureTokenEndpoint = c.url, true, c.both
		if got := complaint(t, p.ValidateEndpoint()); (got == "") != c.ok || p.Validate() != nil {
			t.Errorf("%+v: %q, %v", c, got, p.Validate())
		}
	}
}

func TestADurationNeedsItsUnit(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "20m": 20 * time.Minute, "1h30m": 90 * time.Minute, "1.5s": 1500 * time.Millisecond} {
		if got, err := profile.ParseDuration("timeout", text); got != want || err != nil {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"90", "0", "0s", "-5s", "1d", planted, "", "s", "1e3s", "99999999999999999999h"} {
		if _, err := profile.ParseDuration("timeout", text); complaint(t, err) == "" {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestDefaultsLeaveWhatWasSaid(t *testing.T) {
	p := valid()
	p.TLS.CertFile, p.ReauthStatuses = "c.pem", []int{}
	p.FillDefaults()
	if p.TLS.KeyFile != "c.pem" || len(p.ReauthStatuses) != 0 || p.Timeout != 30*time.Second {
		t.Errorf("got %+v", p)
	}
}
