//go:build integration && linux

package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// issuer is oidc-provider behind a TLS proxy that counts token requests.
type issuer struct {
	url, caFile string
	requests    atomic.Int64
}

// newIssuer starts the provider from the folder ISSUER_MODULES, where npm put it.
func newIssuer(t *testing.T) *issuer {
	t.Helper()
	modules := os.Getenv("ISSUER_MODULES")
	if modules == "" {
		t.Fatal("ISSUER_MODULES does not name the folder of oidc-provider: SETUP=1 make test")
	}
	cmd := exec.CommandContext(t.Context(), "node", "kit/issuer.mjs", modules)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	upstream, ready := strings.CutPrefix(strings.TrimSpace(line), "READY ")
	if !ready {
		t.Fatalf("the provider did not start: %q %v", line, err)
	}
	target, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	i.url, i.caFile = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/token" {
			i.requests.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	return i
}

// asked gives the number of token requests since it was last called.
func (i *issuer) asked() int { return int(i.requests.Swap(0)) }

func (i *issuer) profile(lines ...string) string {
	return fmt.Sprintf("profiles:\n  - name: real\n    provider: oauth2\n    token_url: %s/token\n    tls: {ca_file: %s}\n    %s\n",
		i.url, i.caFile, strings.Join(lines, "\n    "))
}

// active asks the provider, by curl, what it thinks of a token.
func (i *issuer) active(t *testing.T, token string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl", "-sS", "--fail", "--cacert", i.caFile, "-u", "api:api-secret",
		"--data-urlencode", "token="+token, i.url+"/token/introspection")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var reply struct{ Active bool }
	if err := json.Unmarshal(out, &reply); err != nil {
		t.Fatal(err)
	}
	return reply.Active
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
			i.asked()
			token := newUser(t, i.profile(lines...)).run(t, "token", "get").token(t)
			if !i.active(t, token) {
				t.Error("the provider does not know the token")
			}
			if n := i.asked(); n != 1 {
				t.Errorf("%d token requests", n)
			}
		})
	}

	t.Run("gives a JWT that token inspect reads for a resource", func(t *testing.T) {
		u := newUser(t, i.profile(append([]string{"resources: [https://api.example.test]", "scopes: [api:read]"}, basic...)...))
		if token := u.run(t, "token", "get").token(t); !strings.HasPrefix(token, "eyJ") {
			t.Fatalf("not a JWT: %q", token)
		}
		if got := u.run(t, "token", "inspect"); got.exit != 0 || !strings.Contains(got.stdout, "https://api.example.test") {
			t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
		}
	})

	t.Run("refuses a wrong secret once, with exit 4", func(t *testing.T) {
		i.asked()
		got := newUser(t, i.profile("client_id: cc-basic", "client_secret: wr0ng-wr0ng")).run(t, "--error-format", "json", "token", "get")
		if got.exit != 4 || got.stdout != "" || !strings.Contains(got.stderr, `"oauth_error":"invalid_client"`) {
			t.Errorf("exit %d, stdout %q, stderr:\n%s", got.exit, got.stdout, got.stderr)
		}
		if strings.Contains(got.stderr, "wr0ng") {
			t.Error("the secret leaked")
		}
		if n := i.asked(); n != 1 {
			t.Errorf("%d token requests", n)
		}
	})

	t.Run("is asked once by 50 cold processes", func(t *testing.T) {
		i.asked()
		oneToken(t, newUser(t, i.profile(basic...)).together(t, 50, "token", "get"))
		if n := i.asked(); n != 1 {
			t.Errorf("%d token requests", n)
		}
	})
}
