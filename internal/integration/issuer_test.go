//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

// newIssuer starts oidc-provider from the folder ISSUER_MODULES, where npm put it. The folder of its keys is that of
// its caFile.
func newIssuer(t *testing.T, env ...string) *idp {
	t.Helper()
	modules := os.Getenv("ISSUER_MODULES")
	if modules == "" {
		t.Fatal("ISSUER_MODULES does not name the folder of oidc-provider: SETUP=1 make test-idp")
	}
	keys := t.TempDir()
	if err := rig.WriteKeys(keys, "cc-mtls"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "kit/issuer.mjs", modules, keys)
	cmd.Env = append(os.Environ(), env...)
	i := &idp{
		name: "oidc-provider", issuer: start(t, cmd), caFile: filepath.Join(keys, "ca.pem"),
		tokenPath: "/token", introspect: "/token/introspection", api: [2]string{"api", "api-secret"},
		person: fillsForms("any"), begins: map[string]string{"device_code": "/device/auth"},
	}
	i.asked = i.counted
	return i
}

// plain is a profile of provider oauth2, without discovery.
func plain(i *idp, lines ...string) string {
	return fmt.Sprintf("profiles:\n  - name: real\n    provider: oauth2\n    token_url: %s/token\n    tls: {ca_file: %s}\n    %s\n",
		i.issuer, i.caFile, strings.Join(lines, "\n    "))
}

func TestIssuer(t *testing.T) {
	i := newIssuer(t)
	basic := []string{"client_id: cc-basic", "client_secret: basic-secret"}

	for name, lines := range map[string][]string{
		"Basic":               basic,
		"Basic with odd text": {"client_id: 'cc:odd/id'", "client_secret: 'p@ss w+rd%20&=:/?~*'"},
		"post":                {"client_id: cc-post", "client_secret: post-secret", "client_auth: client_secret_post"},
		"a scope":             append([]string{"scopes: [api:read]"}, basic...),
		"a password": {
			"client_id: owner", "client_secret: owner-secret", "grant: password", "username: alice", "password: 'pa ss&+é'",
		},
	} {
		t.Run("gives an active token for "+name, func(t *testing.T) {
			i.tokens(t)
			token := newUser(t, plain(i, lines...)).run(t, "token", "get").token(t)
			if !i.active(t, token) {
				t.Error("the provider does not know the token")
			}
			if n := i.tokens(t); n != 1 {
				t.Errorf("%d token requests", n)
			}
		})
	}

	t.Run("gives a JWT that token inspect reads for a resource", func(t *testing.T) {
		u := newUser(t, plain(i, append([]string{"resources: [https://api.example.test]", "scopes: [api:read]"}, basic...)...))
		if token := u.run(t, "token", "get").token(t); !strings.HasPrefix(token, "eyJ") {
			t.Fatalf("not a JWT: %q", token)
		}
		if got := u.run(t, "token", "inspect"); got.exit != 0 || !strings.Contains(got.stdout, "https://api.example.test") {
			t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
		}
	})

	t.Run("refuses a wrong secret once, with exit 4", func(t *testing.T) {
		i.tokens(t)
		got := newUser(t, plain(i, "client_id: cc-basic", "client_secret: wr0ng-wr0ng")).run(t, "--error-format", "json", "token", "get")
		if got.exit != 4 || got.stdout != "" || !strings.Contains(got.stderr, `"oauth_error":"invalid_client"`) {
			t.Errorf("exit %d, stdout %q, stderr:\n%s", got.exit, got.stdout, got.stderr)
		}
		if strings.Contains(got.stderr, "wr0ng") {
			t.Error("the secret leaked")
		}
		if n := i.tokens(t); n != 1 {
			t.Errorf("%d token requests", n)
		}
	})

	t.Run("is asked once by 50 cold processes", func(t *testing.T) {
		i.tokens(t)
		oneToken(t, newUser(t, plain(i, basic...)).together(t, 50, "token", "get"))
		if n := i.tokens(t); n != 1 {
			t.Errorf("%d token requests", n)
		}
	})
}
