//go:build !windows

package call

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// isOwn reports whether the file is this user's and has no second name.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && stat.Nlink == 1
}

// LockFile keeps a second process from writing the same file, where the file system has locks; closing the file lets go.
func LockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
