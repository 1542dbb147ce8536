//go:build integration && linux

package integration

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// newZitadel starts the program that setup.sh built from kit/zitadel, with a redirect address for its client web.
func newZitadel(t *testing.T, redirect string) *idp {
	t.Helper()
	program := os.Getenv("ZITADEL_OP")
	if program == "" {
		t.Fatal("ZITADEL_OP does not name the built kit/zitadel: SETUP=1 make test-idp")
	}
	s := &idp{
		name: "zitadel", issuer: start(t, exec.CommandContext(t.Context(), program, redirect)), tokenPath: "/oauth/token",
		person: fillsForms("verysecure"), begins: map[string]string{"device_code": "/device_authorization"},
	}
	s.asked = s.counted
	s.known = s.welcome
	return s
}

// welcome asks the userinfo endpoint, since the example's introspection endpoint speaks to a token's audience alone.
func (s *idp) welcome(t *testing.T, token string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin()+"/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := s.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func TestMatrixOfZitadel(t *testing.T) {
	port := freePort(t)
	z := newZitadel(t, fmt.Sprintf("http://127.0.0.1:%d/callback", port))
	web := []string{"client_id: web", "client_secret: secret", "redirect_port: " + strconv.Itoa(port)}
	const offline = "scopes: [openid, offline_access]"

	z.run(t, []cell{
		{
			grant: "client_credentials", auth: "client_secret_basic", profile: []string{"client_id: sid1", "client_secret: verysecret"},
			requests: 1, mute: true, then: []string{"cached"},
		},
		{
			grant: "client_credentials", auth: "client_secret_post", requests: 1, mute: true,
			profile: []string{"client_id: sid1", "client_secret: verysecret", "client_auth: client_secret_post"},
		},
		{
			grant: "jwt_bearer", auth: "none", with: "ZITADEL's file of a service account", requests: 1, mute: true,
			profile: []string{"client_auth: none", "assertion: {key: 'file:" + os.Getenv("ZITADEL_KEY") + "'}", "scopes: [openid]"},
		},
		{
			grant: "authorization_code", auth: "none", profile: []string{"client_id: native", offline}, requests: 1,
			then: []string{"cached", "userinfo", "refresh twice", "logout"},
		},
		{
			grant: "authorization_code", auth: "client_secret_basic", profile: append(web, offline), requests: 1,
			then: []string{"cached", "userinfo", "refresh twice", "logout"},
		},
		{
			grant: "token_exchange", auth: "client_secret_basic", with: "the id_token of another profile's login", login: "person",
			profile: append(web[:2:2], "subject_token: {profile: person, type: id_token}", "requested_token_type: access_token", "scopes: [openid]"),
			beside:  z.profile("person", append(web, "grant: authorization_code", offline)...), requests: 1, then: []string{"cached"},
		},
		{
			grant: "device_code", auth: "client_secret_basic", profile: []string{"client_id: device", "client_secret: secret"},
			requests: 1, then: []string{"cached", "userinfo"},
		},
	})
}
