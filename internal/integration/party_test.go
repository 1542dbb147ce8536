//go:build integration && linux

package integration

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

// party is what a server that nobody here wrote is set up with: a folder, a certificate for loopback, a free port.
type party struct {
	dir, cert, key, ca string // files, but dir
	port               int
	pair               tls.Certificate
}

func newParty(t *testing.T) *party {
	t.Helper()
	p := &party{dir: t.TempDir(), port: freePort(t)}
	p.cert, p.key, p.ca = filepath.Join(p.dir, "cert.pem"), filepath.Join(p.dir, "key.pem"), filepath.Join(p.dir, "ca.pem")
	var err error
	if p.pair, err = rig.Certificate(p.ca); err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(p.pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p.file(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.pair.Certificate[0]})))
	p.file(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return p
}

// file writes a file of the party and gives its path.
func (p *party) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs the server until the test ends and waits until it listens.
func (p *party) start(t *testing.T, argv ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = p.dir
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if said, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s said:\n%s", argv[0], said)
		}
	})
	until(t, argv[0]+" listens", func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	n := 0
	if _, err := fmt.Sscan(port, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// visitor is a user with one profile, whose API is at base and whose tokens come from a server with the party's
// certificate; more are further lines of the profile.
func (p *party) visitor(t *testing.T, base string, more ...string) (*user, *rig.Service) {
	t.Helper()
	service := rig.NewService(0)
	server := httptest.NewUnstartedServer(service)
	server.TLS = rig.ServerTLS(p.pair)
	server.StartTLS()
	t.Cleanup(server.Close)
	lines := append([]string{
		"name: api", "provider: oauth2", "token_url: " + server.URL + "/token", "base_url: " + base,
		"client_id: id", "client_secret: secret", "tls: {ca_file: " + p.ca + "}",
	}, more...)
	return newUser(t, "profiles:\n  - "+strings.Join(lines, "\n    ")+"\n"), service
}

// says holds what a run must have given.
func (a answer) says(t *testing.T, exit int, stdout string) {
	t.Helper()
	if a.exit != exit || a.stdout != stdout {
		t.Errorf("exit %d, want %d; stdout %.300q, want %.300q; stderr:\n%s", a.exit, exit, a.stdout, stdout, a.stderr)
	}
}
