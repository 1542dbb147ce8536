// Package keyring keeps records and users' secrets in the operating system's keyring, through go-keyring: one item
// per identity, and what exceeds the platform's limit in a sealed file whose key is in the keyring. A keyring that is
// locked, slow or gone is an error that reaches the user, never "there is no token"; nothing ever waits for one
// without a deadline, and no message bus is started.
package keyring

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"runtime"
	"time"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
)

var _ tokenstore.Store = (*Store)(nil)

// Config is what a keyring depends on.
type Config struct {
	// Backend is the keyring; nil is the operating system's.
	Backend Backend
	// Getenv tells where the session bus is. Nil is an empty environment.
	Getenv func(name string) string
	// Interactive says that a person can answer the keyring's prompt. Without one, no prompt is made to appear.
	Interactive bool
	// Notice tells the person, after a second, what is waited for. It may be nil.
	Notice func(text string)
	// Dir is the program's cache folder: names of items and records too big for the keyring lie below it.
	Dir string
	// Lock makes one process at a time change what all share. Nil does without.
	Lock func(ctx context.Context, name string) (unlock func(), err error)

	// Budget bounds each call and Limit each value; 0 is what Interactive and the platform ask for.
	Budget time.Duration
	Limit  int
}

// Store keeps one keyring item per identity.
type Store struct {
	items    *guard
	overflow *sealed.Store
	index    index
	lock     func(ctx context.Context, name string) (unlock func(), err error)
	limit    int
}

// Open makes the store of a configuration. It touches nothing until it is used.
func Open(c Config) *Store {
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	if c.Backend == nil {
		c.Backend = &system{getenv: c.Getenv, prompts: c.Interactive}
	}
	if c.Budget == 0 {
		c.Budget = unattendedBudget
		if c.Interactive {
			c.Budget = interactiveBudget
		}
	}
	if c.Limit == 0 {
		c.Limit = limit(runtime.GOOS)
	}
	if c.Lock == nil {
		c.Lock = func(context.Context, string) (func(), error) { return func() {}, nil }
	}
	if !c.Interactive {
		c.Notice = nil
	}
	s := &Store{
		items: &guard{backend: c.Backend, budget: c.Budget, notice: c.Notice, instead: otherStore, health: &health{}},
		index: index{folder: filepath.Join(c.Dir, "index")},
		lock:  c.Lock,
		limit: c.Limit,
	}
	s.overflow = sealed.Open(filepath.Join(c.Dir, "keyring"), s.masterKey)
	return s
}

// Place implements [tokenstore.Store].
func (*Store) Place() string { return "keyring" }

// Get implements [tokenstore.Store].
func (s *Store) Get(ctx context.Context, key string) (*tokenstore.Record, error) {
	account, ok := tokenstore.Account(key)
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	value, err := s.items.Get(ctx, account)
	if err != nil {
		return nil, err
	}
	if value == pointer {
		return s.overflow.Get(ctx, key)
	}
	return tokenstore.Decode(key, unwrap(recordPrefix, value))
}

// Put implements [tokenstore.Store]. The item is written last, so that a crash leaves what was there.
func (s *Store) Put(ctx context.Context, r *tokenstore.Record) error {
	data, err := tokenstore.Encode(r)
	if err != nil {
		return err
	}
	account, _ := tokenstore.Account(r.Key)
	s.index.add(account)
	if value := wrap(recordPrefix, data); len(value) <= s.limit {
		if err := s.items.Set(ctx, account, value); err != nil {
			return err
		}
		_ = s.overflow.Delete(ctx, r.Key) // nothing points to it any more; the sweep takes what stays
		return nil
	}
	if err := s.overflow.Put(ctx, r); err != nil {
		return err
	}
	return s.items.Set(ctx, account, pointer)
}

// Delete implements [tokenstore.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	account, ok := tokenstore.Account(key)
	if !ok {
		return nil
	}
	if err := s.items.Delete(ctx, account); err != nil && !errors.Is(err, tokenstore.ErrNotFound) {
		return err
	}
	s.index.remove(account)
	return s.overflow.Delete(ctx, key)
}

// List implements [tokenstore.Store]: no keyring of every platform can list, so the names come from the index.
func (s *Store) List(ctx context.Context) ([]*tokenstore.Record, error) {
	var out []*tokenstore.Record
	pointed := map[string]bool{}
	for _, account := range s.index.accounts() {
		value, err := s.items.Get(ctx, account)
		switch {
		case errors.Is(err, tokenstore.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		case value == pointer:
			pointed[account] = true
			continue
		}
		if r := decodeAs(account, unwrap(recordPrefix, value)); r != nil {
			out = append(out, r)
		}
	}
	if len(pointed) == 0 {
		return out, nil
	}
	big, err := s.overflow.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range big {
		if account, _ := tokenstore.Account(r.Key); pointed[account] {
			out = append(out, r)
		}
	}
	return out, nil
}

// decodeAs reads the record of an item whose full key is not known.
func decodeAs(account string, data []byte) *tokenstore.Record {
	key := tokenstore.EncodedKey(data)
	if a, ok := tokenstore.Account(key); !ok || a != account {
		return nil
	}
	r, err := tokenstore.Decode(key, data)
	if err != nil {
		return nil
	}
	return r
}

// masterKey is the [sealed.KeySource] of the overflow files. A key that cannot be read is replaced: what it sealed is
// lost, and is a miss.
func (s *Store) masterKey(ctx context.Context) ([]byte, error) {
	if key, err := s.readMasterKey(ctx); key != nil || err != nil {
		return key, err
	}
	unlock, err := s.lock(ctx, "keyring master key")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if key, err := s.readMasterKey(ctx); key != nil || err != nil {
		return key, err
	}
	key := make([]byte, sealed.KeyLen)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return key, s.items.Set(ctx, masterAccount, wrap(keyPrefix, key))
}

// readMasterKey gives nil and no error where there is no key.
func (s *Store) readMasterKey(ctx context.Context) ([]byte, error) {
	value, err := s.items.Get(ctx, masterAccount)
	if errors.Is(err, tokenstore.ErrNotFound) {
		return nil, nil
	}
	if key := unwrap(keyPrefix, value); err == nil && len(key) == sealed.KeyLen {
		return key, nil
	}
	return nil, err
}
