//go:build unix

package config

import (
	"io/fs"
	"syscall"
)

// nonblock keeps the open of what turned into a pipe from waiting for a writer.
const nonblock = syscall.O_NONBLOCK

func ownedByOther(info fs.FileInfo, uid int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Uid != 0 && int(stat.Uid) != uid
}

func writableByOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

func isPrivate(info fs.FileInfo) bool { return info.Mode().Perm()&0o044 == 0 }
