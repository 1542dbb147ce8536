package keyring

import (
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

// index remembers the accounts of tokens as names of empty files. It says nothing about a token, and it is a
// convenience: a folder that cannot be written loses lines of a list, never a token.
type index struct{ folder string }

func (x index) add(account string) {
	path := filepath.Join(x.folder, account)
	if _, err := os.Lstat(path); err == nil {
		return
	}
	if privatefile.Folder(x.folder) == nil {
		_ = privatefile.Replace(path, nil, privatefile.Expendable)
	}
}

func (x index) remove(account string) { _ = os.Remove(filepath.Join(x.folder, account)) }

func (x index) accounts() []string {
	entries, err := os.ReadDir(x.folder)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if tokenstore.IsAccount(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}
