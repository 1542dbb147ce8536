package sealed

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

// KeyLen is the length of a master key.
const KeyLen = 32

// KeySource gives the 32-byte master key. A store calls it at most once, and only when it needs the key.
type KeySource func(ctx context.Context) ([]byte, error)

// key asks the source once. A wait that was cut short may be asked again, which a long-lived process needs.
func (s *Store) key(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked {
		return s.master, s.keyErr
	}
	s.master, s.keyErr = s.source(ctx)
	if s.keyErr == nil && len(s.master) != KeyLen {
		s.keyErr = fault.New(fault.Internal, "", "a storage key of %d bytes, not %d", len(s.master), KeyLen)
	}
	s.asked = ctx.Err() == nil
	return s.master, s.keyErr
}

// CheckKey finds out whether the key can be had, before anything depends on it.
func (s *Store) CheckKey(ctx context.Context) error {
	_, err := s.key(ctx)
	return err
}

// FixedKey is the source of a key that is known.
func FixedKey(key []byte) KeySource {
	return func(context.Context) ([]byte, error) { return key, nil }
}

// ParseKey reads a key as a person writes it: 32 bytes in base64, of either alphabet, padded or not. The error never
// shows the text.
func ParseKey(text string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawStdEncoding.Strict().DecodeString(plain)
	if err != nil || len(key) != KeyLen || len(text)-len(plain) > 1 || strings.ContainsAny(text, "\r\n") {
		return nil, fault.New(fault.Config, "config.storage_key", "the storage key is not 32 bytes of base64").
			Hint("make one: openssl rand -base64 32")
	}
	return key, nil
}

// GeneratedKey is the source of a key that lies in a file of mode 0600, and is made by the first process that needs
// it. Of many that start at once one makes it, under the lock, and the others read it. A key file that somebody else
// may have read or written is refused: what it seals would not be sealed.
func GeneratedKey(path string, lock func(ctx context.Context) (unlock func(), err error)) KeySource {
	return func(ctx context.Context) ([]byte, error) {
		key, err := readKey(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
		unlock, err := lock(ctx)
		if err != nil {
			return nil, err
		}
		defer unlock()
		if err := makeKey(path); err != nil {
			return nil, err
		}
		return readKey(path)
	}
}

func makeKey(path string) error {
	key := make([]byte, KeyLen)
	_, _ = rand.Read(key) // never fails since Go 1.24
	err := privatefile.Folder(filepath.Dir(path))
	if err == nil {
		err = privatefile.Create(path, key)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return unavailable("write", path, err)
	}
	return nil
}

func readKey(path string) ([]byte, error) {
	key, err := privatefile.Read(path, KeyLen)
	untrusted, isUntrusted := errors.AsType[*privatefile.UntrustedError](err)
	switch {
	case isUntrusted:
		e := keyFault("the key file %w", untrusted)
		if untrusted.Fix != "" {
			return nil, e.Hint("%s", untrusted.Fix)
		}
		return nil, e.Hint("move %s away; a new key is made and the tokens are asked for again", path)
	case errors.Is(err, privatefile.ErrTooLong), err == nil && len(key) != KeyLen:
		return nil, keyFault("the key file %s does not hold %d bytes", path, KeyLen).
			Hint("move %s away; a new key is made and the tokens are asked for again", path)
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, unavailable("read", path, err)
	}
	return key, nil
}

func keyFault(format string, args ...any) *fault.Error {
	return fault.New(fault.Store, "store.key", "%w: "+format, append([]any{tokenstore.ErrUnavailable}, args...)...)
}
