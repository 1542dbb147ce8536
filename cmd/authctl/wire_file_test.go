package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/authctl/authctl/internal/provider"
)

func TestAFileThatAServerNamesIsReadOnlyWhereItsNameLeads(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	for _, err := range []error{
		os.Mkdir(tokens, 0o700),
		os.WriteFile(filepath.Join(tokens, "a.key"), []byte("proof"), 0o600),
		os.WriteFile(filepath.Join(tokens, "large.key"), []byte("proof!"), 0o600),
		os.Mkdir(filepath.Join(tokens, "folder.key"), 0o700),
		os.Symlink("a.key", filepath.Join(tokens, "link.key")),
		os.Symlink("tokens", filepath.Join(dir, "linked")),
	} {
		if err != nil {
			t.Skip(err) // links, on Windows
		}
	}
	for name, want := range map[string]error{
		"tokens/a.key": nil, "tokens/large.key": provider.ErrNotNamed, "tokens/folder.key": provider.ErrNotNamed,
		"tokens/link.key": provider.ErrNotNamed, "linked/a.key": provider.ErrNotNamed, "tokens/none.key": fs.ErrNotExist,
	} {
		data, err := readNamed(filepath.Join(dir, name), 5)
		if !errors.Is(err, want) || want == nil && string(data) != "proof" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}
