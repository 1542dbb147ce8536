//go:build integration && linux

package integration

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

// glewlwyd is Debian's Glewlwyd behind a proxy that counts, with its administrator and its user alice logged in.
type glewlwyd struct {
	idp
	admin, alice *http.Client
	carry        func(map[string]int)
}

// newGlewlwyd starts the server from the folder GLEWLWYD, where setup.sh unpacked the package.
func newGlewlwyd(t *testing.T, keys, redirect string) *glewlwyd {
	t.Helper()
	port := freePort(t)
	root := os.Getenv("GLEWLWYD")
	if root == "" {
		t.Fatal("GLEWLWYD does not name the folder of the unpacked package: SETUP=1 make test-idp")
	}
	front, asked, carry := counter(t, fmt.Sprintf("http://127.0.0.1:%d", port))
	dir := t.TempDir()
	config := replaceIn(t, "kit/glewlwyd.conf", "PORT", fmt.Sprint(port), "EXTERNAL", front, "ROOT", root, "FOLDER", dir)
	file := filepath.Join(dir, "glewlwyd.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "none"), 0o700); err != nil { // where it looks for modules that it has not
		t.Fatal(err)
	}
	fillDatabase(t, root, filepath.Join(dir, "glewlwyd.db"))
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "usr/bin/glewlwyd"), "--config-file="+file)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	until(t, "Glewlwyd to listen", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	g := &glewlwyd{carry: carry, idp: idp{
		name: "glewlwyd", issuer: front + "/api/oidc", tokenPath: "/api/oidc/token", introspect: "/api/oidc/introspect",
		begins: map[string]string{"device_code": "/api/oidc/device_authorization", "ciba": "/api/oidc/ciba"}, asked: asked,
	}}
	g.person, g.known = g.agrees, g.standing
	g.furnish(t, keys, redirect)
	return g
}

// counter is a proxy before a server; asked gives the number of requests of each path that the server has answered since
// it was last called, and carry puts such numbers back.
func counter(t *testing.T, target string) (front string, asked func(*testing.T) map[string]int, carry func(map[string]int)) {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	counts := map[string]int{}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			mu.Lock()
			defer mu.Unlock()
			counts[strings.TrimSuffix(r.Request.URL.Path, "/")]++
			return nil
		},
	})
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	asked = func(*testing.T) map[string]int {
		mu.Lock()
		defer mu.Unlock()
		was := counts
		counts = map[string]int{}
		return was
	}
	return server.URL, asked, func(was map[string]int) {
		mu.Lock()
		defer mu.Unlock()
		counts = was
	}
}

func replaceIn(t *testing.T, file string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(pairs...).Replace(string(text))
}

func fillDatabase(t *testing.T, root, file string) {
	t.Helper()
	packed, err := os.Open(filepath.Join(root, "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	script, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sqlite3", file)
	cmd.Stdin = script
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
}

// furnish logs in and makes the OpenID plugin, the clients and the user.
func (g *glewlwyd) furnish(t *testing.T, keys, redirect string) {
	t.Helper()
	g.admin, g.alice = g.client(t), g.client(t)
	g.admin.Jar, _ = cookiejar.New(nil)
	g.alice.Jar, _ = cookiejar.New(nil)
	g.alice.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if strings.Contains(req.URL.Path, "login.html") {
			return http.ErrUseLastResponse // a page of scripts, which nobody needs
		}
		return nil
	}
	g.send(t, g.admin, http.MethodPost, "/api/auth/", `{"username":"admin","password":"password"}`)
	rs256, err := os.ReadFile(filepath.Join(keys, "RS256.key"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := rig.PublicPEM(rs256)
	if err != nil {
		t.Fatal(err)
	}
	furniture := replaceIn(t, "kit/glewlwyd.json", "ISSUER", g.issuer, "REDIRECT", redirect,
		`"KEY"`, quoted(rs256), `"PUBLIC"`, quoted(public))
	var pieces []struct {
		Path string
		Body json.RawMessage
	}
	if err := json.Unmarshal([]byte(furniture), &pieces); err != nil {
		t.Fatal(err)
	}
	for _, piece := range pieces {
		g.send(t, g.admin, http.MethodPost, piece.Path, string(piece.Body))
	}
	g.send(t, g.alice, http.MethodPost, "/api/auth/", `{"username":"alice","password":"verysecure"}`)
	for _, client := range []string{"native", "web", "ciba"} {
		g.send(t, g.alice, http.MethodPut, "/api/auth/grant/"+client, `{"scope":"openid"}`)
	}
	g.send(t, g.alice, http.MethodPut, "/api/oidc/rar/web/payment/1", "")
}

func quoted(text []byte) string {
	word, _ := json.Marshal(string(text))
	return string(word)
}

func (g *glewlwyd) send(t *testing.T, as *http.Client, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, g.origin()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := as.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	reply, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if res.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s %s", method, path, res.Status, reply)
	}
	return reply
}
