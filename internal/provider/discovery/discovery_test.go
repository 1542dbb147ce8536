package discovery_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider/discovery"
	"github.com/authctl/authctl/internal/secret"
)

const (
	openIDPath = "/.well-known/openid-configuration"
	oauthPath  = "/.well-known/oauth-authorization-server"
)

// site answers by path; what it does not have is 404.
func site(pages map[string]authtest.Reply) authtest.Reply {
	return func(conn net.Conn, r authtest.Request) {
		if page, ok := pages[r.Target]; ok {
			page(conn, r)
			return
		}
		authtest.Answer(http.StatusNotFound, "")(conn, r)
	}
}

// metadata is a document of an issuer; more are further members, and begin with a comma.
func metadata(issuer, more string) string {
	return fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q%s}`, issuer, strings.TrimSuffix(issuer, "/")+"/token", more)
}

// at starts a server whose one document lies at a path of its own; page gets the server's address.
func at(t *testing.T, path string, page func(url string) string) *authtest.Server {
	t.Helper()
	var idp *authtest.Server
	idp = authtest.FakeIDP(t, func(conn net.Conn, r authtest.Request) {
		site(map[string]authtest.Reply{path: authtest.JSON(http.StatusOK, page(idp.URL))})(conn, r)
	})
	return idp
}

func endpoint(idp *authtest.Server) *grant.Endpoint {
	return &grant.Endpoint{Client: idp.Client(), Mask: secret.NewMask(), UserAgent: "test", Timeout: 5 * time.Second}
}

func lookUp(t *testing.T, idp *authtest.Server, issuer string) (*grant.Metadata, error) {
	t.Helper()
	return discovery.New(discovery.Config{Issuer: issuer, Endpoint: endpoint(idp)}).Metadata(t.Context())
}

func TestTheDocumentIsLookedForWhereTheSpecificationsPutIt(t *testing.T) {
	for _, c := range []struct{ path, found, asked string }{
		{"", openIDPath, openIDPath},
		{"/", openIDPath, openIDPath},
		{"/realms/a", "/realms/a" + openIDPath, "/realms/a" + openIDPath},
		{"/realms/a/", "/realms/a" + openIDPath, "/realms/a" + openIDPath},
		{"", oauthPath, openIDPath + " " + oauthPath},
		{"/", oauthPath, openIDPath + " " + oauthPath},
		{"/realms/a", oauthPath + "/realms/a", "/realms/a" + openIDPath + " " + oauthPath + "/realms/a"},
		{"/realms/a/", oauthPath + "/realms/a", "/realms/a" + openIDPath + " " + oauthPath + "/realms/a"},
		{"/a%2Fb", oauthPath + "/a%2Fb", "/a%2Fb" + openIDPath + " " + oauthPath + "/a%2Fb"},
	} {
		idp := at(t, c.found, func(url string) string { return metadata(url+c.path, "") })
		m, err := lookUp(t, idp, idp.URL+c.path)
		if err != nil || m.Token != idp.URL+strings.TrimSuffix(c.path, "/")+"/token" || m.Issuer != idp.URL+c.path {
			t.Errorf("%q at %s: %+v, %v", c.path, c.found, m, err)
		}
		var asked []string
		for _, r := range idp.Requests() {
			asked = append(asked, r.Target)
			if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || r.Header.Get("Accept") != "application/json" {
				t.Errorf("%s", r.Raw)
			}
		}
		if got := strings.Join(asked, " "); got != c.asked {
			t.Errorf("%q: asked at %s, want %s", c.path, got, c.asked)
		}
	}
}

func TestOnlyAnAbsentDocumentIsLookedForElsewhere(t *testing.T) {
	for _, c := range []struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		{authtest.Answer(http.StatusForbidden, "no"), fault.Protocol},
		{authtest.Answer(http.StatusInternalServerError, ""), fault.Network},
		{authtest.Answer(http.StatusTooManyRequests, ""), fault.Network},
		{authtest.Answer(http.StatusOK, ""), fault.Protocol},
		{authtest.Answer(http.StatusOK, "<html><title>Sign in</title>"), fault.Protocol},
		{authtest.JSON(http.StatusOK, "[]"), fault.Protocol},
		{authtest.JSON(http.StatusOK, `"x"`), fault.Protocol},
		{authtest.JSON(http.StatusOK, `{"issuer":`), fault.Protocol},
		{authtest.JSON(http.StatusOK, `{"a":1}{}`), fault.Protocol},
		{authtest.JSON(http.StatusOK, "{\"a\":\"\xff\"}"), fault.Protocol},
		{authtest.JSON(http.StatusOK, strings.Repeat(`{"a":`, 20000)), fault.Protocol},
		{authtest.JSON(http.StatusOK, `{"a":"`+strings.Repeat("a", 1<<20)+`"}`), fault.Protocol},
		{authtest.Truncated(http.StatusOK, `{"issuer":"x"}`), fault.Protocol},
		{authtest.Redirect(http.StatusFound, "https://evil.example.com/"), fault.Policy},
		{authtest.Redirect(http.StatusPermanentRedirect, "/elsewhere"), fault.Policy},
		{authtest.Reset(), fault.Network},
	} {
		idp := authtest.FakeIDP(t, c.reply)
		if _, err := lookUp(t, idp, idp.URL); !fault.Is(err, c.kind) || idp.Count() != 1 {
			t.Errorf("%v after %d requests, want kind %v", err, idp.Count(), c.kind)
		}
	}
}

func TestAnIssuerWithoutAnyDocumentIsToldBothAddresses(t *testing.T) {
	idp := authtest.FakeIDP(t, authtest.Answer(http.StatusNotFound, "nothing here"))
	_, err := lookUp(t, idp, idp.URL+"/a")
	e := fault.From(err)
	if e.Kind != fault.Protocol || e.Status != http.StatusNotFound || idp.Count() != 2 || !strings.Contains(e.HintText(), "issuer") {
		t.Fatalf("%+v after %d requests", e, idp.Count())
	}
	for _, want := range []string{idp.URL + "/a" + openIDPath, idp.URL + oauthPath + "/a"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestAnIssuerOfAnotherSpellingIsAnotherIssuer(t *testing.T) {
	for _, c := range []struct{ path, says string }{
		{"", "URL/"},
		{"/", "URL"},
		{"/a", "URL/A"},
		{"/a", "URL/a/"},
		{"/a", "URL/%61"},
		{"", "https://evil.example.com"},
		{"", "URL@evil.example.com"},
		{"", " URL"},
	} {
		says := ""
		idp := at(t, strings.TrimSuffix(c.path, "/")+openIDPath, func(url string) string {
			says = strings.Replace(c.says, "URL", url, 1)
			return metadata(says, "")
		})
		_, err := lookUp(t, idp, idp.URL+c.path)
		if !fault.Is(err, fault.Policy) || idp.Count() != 1 {
			t.Errorf("%s for %s: %v", says, idp.URL+c.path, err)
			continue
		}
		for _, want := range []string{strings.TrimSpace(says), idp.URL + c.path} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not name %s", err, want)
			}
		}
	}
}

func TestADocumentOfNoIssuerOrTwoIsRefused(t *testing.T) {
	for body, kind := range map[string]fault.Kind{
		`{"token_endpoint":"URL/token"}`:                               fault.Policy,
		`{"issuer":null,"token_endpoint":"URL/token"}`:                 fault.Policy,
		`{"issuer":["URL"],"token_endpoint":"URL/token"}`:              fault.Policy,
		`{"Issuer":"URL","token_endpoint":"URL/token"}`:                fault.Policy,
		`{"issuer":"URL","issuer":"URL","token_endpoint":"URL/token"}`: fault.Protocol,
		`{"issuer":"URL"}`: fault.Protocol,
		`{"issuer":"URL","Token_Endpoint":"URL/token"}`:                                                        fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","token_endpoint":"URL/evil"}`:                            fault.Protocol,
		`{"issuer":"URL","token_endpoint":["URL/token"]}`:                                                      fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","jwks_uri":1}`:                                           fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","require_pushed_authorization_requests":"true"}`:         fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","authorization_response_iss_parameter_supported":1}`:     fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","mtls_endpoint_aliases":"URL/mtls"}`:                     fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","mtls_endpoint_aliases":{"token_endpoint":{}}}`:          fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","mtls_endpoint_aliases":{"a":1,"a":2}}`:                  fault.Protocol,
		`{"issuer":"URL","token_endpoint":"URL/token","error":"x","registration_endpoint":"http://x.example"}`: fault.Internal, // none
	} {
		idp := at(t, openIDPath, func(url string) string { return strings.ReplaceAll(body, "URL", url) })
		_, err := lookUp(t, idp, idp.URL)
		if kind == fault.Internal && err != nil || kind != fault.Internal && !fault.Is(err, kind) {
			t.Errorf("%s: %v, want kind %v", body, err, kind)
		}
	}
}

