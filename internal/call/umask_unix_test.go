//go:build !windows

package call

import "syscall"

func syscallUmask(mask int) int { return syscall.Umask(mask) }
