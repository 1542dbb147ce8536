//go:build !windows

package call

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwn reports whether the file is this user's and has no second name.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && stat.Nlink == 1
}

// lockFile keeps a second process from writing the same part; closing the file lets go.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
