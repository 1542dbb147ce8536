//go:build integration && linux

package integration

import (
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

// tinyproxy is a forward proxy that wants a password. The API is behind it at an address that is not loopback, since
// a server on this machine is never asked through a proxy.
func tinyproxy(t *testing.T) (*party, string) {
	t.Helper()
	p := newParty(t)
	address := outward(t)
	config := fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 30\nAllow 127.0.0.1\nBasicAuth proxyuser proxypass\nLogLevel Connect\nLogFile \"%s/connects\"\nPidFile \"%[2]s/pid\"\n", p.port, p.dir)
	p.start(t, "tinyproxy", "-d", "-c", p.file(t, "conf", config))
	server := httptest.NewUnstartedServer(rig.NewService(0))
	_ = server.Listener.Close()
	var err error
	if server.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(address, "0")); err != nil {
		t.Fatal(err)
	}
	server.TLS = rig.ServerTLS(p.pair)

	server.StartTLS()
	t.Cleanup(server.Close)
	return p, server.URL
}

// outward is an address of this machine that is not loopback.
func outward(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		if n, ok := addr.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Skip("SKIPPED: this machine has no address but loopback")
	return ""
}

// behind gives a user whose API and token endpoint are at base.
func behind(t *testing.T, p *party, base string, more ...string) *user {
	t.Helper()
	lines := append([]string{
		"name: api", "provider: oauth2", "token_url: " + base + "/token", "base_url: " + base, "client_id: id",
		"client_secret: secret", "tls: {ca_file: " + p.ca + ", server_name: localhost}",
	}, more...)
	return newUser(t, "profiles:\n  - "+strings.Join(lines, "\n    ")+"\n")
}

// tunnels counts the tunnels that tinyproxy has opened.
func (p *party) tunnels(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(p.dir, "connects"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(log), "Established connection to host")
}

func TestTinyproxyTunnelsTokenRequestAndCall(t *testing.T) {
	p, base := tinyproxy(t)
	proxy := fmt.Sprintf("http://proxyuser:proxypass@127.0.0.1:%d", p.port)
	behind(t, p, base, "proxy: "+proxy).run(t, "call", "/small").says(t, 0, things)
	if n := p.tunnels(t); n != 2 {
		t.Errorf("%d tunnels, want one to each", n)
	}
	u := behind(t, p, base)
	u.env = append(u.env, "HTTPS_PROXY="+proxy)
	u.run(t, "call", "/small").says(t, 0, things)
	if n := p.tunnels(t); n != 4 {
		t.Errorf("%d tunnels by the environment", n-2)
	}
	u.env = append(u.env, "NO_PROXY="+outward(t))
	u.run(t, "call", "/small").says(t, 0, things)
	behind(t, p, base, "proxy: none").run(t, "call", "/small").says(t, 0, things)
	if n := p.tunnels(t); n != 4 {
		t.Errorf("%d tunnels that nobody wanted", n-4)
	}
}

func TestTinyproxyRefusesAndThePasswordStaysOurs(t *testing.T) {
	p, base := tinyproxy(t)
	for _, credentials := range []string{"", "proxyuser:wrongwrong@"} {
		u := behind(t, p, base, fmt.Sprintf("proxy: http://%s127.0.0.1:%d", credentials, p.port))
		got := u.run(t, "call", "/small", "-vv")
		if got.exit != 6 || !strings.Contains(got.stderr, "proxy") || strings.Contains(got.stderr, "wrongwrong") {
			t.Errorf("exit %d\n%s", got.exit, got.stderr)
		}
	}
	if n := p.tunnels(t); n != 0 {
		t.Errorf("%d tunnels", n)
	}
}
