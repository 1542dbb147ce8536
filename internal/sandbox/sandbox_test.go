package sandbox

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func TestStartWritesOwnerOnlyFilesAndCloseRemovesThem(t *testing.T) {
	r := start(t)
	for _, name := range []string{r.CAPath(), r.ProfilesPath(), r.EnvPath()} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		content, _ := os.ReadFile(name)
		if strings.Contains(string(content), "PRIVATE KEY") {
			t.Errorf("%s holds a private key", name)
		}
	}
	if !r.Serves(r.URL("azure")+"/msi/token") || r.Serves(r.URL("azure")+"0/msi/token") || r.Serves("https://login.microsoftonline.com/") {
		t.Error("the sandbox does not know its own servers")
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left, _ := os.ReadDir(filepath.Dir(r.CAPath()))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStartNeverReplacesAFile(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "profiles.yaml")
	if err := os.WriteFile(own, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), dir, Options{})
	if !fault.Is(err, fault.IO) {
		t.Errorf("got %v", err)
	}
	if content, _ := os.ReadFile(own); string(content) != "precious" {
		t.Errorf("profiles.yaml is now %q", content)
	}
	if _, err := os.Stat(filepath.Join(dir, "ca.pem")); !os.IsNotExist(err) {
		t.Error("the files of the failed start are still there")
	}
}

func TestEveryServerListensOnLoopbackOnlyOnAPortOfItsOwn(t *testing.T) {
	r := start(t)
	seen := map[string]bool{}
	for _, o := range r.origins {
		addr := o.listener.Addr().(*net.TCPAddr)
		if !addr.IP.IsLoopback() || seen[addr.String()] {
			t.Errorf("%s listens on %v", o.name, addr)
		}
		seen[addr.String()] = true
		want := "https://" + addr.String()
		if o.name == "azure" { // a machine's own service, as on Azure
			want = "http://" + addr.String()
		}
		if r.URL(o.name) != want {
			t.Errorf("URL(%q) is %q", o.name, r.URL(o.name))
		}
	}
	if len(seen) != 8 || r.URL("nowhere") != "" {
		t.Errorf("%d servers", len(seen))
	}
}

func TestPlainHTTPAndAnUntrustedAuthorityGetNothing(t *testing.T) {
	r := start(t)
	plain := r.do(t, "GET", strings.Replace(r.URL("tnco"), "https", "http", 1)+"/x", "")
	if plain.StatusCode != 400 {
		t.Errorf("plain http: %v", plain.Status)
	}
	r.client = &http.Client{}
	if _, err := r.try(t, "GET", r.URL("tnco"), ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a client without the authority: %v", err)
	}
}

func TestTheAuthorityVouchesForLoopbackOnly(t *testing.T) {
	a, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(a.leaf.Certificate[1])
	if err != nil {
		t.Fatal(err)
	}
	if !ca.PermittedDNSDomainsCritical || len(ca.PermittedIPRanges) != 2 || ca.PermittedDNSDomains[0] != "localhost" {
		t.Errorf("constraints: %v %v", ca.PermittedDNSDomains, ca.PermittedIPRanges)
	}
}

func TestProfilesNameEveryProviderAndNoSecretIsTheSameTwice(t *testing.T) {
	first, second := start(t), start(t)
	content, err := os.ReadFile(first.ProfilesPath())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"default_profile: tnco\n", "storage: file\n", "name: tnco\n", "name: apic\n", "name: entra\n", "name: mulesoft\n",
		"name: anypoint\n", "name: oauth2\n", "provider: apiconnect\n", `realm: "provider"`, `platform_url: "https://127.0.0.1:`,
		`base_url: "` + first.URL("echo") + `"`, `tls: {ca_file: ` + string(encode(first.CAPath())) + "}",
	} {
		if !strings.Contains(string(content), want) {
			t.Errorf("profiles.yaml lacks %s", want)
		}
	}
	for name, value := range first.env {
		if strings.HasSuffix(name, "_SECRET") && name != "APICONNECT_SECRET" && value == second.env[name] {
			t.Errorf("%s is the same in two sandboxes", name)
		}
	}
}

func TestTheEndOfTheContextStopsTheSandbox(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		t.Fatal("still running")
	}
	if _, err := os.Stat(s.ProfilesPath()); !os.IsNotExist(err) {
		t.Error("profiles.yaml is still there")
	}
}

func TestCloseEndsHeldRequestsAndLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	r := start(t)
	token := r.muleToken(t)
	broken := make(chan error)
	go func() {
		_, err := r.try(t, "GET", r.URL("echo")+"/delay/60", "", "Authorization", "Bearer "+token)
		broken <- err
	}()
	for r.Requests("echo.api") == 0 {
		runtime.Gosched()
	}
	begun := time.Now()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-broken; err == nil {
		t.Error("the held request got an answer")
	}
	if spent := time.Since(begun); spent > drainTime {
		t.Errorf("Close took %v", spent)
	}
	r.client.CloseIdleConnections()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond) // goroutines of closed connections end on their own
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}
