package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

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
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, // what is to be refused
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
		MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, // bait
		Certificates: []tls.Certificate{ca.issue(t, true, nil)}, NextProtos: []string{"http/1.1"},
	})
	t.Setenv("GODEBUG", "tlsrsakex=1,tls10server=1,tls3des=1")
	bait := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} // bait
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
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert) // what the server says that it knows
	s := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, false, nil)}, ClientCAs: pool, ClientAuth: tls.RequireAnyClientCert,
	})
	cfg := Config{CAFile: ca.file}
	if _, err := get(t, cfg, s.URL); err == nil || Failure(err).Kind != fault.TLS {
		t.Errorf("without a certificate: %v, want a TLS fault", Failure(err))
	}
	for name, leaf := range map[string]tls.Certificate{
		"a certificate of the server's authority":                    ca.issue(t, false, nil),
		"a certificate that it does not know (RFC 8705 section 2.2)": newAuthority(t).issue(t, false, nil),
	} {
		keyDER, _ := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
		cfg.CertFile = writePEM(t, "c.pem", "CERTIFICATE", leaf.Certificate[0])
		cfg.KeyFile = writePEM(t, "k.pem", "PRIVATE KEY", keyDER)
		if _, err := get(t, cfg, s.URL); err != nil {
			t.Errorf("with %s: %v", name, err)
		}
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

func TestATransportSpeaksHTTP1AloneWhereItIsToldTo(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for only, want := range map[bool]string{false: "HTTP/2.0", true: "HTTP/1.1"} {
		tr, err := NewTransport(Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if only {
			OnlyHTTP1(tr)
		}
		res, err := (&http.Client{Transport: tr}).Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		if _ = res.Body.Close(); string(body) != want {
			t.Errorf("only HTTP/1.1 %t: %s", only, body)
		}
		tr.CloseIdleConnections()
	}
}

func TestATimeForTheConnectionBoundsTheHandshakeToo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tr, err := NewTransport(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.CloseIdleConnections()
	ConnectWithin(tr, 50*time.Millisecond)
	res, err := (&http.Client{Transport: tr}).Get("https://" + l.Addr().String())
	if err == nil {
		_ = res.Body.Close()
	}
	if f := Failure(err); f == nil || f.Kind != fault.Timeout || f.Code != "timeout.tls" || !f.Retryable {
		t.Errorf("%v", err)
	}
}
