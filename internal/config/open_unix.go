//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// nonblock keeps the open of what turned into a pipe from waiting for a writer.
const nonblock = syscall.O_NONBLOCK

func ownedByOther(info fs.FileInfo, uid int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Uid != 0 && int(stat.Uid) != uid
}

// keepGroup gives a file the group of the one that it takes the place of, where the user may: who could read that shall
// read this.
func keepGroup(f *os.File, before fs.FileInfo) {
	if before == nil {
		return
	}
	if stat, ok := before.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(-1, int(stat.Gid))
	}
}

func writableByOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

func isPrivate(info fs.FileInfo) bool { return info.Mode().Perm()&0o044 == 0 }
