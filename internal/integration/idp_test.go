//go:build integration && linux

package integration

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// idp is a running authorization server that nobody here wrote.
type idp struct {
	name, issuer string
	caFile       string                                // empty: it has no TLS
	tokenPath    string                                // of its issuer's origin
	introspect   string                                // path
	api          [2]string                             // who may ask it about any token: id, secret
	known        func(t *testing.T, token string) bool // in place of introspection
	person       person                                // who logs in there
	begins       map[string]string                     // grant: the path where a login starts of which polls ask the outcome
	asked        func(t *testing.T) map[string]int
	tally        map[string]int // what asked gave and nobody took
}

// start runs a server that prints "READY ISSUER" and gives the issuer.
func start(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
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
	t.Cleanup(func() { _ = cmd.Cancel(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	issuer, ready := strings.CutPrefix(strings.TrimSpace(line), "READY ")
	if !ready {
		t.Fatalf("the server did not start: %q %v", line, err)
	}
	return issuer
}

// origin is the server's address without the issuer's path.
func (s *idp) origin() string {
	u, _ := url.Parse(s.issuer)
	return u.Scheme + "://" + u.Host
}

// client is an HTTP client that trusts the server and knows nothing of authctl.
func (s *idp) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	if s.caFile != "" {
		text, err := os.ReadFile(s.caFile)
		if err != nil || !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			t.Fatal("the authority of the server cannot be read: ", err)
		}
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// counted asks the server's GET /asked, which tells what was asked since it was last called.
func (s *idp) counted(t *testing.T) map[string]int {
	t.Helper()
	res, err := s.client(t).Get(s.origin() + "/asked")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	counts := map[string]int{}
	if err := json.NewDecoder(res.Body).Decode(&counts); err != nil {
		t.Fatal(err)
	}
	return counts
}

// count gives how many requests of a path there were that nobody took.
func (s *idp) count(t *testing.T, path string) int {
	t.Helper()
	if s.tally == nil {
		s.tally = map[string]int{}
	}
	for asked, n := range s.asked(t) {
		s.tally[asked] += n
	}
	return s.tally[path]
}

// take is count, and takes them.
func (s *idp) take(t *testing.T, path string) int {
	t.Helper()
	defer func() { delete(s.tally, path) }()
	return s.count(t, path)
}

// tokens takes the token requests.
func (s *idp) tokens(t *testing.T) int { t.Helper(); return s.take(t, s.tokenPath) }

// active asks the server itself what it thinks of a token.
func (s *idp) active(t *testing.T, token string) bool {
	t.Helper()
	if s.known != nil {
		return s.known(t, token)
	}
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.origin()+s.introspect, form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(s.api[0], s.api[1])
	res, err := s.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var reply struct{ Active bool }
	if err := json.Unmarshal(body, &reply); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("introspection: %s %s %v", res.Status, body, err)
	}
	return reply.Active
}

// profile is one entry of profiles.yaml for this server, by discovery.
func (s *idp) profile(name string, lines ...string) string {
	text := fmt.Sprintf("  - name: %s\n    provider: oidc\n    issuer: %s\n", name, s.issuer)
	if s.caFile != "" && !strings.Contains(strings.Join(lines, " "), "tls:") {
		text += fmt.Sprintf("    tls: {ca_file: %s}\n", s.caFile)
	}
	return text + "    " + strings.Join(lines, "\n    ") + "\n"
}
