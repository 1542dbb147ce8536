package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// recorder notes requests where `requests` and `wire` look for them.
func recorder(ts *testscript.TestScript, name string) *rawServer {
	all := of(ts)
	if all.byName == nil {
		all.byName = map[string]*rawServer{}
	}
	all.byName[name] = &rawServer{}
	return all.byName[name]
}

func (s *rawServer) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, text)
}

func head(r *http.Request) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s %s\nHost: %s\n", r.Method, r.RequestURI, r.Proto, r.Host)
	_ = r.Header.Write(&out)
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// pair makes a certificate and writes it with its key; without an issuer it is a CA.
func pair(ts *testscript.TestScript, issuer *tls.Certificate, file string, names ...string) *tls.Certificate {
	return pairFor(ts, issuer, file, 0, names...)
}

// pairFor is pair with a certificate whose two hours lie shifted in time.
func pairFor(ts *testscript.TestScript, issuer *tls.Certificate, file string, shift time.Duration, names ...string) *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: file},
		NotBefore: time.Now().Add(shift - time.Hour), NotAfter: time.Now().Add(shift + time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: issuer == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	parent, signer := template, any(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	ts.Check(err)
	leaf, err := x509.ParseCertificate(der)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(file+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(file+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// tlsServeCmd is `tlsserve NAME [mtls|asks]`: an HTTPS server, HTTP/2 as well, that tells the protocol and the client's
// certificate; its CA is in ca.pem, and with mtls it wants the certificate of client.pem and client.key, or with asks
// whatever there is. Its certificate is good for api.example.test, too.
func tlsServeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: tlsserve NAME [mtls]")
	}
	ca := pair(ts, nil, "ca")
	pair(ts, ca, "client")
	s := recorder(ts, args[0])
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(head(r))
		client := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			client = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprintf(w, "%s %s\n", r.Proto, client)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*pair(ts, ca, "server", "127.0.0.1", "api.example.test")}, MinVersion: tls.VersionTLS12}
	if len(args) > 1 && args[1] == "asks" {
		server.TLS.ClientAuth = tls.RequestClientCert
	} else if len(args) > 1 {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AddCert(ca.Leaf)
	}
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	of(ts).stop = append(of(ts).stop, server.Close)
	ts.Setenv(args[0], server.URL)
}

// tunnelCmd is `tunnel NAME SERVER`: a forward proxy that leads every CONNECT to the server of that name.
func tunnelCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tunnel NAME SERVER")
	}
	target := strings.TrimPrefix(ts.Getenv(args[1]), "https://")
	s := recorder(ts, args[0])
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.tunnel(conn, target)
		}
	}()
	of(ts).stop = append(of(ts).stop, func() { _ = l.Close() })
	ts.Setenv(args[0], "http://"+l.Addr().String())
}

func (s *rawServer) tunnel(conn net.Conn, target string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	s.note(head(req))
	if req.Method != http.MethodConnect {
		_, _ = io.WriteString(conn, "HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n")
		return
	}
	upstream, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer upstream.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(upstream, in); _ = upstream.(*net.TCPConn).CloseWrite() }()
	_, _ = io.Copy(conn, upstream)
}

// liveCmd is `live NAME`: /events sends a line, and the next one only when somebody has asked for /seen, three in all.
func liveCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: live NAME")
	}
	seen := make(chan struct{}, 8)
	mux := http.NewServeMux()
	mux.HandleFunc("/seen", func(http.ResponseWriter, *http.Request) { seen <- struct{}{} })
	mux.HandleFunc("/events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			if i > 0 {
				select {
				case <-seen:
				case <-time.After(10 * time.Second):
					fmt.Fprint(w, "data: nobody saw the last line\n")
					return
				}
			}
			fmt.Fprintf(w, "data: %d\n", i)
			_ = http.NewResponseController(w).Flush()
		}
	})
	server := httptest.NewServer(mux)
	of(ts).stop = append(of(ts).stop, server.Close)
	ts.Setenv(args[0], server.URL)
}

// rangesCmd is `ranges NAME`: /f is a file of ten bytes in ranges; the first answer breaks off after four of them.
func rangesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ranges NAME")
	}
	s := recorder(ts, args[0])
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(head(r))
		w.Header().Set("Etag", `"v1"`)
		once.Do(func() {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "0123")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
	}))
	server.Config.ErrorLog = quiet()
	of(ts).stop = append(of(ts).stop, server.Close)
	ts.Setenv(args[0], server.URL)
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
