package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/cli"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/auto"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/memory"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
)

// store opens the place that was chosen, with the locks by which the processes that share it take turns.
func (w *wiring) store(o cli.Options) (tokenstore.Store, auth.Locker, error) {
	fromEnv, err := storageKey()
	if err != nil {
		return nil, nil, err
	}
	switch o.Storage {
	case "keyring":
		return w.keyring(o), w.locks, nil
	case "file":
		store, err := w.sealed(o, fromEnv)
		return store, w.locks, err
	case "memory":
		return memory.New(), nil, nil
	case "auto", "":
		store := w.auto(o)
		return store, autoLocks{store, w.locks}, nil
	}
	return nil, nil, fault.New(fault.Config, "config.storage", "storage %q is not known", o.Storage).
		Hint("choose auto, keyring, file or memory")
}

// auto takes the keyring where one answers. One that is locked or slow is an error, never a reason to look elsewhere;
// only where there is none does nothing outlive the process.
func (w *wiring) auto(o cli.Options) *auto.Store {
	return &auto.Store{
		First: w.keyring(o), Second: memory.New(), Absent: keyring.ErrAbsent,
		Fell: func() {
			o.Warn("no keyring answers here, so no token outlives this command; choose `--storage file` (sealed files) or `--storage memory`")
		},
	}
}

// autoLocks are locks only where there is something to share: processes with a memory of their own would wait for
// one another for nothing.
type autoLocks struct {
	store *auto.Store
	locks auth.Locker
}

// Lock implements [auth.Locker]. The store was read before.
func (l autoLocks) Lock(ctx context.Context, name string) (func(), error) {
	if l.store.Place() == (*memory.Store)(nil).Place() {
		return func() {}, nil
	}
	return l.locks.Lock(ctx, name)
}

func (w *wiring) keyring(o cli.Options) *keyring.Store {
	w.once.Do(func() {
		w.ring = keyring.Open(keyring.Config{
			Getenv: os.Getenv, Interactive: o.Interactive, Notice: func(text string) { o.Note("%s", text) },
			Dir: w.cacheDir(), Lock: w.locks.Lock,
		})
	})
	return w.ring
}

// sealed opens the sealed files.
func (w *wiring) sealed(o cli.Options, fromEnv []byte) (tokenstore.Store, error) {
	if w.cacheDir() == nowhere {
		return nil, fault.New(fault.Config, "config.no_home", "the home folder is unknown, so there is no place for sealed files").
			Hint("set HOME, or XDG_CACHE_HOME to a folder of your own; or use --storage memory")
	}
	files := sealed.Open(w.cacheDir(), w.sealKey(o, fromEnv))
	if fromEnv != nil || o.File == nil || o.File.StorageKey.IsZero() {
		return files, nil
	}
	return keyFirst{files}, nil
}

// keyFirst finds out whether the key that profiles.yaml names can be had before a server is asked for what it shall
// seal.
type keyFirst struct{ *sealed.Store }

