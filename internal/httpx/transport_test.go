package httpx

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// authority is a throw-away CA with its PEM file.
type authorityCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authorityCA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca := &authorityCA{key: key, file: writePEM(t, "ca.pem", "CERTIFICATE", der)}
	ca.cert, _ = x509.ParseCertificate(der)
	return ca
}

// issue makes a leaf certificate; change may spoil it. The key is RSA where legacy is asked for.
func (ca *authorityCA) issue(t *testing.T, legacy bool, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		DNSNames:    []string{"localhost", "api.example.test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if change != nil {
		change(template)
	}
	var pub, key any
	if legacy {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		pub, key = k.Public(), k
	} else {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		pub, key = k.Public(), k
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, pub, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func writePEM(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serveTLS starts a server of ours that answers with the protocol it was asked in.
func serveTLS(t *testing.T, cfg *tls.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.Host)
	}))
	s.TLS, s.EnableHTTP2 = cfg, true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, cfg Config, target string) (string, error) {
	t.Helper()
	tr, err := NewTransport(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.CloseIdleConnections()
	res, err := TokenClient(tr).Do(newRequest(t, target))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestAServerIsVerifiedAgainstTheCAFileAndItsName(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	good := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, false, nil)}})
	expired := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, false, func(c *x509.Certificate) {
		c.NotAfter = time.Now().Add(-time.Minute)
	})}})
	noIP := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, false, func(c *x509.Certificate) {
		c.IPAddresses = nil
	})}})
	client := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, false, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})}})
	tls12 := serveTLS(t, &tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{ca.issue(t, false, nil)}})
	tls11 := serveTLS(t, &tls.Config{
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, //nolint:gosec // what is to be refused
		Certificates: []tls.Certificate{ca.issue(t, true, nil)},
	})
	port := func(s *httptest.Server) string { return s.URL[strings.LastIndexByte(s.URL, ':'):] }
	for _, c := range []struct {
		name, url string
		cfg       Config
		code      string // of the fault; empty for success
	}{
		{"trusted", good.URL, Config{CAFile: ca.file}, ""},
		{"trusted by name", "https://localhost" + port(good), Config{CAFile: ca.file}, ""},
		{"no ca_file", good.URL, Config{}, "tls.certificate"},
		{"another CA", good.URL, Config{CAFile: other.file}, "tls.certificate"},
		{"expired", expired.URL, Config{CAFile: ca.file}, "tls.certificate"},
		{"address not in the certificate", noIP.URL, Config{CAFile: ca.file}, "tls.certificate"},
		{"name not in the certificate", good.URL, Config{CAFile: ca.file, ServerName: "www.example.test"}, "tls.certificate"},
		{"server_name", noIP.URL, Config{CAFile: ca.file, ServerName: "api.example.test"}, ""},
		{"a client's certificate", client.URL, Config{CAFile: ca.file}, "tls.certificate"},
		{"insecure", expired.URL, Config{InsecureSkipVerify: true}, ""},
		{"insecure with ca_file", expired.URL, Config{CAFile: other.file, InsecureSkipVerify: true}, ""},
		{"TLS 1.2", tls12.URL, Config{CAFile: ca.file, MinVersion: "1.2"}, ""},
		{"TLS 1.2 but 1.3 asked for", tls12.URL, Config{CAFile: ca.file, MinVersion: "1.3"}, "tls.handshake"},
		{"TLS 1.1", tls11.URL, Config{CAFile: ca.file}, "tls.handshake"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, err := get(t, c.cfg, c.url)
			if c.code == "" {
				if err != nil || !strings.HasPrefix(body, "HTTP/2.0 ") {
					t.Fatalf("%q, %v; want an answer by HTTP/2", body, err)
				}
				return
			}
			if f := Failure(err); f == nil || f.Code != c.code || f.Kind != fault.TLS || len(f.Hints) == 0 {
				t.Fatalf("%q, %#v; want %s", body, f, c.code)
			}
		})
	}
}

