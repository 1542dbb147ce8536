//go:build !windows

package lock

import (
	"path/filepath"
	"strconv"
	"syscall"
)

// perUser does not ask TMPDIR, which differs between a desktop, a cron job and a container's shell of one user.
func perUser() (string, error) {
	return filepath.Join("/tmp", "authctl-"+strconv.Itoa(syscall.Geteuid())), nil
}
