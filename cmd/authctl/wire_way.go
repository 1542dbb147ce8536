package main

import (
	"net/http"
	"os"
	"sync"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

// lateTransport reads certificates and proxies when the first request is sent: a stored token needs none of them.
type lateTransport struct {
	config httpx.Config

	once sync.Once
	made *http.Transport
	err  error
}

// RoundTrip implements [http.RoundTripper].
func (l *lateTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	l.once.Do(func() { l.made, l.err = httpx.NewTransport(l.config) })
	if l.err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, l.err
	}
	return l.made.RoundTrip(req)
}

// eachWay takes another way to servers on this machine than to all others.
type eachWay struct{ here, elsewhere http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (e eachWay) RoundTrip(req *http.Request) (*http.Response, error) {
	if origin, err := httpx.OriginOf(req.URL); err == nil && origin.Loopback() {
		return e.here.RoundTrip(req)
	}
	return e.elsewhere.RoundTrip(req)
}

// way is how the profile's servers are reached.
func way(p *profile.Profile) httpx.Config {
	return httpx.Config{
		CAFile: p.TLS.CAFile, CertFile: p.TLS.CertFile, KeyFile: p.TLS.KeyFile, ServerName: p.TLS.ServerName,
		MinVersion: p.TLS.MinVersion, InsecureSkipVerify: p.TLS.InsecureSkipVerify,
		Proxy: p.Proxy, Getenv: os.Getenv, HeaderTimeout: p.Timeout,
	}
}

// tokenWay is how the authorization server is reached. Its certificate is checked unless it is on this machine, or the
// profile says twice that it must not be.
func (w *wiring) tokenWay(p *profile.Profile) http.RoundTripper {
	config := way(p)
	if !config.InsecureSkipVerify || p.TLS.InsecureTokenEndpoint {
		return &lateTransport{config: config}
	}
	checked := config
	checked.InsecureSkipVerify = false
	return eachWay{here: &lateTransport{config: config}, elsewhere: &lateTransport{config: checked}}
}

func (w *wiring) transport(p *profile.Profile) (*http.Transport, error) {
	return httpx.NewTransport(way(p))
}
