package discovery_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider/discovery"
)

// members are those whose addresses the client may be sent to.
func members() []string {
	return []string{
		"token_endpoint", "authorization_endpoint", "device_authorization_endpoint", "pushed_authorization_request_endpoint",
		"backchannel_authentication_endpoint", "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint", "jwks_uri",
	}
}

func TestAnEndpointOfAnHTTPSIssuerIsHTTPS(t *testing.T) {
	for _, name := range members() {
		for address, kind := range map[string]fault.Kind{
			"http://idp.example.com/x": fault.Policy, "http://127.0.0.1/x": fault.Policy, "HTTP://idp.example.com/x": fault.Policy,
			"ftp://idp.example.com/x": fault.Policy, "javascript:alert(1)": fault.Policy, "/x": fault.Policy, "x": fault.Policy,
			"https:///x": fault.Protocol, "https://u:p@idp.example.com/x": fault.Protocol, "https://idp.example.com/x#f": fault.Protocol,
			"https://idp.example.com/x y": fault.Protocol, "https://idp.example.com/x?a b": fault.Protocol, "https://*.example.com/": fault.Protocol,
		} {
			var idp *authtest.Server
			idp = authtest.FakeTLSIDP(t, func(conn net.Conn, r authtest.Request) {
				doc := metadata(idp.URL, fmt.Sprintf(",%q:%q", name, address))
				if name == "token_endpoint" {
					doc = fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q}`, idp.URL, address)
				}
				authtest.JSON(http.StatusOK, doc)(conn, r)
			})
			_, err := lookUp(t, idp, idp.URL)
			if !fault.Is(err, kind) || !strings.Contains(fmt.Sprint(err), name) {
				t.Errorf("%s %s: %v, want kind %v", name, address, err, kind)
			}
		}
	}
}

func TestAnEndpointMayLieOnAnotherOriginAndHaveAQuery(t *testing.T) {
	var idp *authtest.Server
	idp = authtest.FakeTLSIDP(t, func(conn net.Conn, r authtest.Request) {
		authtest.JSON(http.StatusOK, fmt.Sprintf(`{"issuer":%q,"token_endpoint":"https://oauth2.example.com/token?p=1"}`, idp.URL))(conn, r)
	})
	if m, err := lookUp(t, idp, idp.URL); err != nil || m.Token != "https://oauth2.example.com/token?p=1" {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestAnIssuerOnLoopbackMayHaveHTTPEndpointsThereAndNowhereElse(t *testing.T) {
	for address, kind := range map[string]fault.Kind{
		"http://localhost:1/x": fault.Internal, "http://[::1]:1/x": fault.Internal, "https://idp.example.com/x": fault.Internal,
		"http://idp.example.com/x": fault.Policy, "http://localhost.example.com/x": fault.Policy, "http://127.0.0.1@idp.example.com/": fault.Policy,
	} {
		idp := at(t, openIDPath, func(url string) string { return metadata(url, fmt.Sprintf(`,"revocation_endpoint":%q`, address)) })
		_, err := lookUp(t, idp, idp.URL)
		if kind == fault.Internal && err != nil || kind != fault.Internal && !fault.Is(err, kind) {
			t.Errorf("%s: %v, want kind %v", address, err, kind)
		}
	}
}

func TestTheUsersAddressesCountMoreThanTheServers(t *testing.T) {
	var idp *authtest.Server
	idp = authtest.FakeTLSIDP(t, func(conn net.Conn, r authtest.Request) {
		authtest.JSON(http.StatusOK, fmt.Sprintf(`{"issuer":%q,"token_endpoint":"http://bad.example.com/","jwks_uri":%q}`, idp.URL, idp.URL+"/jwks"))(conn, r)
	})
	said := grant.Known{Token: "https://own.example.com/token", Revocation: "https://own.example.com/revoke"}
	m, err := discovery.New(discovery.Config{Issuer: idp.URL, Endpoint: endpoint(idp), Said: said}).Metadata(t.Context())
	if err != nil || m.Token != said.Token || m.Revocation != said.Revocation || m.JWKS != idp.URL+"/jwks" || m.Issuer != idp.URL {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestAliasesAreForClientsWithACertificate(t *testing.T) {
	idp := at(t, openIDPath, func(url string) string {
		return metadata(url, `,"authorization_endpoint":"https://a.example.com/","introspection_endpoint":"https://a.example.com/i",`+
			`"revocation_endpoint":"https://a.example.com/r","mtls_endpoint_aliases":{"token_endpoint":"https://mtls.example.com/t",`+
			`"authorization_endpoint":"https://mtls.example.com/a","revocation_endpoint":"https://mtls.example.com/r"}`)
	})
	said := grant.Known{Revocation: "https://own.example.com/r"}
	config := discovery.Config{Issuer: idp.URL, Endpoint: endpoint(idp), Said: said, Certificate: true}
	m, err := discovery.New(config).Metadata(t.Context())
	if err != nil || m.Token != "https://mtls.example.com/t" || m.Introspection != "https://a.example.com/i" ||
		m.Authorization != "https://a.example.com/" || m.Revocation != said.Revocation {
		t.Fatalf("with a certificate: %+v, %v", m, err)
	}
	config.Certificate = false
	if m, err = discovery.New(config).Metadata(t.Context()); err != nil || m.Token != idp.URL+"/token" {
		t.Fatalf("without one: %+v, %v", m, err)
	}
}

func TestAnAliasIsHeldToTheSameRules(t *testing.T) {
	idp := at(t, openIDPath, func(url string) string {
		return metadata(url, `,"mtls_endpoint_aliases":{"token_endpoint":"http://mtls.example.com/t"}`)
	})
	config := discovery.Config{Issuer: idp.URL, Endpoint: endpoint(idp), Certificate: true}
	if _, err := discovery.New(config).Metadata(t.Context()); !fault.Is(err, fault.Policy) {
		t.Fatalf("%v", err)
	}
}
