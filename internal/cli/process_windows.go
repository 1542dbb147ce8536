package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func isBrokenPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}

// interrupt ends a child; Windows has no interrupt for a process without a console of its own.
func interrupt(p *os.Process) error { return p.Kill() }

func exitStatus(s *os.ProcessState) int { return s.ExitCode() }
