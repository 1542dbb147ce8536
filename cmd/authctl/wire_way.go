package main

import (
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

// lateTransport reads certificates and proxies when the first request is sent: a stored token needs none of them.
type lateTransport struct {
	config httpx.Config
	listen func() // for signals, before anything is at a server that has to be put in order

	once sync.Once
	made *http.Transport
	err  error
}

// RoundTrip implements [http.RoundTripper].
func (l *lateTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	l.listen()
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

// known shows the client's certificate to servers that the profile names, and to those that get the client's proof or a
// token. What is read elsewhere, such as a key set that lies at a host of its own, is read without it.
type known struct {
	shown, bare http.RoundTripper
	named       httpx.Origins
}

// RoundTrip implements [http.RoundTripper].
func (k known) RoundTrip(req *http.Request) (*http.Response, error) {
	origin, err := httpx.OriginOf(req.URL)
	if req.Method != http.MethodGet || req.Header.Get("Authorization") != "" || err == nil && k.named.Contains(origin) {
		return k.shown.RoundTrip(req)
	}
	return k.bare.RoundTrip(req)
}

// named lists the servers that the profile names.
func named(p *profile.Profile) httpx.Origins {
	var list httpx.Origins
	for _, text := range append([]string{p.TokenURL, p.Own.Text("issuer"), p.BaseURL}, p.AllowedOrigins...) {
		if u, err := url.Parse(text); err == nil && text != "" {
			if origin, err := httpx.OriginOf(u); err == nil {
				list = append(list, origin)
			}
		}
	}
	return list
}

// tokenWay is how the authorization server is reached.
func (w *wiring) tokenWay(p *profile.Profile) http.RoundTripper {
	config := way(p)
	if config.CertFile == "" {
		return w.checked(p, config)
	}
	bare := config
	bare.CertFile, bare.KeyFile = "", ""
	return known{shown: w.checked(p, config), bare: w.checked(p, bare), named: named(p)}
}

// checked checks the server's certificate unless it is on this machine, or the profile says twice that it must not be.
func (w *wiring) checked(p *profile.Profile, config httpx.Config) http.RoundTripper {
	if !config.InsecureSkipVerify || p.TLS.InsecureTokenEndpoint {
		return w.late(config)
	}
	strict := config
	strict.InsecureSkipVerify = false
	return eachWay{here: w.late(config), elsewhere: w.late(strict)}
}

func (w *wiring) late(config httpx.Config) *lateTransport {
	return &lateTransport{config: config, listen: w.listen}
}

func (w *wiring) transport(p *profile.Profile) (*http.Transport, error) {
	return httpx.NewTransport(way(p))
}
