package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/browser"
	"github.com/authctl/authctl/internal/cli"
	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/iostreams"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/all"
	"github.com/authctl/authctl/internal/qr"
	"github.com/authctl/authctl/internal/sandbox"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/lock"
)

// wiring knows which room answers which need. No other code knows all the rooms.
type wiring struct {
	home     string
	listen   func() // for signals, from now on
	mask     *secret.Mask
	pipes    secret.Pipes
	typed    secret.Typed
	registry provider.Registry
	locks    *lock.Locker

	once sync.Once
	ring *keyring.Store

	nonces dpop.Nonces
}

func newApp(listen func()) *cli.App {
	home, _ := os.UserHomeDir() // without one, paths that need it say so
	w := &wiring{
		home: home, listen: listen, mask: secret.NewMask(), registry: all.All(os.LookupEnv),
		locks: lock.New(lock.Dirs{Runtime: os.Getenv("XDG_RUNTIME_DIR")}),
	}
	return &cli.App{
		Version: version, IO: iostreams.System(), Getenv: os.LookupEnv, Environ: os.Environ, Clock: now, Mask: w.mask,
		Loader:     &config.Loader{Providers: w.schema(), Getenv: os.LookupEnv, Home: home, UID: os.Getuid(), Lock: w.locks.Lock},
		Listen:     listen,
		Session:    w.session,
		Store:      w.lister,
		Secrets:    w.secrets,
		Resolve:    w.resolve,
		Transport:  w.transport,
		Proofs:     w.proofs,
		Verify:     verify,
		Discover:   w.discover,
		Browse:     browse,
		Picture:    qr.Draw,
		Realms:     w.realms,
		Sandbox:    startSandbox,
		SecretKeys: w.secretKeys,
	}
}

// now is the wall clock alone: what it tells is compared across processes and reboots.
func now() time.Time { return time.Now().Round(0) }

// schema is what profiles.yaml has to know of the providers.
func (w *wiring) schema() map[string]config.Provider {
	providers := make(map[string]config.Provider, len(w.registry))
	for _, p := range w.registry {
		providers[p.Name] = config.Provider{Keys: p.Keys, Complete: p.Complete}
	}
	return providers
}

// secretKeys lists the keys of a provider that hold secret references.
func (w *wiring) secretKeys(name string) []string {
	keys, _ := profile.SecretKeys()
	p, _ := w.registry.Lookup(name)
	for _, k := range p.Keys {
		if k.Type == profile.Secret && !k.Later {
			keys = append(keys, k.Name)
		}
	}
	return keys
}

// nowhere is a folder that cannot be: nothing is kept below it.
const nowhere = os.DevNull + "/authctl"

// cacheDir is where sealed tokens and remembered realms lie. It is never below the current directory.
func (w *wiring) cacheDir() string {
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "authctl")
	}
	base := filepath.Join(w.home, ".cache")
	if runtime.GOOS == "windows" {
		base = os.Getenv("LocalAppData")
	}
	if !filepath.IsAbs(base) {
		return nowhere
	}
	return filepath.Join(base, "authctl")
}

// browse opens an address in the browser of the person's choice.
func browse(ctx context.Context, address string) error {
	b := browser.Browser{Command: os.Getenv("BROWSER"), Platform: runtime.GOOS, Environ: os.Environ()}
	return b.Open(ctx, address)
}

func startSandbox(ctx context.Context, dir string, log func(format string, args ...any)) (cli.Sandbox, error) {
	return sandbox.Start(ctx, dir, sandbox.Options{Log: log})
}
