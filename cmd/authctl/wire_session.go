package main

import (
	"context"
	"net/http"
	"os"
	"sync"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/cli"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/apiconnect"
	"github.com/authctl/authctl/internal/secret"
)

// session joins the profile's grant and the chosen store.
func (w *wiring) session(p *profile.Profile, o cli.Options) (*auth.Session, error) {
	kind, ok := w.registry.Lookup(p.Provider)
	if !ok {
		return nil, fault.New(fault.Internal, "", "no provider %q", p.Provider)
	}
	source, err := kind.New(p, w.ports(p, o))
	if err != nil {
		return nil, err
	}
	store, locks, err := w.store(o)
	if err != nil {
		return nil, err
	}
	return &auth.Session{
		Profile: p.Name, Provider: p.Provider, Identity: source.Identity, Grant: source.Grant, Bound: source.Bound,
		Store: store, Locks: locks, Notes: w.locks, Clock: now, Skew: p.ExpirySkew, Warn: o.Warn,
	}, nil
}

// ports are what the profile's provider may use of the world.
func (w *wiring) ports(p *profile.Profile, o cli.Options) provider.Ports {
	w.mask.Add(p.ProxyPassword())
	return provider.Ports{
		Endpoint: &grant.Endpoint{
			Client: httpx.TokenClient(&lateTransport{config: w.tokenWay(p)}), Mask: w.mask, Clock: now, UserAgent: "authctl/" + version,
			Trace: o.Trace, Timeout: p.Timeout,
		},
		Secret: func(ctx context.Context, ref secret.Ref, key string) (secret.String, error) {
			return w.resolve(ctx, p, ref, key, o)
		},
		Realms:   realmMemory{w.cacheDir()},
		ReadFile: readFile,
		Note:     o.Trace,
	}
}

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

// readFile reads a small file that a profile names.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Config, "config.file", "%w", err)
	}
	defer func() { _ = f.Close() }()
	return httpx.ReadLimited(f, 1<<20)
}

// way is how the profile's servers are reached.
func way(p *profile.Profile) httpx.Config {
	return httpx.Config{
		CAFile: p.TLS.CAFile, CertFile: p.TLS.CertFile, KeyFile: p.TLS.KeyFile, ServerName: p.TLS.ServerName,
		MinVersion: p.TLS.MinVersion, InsecureSkipVerify: p.TLS.InsecureSkipVerify,
		Proxy: p.Proxy, Getenv: os.Getenv, HeaderTimeout: p.Timeout,
	}
}

// tokenWay is how the token endpoint is reached. Its certificate is checked unless it is on this machine, or the
// profile says twice that it must not be.
func (w *wiring) tokenWay(p *profile.Profile) httpx.Config {
	c := way(p)
	if c.InsecureSkipVerify && !p.TLS.InsecureTokenEndpoint {
		origin, err := httpx.ParseOrigin(p.TokenURL)
		c.InsecureSkipVerify = err == nil && origin.Loopback()
	}
	return c
}

func (w *wiring) transport(p *profile.Profile) (*http.Transport, error) {
	return httpx.NewTransport(way(p))
}

// realms asks API Connect for its identity providers; refresh forgets the one that was chosen.
func (w *wiring) realms(ctx context.Context, p *profile.Profile, o cli.Options, refresh bool) ([]cli.Realm, error) {
	ports := w.ports(p, o)
	found, err := apiconnect.Realms(ctx, p, ports)
	if err != nil {
		return nil, err
	}
	if refresh {
		if err := apiconnect.Forget(p, ports); err != nil {
			return nil, fault.New(fault.IO, "io.cache", "%w", err).Doing("forgetting the realm")
		}
	}
	realms := make([]cli.Realm, 0, len(found))
	for _, r := range found {
		realms = append(realms, cli.Realm{Realm: r.Realm, Type: r.Type, Title: r.Title, Default: r.Default})
	}
	return realms, nil
}
