package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

const maxRealm = 1 << 10

// realmMemory keeps the realm that discovery chose, one file for each base URL and family. It holds no secret, but
// whoever could write it could choose where people log in: so it lies with the private files.
type realmMemory struct{ dir string }

func (m realmMemory) path(baseURL, family string) string {
	sum := sha256.Sum256([]byte(family + "\x00" + baseURL))
	return filepath.Join(m.dir, "realms", hex.EncodeToString(sum[:16]))
}

// Lookup implements provider.RealmMemory.
func (m realmMemory) Lookup(baseURL, family string) (string, bool) {
	data, err := privatefile.Read(m.path(baseURL, family), maxRealm)
	return string(data), err == nil
}

// Remember implements provider.RealmMemory.
func (m realmMemory) Remember(baseURL, family, realm string) error {
	path := m.path(baseURL, family)
	if err := errors.Join(privatefile.Folder(m.dir), privatefile.Folder(filepath.Dir(path))); err != nil {
		return err
	}
	return privatefile.Replace(path, []byte(realm), privatefile.Expendable)
}

// Forget implements provider.RealmMemory.
func (m realmMemory) Forget(baseURL, family string) error {
	err := os.Remove(m.path(baseURL, family))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
