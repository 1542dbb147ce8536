// Package memory is a store that forgets everything when the process ends. It writes nothing anywhere.
package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/authctl/authctl/internal/tokenstore"
)

var _ tokenstore.Store = (*Store)(nil)

// Store keeps records for the life of the process.
type Store struct {
	mu      sync.RWMutex
	records map[string]*tokenstore.Record
}

// New makes an empty store.
func New() *Store { return &Store{records: map[string]*tokenstore.Record{}} }

// Get implements [tokenstore.Store].
func (s *Store) Get(_ context.Context, key string) (*tokenstore.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[key]
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	return clone(r), nil
}

// Put implements [tokenstore.Store]. It refuses what the other stores would refuse, so that a profile that works here
// works there.
func (s *Store) Put(_ context.Context, r *tokenstore.Record) error {
	if _, err := tokenstore.Encode(r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[r.Key] = clone(r)
	return nil
}

// Delete implements [tokenstore.Store].
func (s *Store) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

// List implements [tokenstore.Store].
func (s *Store) List(context.Context) ([]*tokenstore.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*tokenstore.Record, 0, len(s.records))
	for _, r := range s.records {
		out = append(out, clone(r))
	}
	return out, nil
}

// Place implements [tokenstore.Store].
func (*Store) Place() string { return "memory" }

// clone keeps the caller's later changes out, and drops what a clock holds besides the wall time.
func clone(r *tokenstore.Record) *tokenstore.Record {
	c := *r
	c.Scopes, c.Salt, c.Binding, c.Root = slices.Clone(r.Scopes), slices.Clone(r.Salt), slices.Clone(r.Binding), slices.Clone(r.Root)
	c.ObtainedAt, c.ExpiresAt = r.ObtainedAt.UTC().Round(0), r.ExpiresAt.UTC().Round(0)
	return &c
}
