//go:build integration && linux

package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const nginxConfig = `daemon off; master_process off; pid %[1]s/pid; error_log stderr warn;
events {}
http {
  access_log %[1]s/access; client_max_body_size 0; gzip on; gzip_min_length 0; gzip_types *;
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  server {
    listen 127.0.0.1:%[2]d ssl http2; ssl_certificate cert.pem; ssl_certificate_key key.pem; root %[1]s/www;
    location = /who { default_type text/plain; return 200 "$http_authorization|$server_protocol|$http_cookie"; }
    location = /away { return 302 https://127.0.0.2:%[2]d/who; }
    location = /moved { return 302 /who; }
    location = /cut { limit_rate 1; default_type text/plain; alias %[1]s/www/big; }
    location = /refused { return 403 "no"; }
    location = /taken { return 413; }
  }
}
`

// nginx serves files and fixed answers with HTTP/1.1 and HTTP/2 behind TLS.
func nginx(t *testing.T) (*party, *user) {
	t.Helper()
	p := newParty(t)
	if err := os.Mkdir(filepath.Join(p.dir, "www"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.file(t, "www/big", strings.Repeat("0123456789abcdef", 1<<16))
	p.start(t, "nginx", "-p", p.dir, "-c", p.file(t, "nginx.conf", fmt.Sprintf(nginxConfig, p.dir, p.port)))
	u, _ := p.visitor(t, fmt.Sprintf("https://127.0.0.1:%d", p.port))
	return p, u
}

func TestNginxGetsTheTokenInBothProtocols(t *testing.T) {
	_, u := nginx(t)
	token := u.run(t, "token", "get").token(t)
	u.run(t, "call", "/who").says(t, 0, "Bearer "+token+"|HTTP/2.0|")
	u.run(t, "call", "/who", "--http1.1").says(t, 0, "Bearer "+token+"|HTTP/1.1|")
	u.run(t, "call", "/who", "--no-auth").says(t, 0, "|HTTP/2.0|")
}

func TestNginxRedirectsAreFollowedOnlyWhereTheTokenMayGo(t *testing.T) {
	_, u := nginx(t)
	token := u.run(t, "token", "get").token(t)
	u.run(t, "call", "-L", "/moved").says(t, 0, "Bearer "+token+"|HTTP/2.0|")
	if away := u.run(t, "call", "-L", "/away"); away.exit != 7 || strings.Contains(away.stdout, token) {
		t.Errorf("exit %d\n%s%s", away.exit, away.stdout, away.stderr)
	}
}

func TestNginxFilesArriveWholeAndAreContinued(t *testing.T) {
	p, u := nginx(t)
	whole, err := os.ReadFile(filepath.Join(p.dir, "www", "big"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--http1.1"}, {"--compressed"}} {
		out := filepath.Join(u.dir, "out")
		u.run(t, append([]string{"call", "/big", "-o", out}, args...)...).says(t, 0, "")
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("%v: %d bytes, %v", args, len(got), err)
		}
	}
	out := filepath.Join(u.dir, "resumed")
	if cut := u.run(t, "call", "/cut", "-C", "-", "-o", out, "-m", "1"); cut.exit != 5 {
		t.Fatalf("exit %d: %s", cut.exit, cut.stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("half a file has the whole one's name")
	}
}

func TestNginxUploadsOfEachKindArrive(t *testing.T) {
	_, u := nginx(t)
	big := filepath.Join(u.dir, "big")
	if err := os.WriteFile(big, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	// nginx answers before it has read the body, which it then drops or resets.
	for _, args := range [][]string{{"-T", big}, {"-T", big, "--http1.1"}, {"-F", "f=@" + big}} {
		if got := u.run(t, append([]string{"call", "PUT", "/taken", "-w", "%{http_code}"}, args...)...); got.exit != 22 || !strings.HasSuffix(got.stdout, "413") {
			t.Errorf("%v: exit %d, %.200q\n%s", args, got.exit, got.stdout, got.stderr)
		}
	}
	refused := u.run(t, "call", "/refused")
	refused.says(t, 22, "no")
	u.run(t, "call", "/refused", "--no-fail").says(t, 0, "no")
}

func TestNginxServesABatch(t *testing.T) {
	_, u := nginx(t)
	token := u.run(t, "token", "get").token(t)
	lines := filepath.Join(u.dir, "lines")
	if err := os.WriteFile(lines, []byte(strings.Repeat(`{"path":"/who"}`+"\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	got := u.run(t, "call", "--batch", lines)
	if n := strings.Count(got.stdout, "Bearer "+token+"|HTTP/"); got.exit != 0 || n != 500 {
		t.Errorf("exit %d, %d good answers\n%s\n%.300s", got.exit, n, got.stderr, got.stdout)
	}
}
