//go:build integration && linux

package integration

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// kubeconfig has authctl as its credential plugin. A credential is used for as long as it says that it lives.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: %q, certificate-authority: %q}}]
users:
- name: me
  user:
    exec:
      apiVersion: client.authentication.k8s.io/%s
      command: %q
      args: [token, get, --format, exec-credential]
      interactiveMode: Never
      provideClusterInfo: false
      env: [%s]
`

// TestKubectlTakesItsCredentialsFromAuthctl runs kubectl against a server that wants the token.
func TestKubectlTakesItsCredentialsFromAuthctl(t *testing.T) {
	for _, version := range []string{"v1", "v1beta1"} {
		t.Run(version, func(t *testing.T) {
			var mu sync.Mutex
			var seen []string
			requests := 0
			url, ca := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				w.Header().Set("Content-Type", "application/json")
				if r.URL.Path == "/token" {
					requests++
					_, _ = fmt.Fprint(w, `{"access_token":"tok.for-kubectl","token_type":"Bearer","expires_in":3600}`)
					return
				}
				seen = append(seen, r.Header.Get("Authorization"))
				_, _ = fmt.Fprint(w, `{"kind":"Thing"}`)
			}))
			u := newUser(t, "profiles:\n  - {name: a, provider: oauth2, token_url: "+url+"/token, base_url: "+url+
				", client_id: i, client_secret: s, tls: {ca_file: "+ca+"}}\n")
			var env []string
			for _, pair := range u.env {
				name, value, _ := strings.Cut(pair, "=")
				env = append(env, fmt.Sprintf("{name: %s, value: %q}", name, value))
			}
			config := filepath.Join(u.dir, "kubeconfig")
			text := fmt.Sprintf(kubeconfig, url, ca, version, os.Getenv("AUTHCTL_BIN"), strings.Join(env, ", "))
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				cmd := exec.CommandContext(t.Context(), "kubectl", "--kubeconfig", config, "get", "--raw", "/things")
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + u.dir}
				if got := finish(t, cmd); got.exit != 0 || !strings.Contains(got.stdout, `"Thing"`) {
					t.Fatalf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			strangers := slices.ContainsFunc(seen, func(sent string) bool { return sent != "Bearer tok.for-kubectl" })
			if requests != 1 || len(seen) < 2 || strangers {
				t.Errorf("%d token requests; kubectl sent %q", requests, seen)
			}
		})
	}
}
