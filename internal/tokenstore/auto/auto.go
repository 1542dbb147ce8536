// Package auto is the store of a user who chose none: the keyring where one answers, else a lesser one with one
// warning. The first answer decides for the life of the process, and spares a question that only asks who is there.
// Trouble with a keyring that exists is passed on: it is never a reason to take the lesser store.
package auto

import (
	"context"
	"errors"
	"sync"

	"github.com/authctl/authctl/internal/tokenstore"
)

var _ tokenstore.Store = (*Store)(nil)

// Store is one of two stores.
type Store struct {
	First, Second tokenstore.Store
	// Absent is the error by which First says that it does not exist here.
	Absent error
	// Fell is called once when Second is taken. It may be nil.
	Fell func()

	mu     sync.Mutex
	chosen tokenstore.Store
}

// Get implements [tokenstore.Store].
func (s *Store) Get(ctx context.Context, key string) (r *tokenstore.Record, err error) {
	err = s.use(func(in tokenstore.Store) (err error) { r, err = in.Get(ctx, key); return err })
	return r, err
}

// Put implements [tokenstore.Store].
func (s *Store) Put(ctx context.Context, r *tokenstore.Record) error {
	return s.use(func(in tokenstore.Store) error { return in.Put(ctx, r) })
}

// Delete implements [tokenstore.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.use(func(in tokenstore.Store) error { return in.Delete(ctx, key) })
}

// List implements [tokenstore.Store].
func (s *Store) List(ctx context.Context) (records []*tokenstore.Record, err error) {
	err = s.use(func(in tokenstore.Store) (err error) { records, err = in.List(ctx); return err })
	return records, err
}

// Place implements [tokenstore.Store]. Before the first use it is the first store's.
func (s *Store) Place() string {
	if in := s.choice(); in != nil {
		return in.Place()
	}
	return s.First.Place()
}

func (s *Store) use(do func(in tokenstore.Store) error) error {
	if in := s.choice(); in != nil {
		return do(in)
	}
	err := do(s.First)
	switch {
	case errors.Is(err, s.Absent):
		return do(s.choose(s.Second))
	case err == nil, errors.Is(err, tokenstore.ErrNotFound):
		s.choose(s.First)
	}
	return err
}

func (s *Store) choice() tokenstore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chosen
}

// choose keeps the first choice, and gives it.
func (s *Store) choose(in tokenstore.Store) tokenstore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chosen != nil {
		return s.chosen
	}
	s.chosen = in
	if in == s.Second && s.Fell != nil {
		s.Fell()
	}
	return in
}
