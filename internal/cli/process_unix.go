//go:build unix

package cli

import (
	"errors"
	"os"
	"syscall"
)

func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// interrupt asks a child to end as Ctrl-C would.
func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }

// exitStatus is a child's status as a shell tells it: 128+N where signal N ended it.
func exitStatus(s *os.ProcessState) int {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return s.ExitCode()
}
