//go:build integration && linux

package integration

import (
	"fmt"
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

func TestMatrixOfGlewlwyd(t *testing.T) {
	keys := t.TempDir()
	if err := rig.WriteKeys(keys, "cc-mtls"); err != nil {
		t.Fatal(err)
	}
	callback := freePort(t)
	g := newGlewlwyd(t, keys, fmt.Sprintf("http://127.0.0.1:%d/callback", callback))
	redirect := fmt.Sprintf("redirect_port: %d", callback)
	cc := []string{"client_id: cc", "client_secret: cc-secret", "scopes: [openid]"}
	web := []string{"client_id: web", "client_secret: web-secret", redirect}
	native := []string{"client_id: native", redirect}
	audience := "audience: '" + g.origin() + g.tokenPath + "'" // it takes no assertion for its issuer
	aside := []string{"client_id: ciba", "client_secret: ciba-secret", `login_hint: '{"username":"alice"}'`, "binding_message: W4SCT"}
	g.run(t, []cell{
		{grant: "client_credentials", auth: "client_secret_basic", profile: cc, requests: 1, then: []string{"cached", "introspect", "verify", "revoke"}},
		{grant: "client_credentials", auth: "client_secret_post", profile: append(cc, "client_auth: client_secret_post"), requests: 1},
		{grant: "client_credentials", auth: "client_secret_jwt", requests: 1, profile: []string{
			"client_id: cc-secret-jwt",
			"client_secret: a shared secret of more than 32 bytes", "client_auth: client_secret_jwt", "scopes: [openid]", "client_assertion: {" + audience + "}",
		}},
		{grant: "password", auth: "client_secret_basic", requests: 1, then: []string{"cached"}, profile: []string{
			"client_id: web",
			"client_secret: web-secret", "username: alice", "password: verysecure", "scopes: [openid]",
		}},
		{grant: "authorization_code", auth: "none", with: "PAR", profile: native, requests: 1, then: []string{"cached", "userinfo", "verify"}},
		{
			grant: "authorization_code", auth: "none", with: "without PAR", profile: append(native, "par: never"), requests: 1,
			then: []string{"cached", "userinfo"},
		},
		{
			grant: "authorization_code", auth: "client_secret_basic", with: "PAR", profile: web, requests: 1,
			then: []string{"cached", "userinfo", "introspect", "refresh twice", "logout"},
		},
		{
			grant: "authorization_code", auth: "client_secret_basic", with: "PAR, authorization_details (RFC 9396)", requests: 1,
			profile: append(web, "authorization_details: [{type: payment, actions: [read]}]"),
		},
		{
			grant: "authorization_code", auth: "client_secret_basic", with: "DPoP", profile: append(web, "dpop: true"), requests: 1,
			then: []string{"cached", "userinfo"},
		},
		{grant: "device_code", auth: "none", profile: native[:1], requests: 1},
		{grant: "device_code", auth: "none", with: "a person who agrees after the first poll", profile: native[:1], requests: 2, late: true},
		{
			grant: "device_code", auth: "client_secret_basic", profile: web[:2], requests: 1,
			then: []string{"userinfo", "refresh twice", "logout"},
		},
		{grant: "ciba", auth: "client_secret_basic", act: g.agreesAside, profile: aside, requests: 1, then: []string{"userinfo"}},
		{
			grant: "ciba", auth: "client_secret_basic", with: "a person who agrees after the first poll", act: g.agreesAside,
			profile: aside, requests: 2, late: true,
		},
	})
}
