//go:build integration && linux

package integration

import (
	"path/filepath"
	"testing"
)

func TestMatrixOfOIDCProvider(t *testing.T) {
	i := newIssuer(t)
	keys := filepath.Dir(i.caFile)
	client := func(id, secret string, more ...string) []string {
		return append([]string{"client_id: '" + id + "'", "client_secret: '" + secret + "'"}, more...)
	}
	signer := func(alg, key string) []string {
		return []string{
			"client_id: cc-" + map[string]string{"ES256": "es256", "RS256": "rs256", "PS256": "ps256", "EdDSA": "eddsa"}[alg],
			"client_auth: private_key_jwt", "client_assertion: {key: 'file:" + keys + "/" + key + ".key', key_id: " + key + ", alg: " + alg + "}",
		}
	}
	certificate := func(id, auth, pair string) []string {
		return []string{
			"client_id: " + id, "client_auth: " + auth,
			"tls: {ca_file: " + i.caFile + ", cert_file: " + keys + "/" + pair + ".pem, key_file: " + keys + "/" + pair + ".key}",
		}
	}
	const offline = "scopes: [openid, offline_access]"
	consent := "authorization_params: [{name: prompt, value: consent}]"
	everything := []string{"cached", "introspect", "userinfo", "refresh twice", "userinfo", "logout"}

	i.run(t, []cell{
		{
			grant: "client_credentials", auth: "client_secret_basic", profile: client("cc-basic", "basic-secret"), requests: 1,
			then: []string{"cached", "revoke"},
		},
		{
			grant: "client_credentials", auth: "client_secret_basic", with: "an id and a secret of odd characters",
			profile: client("cc:odd/id", "p@ss w+rd%20&=:/?~*"), requests: 1,
		},
		{
			grant: "client_credentials", auth: "client_secret_basic", with: "a resource (RFC 8707): a JWT",
			profile:  client("cc-basic", "basic-secret", "resources: [https://api.example.test]", "scopes: [api:read]"),
			requests: 1, mute: true, then: []string{"verify"},
		},
		{
			grant: "client_credentials", auth: "client_secret_post",
			profile: client("cc-post", "post-secret", "client_auth: client_secret_post"), requests: 1,
		},
		{
			grant: "client_credentials", auth: "client_secret_jwt", requests: 1,
			profile: client("cc-secret-jwt", "a shared secret of more than 32 bytes", "client_auth: client_secret_jwt"),
		},
		{grant: "client_credentials", auth: "private_key_jwt", with: "ES256", profile: signer("ES256", "ES256"), requests: 1},
		{grant: "client_credentials", auth: "private_key_jwt", with: "RS256", profile: signer("RS256", "RS256"), requests: 1},
		{grant: "client_credentials", auth: "private_key_jwt", with: "PS256", profile: signer("PS256", "RS256"), requests: 1},
		{grant: "client_credentials", auth: "private_key_jwt", with: "EdDSA", profile: signer("EdDSA", "EdDSA"), requests: 1},
		{
			grant: "client_credentials", auth: "tls_client_auth", with: "a bound token (RFC 8705)", requests: 1,
			profile: certificate("cc-mtls", "tls_client_auth", "client"), then: []string{"cached", "introspect", "revoke"},
		},
		{
			grant: "client_credentials", auth: "self_signed_tls_client_auth", with: "a bound token (RFC 8705)", requests: 1,
			profile: certificate("cc-self-signed", "self_signed_tls_client_auth", "selfsigned"),
		},
		{
			grant: "client_credentials", auth: "client_secret_basic", with: "DPoP, its nonce demanded", requests: 2,
			profile: client("cc-dpop", "dpop-secret", "dpop: true"), then: []string{"cached"},
		},
		{
			grant: "password", auth: "client_secret_basic", with: "a handler of the test's", requests: 1,
			profile: client("owner", "owner-secret", "username: alice", "password: 'pa ss&+é'", "scopes: []"),
		},
		{
			grant: "jwt_bearer", auth: "client_secret_basic", with: "a handler of the test's", requests: 1,
			profile: client("extension", "extension-secret", "scopes: []",
				"assertion: {key: 'file:"+keys+"/ES256.key', key_id: ES256, issuer: somebody, subject: alice}"),
		},
		{
			grant: "token_exchange", auth: "client_secret_basic", with: "another profile's token, a handler of the test's",
			profile: client("extension", "extension-secret", "scopes: []", "subject_token: {profile: subject}"),
			beside:  i.profile("subject", client("cc-basic", "basic-secret")...), requests: 2,
		},
		{grant: "authorization_code", auth: "none", profile: []string{"client_id: native", offline, consent}, requests: 1, then: everything},
		{
			grant: "authorization_code", auth: "client_secret_basic", profile: client("web", "web-secret", offline, consent), requests: 1,
			then: everything,
		},
		{
			grant: "authorization_code", auth: "client_secret_basic", with: "PAR, which the client must use", requests: 1,
			profile: client("pushed", "pushed-secret", offline, consent), then: []string{"refresh twice", "logout"},
		},
		{
			grant: "authorization_code", auth: "none", with: "PAR, DPoP, its nonce demanded there", requests: 1,
			profile: []string{"client_id: bound", offline, consent, "dpop: true"}, then: []string{"cached", "userinfo", "introspect", "revoke"},
		},
		{grant: "device_code", auth: "none", profile: []string{"client_id: device", offline}, requests: 1, then: everything},
	})
}

// A refresh token that comes twice ends its family at this server, and its tokens live shorter than they are trusted:
// each process must refresh with what the one before it got.
func TestMatrixOfOIDCProviderKeepsTheFamilyOfProcessesThatRefreshTogether(t *testing.T) {
	i := newIssuer(t, "AT_TTL=2")
	u := newUser(t, "profiles:\n"+i.profile("real", "grant: authorization_code", "client_id: native",
		"scopes: [openid, offline_access]", "authorization_params: [{name: prompt, value: consent}]"))
	if got := u.opens(t, i, i.person, "login"); got.exit != 0 {
		t.Fatalf("exit %d\n%s", got.exit, got.stderr)
	}
	i.tokens(t)
	for range 3 {
		for _, got := range u.together(t, 20, "token", "get") {
			got.token(t)
		}
	}
	if n := i.tokens(t); n < 1 || n > 60 {
		t.Errorf("%d token requests of 60 processes", n)
	}
	if token := u.run(t, "token", "get", "--force-refresh").token(t); !i.active(t, token) {
		t.Error("the family is over")
	}
}
