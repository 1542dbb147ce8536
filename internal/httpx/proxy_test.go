package httpx

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

// connectProxy is a proxy that leads every tunnel to one address and notes what it was asked.
func connectProxy(t *testing.T, to string) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Authorization")+r.UserAgent())
		if r.Method != http.MethodConnect || to == "" {
			w.Header().Set("X-Evil", "1")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		up, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, down); _ = up.Close() }()
		_, _ = io.Copy(down, up)
		_ = down.Close()
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

func TestHTTPSGoesThroughAProxyOnlyInATunnel(t *testing.T) {
	ca := newAuthority(t)
	s := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, false, nil)}})
	proxy, asked := connectProxy(t, s.Listener.Addr().String())
	body, err := get(t, Config{CAFile: ca.file, Proxy: proxy.URL}, "https://api.example.test/x?k=v")
	if err != nil || body != "HTTP/2.0 api.example.test" {
		t.Fatalf("%q, %v", body, err)
	}
	env := func(name string) string { return map[string]string{"https_proxy": proxy.URL}[name] }
	if _, err := get(t, Config{CAFile: ca.file, Getenv: env}, "https://api.example.test/x"); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, Config{Proxy: proxy.URL}, "https://api.example.test/"); err == nil || Failure(err).Kind != fault.TLS {
		t.Errorf("an unverified server in the tunnel: %v", err)
	}
	for _, line := range *asked {
		if line != "CONNECT api.example.test:443 " {
			t.Errorf("the proxy saw %q", line)
		}
	}
}

func TestALoopbackServerIsNeverAskedThroughAProxy(t *testing.T) {
	proxy, asked := connectProxy(t, "")
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	env := func(string) string { return proxy.URL }
	named := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, cfg := range []Config{{Proxy: proxy.URL}, {Getenv: env}} {
		for _, target := range []string{s.URL, named} {
			if _, err := get(t, cfg, target); err != nil {
				t.Errorf("%s: %v", target, err)
			}
		}
	}
	if len(*asked) != 0 {
		t.Errorf("the proxy saw %q", *asked)
	}
}

func TestNoProxyDoesWithout(t *testing.T) {
	req := newRequest(t, "https://api.example.com")
	env := func(name string) string {
		return map[string]string{"HTTPS_PROXY": "http://p.example:1", "NO_PROXY": "internal.example"}[name]
	}
	for target, want := range map[string]string{
		"https://api.example.com": "http://p.example:1", "https://x.internal.example": "", "http://api.example.com": "",
	} {
		req.URL, _ = url.Parse(target)
		p, err := newProxy(Config{Getenv: env})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.forRequest(req)
		if err != nil || (got == nil) != (want == "") || (got != nil && got.String() != want) {
			t.Errorf("%s: %v, %v; want %q", target, got, err, want)
		}
	}
	p, _ := newProxy(Config{Getenv: env, Proxy: "none"})
	if got, err := p.forRequest(req); got != nil || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
}

func TestAVariableThatIsNoProxyFailsTheRequestsThatItIsFor(t *testing.T) {
	for _, text := range []string{
		"http://127.0.0.1:9\n", " http://127.0.0.1:9", "http://127.0.0.1:9 ", "http://[::1", "http:/127.0.0.1:9", "foo:bar:baz",
		"foo:bar:80", "htps://user:CANARY@h:1", "socks4://user:CANARY@h:1", "http://user:1#CANARY@h:1", " ", "://", "http://",
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
			env := func(asked string) string { return map[string]string{name: text, "NO_PROXY": "internal.example"}[asked] }
			p, err := newProxy(Config{Getenv: env})
			if err != nil {
				t.Fatal(err)
			}
			scheme, other := "https", "http"
			if strings.EqualFold(name, "HTTP_PROXY") {
				scheme, other = other, scheme
			}
			_, err = p.forRequest(newRequest(t, scheme+"://api.example.com"))
			f := Failure(err)
			if f == nil || f.Code != "config.environment" || !strings.HasPrefix(f.Error(), name+" is no ") ||
				strings.Contains(f.Error()+f.HintText(), "CANARY") {
				t.Errorf("%s=%q: %v", name, text, err)
			}
			for _, target := range []string{other + "://api.example.com", scheme + "://x.internal.example", scheme + "://[::1]:8"} {
				if got, err := p.forRequest(newRequest(t, target)); got != nil || err != nil {
					t.Errorf("%s=%q, %s: %v, %v", name, text, target, got, err)
				}
			}
		}
	}
}

func TestAVariableMayLeaveTheSchemeOut(t *testing.T) {
	for text, want := range map[string]string{
		"p.example:3128": "http://p.example:3128", "p.example": "http://p.example", "u:w@p.example:1": "http://u:w@p.example:1",
		"[::1]:3128": "http://[::1]:3128", "HTTP://p.example/": "http://p.example/", "socks5h://p.example": "socks5h://p.example",
	} {
		p, err := newProxy(Config{Getenv: func(name string) string { return map[string]string{"https_proxy": text}[name] }})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.forRequest(newRequest(t, "https://api.example.com")); err != nil || got.String() != want {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}

func TestAProxyThatIsNotFoundIsNotTakenForTheServer(t *testing.T) {
	for _, scheme := range []string{"http", "https", "socks5"} {
		_, err := get(t, Config{Proxy: scheme + "://user:CANARY@nothing.invalid:1"}, "https://api.example.com")
		f := Failure(err)
		if f == nil || f.Code != "network.proxy" || !strings.Contains(f.HintText(), "proxy") || strings.Contains(f.Error(), "CANARY") {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

func TestARefusedTunnelNamesTheProxyWithoutItsPassword(t *testing.T) {
	proxy, _ := connectProxy(t, "")
	withPassword := strings.Replace(proxy.URL, "http://", "http://user:CANARY@", 1)
	_, err := get(t, Config{Proxy: withPassword}, "https://api.example.test/?q=CANARY")
	f := Failure(err)
	if f == nil || f.Kind != fault.Network || f.Status != 407 || strings.Contains(f.Error()+f.HintText(), "CANARY") {
		t.Errorf("%v", f)
	}
	if _, err := NewTransport(Config{Proxy: "http://user:CANARY@h:x"}); err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%v", err)
	}
}
