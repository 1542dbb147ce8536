package authtest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/authctl/authctl/internal/tokenstore"
)

// Store is a token store in memory that fails when told to.
type Store struct {
	GetErr, PutErr, DeleteErr, ListErr error

	mu      sync.Mutex
	records map[string]tokenstore.Record
	calls   []string
}

var _ tokenstore.Store = (*Store)(nil)

// FakeStore makes a store that holds the records.
func FakeStore(records ...*tokenstore.Record) *Store {
	s := &Store{records: map[string]tokenstore.Record{}}
	for _, r := range records {
		s.records[r.Key] = *r
	}
	return s
}

// Calls are the names of the methods called so far: "get", "put", "delete", "list".
func (s *Store) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Get implements [tokenstore.Store].
func (s *Store) Get(ctx context.Context, key string) (*tokenstore.Record, error) {
	defer s.call("get")()
	if err := first(ctx.Err(), s.GetErr); err != nil {
		return nil, err
	}
	r, ok := s.records[key]
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	return &r, nil
}

// Put implements [tokenstore.Store].
func (s *Store) Put(ctx context.Context, record *tokenstore.Record) error {
	defer s.call("put")()
	if err := first(ctx.Err(), s.PutErr); err != nil {
		return err
	}
	s.records[record.Key] = *record
	return nil
}

// Delete implements [tokenstore.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	defer s.call("delete")()
	if err := first(ctx.Err(), s.DeleteErr); err != nil {
		return err
	}
	delete(s.records, key)
	return nil
}

// List implements [tokenstore.Store], in the order of the keys so that tests can compare.
func (s *Store) List(ctx context.Context) ([]*tokenstore.Record, error) {
	defer s.call("list")()
	if err := first(ctx.Err(), s.ListErr); err != nil {
		return nil, err
	}
	all := make([]*tokenstore.Record, 0, len(s.records))
	for _, r := range s.records {
		all = append(all, &r)
	}
	slices.SortFunc(all, func(a, b *tokenstore.Record) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// Place implements [tokenstore.Store].
func (s *Store) Place() string { return "fake" }

// call notes a method's name, and holds the lock until its result is called.
func (s *Store) call(name string) (unlock func()) {
	s.mu.Lock()
	s.calls = append(s.calls, name)
	return s.mu.Unlock
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