// Get implements [tokenstore.Store].
func (s keyFirst) Get(ctx context.Context, key string) (*tokenstore.Record, error) {
	if err := s.CheckKey(ctx); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

// spare is where a new refresh token lies that the sealed files could not take, such as on a full disk: the runtime
// folder, which is in memory on most systems. Nil where there is none, or no key at hand to seal it with.
func (w *wiring) spare(o cli.Options) tokenstore.Store {
	runtimeDir := os.Getenv("XDG_RUNTIME_DIR")
	if o.Storage != "file" || !filepath.IsAbs(runtimeDir) {
		return nil
	}
	fromEnv, err := storageKey()
	if err != nil {
		return nil
	}
	return sealed.Open(filepath.Join(runtimeDir, "authctl", "spare"), w.sealKey(o, fromEnv))
}

// sealKey is the key of the environment, of profiles.yaml, or one that is made beside the files.
func (w *wiring) sealKey(o cli.Options, fromEnv []byte) sealed.KeySource {
	dir := w.cacheDir()
	switch {
	case fromEnv != nil:
		return sealed.FixedKey(fromEnv)
	case o.File != nil && !o.File.StorageKey.IsZero():
		return func(ctx context.Context) ([]byte, error) {
			text, err := w.resolver(o).Resolve(ctx, o.File.StorageKey, "storage_key")
			if err != nil {
				return nil, ofStorageKey(err)
			}
			key, err := sealed.ParseKey(text.Reveal())
			return key, ofStorageKey(err)
		}
	}
	lock := func(ctx context.Context) (func(), error) { return w.locks.Lock(ctx, "storage key "+dir) }
	return sealed.GeneratedKey(filepath.Join(dir, "storage.key"), lock)
}

// ofStorageKey says in the reason what could not be had: the store's own words stand in place of the operation.
func ofStorageKey(err error) error {
	if err == nil {
		return nil
	}
	e := *fault.From(err)
	e.Err, e.Op = fmt.Errorf("storage_key of profiles.yaml: %w", e.Err), ""
	return &e
}

// storageKey is the key of AUTHCTL_STORAGE_KEY, nil where it is not set. A key that is none, an empty one too, stops
// every command that opens a store, so that a typing error is not found out on the day the storage changes.
func storageKey() ([]byte, error) {
	text, set := os.LookupEnv("AUTHCTL_STORAGE_KEY")
	if !set {
		return nil, nil
	}
	key, err := sealed.ParseKey(text)
	if err != nil {
		return nil, fault.From(err).Doing("AUTHCTL_STORAGE_KEY")
	}
	return key, nil
}

// resolver reads secret references; what a relative path is relative to stands in o.
func (w *wiring) resolver(o cli.Options) *secret.Resolver {
	r := &secret.Resolver{
		Getenv: os.LookupEnv, Environ: os.Environ(), Home: w.home, Mask: w.mask, Pipes: &w.pipes, Typed: &w.typed, Prompt: o.Ask,
		Keyring: func(ctx context.Context, account string) (secret.String, error) {
			value, err := w.keyring(o).Secrets().Get(ctx, account)
			if errors.Is(err, tokenstore.ErrNotFound) {
				return value, secret.ErrNoAccount
			}
			if err != nil {
				return value, fault.From(err)
			}
			return value, nil
		},
	}
	if o.File != nil {
		r.Dir = o.File.Dir
	}
	return r
}

// resolve reads a profile's secret; one that the file does not mention lies in the keyring, under the profile's own
// account. Where there is no keyring at all, the mention is what is missing.
func (w *wiring) resolve(ctx context.Context, p *profile.Profile, ref secret.Ref, key string, o cli.Options) (secret.String, error) {
	r := w.resolver(o)
	r.Whose = p.Name
	switch {
	case !ref.IsZero() && profile.HoldsDocument(key):
		return r.Document(ctx, ref, key)
	case !ref.IsZero():
		return r.Resolve(ctx, ref, key)
	}
	value, err := r.Own(ctx, profile.Account(p.Name, key), key)
	if errors.Is(err, keyring.ErrAbsent) {
		return value, fault.New(fault.Config, "config.secret", "the profile does not say where it lies, and there is %w", noKeyring{}).
			Doing("%s", key).Hint("add `%s: env:NAME` (or file:, keyring:, command:) to the profile", key)
	}
	return value, err
}

// noKeyring is as good as a keyring without any account: whoever can do without the secret goes on without it.
type noKeyring struct{}

func (noKeyring) Error() string { return "no keyring to look in" }

func (noKeyring) Is(target error) bool { return target == secret.ErrNoAccount }

func (w *wiring) secrets(o cli.Options) cli.SecretKeeper { return secretKeeper{w.keyring(o).Secrets()} }

// secretKeeper gives the keyring's errors the words that a user can act on.
type secretKeeper struct{ *keyring.Secrets }

func (k secretKeeper) Set(ctx context.Context, account string, value secret.String) error {
	return told(k.Secrets.Set(ctx, account, value), "storing the secret in the keyring")
}

func (k secretKeeper) Delete(ctx context.Context, account string) error {
	err := k.Secrets.Delete(ctx, account)
	if errors.Is(err, tokenstore.ErrNotFound) {
		return fault.New(fault.Config, "config.secret", "the keyring has no account %q", account).Hint("authctl secret list")
	}
	return told(err, "removing the secret from the keyring")
}

func (k secretKeeper) List(ctx context.Context) ([]string, error) {
	names, err := k.Secrets.List(ctx)
	return names, told(err, "listing the secrets in the keyring")
}

func told(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fault.From(err).Doing("%s", doing)
}
