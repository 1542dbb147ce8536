// Package keyringtest is a keyring for tests: in memory, with the limits, the slowness and the moods of real ones.
package keyringtest

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
)

var _ keyring.Backend = (*Fake)(nil)

// Fake is an open, empty keyring. Its fields may be set before it is used; Fail may be called at any time.
type Fake struct {
	Limit   int           // the longest value; 0 is no limit
	Latency time.Duration // of each call
	Deaf    bool          // calls never return, and do not heed ctx, as libraries do

	mu    sync.Mutex
	items map[string]string
	err   error
	calls int
}

// Fail makes every later call fail with err, and nil makes the keyring well again.
func (f *Fake) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// Items copies what the keyring holds.
func (f *Fake) Items() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.items)
}

// Plant writes an item as another program would.
func (f *Fake) Plant(account, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(account, value)
}

// Calls counts the calls so far.
func (f *Fake) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Get implements [keyring.Backend].
func (f *Fake) Get(_ context.Context, account string) (string, error) {
	defer f.enter()()
	if f.err != nil {
		return "", f.err
	}
	value, ok := f.items[account]
	if !ok {
		return "", tokenstore.ErrNotFound
	}
	return value, nil
}

// Set implements [keyring.Backend].
func (f *Fake) Set(_ context.Context, account, value string) error {
	defer f.enter()()
	if f.err != nil {
		return f.err
	}
	if f.Limit > 0 && len(value) > f.Limit {
		return tokenstore.ErrTooBig
	}
	f.put(account, value)
	return nil
}

// Delete implements [keyring.Backend].
func (f *Fake) Delete(_ context.Context, account string) error {
	defer f.enter()()
	if f.err != nil {
		return f.err
	}
	if _, ok := f.items[account]; !ok {
		return tokenstore.ErrNotFound
	}
	delete(f.items, account)
	return nil
}

// enter waits as the keyring does and gives what leaves it.
func (f *Fake) enter() (leave func()) {
	if f.Deaf {
		select {}
	}
	time.Sleep(f.Latency)
	f.mu.Lock()
	f.calls++
	return f.mu.Unlock
}

func (f *Fake) put(account, value string) {
	if f.items == nil {
		f.items = map[string]string{}
	}
	f.items[account] = value
}
