//go:build integration && linux

package integration

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	arcFolder = "/var/opt/azcmagent/tokens/"
	arcProof  = "CANARY-what-the-file-holds"
)

// arcMachine is a machine of Azure Arc: an agent on loopback, and a /var/opt that the programs of the test alone see.
type arcMachine struct {
	user   *user
	agent  *httptest.Server
	varOpt string // what the programs see as /var/opt

	mu      sync.Mutex
	realm   string   // what the agent's 401 says in WWW-Authenticate
	proofs  []string // the Authorization of each request
	tokens  int      // that the agent gave
	refuses bool     // the agent takes no proof
}

// newArcMachine has one key file, which the agent's challenge names.
func newArcMachine(t *testing.T) *arcMachine {
	t.Helper()
	m := &arcMachine{varOpt: t.TempDir(), realm: "Basic realm=" + arcFolder + "a.key"}
	m.agent = httptest.NewServer(m)
	t.Cleanup(m.agent.Close)
	if err := os.MkdirAll(m.folder(), 0o700); err != nil {
		t.Fatal(err)
	}
	m.write(t, "a.key", arcProof+"\n")
	m.user = newUser(t, machineProfile("https://127.0.0.1:1", ""))
	m.user.env = append(m.user.env, "IDENTITY_ENDPOINT="+m.agent.URL+"/metadata/identity/oauth2/token", "IMDS_ENDPOINT="+m.agent.URL)
	return m
}

func machineProfile(base, ca string) string {
	text := "profiles:\n  - {name: vault, provider: entra, managed_identity: system, " +
		"scopes: [https://vault.azure.net/.default], base_url: " + base
	if ca != "" {
		text += ", tls: {ca_file: " + ca + "}"
	}
	return text + "}\n"
}

func (m *arcMachine) folder() string { return filepath.Join(m.varOpt, "azcmagent", "tokens") }

func (m *arcMachine) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.folder(), name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ServeHTTP is the agent.
func (m *arcMachine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	proof := r.Header.Get("Authorization")
	m.proofs = append(m.proofs, proof)
	if r.Header.Get("Metadata") != "true" || r.URL.RawQuery != "api-version=2020-06-01&resource=https%3A%2F%2Fvault.azure.net" {
		http.Error(w, r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	if m.refuses || proof != "Basic "+arcProof {
		if m.realm != "" {
			w.Header().Set("WWW-Authenticate", m.realm)
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	m.tokens++
	_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":86399,"token_type":"Bearer"}`, m.tokens)
}

func (m *arcMachine) run(t *testing.T, args ...string) answer {
	t.Helper()
	return m.within(t, append([]string{os.Getenv("AUTHCTL_BIN")}, args...)...)
}

// within runs a command of the machine to its end. What it holds of each: the content of no file is printed.
func (m *arcMachine) within(t *testing.T, command ...string) answer {
	t.Helper()
	args := append([]string{m.varOpt, "env", "-i"}, m.user.env...)
	cmd := exec.CommandContext(t.Context(), "kit/var-opt.sh", append(args, command...)...)
	got := finish(t, cmd)
	if strings.Contains(got.stdout+got.stderr, "CANARY") {
		t.Errorf("a file's content was printed: %s%s", got.stdout, got.stderr)
	}
	return got
}

// asked holds what each request to the agent showed in Authorization, and that there was no other.
func (m *arcMachine) asked(t *testing.T, proofs ...string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if got, want := fmt.Sprintf("%q", m.proofs), fmt.Sprintf("%q", proofs); got != want {
		t.Errorf("the agent was shown %s, want %s", got, want)
	}
}

// refused runs the program and holds how it ends.
func (m *arcMachine) refused(t *testing.T, want string) {
	t.Helper()
	got := m.run(t, "token", "get", "-p", "vault")
	if got.stdout != "" || !strings.HasPrefix(fmt.Sprintf("%d %s", got.exit, got.stderr), want) {
		t.Errorf("exit %d, stdout %q, stderr:\n%swant %s", got.exit, got.stdout, got.stderr, want)
	}
	if !strings.Contains(got.stderr, "\nauthctl: hint: unset IMDS_ENDPOINT, unless this machine is one of Azure Arc's") {
		t.Errorf("no hint:\n%s", got.stderr)
	}
}

func holding(text string) func(*arcMachine, string) error {
	return func(_ *arcMachine, path string) error { return os.WriteFile(path, []byte(text), 0o600) }
}

// linkFile puts a link in the place of the key file, to a file of another folder that holds one line.
func linkFile(m *arcMachine, path string) error {
	other := filepath.Join(m.varOpt, "other.key")
	if err := os.WriteFile(other, []byte(arcProof), 0o600); err != nil {
		return err
	}
	return os.Symlink("/var/opt/other.key", path)
}

func linkInside(m *arcMachine, path string) error {
	if err := os.WriteFile(filepath.Join(m.folder(), "b.key"), []byte(arcProof), 0o600); err != nil {
		return err
	}
	return os.Symlink("b.key", path)
}

// linkFolder makes the agent's folder a link to another one with a file of that name.
func linkFolder(m *arcMachine, path string) error {
	if err := os.WriteFile(path, []byte(arcProof), 0o600); err != nil {
		return err
	}
	if err := os.Rename(m.folder(), filepath.Join(m.varOpt, "other")); err != nil {
		return err
	}
	return os.Symlink("/var/opt/other", m.folder())
}
