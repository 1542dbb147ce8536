//go:build integration && linux

package integration

import (
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

// nghttpx is nghttp2's own server in front of the API: frames, windows and GOAWAY are another implementation's.
func nghttpx(t *testing.T, more ...string) *user {
	t.Helper()
	p := newParty(t)
	api := httptest.NewServer(rig.NewService(0))
	t.Cleanup(api.Close)
	p.start(t, append([]string{
		"nghttpx", fmt.Sprintf("--frontend=127.0.0.1,%d", p.port), "--backend=" + strings.ReplaceAll(strings.TrimPrefix(api.URL, "http://"), ":", ","),
		"--errorlog-file=/dev/stderr", "--accesslog-file=/dev/null",
	}, append(more, p.key, p.cert)...)...)
	u, _ := p.visitor(t, fmt.Sprintf("https://127.0.0.1:%d", p.port))
	return u
}

const things = `{"things":[{"id":1,"name":"one"},{"id":2,"name":"two"}]}` + "\n"

func TestNghttpxIsSpokenToInHTTP2(t *testing.T) {
	u := nghttpx(t)
	u.run(t, "call", "/small").says(t, 0, things)
	u.run(t, "call", "/small", "-o", "/dev/null", "-w", "%{http_version}").says(t, 0, "2")
	u.run(t, "call", "/small", "-o", "/dev/null", "-w", "%{http_version}", "--http1.1").says(t, 0, "1.1")
}

func TestNghttpxCarriesLongBodiesThroughSmallWindows(t *testing.T) {
	u := nghttpx(t, "--frontend-http2-window-size=65535", "--frontend-http2-connection-window-size=65535")
	big := filepath.Join(u.dir, "big")
	body := make([]byte, 20<<20)
	_, _ = rand.Read(body)
	if err := os.WriteFile(big, body, 0o600); err != nil {
		t.Fatal(err)
	}
	u.run(t, "call", "PUT", "/upload", "-T", big).says(t, 0, fmt.Sprintln(len(body)))
	out := filepath.Join(u.dir, "out")
	u.run(t, "call", fmt.Sprintf("/bytes/%d", len(body)), "-o", out).says(t, 0, "")
	if info, err := os.Stat(out); err != nil || info.Size() != int64(len(body)) {
		t.Errorf("%v, %v", info, err)
	}
}

func TestNghttpxMayCloseConnectionsUnderABatch(t *testing.T) {
	u := nghttpx(t, "--frontend-max-requests=7", "--frontend-http2-max-concurrent-streams=3")
	lines := filepath.Join(u.dir, "lines")
	if err := os.WriteFile(lines, []byte(strings.Repeat(`{"path":"/small"}`+"\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	got := u.run(t, "call", "--batch", lines, "--parallel", "8")
	if n := strings.Count(got.stdout, `"status":200`); got.exit != 0 || n != 200 {
		t.Errorf("exit %d, %d good answers\n%s\n%.300s", got.exit, n, got.stderr, got.stdout)
	}
}
