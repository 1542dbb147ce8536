package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/provider"
)

// readNamed reads a file that a server named. What was looked at is what was opened, whoever changes names meanwhile.
func readNamed(path string, limit int64) ([]byte, error) {
	folder, err := os.Lstat(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	seen, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !folder.IsDir(), !seen.Mode().IsRegular(), seen.Size() > limit:
		return nil, provider.ErrNotNamed
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if opened, err := f.Stat(); err != nil || !os.SameFile(seen, opened) {
		return nil, provider.ErrNotNamed
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = provider.ErrNotNamed
	}
	return data, err
}
