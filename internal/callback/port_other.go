//go:build !windows

package callback

import (
	"errors"
	"syscall"
)

// exclusive is how a port is taken everywhere but on Windows.
func exclusive(_, _ string, _ syscall.RawConn) error { return nil }

// inUse reports whether another program has the port.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// absent reports whether the machine does not have the address at all.
func absent(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
