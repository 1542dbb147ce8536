package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

const maxDocument = 1 << 20

var _ provider.Documents = documents{}

// documents keeps what servers publish about themselves, one file for each name. There is no secret in it, but whoever
// could write it could choose where people log in: so it lies with the private files.
type documents struct{ dir string }

func (d documents) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(d.dir, "documents", hex.EncodeToString(sum[:16]))
}

// Read implements [provider.Documents].
func (d documents) Read(name string) (data []byte, keptAt time.Time, ok bool) {
	path := d.path(name)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, time.Time{}, false
	}
	data, err = privatefile.Read(path, maxDocument)
	return data, info.ModTime(), err == nil
}

// Keep implements [provider.Documents].
func (d documents) Keep(name string, data []byte) {
	path := d.path(name)
	if errors.Join(privatefile.Folder(d.dir), privatefile.Folder(filepath.Dir(path))) == nil {
		_ = privatefile.Replace(path, data, privatefile.Expendable) // what is not kept is asked for again
	}
}