func TestWhatAStrangerCallsItselfIsShownHarmlessly(t *testing.T) {
	idp := at(t, openIDPath, func(string) string {
		return `{"issuer":"https://evil.example.com/\u001b]0;pwn\u0007\u202e` + strings.Repeat("x", 5000) + `"}`
	})
	_, err := lookUp(t, idp, idp.URL)
	if !fault.Is(err, fault.Policy) || len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x1b\a\u202e") {
		t.Fatalf("%q", err)
	}
}

func TestWhatTheServerAnnouncesIsRead(t *testing.T) {
	idp := at(t, openIDPath, func(url string) string {
		return metadata(url, `,"authorization_response_iss_parameter_supported":true,"require_pushed_authorization_requests":true,`+
			`"grant_types_supported":["client_credentials","a b","\u001b[0m",""],"scopes_supported":"openid",`+
			`"token_endpoint_auth_methods_supported":["private_key_jwt"]`)
	})
	d, err := discovery.Read(t.Context(), endpoint(idp), idp.URL, http.Header{"Origin": {"https://spa.example.com"}})
	if err != nil || !d.IssParameter || !d.RequirePushed || d.Issuer != idp.URL {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := fmt.Sprint(d.Grants, d.ClientAuth, d.Scopes); got != "[client_credentials] [private_key_jwt] []" {
		t.Error(got)
	}
	if got := idp.Only(t).Header.Get("Origin"); got != "https://spa.example.com" {
		t.Errorf("Origin: %q", got)
	}
}

func TestReadTakesNoIssuerThatCannotBeOne(t *testing.T) {
	idp := authtest.FakeIDP(t, authtest.Answer(http.StatusOK, "{}"))
	for _, issuer := range []string{"", "idp.example.com", "http://idp.example.com", "https://idp.example.com?x", "https://u@idp.example.com"} {
		if _, err := discovery.Read(t.Context(), endpoint(idp), issuer, nil); !fault.Is(err, fault.Config) {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	if idp.Count() != 0 {
		t.Errorf("%d requests", idp.Count())
	}
}
