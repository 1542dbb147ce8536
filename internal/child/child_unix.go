//go:build unix

package child

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded lists the signals that are passed on, but for those that the caller wants ignored (nohup).
func forwarded() []os.Signal {
	all := []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	}
	return slices.DeleteFunc(all, signal.Ignored)
}

// seenByChild reports whether the program got the signal too: a terminal sends those of its keys to the whole group
// that it talks to, and the second Ctrl-C means something else than the first to many programs.
func seenByChild(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = tty.Close() }()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func deliver(p *os.Process, s os.Signal) error { return p.Signal(s) }

// exitStatus is a program's status as a shell tells it: 128+N where signal N ended it.
func exitStatus(s *os.ProcessState) int {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return s.ExitCode()
}

// Replaces says that a program can take this process's place.
const Replaces = true

// Replace puts the program in this process's place, streams and process id included; it returns only with an error.
// Every other file that this program opened is closed on the way; what it was itself given stays open.
func (c *Command) Replace() error {
	return startError(&os.PathError{Op: "exec", Path: c.Path, Err: syscall.Exec(c.Path, c.Args, c.Env)})
}

// SameName reports whether two names are one variable.
func SameName(a, b string) bool { return a == b }
