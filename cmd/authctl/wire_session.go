package main

import (
	"context"
	"os"
	"time"

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
	source, err := w.source(p, o)
	if err != nil {
		return nil, err
	}
	store, locks, err := w.store(o)
	if err != nil {
		return nil, err
	}
	return &auth.Session{
		Profile: p.Name, Provider: p.Provider, Identity: source.Identity, Grant: source.Grant, Life: source.Life,
		Bound: source.Bound, Upstream: source.Upstream, Root: source.Root, ProofKey: source.ProofKey,
		Store: store, Spare: w.spare(o), Locks: locks, Notes: w.locks, Clock: now, Skew: p.ExpirySkew, Warn: o.Warn,
	}, nil
}

// source is where the profile's tokens come from.
func (w *wiring) source(p *profile.Profile, o cli.Options) (*provider.Source, error) {
	kind, ok := w.registry.Lookup(p.Provider)
	if !ok {
		return nil, fault.New(fault.Internal, "", "no provider %q", p.Provider)
	}
	return kind.New(p, w.ports(p, o))
}

// ports are what the profile's provider may use of the world.
func (w *wiring) ports(p *profile.Profile, o cli.Options) provider.Ports {
	w.mask.Add(p.ProxyPassword())
	endpoint := &grant.Endpoint{
		Client: httpx.TokenClient(w.tokenWay(p)), Mask: w.mask, Clock: now, UserAgent: "authctl/" + version,
		Trace: o.Trace, Timeout: p.Timeout,
	}
	direct := *endpoint
	direct.Client = httpx.TokenClient(w.late(httpx.Config{Proxy: "none", ConnectTimeout: 2 * time.Second}))
	return provider.Ports{
		Endpoint: endpoint,
		Secret: func(ctx context.Context, ref secret.Ref, key string) (secret.String, error) {
			return w.resolve(ctx, p, ref, key, o)
		},
		Realms:         realmMemory{w.cacheDir()},
		Documents:      documents{w.cacheDir()},
		Token:          w.tokenOf(o),
		TokenDependsOn: w.dependsOn(o),
		Nonces:         &w.nonces,
		Getenv:         os.LookupEnv,
		Direct:         &direct,
		ReadFile:       readFile,
		ReadNamed:      readNamed,
		Note:           o.Trace,
	}
}

// readFile reads a small file that a profile names. A pipe or a device may never end, and is not opened.
func readFile(path string) ([]byte, error) {
	const most = 1 << 20
	refuse := func(format string, args ...any) error { return fault.New(fault.Config, "config.file", format, args...) }
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, refuse("%w", err)
	case !info.Mode().IsRegular():
		return nil, refuse("%s is not a file", path)
	case info.Size() > most:
		return nil, refuse("%s is larger than %d bytes", path, most)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, refuse("%w", err)
	}
	return data, nil
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
