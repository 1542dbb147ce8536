//go:build !windows

package call

import (
	"errors"
	"syscall"
)

// isBrokenPipe reports whether the reader of an output is gone.
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
