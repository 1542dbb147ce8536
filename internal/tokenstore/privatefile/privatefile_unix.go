//go:build !windows

package privatefile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// NoFollow are the open flags that refuse a link at the path's end, and that keep a pipe without a
// writer from stopping the open.
const NoFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func openError(path string, err error) error {
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) {
		return &UntrustedError{Path: path, Why: "is a link or no file"}
	}
	return err
}

func ownedByUser(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

func openToOthers(info fs.FileInfo, mask fs.FileMode) bool { return info.Mode().Perm()&mask != 0 }

// rename replaces. What is there may be a folder, which no rename replaces: it is set aside.
func rename(from, to string) error {
	err := os.Rename(from, to)
	if err == nil {
		return nil
	}
	if info, statErr := os.Lstat(to); statErr != nil || !info.IsDir() {
		return err
	}
	if err := os.Rename(to, from+".aside"); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func syncFolder(path string, d Durability) error {
	if d == Expendable {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	// Some file systems cannot sync a folder; the rename is as durable there as it gets.
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
