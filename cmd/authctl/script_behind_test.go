package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// behindCmd is `behind NAME HOW`: the server of `idp NAME` moves to an https address, which is its issuer and $NAME
// from then on; ca.pem is who signed its certificate. HOW is good, expired, early (not valid yet), named (for another
// host), stranger (signed by somebody else), old (TLS 1.1), or asks (for the client's certificate: client.pem is one,
// and spent.pem one that has expired).
func behindCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: behind NAME HOW")
	}
	all := of(ts)
	if all.ca == nil {
		all.ca = pair(ts, nil, "ca")
	}
	s, ca := all.idps[args[0]], all.ca
	server := httptest.NewUnstartedServer(s.handler)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, Certificates: []tls.Certificate{*pair(ts, ca, "server", "127.0.0.1")}}
	switch args[1] {
	case "good":
	case "expired":
		server.TLS.Certificates[0] = *pairFor(ts, ca, "server", -24*time.Hour, "127.0.0.1")
	case "early":
		server.TLS.Certificates[0] = *pairFor(ts, ca, "server", 24*time.Hour, "127.0.0.1")
	case "named":
		server.TLS.Certificates[0] = *pair(ts, ca, "server", "other.example.test")
	case "stranger":
		server.TLS.Certificates[0] = *pair(ts, pair(ts, nil, "stranger"), "server", "127.0.0.1")
	case "old":
		server.TLS.MaxVersion = tls.VersionTLS11
	case "asks":
		pair(ts, ca, "client")
		pairFor(ts, ca, "spent", -24*time.Hour)
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AddCert(ca.Leaf)
	default:
		ts.Fatalf("behind what: %q?", args[1])
	}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	all.stop = append(all.stop, func() { server.CloseClientConnections(); server.Close() })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issuer = server.URL
	ts.Setenv(args[0], server.URL)
}
