// Package sealed keeps records in files that only the holder of a 32-byte key can read or make: AES-256-GCM, one file
// per identity. A file that was altered, swapped, planted or sealed with another key is a miss. It writes nothing in
// plain text, and it never follows a link.
package sealed

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

var _ tokenstore.Store = (*Store)(nil)

const (
	suffix  = ".tok"
	maxFile = headerLen + overhead + tokenstore.MaxEncoded
)

// Store keeps records as sealed files.
type Store struct {
	// Clock tells the time by which old files are swept; nil is [time.Now].
	Clock func() time.Time

	folder string
	source KeySource

	mu     sync.Mutex
	asked  bool
	master []byte
	keyErr error
}

// Open makes a store in a folder of its own below dir. It touches nothing until it is used, and asks for the key once,
// when there is something to open or to seal.
func Open(dir string, key KeySource) *Store {
	return &Store{folder: filepath.Join(dir, "v1"), source: key}
}

// Place implements [tokenstore.Store].
func (*Store) Place() string { return "file" }

// Get implements [tokenstore.Store]: one open, one read, one decryption.
func (s *Store) Get(ctx context.Context, key string) (*tokenstore.Record, error) {
	path, ok := s.path(key)
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	data, err := privatefile.Read(path, int64(maxFile))
	switch {
	case isMiss(err):
		return nil, tokenstore.ErrNotFound
	case err != nil:
		return nil, unavailable("read", path, err)
	}
	master, err := s.key(ctx)
	if err != nil {
		return nil, err
	}
	return tokenstore.Decode(key, unseal(master, key, data))
}

// isMiss tells what stands in a record's place and is none from trouble that may pass. A file that is not private is
// a miss: the next Put replaces it.
func isMiss(err error) bool {
	if _, ok := errors.AsType[*privatefile.UntrustedError](err); ok {
		return true
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, privatefile.ErrTooLong)
}

// Put implements [tokenstore.Store]. A record with a refresh token is on the disk when Put returns, since it may be
// the only copy of something that cannot be had again; any other may be lost in a crash.
func (s *Store) Put(ctx context.Context, r *tokenstore.Record) error {
	plain, err := tokenstore.Encode(r)
	if err != nil {
		return err
	}
	master, err := s.key(ctx)
	if err != nil {
		return err
	}
	data, err := seal(master, r.Key, plain)
	if err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return unavailable("open", s.folder, err)
	}
	path, _ := s.path(r.Key)
	durability := privatefile.Expendable
	if !r.RefreshToken.IsZero() {
		durability = privatefile.Durable
	}
	if err := privatefile.Replace(path, data, durability); err != nil {
		return unavailable("write", path, err)
	}
	s.sweep(master)
	return nil
}

// open makes the folder, and closes to others the one above it, which holds the key file.
func (s *Store) open() error {
	parent := filepath.Dir(s.folder)
	if err := privatefile.Folder(parent); err != nil {
		return err
	}
	return privatefile.Folder(s.folder)
}

// Delete implements [tokenstore.Store]. It needs no key.
func (s *Store) Delete(_ context.Context, key string) error {
	path, ok := s.path(key)
	if !ok {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable("delete", path, err)
	}
	return nil
}

// DeleteAll removes every token file, also those that cannot be read: another key opens them, or another mode makes them
// serve again. It says how many there were, and needs no key.
func (s *Store) DeleteAll() (removed int, err error) {
	entries, err := os.ReadDir(s.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, unavailable("list", s.folder, err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != suffix {
			continue
		}
		path := filepath.Join(s.folder, e.Name())
		if err := os.Remove(path); err != nil {
			return removed, unavailable("delete", path, err)
		}
		removed++
	}
	return removed, nil
}

// List implements [tokenstore.Store].
func (s *Store) List(ctx context.Context) ([]*tokenstore.Record, error) {
	entries, err := os.ReadDir(s.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unavailable("list", s.folder, err)
	}
	var out []*tokenstore.Record
	for _, e := range entries {
		if filepath.Ext(e.Name()) != suffix {
			continue
		}
		master, err := s.key(ctx)
		if err != nil {
			return nil, err
		}
		if r := s.read(master, e.Name()); r != nil {
			out = append(out, r)
		}
	}
	return out, nil
}

// read opens the file of a name in the store's folder, nil where it holds no record of that name.
func (s *Store) read(master []byte, file string) *tokenstore.Record {
	data, err := privatefile.Read(filepath.Join(s.folder, file), int64(maxFile))
	if err != nil {
		return nil
	}
	key := sealedName(data)
	if path, ok := s.path(key); !ok || filepath.Base(path) != file {
		return nil
	}
	r, err := tokenstore.Decode(key, unseal(master, key, data))
	if err != nil {
		return nil
	}
	return r
}

func (s *Store) path(key string) (string, bool) {
	account, ok := tokenstore.Account(key)
	return filepath.Join(s.folder, account+suffix), ok
}

func (s *Store) now() time.Time {
	if s.Clock == nil {
		return time.Now()
	}
	return s.Clock()
}

// unavailable is an error whose text holds the path, since the path's owner, mode or disk is what must change.
func unavailable(verb, path string, err error) error {
	e := fault.New(fault.Store, "store.unavailable", "%w: %s %s: %w", tokenstore.ErrUnavailable, verb, path, cause(err))
	if u, ok := errors.AsType[*privatefile.UntrustedError](err); ok && u.Fix != "" {
		return e.Hint("%s", u.Fix)
	}
	return e.Hint("make %s writable, or use --storage memory", filepath.Dir(path))
}

// cause takes off the wrapping that would name the path once more.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
