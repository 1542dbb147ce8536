//go:build unix

package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// terminating lists the signals that end the program, but for those that the caller wants ignored (nohup). SIGQUIT is
// one of them: Go's own answer to it is a dump, and would leave a terminal that asks for a secret without echo.
func terminating() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}, signal.Ignored)
}

func number(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return int(n)
	}
	return int(syscall.SIGINT)
}