func TestTheEnvironmentCannotBringBackRSAKeyExchange(t *testing.T) {
	ca := newAuthority(t)
	s := serveTLS(t, &tls.Config{
		MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, //nolint:gosec // bait
		Certificates: []tls.Certificate{ca.issue(t, true, nil)}, NextProtos: []string{"http/1.1"},
	})
	t.Setenv("GODEBUG", "tlsrsakex=1,tls10server=1,tls3des=1")
	bait := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // bait
	res, err := TokenClient(bait).Do(newRequest(t, s.URL))
	if err != nil {
		t.Fatalf("the bait is not taken, so this test says nothing: %v", err)
	}
	_ = res.Body.Close()
	if body, err := get(t, Config{CAFile: ca.file}, s.URL); err == nil || Failure(err).Kind != fault.TLS {
		t.Fatalf("%q, %v; want a TLS fault", body, err)
	}
}

func TestWrongTLSFilesAreConfigurationFaults(t *testing.T) {
	ca := newAuthority(t)
	leaf, other := ca.issue(t, false, nil), ca.issue(t, false, nil)
	keyDER, _ := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	otherDER, _ := x509.MarshalPKCS8PrivateKey(other.PrivateKey)
	cert := writePEM(t, "cert.pem", "CERTIFICATE", leaf.Certificate[0])
	key, otherKey := writePEM(t, "key.pem", "PRIVATE KEY", keyDER), writePEM(t, "key.pem", "PRIVATE KEY", otherDER)
	for name, cfg := range map[string]Config{
		"missing ca_file": {CAFile: filepath.Join(t.TempDir(), "none.pem")}, "ca_file without one": {CAFile: key},
		"missing cert_file": {CertFile: "none.pem", KeyFile: key}, "key of another": {CertFile: cert, KeyFile: otherKey},
		"no key": {CertFile: cert}, "key alone": {KeyFile: key}, "min_version": {MinVersion: "1.1"},
		"proxy": {Proxy: "ftp://x"}, "proxy path": {Proxy: "http://x/y"}, "proxy without host": {Proxy: "http://"},
		"https proxy": {Proxy: "https://proxy.example.com", ServerName: "x"},
	} {
		if _, err := NewTransport(cfg); !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v, want a configuration fault", name, err)
		}
	}
	if _, err := NewTransport(Config{CertFile: cert, KeyFile: key, CAFile: ca.file}); err != nil {
		t.Error(err)
	}
}

func TestAClientCertificateIsShownToTheServer(t *testing.T) {
	ca := newAuthority(t)
	leaf := ca.issue(t, false, nil)
	keyDER, _ := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	s := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, false, nil)}, ClientCAs: pool, ClientAuth: tls.RequireAnyClientCert,
	})
	cfg := Config{CAFile: ca.file}
	if _, err := get(t, cfg, s.URL); err == nil || Failure(err).Kind != fault.TLS {
		t.Errorf("without a certificate: %v, want a TLS fault", Failure(err))
	}
	cfg.CertFile = writePEM(t, "c.pem", "CERTIFICATE", leaf.Certificate[0])
	cfg.KeyFile = writePEM(t, "k.pem", "PRIVATE KEY", keyDER)
	if _, err := get(t, cfg, s.URL); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

func TestARedirectIsTheAnswer(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Location", "http://127.0.0.1:1/"+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	tr, err := NewTransport(Config{})
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader("client_secret=x"))
	res, err := TokenClient(tr).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusTemporaryRedirect || asked != 1 {
		t.Errorf("status %d after %d requests", res.StatusCode, asked)
	}
}

func TestNoCompressionIsAskedFor(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Join(r.Header.Values("Accept-Encoding"), ","))
	}))
	defer s.Close()
	if body, err := get(t, Config{}, s.URL); body != "" || err != nil {
		t.Errorf("Accept-Encoding %q, %v", body, err)
	}
}

// connectProxy is a proxy that leads every tunnel to one address and notes what it was asked.
func connectProxy(t *testing.T, to string) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Authorization"))
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
