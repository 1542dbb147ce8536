package privatefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder makes sure that path is a folder of the user's own with mode 0700, and makes it and its parents where they
// are absent. A link is refused: the folder's content is trusted because nobody else can have put it there.
func Folder(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		info, err = os.Lstat(path)
	}
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &UntrustedError{Path: path, Why: "is a symbolic link"}
	case !info.IsDir():
		return &UntrustedError{Path: path, Why: "is not a folder"}
	case !ownedByUser(info):
		return &UntrustedError{Path: path, Why: "belongs to another user"}
	case openToOthers(info, 0o077):
		return os.Chmod(path, 0o700)
	}
	return nil
}

// IsOwnFolder reports whether path is, through links, a folder that belongs to the user.
func IsOwnFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() && ownedByUser(info)
}
