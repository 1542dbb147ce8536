//go:build unix

package relay

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// short is a folder whose name leaves room for a socket's.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "relay") //nolint:usetesting // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestAUnixSocketIsTheUsersAlone(t *testing.T) {
	a := newAPI(t, false, hello)
	path := filepath.Join(short(t), "all", "made", "api.sock")
	door, err := Listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v", dir, info.Mode())
		}
	}
	if door.URL(secret.String{}) != "http://localhost/" || door.Shared() {
		t.Error(door.URL(secret.String{}))
	}
	if _, err := Listen(t.Context(), "unix:"+path); !fault.Is(err, fault.IO) {
		t.Errorf("a socket that is in use: %v", err)
	}
	origin, _ := httpx.ParseOrigin(a.URL)
	r, err := New(Config{
		Base: a.URL, Tokens: &tokens{origins: httpx.Origins{origin}}, Clock: time.Now, DrainTimeout: time.Second,
		Transport: transport(t), Upgrade: transport(t), Explain: func(*fault.Error) []byte { return nil },
	}, door)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := r.Serve(ctx, door, nil); done <- err }()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	for page, want := range map[string]int{"": 200, "http://localhost": 200, "https://evil.example.com": 403} {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://localhost/x", nil)
		if page != "" {
			req.Header.Set("Origin", page)
		}
		res, err := client.Do(req)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%q: %v, %v", page, res, err)
		}
		_ = res.Body.Close()
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestASocketTakesThePlaceOfADeadOneAlone(t *testing.T) {
	dir := short(t)
	stale := filepath.Join(dir, "stale")
	l, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	door, err := Listen(t.Context(), "unix:"+stale)
	if err != nil {
		t.Fatalf("a dead proxy's socket: %v", err)
	}
	_ = door.Close()

	file := filepath.Join(dir, "file")
	link := filepath.Join(dir, "link")
	open := filepath.Join(dir, "open")
	_ = os.WriteFile(file, []byte("mine"), 0o600)
	_ = os.Symlink(filepath.Join(dir, "nowhere"), link)
	_ = os.Mkdir(open, 0o700)
	_ = os.Chmod(open, 0o777)
	for name, path := range map[string]string{
		"a file": file, "a link": link, "a folder": open, "a folder that others write to": filepath.Join(open, "s"),
		"a folder below a link to nothing": filepath.Join(link, "a", "s"), "a file for a folder": filepath.Join(file, "s"),
		"a path that is too long": filepath.Join(dir, strings.Repeat("x", 200)),
	} {
		door, err := Listen(t.Context(), "unix:"+path)
		if err == nil {
			_ = door.Close()
		}
		if !fault.Is(err, fault.IO) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, _ := os.ReadFile(file); string(text) != "mine" {
		t.Error("a foreign file was replaced")
	}
}
